"""The clocks by which somebody has to act, those that ran out, and what a month's orders came to."""

from lintas.api.reports import AFTER, LIMIT, READERS
from lintas.http.routing import Call, Route, page_size
from lintas.model.errors import BadInput
from lintas.node.runtime import Runtime
from lintas.requests import figures
from lintas.requests.clock_records import CLOCK_KINDS, Escalation, Running
from lintas.requests.figures import Figures


async def list_clocks(call: Call[Runtime]) -> list[Running]:
    """Return every clock that runs, the one that runs out first at the head."""
    wanted = call.query.get("kind", "")
    kinds = tuple(kind for kind in CLOCK_KINDS if wanted in ("", kind))
    if not kinds:
        raise BadInput(f"no clock is {wanted!r}", f"use one of {', '.join(CLOCK_KINDS)}", where="query kind")
    clocks, after, limit = call.services.node.clocks, call.query.get("after", ""), page_size(call.query, 200)
    return await call.services.read(lambda tx: clocks.running(tx, kinds, after=after, limit=limit))


async def list_escalations(call: Call[Runtime]) -> list[Escalation]:
    """Return the clocks that ran out; without a state, those about which nobody has acted yet."""
    state = call.query.get("state", "open")
    if state not in ("open", "any"):
        raise BadInput(f"no escalation is {state!r}", "use open or any", where="query state")
    clocks, after, limit = call.services.node.clocks, call.query.get("after", ""), page_size(call.query, 200)
    return await call.services.read(
        lambda tx: clocks.escalations(tx, open_only=state == "open", after=after, limit=limit)
    )


async def show_figures(call: Call[Runtime]) -> Figures:
    """Return what a month's orders came to; this month's without a name."""
    month = call.query.get("month", "") or f"{call.services.node.parts.clock.now():%Y-%m}"
    return await call.services.read(lambda tx: figures.of_month(tx, month))


ROUTES = [
    Route(
        "GET",
        "/api/v1/figures/holds",
        show_figures,
        answer=Figures,
        roles=READERS | {"administrator"},
        summary="What a month's orders came to; small groups are not told",
        query={"month": "year and month, e.g. 2026-03; without it this one"},
    ),
    Route(
        "GET",
        "/api/v1/clocks",
        list_clocks,
        answer=list[Running],
        roles=READERS,
        summary="List the clocks that run, soonest first",
        query={
            "kind": "one kind of clock; without it all",
            "after": "the subject of the last row of the page before",
            "limit": LIMIT,
        },
    ),
    Route(
        "GET",
        "/api/v1/escalations",
        list_escalations,
        answer=list[Escalation],
        roles=READERS,
        summary="List the clocks that ran out, oldest first",
        query={"state": "open or any; without it open", "after": AFTER.format("escalation"), "limit": LIMIT},
    ),
]
