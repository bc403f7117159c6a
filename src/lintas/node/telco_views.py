"""What the API and the pages show of telephone networks: each operator its own, the authority all of it."""

from collections.abc import Mapping

from lintas.access.records import Caller
from lintas.node.runtime import Runtime
from lintas.telco.figures.pace_records import Propagation
from lintas.telco.figures.records import CounterFigures, Scorecard

#: What the parameters of a month's figures mean.
MONTH = {
    "month": "year and month, e.g. 2026-03; without it this one",
    "operator": "one operator; an operator gets its own, whatever is named",
    "format": "csv for a sheet",
}


async def counters_view(runtime: Runtime, who: Caller, query: Mapping[str, str]) -> CounterFigures:
    """Return a month's counters as the caller may read them; BadInput for what is no month."""
    month, operator = _month(runtime, query), whose(who, query)
    return await runtime.read(lambda tx: runtime.node.counters.of_month(tx, month, operator))


async def scorecards_view(runtime: Runtime, who: Caller, query: Mapping[str, str]) -> tuple[str, list[Scorecard]]:
    """Return a month and its scorecards as the caller may read them; BadInput for what is no month."""
    month, operator = _month(runtime, query), whose(who, query)
    return month, await runtime.read(lambda tx: runtime.node.scorecards.of_month(tx, month, operator))


async def propagation_view(runtime: Runtime, who: Caller) -> Propagation:
    """Return how fast lists arrive as the caller may read it: an operator's own gateways, or everything."""
    operator = who.organisation if who.role == "telco" else ""
    return await runtime.read(lambda tx: runtime.node.pace.seen(tx, operator))


def whose(who: Caller, query: Mapping[str, str]) -> str:
    """Return whose figures the caller gets: an operator its own only; the authority the one that is named, or "" for all."""
    return who.organisation if who.role == "telco" else query.get("operator", "").strip()[:40]


def _month(runtime: Runtime, query: Mapping[str, str]) -> str:
    return query.get("month", "") or f"{runtime.node.parts.clock.now():%Y-%m}"
