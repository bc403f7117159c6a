"""The trace engine's figures beside named peers, on the same synthetic transfers in one run (seed 1).

Every answer is compared with its peer's before a timing counts. Times are processor time of one thread: what else the machine
runs is not the engine's figure.
"""

import functools
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bench import Figure, row
from bench._peers import Recursive, Replay, graph_of, reached
from bench._transfers import Ints, World, made, part, shuffled
from lintas.trace.engine.backends import backend
from lintas.trace.engine.files import load, save
from lintas.trace.engine.index import Columns, Index
from lintas.trace.engine.lines import build
from lintas.trace.engine.live import Live
from lintas.trace.engine.rows import rows
from lintas.trace.ledgers.ledger import Ledger
from lintas.trace.ledgers.transfers import read_ledger
from lintas.trace.questions.fifo import trace

SIZES = (1_000_000, 5_000_000)
SAMPLE_ROWS = 117_805
ASKED = 2_000
APPENDED = 2_000
REPLAYED = 20
RECURSED = {1_000_000: 20, 5_000_000: 8}


class Asked(NamedTuple):
    """Milliseconds of questions about transfers of any kind, and about thefts."""

    any: list[float]
    theft: list[float]


def took(work: Callable[[], object]) -> float:
    """Return the processor time of this thread for some work, in seconds."""
    began = time.thread_time()
    work()
    return time.thread_time() - began


def size(index: Index) -> float:
    """Return the bytes of columns and index for each transfer, ids and names included."""
    return float(sum(getattr(index.columns, field.name).nbytes for field in fields(Columns)) / len(index))


def lexsort(ledger: Ledger) -> float:
    """Return what numpy's lexsort alone takes to put the transfers in order (sender, time, id): one of the two directions."""
    keys = np.asarray(ledger.ids).view(">u8").astype(np.uint64), ledger.time, ledger.out_line
    return statistics.median(took(lambda: np.lexsort(keys)) for _ in range(3))


def asked(index: Index, transfers: Ints) -> tuple[list[float], list[int]]:
    """Follow transfers; returns each one's milliseconds and width in intervals."""
    times, widths = [], []
    for transfer in transfers.tolist():
        reference = index.reference(transfer)
        began = time.thread_time()
        trail = trace(index, reference)
        times.append((time.thread_time() - began) * 1000)
        widths.append(len(trail.intervals))
        assert trail.conserved
    return times, widths


def p(share: int, values: Sequence[float]) -> float:
    """Return a percentile."""
    return float(np.percentile(values, share))


def _built(world: World, name: str) -> tuple[Index, list[Figure]]:
    """Build the index three times by each back end here, beside lexsort alone on the same rows."""
    ledger, mixed = world.ledger, shuffled(world.ledger)
    fast, plain = backend("numba"), backend("numpy")
    (
        build(part(ledger, 0, 1000), engine=fast),
        build(part(mixed, 0, 1000), engine=fast),
    )  # machine code is there after this
    index = build(ledger, engine=fast)
    assert index.snapshot == build(mixed, engine=fast).snapshot == build(ledger, engine=plain).snapshot
    times = {
        "numba": statistics.median(took(lambda: build(ledger, engine=fast)) for _ in range(3)),
        "numba, rows in no order": statistics.median(took(lambda: build(mixed, engine=fast)) for _ in range(3)),
        "numpy alone": took(lambda: build(ledger, engine=plain)),
    }
    alone = {"rows in no order": lexsort(mixed), "": lexsort(ledger)}
    figures = [row(f"trace: {name}: whole index built (numba), rows in order of time, processor", times["numba"], "s")]
    for how, seconds in times.items():
        other = alone["rows in no order" if how.endswith("no order") else ""]
        bar = 1.0 if how == "numba" else None
        figures.append(
            row(f"trace: {name}: the same ({how}), of numpy.lexsort for one direction alone", seconds / other, "", bar)
        )
    figures.append(row(f"trace: {name}: columns, index, ids and names in memory", size(index), "B/transfer", 64))
    return index, figures


def _questions(index: Index, world: World, name: str) -> tuple[Asked, list[Figure]]:
    """Ask about any transfers, most of which rest where they arrived, and about thefts that ran through mules."""
    rng = np.random.default_rng(3)
    any_ms, any_widths = asked(index, rng.integers(0, len(index), ASKED))
    ms, widths = asked(index, rng.choice(world.thefts, ASKED))
    each = 1000 * sum(ms) / sum(widths)
    wide = f"{p(50, widths):.0f} intervals at the median, {p(99, widths):.0f} at p99"
    return Asked(any_ms, ms), [
        row(
            f"trace: {name}: one transfer of any kind, {p(99, any_widths):.0f} intervals at p99; p99",
            p(99, any_ms),
            "ms",
            1,
        ),
        row(f"trace: {name}: one theft, {wide}; p50", p(50, ms), "ms", 1),
        row(f"trace: {name}: one theft; p99", p(99, ms), "ms"),
        row(f"trace: {name}: one theft, for each interval found", each, "us", 50),
    ]


def _beside_replay(index: Index, world: World, ms: Asked, name: str) -> list[Figure]:
    peer = Replay(world.ledger, index)
    sample = random.Random(4).sample(world.thefts.tolist(), REPLAYED)
    for transfer, left in zip(sample, peer.left(sample), strict=True):
        held: dict[int, int] = {}
        for leaf in trace(index, index.reference(transfer)).frontier:
            line = int(leaf.account)
            held[line] = held.get(line, 0) + leaf.amount_minor
        assert held == left, f"theft {transfer}: the replay finds other money"
    seconds = took(lambda: peer.left(sample[:1]))
    return [
        row(f"trace: {name}: one queue replay ({REPLAYED} answers equal)", seconds, "s"),
        row(
            f"trace: {name}: one transfer, p99, times faster than a queue replay",
            1000 * seconds / p(99, ms.any),
            "x",
            10_000,
        ),
        row(
            f"trace: {name}: one theft, p50, times faster than a queue replay",
            1000 * seconds / p(50, ms.theft),
            "x",
            10_000,
        ),
        row(f"trace: {name}: one theft, p99, times faster than a queue replay", 1000 * seconds / p(99, ms.theft), "x"),
    ]


def _beside_duckdb(index: Index, world: World, ms: Asked, name: str) -> list[Figure]:
    peer = Recursive(index)
    ours, theirs = [], []
    sample = random.Random(5).sample(world.thefts.tolist(), RECURSED[len(index)])
    for transfer in sample:
        reference = index.reference(transfer)
        began = time.thread_time()
        trail = trace(index, reference)
        ours.append(time.thread_time() - began)
        began = time.perf_counter()
        found = peer.intervals(transfer)
        theirs.append(time.perf_counter() - began)
        assert [(index.number(i.transfer), i.start, i.end, i.hop) for i in trail.intervals] == found, (
            f"theft {transfer}"
        )
    few = random.Random(5).sample(range(len(index)), 10)
    resting = statistics.median(took(functools.partial(peer.intervals, each)) for each in few)
    ratio = statistics.median(other / own for own, other in zip(ours, theirs, strict=True))
    query = "a recursive query in DuckDB, one thread"
    return [
        row(f"trace: {name}: one theft by {query}, median ({len(sample)} equal)", 1000 * p(50, theirs), "ms"),
        row(f"trace: {name}: one theft, times faster than that query, median of pairs", ratio, "x"),
        row(
            f"trace: {name}: one transfer, p99, times faster than that query's median",
            1000 * resting / p(99, ms.any),
            "x",
            500,
        ),
    ]


def _beside_graph(index: Index, world: World, ms: Asked, name: str) -> list[Figure]:
    graph, built = graph_of(world.ledger)
    theft = int(world.thefts[0])
    reach, searched = reached(graph, index.in_line[theft])
    reach.add(index.in_line[theft])
    trail = trace(index, index.reference(theft))
    assert {int(leaf.account) for leaf in trail.frontier} <= reach
    told = f"finds {len(reach):,} accounts where the trail has {len(trail.intervals)} parts"
    return [
        row(f"trace: {name}: networkx, the graph of who paid whom alone", built, "s"),
        row(f"trace: {name}: networkx, everybody who can be reached ({told})", searched, "s"),
        row(
            f"trace: {name}: one theft, p50, times faster than building that graph", 1000 * built / p(50, ms.theft), "x"
        ),
    ]


def _growing(world: World, name: str) -> list[Figure]:
    """Append the last transfers one by one, and follow each of them or a theft before them."""
    count = len(world.ledger.settled)
    live = Live(build(part(world.ledger, 0, count - APPENDED)))
    rng, thefts, ms = random.Random(6), world.thefts[world.thefts < count - APPENDED], []
    small = [theft for theft in thefts.tolist()[-400:] if len(trace(live, live.reference(theft)).intervals) <= 20]
    for number, each in enumerate(rows(part(world.ledger, count - APPENDED, count))):
        question = each.reference if number % 2 else live.reference(rng.choice(small))
        began = time.thread_time()
        live.append(each)
        trace(live, question)
        ms.append((time.thread_time() - began) * 1000)
    anew = build(world.ledger)
    for transfer in [*rng.sample(thefts.tolist(), 100), *range(count - 100, count)]:
        grown, fresh = (trace(each, anew.reference(transfer)) for each in (live, anew))
        assert (grown.intervals, grown.leaves()) == (fresh.intervals, fresh.leaves()), f"transfer {transfer}"
    late = []
    for number in range(APPENDED):
        at = rng.randrange(count - count // 100, count)
        facts = next(rows(part(world.ledger, at, at + 1)))
        fresh_row = type(facts)(
            reference=f"late{number}",
            time=facts.time,
            sender=facts.sender,
            receiver=facts.receiver,
            settled=1 + facts.settled // 2,
            currency=facts.currency,
        )
        began = time.thread_time()
        live.append(fresh_row)
        late.append((time.thread_time() - began) * 1000)
    return [
        row(
            f"trace: {name}: a transfer appended and a question of at most 20 intervals answered, p99",
            p(99, ms),
            "ms",
            1,
        ),
        row(f"trace: {name}: a late row (among the last hundredth) taken in, p50", p(50, late), "ms"),
        row(f"trace: {name}: a late row taken in, p99 (on the longest lines)", p(99, late), "ms"),
    ]


def _on_disk(index: Index, name: str) -> list[Figure]:
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory) / "index"
        save(index, folder)
        stored = sum(file.stat().st_size for file in folder.iterdir()) / len(index)
        opened = took(lambda: load(folder))
    return [
        row(f"trace: {name}: index on disk, ids and names included", stored, "B/transfer", 64),
        row(f"trace: {name}: open it and check every seal", opened, "s"),
    ]


def _from_csv() -> Figure:
    rng = random.Random(1)
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "ledger.csv"
        with file.open("w") as out:
            out.write("id,time,sender,receiver,amount_minor,currency\n")
            for number in range(SAMPLE_ROWS):
                moment = f"2026-03-{1 + number % 28:02d}T{number // 60 % 24:02d}:{number % 60:02d}:00Z"
                sender, receiver = rng.sample(range(20_000), 2)
                out.write(f"t{number},{moment},a{sender},a{receiver},{rng.randint(1, 1_000_000)},XAK\n")
        seconds = took(lambda: save(build(read_ledger([file])), Path(directory) / "index"))
    return row(f"trace: CSV of {SAMPLE_ROWS:,} transfers to index on disk, processor", seconds, "s", 3.0)


def measure() -> list[Figure]:
    """Return the figures of the trace engine."""
    figures = [_from_csv()]
    for count in SIZES:
        for dwell in ("mild", "harsh"):
            world, name = made(count, dwell), f"{count // 1_000_000}M, {dwell}"
            index, built = _built(world, name) if dwell == "mild" else (build(world.ledger), [])
            ms, questions = _questions(index, world, name)
            figures += [*built, *questions]
            if dwell == "mild":
                if count == SIZES[0]:
                    figures += _beside_replay(index, world, ms, name)
                    figures += _beside_graph(index, world, ms, name)
                figures += [*_beside_duckdb(index, world, ms, name), *_on_disk(index, name)]
            del index
            if dwell == "mild":
                figures += _growing(world, name)
    return figures
