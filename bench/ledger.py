"""Ledger: appending in groups with full durability, and opening a ledger of a million entries."""

import tempfile
import time
from pathlib import Path

from sqlalchemy import Engine

from bench import Figure, median_of, one_core
from lintas.ledger import store
from lintas.ledger.service import Ledger
from lintas.storage.engine import open_engine, writing
from lintas.storage.schema import metadata
from lintas.trust import merkle
from lintas.trust.keys import Ed25519Signer

GROUP = 50
APPENDED = 20_000
RUNS = 3
ENTRY_BYTES = 300
REOPENED = 1_000_000
APPEND_BAR = 10_000.0
REOPEN_BAR = 5.0


def append_rate() -> float:
    """Return entries/s appended in groups of 50, one synchronous=FULL commit each, entries of 300 bytes, one core."""
    ledger, group = _ledger(), [b"%06d" % n + b"x" * (ENTRY_BYTES - 6) for n in range(GROUP)]
    # Not where temporary files go by default: that may be memory, where a flush costs nothing.
    with tempfile.TemporaryDirectory(prefix="lintas-bench-", dir=Path.cwd()) as folder:
        engine = _engine(Path(folder))
        with writing(engine) as connection:
            began = time.perf_counter()
            for _ in range(APPENDED // GROUP):
                with connection.begin():
                    ledger.append(connection, group)
            seconds = time.perf_counter() - began
        engine.dispose()
    return APPENDED / seconds


def reopen_seconds(entries: int = REOPENED) -> float:
    """Return seconds to open a database of a million entries, sign its checkpoint, prove one entry and append another."""
    ledger = _ledger()
    with tempfile.TemporaryDirectory() as folder:
        engine = _engine(Path(folder))
        with writing(engine) as connection:
            for start in range(0, entries, 10_000):
                with connection.begin():
                    ledger.append(connection, [b"entry %d" % n for n in range(start, min(start + 10_000, entries))])
        engine.dispose()
        began = time.perf_counter()
        engine = open_engine(Path(folder) / "ledger.db")
        with writing(engine) as connection, connection.begin():
            checkpoint = ledger.checkpoint(connection)
            proof = ledger.inclusion_proof(connection, entries // 3, entries)
            added = ledger.append(connection, [b"one more"])
        seconds = time.perf_counter() - began
        with engine.connect() as connection:
            leaf = merkle.leaf_hash(ledger.entry(connection, entries // 3))
            merkle.check_inclusion(entries // 3, entries, leaf, proof, ledger.root(connection, entries))
        engine.dispose()
    assert added == range(entries, entries + 1)
    assert f"\n{entries}\n" in checkpoint.text
    return seconds


def measure() -> list[Figure]:
    """Return (name, figure, unit, bar, met) for each."""
    with one_core():
        rate, reopen = median_of(RUNS, append_rate), reopen_seconds()
    return [
        (
            f"ledger: append in groups of 50, FULL, one core, median of {RUNS}",
            rate,
            "entries/s",
            APPEND_BAR,
            rate >= APPEND_BAR,
        ),
        ("ledger: reopen 1,000,000 entries", reopen, "s", REOPEN_BAR, reopen <= REOPEN_BAR),
    ]


def _ledger() -> Ledger:
    return Ledger("bench.example/ledger", Ed25519Signer.generate("bench.example/ledger"))


def _engine(folder: Path) -> Engine:
    engine = open_engine(folder / "ledger.db")
    metadata.create_all(engine, tables=[store.state, store.entry, store.tile])
    return engine
