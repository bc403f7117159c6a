"""What programs ask: the prefix list, the exports, a sender ID; and the whole application of a gateway for names."""

import asyncio
import base64
import hashlib
import logging
from typing import Any, NamedTuple

import msgspec
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from lintas.gateway.names import blocked, check
from lintas.gateway.names.book import Shelf
from lintas.gateway.names.feed import Feed
from lintas.gateway.names.pace import Paced
from lintas.gateway.names.search import KEEP_SECONDS, PATH, Search
from lintas.http.routing import Call, Route, routes_to_app
from lintas.model.errors import NotFound
from lintas.model.places import jurisdiction
from lintas.telco.names import exports
from lintas.telco.names.senders import PRESETS, SenderVerdict, preset

_log = logging.getLogger("lintas.gateway")

#: The one list: every blocked URL and domain, by the first four bytes of its hash.
LIST = "lintas-4b"
_REFRESH_SECONDS = 1.0
_BYTES = "application/octet-stream"


class HashListMetadata(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What kind of list it is, as Safe Browsing v5 says it."""

    threat_types: tuple[str, ...]
    description: str
    hash_length: str


class HashList(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One list of prefixes; ``version`` is the SHA-256 of its bytes, in base64."""

    name: str
    version: bytes
    entries_count: int
    metadata: HashListMetadata


class HashLists(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The lists that there are."""

    hash_lists: tuple[HashList, ...]


class Services(NamedTuple):
    """What the routes need: a shelf with the newest book."""

    names: Shelf


async def hash_lists(call: Call[Any]) -> HashLists:
    """Name the lists of prefixes."""
    hashes = call.services.names.book.hashes
    metadata = HashListMetadata(
        threat_types=("SOCIAL_ENGINEERING", "MALWARE"),
        description="First four bytes of SHA-256 of each blocked URL and domain, sorted, big-endian, uncompressed",
        hash_length="FOUR_BYTES",
    )
    count = len(hashes.prefix_list) // 4
    return HashLists(hash_lists=(HashList(name=LIST, version=hashes.version, entries_count=count, metadata=metadata),))


async def hash_list(call: Call[Any]) -> Response:
    """Give a list of prefixes; 304 to who has this version."""
    if call.path["name"] != LIST:
        raise NotFound("there is no such list", f"ask for {LIST}")
    hashes = call.services.names.book.hashes
    return _cached(call, hashes.prefix_list, _BYTES, hashes.version)


async def export(call: Call[Any]) -> Response:
    """Give an export; 304 to who has this version."""
    format = call.path["format"]
    media = exports.of(format).media
    body: bytes = await asyncio.to_thread(call.services.names.book.file, format)
    return _cached(call, body, media, hashlib.sha256(body).digest())


async def sender(call: Call[Any]) -> SenderVerdict:
    """Say what to do with a message under a sender ID."""
    shelf: Shelf = call.services.names
    place = jurisdiction(call.query.get("jurisdiction", "")).lower()
    chosen = preset(call.query.get("preset", "sg"))
    aggregator = call.query.get("aggregator", "")
    return shelf.book.registry.check(call.path["sender"], place, chosen, shelf.now(), aggregator)


async def block(call: Call[Any]) -> Response:
    """Show the page of a block by its redress id."""
    shelf: Shelf = call.services.names
    said = blocked.speaks(call.query, call.request.headers.get("accept-language", ""))
    entry = shelf.book.by_id(call.query.get("id", ""), shelf.now())
    return blocked.none_such(said) if entry is None else blocked.answer(shelf, entry, said)


def _cached(call: Call[Any], body: bytes, media: str, version: bytes) -> Response:
    """Answer with an entity tag (RFC 9110, section 13.1.2); never compressed, for the tag is of these bytes."""
    tag = f'"{base64.urlsafe_b64encode(version[:18]).decode("ascii")}"'
    headers = {"etag": tag, "cache-control": f"public, max-age={KEEP_SECONDS}"}
    known = {one.strip().removeprefix("W/") for one in call.request.headers.get("if-none-match", "").split(",")}
    if tag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=media)


_FORMATS = ", ".join(exports.FORMATS)
ROUTES = (
    Route(
        "GET",
        "/",
        check.check,
        public=True,
        summary="Show the page that checks a link",
        query={"lang": "en, ms or th"},
        gives="text/html",
        documented=False,
    ),
    check.BUILT.route(),
    Route(
        "GET", "/telco/v1/hashLists", hash_lists, answer=HashLists, public=True, summary="Name the lists of prefixes"
    ),
    Route(
        "GET",
        "/telco/v1/hashList/{name}",
        hash_list,
        public=True,
        summary="Get a list of prefixes",
        gives=_BYTES,
    ),
    Route(
        "GET",
        "/telco/v1/exports/{format}",
        export,
        public=True,
        summary=f"Get the blocked names for a resolver or filter: {_FORMATS}",
        gives=("text/dns", "text/plain"),
    ),
    Route(
        "GET",
        "/telco/v1/senders/{sender:path}",
        sender,
        answer=SenderVerdict,
        public=True,
        summary="Say what to do with a message under a sender ID",
        query={
            "jurisdiction": "where the message arrives, such as xa",
            "preset": f"whose policy: {', '.join(PRESETS)}",
            "aggregator": "who brought it, as registrations name them; empty for unknown",
        },
    ),
    Route(
        "GET",
        "/blocked",
        block,
        public=True,
        summary="Show the page of a block",
        query={"id": "the redress id", "lang": "en, ms or th"},
        gives="text/html",
        documented=False,
    ),
)


def names_app(shelf: Shelf) -> ASGIApp:
    """Build the application of a gateway for names: the hash check, the routes above, and block pages, all of it paced."""
    search = Search(shelf)
    routes = routes_to_app(ROUTES, Services(shelf), lambda _token: None)

    async def front(scope: Scope, receive: Receive, send: Send) -> None:
        await (search if scope["type"] == "http" and scope["path"] == PATH else behind)(scope, receive, send)

    behind = blocked.BlockedHosts(shelf, routes)
    return Paced(front)


async def keep_fresh(shelf: Shelf, *feeds: Feed) -> None:
    """Look each second whether there are newer lists, until cancelled; they are fetched and built in a thread."""
    steps = (*(feed.fetch for feed in feeds), shelf.refresh)
    while True:
        await asyncio.sleep(_REFRESH_SECONDS)
        for step in steps:
            try:
                await asyncio.to_thread(step)
            # Whatever goes wrong once, what is taken back later must still come.
            except Exception as fault:  # noqa: BLE001
                _log.error("the lists of names could not be kept fresh", extra={"why": type(fault).__name__})
