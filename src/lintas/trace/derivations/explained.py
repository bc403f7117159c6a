"""A derivation as people read it: its rules and facts, one sheet for each step, and all of it as plain text or CSV.

The typesetter gets the same ``Document``; nothing in it is code. It is in English, like the program's command line.
"""

import csv
import io
import textwrap

import msgspec

from lintas.model.money import show
from lintas.trace.derivations.derivation import Derivation
from lintas.trace.derivations.steps import Row

WIDTH = 110

CONVENTIONS = {
    "fifo": "First in, first out: the first money into an account is the first out of it (Clayton's case, 1816). The opening "
    "balance was there first. Positions count all money that came into the account, and all that left it, from the beginning.",
    "lifo": "Last in, first out: the last money into an account is the first out of it. A payment takes the topmost money as "
    "one block, in the order in which it came; the opening balance lies at the bottom. Positions are heights of the balance.",
    "haircut": "Pro rata: of the meant money in an account a payment takes the proportion that it takes of the balance.",
}
ORDER = "Transfers count by time; those of one moment by their ids, compared as bytes."
ROUNDING = {
    "forward": "A position is carried from the amount settled to the amount booked, or back, in proportion, rounded down.",
    "backward": "A position is carried from the amount booked to the amount settled, or back, in proportion, rounded up.",
}
OVERLAP = (
    "A part goes with a transfer where their positions overlap and no row above it has taken them; what is left rests."
)
STRETCH = {
    "forward": "A stretch lasts from one inflow to the next. It begins with the balance B, of which T is meant; after p of B "
    "have left, the meant money that has left is p times T divided by B, rounded down. What is not taken rests.",
    "backward": "Going back, a stretch lasts from one outflow to the one before. It begins with the balance B, of which T is "
    "meant; after p of B have been followed to inflows, p times T divided by B of the meant, rounded down, came by them.",
}
PROPORTION = "Between the amount settled and the amount booked a part is carried in proportion, rounded down."
SHOWN = "Only transfers that carry a part of the asked money are shown; everybody else's are in the sums that positions are."


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """One step: what is said of it, and a table, whose ``head`` is empty where there is none."""

    heading: str
    sentences: tuple[str, ...]
    head: tuple[str, ...] = ()
    table: tuple[tuple[str, ...], ...] = ()


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A derivation to be read: ``about`` are its facts by name, ``rules`` what it goes by."""

    title: str
    reference: str
    about: tuple[tuple[str, str], ...]
    rules: tuple[str, ...]
    sheets: tuple[Sheet, ...]


def facts(derivation: Derivation) -> list[tuple[str, str]]:
    """Return what must be known of a derivation before its lines are read."""
    trail = derivation.trail
    cut = ", ".join(sorted({left.reason for left in trail.unfollowed}))
    whole = f"{show(trail.end - trail.start, trail.currency)} {trail.currency}"
    return [
        ("transfer", trail.transfer),
        ("part", f"{trail.start} to {trail.end} of it, in minor units: {whole}"),
        ("direction", "where it is now" if trail.direction == "forward" else "where it came from"),
        ("method", trail.method),
        ("counted up to", trail.as_of or "the last transfer of the ledger"),
        ("snapshot of the ledger", trail.snapshot),
        ("opening balances", _openings(derivation)),
        ("cut off", f"{show(trail.truncated, trail.currency)} {trail.currency} ({cut})" if cut else "nothing"),
        ("adds up", "yes, to the minor unit" if trail.conserved else "no"),
    ]


def rules(derivation: Derivation) -> tuple[str, ...]:
    """Return the conventions by which the lines can be redone."""
    trail = derivation.trail
    if trail.method == "haircut":
        return CONVENTIONS[trail.method], ORDER, STRETCH[trail.direction], PROPORTION, SHOWN
    return CONVENTIONS[trail.method], ORDER, OVERLAP, ROUNDING[trail.direction], SHOWN


def table(derivation: Derivation) -> str:
    """Return the derivation as CSV: rows ``fact`` (in ``fact`` and ``value``), then the rows of :class:`Row`, minor units."""
    out = io.StringIO()
    columns = list(Row.__struct_fields__)
    writer = csv.DictWriter(out, [*columns, "fact", "value"], lineterminator="\n", restval="")
    writer.writeheader()
    told = [*facts(derivation), *(("rule", rule) for rule in rules(derivation))]
    writer.writerows({"row": "fact", "fact": name, "value": _plain(value)} for name, value in told)
    for row in derivation.rows:
        values = {name: getattr(row, name) for name in columns}
        writer.writerow({name: _plain(v) if isinstance(v, str) else v for name, v in values.items() if v is not None})
    return out.getvalue()


def document(derivation: Derivation) -> Document:
    """Return the derivation for people; amounts with their decimals, a sheet for each step."""
    steps: dict[int, list[Row]] = {}
    for row in derivation.rows:
        steps.setdefault(row.step, []).append(row)
    return Document(
        title="Derivation of a money trail",
        reference=f"{derivation.trail.transfer} {derivation.trail.snapshot}",
        about=tuple(facts(derivation)),
        rules=rules(derivation),
        sheets=tuple(
            _account_sheet(derivation, rows) if derivation.trail.method == "haircut" else _sheet(derivation, rows)
            for rows in steps.values()
        ),
    )


def plain(derivation: Derivation) -> str:
    """Return the derivation as plain text."""
    made = document(derivation)
    width = max(len(name) for name, _ in made.about) + 2
    parts = [made.title.upper(), "\n".join(f"{name + ':':{width}}{value}" for name, value in made.about)]
    parts += [textwrap.fill(rule, WIDTH) for rule in made.rules]
    for sheet in made.sheets:
        parts.append("\n".join([sheet.heading, *("  " + sentence for sentence in sheet.sentences)]))
        if sheet.table:
            parts.append(textwrap.indent(_columns([sheet.head, *sheet.table]), "    "))
    return "\n\n".join(parts) + "\n"


def _openings(derivation: Derivation) -> str:
    assumed = [row for row in derivation.rows if row.row == "opening" and row.next == "assumed"]
    if not assumed:
        return "given"
    sums: dict[str, int] = {}
    for row in assumed:
        sums[row.line_currency] = sums.get(row.line_currency, 0) + (row.line_minor or 0)
    told = ", ".join(f"{show(amount, code)} {code}" for code, amount in sorted(sums.items()))
    return f"assumed on {len(assumed)} of the accounts, the smallest that never go below zero: {told} in all"


def _sheet(derivation: Derivation, rows: list[Row]) -> Sheet:
    matches = [row for row in rows if row.row == "match"]
    said = [_said(derivation, row) for row in rows if row.row != "match"]
    first = next(row for row in rows if row.row in ("meant", "departs"))
    verb = "came by" if derivation.trail.direction == "backward" else "left by"
    head = (verb, "time", "at positions", "of them meant", "part of the transfer", "goes on")
    return Sheet(
        heading=f"Step {first.step} (hop {first.hop}): {first.transfer}",
        sentences=tuple(said),
        head=head if matches else (),
        table=tuple(_cells(row) for row in matches),
    )


def _account_sheet(derivation: Derivation, rows: list[Row]) -> Sheet:
    """Show an account by haircut: what arrived and what was taken, in their order."""
    events = [row for row in rows if row.row in ("meant", "match")]
    said = [_said(derivation, row) for row in rows if row.row in ("opening", "departs", "rest")]
    head = ("transfer", "time", "left of the stretch (p)", "balance B", "meant T", "meant here", "part", "goes on")
    heading = f"Step {rows[0].step} (hop {rows[0].hop}): {f'account {rows[0].account}' if events else rows[0].transfer}"
    return Sheet(heading=heading, sentences=tuple(said), head=head if events else (), table=tuple(map(_taken, events)))


def _taken(row: Row) -> tuple[str, ...]:
    line, part = row.line_currency, _between(row.part_from, row.part_to, row.settled_currency)
    amount = show(row.taint_to or 0, line)
    if row.row == "meant":
        return row.transfer, row.time, "", "", "", f"+{amount}", part, row.next
    stretch = (
        _between(row.line_from, row.line_to, line),
        show(row.whole_minor or 0, line),
        show(row.meant_minor or 0, line),
    )
    return row.transfer, row.time, *stretch, f"-{amount}", part, _goes(row)


def _goes(row: Row) -> str:
    if row.next.isdigit():
        return f"step {row.next}"
    return row.next if row.next.startswith(("to ", "from ", "spent")) else f"not followed: {row.next}"


def _cells(row: Row) -> tuple[str, ...]:
    line, settled = row.line_currency, row.settled_currency
    return (
        row.transfer,
        row.time,
        _between(row.line_from, row.line_to, line),
        _between(row.taint_from, row.taint_to, line),
        _between(row.part_from, row.part_to, settled),
        _goes(row),
    )


def _said(derivation: Derivation, row: Row) -> str:
    trail, line = derivation.trail, row.line_currency
    if row.row == "opening":
        return f"Account {row.account} ({line}): opening balance {show(row.line_minor or 0, line)}, {row.next}."
    part = _between(row.part_from, row.part_to, row.settled_currency)
    if row.row == "departs":
        return f"{row.transfer} of {row.time}, part {part}, leaves this ledger: {row.next}."
    there = _between(row.taint_from, row.taint_to, line)
    if row.row == "meant":
        settled = f"{show(row.settled_minor or 0, row.settled_currency)} {row.settled_currency}"
        booked = f"{show(row.line_minor or 0, line)} {line}"
        way = "out of" if trail.direction == "backward" else "into"
        at = _between(row.line_from, row.line_to, line)
        less = "; less than one minor unit there" if row.next else ""
        return (
            f"{row.transfer} of {row.time}: {settled}, booked as {booked} {way} account {row.account} at positions {at}. "
            f"Meant: part {part}, which is {there} there{less}."
        )
    amount = f"{show((row.taint_to or 0) - (row.taint_from or 0), line)} {line}"
    if derivation.trail.method == "haircut" and not row.next:
        return f"{'From the opening balance' if trail.direction == 'backward' else 'Rests'}: {amount} at {row.account}."
    if row.next:
        return f"Rests: {amount} ({there}) at {row.account}: whoever keeps that account for a customer must be asked."
    level = show(row.line_to or 0, line)
    if trail.direction == "backward":
        return f"From the opening balance: {amount} ({there}); it ends at {level}."
    why = f"the balance was {level} at its lowest since" if trail.method == "lifo" else f"all up to {level} had left"
    return f"Rests: {amount} ({there}) at {row.account}: by then {why}."


def _between(start: int | None, end: int | None, code: str) -> str:
    return f"{show(start or 0, code)} to {show(end or 0, code)}"


def _plain(value: str) -> str:
    """Keep what spreadsheets would take for a formula from being one."""
    return f"'{value}" if value[:1] in ("=", "+", "-", "@") else value


def _columns(rows: list[tuple[str, ...]]) -> str:
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    return "\n".join("   ".join(f"{cell:{w}}" for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows)
