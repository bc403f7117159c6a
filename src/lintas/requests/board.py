"""The board of running holds: what has to be answered, confirmed, or ends, here and abroad, the most pressing first."""

from typing import Literal, get_args

import msgspec

from lintas.requests import board_store, rules
from lintas.requests.records import Direction, Hold
from lintas.storage.engine import Transaction

#: So many holds of each kind are on the board, those whose clock strikes first.
MOST = 200

#: Until when: an answer is hoped for; a hold has to be confirmed to last; a hold ends that nothing lengthens any more.
Clock = Literal["answer", "confirm", "end"]
CLOCKS: tuple[Clock, ...] = get_args(Clock)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One hold whose clock runs: ``until`` when it strikes (None for one that waits for an officer of ours without a limit).

    ``held_minor`` of the hold's currency is held now; ``law`` is whose order it stands under, or by which it was asked.
    """

    hold: Hold
    clock: Clock
    until: str | None
    overdue: bool
    held_minor: int
    authority: str
    law: str


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How many holds are on the board: in all, overdue, and by clock."""

    running: int
    overdue: int
    answer: int
    confirm: int
    end: int


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """The holds that are wanted, and the counts of all; ``more`` where not all of them fit."""

    rows: list[Row]
    counts: Counts
    more: bool


def read(tx: Transaction, me: str, now: str) -> tuple[list[Row], bool]:
    """Return all running holds, overdue ones first, the most pressing before others; and whether there are more than fit.

    ``me`` is this authority; ``now`` the time (RFC 3339) by its clock.
    """
    waiting, orders, shares = board_store.waiting(tx, MOST), board_store.in_force(tx, MOST), board_store.held(tx, MOST)
    rows = [_waits(hold, me, now) for hold in waiting]
    for order, hold in orders:
        held = 0 if order.answer is None else sum(end - start for start, end in rules.still_held(order))
        answered = order.answered_at is not None
        if answered and not held:
            continue
        # Its bank should answer long before the asker hopes to be answered.
        until = order.expires if answered else (rules.due(order) or hold.answer_by or order.expires)
        rows.append(
            Row(
                hold=hold,
                clock="answer" if not answered else "end" if order.confirmed_at else "confirm",
                until=until,
                overdue=until <= now,
                held_minor=held,
                authority=me,
                law=order.basis.law,
            )
        )
    abroad: dict[str, Row] = {}
    holds = board_store.named(tx, {share.hold for share in shares if share.hold})
    for share in shares:
        asked = holds.get(share.hold or "")
        if asked is None or asked.direction != "asked" or share.until is None or share.baton is None:
            continue
        before = abroad.get(asked.id)
        abroad[asked.id] = Row(
            hold=asked,
            clock="end",
            until=share.until,
            overdue=share.until <= now,
            held_minor=share.baton.amount_minor + (before.held_minor if before else 0),
            authority=asked.peer,
            law=share.law,
        )
    rows += abroad.values()
    more = MOST in (len(waiting), len(orders), len(shares))
    return sorted(rows, key=_pressing), more


def _pressing(row: Row) -> tuple[bool, bool, str, str]:
    """Sort by what is overdue, then what only waits for an officer of ours, then by whose clock strikes first."""
    return not row.overdue, row.until is not None, row.until or row.hold.asked_at, row.hold.id


def _waits(hold: Hold, me: str, now: str) -> Row:
    return Row(
        hold=hold,
        clock="answer",
        until=hold.answer_by,
        overdue=hold.answer_by is not None and hold.answer_by <= now,
        held_minor=0,
        authority=hold.peer if hold.direction == "asked" else me,
        law=hold.request_basis.law if hold.request_basis else "",
    )


def board(rows: list[Row], *, more: bool, clock: Clock | None, direction: Direction | None, overdue: bool) -> Board:
    """Return the rows that are wanted, and the counts of all."""
    counted = {name: sum(row.clock == name for row in rows) for name in CLOCKS}
    late = sum(row.overdue for row in rows)
    wanted = [
        row
        for row in rows
        if clock in (None, row.clock) and direction in (None, row.hold.direction) and (row.overdue or not overdue)
    ]
    return Board(rows=wanted, counts=Counts(running=len(rows), overdue=late, **counted), more=more)
