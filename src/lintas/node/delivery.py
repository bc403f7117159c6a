"""Delivers envelopes to peers over mutual TLS: one sender for each peer and lane, in order, with growing pauses."""

import asyncio
import functools
import logging
import math
import ssl
import time
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

import httpx
import msgspec
from sqlalchemy import Connection

from lintas.exchange.service import LANES, Exchange
from lintas.model.errors import LintasError, Unavailable
from lintas.model.messages import Lane
from lintas.node.config import Home
from lintas.node.home import TLS_CERTIFICATE, TLS_KEY
from lintas.node.tls import trusting
from lintas.trust.charter import Member
from lintas.trust.keys import UNREADABLE
from lintas.trust.receipt import MAX_RECEIPT

log = logging.getLogger("lintas.node")

ENVELOPE = "application/vnd.lintas.envelope"
RECEIPT = "application/vnd.lintas.receipt"
#: Between attempts to reach a peer that does not answer, seconds.
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 30.0
TIMEOUT_SECONDS = 10.0
#: Reasons of a peer that counts our envelopes otherwise than we do.
PLACE_LOST = frozenset({"seq_taken", "old_epoch", "gap", "broken_chain"})
#: Between two new epochs with one peer on one lane, seconds.
BETWEEN_EPOCHS = 600.0

T = TypeVar("T")


class _Problem(msgspec.Struct):
    """What is read of a peer's problem document."""

    reason: str = ""


class Wakes(Protocol):
    """What delivery needs of the running node: its writer, and to be told of commits."""

    @property
    def changed(self) -> asyncio.Event:
        """Return the event that the next commit sets."""
        ...

    async def write(self, use_case: Callable[[Connection], T]) -> T:
        """Run a use case; return after its commit."""
        ...


class Delivery:
    """The senders of one node."""

    def __init__(self, home: Home, exchange: Exchange, node: Wakes) -> None:
        self._home, self._exchange, self._node = home, exchange, node
        self._begun: dict[tuple[str, Lane], float] = {}

    def work(self, peers: list[Member]) -> list[Callable[[], Awaitable[None]]]:
        """Return the background work: one sender for each peer and lane."""
        return [functools.partial(self._deliver, peer, lane) for peer in peers for lane in LANES]

    async def _deliver(self, peer: Member, lane: Lane) -> None:
        """Send what is due to one peer on one lane, for ever."""
        pause = FIRST_PAUSE
        async with httpx.AsyncClient(
            verify=to_peer(self._home, peer.tls_certificate), timeout=TIMEOUT_SECONDS
        ) as client:
            while True:
                changed = self._node.changed
                try:
                    sent = await self._send_one(client, peer, lane)
                except (httpx.HTTPError, LintasError) as wrong:
                    why = {"peer": peer.authority, "lane": lane, "why": type(wrong).__name__}
                    log.warning("delivery failed", extra=why)
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, LONGEST_PAUSE)
                    continue
                pause = FIRST_PAUSE
                if not sent:
                    await changed.wait()

    async def _send_one(self, client: httpx.AsyncClient, peer: Member, lane: Lane) -> bool:
        due = await asyncio.to_thread(self._exchange.to_send, peer.authority, lane)
        if due is None:
            return False
        wire = due if isinstance(due, bytes) else await self._node.write(due)
        address = f"{peer.exchange_url}/exchange/v1/envelopes"
        headers = {"content-type": ENVELOPE, "accept-encoding": "identity"}
        async with client.stream("POST", address, content=wire, headers=headers) as answer:
            body = await read_answer(answer, MAX_RECEIPT)
        if answer.headers.get("content-type") != RECEIPT:
            if await self._begin_anew(peer, lane, _reason(body)):
                return True
            raise Unavailable(f"{peer.authority} answered {answer.status_code} without a receipt", "it is sent again")
        receipt = self._exchange.check_receipt(body)
        await self._node.write(lambda tx: self._exchange.take_receipt(tx, receipt, body))
        return True

    async def _begin_anew(self, peer: Member, lane: Lane, reason: str) -> bool:
        """Begin a new epoch with a peer that says our places are taken; not often, since a peer may say so for ever.

        It happens when somebody else wrote with our key, and when a database of either side was restored.
        """
        channel, now = (peer.authority, lane), time.monotonic()
        if reason not in PLACE_LOST or now - self._begun.get(channel, -math.inf) < BETWEEN_EPOCHS:
            return False
        self._begun[channel] = now
        seal = functools.partial(self._exchange.to_send, peer.authority, lane, anew=True)
        anew = await asyncio.to_thread(seal)
        if anew is None or isinstance(anew, bytes):
            return False
        await self._node.write(anew)
        log.warning("a new epoch begins", extra={"peer": peer.authority, "lane": lane, "why": reason})
        return True


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
