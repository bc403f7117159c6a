"""The border: envelopes of 50 objects admitted with everything that belongs to it, and one urgent message there and back."""

import cProfile
import os
import pstats
import shutil
import statistics
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from bench import Figure, one_core, row
from lintas.border.records import Release
from lintas.cli.demo.stage import CAST, Cast
from lintas.exchange.service import Exchange
from lintas.model.markings import Marking
from lintas.model.messages import Body, HoldAnswer, HoldRequest, HoldStatus, Lane, LegalBasis, Message
from lintas.model.tainted import Baton, Part
from lintas.node import home as homes
from lintas.node.assembly import Node
from lintas.node.config import Config, Home
from lintas.policy.shipped import shipped_table
from lintas.storage import migrate
from lintas.storage.engine import Transaction, open_engine
from lintas.storage.writer import SerialWriter, UseCase, Writer
from lintas.trust.envelope import Opened
from lintas.trust.keys import Ed25519Signer

OBJECTS = 50
ENVELOPES = 60
IN_FLIGHT = 4
RUNS = 3
URGENT = 300
ADMITTED_BAR = 1_000.0
URGENT_BAR_MS = 15.0
LANE: Lane = "urgent"

AnyWriter = Writer | SerialWriter


class Pair(NamedTuple):
    """Two nodes with real keys, tables and databases on disk; ``asker`` writes, ``holder`` admits."""

    asker: Node
    holder: Node


def measure(directory: Path | None = None) -> list[Figure]:
    """Return the rows; ``directory`` says on which file system the databases lie (by default the current directory's)."""
    with one_core(), _scratch(directory) as scratch:
        system = file_system(scratch)
        pair = make_pair(scratch)
        wires = sealed_envelopes(pair, ENVELOPES)
        copies = (_copy_of_holder(scratch, run) for run in range(2 * RUNS))
        grouped = statistics.median(admitted_per_second(next(copies), wires, Writer) for _ in range(RUNS))
        alone = statistics.median(admitted_per_second(next(copies), wires, SerialWriter) for _ in range(RUNS))
        urgent = urgent_ms(pair, URGENT)
        flush = flush_ms(scratch)
        size = sum(map(len, wires)) / ENVELOPES / OBJECTS
    kind = f"one core, {system}"
    return [
        row(f"border: admitted, envelopes of {OBJECTS}, FULL commit each, {kind}", alone, "objects/s", ADMITTED_BAR),
        row(f"border: the same, up to {IN_FLIGHT} envelopes sharing a commit", grouped, "objects/s", ADMITTED_BAR),
        row("border: sealed object on the wire", size, "B"),
        row(
            f"border: one urgent message, release to settled, p50 of {URGENT}, {kind}", urgent.p50, "ms", URGENT_BAR_MS
        ),
        row("border: the same, p95", urgent.p95, "ms"),
        row("border: the same, processor time of both sides, p50", urgent.processor, "ms"),
        row(f"border: one flush of this disk now ({system}), of which a message needs four, p50", flush, "ms"),
    ]


# ---- the two nodes


def make_pair(scratch: Path) -> Pair:
    """Make two nodes under ``scratch`` as ``lintas init`` would, each in the other's charter."""
    made = [_make_home(scratch, cast) for cast in CAST]
    members = [
        homes.member_of(home, homes.Urls(*(f"https://{cast.authority}.example",) * 3), _witness(home))
        for home, cast in zip(made, CAST, strict=True)
    ]
    charter = homes.first_charter(made, members, ())
    for home in made:
        homes.install_charter(home, charter)
    return Pair(*(homes.open_home(home.root / homes.SETTINGS)[1] for home in made))


def _make_home(scratch: Path, cast: Cast) -> Home:
    config = Config(
        authority=cast.authority,
        jurisdiction=cast.code,
        name=cast.name,
        contact=f"duty-desk@{cast.authority}.example",
        exercise=True,
        ledger_origin=f"{cast.authority}.lintas.example/log",
        banks=cast.banks,
    )
    return homes.create(scratch / cast.authority, config, policy=shipped_table(cast.code), hosts=["127.0.0.1"])


@contextmanager
def _scratch(directory: Path | None) -> Iterator[Path]:
    """Give an empty directory on a real file system: a commit in memory would flatter."""
    with tempfile.TemporaryDirectory(prefix="lintas-bench-", dir=directory or Path.cwd()) as name:
        yield Path(name).resolve()


def file_system(path: Path) -> str:
    """Return the type of the file system that holds ``path``, e.g. ext4."""
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text("utf-8").splitlines()]
    holding = [(mount[1], mount[2]) for mount in mounts if path.is_relative_to(mount[1])]
    return max(holding, key=lambda mount: len(mount[0]))[1]


def _witness(home: Home) -> str:
    return homes.witness_vkey(home, Ed25519Signer.generate(f"{home.config.authority}-witness"))


def _admission(exchange: Exchange, opened: Opened) -> UseCase[bytes]:
    return lambda tx: exchange.admit(tx, opened)


def _copy_of_holder(scratch: Path, number: int) -> Node:
    """Return a holder with the same keys and an empty database: it has seen none of the envelopes."""
    root = scratch / f"holder-{number}"
    shutil.copytree(scratch / CAST[1].authority, root, ignore=shutil.ignore_patterns("node.db*"))
    config = root / homes.SETTINGS
    migrate.upgrade(open_engine(root / "node.db"))
    return homes.open_home(config)[1]


# ---- what they say


def bodies(number: int) -> Iterator[Body]:
    """Give the 50 statements of one envelope: half requests, the rest answers and statuses, of the size real ones have."""
    for place in range(OBJECTS):
        hold = f"hold-{number:06d}{place:04d}{'0' * 18}"
        yield (_request(hold, place), _answer(hold, place), _request(hold, place), _status(hold))[place % 4]


def _baton(place: int) -> Baton:
    return Baton(
        transfer=f"00000000-0000-4000-8000-{place:012d}",
        start=120_000,
        end=4_120_000,
        currency="XAK",
        holder="XBUB",
        sender="XABT",
    )


def _basis() -> LegalBasis:
    return LegalBasis(jurisdiction="XA", rule="xa-hold-request", law="Aria Fraud Response Act 2024, s.12")


def _request(hold: str, place: int) -> HoldRequest:
    return HoldRequest(
        hold=hold,
        baton=_baton(place),
        amount_minor=4_000_000,
        currency="XAK",
        scheme="impersonation_official",
        basis=_basis(),
        answer_by="2030-01-01T01:00:00Z",
        expires="2030-01-04T00:00:00Z",
        contact="duty-desk@xa-asc.example",
    )


def _answer(hold: str, place: int) -> HoldAnswer:
    held = Part(state="held", start=120_000, end=3_000_000, local_minor=211_708, local_currency="XBK")
    moved = Part(
        state="moved", start=3_000_000, end=4_120_000, local_minor=82_331, local_currency="XBK", baton=_baton(place)
    )
    return HoldAnswer(
        hold=hold,
        outcome="held_partial",
        parts=(held, moved),
        basis=_basis(),
        approver="Officer Dena Holt",
        expires="2030-01-04T00:00:00Z",
    )


def _status(hold: str) -> HoldStatus:
    return HoldStatus(hold=hold, state="received", at="2030-01-01T00:00:00Z")


def saying(node: Node, *said: Body) -> UseCase[Release]:
    """Return the use case that releases one message; it must be permitted, or the figures would be of something else."""
    message = Message(purpose="stop_payment", marking=Marking(plane="B", tlp="AMBER+STRICT"), bodies=said)

    def release(tx: Transaction) -> Release:
        released = node.border.release(tx, message, CAST[1].authority)
        assert released.permitted, released.decision.sentence
        return released

    return release


# ---- admitting


def sealed_envelopes(pair: Pair, count: int) -> list[bytes]:
    """Have the asker write ``count`` envelopes of 50 objects, through its own border and exchange, receipts included."""
    writer, receiving = SerialWriter(pair.asker.parts.engine), SerialWriter(pair.holder.parts.engine)
    wires = []
    for number in range(count):
        writer.submit(saying(pair.asker, *bodies(number))).result()
        wires.append(_carry(pair, writer, receiving))
    return wires


def _carry(pair: Pair, sending: AnyWriter, receiving: AnyWriter) -> bytes:
    """Take the next envelope from asker to holder and its receipt back; returns the envelope."""
    asker, holder = pair.asker.exchange, pair.holder.exchange
    due = asker.to_send(CAST[1].authority, LANE)
    assert callable(due), "the envelope before has its receipt, and a message is due"
    wire = sending.submit(due).result()
    opened = holder.open(wire, sender=CAST[0].authority)
    answer = receiving.submit(lambda tx: holder.admit(tx, opened)).result()
    receipt = asker.check_receipt(answer)
    assert all(verdict.verdict == "accepted" for verdict in receipt.verdicts), receipt.verdicts[0].reason
    sending.submit(lambda tx: asker.take_receipt(tx, receipt, answer)).result()
    return wire


def admitted_per_second(holder: Node, wires: list[bytes], kind: type[Writer] | type[SerialWriter]) -> float:
    """Return objects/s from an envelope's bytes to its signed receipt after the commit, in the envelopes' order."""
    writer = kind(holder.parts.engine)
    under_way: deque[Future[bytes]] = deque()
    began = time.perf_counter()
    for wire in wires:
        opened = holder.exchange.open(wire, sender=CAST[0].authority)
        under_way.append(writer.submit(_admission(holder.exchange, opened)))
        if len(under_way) == IN_FLIGHT:
            under_way.popleft().result()
    while under_way:
        under_way.popleft().result()
    seconds = time.perf_counter() - began
    writer.close()
    with holder.parts.engine.connect() as tx:
        assert holder.ledger.size(tx) == len(wires) * OBJECTS, "every object admitted has its entry"
    holder.parts.engine.dispose()
    return len(wires) * OBJECTS / seconds


# ---- one urgent message


class Urgent(NamedTuple):
    """Milliseconds of one urgent message: as the clock sees it, and the processor time both sides together took (p50)."""

    p50: float
    p95: float
    processor: float


def urgent_ms(pair: Pair, messages: int) -> Urgent:
    """Time one request at a time: release, seal, keep, open, admit, receipt, settle, with the writers' four commits."""
    sending, receiving = Writer(pair.asker.parts.engine), Writer(pair.holder.parts.engine)
    taken, processor = [], []
    for number in range(messages):
        request = _request(f"hold-u{number:029d}", number)
        began, busy = time.perf_counter(), time.process_time()
        sending.submit(saying(pair.asker, request)).result()
        _carry(pair, sending, receiving)
        taken.append((time.perf_counter() - began) * 1000)
        processor.append((time.process_time() - busy) * 1000)
    sending.close()
    receiving.close()
    with pair.asker.parts.engine.connect() as tx:
        assert not pair.asker.border.unmatched(tx), "every release is settled by a receipt"
    taken.sort()
    return Urgent(statistics.median(taken), taken[len(taken) * 95 // 100], statistics.median(processor))


def flush_ms(scratch: Path) -> float:
    """Return p50 in ms of flushing 16 KiB to this disk: what a commit cannot be faster than, with what else runs here."""
    taken = []
    with (scratch / "flush").open("wb", buffering=0) as file:
        for _ in range(100):
            file.write(bytes(16_384))
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


# ---- where the time goes


def profile(directory: Path | None = None, envelopes: int = 20) -> str:
    """Return where an admission's time goes: processor time of its own by room, and the dearest functions."""
    with one_core(), _scratch(directory) as scratch:
        wires = sealed_envelopes(make_pair(scratch), envelopes)
        holder = _copy_of_holder(scratch, 0)
        admitted_per_second(holder, wires[:1], SerialWriter)
        profiler = cProfile.Profile()
        holder = _copy_of_holder(scratch, 1)
        profiler.runcall(admitted_per_second, holder, wires, SerialWriter)
    stats = pstats.Stats(profiler).get_stats_profile().func_profiles
    rooms: dict[str, float] = {}
    lines = []
    for name, function in stats.items():
        room = room_of(function.file_name)
        rooms[room] = rooms.get(room, 0.0) + function.tottime
        if room.startswith("lintas."):
            lines.append((function.cumtime, f"{function.cumtime:8.3f} s  {function.ncalls:>9}  {room} {name}"))
    own = sorted(((seconds, room) for room, seconds in rooms.items()), reverse=True)
    shares = [f"{seconds:8.3f} s  {room}" for seconds, room in own[:12]]
    dearest = [line for _, line in sorted(lines, reverse=True)[:25]]
    return "\n".join(["own time by room", *shares, "cumulative time, calls, function", *dearest])


def room_of(file: str) -> str:
    """Return the room or library that a source file belongs to."""
    parts = Path(file).parts
    if "site-packages" in parts:
        return parts[parts.index("site-packages") + 1]
    # From the end: a clone may lie in directories of these names, too.
    for at in range(len(parts) - 1, 0, -1):
        if parts[at - 1 : at + 1] == ("src", "lintas"):
            return ".".join(parts[at : at + 2])
    return "built in" if file in ("~", "") else "python"


if __name__ == "__main__":
    print(profile())
