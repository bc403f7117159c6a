"""Sets the stage: a node for each authority, their banks and the witnesses, each a process of its own on loopback."""

import contextlib
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import msgspec

from lintas.access.records import MACHINE, Caller, NewOfficer
from lintas.cli.demo import stopping
from lintas.cli.demo.cast import Cast
from lintas.cli.demo.story import World
from lintas.cli.key import issue_key
from lintas.ledger.checkpoint import log_key
from lintas.ledger.membership import member_policy
from lintas.ledger.tlog_policy import render_policy
from lintas.model.errors import Unavailable
from lintas.node import home as homes
from lintas.node.clock import Pace, write_pace
from lintas.node.config import Config, Door, Home
from lintas.storage.engine import Transaction
from lintas.storage.writer import SerialWriter
from lintas.trust import note
from lintas.trust.charter import Member, SigningKey
from lintas.trust.keys import Ed25519Signer

HOST = "127.0.0.1"
START_SECONDS = 60.0
#: Where a stage looks for ports, and how many belong together.
PORTS, BLOCK = (20_000, 32_000), 16
#: The clock that all of them share, and a second signing key of the first authority, which the story revokes.
CLOCK, SPARE = "clock.json", "spare.key"
#: Who confirms officers on a stage.
_DIRECTOR = Caller(id="stage", login="stage", name="whoever sets the stage", role="administrator")
#: The key of the competent authority of each jurisdiction, whose approvals its node believes.
COMPETENT = "competent.key"


class Ports(NamedTuple):
    """The ports of one node."""

    public: int
    exchange: int
    plain: int


class NodeOnStage(NamedTuple):
    """One node as the play uses it: where it is, and the keys of those who act."""

    cast: Cast
    home: Home
    page_url: str
    api_url: str
    exchange_url: str
    hotline_key: str
    approver_key: str
    second_key: str
    investigator_key: str
    auditor_key: str
    administrator_key: str
    gateway_key: str
    policy_file: Path
    #: By login, the path of the pages that signs one of the people in with one click.
    passes: dict[str, str]


@dataclass
class Stage:
    """Everything that runs; the nodes stand in the order in which the money passes."""

    directory: Path
    nodes: tuple[NodeOnStage, ...]
    witness_port: int
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def processes(self) -> tuple[subprocess.Popen[bytes], ...]:
        """Return every process that was started last under its name."""
        return tuple(self._running.values())

    @property
    def clock(self) -> Path:
        """Return the file that drives everybody's time."""
        return self.directory / CLOCK

    def start(self, name: str, arguments: Sequence[str]) -> None:
        """Start one process of lintas; what it says goes to files beside its home."""
        out_file, log_file = self.directory / f"{name}.out", self.directory / f"{name}.log"
        with out_file.open("wb") as out, log_file.open("ab") as log, stopping.held():
            self._running[name] = subprocess.Popen(  # noqa: S603 — this very program with arguments made here
                [sys.executable, "-m", "lintas.cli.main", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=log,
                # A Ctrl-C at the terminal is for the demo, which then stops everybody in order.
                start_new_session=True,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )

    def start_node(self, node: NodeOnStage) -> None:
        """Start a node; it is ready once :meth:`wait_ready` has returned."""
        self.start(node.cast.authority, ["serve", "--config", str(node.home.root / homes.SETTINGS)])

    def kill(self, node: NodeOnStage) -> None:
        """Kill a node with SIGKILL, as a power cut would end it."""
        process = self._running[node.cast.authority]
        process.kill()
        process.wait()

    def restart(self, node: NodeOnStage) -> None:
        """Start a node that was killed, and wait until its doors are open."""
        self.start_node(node)
        self.wait_ready([node.cast.authority])

    def wait_ready(self, names: Sequence[str] = ()) -> None:
        """Wait until these processes (all, by default) say that they are ready; Unavailable when one does not."""
        deadline, waiting = time.monotonic() + START_SECONDS, set(names or self._running)
        while waiting:
            for name in sorted(waiting):
                if b"ready" in (self.directory / f"{name}.out").read_bytes():
                    waiting.remove(name)
                elif self._running[name].poll() is not None:
                    said = (self.directory / f"{name}.log").read_text("utf-8", "replace").strip().splitlines()
                    last = said[-1] if said else "it said nothing"
                    raise Unavailable(f"{name} did not start: {last}", "see its .log file")
            if time.monotonic() > deadline:
                late = ", ".join(sorted(waiting))
                raise Unavailable(f"{late} did not start in {START_SECONDS:.0f} s", "see the .log files")
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop everybody, the last started first; who does not stop is killed."""
        stopping.heard()
        running = list(reversed(self._running.values()))
        for process in running:
            process.terminate()
        for process in running:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextlib.contextmanager
def set_stage(directory: Path, world: World) -> Iterator[Stage]:
    """Make homes, charter, ledgers and keys under ``directory``, start every process, stop them all on leaving."""
    write_pace(directory / CLOCK, Pace(since=time.time()))
    with _free_ports(3 * len(world.cast) + 1) as (*node_ports, witness_port):
        yield from _set(directory, world, node_ports, witness_port)


def _set(directory: Path, world: World, node_ports: Sequence[int], witness_port: int) -> Iterator[Stage]:
    casts = world.cast
    ports = [Ports(*node_ports[3 * number : 3 * number + 3]) for number in range(len(casts))]
    made = [_make_home(directory, casts, cast, at) for cast, at in zip(casts, ports, strict=True)]
    witnesses = _witnesses(directory, made, witness_port)
    members = [
        homes.member_of(home, _urls(cast, at, witness_port), vkey)
        for home, cast, at, vkey in zip(made, casts, ports, witnesses, strict=True)
    ]
    members[0] = _with_spare_key(made[0], members[0])
    charter = homes.first_charter(made, members, ("No authority acts on another's word: it decides by its own law.",))
    made = [homes.install_charter(home, charter) for home in made]
    nodes = tuple(
        _on_stage(home, cast, at, _verifier_policy(directory, home, members))
        for home, cast, at in zip(made, casts, ports, strict=True)
    )
    stage = Stage(directory, nodes, witness_port)
    try:
        stage.start("witness", ["witness", "serve", "--config", str(directory / "witness.toml")])
        for node in nodes:
            stage.start_node(node)
        for node in nodes:
            for bank in node.cast.banks:
                stage.start(bank, ["bank", "serve", "--config", str(_make_bank(directory, node, bank, world))])
        stage.wait_ready()
        yield stage
    finally:
        stage.stop()


@contextlib.contextmanager
def _free_ports(count: int) -> Iterator[list[int]]:
    """Give ports that nobody uses now; the one before them stays taken meanwhile, so that no other stage gets the same.

    They lie below those that systems give to outgoing connections, which could take one while its node is down.
    """
    blocks = list(range(*PORTS, BLOCK))
    random.SystemRandom().shuffle(blocks)
    for first in blocks:
        ports = list(range(first + 1, first + 1 + count))
        mark = _taken(first, ports)
        if mark is not None:
            with mark:
                yield ports
            return
    raise Unavailable(f"no {count} ports are free between {PORTS[0]} and {PORTS[1]}", "end what takes them")


def _taken(first: int, ports: Sequence[int]) -> socket.socket | None:
    """Take a port for ourselves if those after it are free; None if any is not."""
    try:
        mark = socket.create_server((HOST, first))
    except OSError:
        return None
    try:
        for port in ports:
            socket.create_server((HOST, port)).close()
    except OSError:
        mark.close()
        return None
    return mark


def _make_home(directory: Path, casts: Sequence[Cast], cast: Cast, ports: Ports) -> Home:
    issuer = Ed25519Signer.generate(f"ministry.{cast.code.lower()}.example")
    config = Config(
        authority=cast.authority,
        jurisdiction=cast.code,
        name=cast.name,
        contact=f"duty-desk@{cast.authority}.example",
        exercise=True,
        exercise_clock=f"../{CLOCK}",
        ledger_origin=f"{cast.authority}.lintas.example/log",
        public=Door(HOST, ports.public),
        exchange=Door(HOST, ports.exchange),
        plain=Door(HOST, ports.plain),
        competent=(str(note.ed25519_key(issuer.name, issuer)),),
        banks=cast.banks,
        telcos=(cast.telco,),
        abroad={bank: other.authority for other in casts if other != cast for bank in other.banks},
    )
    home = homes.create(directory / cast.authority, config, policy=cast.policy, hosts=[HOST])
    issuer.save(home.key(COMPETENT))
    return home


def _urls(cast: Cast, ports: Ports, witness_port: int) -> homes.Urls:
    return homes.Urls(
        public=f"https://{HOST}:{ports.public}",
        exchange=f"https://{HOST}:{ports.exchange}",
        witness=f"http://{HOST}:{witness_port}/{cast.authority}",
    )


def _with_spare_key(home: Home, member: Member) -> Member:
    spare = Ed25519Signer.generate(f"{member.authority}/spare")
    spare.save(home.key(SPARE))
    return msgspec.structs.replace(member, signing_keys=(*member.signing_keys, SigningKey(key=spare.public)))


def _witnesses(directory: Path, made: list[Home], port: int) -> list[str]:
    """Write the settings of the process that holds every authority's witness; each watches the others' ledgers."""
    vkeys, lines = [], [f'listen = "{HOST}:{port}"', 'database = "witness.db"']
    for home in made:
        authority = home.config.authority
        signer = Ed25519Signer.generate(f"{authority}-witness")
        signer.save(directory / f"{authority}-witness.key")
        vkeys.append(homes.witness_vkey(home, signer))
        lines += ["", "[[identities]]", f'prefix = "/{authority}"', f'name = "{authority}-witness"']
        lines += [f'key = "{authority}-witness.key"']
        for other in made:
            if other != home:
                log = Ed25519Signer.load(other.key(homes.LOG))
                origin = other.config.ledger_origin
                lines += ["[[identities.logs]]", f'origin = "{origin}"', f'vkey = "{log_key(origin, log)}"']
    (directory / "witness.toml").write_text("\n".join(lines) + "\n", "utf-8")
    return vkeys


def _verifier_policy(directory: Path, home: Home, members: Sequence[Member]) -> Path:
    """Write the trust policy by which a stranger verifies a node's ledger; it comes from here, not from that node."""
    others = [member for member in members if member.authority != home.config.authority]
    log = log_key(home.config.ledger_origin, Ed25519Signer.load(home.key(homes.LOG)))
    path = directory / f"{home.config.authority}.tlog-policy"
    path.write_text(render_policy(member_policy(log, others)), "utf-8")
    return path


def _on_stage(home: Home, cast: Cast, ports: Ports, policy: Path) -> NodeOnStage:
    return NodeOnStage(
        cast=cast,
        home=home,
        page_url=f"http://{HOST}:{ports.plain}",
        api_url=f"https://{HOST}:{ports.public}",
        exchange_url=f"https://{HOST}:{ports.exchange}",
        hotline_key=issue_key(home, name=cast.hotline, role="hotline"),
        approver_key=issue_key(home, name=cast.approver, role="approver"),
        second_key=issue_key(home, name=cast.second, role="approver"),
        investigator_key=issue_key(home, name=cast.investigator, role="investigator"),
        auditor_key=issue_key(home, name="Auditor", role="auditor"),
        administrator_key=issue_key(home, name="Administrator", role="administrator"),
        gateway_key=issue_key(home, name=f"Gateway of {cast.telco}", role="telco", organisation=cast.telco),
        policy_file=policy,
        passes=admit(home, _people(cast)),
    )


def _people(cast: Cast) -> list[NewOfficer]:
    """Return those of an authority's, its banks' and its operator's people who have pages of their own."""
    own = [
        NewOfficer(login="hotline", name=cast.hotline, role="hotline"),
        NewOfficer(login="approver", name=cast.approver, role="approver"),
        NewOfficer(login="second", name=cast.second, role="approver"),
        NewOfficer(login="investigator", name=cast.investigator, role="investigator"),
        NewOfficer(login="auditor", name=f"Auditor of {cast.name}", role="auditor"),
        NewOfficer(login="administrator", name=f"Administrator of {cast.name}", role="administrator"),
    ]
    desks = [
        NewOfficer(login=bank.lower(), name=f"Fraud desk of {bank}", role="bank", organisation=bank)
        for bank in cast.banks
    ]
    gateway = NewOfficer(
        login=cast.telco.lower(), name=f"Network desk of {cast.telco}", role="telco", organisation=cast.telco
    )
    return [*own, *desks, gateway]


def admit(home: Home, people: Sequence[NewOfficer]) -> dict[str, str]:
    """Add officers to a node of an exercise; returns by login the path at which one click signs that one in."""
    node = homes.open_node(home)
    officers, passes = node.access.officers, dict[str, str]()

    def use_case(tx: Transaction) -> None:
        for each in people:
            officers.add(tx, each, MACHINE)
            if officers.of(tx, each.login).awaits:
                officers.confirm(tx, each.login, _DIRECTOR)
            passes[each.login] = officers.exercise_pass(tx, each.login, MACHINE).address

    SerialWriter(node.parts.engine).submit(use_case).result()
    node.parts.engine.dispose()
    return passes


def bank_key(directory: Path, bank: str) -> str:
    """Return the key of one bank's fraud desk."""
    return (directory / f"bank-{bank}" / "authority.key").read_text("ascii")


def _make_bank(directory: Path, node: NodeOnStage, bank: str, world: World) -> Path:
    """Write one bank's ledger, its key, and its agent's settings."""
    root = directory / f"bank-{bank}"
    (root / "ledger").mkdir(parents=True)
    for name, data in world.books[bank].files(world.now).items():
        (root / "ledger" / name).write_bytes(data)
    key = root / "authority.key"
    key.touch(mode=0o600)
    key.write_text(issue_key(node.home, name=f"{bank} fraud desk", role="bank", organisation=bank), "ascii")
    (root / "agent.toml").write_text(
        f'bank = "{bank}"\nledger = "ledger"\nauthority_url = "{node.api_url}"\nkey_file = "authority.key"\n'
        f'authority_certificate = "{node.home.key(homes.TLS_CERTIFICATE)}"\nexercise_clock = "../{CLOCK}"\n',
        "utf-8",
    )
    return root / "agent.toml"
