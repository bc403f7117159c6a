"""Publishes the node's ledger: signs a checkpoint, has the other members' witnesses cosign it, writes the files."""

import asyncio
import functools
import logging
import ssl
from collections.abc import Callable
from typing import Protocol, TypeVar

import httpx
import msgspec

from lintas.exchange.directory import Directory
from lintas.ledger import publish, witness
from lintas.ledger.checkpoint import parse_checkpoint
from lintas.ledger.cosignature import VERIFIERS
from lintas.ledger.membership import default_quorum
from lintas.ledger.publish import CHECKPOINT
from lintas.ledger.service import Ledger
from lintas.model.errors import BadInput, CheckFailed, Refused, Unavailable
from lintas.node.config import Home
from lintas.storage.engine import Transaction
from lintas.trust.charter import Member
from lintas.trust.note import Note, Signature, parse, parse_vkey, verify

log = logging.getLogger("lintas.node")

#: For one witness, whatever it does meanwhile.
TIMEOUT_SECONDS = 5.0
MAX_ANSWER = 65_536
PLAIN_BYTES = {"accept-encoding": "identity"}

T = TypeVar("T")


@functools.cache
def _publicly_trusted() -> ssl.SSLContext:
    """Return what certificates of witnesses are checked by, read once: it takes as long as all else that a checkpoint takes."""
    return httpx.create_ssl_context()


class Reads(Protocol):
    """What publication needs of the running node."""

    async def read(self, question: Callable[[Transaction], T]) -> T:
        """Answer a question from a snapshot."""
        ...


class Published(msgspec.Struct, frozen=True):
    """What came of it: entries here, entries under the checkpoint that is out now, and the witnesses that cosigned that one."""

    size: int
    published: int
    cosigned_by: tuple[str, ...]


class Publication:
    """The checkpoints of one node; ``distrusted`` names witnesses that an administrator has set aside."""

    def __init__(
        self, home: Home, ledger: Ledger, directory: Directory, node: Reads, distrusted: frozenset[str]
    ) -> None:
        self._home, self._ledger, self._directory, self._node = home, ledger, directory, node
        self._distrusted = distrusted
        self._turn = asyncio.Lock()

    async def publish(self, *, starting: bool = False) -> Published:
        """Publish the ledger as it is now, cosigned by the witnesses that answer.

        A witness that does not answer, or answers badly, costs its own cosignature only: whether enough cosigned is for the
        verifier's policy to say. When fewer cosign than this ledger's own policy demands, a published checkpoint that more of
        them cosigned stays: a shorter ledger that verifies is worth more than a longer one that does not.

        When ``starting``, a witness that has seen more entries than there are here stops the node, Refused("rollback"): an
        old backup was restored, and appending would fork the ledger. Later its word alone does not, since a ledger does not
        shrink under a running node and a witness may lie.
        """
        async with self._turn:
            fresh = await self._node.read(self._ledger.checkpoint)
            size = parse_checkpoint(fresh.text).size
            peers = self._trusted_peers()
            standing = self._standing()
            vouched = self._cosignatures(standing, peers) if standing else {}
            if standing and standing.text == fresh.text:
                # The same tree again: what was cosigned stays cosigned, whoever is out now.
                fresh = fresh.with_signatures(vouched.values())
            signed = await self._ask(peers, fresh.render(), _size(standing) if standing else 0, starting)
            enough = default_quorum(len(self._directory.peers(self._home.config.authority)))
            if standing and min(len(vouched), enough) > len(self._cosignatures(parse(signed), peers)):
                log.error("too few witnesses cosigned, the published checkpoint stays", extra={"size": _size(standing)})
                signed = standing.render()
            directory = self._home.path(self._home.config.ledger)
            # A checkpoint that stays goes this way too: it must fit the ledger, or this is an old backup.
            done = await self._node.read(lambda tx: publish.publish(tx, self._ledger, directory, signed))
            return Published(size, done.size, tuple(self._cosignatures(parse(signed), peers)))

    async def seen_more(self) -> dict[str, str]:
        """Return what the witnesses say, by authority, that have seen more of this ledger than is here; writes nothing."""
        checkpoint = await self._node.read(self._ledger.checkpoint)
        peers, size = self._trusted_peers(), _size(checkpoint)
        asked = (self._cosign(peer, checkpoint.render(), size) for peer in peers)
        answers = await asyncio.gather(*asked, return_exceptions=True)
        return {
            peer.authority: answer.what
            for peer, answer in zip(peers, answers, strict=True)
            if isinstance(answer, Refused)
        }

    def _trusted_peers(self) -> list[Member]:
        peers = self._directory.peers(self._home.config.authority)
        return [peer for peer in peers if peer.witness.name not in self._distrusted]

    async def _ask(self, peers: list[Member], signed: bytes, old: int, starting: bool) -> bytes:
        """Ask every witness at once, each for a few seconds, and return the checkpoint with the cosignatures that came."""
        answers = await asyncio.gather(*(self._cosign(peer, signed, old) for peer in peers), return_exceptions=True)
        for peer, answer in zip(peers, answers, strict=True):
            try:
                if isinstance(answer, BaseException):
                    raise answer
                signed = publish.merge_cosignatures(signed, answer, [parse_vkey(peer.witness.vkey)])
            except Refused as wrong:
                if starting:
                    raise
                log.error("a witness says it saw more", extra={"peer": peer.authority, "why": wrong.reason})
            except (httpx.HTTPError, TimeoutError, CheckFailed, BadInput, Unavailable) as wrong:
                log.warning("no cosignature", extra={"peer": peer.authority, "why": type(wrong).__name__})
        return signed

    async def _cosign(self, peer: Member, signed: bytes, old: int) -> bytes:
        """Ask one witness for the step from ``old`` entries on; its 409 tells the size it saw last, if that is another."""
        size = _size(parse(signed))
        # A witness that answers a byte a minute is as good as one that does not: nobody waits for it.
        client = httpx.AsyncClient(timeout=TIMEOUT_SECONDS, verify=_publicly_trusted())
        async with asyncio.timeout(TIMEOUT_SECONDS), client:
            for _ in range(2):
                body = await self._node.read(functools.partial(self._request, signed, old))
                address = f"{peer.witness.url}/add-checkpoint"
                async with client.stream("POST", address, content=body, headers=PLAIN_BYTES) as answer:
                    told = await _read(answer)
                if answer.status_code == httpx.codes.OK:
                    return told
                if answer.status_code != httpx.codes.CONFLICT:
                    break
                old = witness.parse_size(told)
                witness.refuse_rollback(size, old)
        raise Unavailable(f"the witness answered {answer.status_code}", "ask its operator")

    def _request(self, signed: bytes, old: int, tx: Transaction) -> bytes:
        return publish.witness_request(self._ledger, tx, signed, old)

    def _standing(self) -> Note | None:
        """Return the published checkpoint; None where there is none that can be read and was signed by this ledger."""
        path = self._home.path(self._home.config.ledger) / CHECKPOINT
        try:
            found = parse(path.read_bytes())
            parse_checkpoint(found.text)
            return found if verify(found, [self._ledger.key], VERIFIERS) else None
        except (FileNotFoundError, CheckFailed, BadInput):
            return None

    def _cosignatures(self, signed: Note, peers: list[Member]) -> dict[str, Signature]:
        """Return the good cosignatures of these members' witnesses by witness name; a bad one counts for nothing."""
        good: dict[str, Signature] = {}
        for peer in peers:
            try:
                found = verify(signed, [parse_vkey(peer.witness.vkey)], VERIFIERS)
            except CheckFailed:
                continue
            good.update((peer.witness.name, signature) for _, signature in found)
        return good


def _size(signed: Note) -> int:
    return parse_checkpoint(signed.text).size


async def _read(answer: httpx.Response) -> bytes:
    """Read at most what a witness's answer can be."""
    data = b""
    async for chunk in answer.aiter_raw():
        data += chunk
        if len(data) > MAX_ANSWER:
            raise Unavailable("the witness's answer does not end", "ask its operator")
    return data
