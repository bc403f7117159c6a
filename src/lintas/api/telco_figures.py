"""Figures of telephone networks: gateways bring what they counted, operators read their own, the authority all of them."""

from starlette.responses import Response

from lintas.api.redress import TELCO
from lintas.http.routing import Call, Route
from lintas.node import telco_paper
from lintas.node.runtime import Runtime
from lintas.node.telco_views import MONTH, counters_view, propagation_view, scorecards_view
from lintas.telco.figures.pace_records import Propagation
from lintas.telco.figures.records import CounterFigures, CounterReport, CounterRow, CountsTaken, Scorecard

READERS = frozenset({"investigator", "approver", "auditor", "administrator", "telco"})


async def take(call: Call[Runtime]) -> CountsTaken:
    """Take one minute of one gateway."""
    report: CounterReport = call.body
    counters, operator = call.services.node.counters, call.caller.organisation
    return await call.services.write(lambda tx: counters.take(tx, operator, report))


async def counters(call: Call[Runtime]) -> CounterFigures | Response:
    """Return a month's counters."""
    found = await counters_view(call.services, call.caller, call.query)
    if not telco_paper.as_sheet(call.query):
        return found
    return _sheet(telco_paper.sheet(CounterRow, (*found.rows, *found.shadow)), f"counters-{found.month}")


async def scorecards(call: Call[Runtime]) -> list[Scorecard] | Response:
    """Return a month's scorecards."""
    month, found = await scorecards_view(call.services, call.caller, call.query)
    if not telco_paper.as_sheet(call.query):
        return found
    return _sheet(telco_paper.sheet(Scorecard, found), f"scorecards-{month}")


async def propagation(call: Call[Runtime]) -> Propagation:
    """Return how fast lists arrive at peers and gateways, and who has not confirmed."""
    return await propagation_view(call.services, call.caller)


def _sheet(content: bytes, name: str) -> Response:
    return Response(content, media_type=telco_paper.MEDIA, headers=telco_paper.headers(name))


ROUTES = [
    Route(
        "POST",
        "/api/v1/telco/counters",
        take,
        CounterReport,
        CountsTaken,
        TELCO,
        "Bring what a gateway counted in a minute",
        status=201,
    ),
    Route(
        "GET",
        "/api/v1/telco/counters",
        counters,
        answer=CounterFigures,
        roles=READERS,
        summary="A month's counters by operator, trunk, action, kind and preset",
        query=MONTH,
        gives=telco_paper.MEDIA.partition(";")[0],
    ),
    Route(
        "GET",
        "/api/v1/telco/scorecards",
        scorecards,
        answer=list[Scorecard],
        roles=READERS,
        summary="How each operator carried out what was published to it in a month",
        query=MONTH,
        gives=telco_paper.MEDIA.partition(";")[0],
    ),
    Route(
        "GET",
        "/api/v1/telco/propagation",
        propagation,
        answer=Propagation,
        roles=READERS,
        summary="How fast lists arrive at peers and gateways, and who has not confirmed",
    ),
]
