"""What a month's orders came to, by bank and by asker: counts, held amounts, wrongful holds, times; small groups are not told.

*Wrongful* counts an order that held money of which some was let go since an objection was upheld, whoever asked took the
request back, or an officer here corrected it: what should not have been held, as far as anybody has found out.
"""

import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import MAXYEAR, UTC, datetime, timedelta

import msgspec

from lintas.model import times
from lintas.model.errors import BadInput
from lintas.model.tainted import held_spans
from lintas.requests import figures_store, store
from lintas.requests.records import Bar, Hold, Order
from lintas.requests.rules import bar
from lintas.storage.engine import Transaction

#: A group of fewer orders is not told: what one or two people's money did is nobody's statistic.
LEAST = 5
#: So many of a month's orders, and of its cases, are counted at most; more are said to be left out.
MOST = 50_000
_WRONGFUL = frozenset({"appeal", "withdrawn", "correction"})
By = Callable[["_Told"], str]


class FigureRow(msgspec.Struct, frozen=True, kw_only=True):
    """What a group of orders came to: ``group`` is a bank, or who asked ("" for this authority). Times are medians, seconds.

    A group that is too small has ``told`` False, and nothing else is said of it; a median of too few is None.
    """

    group: str
    told: bool
    orders: int | None = None
    automatic: int | None = None
    held_something: int | None = None
    refused: int | None = None
    wrongful: int | None = None
    wrongful_per_mille: int | None = None
    held_minor: dict[str, int] = {}
    report_to_order_s: int | None = None
    ask_to_order_s: int | None = None
    order_to_answer_s: int | None = None
    order_to_end_s: int | None = None


class Saved(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the money of this authority's own cases of a month, in one currency, as it stands now."""

    currency: str
    cases: int
    stolen_minor: int
    held_minor: int
    returned_minor: int
    saved_per_mille: int


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """A month's figures; groups of fewer than ``least`` orders or cases are not told. ``complete``: none were left out."""

    month: str
    least: int
    total: FigureRow
    by_bank: tuple[FigureRow, ...]
    by_asker: tuple[FigureRow, ...]
    saved: tuple[Saved, ...]
    complete: bool


class _Told(msgspec.Struct, frozen=True):
    """One order with its hold, when its case was opened, and whether it was wrongful."""

    order: Order
    hold: Hold
    opened_at: str
    wrongful: bool


def of_month(tx: Transaction, month: str) -> Figures:
    """Return the figures of the orders issued, and of our own cases opened, in a month (``2026-03``, UTC)."""
    since, until = _bounds(month)
    orders = figures_store.orders_between(tx, since, until, MOST)
    told = [_told(tx, order) for order in orders]
    bars = figures_store.claims_between(tx, since, until, MOST)
    return Figures(
        month=month,
        least=LEAST,
        total=_row("", told),
        by_bank=_rows(told, lambda each: each.order.bank),
        by_asker=_rows(told, lambda each: each.hold.peer),
        saved=_saved(bar(claim, store.shares_of(tx, claim.case)) for claim in bars if not claim.origin),
        complete=len(orders) < MOST and len(bars) < MOST,
    )


def _told(tx: Transaction, order: Order) -> _Told:
    hold, claim = store.hold(tx, order.hold), store.claim(tx, order.case)
    assert hold is not None  # noqa: S101 — an order is never without its hold
    released = figures_store.release_codes(tx, order.id)
    held = bool(order.answer and held_spans(order.answer.parts))
    return _Told(order, hold, claim.opened_at if claim else hold.asked_at, held and bool(released & _WRONGFUL))


def _bounds(month: str) -> tuple[datetime, datetime]:
    try:
        since = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    except ValueError:
        raise BadInput(f"{month[:20]!r} is no month", "write a year and a month, e.g. 2026-03", where="month") from None
    if since.year == MAXYEAR:
        raise BadInput(f"{month[:20]!r} is too late a month", "write a year and a month, e.g. 2026-03", where="month")
    return since, (since.replace(day=28) + timedelta(days=4)).replace(day=1)


def _rows(told: Sequence[_Told], by: By) -> tuple[FigureRow, ...]:
    """Return a row for each group; small ones take the next smallest with them into silence until they are together enough.

    Otherwise the total less the others would tell it.
    """
    groups: dict[str, list[_Told]] = defaultdict(list)
    for each in told:
        groups[by(each)].append(each)
    by_size = sorted(groups, key=lambda name: (len(groups[name]), name))
    count = sum(len(groups[name]) < LEAST for name in by_size)
    while 0 < count < len(by_size) and (count == 1 or sum(len(groups[name]) for name in by_size[:count]) < LEAST):
        count += 1
    silent = by_size[:count]
    return tuple(
        FigureRow(group=name, told=False) if name in silent else _row(name, groups[name]) for name in sorted(groups)
    )


def _row(name: str, told: Sequence[_Told]) -> FigureRow:
    if len(told) < LEAST:
        return FigureRow(group=name, told=False)
    held: dict[str, int] = defaultdict(int)
    for each in told:
        for start, end in held_spans(each.order.answer.parts) if each.order.answer else ():
            held[each.order.currency] += end - start
    holding = sum(bool(each.order.answer and held_spans(each.order.answer.parts)) for each in told)
    wrongful = sum(each.wrongful for each in told)
    return FigureRow(
        group=name,
        told=True,
        orders=len(told),
        automatic=sum(each.order.automatic for each in told),
        held_something=holding,
        refused=sum(bool(each.order.refusal) for each in told),
        wrongful=wrongful,
        wrongful_per_mille=wrongful * 1000 // holding if holding else None,
        held_minor=dict(sorted(held.items())),
        report_to_order_s=_median((each.opened_at, each.order.issued_at) for each in told if not each.hold.peer),
        ask_to_order_s=_median((each.hold.asked_at, each.order.issued_at) for each in told),
        order_to_answer_s=_median((each.order.issued_at, each.order.answered_at) for each in told),
        order_to_end_s=_median((each.order.issued_at, each.order.closed_at) for each in told),
    )


def _median(pairs: Iterable[tuple[str, str | None]]) -> int | None:
    """Return the median of the seconds between two times; None where fewer than ``LEAST`` have both."""
    took = [(times.parse(end) - times.parse(start)).total_seconds() for start, end in pairs if end]
    return round(statistics.median(took)) if len(took) >= LEAST else None


def _saved(bars: Iterable[Bar]) -> tuple[Saved, ...]:
    by_currency: dict[str, list[Bar]] = defaultdict(list)
    for each in bars:
        by_currency[each.currency].append(each)
    return tuple(
        Saved(
            currency=code,
            cases=len(several),
            stolen_minor=(stolen := sum(each.stolen for each in several)),
            held_minor=(held := sum(each.held for each in several)),
            returned_minor=(back := sum(each.returned for each in several)),
            saved_per_mille=(held + back) * 1000 // stolen,
        )
        for code, several in sorted(by_currency.items())
        if len(several) >= LEAST
    )
