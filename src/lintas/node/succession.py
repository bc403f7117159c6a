"""Fetches successors of the charter from peers, so that a revocation reaches every member without anybody's hand."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import httpx

from lintas.exchange.directory import Directory
from lintas.model.errors import LintasError, Unavailable
from lintas.node.config import Home
from lintas.node.delivery import read_answer, to_peer
from lintas.trust.charter import MAX_CHARTER, Member

log = logging.getLogger("lintas.node")

#: For one peer, however many steps it is ahead and whatever it does meanwhile.
TIMEOUT_SECONDS = 10.0
#: Steps taken with one peer in one go; what is left is taken on the next beat.
MAX_STEPS = 50


class Succession:
    """What one node does to have the newest charter; ``adopt`` puts a document in force, or raises LintasError."""

    def __init__(self, home: Home, directory: Directory, adopt: Callable[[bytes], Awaitable[int]]) -> None:
        self._home, self._directory, self._adopt = home, directory, adopt
        self._turn = asyncio.Lock()

    async def seek(self, peers: list[Member]) -> None:
        """Ask every peer with a door, at once, for what follows the charter in force; a bad answer or none costs a log line."""
        await asyncio.gather(*(self._ask(peer) for peer in peers if peer.exchange_url))

    async def _ask(self, peer: Member) -> None:
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS), self._client(peer) as client:
                for _ in range(MAX_STEPS):
                    version = self._directory.charter.version
                    document = await self._after(client, peer, version)
                    if document is None:
                        return
                    await self._take(document, version)
        except (httpx.HTTPError, TimeoutError, LintasError) as wrong:
            log.warning("no successor of the charter", extra={"peer": peer.authority, "why": _why(wrong)})

    def _client(self, peer: Member) -> httpx.AsyncClient:
        return httpx.AsyncClient(verify=to_peer(self._home, peer.tls_certificate), timeout=TIMEOUT_SECONDS)

    async def _after(self, client: httpx.AsyncClient, peer: Member, version: int) -> bytes | None:
        address = f"{peer.exchange_url}/exchange/v1/charter"
        asked, headers = {"after": str(version)}, {"accept-encoding": "identity"}
        async with client.stream("GET", address, params=asked, headers=headers) as answer:
            document = await read_answer(answer, MAX_CHARTER)
        if answer.status_code == httpx.codes.NO_CONTENT:
            return None
        if answer.status_code != httpx.codes.OK:
            raise Unavailable(f"{peer.authority} answered {answer.status_code}", "it is asked again on the next beat")
        return document

    async def _take(self, document: bytes, after: int) -> None:
        """Adopt a valid successor, unless another peer's answer was quicker; a bad one never reaches the writer."""
        async with self._turn:
            if self._directory.charter.version == after:
                await asyncio.to_thread(self._directory.check_successor, document)
                version = await self._adopt(document)
                log.info("a successor of the charter is in force", extra={"version": version})


def _why(wrong: Exception) -> str:
    return str(getattr(wrong, "reason", type(wrong).__name__))
