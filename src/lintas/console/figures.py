"""A month's figures on a page: what orders came to, how many of them were wrongful, how long things took."""

from starlette.responses import Response

from lintas.console.forms import show
from lintas.console.frame import page
from lintas.console.home import READERS
from lintas.http.routing import Call
from lintas.node.runtime import Runtime
from lintas.requests import figures


async def holds(call: Call[Runtime]) -> Response:
    """Show the figures of a month; this one without a name."""
    month = call.query.get("month", "") or f"{call.services.node.parts.clock.now():%Y-%m}"
    view = await call.services.read(lambda tx: figures.of_month(tx, month))
    return page(call, "figures.html", view)


FIGURE_PAGES = [
    show(
        "/figures",
        holds,
        READERS | {"administrator"},
        "What a month's orders came to",
        {"month": "year and month, e.g. 2026-03; without it this one"},
    )
]
