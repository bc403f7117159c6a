"""Runs a node: its writer, its background work, and the reads and writes that the faces ask for."""

import asyncio
import contextlib
import functools
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

import httpx
from sqlalchemy import Connection

from lintas.model.errors import LintasError, Refused
from lintas.model.messages import Lane
from lintas.model.times import SystemClock
from lintas.node.assembly import Node
from lintas.node.call_book import CallBook
from lintas.node.config import Home
from lintas.node.delivery import Delivery
from lintas.node.list_bases import ListBases
from lintas.node.monitoring import Monitoring
from lintas.node.pace import Pace
from lintas.node.publication import Publication, Published
from lintas.node.seeing import Seeing
from lintas.node.succession import Succession
from lintas.storage import once_store
from lintas.storage.engine import Transaction
from lintas.storage.writer import Writer
from lintas.trust.charter import Member

log = logging.getLogger("lintas.node")

#: Before a background task that failed begins again, seconds.
RESTART_SECONDS = 1.0
#: How soon the peers' door and delivery obey a standing that was changed on the database by another process, seconds.
WATCH_SECONDS = 1.0
#: How often what has ended is looked for, seconds.
CLOCK_SECONDS = 1.0

#: Where the base files for gateways lie, in the node's own directory.
LISTS = "lists"
#: Long polls of one peer at the peers' door that may wait at once: both lanes, and some that a lost connection left behind.
MOST_ASKING = 8

T = TypeVar("T")


class Runtime:
    """One running node."""

    def __init__(self, home: Home, node: Node, *, distrusted_witnesses: frozenset[str] = frozenset()) -> None:
        self.home, self.node = home, node
        self.started = time.monotonic()
        #: Set by the next commit; whoever waits holds this one, whoever comes later the one after.
        self.changed = asyncio.Event()
        #: Told of the certificates that the peers' door admits, whenever the charter or a peer's standing changes.
        self.on_peers: Callable[[bytes], None] = lambda _certificates: None
        self.writer = Writer(node.parts.engine, on_commit=self._committed)
        self._loop: asyncio.AbstractEventLoop | None = None
        self.delivery = Delivery(home, node.exchange, self)
        #: How often one address may ask under redress ids at which nothing is blocked.
        self.redress_pace = Pace(burst=30, per_minute=30)
        self.list_bases = ListBases(home.path(LISTS), node.parts.engine, node.lists.publishing)
        self._seeing = Seeing(node, self.writer.run)
        self._asking: Counter[str] = Counter()
        self._publication = Publication(home, node.ledger, node.parts.directory, self, distrusted_witnesses)
        self._succession = Succession(home, node.parts.directory, self.adopt)
        #: The members that nobody here has severed: the peers' door admits them, and they are sent to.
        self.peers: list[Member] = []
        self._renewing = asyncio.Lock()
        self._monitoring = Monitoring(home, node.watch, node.days, node.reads_abroad, node.parts.directory, self)
        self._calls = CallBook(home, node.calls_abroad, self.write)
        self._senders: list[asyncio.Task[None]] = []
        self._leaving = False

    # ---- for the faces

    async def read(self, question: Callable[[Transaction], T]) -> T:
        """Answer a question from a read-only snapshot, off the event loop; who reads what of peers' is noted first."""
        return await self._seeing.read(question)

    async def apart(self, work: Callable[..., T], *given: object) -> T:
        """Do what computes for a while off the event loop, which must go on answering others."""
        return await asyncio.to_thread(work, *given)

    async def write(self, use_case: Callable[[Connection], T]) -> T:
        """Run a use case through the writer; returns after its commit."""
        return await self._seeing.write(use_case)

    async def until(self, question: Callable[[Transaction], T], seconds: float) -> T:
        """Ask again after each commit until the answer is truthy or the time is over (a long poll)."""
        return await self._again(lambda: self.read(question), seconds)

    async def _again(self, ask: Callable[[], Awaitable[T]], seconds: float) -> T:
        deadline = time.monotonic() + seconds
        while True:
            changed = self.changed
            answer = await ask()
            left = deadline - time.monotonic()
            if answer or left <= 0 or self._leaving:
                return answer
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), left)

    def let_go(self) -> None:
        """Answer everybody who waits with what there is: the node is about to stop."""
        self._leaving = True
        self._wake()

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

    async def give(self, peer: str, lane: Lane, seconds: float) -> bytes | None:
        """Give a peer that fetches the oldest envelope that waits for it; None when none came in time.

        The calls of one peer that may wait at once are few: whoever asks more often gets the answer of the moment.
        """
        self._asking[peer] += 1
        try:
            patience = seconds if self._asking[peer] <= MOST_ASKING else 0.0
            return await self._again(lambda: self.delivery.due(peer, lane), patience)
        finally:
            self._asking[peer] -= 1

    async def publish(self) -> Published:
        """Publish the ledger now, cosigned by the witnesses that answer; says what is out now."""
        await self.seal_reads()
        return await self._publication.publish()

    async def take_reads(self, peer: str, wire: bytes) -> bool:
        """Keep what a peer reports to have been read there of ours; True when there is more. A refused report is on record."""
        return await self._monitoring.take_reads(peer, wire)

    async def seal_reads(self, *, all_counts: bool = False) -> None:
        """Commit the ledger to what was read since the last time."""
        reads = self.node.reads
        reads.sealed(await self.write(lambda tx: reads.seal(tx, all_counts=all_counts)))
        await self._calls.seal()

    async def look(self) -> None:
        """Look now at what the members' ledgers show, at what they say to have seen, and at finished days."""
        await self._monitoring.look()

    async def adopt(self, document: bytes) -> int:
        """Put a successor of the charter in force at once: at the peers' door, in delivery, in every check of a key."""
        version = await self.write(lambda tx: self.node.exchange.adopt(tx, document))
        await self._renew_peers(anew=True)
        return version

    async def check_not_severed(self, peer: str) -> None:
        """Refuse a peer that is severed, whatever it asks at its door."""
        await self.read(lambda tx: self.node.standings.check_not_severed(tx, peer))

    async def stand(self, use_case: Callable[[Connection], T]) -> T:
        """Change a peer's standing; when this returns, the peers' door and delivery obey it."""
        result = await self.write(use_case)
        await self._renew_peers()
        return result

    # ---- life

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the background work; on leaving, stop it and commit what is queued.

        Refused ("rollback") when a witness that answers has seen more of this node's ledger than is here.
        """
        self._loop = asyncio.get_running_loop()
        tasks: list[asyncio.Task[None]] = []
        try:
            warm = asyncio.create_task(asyncio.to_thread(self.node.intake.warm))
            await self._publication.publish(starting=True)
            await warm
            await self._renew_peers()
            ends = functools.partial(self._clock, self.node.endings.due, self.node.endings.close)
            lapses = functools.partial(self._clock, self.node.undo.lapsed, self.node.undo.lapse)
            late = functools.partial(self._clock, self.node.clocks.over, self.node.clocks.escalate)
            listed = functools.partial(self._clock, self.node.lists.due, self.node.lists.close)
            named = functools.partial(self._clock, self.node.senders.due, self.node.senders.close)
            owed = functools.partial(self._clock, self.node.redress.late, self.node.redress.escalate)
            works = (self._pump, self._beat, self._obey, ends, lapses, late, listed, named, owed, self._watch)
            tasks = [asyncio.create_task(self._for_ever(each)) for each in works]
            yield
        finally:
            await _stop([*tasks, *self._senders])
            with contextlib.suppress(LintasError):  # a database that refuses now has told so already
                await self.seal_reads(all_counts=True)
            await asyncio.to_thread(self.writer.close)

    async def _renew_peers(self, *, anew: bool = False) -> None:
        """Open the peers' door to those not severed, cut the others off, and send to these alone.

        Without ``anew`` nothing happens while they are the same: senders go on with what they do.
        """
        async with self._renewing:
            peers = await self.read(self._not_severed)
            if peers == self.peers and not anew:
                return
            self.peers = peers
            self.on_peers(certificates(peers))
            await _stop(self._senders)
            self._senders = [asyncio.create_task(self._for_ever(each)) for each in self.delivery.work(peers)]

    def _not_severed(self, tx: Transaction) -> list[Member]:
        members = self.node.parts.directory.peers(self.node.parts.identity.authority)
        return [member for member in members if self.node.standings.of(tx, member.authority) != "severed"]

    def _committed(self) -> None:
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop may close while the last batch commits
                self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        waiting, self.changed = self.changed, asyncio.Event()
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
            changed = self.changed
            handled = await asyncio.to_thread(self.node.bus.pump, self.node.parts.engine, self.writer)
            if not handled:
                await changed.wait()

    async def _obey(self) -> None:
        """Obey what the command line, a process of its own, decided about a peer; the border does so anyway, in each commit."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            await self._renew_peers()

    async def _clock(self, over: Callable[[Transaction], bool], end: Callable[[Transaction], None]) -> None:
        """Let end what is over; most looks find nothing, and write nothing."""
        while True:
            await asyncio.sleep(CLOCK_SECONDS)
            if await self.read(over):
                await self.write(end)

    async def _beat(self) -> None:
        while True:
            await self._succession.seek(self.peers)
            await asyncio.sleep(self.home.config.checkpoint_seconds)
            try:
                await self.publish()
            except (httpx.HTTPError, LintasError) as wrong:
                log.warning("checkpoint failed", extra={"why": type(wrong).__name__})
            await self.write(self._erase)

    def _erase(self, tx: Transaction) -> None:
        self.node.border.erase_expired(tx)
        once_store.erase(tx, SystemClock().now())

    async def _watch(self) -> None:
        # A beat of its own: a member that answers slowly must not hold up our checkpoints.
        while True:
            await asyncio.sleep(self.home.config.checkpoint_seconds)
            await self.look()


def certificates(members: list[Member]) -> bytes:
    """Return the members' TLS certificates, one after the other (PEM)."""
    return "".join(member.tls_certificate for member in members).encode()


async def _stop(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
