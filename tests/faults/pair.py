"""Two nodes as real processes that exchange messages, to be killed and starved: xa is dialled, xb has no inbound port.

The test plays the people: the hotline and the bank at xa, the approver at xb. Nothing is asked of a bank's agent.
"""

import contextlib
import re
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import httpx
import msgspec
from tests.e2e.program import start

from lintas.cli.key import issue_key
from lintas.node import home as homes
from lintas.node.config import Config, Door, Home
from lintas.node.tls import trusting
from lintas.policy.shipped import shipped_table
from lintas.storage.engine import open_engine, reading
from lintas.trust.keys import Ed25519Signer

HOST = "127.0.0.1"
PATIENCE = 60.0
STOLEN = 50_000
T = TypeVar("T")


def free_ports(count: int) -> list[int]:
    """Return ports that nobody uses now."""
    with contextlib.ExitStack() as held:
        return [held.enter_context(socket.create_server((HOST, 0))).getsockname()[1] for _ in range(count)]


class Seat:
    """One node: its home, its process, and a client of it for each role."""

    def __init__(self, home: Home, log: Path) -> None:
        self.home, self.log = home, log
        self.process: subprocess.Popen[bytes] | None = None
        log.touch()

    @property
    def url(self) -> str:
        """Return the address of the public door."""
        return f"https://{HOST}:{self.home.config.public.port}"

    @cached_property
    def keys(self) -> dict[str, str]:
        """Return a key of each role."""
        bank = self.home.config.banks[0]
        roles = ("hotline", "approver", "auditor", "administrator", "bank")
        return {
            role: issue_key(self.home, name=f"The {role}", role=role, organisation=bank if role == "bank" else "")
            for role in roles
        }

    @cached_property
    def trust(self) -> ssl.SSLContext:
        """Return a context that trusts this node alone."""
        return trusting(self.home.key(homes.TLS_CERTIFICATE).read_text("ascii"))

    def client(self, role: str) -> httpx.Client:
        """Return a client of the public door with a key."""
        headers = {"authorization": f"Bearer {self.keys[role]}"}
        return httpx.Client(base_url=self.url, verify=self.trust, headers=headers, timeout=20, trust_env=False)

    def start(self) -> "Seat":
        """Start the process; ``await_ready`` waits for it."""
        self.process = start("serve", "--config", self.home.root / homes.SETTINGS, log=self.log)
        return self

    def await_ready(self) -> "Seat":
        """Wait until it answers."""
        with self.client("auditor") as client:
            until(lambda: self._answers(client))
        return self

    def _answers(self, client: httpx.Client) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()[-3000:]
        try:
            return client.get("/healthz").status_code == 200
        except httpx.TransportError:
            return False

    def end(self, how: signal.Signals = signal.SIGKILL) -> int:
        """End the process and wait for it; returns its exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(20)

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Read the database, beside the running node."""
        engine = open_engine(self.home.database)
        try:
            with reading(engine) as tx:
                return [tuple(row) for row in tx.exec_driver_sql(sql)]
        finally:
            engine.dispose()

    def faults(self) -> list[str]:
        """Return the lines of its log that tell of a fault of ours."""
        bad = re.compile("Traceback|unexpected error|writer failed|listener to commits|event parked")
        return [line[:300] for line in self.log.read_text("utf-8", "replace").splitlines() if bad.search(line)]


class Pair:
    """Both nodes, under one charter."""

    def __init__(self, folder: Path, *, checkpoint_seconds: float = 0.7, roots: dict[str, Path] | None = None) -> None:
        ports = free_ports(3)
        roots = roots or {}
        made = [
            _home(roots.get("xa", folder / "xa"), "xa", ports[0], checkpoint_seconds, exchange=ports[1]),
            _home(roots.get("xb", folder / "xb"), "xb", ports[2], checkpoint_seconds),
        ]
        members = [homes.member_of(home, _urls(home), _witness(home)) for home in made]
        charter = homes.first_charter(made, members, ())
        self.a, self.b = (
            Seat(homes.install_charter(home, charter), folder / f"{home.config.authority}.log") for home in made
        )
        self.thefts = 0

    @property
    def seats(self) -> tuple[Seat, Seat]:
        """Return both."""
        return self.a, self.b

    @contextlib.contextmanager
    def running(self) -> Iterator["Pair"]:
        """Run both; whatever still runs at the end is ended."""
        try:
            for seat in self.seats:
                _ = seat.keys
                seat.start()
            for seat in self.seats:
                seat.await_ready()
            yield self
        finally:
            for seat in self.seats:
                seat.end()

    def theft(self) -> dict[str, str]:
        """Return the report form of a theft that was not reported yet."""
        self.thefts += 1
        return {
            "bank": "XAFB",
            "amount": "500.00",
            "currency": "XAK",
            "reference": f"T-{self.thefts:06d}",
            "receiver": f"9{self.thefts:09d}",
            "scheme": "investment",
        }

    def bank_works(self, client: httpx.Client, wait: int = 0) -> list[str]:
        """Answer as xa's bank: all of it crossed the border; returns the questions whose answers were acknowledged."""
        work = client.get(f"/api/v1/bank/work?wait={wait}").raise_for_status().json()
        done = []
        for question in work["questions"]:
            reference = question["find"]["reference"]
            baton = {"transfer": f"X-{reference}", "start": 0, "end": STOLEN, "currency": "XAK", "holder": "XBUB"}
            part = {"state": "moved", "start": 0, "end": STOLEN, "local_minor": STOLEN, "local_currency": "XAK"}
            answer = {
                "transfer": reference,
                "start": 0,
                "end": STOLEN,
                "currency": "XAK",
                "snapshot": "by hand",
                "found": True,
                "parts": [part | {"baton": baton}],
            }
            said = client.post(f"/api/v1/bank/traces/{question['id']}/answer", json=answer)
            if said.status_code != httpx.codes.CONFLICT:  # answered before, and the answer to that was lost
                said.raise_for_status()
            done.append(str(question["id"]))
        return done

    def approver_works(self, client: httpx.Client) -> list[str]:
        """Decline every hold that waits at xb; returns those whose refusal was acknowledged."""
        waiting = client.get("/api/v1/holds").raise_for_status().json()
        done = []
        for hold in waiting:
            said = client.post(f"/api/v1/holds/{hold['id']}/decline", json={"reason": "not by our law"})
            if said.status_code != httpx.codes.CONFLICT:
                said.raise_for_status()
            done.append(str(hold["id"]))
        return done


def until(look: Callable[[], T], patience: float = PATIENCE) -> T:
    """Look again until what is seen is truthy."""
    deadline = time.monotonic() + patience
    while not (seen := look()):
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.03)
    return seen


def holds(client: httpx.Client) -> list[dict[str, Any]]:
    """Return every hold of a node."""
    found: list[dict[str, Any]] = client.get("/api/v1/holds?state=any").raise_for_status().json()
    return found


def reconciled(client: httpx.Client) -> dict[str, Any]:
    """Return how many releases have their receipt."""
    found: dict[str, Any] = client.get("/api/v1/ledger/reconciliation").raise_for_status().json()
    return found


def _home(root: Path, place: str, port: int, beat: float, exchange: int | None = None) -> Home:
    other = {"xa": "xb", "xb": "xa"}[place]
    bank = {"xa": "XAFB", "xb": "XBUB"}
    config = Config(
        authority=f"{place}-asc",
        jurisdiction=place.upper(),
        name=f"The desk of {place}",
        contact=f"desk@{place}.example",
        exercise=True,
        ledger_origin=f"{place}-asc.lintas.example/log",
        checkpoint_seconds=beat,
        public=Door(HOST, port),
        exchange=Door(HOST, exchange or 0),
        pull=exchange is None,
        banks=(bank[place],),
        abroad={bank[other]: f"{other}-asc"},
    )
    return homes.create(root, config, policy=shipped_table(place.upper()), hosts=[HOST])


def _urls(home: Home) -> homes.Urls:
    config = home.config
    return homes.Urls(
        public=f"https://{HOST}:{config.public.port}",
        exchange="" if config.pull else f"https://{HOST}:{config.exchange.port}",
        # Nobody listens there: a cosignature is missing, and nothing else.
        witness=f"http://{HOST}:9/{config.authority}",
    )


def _witness(home: Home) -> str:
    return homes.witness_vkey(home, Ed25519Signer.generate(f"{home.config.authority}-witness"))


def member_client(dials: Seat, at: Seat) -> httpx.Client:
    """Return a client at the peers' door of ``at`` with the certificate of ``dials``."""
    context = trusting(at.home.key(homes.TLS_CERTIFICATE).read_text("ascii"))
    context.load_cert_chain(dials.home.key(homes.TLS_CERTIFICATE), dials.home.key(homes.TLS_KEY))
    url = f"https://{HOST}:{at.home.config.exchange.port}"
    return httpx.Client(base_url=url, verify=context, timeout=20, trust_env=False)


def encoded(said: msgspec.Struct) -> bytes:
    """Write a struct as it travels."""
    return msgspec.json.encode(said)
