"""The peers' door over mutual TLS: it takes envelopes and gives a peer its own; who knocks is known by certificate."""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as Address

from lintas.api.calls_abroad import MAX_QUESTION, cli_answer
from lintas.border.service import Replay
from lintas.exchange.read_report import MAX_REPORT
from lintas.exchange.service import LANES
from lintas.http import bodies, problems
from lintas.http.routing import Call, Route, seconds_to_wait
from lintas.model.errors import BadInput, NotSignedIn
from lintas.model.messages import Lane
from lintas.node.delivery import ENVELOPE, PROBLEM, RECEIPT, NotTaken
from lintas.node.monitoring import READS, HeardReads, Hearsay
from lintas.node.runtime import Runtime
from lintas.telco.records import CliQuestion
from lintas.trust.certificates import fingerprint_of_der
from lintas.trust.envelope import MAX_WIRE
from lintas.trust.receipt import MAX_RECEIPT

DIGEST = "application/vnd.lintas.digest"


def exchange_app(runtime: Runtime) -> Starlette:
    """Build the application of the peers' door.

    ``POST /exchange/v1/envelopes`` answers 200 with a signed receipt, 409 with the original receipt for an envelope that came
    before, or a problem document that names the reason.

    ``GET /exchange/v1/envelopes?lane=urgent&wait=25`` gives a peer that cannot be dialled the oldest envelope for it, 204 when
    none came in time; ``POST /exchange/v1/receipts`` takes its receipt, or its refusal of what it was given.

    ``GET /exchange/v1/charter?after=N`` answers the charter that follows version N, as its members endorsed it, or 204 when
    this node knows of none; ``GET /exchange/v1/checkpoints`` what this member has seen of every log;
    ``GET /exchange/v1/digest?day=YYYY-MM-DD`` its signed digest of a finished day with the member that asks;
    ``GET /exchange/v1/reads?after=0-0`` its signed report of who read here what the member that asks sent. A member that
    cannot be dialled brings its own: ``GET /exchange/v1/reads/heard`` says from where, ``POST /exchange/v1/reads`` takes it.

    ``POST /exchange/v1/cli-check`` answers whether a call that shows a number of this jurisdiction may be real: ``CliQuestion``
    to ``CliAnswer``, as our table lets that member know.

    A severed peer is refused everywhere.
    """

    async def envelopes(request: Request) -> Response:
        try:
            sender = _sender(request, runtime)
            bodies.media_of(request, (ENVELOPE,))
            wire = await bodies.read(request, MAX_WIRE)
            return Response(await runtime.receive(wire, sender), media_type=RECEIPT)
        except Replay as replay:
            return Response(replay.receipt, 409, media_type=RECEIPT, headers={"lintas-reason": replay.reason})
        # Whatever goes wrong becomes a problem document here; the peer learns the reason, never an inside.
        except (Exception, asyncio.CancelledError) as wrong:  # noqa: BLE001
            return problems.respond(request, wrong)

    async def charter(request: Request, _peer: str) -> Response:
        after = _version(request.query_params.get("after", ""))
        document = await runtime.read(lambda tx: runtime.node.exchange.successor(tx, after))
        return Response(document, 200 if document else 204, media_type="text/plain; charset=utf-8")

    async def checkpoints(_request: Request, _peer: str) -> Response:
        me = runtime.node.parts.identity.authority
        seen = await runtime.read(lambda tx: Hearsay(*runtime.node.watch.to_tell(tx, me)))
        return Response(msgspec.json.encode(seen), media_type=bodies.JSON)

    async def digest(request: Request, sender: str) -> Response:
        day = request.query_params.get("day", "")
        signed = await runtime.read(lambda tx: runtime.node.days.digest(tx, sender, day))
        return Response(signed, media_type=DIGEST)

    async def reads(request: Request, sender: str) -> Response:
        after = request.query_params.get("after", "")
        signed = await runtime.read(lambda tx: runtime.node.reads_abroad.report(tx, sender, after))
        return Response(signed, media_type=READS)

    async def heard(_request: Request, sender: str) -> Response:
        after = await runtime.read(lambda tx: runtime.node.reads_abroad.cursor(tx, sender))
        return Response(msgspec.json.encode(HeardReads(after)), media_type=bodies.JSON)

    async def take_reads(request: Request, sender: str) -> Response:
        bodies.media_of(request, (READS,))
        await runtime.take_reads(sender, await bodies.read(request, MAX_REPORT))
        return Response(status_code=204)

    async def cli_check(request: Request, peer: str) -> Response:
        question = bodies.decode_json(await bodies.read(request, MAX_QUESTION), CliQuestion)
        return cli_answer(await runtime.node.calls_abroad.answer(question, peer))

    async def fetch(request: Request, peer: str) -> Response:
        wire = await runtime.give(peer, _lane(request), seconds_to_wait(request.query_params))
        return Response(status_code=204) if wire is None else Response(wire, media_type=ENVELOPE)

    async def receipts(request: Request, peer: str) -> Response:
        media = bodies.media_of(request, (RECEIPT, PROBLEM))
        body = await bodies.read(request, MAX_RECEIPT)
        if media == RECEIPT:
            await runtime.delivery.take_receipt(body, sender=peer)
        else:
            await runtime.delivery.not_taken(peer, bodies.decode_json(body, NotTaken))
        return Response(status_code=204)

    return Starlette(
        routes=[
            Address("/exchange/v1/envelopes", envelopes, methods=["POST"]),
            Address("/exchange/v1/envelopes", _unless_severed(runtime, fetch), methods=["GET"]),
            Address("/exchange/v1/receipts", _unless_severed(runtime, receipts), methods=["POST"]),
            Address("/exchange/v1/charter", _unless_severed(runtime, charter), methods=["GET"]),
            Address("/exchange/v1/checkpoints", _unless_severed(runtime, checkpoints), methods=["GET"]),
            Address("/exchange/v1/digest", _unless_severed(runtime, digest), methods=["GET"]),
            Address("/exchange/v1/reads", _unless_severed(runtime, reads), methods=["GET"]),
            Address("/exchange/v1/reads", _unless_severed(runtime, take_reads), methods=["POST"]),
            Address("/exchange/v1/cli-check", _unless_severed(runtime, cli_check), methods=["POST"]),
            Address("/exchange/v1/reads/heard", _unless_severed(runtime, heard), methods=["GET"]),
        ]
    )


def _unless_severed(
    runtime: Runtime, act: Callable[[Request, str], Awaitable[Response]]
) -> Callable[[Request], Awaitable[Response]]:
    """Return the endpoint by which a peer that is not severed is served; whatever goes wrong becomes a problem document."""

    async def endpoint(request: Request) -> Response:
        try:
            peer = _sender(request, runtime)
            await runtime.check_not_severed(peer)
            return await act(request, peer)
        # The peer learns the reason, never an inside.
        except (Exception, asyncio.CancelledError) as wrong:  # noqa: BLE001
            return problems.respond(request, wrong)

    return endpoint


def _lane(request: Request) -> Lane:
    asked = request.query_params.get("lane", "")
    for lane in LANES:
        if asked == lane:
            return lane
    raise BadInput(f"{asked[:20]!r} is no lane", f"name one of {', '.join(LANES)}", where="query lane")


def _version(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise BadInput("this is no version of a charter", "write e.g. after=1", where="query after")
    return int(text)


class SentEnvelope(msgspec.Struct, frozen=True):
    """One envelope as it was sent: its place in its lane, the hash of its header, and whether a receipt came."""

    envelope: str
    peer: str
    lane: str
    epoch: int
    seq: int
    header_sha256: str
    receipted: bool


async def list_sent(call: Call[Runtime]) -> list[SentEnvelope]:
    """Return the envelopes sent, newest first."""
    return [SentEnvelope(*sent) for sent in await call.services.read(call.services.node.exchange.sent)]


async def show_sent(call: Call[Runtime]) -> Response:
    """Return one envelope byte for byte; only its recipient can open it."""
    envelope = call.path["envelope"]
    wire = await call.services.read(lambda tx: call.services.node.exchange.wire(tx, envelope))
    return Response(wire, media_type=ENVELOPE)


AUDITORS = frozenset({"auditor", "administrator"})
ROUTES = [
    Route(
        "GET",
        "/api/v1/exchange/sent",
        list_sent,
        answer=list[SentEnvelope],
        roles=AUDITORS,
        summary="List envelopes sent",
    ),
    Route(
        "GET",
        "/api/v1/exchange/sent/{envelope}",
        show_sent,
        roles=AUDITORS,
        summary="One envelope as it was sent",
        gives=ENVELOPE,
    ),
]


def _sender(request: Request, runtime: Runtime) -> str:
    der: bytes | None = getattr(request.state, "peer_certificate", None)
    if der is None:
        raise NotSignedIn("no client certificate came with this connection", "connect with the one in the charter")
    charter = runtime.node.parts.directory.charter
    return charter.member_by_certificate(fingerprint_of_der(der)).authority
