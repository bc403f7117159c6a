"""Answers ``hashes:search``: prefixes in, full hashes out; nothing of a question is logged, stored or told on.

A plain ASGI application, since the question repeats one parameter and should cost little. Errors say what was wrong, never
what was sent.
"""

import msgspec
from starlette.types import Receive, Scope, Send

from lintas.gateway.names.book import Shelf
from lintas.http.bodies import JSON
from lintas.http.problems import MEDIA, describe
from lintas.model.errors import LintasError
from lintas.telco.names import wire

#: For how long a client keeps an answer, seconds: a withdrawal is seen as soon as a block.
KEEP_SECONDS = 60
PROTO = "application/x-protobuf"
PATH = "/telco/v1/hashes:search"


class Search:
    """The application; it sees the query string and one header, ``accept``."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one question."""
        status, media, body = self._answer(scope)
        headers = [
            (b"content-type", media.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
            (b"content-security-policy", b"default-src 'none'"),
        ]
        if status == 405:
            headers.append((b"allow", b"GET"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    def _answer(self, scope: Scope) -> tuple[int, str, bytes]:
        if scope["method"] not in ("GET", "HEAD"):
            return 405, MEDIA, b'{"type":"about:blank","title":"Method Not Allowed","status":405,"detail":"use GET"}'
        try:
            query = scope["query_string"].decode("ascii", "replace")
            prefixes = wire.read_prefixes(query)
            told = wire.wants_told(query, prefixes)
            book, now = self._shelf.book, self._shelf.now()
            matches = book.hashes.search(prefixes, now.timestamp())
        except LintasError as wrong:
            problem, _ = describe(wrong)
            return problem.status, MEDIA, msgspec.json.encode(problem)
        if _wants_proto(scope, query):
            return 200, PROTO, wire.to_proto(matches, KEEP_SECONDS)
        if told:
            return 200, JSON, wire.padded(wire.to_json(matches, KEEP_SECONDS, lambda one: book.told(one, now)))
        return 200, JSON, wire.to_json(matches, KEEP_SECONDS)


def _wants_proto(scope: Scope, query: str) -> bool:
    if "alt=proto" in query:
        return True
    return any(name == b"accept" and PROTO.encode() in value for name, value in scope["headers"])
