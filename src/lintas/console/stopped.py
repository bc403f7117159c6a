"""What was stopped at the border, by direction and peer: what was not let out, and what was not let in."""

from urllib.parse import urlencode

import msgspec
from starlette.responses import Response

from lintas.border.records import Refusal
from lintas.console.forms import show
from lintas.console.frame import page
from lintas.console.home import READERS
from lintas.http.routing import Call
from lintas.node.runtime import Runtime
from lintas.node.stopped import QUERY, Wanted, stopped, wanted

PAGE = 50


class Stopped(msgspec.Struct, frozen=True):
    """One page of what was stopped, newest first; ``after`` leads to the next page, "" on the last."""

    refusals: list[Refusal]
    asked: Wanted
    after: str


def address(asked: Wanted, **changed: str) -> str:
    """Return the query of the same page with other filters."""
    kept = {"direction": asked.direction, "peer": asked.peer} | changed
    return "?" + urlencode({name: value for name, value in kept.items() if value})


async def refusals(call: Call[Runtime]) -> Response:
    """List what was stopped."""
    asked = wanted(call.query)
    found = await stopped(call.services, asked, PAGE + 1)
    view = Stopped(found[:PAGE], asked, str(found[PAGE - 1].seq) if len(found) > PAGE else "")
    parts = call.services.node.parts
    peers = [member.authority for member in parts.directory.peers(parts.identity.authority)]
    return page(call, "refusals.html", view, address=address, peers=peers)


STOPPED_PAGES = [show("/refusals", refusals, READERS, "What was stopped at the border", QUERY)]
