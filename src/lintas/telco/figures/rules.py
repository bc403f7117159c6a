"""How figures are made: which minutes count, and what an operator's scorecard says."""

import math
from collections.abc import Iterable, Sequence
from datetime import MAXYEAR, UTC, datetime, timedelta

from lintas.model import times
from lintas.model.errors import BadInput
from lintas.telco.figures.records import CounterReport, Ordered, Scorecard

#: A minute may come this much later: what a gateway could not send meanwhile.
OLDEST = timedelta(days=3)
#: And this much early: clocks differ.
AHEAD = timedelta(minutes=2)
#: From published to obeyed by an operator's gateways, seconds; later is late: what a partition that heals may take.
BOUND_S = 60


def month_bounds(month: str) -> tuple[str, str]:
    """Return the first moment of a month (``2026-03``, UTC) and of the next one, as RFC 3339; BadInput for what is none."""
    wrong = BadInput(f"{month[:20]!r} is no month", "write a year and a month, e.g. 2026-03", where="month")
    try:
        since = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    except ValueError:
        raise wrong from None
    if since.year == MAXYEAR or len(month) != len("2026-03"):
        raise wrong
    until = (since.replace(day=28) + timedelta(days=4)).replace(day=1)
    return times.render(since), times.render(until)


def check_minute(report: CounterReport, now: datetime) -> None:
    """Refuse a minute that is no time, too old or not yet over, and a sort of call that is named twice; BadInput."""
    at = times.parse(report.minute)
    if not now - OLDEST <= at <= now + AHEAD:
        raise BadInput(
            f"{report.minute} is not within the last {OLDEST.days} days",
            "send each minute when it is over; look at the gateway's clock",
            where="minute",
        )
    sorts = [(each.trunk, each.action, each.kind, each.shadow) for each in report.counts]
    if len(sorts) != len(set(sorts)):
        raise BadInput("a sort of call is counted twice", "add its calls together", where="counts")


def scorecard(
    operator: str,
    month: str,
    ordered: Iterable[Ordered],
    *,
    now: str,
    false_blocks: int,
    false_upheld: int,
    bound_s: int = BOUND_S,
) -> Scorecard:
    """Return an operator's scorecard from what was published to it; what is not ``operator``'s is left out."""
    mine = [each for each in ordered if each.operator == operator]
    took = sorted(seconds(each.published_at, each.enforced_at) for each in mine if each.enforced_at)
    waits = [seconds(each.published_at, now) for each in mine if not each.enforced_at]
    return Scorecard(
        month=month,
        operator=operator,
        bound_s=bound_s,
        given=len(mine),
        done=len(took),
        waiting=len(waits),
        late=sum(each > bound_s for each in took) + sum(each > bound_s for each in waits),
        reversed=sum(each.reversed for each in mine),
        false_blocks=false_blocks,
        false_upheld=false_upheld,
        p50_s=percentile(took, 50),
        p95_s=percentile(took, 95),
    )


def percentile(values: Sequence[float], per_cent: int) -> float | None:
    """Return the nearest-rank percentile of sorted values; None of none."""
    return values[max(0, math.ceil(len(values) * per_cent / 100) - 1)] if values else None


def seconds(since: str, until: str | None) -> float:
    """Return the seconds between two times; a clock that went backwards never makes an operator faster than at once."""
    return max(0.0, round((times.parse(until or since) - times.parse(since)).total_seconds(), 3))
