"""The page for a person whose browser was sent here instead of a blocked address: who blocked it, why, until when, what to do.

It knows the blocked name by the ``Host`` header (the resolver led it here) or the block by its redress id. It has no script and
no form, leads nowhere but to the address for contesting, and shows only what stands in the list, never what the browser sent.
"""

import html
from urllib.parse import parse_qs, urlencode

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from lintas.gateway.names.book import Shelf
from lintas.http.routing import SAFE_HEADERS
from lintas.model.errors import LintasError
from lintas.telco.names import urls
from lintas.telco.records import Entry
from lintas.text.translation import LANGUAGES, Words, best, words

#: RFC 7725: unavailable for legal reasons.
_FOR_LEGAL_REASONS = 451


class BlockedHosts:
    """Answers every request for a blocked host with its page, and hands all others on."""

    def __init__(self, shelf: Shelf, then: ASGIApp) -> None:
        self._shelf, self._then = shelf, then

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Look at the host that the browser asked for."""
        entry = self._entry(scope) if scope["type"] == "http" else None
        if entry is None:
            await self._then(scope, receive, send)
            return
        query = parse_qs(scope.get("query_string", b"").decode("ascii", "replace"))
        said = _speaks(query.get("lang", [""])[0], _header(scope, b"accept-language"))
        await answer(self._shelf, entry, said, _FOR_LEGAL_REASONS)(scope, receive, send)

    def _entry(self, scope: Scope) -> Entry | None:
        try:
            host = urls.parts(_header(scope, b"host")).host
        except LintasError:
            return None
        return self._shelf.book.by_host(host, self._shelf.now())


def answer(shelf: Shelf, entry: Entry, said: Words, status: int = 200) -> Response:
    """Make the page of a block."""
    settings = shelf.book.settings
    contest = settings.contest + entry.id
    page = _page(said, said.gettext("This address is blocked"), _body(entry, said, contest), entry.id)
    # RFC 7725, section 4: who blocks.
    link = {"link": f'<{urls.canonical(contest)}>; rel="blocked-by"'} if status == _FOR_LEGAL_REASONS else {}
    return _html(page, status, link)


def none_such(said: Words) -> Response:
    """Make the page for an id that names no block; it does not say whether there ever was one."""
    text = said.gettext("There is no block with this number, or it has ended.")
    return _html(_page(said, said.gettext("No such block"), f"<p>{html.escape(text)}</p>", ""), 404, {})


def speaks(query: dict[str, str], accept_language: str) -> Words:
    """Return the language of a page: the one asked for, else the one that the browser likes best."""
    return _speaks(query.get("lang", ""), accept_language)


def _speaks(wanted: str, accept_language: str) -> Words:
    return words(wanted if wanted in LANGUAGES else best(accept_language))


def _body(entry: Entry, said: Words, contest: str) -> str:
    facts = [
        (said.gettext("Address"), entry.value),
        (said.gettext("Blocked by"), entry.owner),
        (said.gettext("Reason"), entry.reason),
        (said.gettext("Until"), said.moment(entry.expires)),
        (said.gettext("Number of the block"), entry.id),
    ]
    rows = "".join(f"<dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd>" for name, value in facts)
    warned = said.gettext("If you entered a password there or paid, call your bank now.")
    free = said.gettext("If this block is wrong, contest it. That is free, and you get a first answer within 24 hours.")
    named = said.gettext("Contest this block")
    link = f'<a href="{html.escape(contest)}" rel="noreferrer">{html.escape(named)}</a>'
    return f"<p>{html.escape(warned)}</p><dl>{rows}</dl><p>{html.escape(free)} {link}</p>"


def _page(said: Words, title: str, body: str, redress_id: str) -> str:
    others = "".join(
        f'<li><a lang="{code}" href="/blocked?{html.escape(urlencode({"id": redress_id, "lang": code}))}">{name}</a></li>'
        for code, name in LANGUAGES.items()
        if code != said.language
    )
    made = said.gettext("A machine made this translation. Where it is wrong, the English text counts.")
    note = f"<p>{html.escape(made)}</p>" if said.machine_made else ""
    return (
        f'<!doctype html><html lang="{said.language}"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><meta name="robots" content="noindex">'
        f"<title>{html.escape(title)}</title><main><h1>{html.escape(title)}</h1>{body}{note}</main>"
        f"<nav><ul>{others}</ul></nav></html>"
    )


def _html(page: str, status: int, headers: dict[str, str]) -> Response:
    return Response(page, status, {**SAFE_HEADERS, **headers, "vary": "accept-language, host"}, "text/html")


def _header(scope: Scope, name: bytes) -> str:
    return next((bytes(value).decode("latin-1") for key, value in scope["headers"] if key == name), "")
