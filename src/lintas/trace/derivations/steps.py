"""The rows of a derivation, whatever the method: what they say, and those that every method writes alike."""

from typing import Literal, TypedDict

import msgspec

from lintas.model import times
from lintas.trace.engine.index import Index
from lintas.trace.ledgers.ledger import KINDS, from_microseconds

Kind = Literal["opening", "meant", "match", "rest", "departs"]


class Row(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of the derivation; all amounts and positions are minor units, and every ``..._to`` is exclusive.

    ``opening``: the account's opening balance ``line_minor``, "given" or "assumed" in ``next``. ``meant``: the part
    ``[part_from, part_to)`` of a transfer's settled amount, which is ``[taint_from, taint_to)`` on the account. ``match``: a
    transfer at ``[line_from, line_to)``; of it ``[taint_from, taint_to)`` is meant, which is ``[part_from, part_to)`` of
    its settled amount, and goes on in step ``next``, or is cut off for the reason there. ``rest``: what is still there
    (backward: came from the opening balance), and in ``line_to`` why: the position up to which everything had left, or the
    lowest balance since. ``departs``: the part leaves this ledger; ``next`` says to or from whom, or how it was spent.

    By haircut a step is an account, parts are amounts from 0, and a match is counted from the beginning of its stretch, when
    the balance was ``whole_minor`` and ``meant_minor`` of it were meant.
    """

    step: int
    row: Kind
    hop: int
    account: str = ""
    transfer: str = ""
    time: str = ""
    settled_minor: int | None = None
    settled_currency: str = ""
    line_minor: int | None = None
    line_currency: str = ""
    line_from: int | None = None
    line_to: int | None = None
    whole_minor: int | None = None
    meant_minor: int | None = None
    taint_from: int | None = None
    taint_to: int | None = None
    part_from: int | None = None
    part_to: int | None = None
    next: str = ""


class Named(TypedDict):
    """The account and currency of a line."""

    account: str
    line_currency: str


class Transferred(TypedDict):
    """A transfer and its part."""

    transfer: str
    time: str
    settled_minor: int
    settled_currency: str
    part_from: int
    part_to: int


def named(index: Index, line: int) -> Named:
    """Say which line a row is about."""
    return {"account": index.account(line), "line_currency": index.line_code(line)}


def of_transfer(index: Index, transfer: int, start: int, end: int) -> Transferred:
    """Say which part ``[start, end)`` of a transfer's settled amount a row is about."""
    return {
        "transfer": index.reference(transfer),
        "time": times.render(from_microseconds(index.time[transfer])),
        "settled_minor": index.settled[transfer],
        "settled_currency": index.code(transfer),
        "part_from": start,
        "part_to": end,
    }


def opening_row(index: Index, step: int, hop: int, line: int) -> Row:
    """Say with which balance an account began."""
    assumed = index.assumed[line] or index.balances == "assumed"
    return Row(
        step=step,
        row="opening",
        hop=hop,
        line_minor=index.opening[line],
        next="assumed" if assumed else "given",
        **named(index, line),
    )


def departure(index: Index, transfer: int, backward: bool) -> str:
    """Say to whom a transfer leaves this ledger (backward: from whom it came), or how it was spent."""
    kind = index.kind(transfer)
    if kind and not backward:
        return f"spent: {KINDS[kind]}"
    return f"{'from' if backward else 'to'} {index.other_bank(transfer) or 'another holder'}"
