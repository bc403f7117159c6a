"""Publishes the node's ledger: signs a checkpoint, has the other members' witnesses cosign it, writes the files."""

import asyncio
import functools
import logging
from collections.abc import Callable
from typing import Protocol, TypeVar

import httpx

from lintas.exchange.directory import Directory
from lintas.ledger import publish, witness
from lintas.ledger.checkpoint import parse_checkpoint
from lintas.ledger.publish import CHECKPOINT
from lintas.ledger.service import Ledger
from lintas.model.errors import BadInput, CheckFailed, Refused
from lintas.node.config import Home
from lintas.storage.engine import Transaction
from lintas.trust.charter import Member
from lintas.trust.note import parse, parse_vkey

log = logging.getLogger("lintas.node")

TIMEOUT_SECONDS = 10.0

T = TypeVar("T")


class Reads(Protocol):
    """What publication needs of the running node."""

    async def read(self, question: Callable[[Transaction], T]) -> T:
        """Answer a question from a snapshot."""
        ...


class Publication:
    """The checkpoints of one node; ``distrusted`` names witnesses that an administrator has set aside."""

    def __init__(
        self, home: Home, ledger: Ledger, directory: Directory, node: Reads, distrusted: frozenset[str]
    ) -> None:
        self._home, self._ledger, self._directory, self._node = home, ledger, directory, node
        self._distrusted = distrusted
        self._turn = asyncio.Lock()

    async def publish(self, *, starting: bool = False) -> int:
        """Publish the ledger as it is now; returns its size.

        A witness that does not answer, or answers badly, costs its own cosignature only: whether enough cosigned is for the
        verifier's policy to say. When ``starting``, a witness that has seen more entries than there are here stops the node,
        Refused("rollback"): an old backup was restored, and appending would fork the ledger. Later its word alone does not,
        since a ledger does not shrink under a running node and a witness may lie.
        """
        async with self._turn:
            signed = (await self._node.read(self._ledger.checkpoint)).render()
            for peer in self._directory.peers(self._home.config.authority):
                if peer.witness.name in self._distrusted:
                    continue
                try:
                    signed = await self._cosign(peer, signed)
                except Refused as wrong:
                    if starting:
                        raise
                    log.error("a witness says it saw more", extra={"peer": peer.authority, "why": wrong.reason})
                except (httpx.HTTPError, CheckFailed, BadInput) as wrong:
                    log.warning("no cosignature", extra={"peer": peer.authority, "why": type(wrong).__name__})
            directory = self._home.path(self._home.config.ledger)
            done = await self._node.read(lambda tx: publish.publish(tx, self._ledger, directory, signed))
            return done.size

    async def _cosign(self, peer: Member, signed: bytes) -> bytes:
        """Ask one witness; its 409 tells the size it saw last, from which the proof is then made."""
        size = parse_checkpoint(parse(signed).text).size
        old = self._last_size()
        async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS) as client:
            for _ in range(2):
                body = await self._node.read(functools.partial(self._request, signed, old))
                answer = await client.post(f"{peer.witness.url}/add-checkpoint", content=body)
                if answer.status_code == httpx.codes.OK:
                    return publish.merge_cosignatures(signed, answer.content, [parse_vkey(peer.witness.vkey)])
                if answer.status_code != httpx.codes.CONFLICT:
                    break
                old = witness.parse_size(answer.content)
                witness.refuse_rollback(size, old)
        log.warning("no cosignature", extra={"peer": peer.authority, "status": answer.status_code})
        return signed

    def _request(self, signed: bytes, old: int, tx: Transaction) -> bytes:
        return publish.witness_request(self._ledger, tx, signed, old)

    def _last_size(self) -> int:
        path = self._home.path(self._home.config.ledger) / CHECKPOINT
        try:
            return parse_checkpoint(parse(path.read_bytes()).text).size
        except FileNotFoundError:
            return 0
