"""The oracle of the trace tests, a plain queue replay, and the random ledgers it is asked about."""

import random
from collections import deque
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from tests.unit.trace.chains import coin, paid, transaction

#: A row of the CSV contract, all values as text.
Row = dict[str, str]
Line = tuple[str, str]
#: transfer -> mask of asked transfers -> tainted [from, to) of its settled amount, merged
Taint = dict[str, dict[int, list[tuple[int, int]]]]
#: line -> asked number -> tainted amount that is still there
Rest = dict[Line, dict[int, int]]


def _scale(position: int, total: int, other: int) -> int:
    return position * other // total


def _sides(row: Row) -> tuple[tuple[int, Line], int, tuple[int, Line] | None]:
    settled = int(row["amount_minor"])
    lost = (int(row.get("debited_minor") or settled), (row["sender"], row.get("debited_currency") or row["currency"]))
    got = (
        int(row.get("credited_minor") or settled),
        (row["receiver"], row.get("credited_currency") or row["currency"]),
    )
    return lost, settled, None if row.get("kind", "transfer") != "transfer" else got


def _moves(row: Row) -> bool:
    lost, _, got = _sides(row)
    return got is None or lost[1] != got[1]


def _openings(rows: list[Row]) -> dict[Line, int]:
    balance: dict[Line, int] = {}
    need: dict[Line, int] = {}
    for row in rows:
        lost, _, got = _sides(row)
        balance[lost[1]] = balance.get(lost[1], 0) - lost[0]
        need[lost[1]] = max(need.get(lost[1], 0), -balance[lost[1]])
        if got is not None:
            balance[got[1]] = balance.get(got[1], 0) + got[0]
    return need


def _take(queue: deque[tuple[int, int]], amount: int) -> list[tuple[int, int]]:
    """Take an amount from the front: the (length, mask) segments it consists of."""
    taken = []
    while amount:
        length, mask = queue.popleft()
        part = min(length, amount)
        if part < length:
            queue.appendleft((length - part, mask))
        taken.append((part, mask))
        amount -= part
    return taken


def _rescaled(segments: list[tuple[int, int]], other: int) -> list[tuple[int, int]]:
    total, edge, scaled = sum(length for length, _ in segments), 0, []
    for length, mask in segments:
        start, edge = edge, edge + length
        scaled.append((_scale(edge, total, other) - _scale(start, total, other), mask))
    return scaled


def _marked(segments: list[tuple[int, int]], start: int, end: int, bit: int) -> list[tuple[int, int]]:
    edge, marked = 0, []
    for length, mask in segments:
        for low, high in ((edge, start), (start, end), (end, edge + length)):
            low, high = max(low, edge), min(high, edge + length)
            if low < high:
                marked.append((high - low, mask | bit if start <= low < end else mask))
        edge += length
    return marked


def merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join touching spans, drop empty ones."""
    joined: list[tuple[int, int]] = []
    for low, high in sorted(spans):
        if low < high:
            if joined and joined[-1][1] == low:
                joined[-1] = (joined[-1][0], high)
            else:
                joined.append((low, high))
    return joined


def _replay(rows: list[Row], asked: list[tuple[str, int, int]], until: str | None = None) -> tuple[Taint, Rest]:
    ordered = sorted((row for row in rows if _moves(row)), key=lambda row: (row["time"], row["id"].encode()))
    queues: dict[Line, deque[tuple[int, int]]] = {k: deque([(v, 0)]) for k, v in _openings(ordered).items() if v}
    taint: Taint = {}
    for row in ordered:
        if until is not None and row["time"] > until:
            break
        lost, settled, got = _sides(row)
        segments = _rescaled(_take(queues.setdefault(lost[1], deque()), lost[0]), settled)
        for number, (transfer, start, end) in enumerate(asked):
            if transfer == row["id"]:
                segments = _marked(segments, start, end, 1 << number)
        for number in range(len(asked)):
            edge, spans = 0, []
            for length, mask in segments:
                if mask >> number & 1:
                    spans.append((edge, edge + length))
                edge += length
            if joined := merged(spans):
                taint.setdefault(row["id"], {})[number] = joined
        if got is not None:
            queue = queues.setdefault(got[1], deque())
            queue.extend(segment for segment in _rescaled(segments, got[0]) if segment[0])
    rest: Rest = {}
    for line, queue in queues.items():
        for length, mask in queue:
            for number in range(len(asked)):
                if mask >> number & 1:
                    rest.setdefault(line, {})[number] = rest.get(line, {}).get(number, 0) + length
    return taint, rest


def _random_rows(seed: int, *, cross: bool = True) -> list[Row]:
    """Small amounts and crude rates, so that rounding is everywhere; equal times, self-transfers, spending."""
    rng = random.Random(seed)
    accounts = [f"acc-{number}" for number in range(rng.randint(3, 10))]
    codes = ["XAK", "XBK", "XCK"] if cross else ["XAK"]
    home = {account: rng.choice(codes) for account in accounts}
    rows = []
    for number in rng.sample(range(1000), rng.randint(15, 90)):
        sender, receiver = rng.choice(accounts), rng.choice(accounts)
        row = {
            "id": f"t{number}",
            "time": f"2026-03-01T10:{rng.randint(0, 29):02d}:00Z",
            "sender": sender,
            "receiver": receiver,
            "amount_minor": str(rng.randint(1, 60)),
            "currency": home[sender] if rng.random() < 0.7 else rng.choice(codes),
            "kind": rng.choice(["transfer"] * 9 + ["merchant", "cash_out"]),
        }
        for side, account in (("debited", sender), ("credited", receiver)):
            same = home[account] == row["currency"]
            row[f"{side}_minor"] = "" if same else str(rng.randint(1, 60))
            row[f"{side}_currency"] = "" if same else home[account]
        if sender == receiver:
            row |= {"currency": home[sender], "debited_minor": "", "credited_minor": ""}
            row |= {"debited_currency": "", "credited_currency": ""}
        rows.append(row)
    return rows


@pytest.fixture
def replay() -> Callable[..., tuple[Taint, Rest]]:
    """Return the oracle: rows, asked parts, time -> tainted parts of every transfer, and what is left on every line."""
    return _replay


@pytest.fixture
def random_rows() -> Callable[..., list[Row]]:
    """Return the maker of random ledgers: seed -> rows."""
    return _random_rows


def _random_chain(seed: int) -> list[dict[str, Any]]:
    """Make a chain of small coins that are mixed, split and burnt as fees; each transaction in a block of its own."""
    rng, unspent, chain = random.Random(seed), dict[tuple[int, int], int](), list[dict[str, Any]]()
    for number in range(1, 30):
        if number < 6 or rng.random() < 0.1:
            inputs, amount = [], rng.randint(5, 40)
        else:
            spent = rng.sample(sorted(unspent), min(len(unspent), rng.randint(1, 3)))
            inputs, amount = [coin(*key) for key in spent], sum(unspent.pop(key) for key in spent)
            amount -= rng.choice([0, 0, 1, 2]) if amount > 3 else 0
        cuts = sorted(rng.sample(range(1, amount), min(rng.randint(0, 3), amount - 1))) if amount > 1 else []
        values = [b - a for a, b in pairwise([0, *cuts, amount])]
        outputs = [paid(at, f"who-{rng.randint(1, 9)}", value) for at, value in enumerate(values)]
        unspent |= {(number, at): value for at, value in enumerate(values)}
        chain.append(transaction(number, number, inputs, outputs))
    return chain


@pytest.fixture
def random_chain() -> Callable[[int], list[dict[str, Any]]]:
    """Return the maker of random chains of coins: seed -> transactions in order."""
    return _random_chain
