"""Keys change while something is on its way: the envelope is sealed anew in its place, and nothing is taken twice or lost."""

from collections.abc import Callable

import msgspec
import pytest
from tests.integration.hand import Hand, request, statement
from tests.integration.town import BANKS, NOW, XA, XB, Desk, Town, charter, keys_of

from lintas.border.service import Replay
from lintas.model import times
from lintas.model.errors import Refused
from lintas.model.markings import Marking
from lintas.model.messages import Message
from lintas.trust.charter import Member, SigningKey, endorse, write_charter
from lintas.trust.envelope import header_sha256, peek
from lintas.trust.keys import Ed25519Signer, KemKey


def adopt(town: Town, changed: Member) -> None:
    """Put version 2 of the charter in force on both sides, with one member changed."""
    members = tuple(changed if each.authority == changed.authority else each for each in charter().charter.members)
    replaced = msgspec.structs.replace(charter().charter, version=2, previous=charter().sha256, members=members)
    signed = write_charter(replaced)
    for name in BANKS:
        signed = endorse(signed, name, keys_of(name).signer)
    for desk in (town.xa, town.xb):
        desk.do(lambda tx, to=desk: to.node.exchange.adopt(tx, signed.render()))  # type: ignore[misc] # bound now


def new_envelope_key(town: Town) -> None:
    """Let xb take another key for what is sealed to it."""
    fresh = KemKey.from_seed(b"n" * 32)
    adopt(town, msgspec.structs.replace(keys_of(XB).member, kem_public=fresh.public))
    town.xb.node.exchange.identity = town.xb.node.exchange.identity._replace(kem=fresh)


def new_signing_key(town: Town) -> None:
    """Let xa revoke its key and sign with another."""
    fresh, mine = Ed25519Signer.from_seed(f"{XA}/second", b"2" * 32), keys_of(XA).member
    revoked = tuple(msgspec.structs.replace(key, revoked_at=times.render(NOW)) for key in mine.signing_keys)
    adopt(town, msgspec.structs.replace(mine, signing_keys=(*revoked, SigningKey(key=fresh.public))))
    town.xa.node.exchange.identity = town.xa.node.exchange.identity._replace(signer=fresh)


def next_wire(desk: Desk, *, anew: bool = False) -> bytes:
    due = desk.node.exchange.to_send(XB, "urgent", anew=anew)
    assert due is not None
    return due if isinstance(due, bytes) else desk.do(due)


def sealed(town: Town) -> bytes:
    """Have one hold request sealed for xb, and not delivered."""
    town.xa.file(town.form())
    while town.banks_work():
        pass
    return next_wire(town.xa)


CHANGES = pytest.mark.parametrize("change", [new_envelope_key, new_signing_key], ids=["theirs", "ours"])


@CHANGES
def test_what_never_arrived_is_sealed_anew_and_arrives(town: Town, change: Callable[[Town], None]) -> None:
    first = sealed(town)
    change(town)
    with pytest.raises(Refused) as refused:
        town.xb.receive(first, XA)
    assert refused.value.reason in ("undecryptable", "unknown_key")
    again = next_wire(town.xa)
    assert again != first
    assert header_sha256(again) == header_sha256(first)
    # From now on these bytes are sent, and no others.
    assert next_wire(town.xa) == again
    assert town.xa.send(town.xb) == 1
    assert len(town.xb.holds()) == 1
    assert town.xa.ask(town.xa.node.border.unmatched) == []


@CHANGES
def test_what_arrived_and_lost_its_receipt_is_known_for_a_replay(town: Town, change: Callable[[Town], None]) -> None:
    town.xb.receive(sealed(town), XA)
    change(town)
    before = town.xb.dump()
    with pytest.raises(Replay) as replay:
        town.xb.receive(next_wire(town.xa), XA)
    assert town.xb.dump() == before
    town.xa.take_receipt(replay.value.receipt)
    assert town.xa.ask(town.xa.node.border.unmatched) == []
    assert town.xa.node.exchange.to_send(XB, "urgent") is None


@CHANGES
def test_the_next_envelope_follows_the_one_that_was_sealed_anew(town: Town, change: Callable[[Town], None]) -> None:
    first = sealed(town)
    change(town)
    assert town.xa.send(town.xb) == 1
    marking = Marking(plane="B", tlp="AMBER+STRICT")
    message = Message(bodies=(request(),), purpose="stop_payment", marking=marking)
    assert town.xa.do(lambda tx: town.xa.node.border.release(tx, message, XB)).permitted
    second = peek(next_wire(town.xa))
    assert (second.epoch, second.seq, second.prev) == (1, 2, header_sha256(first))
    assert town.xa.send(town.xb) == 1


def test_a_place_that_somebody_took_with_our_key_is_left_for_a_new_epoch(town: Town) -> None:
    """Who held xa's key for a moment wrote the first envelopes of this epoch, and of the next."""
    thief = Hand()
    town.xb.receive(thief.write([statement(request())]), XA)
    first = sealed(town)
    with pytest.raises(Refused) as taken:
        town.xb.receive(first, XA)
    assert taken.value.reason == "seq_taken"
    town.xb.receive(thief.write([statement(request())], epoch=2, seq=1, prev=""), XA)
    anew = next_wire(town.xa, anew=True)
    assert (peek(anew).epoch, peek(anew).seq, peek(anew).prev) == (2, 1, "")
    with pytest.raises(Refused) as taken:
        town.xb.receive(anew, XA)
    assert taken.value.reason == "seq_taken"
    assert peek(next_wire(town.xa, anew=True)).epoch == 3
    assert town.xa.send(town.xb) == 1
    assert town.xa.ask(town.xa.node.border.unmatched) == []
    # With nothing to send no epoch begins.
    assert town.xa.node.exchange.to_send(XB, "urgent", anew=True) is None
