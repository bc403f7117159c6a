"""Judging a call without one: what a gateway here would do with it, rung by rung."""

from lintas.api.telco_figures import READERS
from lintas.http.routing import Call, Route
from lintas.node.runtime import Runtime
from lintas.node.simulator import Judged, Trial, judge


async def simulate(call: Call[Runtime]) -> Judged:
    """Judge a call, in English; the numbers come in the body, so that none stands in an address or a log."""
    return await judge(call.services, call.body, "en")


ROUTES = [
    Route(
        "POST",
        "/api/v1/telco/simulate",
        simulate,
        Trial,
        Judged,
        READERS,
        "What a gateway would do with a call, rung by rung; nobody is asked and nothing is kept",
    )
]
