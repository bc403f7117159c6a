"""Delivery against a peer that answers as it likes, over a real socket: bombs, floods, lost places."""

import asyncio
import gzip
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import httpx
import msgspec
import pytest
from sqlalchemy import Connection
from tests.integration.hand import Hand, request, statement
from tests.integration.town import XA, XB, Town, keys_of

from lintas.model.errors import Refused, Unavailable
from lintas.node.config import Config, Home
from lintas.node.delivery import RECEIPT, Delivery
from lintas.trust.envelope import peek
from lintas.trust.receipt import MAX_RECEIPT

T = TypeVar("T")
#: An answer to one request: status line and headers, then the parts of the body.
Answer = Callable[[bytes], tuple[str, list[bytes]]]


class Running:
    """The writer of a node, as delivery sees it."""

    def __init__(self, town: Town) -> None:
        self._town, self.changed = town, asyncio.Event()

    async def write(self, use_case: Callable[[Connection], T]) -> T:
        return self._town.xa.do(use_case)

    async def receive(self, wire: bytes, sender: str) -> bytes:
        return self._town.xa.receive(wire, sender)


class Peer:
    """A server that notes what it was sent, and how much of its answer was taken."""

    def __init__(self, answer: Answer) -> None:
        self._answer, self.heads, self.wires, self.taken = answer, list[str](), list[bytes](), 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(next(line for line in head.split("\r\n") if line.startswith("content-length:")).split(":")[1])
        self.heads.append(head)
        self.wires.append(await reader.readexactly(length))
        first, parts = self._answer(self.wires[-1])
        try:
            writer.write(f"HTTP/1.1 {first}\r\nconnection: close\r\n\r\n".encode())
            for part in parts:
                writer.write(part)
                await writer.drain()
                self.taken += len(part)
        except ConnectionError:
            pass
        finally:
            writer.close()


def deliver(town: Town, peer: Peer, attempts: int = 1) -> list[bool | str]:
    """Send what is due to this peer; says for each attempt what came of it."""

    async def run() -> list[bool | str]:
        server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        member = msgspec.structs.replace(keys_of(XB).member, exchange_url=f"http://127.0.0.1:{port}")
        config = Config(authority=XA, jurisdiction="XA", name="x", contact="x", ledger_origin="x", exercise=True)
        delivery = Delivery(Home(config, Path("/nowhere")), town.xa.node.exchange, Running(town))
        came: list[bool | str] = []
        async with server, httpx.AsyncClient(timeout=10, trust_env=False) as client:
            for _ in range(attempts):
                came.append(await _outcome(delivery._send_one(client, member, "urgent")))
        return came

    return asyncio.run(run())


async def _outcome(attempt: Awaitable[bool]) -> bool | str:
    try:
        return await attempt
    except (Refused, Unavailable) as wrong:
        return wrong.what


@pytest.fixture
def waiting(town: Town) -> Town:
    """Return the town with one hold request that waits to be sent."""
    town.xa.file(town.form())
    while town.banks_work():
        pass
    return town


def as_xb(town: Town) -> Answer:
    """Answer as xb's own door does."""

    def answer(wire: bytes) -> tuple[str, list[bytes]]:
        try:
            receipt = town.xb.receive(wire, XA)
        except Refused as wrong:
            problem = msgspec.json.encode({"type": "x", "status": 403, "reason": wrong.reason})
            return f"403 Forbidden\r\ncontent-type: application/problem+json\r\ncontent-length: {len(problem)}", [
                problem
            ]
        return f"200 OK\r\ncontent-type: {RECEIPT}\r\ncontent-length: {len(receipt)}", [receipt]

    return answer


def test_an_honest_peers_receipt_is_taken_and_nothing_packed_is_asked_for(waiting: Town) -> None:
    peer = Peer(as_xb(waiting))
    assert deliver(waiting, peer, 2) == [True, False]
    assert waiting.xa.ask(waiting.xa.node.border.unmatched) == []
    assert "accept-encoding: identity\r\n" in peer.heads[0]


@pytest.mark.parametrize("kind", [RECEIPT, "application/problem+json"])
def test_an_answer_without_end_is_left_after_the_longest_receipt(waiting: Town, kind: str) -> None:
    part = b"\0" * 65_536
    peer = Peer(lambda _: (f"200 OK\r\ncontent-type: {kind}", [part] * 1_000))
    (said,) = deliver(waiting, peer)
    assert isinstance(said, str)
    assert "an answer of more than" in said
    # What is beyond stands in the buffers of the two sockets.
    assert peer.taken < 16 * MAX_RECEIPT
    assert waiting.xa.ask(waiting.xa.node.border.unmatched) != []


def test_a_packed_answer_is_never_unpacked(waiting: Town) -> None:
    bomb = gzip.compress(b"\0" * (64 << 20))
    assert len(bomb) < MAX_RECEIPT
    headers = f"200 OK\r\ncontent-type: {RECEIPT}\r\ncontent-encoding: gzip\r\ncontent-length: {len(bomb)}"
    (said,) = deliver(waiting, Peer(lambda _: (headers, [bomb])))
    assert isinstance(said, str)
    assert "the receipt cannot be read" in said


def test_a_place_that_a_thief_took_is_left_for_a_new_epoch(waiting: Town) -> None:
    waiting.xb.receive(Hand().write([statement(request())]), XA)
    peer = Peer(as_xb(waiting))
    assert deliver(waiting, peer, 3) == [True, True, False]
    assert [(peek(wire).epoch, peek(wire).seq) for wire in peer.wires] == [(1, 1), (2, 1)]
    assert waiting.xa.ask(waiting.xa.node.border.unmatched) == []


@pytest.mark.parametrize("reason", ["seq_taken", "old_epoch", "gap", "broken_chain"])
def test_a_peer_that_always_says_so_gets_one_new_epoch(waiting: Town, reason: str) -> None:
    problem = msgspec.json.encode({"reason": reason})
    peer = Peer(lambda _: ("403 Forbidden\r\ncontent-type: application/problem+json", [problem]))
    first, *later = deliver(waiting, peer, 4)
    assert first is True
    assert later == [f"{XB} answered 403 without a receipt"] * 3
    assert [peek(wire).epoch for wire in peer.wires] == [1, 2, 2, 2]


@pytest.mark.parametrize(
    "problem",
    [b'{"reason": "unknown_key"}', b'{"reason": 7}', b"[" * 50_000, b"\xff", b"", b'{"reason": "epoch_jump"}'],
)
def test_any_other_answer_begins_nothing(waiting: Town, problem: bytes) -> None:
    peer = Peer(lambda _: ("403 Forbidden\r\ncontent-type: application/problem+json", [problem]))
    assert deliver(waiting, peer, 2) == [f"{XB} answered 403 without a receipt"] * 2
    assert len(set(peer.wires)) == 1
