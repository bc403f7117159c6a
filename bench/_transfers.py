"""Synthetic transfers for the trace figures: heavy tails, and thefts that run through mule accounts at calibrated speed.

One transfer in 4,000 is a theft; each is passed on through up to six mules, in one to three parts. A mule sees a handful
of them before its account is burnt. How long money rests at a mule is ``mild``: 28 % out within 15 minutes and half within the
hour (as measured on mules in one country, 2025), or ``harsh``: 80 to 90 % out within 3 to 10 minutes (as another country's
minister said, 2026). What a theft takes is lognormal as published losses are. All is made from the seed; nobody is real.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lintas.trace.engine.names import LineNames
from lintas.trace.engine.words import Strings
from lintas.trace.ledgers.ledger import Ledger

Ints = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.int32]
MINUTE = 60_000_000
DAY = 24 * 60 * MINUTE
HOPS = 6
_START = 20_514 * DAY  # 2026-03-02


def mild(rng: np.random.Generator, count: int) -> Ints:
    """Return resting times in microseconds: lognormal through (15 min, 28 %) and (60 min, 50 %)."""
    return (rng.lognormal(np.log(60), np.log(60 / 15) / 0.583, count).clip(0.02, 20_000) * MINUTE).astype(np.int64)


def harsh(rng: np.random.Generator, count: int) -> Ints:
    """Return resting times in microseconds: 85 % with a half-life of 2.4 minutes, the others days."""
    fast = rng.exponential(2.4 / np.log(2), count)
    slow = rng.uniform(1, 10, count) * 24 * 60
    return (np.where(rng.random(count) < 0.85, fast, slow).clip(0.02) * MINUTE).astype(np.int64)


DWELL = {"mild": mild, "harsh": harsh}


@dataclass(frozen=True, eq=False)
class World:
    """Transfers in order of time, and the numbers of those that are thefts."""

    ledger: Ledger
    thefts: Ints


def ids(count: int, width: int = 8) -> Strings:
    """Return zero-padded numbers as ids, shape (count,)."""
    table, rest = np.empty((count, width), np.uint8), np.arange(count, dtype=np.int32)
    for place in range(width - 1, -1, -1):
        table[:, place] = 48 + rest % 10
        rest //= 10
    return table.view(f"S{width}").reshape(-1)


def made(rows: int, dwell: str = "mild", seed: int = 1) -> World:
    """Make exactly ``rows`` transfers between rows/10 accounts: a hundredth shops, as many mules, the others people."""
    rng = np.random.default_rng(seed)
    accounts = rows // 10
    stolen = _stolen(rng, rows // 4_000, accounts, dwell)
    plain = _plain(rng, rows - len(stolen[0]), accounts)
    time, sender, receiver, amount, theft = (np.concatenate(pair) for pair in zip(stolen, plain, strict=True))
    order = np.argsort(time, kind="stable")
    return World(
        ledger_of(time[order], sender[order], receiver[order], amount[order], accounts), np.flatnonzero(theft[order])
    )


def ledger_of(time: Ints, sender: Numbers, receiver: Numbers, amount: Ints, accounts: int) -> Ledger:
    """Return columns as a ledger of one currency and one holder."""
    rows = len(time)
    return Ledger(
        ids=ids(rows),
        time=time,
        out_line=sender,
        in_line=receiver,
        settled=amount,
        debited=amount,
        credited=amount,
        currency=np.broadcast_to(np.int16(0), rows),
        bank=np.broadcast_to(np.int32(-1), rows),
        party=np.broadcast_to(np.int32(-1), rows),
        kind=np.broadcast_to(np.int8(0), rows),
        lines=LineNames(ids(accounts), np.zeros(accounts, np.int16), ["XAK"]),
        currencies=["XAK"],
        banks=[],
        parties=[],
    )


def shuffled(ledger: Ledger) -> Ledger:
    """Return the same transfers in no order."""
    order = np.random.default_rng(2).permutation(len(ledger.settled))
    amount = ledger.settled[order]
    mixed = {"ids": np.asarray(ledger.ids)[order], "time": ledger.time[order]}
    sides = {"out_line": ledger.out_line[order], "in_line": ledger.in_line[order]}
    return Ledger(**vars(ledger) | mixed | sides | dict.fromkeys(("settled", "debited", "credited"), amount))


def part(ledger: Ledger, start: int, end: int) -> Ledger:
    """Return the transfers from number ``start`` to ``end``."""
    names = ("ids", "time", "out_line", "in_line", "currency", "bank", "party", "kind")
    amount = ledger.settled[start:end]
    cut = {name: getattr(ledger, name)[start:end] for name in names}
    return Ledger(**vars(ledger) | cut | dict.fromkeys(("settled", "debited", "credited"), amount))


def save(ledger: Ledger, folder: Path) -> None:
    """Write the columns for another process."""
    for name in ("time", "out_line", "in_line", "settled"):
        np.save(folder / f"{name}.npy", getattr(ledger, name))


def load(folder: Path) -> Ledger:
    """Read the columns into memory."""
    time, sender, receiver, amount = (
        np.load(folder / f"{name}.npy") for name in ("time", "out_line", "in_line", "settled")
    )
    return ledger_of(time, sender, receiver, amount, len(time) // 10)


def _drawn(rng: np.random.Generator, first: int, last: int, count: int) -> Numbers:
    """Draw accounts from a range; few of them are drawn often (Zipf, exponent 0.9)."""
    weight = np.arange(1, last - first + 1) ** -0.9
    edges = np.cumsum(weight / weight.sum())
    rank = np.searchsorted(edges, rng.random(count)).clip(0, last - first - 1)
    drawn: Numbers = (first + rng.permutation(last - first)[rank]).astype(np.int32)
    return drawn


def _plain(rng: np.random.Generator, rows: int, accounts: int) -> list[npt.NDArray[np.generic]]:
    """Payments of a week: to shops, between people, and what shops pay people."""
    merchants, people = accounts // 100, (accounts // 50, accounts)
    kind = rng.random(rows)
    from_people, from_shops = _drawn(rng, *people, rows), _drawn(rng, 0, merchants, rows)
    to_people = _drawn(rng, *people, rows)
    sender = np.where(kind < 0.9, from_people, from_shops)
    receiver = np.where(kind < 0.5, _drawn(rng, 0, merchants, rows), to_people)
    same = receiver == sender
    receiver[same] = people[0] + (receiver[same] - people[0] + 1) % (people[1] - people[0])
    time = _START + rng.integers(0, 7 * DAY, rows)
    amount = rng.lognormal(np.log(6_000), 1.6, rows).clip(1, 10**10).astype(np.int64)
    return [time, sender, receiver, amount, np.zeros(rows, bool)]


def _stolen(rng: np.random.Generator, thefts: int, accounts: int, dwell: str) -> list[npt.NDArray[np.generic]]:
    """Thefts and what mules make of them, hop by hop; a mule keeps a fiftieth."""
    mules, people = (accounts // 100, accounts // 50), (accounts // 50, accounts)
    time = _START + rng.integers(0, 6 * DAY, thefts)
    sender, receiver = _drawn(rng, *people, thefts), rng.integers(*mules, thefts).astype(np.int32)
    amount = rng.lognormal(7.236 + np.log(100), 2.338, thefts).clip(100, 10**10).astype(np.int64)
    hops = [[time, sender, receiver, amount, np.ones(thefts, bool)]]
    for hop in range(HOPS):
        parts = rng.integers(1, 4, len(time)) if hop < 3 else np.ones(len(time), np.int64)
        if hop:
            parts[rng.random(len(time)) < 0.3] = 0
        of = np.repeat(np.arange(len(time)), parts)
        time = time[of] + DWELL[dwell](rng, len(of))
        sender, amount = receiver[of], (amount[of] * 0.98 / parts[of]).astype(np.int64).clip(1)
        receiver = rng.integers(*mules, len(of)).astype(np.int32)
        receiver[receiver == sender] = people[0]
        hops.append([time, sender, receiver, amount, np.zeros(len(of), bool)])
    return [np.concatenate(column) for column in zip(*hops, strict=True)]
