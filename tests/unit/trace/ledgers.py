"""Small ledgers for the tests of methods, and naive replays of them that share nothing with the engine."""

import csv
import io
from collections import defaultdict
from fractions import Fraction

from lintas.trace.engine.index import Index
from lintas.trace.engine.lines import build
from lintas.trace.ledgers.ledger import Collector
from lintas.trace.ledgers.transfers import add_csv, read_openings

Row = dict[str, str]
Line = tuple[str, str]


def table(rows: list[Row]) -> bytes:
    """Write rows as the CSV contract has them."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def index_of(rows: list[Row], openings: str | None = None, bank: str = "") -> Index:
    """Index rows; ``openings`` is the text of a file of balances."""
    collector = Collector()
    width = add_csv(collector, table(rows), bank=bank)
    return build(collector.ledger(read_openings(openings.encode()) if openings else None, id_width=width))


def held_apart(rows: list[Row], holder: dict[str, str]) -> dict[str, Index]:
    """Index the rows by holder (account -> code of its bank), each holder with its own only."""
    holders = {}
    for code in sorted(set(holder.values())):
        own = [
            row | {"sender_bank": holder[row["sender"]], "receiver_bank": holder[row["receiver"]]}
            for row in rows
            if holder[row["sender"]] == code or (holder[row["receiver"]] == code and row["kind"] == "transfer")
        ]
        if moving(own):
            holders[code] = index_of(own, bank=code)
    return holders


def plain(*rows: tuple[str, str, str, str, int]) -> list[Row]:
    """Make rows from (id, minute, sender, receiver, amount) in one currency."""
    return [
        {
            "id": name,
            "time": f"2026-03-01T10:{minute}:00Z",
            "sender": sender,
            "receiver": receiver,
            "amount_minor": str(amount),
            "currency": "XAK",
        }
        for name, minute, sender, receiver, amount in rows
    ]


def moving(rows: list[Row]) -> list[Row]:
    """Return the rows that move money."""
    return [row for row in rows if row["sender"] != row["receiver"] or row.get("kind", "transfer") != "transfer"]


def multiplied(rows: list[Row], factor: int) -> list[Row]:
    """Make every amount larger by the same factor."""
    return [
        row | {name: str(int(value) * factor) for name, value in row.items() if name.endswith("_minor") and value}
        for row in rows
    ]


def in_order(rows: list[Row], until: str | None = None) -> list[Row]:
    """Return the rows that move money up to a time, by time and id."""
    counted = [row for row in moving(rows) if until is None or row["time"] <= until]
    return sorted(counted, key=lambda row: (row["time"], row["id"].encode()))


def lost(row: Row) -> tuple[Line, int]:
    """Return the line that a row takes from, and how much."""
    code = row.get("debited_currency") or row["currency"]
    return (row["sender"], code), int(row.get("debited_minor") or row["amount_minor"])


def got(row: Row) -> tuple[Line, int] | None:
    """Return the line that a row brings to, and how much; None if it is spent."""
    if row.get("kind", "transfer") != "transfer":
        return None
    code = row.get("credited_currency") or row["currency"]
    return (row["receiver"], code), int(row.get("credited_minor") or row["amount_minor"])


def smallest_openings(rows: list[Row]) -> dict[Line, int]:
    """Return what each line needs at the beginning so that it never goes below zero."""
    balance, need = defaultdict[Line, int](int), defaultdict[Line, int](int)
    for row in in_order(rows):
        line, amount = lost(row)
        balance[line] -= amount
        need[line] = max(need[line], -balance[line])
        if (arrived := got(row)) is not None:
            balance[arrived[0]] += arrived[1]
    return need


def _scaled(units: list[bool], total: int) -> list[bool]:
    scaled = list[bool]()
    for at, unit in enumerate(units):
        scaled += [unit] * ((at + 1) * total // len(units) - at * total // len(units))
    return scaled


def stacks(
    rows: list[Row], asked: tuple[str, int, int], until: str | None = None
) -> tuple[dict[str, list[int]], dict[Line, int]]:
    """Replay with a stack of single units per line: the tainted positions of each transfer, and what is left tainted."""
    lines = defaultdict[Line, list[bool]](list)
    for line, amount in smallest_openings(rows).items():
        lines[line] = [False] * amount
    tainted = dict[str, list[int]]()
    for row in in_order(rows, until):
        line, amount = lost(row)
        units = lines[line][len(lines[line]) - amount :]
        del lines[line][len(lines[line]) - amount :]
        units = _scaled(units, int(row["amount_minor"]))
        if row["id"] == asked[0]:
            units = [unit or asked[1] <= at < asked[2] for at, unit in enumerate(units)]
        if any(units):
            tainted[row["id"]] = [at for at, unit in enumerate(units) if unit]
        if (arrived := got(row)) is not None:
            lines[arrived[0]] += _scaled(units, arrived[1])
    return tainted, {line: sum(units) for line, units in lines.items() if any(units)}


def proportions(
    rows: list[Row], asked: tuple[str, int], until: str | None = None
) -> tuple[dict[str, Fraction], dict[Line, Fraction]]:
    """Replay the whole ledger pro rata in fractions: the tainted amount of each transfer, and of each line at the end."""
    balance = defaultdict[Line, Fraction](Fraction)
    for line, amount in smallest_openings(rows).items():
        balance[line] = Fraction(amount)
    taint, passed = defaultdict[Line, Fraction](Fraction), dict[str, Fraction]()
    for row in in_order(rows, until):
        line, amount = lost(row)
        share = taint[line] * amount / balance[line]
        taint[line] -= share
        balance[line] -= amount
        share = share * int(row["amount_minor"]) / amount
        if row["id"] == asked[0]:
            share = Fraction(asked[1])
        if share:
            passed[row["id"]] = share
        if (arrived := got(row)) is not None:
            taint[arrived[0]] += share * arrived[1] / int(row["amount_minor"])
            balance[arrived[0]] += arrived[1]
    return passed, {line: amount for line, amount in taint.items() if amount}


def reached(rows: list[Row], asked: str, until: str | None = None) -> tuple[set[str], set[Line]]:
    """Say which transfers can carry anything of the asked one, and which lines it can have touched."""
    transfers, lines = set[str](), set[Line]()
    for row in in_order(rows, until):
        if row["id"] == asked or (transfers and lost(row)[0] in lines):
            transfers.add(row["id"])
            if (arrived := got(row)) is not None:
                lines.add(arrived[0])
    return transfers, lines
