"""Sets the stage: two nodes, their four banks and the witnesses, each a process of its own on loopback."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from lintas.cli.demo import story
from lintas.cli.key import issue_key
from lintas.ledger.checkpoint import log_key
from lintas.ledger.membership import member_policy
from lintas.ledger.tlog_policy import render_policy
from lintas.model.errors import Unavailable
from lintas.node import home as homes
from lintas.node.config import Config, Door, Home
from lintas.policy.shipped import shipped_table
from lintas.trust.charter import Member
from lintas.trust.keys import Ed25519Signer

HOST = "127.0.0.1"
START_SECONDS = 20.0


class Cast(NamedTuple):
    """One authority of the story: codes, names, its banks, and the officers who act."""

    authority: str
    code: str
    name: str
    banks: tuple[str, ...]
    hotline: str
    approver: str


CAST = (
    Cast("xa-asc", "XA", "Aria Anti-Scam Centre", (story.A1, story.A2), "Officer Asha Tor", "Officer Miro Lane"),
    Cast("xb-asc", "XB", "Boreo Anti-Scam Centre", (story.B1, story.B2), "Officer Ilan Wou", "Officer Dena Holt"),
)


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
    auditor_key: str
    policy_file: Path


class Stage(NamedTuple):
    """Everything that runs."""

    nodes: tuple[NodeOnStage, ...]
    witness_port: int
    processes: tuple[subprocess.Popen[bytes], ...]


@contextlib.contextmanager
def set_stage(directory: Path, world: story.World) -> Iterator[Stage]:
    """Make homes, charter, ledgers and keys under ``directory``, start every process, stop them all on leaving."""
    ports = _free_ports(3 * len(CAST) + 1)
    mine = [Ports(*ports[3 * number : 3 * number + 3]) for number in range(len(CAST))]
    made = [_make_home(directory, cast, at) for cast, at in zip(CAST, mine, strict=True)]
    witnesses = _witnesses(directory, made, ports[-1])
    members = [
        homes.member_of(home, _urls(cast, at, ports[-1]), vkey)
        for home, cast, at, vkey in zip(made, CAST, mine, witnesses, strict=True)
    ]
    charter = homes.first_charter(made, members, ("No authority acts on another's word: it decides by its own law.",))
    made = [homes.install_charter(home, charter) for home in made]
    nodes = tuple(
        _on_stage(
            home, cast, at, _verifier_policy(directory, home, [m for m in members if m.authority != cast.authority])
        )
        for home, cast, at in zip(made, CAST, mine, strict=True)
    )
    processes: list[subprocess.Popen[bytes]] = []
    try:
        processes.append(_run(directory, "witness", ["witness", "serve", "--config", str(directory / "witness.toml")]))
        for node in nodes:
            config = str(node.home.root / homes.SETTINGS)
            processes.append(_run(directory, node.cast.authority, ["serve", "--config", config]))
        for node in nodes:
            for bank in node.cast.banks:
                config = str(_make_bank(directory, node, bank, world))
                processes.append(_run(directory, bank, ["bank", "serve", "--config", config]))
        _wait_ready(directory, ["witness", *(node.cast.authority for node in nodes), *world.books], processes)
        yield Stage(nodes, ports[-1], tuple(processes))
    finally:
        _stop(processes)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server((HOST, 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _make_home(directory: Path, cast: Cast, ports: Ports) -> Home:
    abroad = {bank: other.authority for other in CAST if other != cast for bank in other.banks}
    config = Config(
        authority=cast.authority,
        jurisdiction=cast.code,
        name=cast.name,
        contact=f"duty-desk@{cast.authority}.example",
        exercise=True,
        ledger_origin=f"{cast.authority}.lintas.example/log",
        public=Door(HOST, ports.public),
        exchange=Door(HOST, ports.exchange),
        plain=Door(HOST, ports.plain),
        banks=cast.banks,
        abroad=abroad,
    )
    return homes.create(directory / cast.authority, config, policy=shipped_table(cast.code), hosts=[HOST])


def _urls(cast: Cast, ports: Ports, witness_port: int) -> homes.Urls:
    return homes.Urls(
        public=f"https://{HOST}:{ports.public}",
        exchange=f"https://{HOST}:{ports.exchange}",
        witness=f"http://{HOST}:{witness_port}/{cast.authority}",
    )


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


def _verifier_policy(directory: Path, home: Home, others: list[Member]) -> Path:
    """Write the trust policy by which a stranger verifies a node's ledger; it comes from here, not from that node."""
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
        auditor_key=issue_key(home, name="Auditor", role="auditor"),
        policy_file=policy,
    )


def _make_bank(directory: Path, node: NodeOnStage, bank: str, world: story.World) -> Path:
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
        f'authority_certificate = "{node.home.key(homes.TLS_CERTIFICATE)}"\n',
        "utf-8",
    )
    return root / "agent.toml"


def _run(directory: Path, name: str, arguments: list[str]) -> subprocess.Popen[bytes]:
    """Start one process of lintas; what it says goes to files beside its home."""
    with (directory / f"{name}.out").open("wb") as out, (directory / f"{name}.log").open("wb") as log:
        return subprocess.Popen(  # noqa: S603 — this very program with arguments made here
            [sys.executable, "-m", "lintas.cli.main", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=log,
            # A Ctrl-C at the terminal is for the demo, which then stops everybody in order.
            start_new_session=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )


def _wait_ready(directory: Path, names: list[str], processes: list[subprocess.Popen[bytes]]) -> None:
    deadline = time.monotonic() + START_SECONDS
    waiting = dict(zip(names, processes, strict=True))
    while waiting:
        for name, process in list(waiting.items()):
            if b"ready" in (directory / f"{name}.out").read_bytes():
                del waiting[name]
            elif process.poll() is not None:
                said = (directory / f"{name}.log").read_text("utf-8", "replace").strip().splitlines()
                raise Unavailable(
                    f"{name} did not start: {said[-1] if said else 'it said nothing'}", "see its .log file"
                )
        if time.monotonic() > deadline:
            raise Unavailable(f"{', '.join(waiting)} did not start in {START_SECONDS:.0f} s", "see the .log files")
        time.sleep(0.02)


def _stop(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in reversed(processes):
        process.terminate()
    for process in processes:
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
