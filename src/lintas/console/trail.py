"""The trail of a case on a page: what flowed where and when, where it is, and what another minute would have found."""

from starlette.responses import Response

from lintas.console.forms import show
from lintas.console.frame import page
from lintas.console.home import READERS
from lintas.http.routing import Call
from lintas.node.runtime import Runtime
from lintas.node.trail import flow_view
from lintas.requests.flow import Flow

#: The slider goes this many minutes at most; the table beside it goes on.
SLIDES = 180


async def trail(call: Call[Runtime]) -> Response:
    """Show the trail of one case."""
    name = call.path["case"]
    flow = await flow_view(call.services, name)
    places = {place.id: place for place in flow.places}
    return page(call, "trail.html", flow, case=name, places=places, slides=slides(flow))


def slides(flow: Flow) -> int:
    """Return the last minute of the slider: that of the last moment, within its bound."""
    return min(SLIDES, max((moment.minute for moment in flow.moments), default=0))


TRAIL_PAGES = [show("/cases/{case}/trail", trail, READERS, "The trail of a case")]
