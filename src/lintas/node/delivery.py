"""Carries envelopes between peers over mutual TLS, in order, with growing pauses: pushed, or pulled by who has no door.

Either way the envelope's bytes, the checks and the receipt are the same; only who dials differs.
"""

import asyncio
import functools
import logging
import math
import ssl
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Annotated, Protocol, TypeVar

import httpx
import msgspec
from sqlalchemy import Connection

from lintas.border.service import Replay
from lintas.exchange.service import LANES, Exchange
from lintas.model.errors import LintasError, Refused, Unavailable
from lintas.model.messages import Lane
from lintas.node.config import Home
from lintas.node.home import TLS_CERTIFICATE, TLS_KEY
from lintas.node.tls import trusting
from lintas.trust.charter import Member
from lintas.trust.envelope import MAX_WIRE, Hash, header_sha256
from lintas.trust.keys import UNREADABLE
from lintas.trust.receipt import MAX_RECEIPT

log = logging.getLogger("lintas.node")

ENVELOPE = "application/vnd.lintas.envelope"
RECEIPT = "application/vnd.lintas.receipt"
PROBLEM = "application/problem+json"
#: Between attempts to reach a peer that does not answer, seconds.
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 30.0
TIMEOUT_SECONDS = 10.0
#: How long a peer is asked to wait for the next envelope before it says that there is none, seconds.
WAIT_SECONDS = 25
#: A peer that says sooner than this that there is nothing did not wait; it is asked again with growing pauses.
HARDLY_WAITED = 1.0
#: Reasons of a peer that counts our envelopes otherwise than we do.
PLACE_LOST = frozenset({"seq_taken", "old_epoch", "gap", "broken_chain"})
#: Between two new epochs with one peer on one lane, seconds: at first, and at most after it happened again and again.
BETWEEN_EPOCHS, LONGEST_BETWEEN_EPOCHS = 5.0, 600.0

T = TypeVar("T")


class _Problem(msgspec.Struct):
    """What is read of a peer's problem document."""

    reason: str = ""


class NotTaken(msgspec.Struct, frozen=True):
    """What a peer that fetched an envelope says when it cannot take it: which one by its header, and why."""

    header_sha256: Hash
    reason: Annotated[str, msgspec.Meta(max_length=80)]


class Running(Protocol):
    """What delivery needs of the running node: its writer, the way in, and to be told of commits."""

    @property
    def changed(self) -> asyncio.Event:
        """Return the event that the next commit sets."""
        ...

    async def write(self, use_case: Callable[[Connection], T]) -> T:
        """Run a use case; return after its commit."""
        ...

    async def receive(self, wire: bytes, sender: str) -> bytes:
        """Admit an envelope of this sender and return the receipt; Refused when it is not taken."""
        ...


#: One step of work with a peer on a lane.
Way = Callable[[httpx.AsyncClient, Member, Lane], Awaitable[None]]


class Delivery:
    """The senders of one node, and its pullers where it fetches."""

    def __init__(self, home: Home, exchange: Exchange, node: Running) -> None:
        self._home, self._exchange, self._node = home, exchange, node
        #: When the last new epoch began, and how long from then on none begins.
        self._begun: dict[tuple[str, Lane], tuple[float, float]] = {}
        self._turns: defaultdict[tuple[str, Lane], asyncio.Lock] = defaultdict(asyncio.Lock)

    def work(self, peers: list[Member]) -> list[Callable[[], Awaitable[None]]]:
        """Return the background work: a sender a lane for each peer that can be dialled, and a puller where this node pulls."""
        ways = (self._send_next, self._fetch_one) if self._home.config.pull else (self._send_next,)
        dialled = [peer for peer in peers if peer.exchange_url]
        return [functools.partial(self._keep_on, way, peer, lane) for peer in dialled for lane in LANES for way in ways]

    async def _keep_on(self, way: Way, peer: Member, lane: Lane) -> None:
        """Go one way with one peer on one lane, for ever; after a failure wait, and longer after the next."""
        pause = FIRST_PAUSE
        async with httpx.AsyncClient(
            verify=to_peer(self._home, peer.tls_certificate), timeout=TIMEOUT_SECONDS
        ) as client:
            while True:
                try:
                    await way(client, peer, lane)
                except (httpx.HTTPError, TimeoutError, LintasError) as wrong:
                    why = {"peer": peer.authority, "lane": lane, "why": type(wrong).__name__}
                    log.warning("delivery failed", extra=why)
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, LONGEST_PAUSE)
                else:
                    pause = FIRST_PAUSE

    # ---- push

    async def _send_next(self, client: httpx.AsyncClient, peer: Member, lane: Lane) -> None:
        """Send the oldest envelope that waits, or wait for one."""
        changed = self._node.changed
        if not await self._send_one(client, peer, lane):
            await changed.wait()

    async def _send_one(self, client: httpx.AsyncClient, peer: Member, lane: Lane) -> bool:
        wire = await self.due(peer.authority, lane)
        if wire is None:
            return False
        address = f"{peer.exchange_url}/exchange/v1/envelopes"
        headers = {"content-type": ENVELOPE, "accept-encoding": "identity"}
        async with client.stream("POST", address, content=wire, headers=headers) as answer:
            body = await read_answer(answer, MAX_RECEIPT)
        if answer.headers.get("content-type") != RECEIPT:
            if await self._begin_anew(peer.authority, lane, _reason(body)):
                return True
            raise Unavailable(f"{peer.authority} answered {answer.status_code} without a receipt", "it is sent again")
        await self.take_receipt(body)
        return True

    # ---- what both ways share, and the door for peers that fetch

    async def due(self, peer: str, lane: Lane) -> bytes | None:
        """Return the oldest envelope that waits for a peer on a lane, sealed now if need be; None when there is none."""
        # A peer may be dialled and fetch at the same time: two must not seal for the same place.
        async with self._turns[peer, lane]:
            due = await asyncio.to_thread(self._exchange.to_send, peer, lane)
            return due if due is None or isinstance(due, bytes) else await self._node.write(due)

    async def take_receipt(self, wire: bytes, *, sender: str | None = None) -> None:
        """Take a receipt that came as an answer, or that ``sender`` brought for what it fetched."""
        receipt = self._exchange.check_receipt(wire, sender=sender)
        await self._node.write(lambda tx: self._exchange.take_receipt(tx, receipt, wire))

    async def not_taken(self, peer: str, said: NotTaken) -> None:
        """Hear that a peer could not take an envelope that it fetched: the same as such an answer to a push."""
        lane = await self._node.write(lambda tx: self._exchange.refused(tx, peer, said.header_sha256))
        if lane is not None and not await self._begin_anew(peer, lane, said.reason):
            log.warning("a peer does not take what it fetched", extra={"peer": peer, "lane": lane, "why": said.reason})

    async def _begin_anew(self, peer: str, lane: Lane, reason: str) -> bool:
        """Begin a new epoch with a peer that says our places are taken; not often, since a peer may say so for ever.

        It happens when somebody else wrote with our key, and when a database of either side was restored.
        """
        channel, now = (peer, lane), time.monotonic()
        begun, pause = self._begun.get(channel, (-math.inf, 0.0))
        if reason not in PLACE_LOST or now - begun < pause:
            return False
        lately = now - begun < LONGEST_BETWEEN_EPOCHS
        self._begun[channel] = now, min(8 * pause, LONGEST_BETWEEN_EPOCHS) if lately else BETWEEN_EPOCHS
        async with self._turns[channel]:
            seal = functools.partial(self._exchange.to_send, peer, lane, anew=True)
            anew = await asyncio.to_thread(seal)
            if anew is None or isinstance(anew, bytes):
                return False
            await self._node.write(anew)
        log.warning("a new epoch begins", extra={"peer": peer, "lane": lane, "why": reason})
        return True

    # ---- pull

    async def _fetch_one(self, client: httpx.AsyncClient, peer: Member, lane: Lane) -> None:
        """Ask a peer for its oldest envelope for us, take it like one that was pushed, and bring the receipt.

        Whatever fails on the way, the same envelope comes again, and what was admitted is answered by its first receipt.
        """
        asked = time.monotonic()
        wire = await self._ask(client, peer, lane)
        if wire is None:
            if time.monotonic() - asked < HARDLY_WAITED:
                raise Unavailable(
                    f"{peer.authority} does not wait for what comes", "it is asked again, later each time"
                )
            return
        try:
            receipt = await self._node.receive(wire, peer.authority)
        except Replay as replay:
            receipt = replay.receipt
        except Refused as wrong:
            said = NotTaken(header_sha256(wire), wrong.reason[:80])
            await self._bring(client, peer, PROBLEM, msgspec.json.encode(said))
            raise
        await self._bring(client, peer, RECEIPT, receipt)

    async def _ask(self, client: httpx.AsyncClient, peer: Member, lane: Lane) -> bytes | None:
        address = f"{peer.exchange_url}/exchange/v1/envelopes?lane={lane}&wait={WAIT_SECONDS}"
        patience = httpx.Timeout(TIMEOUT_SECONDS, read=WAIT_SECONDS + TIMEOUT_SECONDS)
        async with (
            asyncio.timeout(3 * WAIT_SECONDS),
            client.stream("GET", address, headers={"accept-encoding": "identity"}, timeout=patience) as answer,
        ):
            body = await read_answer(answer, MAX_WIRE)
        if answer.status_code == httpx.codes.NO_CONTENT:
            return None
        if answer.headers.get("content-type") != ENVELOPE:
            raise Unavailable(
                f"{peer.authority} answered {answer.status_code} without an envelope", "it is asked again"
            )
        return body

    async def _bring(self, client: httpx.AsyncClient, peer: Member, media: str, body: bytes) -> None:
        address = f"{peer.exchange_url}/exchange/v1/receipts"
        headers = {"content-type": media, "accept-encoding": "identity"}
        async with client.stream("POST", address, content=body, headers=headers) as answer:
            await read_answer(answer, MAX_RECEIPT)
        if answer.status_code != httpx.codes.NO_CONTENT:
            raise Unavailable(f"{peer.authority} answered {answer.status_code} to a receipt", "it is brought again")


def to_peer(home: Home, certificate_pem: str) -> ssl.SSLContext:
    """Return the context for a peer's door: exactly its certificate is trusted, and this node's own is shown."""
    context = trusting(certificate_pem)
    context.load_cert_chain(home.key(TLS_CERTIFICATE), home.key(TLS_KEY))
    return context


async def read_answer(answer: httpx.Response, limit: int) -> bytes:
    """Read a peer's answer as it comes, never unpacked; Unavailable as soon as it has more than ``limit`` bytes."""
    read = bytearray()
    async for part in answer.aiter_raw():
        read += part
        if len(read) > limit:
            raise Unavailable(f"an answer of more than {limit:,} bytes", "it is not read to its end")
    return bytes(read)


def _reason(body: bytes) -> str:
    """Return the reason that a problem document names, "" for whatever is none."""
    try:
        return msgspec.json.decode(body, type=_Problem).reason
    except UNREADABLE:
        return ""
