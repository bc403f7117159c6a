"""The trail of a case, to be taken away: JSON, CSV, FollowTheMoney, or a picture."""

from collections.abc import Callable
from typing import NamedTuple

from starlette.responses import Response

from lintas.api.letters import language_of
from lintas.api.reports import READERS
from lintas.http.routing import Call, Route
from lintas.interop import ftm
from lintas.model.errors import BadInput
from lintas.node import trail
from lintas.node.runtime import Runtime
from lintas.node.trail_picture import SVG, draw
from lintas.requests.flow import Flow
from lintas.text.translation import words


class Form(NamedTuple):
    """One form of the trail: its media type, how a file of it ends, and what writes it."""

    media: str
    ends: str
    write: Callable[[Call[Runtime], Flow], bytes]


def _entities(call: Call[Runtime], flow: Flow) -> bytes:
    parts = call.services.node.parts
    own = parts.identity.authority

    def jurisdiction_of(authority: str) -> str:
        return parts.table.jurisdiction if authority == own else parts.directory.jurisdiction_of(authority)

    return trail.as_entities(flow, jurisdiction_of)


def _picture(call: Call[Runtime], flow: Flow) -> bytes:
    return draw(flow, words(language_of(call) or "en"))


FORMS = {
    "csv": Form("text/csv; charset=utf-8", "csv", lambda _, flow: trail.as_sheet(flow)),
    "ftm": Form(ftm.MEDIA, "ftm.json", _entities),
    "svg": Form(SVG, "svg", _picture),
}


async def show_trail(call: Call[Runtime]) -> Response:
    """Return the trail in the form that is asked for."""
    name = _wanted(call)
    flow = await trail.flow_view(call.services, call.path["case"])
    headers = {"vary": "accept"}
    if name == "json":
        answer = call.as_json(flow)
        answer.headers.update(headers)
        return answer
    form = FORMS[name]
    headers["content-disposition"] = f'attachment; filename="trail-{flow.case}.{form.ends}"'
    return Response(await call.services.apart(form.write, call, flow), media_type=form.media, headers=headers)


def _wanted(call: Call[Runtime]) -> str:
    """Return the form that a call asks for; BadInput for one that there is not."""
    accept = call.request.headers.get("accept", "")
    by_header = next((name for name, form in FORMS.items() if form.media.partition(";")[0] in accept), "json")
    name = call.query.get("format", by_header)
    if name != "json" and name not in FORMS:
        raise BadInput(f"a trail does not come as {name[:20]!r}", f"use json, {', '.join(FORMS)}", where="query format")
    return name


ROUTES = [
    Route(
        "GET",
        "/api/v1/cases/{case}/trail",
        show_trail,
        answer=Flow,
        roles=READERS,
        summary="The trail of a case: places, transfers, ends, and what a request at each minute would have found",
        gives=tuple(form.media for form in FORMS.values()),
        query={
            "format": "json, csv, ftm or svg; without it, as the Accept header says, else json",
            "lang": "of the picture: en, ms or th",
        },
    ),
]
