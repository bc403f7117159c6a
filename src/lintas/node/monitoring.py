"""Watches the other members on a beat: what their ledgers show, what they say to have seen, their digests and reads.

Whoever is asked may answer slowly, hugely or not at all: each gets a few seconds and so many bytes, and costs only itself.
"""

import asyncio
import contextlib
import functools
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Annotated, NamedTuple, Protocol, TypeVar

import httpx
import msgspec
from sqlalchemy import Connection

from lintas.exchange.days import Days
from lintas.exchange.digest import MAX_DIGEST
from lintas.exchange.directory import Directory
from lintas.exchange.read_report import MAX_REPORT, says_more
from lintas.exchange.reads_abroad import ReadsAbroad
from lintas.ledger.monitor import Comparison, Heard, Known, Weighed, believe, weigh
from lintas.ledger.publish import CHECKPOINT
from lintas.ledger.tiles import TileId
from lintas.ledger.verify import MAX_TILE
from lintas.ledger.watch import MAX_UNPROVEN, TOLD_FINDINGS, Look, Told, Watch, judge
from lintas.model.errors import LintasError, MalformedInput, Unavailable
from lintas.node.config import Home
from lintas.node.delivery import read_answer, to_peer
from lintas.node.tls import trusting
from lintas.storage.engine import Transaction
from lintas.trust import note
from lintas.trust.charter import Member
from lintas.trust.keys import UNREADABLE
from lintas.trust.note import VerifierKey, parse_vkey

log = logging.getLogger("lintas.node")

#: For everything that is asked of one member at one door in one look.
TIMEOUT_SECONDS = 5.0
#: Reports of reads that are taken of one member in one look; what is more comes with the next.
MAX_REPORTS = 4
#: The media type of a report of reads.
READS = "application/vnd.lintas.reads"
#: Of what a member says to have seen.
MAX_TOLD = 1024 * 1024
PLAIN_BYTES = {"accept-encoding": "identity"}
#: Whatever a member's address or answer makes go wrong; it is that member's, and the look goes on.
FAILURES = (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError, LintasError)

S = TypeVar("S")
T = TypeVar("T")


class Hearsay(msgspec.Struct, frozen=True):
    """What a member tells at the peers' door: the newest signed checkpoint it has seen of every log, and proofs of splits."""

    checkpoints: Annotated[list[str], msgspec.Meta(max_length=1000)]
    findings: Annotated[list[Told], msgspec.Meta(max_length=200)] = []


class HeardReads(msgspec.Struct, frozen=True):
    """Up to where a member has taken our reports of reads: the next one begins there."""

    after: Annotated[str, msgspec.Meta(max_length=40)]


class Works(Protocol):
    """What monitoring needs of the running node."""

    async def read(self, question: Callable[[Transaction], T]) -> T:
        """Answer a question from a snapshot."""
        ...

    async def write(self, use_case: Callable[[Connection], T]) -> T:
        """Run a use case; return after its commit."""
        ...


class Log(NamedTuple):
    """One member's log: whose, the key that signs for it, and where its files are."""

    member: Member
    key: VerifierKey

    @property
    def origin(self) -> str:
        """Return the log's name."""
        return self.key.name


class Visit(NamedTuple):
    """What one visit at a peer's door brought: what it says to have seen, and its digests by day."""

    seen: Hearsay | None
    digests: tuple[tuple[str, bytes], ...]


class Monitoring:
    """The watching of one node."""

    def __init__(
        self, home: Home, watch: Watch, days: Days, reads: ReadsAbroad, directory: Directory, node: Works
    ) -> None:
        self._home, self._watch, self._days, self._reads = home, watch, days, reads
        self._directory, self._node = directory, node
        self._me = home.config.authority
        self._turn = asyncio.Lock()

    async def look(self) -> None:
        """Look at every member once, all at the same time, and keep what came of it."""
        async with self._turn:
            logs = _logs(self._directory.charter.members)
            peers = self._directory.peers(self._me)
            known = await self._node.read(self._watch.known)
            visits, _ = await asyncio.gather(_each(peers, self._visit), _each(peers, self._exchange_reads))
            heard: dict[str, list[Heard]] = {}
            for peer, visit in visits:
                if visit.seen is not None:
                    await self._hear(peer.authority, visit.seen, logs, heard)
                for day, wire in visit.digests:
                    await self._take_day(peer.authority, day, wire)

            def look_at(one: Log) -> Awaitable[Look]:
                return self._look_at(one, known.get(one.origin, Known()), heard.get(one.origin, []))

            looks = [look for _, look in await _each(logs, look_at)]
            found = await self._node.write(lambda tx: sum(self._watch.note(tx, each) for each in looks))
            if found:
                log.error("a ledger shows different members different entries", extra={"count": found})

    # ---- the peers' door

    async def _visit(self, peer: Member) -> Visit:
        """Ask a peer what it has seen, and for its digests of the days that are to be compared."""
        seen, digests = None, []
        if not peer.exchange_url:
            return Visit(None, ())  # it has no door; it asks at ours
        due = await self._node.read(lambda tx: self._days.due(tx, peer.authority))
        try:
            client = httpx.AsyncClient(verify=to_peer(self._home, peer.tls_certificate))
            async with asyncio.timeout(TIMEOUT_SECONDS), client:
                seen = _read_seen(await _get(client, peer.exchange_url, "/exchange/v1/checkpoints", MAX_TOLD))
                for day in due:
                    wire = await _get(client, peer.exchange_url, f"/exchange/v1/digest?day={day}", MAX_DIGEST)
                    digests.append((day, wire or b""))
        except FAILURES as wrong:
            log.warning("a member was not compared with", extra={"peer": peer.authority, "why": type(wrong).__name__})
        return Visit(seen, tuple(digests))

    async def _hear(self, peer: str, said: Hearsay, logs: list[Log], heard: dict[str, list[Heard]]) -> None:
        """Believe of what a peer tells what the logs signed; the rest says nothing about anybody but the peer."""
        keys = {each.origin: each.key for each in logs}
        # Signatures are checked beside the event loop: a peer may send many.
        believed, proved = await asyncio.to_thread(_believed, said, keys, peer)
        for each in believed:
            heard.setdefault(each.seen.origin, []).append(each)
        found = await self._node.write(lambda tx: self._watch.take(tx, proved, keys, peer)) if proved else 0
        if found:
            log.error("a member proved that a ledger splits its view", extra={"peer": peer})

    async def _take_day(self, peer: str, day: str, wire: bytes) -> None:
        try:
            differing = await self._node.write(lambda tx: self._days.take(tx, peer, day, wire))
        except LintasError as wrong:
            log.warning("a digest was refused", extra={"peer": peer, "why": type(wrong).__name__})
            return
        if differing:
            log.warning("a day differs", extra={"peer": peer, "count": differing})

    async def _exchange_reads(self, peer: Member) -> None:
        """Hear who read at a peer what we sent it; where nobody can dial us, tell it who read here what it sent."""
        if not peer.exchange_url:
            return  # it has no door; it brings its report to ours
        try:
            client = httpx.AsyncClient(verify=to_peer(self._home, peer.tls_certificate))
            async with asyncio.timeout(TIMEOUT_SECONDS), client:
                await self._hear_reads(client, peer)
                if not self._directory.charter.member(self._me).exchange_url:
                    await self._bring_reads(client, peer)
        except FAILURES as wrong:
            log.warning("reads were not exchanged", extra={"peer": peer.authority, "why": type(wrong).__name__})

    async def _hear_reads(self, client: httpx.AsyncClient, peer: Member) -> None:
        """Take what a peer says to have been read of what we sent it, from where we heard last."""
        for _ in range(MAX_REPORTS):
            after = await self._node.read(lambda tx: self._reads.cursor(tx, peer.authority))
            wire = await _get(client, peer.exchange_url, f"/exchange/v1/reads?after={after}", MAX_REPORT)
            if wire is None:
                return  # of a version that reports none, which shows as a peer that never did
            with contextlib.suppress(LintasError):
                if await self.take_reads(peer.authority, wire):
                    continue
            return

    async def _bring_reads(self, client: httpx.AsyncClient, peer: Member) -> None:
        """Tell a peer what was read here of what it sent, from where it has heard."""
        for _ in range(MAX_REPORTS):
            said = await _get(client, peer.exchange_url, "/exchange/v1/reads/heard", MAX_TOLD)
            if said is None:
                return
            after = _read_heard(said)
            wire = await self._node.read(lambda tx, after=after: self._reads.report(tx, peer.authority, after))  # type: ignore[misc] # bound now
            headers = {"content-type": READS}
            async with client.stream(
                "POST", f"{peer.exchange_url}/exchange/v1/reads", content=wire, headers=headers
            ) as answer:
                taken = answer.status_code == httpx.codes.NO_CONTENT
            if not taken:
                log.warning("a report of reads was not taken", extra={"peer": peer.authority})
                return
            if not says_more(wire):
                return

    async def take_reads(self, peer: str, wire: bytes) -> bool:
        """Keep a report; True when there is more. One that is refused is put on record, and raises."""
        try:
            return await self._node.write(lambda tx: self._reads.take(tx, peer, wire))
        except LintasError as wrong:
            refusal = wrong
        await self._node.write(lambda tx: self._reads.refused(tx, peer, refusal))
        log.warning("a report of reads was refused", extra={"peer": peer, "why": type(refusal).__name__})
        raise refusal

    # ---- the logs

    async def _look_at(self, one: Log, known: Known, heard: list[Heard]) -> Look:
        """Fetch one log's checkpoint and the tiles that join it with all that was heard of it."""
        if one.member.authority == self._me:
            return await self._judge(one, known, heard, self._own_file)
        # As anybody, without our certificate: whoever would show us another ledger shall not be told who asks.
        try:
            client = httpx.AsyncClient(verify=trusting(one.member.tls_certificate))
        except LintasError as wrong:
            return Look(one.origin, str(one.key), Weighed(known), str(wrong))
        async with client:
            file = functools.partial(_get, client, f"{one.member.public_url}/ledger/")
            return await self._judge(one, known, heard, file)

    async def _judge(
        self, one: Log, known: Known, heard: list[Heard], file: Callable[[str, int], Awaitable[bytes | None]]
    ) -> Look:
        why, heard = "", list(heard)
        deadline = asyncio.get_running_loop().time() + TIMEOUT_SECONDS
        try:
            async with asyncio.timeout_at(deadline):
                shown = await file(CHECKPOINT, note.MAX_BYTES)
            if shown is None:
                raise Unavailable("there is no checkpoint", "ask the authority whether its node runs")
            heard.append(Heard(believe(shown, one.key), self._me))
        except FAILURES as wrong:
            why = str(wrong) if isinstance(wrong, LintasError) else f"not reached: {type(wrong).__name__}"
        weighing, tiles = weigh(known, heard, self._me), dict[TileId, bytes | None]()
        try:
            needed = next(weighing)
            while True:
                await _fetch([tile for tile in needed if tile not in tiles], tiles, file, deadline)
                needed = weighing.send(tiles)
        except StopIteration as done:
            weighed: Weighed = done.value
        return Look(one.origin, str(one.key), weighed, why)

    async def _own_file(self, path: str, limit: int) -> bytes | None:
        file = self._home.path(self._home.config.ledger) / path
        try:
            data = await asyncio.to_thread(file.read_bytes)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        return data if len(data) <= limit else None


async def _each(several: Sequence[S], work: Callable[[S], Awaitable[T]]) -> list[tuple[S, T]]:
    """Work on each at the same time; what fails in a way that nobody foresaw is logged and left out, and costs only itself."""
    done = await asyncio.gather(*(work(one) for one in several), return_exceptions=True)
    came: list[tuple[S, T]] = []
    for one, result in zip(several, done, strict=True):
        if isinstance(result, BaseException):
            log.error("a look at a member failed", exc_info=result)
        else:
            came.append((one, result))
    return came


async def _get(client: httpx.AsyncClient, base: str, path: str, limit: int) -> bytes | None:
    """Read one file, None when there is none; no redirect is followed, and nothing read beyond the limit."""
    async with client.stream("GET", base + path, headers=PLAIN_BYTES) as answer:
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        if answer.status_code != httpx.codes.OK:
            raise Unavailable(f"the answer is {answer.status_code}", "ask the authority whether its node runs")
        return await read_answer(answer, limit)


async def _fetch(
    needed: list[TileId],
    tiles: dict[TileId, bytes | None],
    file: Callable[[str, int], Awaitable[bytes | None]],
    deadline: float,
) -> None:
    """Add the tiles that the log gives in time, None for others; of a partial tile that is gone, the full one in its place."""
    tiles.update(dict.fromkeys(needed))
    with contextlib.suppress(*FAILURES):
        async with asyncio.timeout_at(deadline):
            for tile in needed:
                for each in dict.fromkeys((tile, tile.widened())):
                    if tiles[tile] is None:
                        tiles[tile] = await file(each.path, MAX_TILE)


def _logs(members: tuple[Member, ...]) -> list[Log]:
    """Return the members' logs; a key that cannot be read is nobody's, and an origin is the first member's that names it."""
    logs: dict[str, Log] = {}
    for member in members:
        with contextlib.suppress(LintasError):
            key = parse_vkey(member.log_vkey)
            logs.setdefault(key.name, Log(member, key))
    return list(logs.values())


def _believed(said: Hearsay, keys: Mapping[str, VerifierKey], peer: str) -> tuple[list[Heard], list[Comparison]]:
    """Return the checkpoints and the proofs that hold by the logs' own keys; of each log no more than a member tells."""
    believed: list[Heard] = []
    for key, text in _few(said.checkpoints, keys, lambda text: text, MAX_UNPROVEN + 1):
        with contextlib.suppress(LintasError):
            believed.append(Heard(believe(text.encode(), key), peer))
    proved: list[Comparison] = []
    for key, told in _few(said.findings, keys, lambda told: told.older, TOLD_FINDINGS):
        with contextlib.suppress(LintasError):
            proved.append(judge(told, key))
    return believed, proved


def _few(
    told: list[T], keys: Mapping[str, VerifierKey], note_of: Callable[[T], str], most: int
) -> Iterator[tuple[VerifierKey, T]]:
    """Yield what is about a member's log, with its key: the first ``most`` of each log."""
    count: dict[str, int] = {}
    for each in told:
        origin = note_of(each).partition("\n")[0]
        if origin in keys and count.get(origin, 0) < most:
            count[origin] = count.get(origin, 0) + 1
            yield keys[origin], each


def _read_heard(data: bytes) -> str:
    try:
        return msgspec.json.decode(data, type=HeardReads).after
    except UNREADABLE:
        raise MalformedInput("this is not how far a member has heard", "ask its administrator") from None


def _read_seen(data: bytes | None) -> Hearsay:
    try:
        return msgspec.json.decode(data or b"", type=Hearsay)
    except UNREADABLE:
        raise MalformedInput("this is not what a member has seen", "ask its administrator") from None
