"""What a node makes of members that lie, stay away, or answer slowly, hugely or with rubbish: real HTTP, real databases."""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route
from tests.integration.engines import Fresh
from tests.integration.town import NOW, XA, XB, XB2, Desk, SetClock, keys_of
from tests.unit.ledger.building import ledger_engine

from lintas.exchange.read_report import ReadReport, sign_report
from lintas.ledger.checkpoint import Checkpoint, sign_checkpoint
from lintas.ledger.monitor import believe, compare, in_order, write_proof
from lintas.ledger.publish import publish
from lintas.ledger.service import Ledger
from lintas.ledger.verify import DirectorySource, read_nodes
from lintas.ledger.watch import Findings, Told
from lintas.node import monitoring
from lintas.node.config import Config, Home
from lintas.node.home import TLS_CERTIFICATE, TLS_KEY
from lintas.node.monitoring import MAX_TOLD, Hearsay, Monitoring
from lintas.storage.engine import Transaction, writing
from lintas.trust.certificates import self_signed
from lintas.trust.charter import Charter, Member, write_charter

T = TypeVar("T")
#: What a member answers at a path: bytes, or whatever makes a response.
Reply = bytes | Callable[[], Response]


class Log:
    """A log in a folder, signed with a member's key, published."""

    def __init__(self, folder: Path, authority: str) -> None:
        folder.mkdir(parents=True)
        self.directory = folder / "ledger"
        self.directory.mkdir()
        self.engine = ledger_engine(folder / "log.db")
        self.ledger = Ledger(f"{authority}.lintas.example/log", keys_of(authority).log)

    def show(self, *entries: str) -> bytes:
        """Append, publish, and return the checkpoint."""
        with writing(self.engine) as tx, tx.begin():
            self.ledger.append(tx, [each.encode() for each in entries])
        with self.engine.connect() as tx:
            signed = self.ledger.checkpoint(tx).render()
            publish(tx, self.ledger, self.directory, signed)
        return signed


class Door:
    """One member's doors on one port: its ledger, what it tells, and whatever a test puts there instead."""

    def __init__(self, authority: str, folder: Path) -> None:
        self.authority, self.log = authority, Log(folder / authority, authority)
        self.told = Hearsay([])
        self.instead: dict[str, Reply] = {}
        self.asked: list[str] = []
        tls = self_signed(["127.0.0.1"], now=datetime.now(UTC))
        self._certificate, self._tls = tls.certificate_pem, folder / f"{authority}.pem"
        self._tls.write_text(tls.key_pem + tls.certificate_pem)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]

    @property
    def member(self) -> Member:
        url, mine = f"https://127.0.0.1:{self.port}", keys_of(self.authority).member
        return msgspec.structs.replace(mine, public_url=url, exchange_url=url, tls_certificate=self._certificate)

    def tell(self, *checkpoints: bytes, findings: Sequence[Told] = ()) -> None:
        self.told = Hearsay([each.decode() for each in checkpoints], list(findings))

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        async def answer(request: Request) -> Response:
            path = request.url.path
            self.asked.append(path)
            reply = next((reply for name, reply in self.instead.items() if path.startswith(name)), None)
            if reply is not None:
                return Response(reply) if isinstance(reply, bytes) else reply()
            if path == "/exchange/v1/checkpoints":
                return Response(msgspec.json.encode(self.told))
            file = self.log.directory.parent / path[1:]
            return Response(file.read_bytes()) if file.is_file() else Response(status_code=404)

        app = Starlette(routes=[Route("/{path:path}", answer)])
        with socket.create_server(("127.0.0.1", self.port)) as door:
            config = uvicorn.Config(
                app, log_config=None, lifespan="off", timeout_graceful_shutdown=1, ssl_certfile=str(self._tls)
            )
            server = uvicorn.Server(config)
            serving = asyncio.create_task(server.serve(sockets=[door]))
            while not server.started:
                await asyncio.sleep(0.005)
            try:
                yield
            finally:
                server.should_exit = True
                await serving


class Scene:
    """Our node (xa), a teller (xb), and the one whose ledger is looked at (xb2)."""

    def __init__(self, folder: Path, fresh: Fresh) -> None:
        self.desk = Desk(XA, fresh("node"), SetClock(NOW))
        self.own = Log(folder / XA, XA)
        self.teller, self.accused = (Door(name, folder) for name in (XB, XB2))
        self.teller.log.show("one")
        self.own.show("mine")
        members = (keys_of(XA).member, self.teller.member, self.accused.member)
        self.desk.directory.use(write_charter(Charter(version=1, exercise=True, quorum=2, members=members)))
        config = Config(
            authority=XA,
            jurisdiction="XA",
            name="Aria",
            contact="desk@xa.example",
            ledger_origin=self.own.ledger.origin,
            ledger=f"{XA}/ledger",
            exercise=True,
        )
        home = Home(config, folder)
        tls = self_signed(["127.0.0.1"], now=datetime.now(UTC))
        home.key(TLS_KEY).parent.mkdir()
        home.key(TLS_KEY).write_text(tls.key_pem)
        home.key(TLS_CERTIFICATE).write_text(tls.certificate_pem)
        node = self.desk.node
        self.monitoring = Monitoring(home, node.watch, node.days, node.reads_abroad, self.desk.directory, self)

    @property
    def origin(self) -> str:
        return self.accused.log.ledger.origin

    async def read(self, question: Callable[[Transaction], T]) -> T:
        return self.desk.ask(question)

    async def write(self, use_case: Callable[[Transaction], T]) -> T:
        return self.desk.do(use_case)

    def play(self, *doors: Door) -> float:
        """Look once while these doors are open; returns how long it took, seconds."""

        async def story() -> float:
            async with contextlib.AsyncExitStack() as open_doors:
                for door in doors:
                    await open_doors.enter_async_context(door.open())
                began = time.monotonic()
                await self.monitoring.look()
                return time.monotonic() - began

        return asyncio.run(story())

    def seen(self) -> Findings:
        return self.desk.ask(self.desk.node.watch.findings)

    def standing(self, origin: str = "") -> tuple[str, int | None]:
        """Return how a log stands, and the size known of it."""
        (found,) = (each for each in self.seen().logs if each.origin == (origin or self.origin))
        return found.standing, found.size


@pytest.fixture
def scene(tmp_path: Path, fresh: Fresh) -> Iterator[Scene]:
    made = Scene(tmp_path, fresh)
    yield made
    made.desk.engine.dispose()


@pytest.fixture
def fork(tmp_path: Path) -> Log:
    """The accused's other ledger, which it shows to somebody else."""
    return Log(tmp_path / "fork", XB2)


def test_two_ledgers_under_one_key_are_found_with_their_proof(scene: Scene, fork: Log) -> None:
    scene.accused.log.show("a", "b", "c")
    scene.teller.tell(fork.show("a", "B"))
    scene.play(scene.teller, scene.accused)
    assert scene.standing() == ("split", 3)
    (found,) = scene.seen().findings
    assert (found.through, found.older_size, found.newer_size) == (XB, 2, 3)
    scene.accused.log.show("d")
    scene.play(scene.teller, scene.accused)
    assert found in scene.seen().findings


def test_what_the_others_say_is_proved_when_the_log_shows_more(scene: Scene, fork: Log) -> None:
    scene.accused.log.show("a", "b")
    scene.teller.tell(fork.show("a", "B", "C"))
    scene.play(scene.teller, scene.accused)
    assert scene.standing() == ("unproven", 2)
    assert [(each.size, each.through) for each in scene.seen().unproven] == [(3, XB)]
    assert scene.seen().findings == []
    # The teller is gone by now; what it told waits.
    scene.accused.log.show("c", "d")
    scene.play(scene.accused)
    assert scene.standing() == ("split", 4)
    assert [each.through for each in scene.seen().findings] == [XB]
    assert scene.seen().unproven == []


def told_of(one: bytes, other: bytes, scene: Scene, directory: Path, *, spoil: bool = False) -> Told:
    """Make a finding of two checkpoints, by the tiles in a directory."""
    key = scene.accused.log.ledger.key
    older, newer = in_order(believe(one, key), believe(other, key))
    found = compare(older, newer, read_nodes(DirectorySource(directory), newer.size))
    assert found.proof is not None
    lines = write_proof(found.proof)
    return Told(older.note.decode(), newer.note.decode(), (lines[0 if not spoil else -1], *lines[1:]))


def test_a_finding_goes_from_member_to_member(scene: Scene, fork: Log) -> None:
    scene.accused.log.show("a", "b")
    mine = (scene.accused.log.directory / "checkpoint").read_bytes()
    scene.teller.tell(findings=[told_of(mine, fork.show("a", "B", "C"), scene, fork.directory)])
    scene.play(scene.teller, scene.accused)
    assert scene.standing() == ("split", 2)
    assert [each.through for each in scene.seen().findings] == [XB]


def test_a_member_cannot_be_framed(scene: Scene) -> None:
    first = scene.accused.log.show("a", "b")
    second = scene.accused.log.show("c", "d", "e")
    origin, forger = scene.origin, keys_of(XB).log
    forged = sign_checkpoint(Checkpoint(origin, 4, bytes(32)), forger)
    stolen = second.replace(b"\n5\n", b"\n6\n")
    honest = told_of(first, second, scene, scene.accused.log.directory)
    scene.teller.tell(
        forged.render(),
        stolen,
        second.split(b"\n\n")[0] + b"\n\n",
        b"rubbish",
        *([first] * 900),
        findings=[
            honest,
            msgspec.structs.replace(honest, proof=()),
            msgspec.structs.replace(honest, newer=forged.render().decode()),
            told_of(first, second, scene, scene.accused.log.directory, spoil=True),
        ],
    )
    scene.play(scene.teller, scene.accused)
    assert scene.standing() == ("consistent", 5)
    assert (scene.seen().findings, scene.seen().unproven) == ([], [])


def test_whoever_signs_with_our_own_key_is_found_as_well(scene: Scene, tmp_path: Path) -> None:
    thief = Log(tmp_path / "thief", XA)
    scene.teller.tell(thief.show("not mine"))
    scene.accused.log.show("a")
    scene.play(scene.teller, scene.accused)
    assert scene.standing(scene.own.ledger.origin) == ("split", 1)


def test_who_cannot_be_reached_is_unproven_until_he_is_back(scene: Scene) -> None:
    scene.accused.log.show("a", "b")
    scene.play(scene.teller, scene.accused)
    assert scene.standing() == ("consistent", 2)
    scene.accused.log.show("c")
    scene.play(scene.teller)
    assert scene.standing() == ("unproven", 2)
    (log,) = (each for each in scene.seen().logs if each.origin == scene.origin)
    assert log.why == "not reached: ConnectError"
    scene.play(scene.teller, scene.accused)
    assert scene.standing() == ("consistent", 3)
    assert scene.standing(scene.teller.log.ledger.origin) == ("consistent", 1)


def test_tiles_that_do_not_answer_or_do_not_fit_prove_nothing(scene: Scene) -> None:
    scene.accused.log.show("a", "b")
    scene.play(scene.teller, scene.accused)
    scene.accused.log.show("c")
    for bad in (b"", b"x" * 96, b"x" * 10_000, lambda: Response(status_code=500)):
        scene.accused.instead = {"/ledger/tile": bad}
        scene.play(scene.teller, scene.accused)
        assert scene.standing() == ("unproven", 2)
        assert scene.seen().findings == []
    scene.accused.instead = {}
    scene.play(scene.teller, scene.accused)
    assert scene.standing() == ("consistent", 3)
    assert scene.seen().unproven == []


async def _endless(pause: float) -> AsyncIterator[bytes]:
    while True:
        yield b"x" * (1 if pause else 65_536)
        await asyncio.sleep(pause)


@pytest.mark.parametrize(
    "reply",
    [
        lambda: StreamingResponse(_endless(0.05)),
        lambda: StreamingResponse(_endless(0)),
        lambda: Response(b"x" * (MAX_TOLD + 1)),
        lambda: Response(b"[" * 100_000),
        lambda: Response(msgspec.json.encode({"checkpoints": ["x"] * 1001})),
        lambda: RedirectResponse("/elsewhere"),
        lambda: Response(status_code=503),
    ],
    ids=["slow", "endless", "huge", "deep", "many", "redirect", "away"],
)
def test_bad_answers_cost_their_giver_only(scene: Scene, monkeypatch: pytest.MonkeyPatch, reply: Reply) -> None:
    monkeypatch.setattr(monitoring, "TIMEOUT_SECONDS", 1.0)
    scene.accused.log.show("a")
    scene.teller.instead = {"/exchange": reply, "/ledger": reply}
    took = scene.play(scene.teller, scene.accused)
    # Two doors in turn, each for the time that one gets; the rest is a busy machine.
    assert took < 2 * 1.0 + 5
    assert scene.standing() == ("consistent", 1)
    assert scene.standing(scene.teller.log.ledger.origin) == ("unproven", None)
    assert "/elsewhere" not in scene.teller.asked


def test_what_is_told_is_what_was_seen(scene: Scene) -> None:
    shown = scene.accused.log.show("a", "b")
    scene.play(scene.teller, scene.accused)
    notes, proofs = scene.desk.ask(lambda tx: scene.desk.node.watch.to_tell(tx, XA))
    assert shown.decode() in notes
    assert {each.partition("\n")[0] for each in notes} == {f"{name}.lintas.example/log" for name in (XA, XB, XB2)}
    assert proofs == []


@pytest.mark.parametrize(
    "reply", [b"\xff", bytes(600_000), lambda: Response(status_code=500)], ids=["rubbish", "huge", "500"]
)
def test_a_report_of_reads_that_cannot_be_taken_costs_only_its_sender(scene: Scene, reply: Reply) -> None:
    scene.accused.log.show("a")
    scene.teller.tell(scene.accused.log.show("b"))
    scene.teller.instead["/exchange/v1/reads"] = reply
    scene.play(scene.teller, scene.accused)
    assert scene.standing() == ("consistent", 2)
    assert "/exchange/v1/reads" in scene.teller.asked
    standings = {each.peer: each for each in scene.desk.ask(scene.desk.node.reads_abroad.reporting)}
    assert standings[XB].heard_at is None
    assert (standings[XB].refused_at is not None) == (reply == b"\xff")
    assert standings[XB2].refused_at is None


def test_a_report_of_reads_is_taken_on_the_beat(scene: Scene) -> None:
    at = NOW.isoformat().replace("+00:00", "Z")
    report = ReadReport(authority=XB, peer=XA, exercise=True, at=at, after="0-0", upto="0-0", more=False, reads=())
    scene.teller.instead["/exchange/v1/reads"] = sign_report(report, keys_of(XB).signer)
    scene.accused.instead["/exchange/v1/reads"] = sign_report(report, keys_of(XB).signer)  # another's
    scene.play(scene.teller, scene.accused)
    standings = {each.peer: each for each in scene.desk.ask(scene.desk.node.reads_abroad.reporting)}
    assert (standings[XB].heard_at, standings[XB].refused_at) == (at, None)
    assert standings[XB2].heard_at is None
    assert standings[XB2].refused_at == at
