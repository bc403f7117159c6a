"""Runs a node: hands events on, delivers envelopes over mutual TLS, publishes checkpoints, wakes those who wait."""

import asyncio
import contextlib
import functools
import logging
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

import httpx
from sqlalchemy import Connection

from lintas.exchange.service import LANES
from lintas.ledger import publish, witness
from lintas.ledger.checkpoint import parse_checkpoint
from lintas.ledger.publish import CHECKPOINT
from lintas.model.errors import BadInput, CheckFailed, LintasError, Refused, Unavailable
from lintas.model.messages import Lane
from lintas.node.assembly import Node
from lintas.node.config import Home
from lintas.node.home import TLS_CERTIFICATE, TLS_KEY
from lintas.node.tls import trusting
from lintas.storage.engine import Transaction, reading
from lintas.storage.writer import Writer
from lintas.trust.charter import Member
from lintas.trust.note import parse, parse_vkey

log = logging.getLogger("lintas.node")

ENVELOPE = "application/vnd.lintas.envelope"
RECEIPT = "application/vnd.lintas.receipt"
#: Back-off between attempts to reach a peer that does not answer, seconds.
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 30.0
#: Before a background task that failed begins again, seconds.
RESTART_SECONDS = 1.0

T = TypeVar("T")


class Runtime:
    """One running node: its writer, its background tasks, and the reads and writes that the faces ask for."""

    def __init__(self, home: Home, node: Node) -> None:
        self.home, self.node = home, node
        self.started = time.monotonic()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._changed = asyncio.Event()
        self.writer = Writer(node.parts.engine, on_commit=self._committed)
        self._published = asyncio.Lock()

    # ---- for the faces

    async def read(self, question: Callable[[Transaction], T]) -> T:
        """Answer a question from a read-only snapshot, off the event loop."""

        def ask() -> T:
            with reading(self.node.parts.engine) as tx:
                return question(tx)

        return await asyncio.to_thread(ask)

    async def write(self, use_case: Callable[[Connection], T]) -> T:
        """Run a use case through the writer; returns after its commit."""
        return await self.writer.run(use_case)

    async def until(self, question: Callable[[Transaction], T], seconds: float) -> T:
        """Ask again after each commit until the answer is truthy or the time is over (a long poll)."""
        deadline = time.monotonic() + seconds
        while True:
            changed = self._changed
            answer = await self.read(question)
            left = deadline - time.monotonic()
            if answer or left <= 0:
                return answer
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), left)

    # ---- life

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the background tasks; on leaving, stop them and commit what is queued.

        Refused ("rollback") when a witness that answers has seen more of this node's ledger than is here.
        """
        self._loop = asyncio.get_running_loop()
        warm = asyncio.create_task(asyncio.to_thread(self.node.intake.warm))
        try:
            await self.publish()
        except httpx.HTTPError as wrong:
            log.warning("checkpoint failed", extra={"why": type(wrong).__name__})
        await warm
        peers = self.node.parts.directory.peers(self.node.parts.identity.authority)
        work = [self._pump, self._beat]
        work += [functools.partial(self._deliver, peer, lane) for peer in peers for lane in LANES]
        tasks = [asyncio.create_task(self._for_ever(each)) for each in work]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.to_thread(self.writer.close)

    def _committed(self) -> None:
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop may close while the last batch commits
                self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        # Whoever waits holds the old event; whoever comes later waits for the next commit.
        waiting, self._changed = self._changed, asyncio.Event()
        waiting.set()

    async def _for_ever(self, work: Callable[[], Awaitable[None]]) -> None:
        """Keep one background task alive: whatever stops it is logged, and it begins again."""
        while True:
            try:
                await work()
            # The kind of fault is unknown here by definition; a node that silently stops delivering is worse.
            except Exception as fault:  # noqa: BLE001
                log.error("background work failed", extra={"why": type(fault).__name__})
            await asyncio.sleep(RESTART_SECONDS)

    async def _pump(self) -> None:
        while True:
            changed = self._changed
            handled = await asyncio.to_thread(self.node.bus.pump, self.node.parts.engine, self.writer)
            if not handled:
                await changed.wait()

    # ---- delivery

    async def _deliver(self, peer: Member, lane: Lane) -> None:
        """Send what is due to one peer on one lane, in order, for ever; pauses grow while the peer does not answer."""
        pause = FIRST_PAUSE
        async with httpx.AsyncClient(verify=self._to_peer(peer), timeout=10.0) as client:
            while True:
                changed = self._changed
                try:
                    sent = await self._send_one(client, peer, lane)
                except (httpx.HTTPError, LintasError) as wrong:
                    log.warning(
                        "delivery failed", extra={"peer": peer.authority, "lane": lane, "why": type(wrong).__name__}
                    )
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, LONGEST_PAUSE)
                    continue
                pause = FIRST_PAUSE
                if not sent:
                    await changed.wait()

    async def _send_one(self, client: httpx.AsyncClient, peer: Member, lane: Lane) -> bool:
        due = await asyncio.to_thread(self.node.exchange.to_send, peer.authority, lane)
        if due is None:
            return False
        wire = due if isinstance(due, bytes) else await self.write(due)
        answer = await client.post(
            f"{peer.exchange_url}/exchange/v1/envelopes", content=wire, headers={"content-type": ENVELOPE}
        )
        if answer.headers.get("content-type") != RECEIPT:
            raise Unavailable(f"{peer.authority} answered {answer.status_code} without a receipt", "it is sent again")
        receipt = self.node.exchange.check_receipt(answer.content)
        await self.write(lambda tx: self.node.exchange.take_receipt(tx, receipt, answer.content))
        return True

    def _to_peer(self, peer: Member) -> ssl.SSLContext:
        context = trusting(peer.tls_certificate)
        context.load_cert_chain(self.home.key(TLS_CERTIFICATE), self.home.key(TLS_KEY))
        return context

    async def receive(self, wire: bytes, sender: str) -> bytes:
        """Open and admit an envelope that ``sender`` delivered; returns the receipt, or raises Refused after recording it."""
        exchange = self.node.exchange
        try:
            opened = await asyncio.to_thread(exchange.open, wire, sender=sender)
            return await self.write(lambda tx: exchange.admit(tx, opened))
        except Refused as wrong:
            refusal = wrong
            await self.write(lambda tx: exchange.note_refusal(tx, wire, sender, refusal))
            raise

    # ---- checkpoints

    async def _beat(self) -> None:
        while True:
            try:
                await self.publish()
            except Refused as wrong:
                # A witness has seen more of this ledger than is here: appending would fork it.
                log.error("the node writes nothing more", extra={"why": wrong.reason})
                self.writer.halt(wrong)
                return
            except (httpx.HTTPError, LintasError) as wrong:
                log.warning("checkpoint failed", extra={"why": type(wrong).__name__})
            await self.write(self.node.border.erase_expired)
            await asyncio.sleep(self.home.config.checkpoint_seconds)

    async def publish(self) -> int:
        """Sign a checkpoint, have the other members' witnesses cosign it, publish the files; returns the size.

        A witness that does not answer is left out: whether enough cosigned is for the verifier's policy to say.
        Refused ("rollback") when a witness has seen more entries than there are here.
        """
        async with self._published:
            signed = (await self.read(self.node.ledger.checkpoint)).render()
            me = self.node.parts.identity.authority
            for peer in self.node.parts.directory.peers(me):
                try:
                    signed = await self._cosign(peer, signed)
                # One witness that is away, or lies, costs its own cosignature only; a rollback is for everybody to hear.
                except (httpx.HTTPError, CheckFailed, BadInput) as wrong:
                    log.warning("no cosignature", extra={"peer": peer.authority, "why": type(wrong).__name__})
            directory = self.home.path(self.home.config.ledger)
            done = await self.read(lambda tx: publish.publish(tx, self.node.ledger, directory, signed))
            return done.size

    async def _cosign(self, peer: Member, signed: bytes) -> bytes:
        """Ask one witness; its 409 tells the size it saw last, from which the proof is then made."""
        size = parse_checkpoint(parse(signed).text).size
        old = self._last_size()
        async with httpx.AsyncClient(timeout=10.0) as client:
            for _ in range(2):
                body = await self.read(functools.partial(self._witness_request, signed, old))
                answer = await client.post(f"{peer.witness.url}/add-checkpoint", content=body)
                if answer.status_code == httpx.codes.OK:
                    return publish.merge_cosignatures(signed, answer.content, [parse_vkey(peer.witness.vkey)])
                if answer.status_code != httpx.codes.CONFLICT:
                    break
                old = witness.parse_size(answer.content)
                witness.refuse_rollback(size, old)
        log.warning("no cosignature", extra={"peer": peer.authority, "status": answer.status_code})
        return signed

    def _witness_request(self, signed: bytes, old: int, tx: Transaction) -> bytes:
        return publish.witness_request(self.node.ledger, tx, signed, old)

    def _last_size(self) -> int:
        path = self.home.path(self.home.config.ledger) / CHECKPOINT
        try:
            return parse_checkpoint(parse(path.read_bytes()).text).size
        except FileNotFoundError:
            return 0
