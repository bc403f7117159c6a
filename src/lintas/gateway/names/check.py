"""The page on which anybody checks a link: the browser does it, by a script that sends prefixes of hashes and nothing else.

The page is the same for everybody but for its language; it takes nothing, sets no cookie, and without its script it has no
field and says what it would need.
"""

from functools import cache
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup
from starlette.responses import Response

from lintas.gateway.names import blocked
from lintas.gateway.names.search import PATH
from lintas.http.assets import Built
from lintas.http.routing import Call
from lintas.http.templates import environment
from lintas.telco.names.suffixes import shared_by_path
from lintas.text.translation import LANGUAGES

BUILT = Built(resources.files("lintas.gateway.names").joinpath("static/built"))
#: Prefixes of every question that the script asks (``ASKED`` in web/src/hashes.ts).
ASKED = 32
#: No form may be sent, no address but this server's asked, and no text become markup.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; form-action 'none'; "
    "frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'"
)
_HEADERS = {
    "cache-control": "public, max-age=300",
    "content-security-policy": _POLICY,
    "permissions-policy": "clipboard-read=(), geolocation=(), camera=(), microphone=()",
    "cross-origin-opener-policy": "same-origin",
    "vary": "accept-language",
    "x-dns-prefetch-control": "off",
}
#: Places in a sentence that the script fills.
_SLOTS = {
    name: Markup('<bdi translate="no" data-slot="{}"></bdi>').format(name) for name in ("ascii", "count", "version")
}


async def check(call: Call[Any]) -> Response:
    """Show the page of the check."""
    said = blocked.speaks(call.query, call.request.headers.get("accept-language", ""))
    book = call.services.names.book
    page = _template(said.language).render(
        owner=book.settings.owner,
        hotline=book.settings.hotline,
        size=f"{max(1, len(book.hashes.prefix_list) // 1000):,}",
        asked=ASKED,
        shared=" ".join(shared_by_path()),
        list="/telco/v1/hashList/lintas-4b",
        search=PATH,
    )
    return Response(page, headers=_HEADERS, media_type="text/html")


@cache
def _template(language: str) -> jinja2.Template:
    made = environment("lintas.gateway.names", language)
    made.globals |= {"asset": BUILT.address, "languages": LANGUAGES, "slots": _SLOTS}
    return made.get_template("check.html")
