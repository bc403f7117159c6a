"""Which minutes count, which months there are, and what a scorecard says."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lintas.model import times
from lintas.model.errors import BadInput
from lintas.telco.figures.records import Count, CounterReport, Ordered
from lintas.telco.figures.rules import check_minute, month_bounds, percentile, scorecard

NOW = datetime(2026, 3, 1, 10, 7, tzinfo=UTC)
COUNT = Count(trunk="international", action="block", kind="blocked", calls=3)


def report(minute: object = "2026-03-01T10:06:00Z", **more: object) -> dict[str, object]:
    return {"gateway": "gw-1", "minute": minute, "list_version": 7, "preset": "strict", "counts": [COUNT]} | more


@pytest.mark.parametrize(
    "bad",
    [
        {"gateway": "60123456789"},
        {"gateway": "gw 1"},
        {"minute": "2026-03-01T10:06:01Z"},
        {"preset": "mine"},
        {"counts": [{"trunk": "international", "action": "block", "calls": 0}]},
        {"counts": [{"trunk": "+60123456789", "action": "block", "calls": 1}]},
        {"counts": [{"trunk": "international", "action": "block", "calls": 1, "number": "+60123456789"}]},
        {"counts": [COUNT] * 201},
    ],
)
def test_nothing_but_words_of_closed_lists_is_counted(bad: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(msgspec.json.encode(report(**bad)), type=CounterReport)


def test_a_minute_is_neither_old_nor_to_come() -> None:
    def at(minute: datetime) -> CounterReport:
        return msgspec.convert(report(times.render(minute)), CounterReport)

    whole = NOW.replace(minute=7)
    for good in (whole, whole + timedelta(minutes=2), whole - timedelta(days=2, hours=23)):
        check_minute(at(good), NOW)
    for bad in (whole + timedelta(minutes=3), whole - timedelta(days=3, minutes=1)):
        with pytest.raises(BadInput):
            check_minute(at(bad), NOW)
    with pytest.raises(BadInput, match="twice"):
        check_minute(msgspec.convert(report(counts=[COUNT, COUNT]), CounterReport), NOW)
    with pytest.raises(BadInput):
        check_minute(msgspec.convert(report("2026-02-30T10:06:00Z"), CounterReport), NOW)


def test_months() -> None:
    assert month_bounds("2026-12") == ("2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z")
    for bad in ("", "2026", "2026-13", "2026-3", "9999-12", "2026-03-01", "x" * 300):
        with pytest.raises(BadInput):
            month_bounds(bad)


def test_a_scorecard_adds_up_and_is_one_operator_s() -> None:
    start = "2026-03-01T10:00:00Z"

    def after(seconds: int | None) -> str | None:
        return None if seconds is None else times.render(times.parse(start) + timedelta(seconds=seconds))

    took = [1, 2, 60, 61, None, -5]
    mine = [Ordered("XATL", f"e{n}", n in {0, 5}, start, after(each)) for n, each in enumerate(took)]
    others = [Ordered("XATM", "e9", True, start, after(1))]
    card = scorecard(
        "XATL",
        "2026-03",
        mine + others,
        now="2026-03-01T10:02:00Z",
        false_blocks=2,
        false_upheld=1,
    )
    assert (card.given, card.done, card.waiting, card.late) == (6, 5, 1, 2)
    assert (card.reversed, card.false_blocks, card.false_upheld) == (2, 2, 1)
    assert (card.p50_s, card.p95_s) == (2, 61)


@given(st.lists(st.floats(0, 1e6), min_size=1), st.integers(1, 100))
def test_percentiles_are_values_that_so_many_do_not_exceed(values: list[float], per_cent: int) -> None:
    ordered = sorted(values)
    found = percentile(ordered, per_cent)
    assert found in ordered
    assert sum(each <= found for each in ordered) * 100 >= per_cent * len(ordered)
    assert percentile([], 50) is None
