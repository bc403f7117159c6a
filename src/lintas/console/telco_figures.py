"""Figures of telephone networks on pages: a month's counters and scorecards; an operator sees its own."""

from starlette.responses import Response

from lintas.console.forms import show
from lintas.console.frame import page
from lintas.http.routing import Call
from lintas.node import telco_paper
from lintas.node.runtime import Runtime
from lintas.node.telco_views import MONTH, counters_view, propagation_view, scorecards_view
from lintas.telco.figures.records import CounterRow, Scorecard
from lintas.telco.figures.rules import BOUND_S

EVERYBODY = frozenset({"investigator", "approver", "auditor", "administrator", "telco"})


async def counters(call: Call[Runtime]) -> Response:
    """Show a month's counters, or give them as a sheet."""
    view = await counters_view(call.services, call.caller, call.query)
    if telco_paper.as_sheet(call.query):
        return _sheet(telco_paper.sheet(CounterRow, (*view.rows, *view.shadow)), f"counters-{view.month}")
    return page(call, "telco_counters.html", view, operators=sorted(call.services.node.parts.telcos))


async def scorecards(call: Call[Runtime]) -> Response:
    """Show a month's scorecards, or give them as a sheet."""
    month, view = await scorecards_view(call.services, call.caller, call.query)
    if telco_paper.as_sheet(call.query):
        return _sheet(telco_paper.sheet(Scorecard, view), f"scorecards-{month}")
    return page(call, "telco_scorecards.html", view, month=month, bound=BOUND_S)


async def propagation(call: Call[Runtime]) -> Response:
    """Show how fast lists arrive at peers and gateways, and who has not confirmed."""
    return page(call, "telco_propagation.html", await propagation_view(call.services, call.caller))


def _sheet(content: bytes, name: str) -> Response:
    return Response(content, media_type=telco_paper.MEDIA, headers=telco_paper.headers(name))


TELCO_FIGURE_PAGES = [
    show("/telco/counters", counters, EVERYBODY, "What gateways counted in a month", MONTH),
    show("/telco/scorecards", scorecards, EVERYBODY, "How operators carried out what was published to them", MONTH),
    show("/telco/propagation", propagation, EVERYBODY, "How fast lists arrive, and who has not confirmed"),
]
