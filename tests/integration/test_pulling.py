"""A node that fetches, against a peer that gives what it likes, over a real socket: the same checks as for what is pushed."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

import httpx
import msgspec
import pytest
from sqlalchemy import Connection
from tests.integration.hand import Hand, request, statement
from tests.integration.town import XA, XB, XB2, Desk, Town, keys_of

from lintas.model.errors import LintasError, Refused
from lintas.node.config import Config, Home
from lintas.node.delivery import ENVELOPE, PROBLEM, RECEIPT, Delivery, NotTaken
from lintas.trust.envelope import MAX_WIRE, header_sha256, peek
from lintas.trust.receipt import peek_receipt, sign_receipt

T = TypeVar("T")


class Running:
    """A running node, as delivery sees it."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self.changed = desk, asyncio.Event()

    async def write(self, use_case: Callable[[Connection], T]) -> T:
        return self._desk.do(use_case)

    async def receive(self, wire: bytes, sender: str) -> bytes:
        return self._desk.receive(wire, sender)


def delivery(desk: Desk) -> Delivery:
    place = desk.authority[:2].upper()
    config = Config(authority=desk.authority, jurisdiction=place, name="x", contact="x", ledger_origin="x", pull=True)
    return Delivery(Home(config, Path("/nowhere")), desk.node.exchange, Running(desk))


class Brought(NamedTuple):
    """What the fetching node brought back."""

    media: str
    body: bytes


class Giver:
    """A peer's door: gives these answers one after the other, and notes what is brought."""

    def __init__(self, *gives: tuple[str, bytes], takes: str = "204 No Content") -> None:
        self.gives, self.takes, self.brought = list(gives), takes, list[Brought]()
        self.asked: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if line)
        first, body = self.takes, b""
        if head.startswith("GET"):
            self.asked.append(head.split()[1])
            first, body = self.gives.pop(0)
        else:
            sent = await reader.readexactly(int(fields["content-length"]))
            self.brought.append(Brought(fields["content-type"], sent))
        try:
            writer.write(f"HTTP/1.1 {first}\r\nconnection: close\r\n\r\n".encode() + body)
            await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()


def given(wire: bytes) -> tuple[str, bytes]:
    return f"200 OK\r\ncontent-type: {ENVELOPE}\r\ncontent-length: {len(wire)}", wire


def fetch(desk: Desk, giver: Giver, attempts: int = 1, *, of: str = XA) -> list[str]:
    """Fetch from the giver, as if it were this member; says for each attempt what came of it."""

    async def run() -> list[str]:
        server = await asyncio.start_server(giver.serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        member = msgspec.structs.replace(keys_of(of).member, exchange_url=f"http://127.0.0.1:{port}")
        puller, came = delivery(desk), []
        async with server, httpx.AsyncClient(timeout=10, trust_env=False) as client:
            for _ in range(attempts):
                try:
                    await puller._fetch_one(client, member, "urgent")
                    came.append("")
                except Refused as wrong:
                    came.append(wrong.reason)
                except LintasError as wrong:
                    came.append(wrong.what)
        return came

    return asyncio.run(run())


@pytest.fixture
def wire(town: Town) -> bytes:
    """Return xa's envelope with one hold request for xb, sealed and not sent."""
    town.xa.file(town.form())
    while town.banks_work():
        pass
    found = asyncio.run(delivery(town.xa).due(XB, "urgent"))
    assert found is not None
    return found


def test_what_is_fetched_is_admitted_and_its_receipt_brought(town: Town, wire: bytes) -> None:
    giver = Giver(given(wire))
    assert fetch(town.xb, giver) == [""]
    assert giver.asked == ["/exchange/v1/envelopes?lane=urgent&wait=25"]
    ((media, receipt),) = giver.brought
    assert media == RECEIPT
    asyncio.run(delivery(town.xa).take_receipt(receipt, sender=XB))
    assert town.xa.ask(town.xa.node.border.unmatched) == []
    assert asyncio.run(delivery(town.xa).due(XB, "urgent")) is None
    assert len(town.xb.holds("awaiting_approval")) == 1


def test_a_receipt_that_was_lost_is_brought_again_and_nothing_happens_twice(town: Town, wire: bytes) -> None:
    giver = Giver(given(wire), given(wire), takes="503 Service Unavailable")
    assert fetch(town.xb, giver, 2) == [f"{XA} answered 503 to a receipt"] * 2
    first, second = (peek_receipt(each.body) for each in giver.brought)
    assert first == second
    assert len(town.xb.holds("awaiting_approval")) == 1
    # The same receipt by both ways, push and pull, settles once.
    for _ in range(2):
        asyncio.run(delivery(town.xa).take_receipt(giver.brought[0].body, sender=XB))
    assert town.xa.ask(town.xa.node.border.matched) == 1


def test_a_peer_that_does_not_wait_is_not_asked_at_once_again(town: Town) -> None:
    assert fetch(town.xb, Giver(("204 No Content", b""))) == [f"{XA} does not wait for what comes"]


@pytest.mark.parametrize(
    ("answer", "came"),
    [
        (given(b""), "malformed"),
        (given(b"garbage"), "malformed"),
        ((f"200 OK\r\ncontent-type: {ENVELOPE}", bytes(MAX_WIRE + 100_000)), "an answer of more than"),
        (("200 OK\r\ncontent-type: text/html", b"hello"), f"{XA} answered 200 without an envelope"),
        (("404 Not Found\r\ncontent-type: text/html", b"hello"), f"{XA} answered 404 without an envelope"),
    ],
)
def test_an_answer_that_is_no_envelope(town: Town, answer: tuple[str, bytes], came: str) -> None:
    giver = Giver(answer)
    (said,) = fetch(town.xb, giver)
    assert said.startswith(came)
    assert giver.brought == []
    assert town.xb.holds() == []


def test_what_is_refused_is_told_and_a_lost_place_begins_a_new_epoch(town: Town, wire: bytes) -> None:
    # A thief of xa's key took the place that xa's envelope has.
    town.xb.receive(Hand().write([statement(request())]), XA)
    giver = Giver(given(wire))
    assert fetch(town.xb, giver) == ["seq_taken"]
    ((media, body),) = giver.brought
    said = msgspec.json.decode(body, type=NotTaken)
    assert (media, said) == (PROBLEM, NotTaken(header_sha256(wire), "seq_taken"))

    sender = delivery(town.xa)
    asyncio.run(sender.not_taken(XB, said))
    anew = asyncio.run(sender.due(XB, "urgent"))
    assert anew is not None
    assert (peek(anew).epoch, peek(anew).seq) == (2, 1)
    # A peer may say so for ever: one new epoch is all that it gets for a while.
    asyncio.run(sender.not_taken(XB, NotTaken(header_sha256(anew), "seq_taken")))
    assert asyncio.run(sender.due(XB, "urgent")) == anew
    assert fetch(town.xb, Giver(given(anew))) == [""]


def test_an_envelope_of_somebody_else_is_refused_whoever_gives_it(town: Town, wire: bytes) -> None:
    giver = Giver(given(wire))
    assert fetch(town.xb, giver, of=XB2) == ["wrong_sender"]
    assert msgspec.json.decode(giver.brought[0].body, type=NotTaken).reason == "wrong_sender"
    assert town.xb.holds() == []


def test_nobody_settles_or_refuses_an_envelope_that_was_not_for_him(town: Town, wire: bytes) -> None:
    receipt = peek_receipt(town.xb.receive(wire, XA))
    stolen = sign_receipt(msgspec.structs.replace(receipt, recipient=XB2), keys_of(XB2).signer)
    sender = delivery(town.xa)
    refusal = NotTaken(header_sha256(wire), "seq_taken")
    for attempt in (sender.take_receipt(stolen, sender=XB2), sender.not_taken(XB2, refusal)):
        with pytest.raises(Refused) as refused:
            asyncio.run(attempt)
        assert refused.value.reason == "foreign_receipt"
    with pytest.raises(Refused) as refused:
        asyncio.run(sender.take_receipt(sign_receipt(receipt, keys_of(XB).signer), sender=XB2))
    assert refused.value.reason == "wrong_sender"
    assert asyncio.run(sender.due(XB, "urgent")) == wire
    assert asyncio.run(sender.due(XB2, "urgent")) is None


def test_who_is_dialled_and_fetches_gets_each_place_once(town: Town) -> None:
    """Both ways ask at the same time what is due, before anything is sealed: they get the same envelope."""
    town.xa.file(town.form())
    while town.banks_work():
        pass
    sender = delivery(town.xa)

    async def both() -> list[bytes | None]:
        return await asyncio.gather(*(sender.due(XB, "urgent") for _ in range(5)))

    first, *others = asyncio.run(both())
    assert first is not None
    assert others == [first] * 4


def test_only_who_can_be_dialled_is_dialled(town: Town) -> None:
    members = [keys_of(XB).member, msgspec.structs.replace(keys_of(XB2).member, exchange_url="")]
    assert len(delivery(town.xa).work(members)) == 4
