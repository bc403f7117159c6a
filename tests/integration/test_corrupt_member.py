"""A member with valid keys and bad intent: each thing is refused with its own reason, is recorded, and changes nothing else."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from tests.integration.hand import Hand, object_id, raw, request, statement
from tests.integration.town import NOW, XA, XB, XB2, Desk, Town, keys_of

from lintas.border import store
from lintas.cli.demo.cast import A1, B1, B2
from lintas.model import money, times
from lintas.model.errors import BadInput, Refused
from lintas.model.messages import HoldRequest
from lintas.model.tainted import Baton, LedgerAnswer, Part
from lintas.trust.charter import endorse, write_charter
from lintas.trust.envelope import MAX_ITEMS, Item, header_sha256, peek
from lintas.trust.keys import Ed25519Signer
from lintas.trust.receipt import open_receipt

#: What every admitted envelope leaves by right: its place and receipt, its ledger entries, refused objects, a queued answer.
TRACES = ("border_", "ledger_", "bus_")


def verdicts(receipt: bytes) -> list[tuple[str, str]]:
    opened = open_receipt(receipt, [keys_of(XB).signer.public])
    return [(verdict.verdict, verdict.reason) for verdict in opened.verdicts]


def refused_whole(desk: Desk, wire: bytes, reason: str, sender: str = XA) -> None:
    """Deliver: it must be refused for this reason, be recorded so, and leave every other table as it was."""
    before, known = desk.dump(), len(desk.refusals())
    with pytest.raises(Refused) as refused:
        desk.receive(wire, sender)
    assert refused.value.reason == reason
    assert desk.dump() == before
    assert len(desk.refusals()) == known + 1
    newest = desk.refusals()[0]
    assert (newest.direction, newest.peer, newest.reason) == ("in", sender, reason)
    assert newest.what


def refused_object(desk: Desk, hand: Hand, item: Item, because: str) -> None:
    """Deliver one object: its verdict must be this refusal, and no room behind the border may have heard of it."""
    before, known = desk.dump(*TRACES), len(desk.refusals())
    ((verdict, reason),) = verdicts(desk.receive(hand.write([item]), hand.origin))
    assert verdict == "refused"
    assert because in reason
    assert desk.dump(*TRACES) == before
    assert len(desk.refusals()) == known + 1
    assert because in desk.refusals()[0].what


# ---- whole envelopes


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"seq": 2}, "gap"),
        ({"seq": 2**53 - 1}, "gap"),
        ({"epoch": 0}, "epoch_jump"),
        ({"epoch": 2}, "epoch_jump"),
        ({"epoch": 2**53 - 1}, "epoch_jump"),
        ({"prev": "ab" * 32}, "broken_chain"),
        ({"recipient": XB2}, "wrong_recipient"),
        ({"recipient": XA}, "wrong_recipient"),
        ({"origin": XB2}, "wrong_sender"),
        ({"origin": "xz-asc"}, "wrong_sender"),
        ({"exercise": False}, "exercise_flag"),
        ({"created": times.render(NOW + timedelta(minutes=11))}, "future"),
    ],
)
def test_a_header_that_lies_is_refused(town: Town, changes: dict[str, Any], reason: str) -> None:
    refused_whole(town.xb, Hand().write([statement(request())], **changes), reason)


def test_places_are_taken_once_and_in_order(town: Town) -> None:
    hand = Hand()
    first = hand.write([statement(request())])
    town.xb.receive(first, XA)
    refused_whole(town.xb, hand.write([statement(request())], seq=1, prev=""), "seq_taken")
    refused_whole(town.xb, hand.write([statement(request())], prev=""), "broken_chain")
    refused_whole(town.xb, hand.write([statement(request())], seq=3), "gap")
    refused_whole(town.xb, hand.write([statement(request())], epoch=0), "old_epoch")
    refused_whole(town.xb, hand.write([statement(request())], epoch=2, seq=2), "gap")
    refused_whole(town.xb, hand.write([statement(request())], epoch=3, seq=1, prev=""), "epoch_jump")
    refused_whole(town.xb, first, "replay")
    # After all that the honest next one is taken.
    assert verdicts(town.xb.receive(hand.write([statement(request())]), XA)) == [("accepted", "")]


def test_a_new_epoch_begins_at_one_and_ends_the_old(town: Town) -> None:
    hand = Hand()
    town.xb.receive(hand.write([statement(request())]), XA)
    town.xb.receive(hand.write([statement(request())], epoch=2, seq=1, prev=""), XA)
    refused_whole(town.xb, hand.write([statement(request())]), "old_epoch")


def test_a_replay_gets_the_first_receipt_and_happens_once(town: Town) -> None:
    wire = Hand().write([statement(request())])
    receipt = town.xb.receive(wire, XA)
    for _ in range(3):
        with pytest.raises(Refused) as refused:
            town.xb.receive(wire, XA)
        assert refused.value.receipt == receipt  # type: ignore[attr-defined] # a Replay carries it
    assert len(town.xb.holds()) == 1


def test_an_envelope_delivered_over_another_members_connection(town: Town) -> None:
    refused_whole(town.xb, Hand().write([statement(request())]), "wrong_sender", sender=XB2)


def test_a_key_that_the_charter_does_not_list(town: Town) -> None:
    stranger = Ed25519Signer.from_seed(f"{XA}/signing", b"another seed of the same name...")
    refused_whole(town.xb, Hand().write([statement(request())], signer=stranger), "unknown_key")
    theirs = keys_of(XB2).signer
    refused_whole(town.xb, Hand().write([statement(request())], signer=theirs), "unknown_key")


def test_a_key_that_was_revoked(town: Town) -> None:
    old = town.xb.directory.charter
    members = tuple(
        msgspec.structs.replace(
            member,
            signing_keys=tuple(
                msgspec.structs.replace(key, revoked_at=times.render(NOW)) for key in member.signing_keys
            ),
        )
        if member.authority == XA
        else member
        for member in old.members
    )
    from tests.integration.town import charter

    successor = write_charter(msgspec.structs.replace(old, version=2, previous=charter().sha256, members=members))
    for name in (XA, XB, XB2):
        successor = endorse(successor, name, keys_of(name).signer)
    hand, exchange = Hand(), town.xb.node.exchange
    town.xb.receive(hand.write([statement(request())]), XA)
    opened = exchange.open(hand.write([statement(request())]), sender=XA)
    assert town.xb.do(lambda tx: exchange.adopt(tx, successor.render())) == 2
    before = town.xb.dump()
    # One that was opened before the revocation came is refused inside the commit.
    with pytest.raises(Refused) as refused:
        town.xb.do(lambda tx: exchange.admit(tx, opened))
    assert refused.value.reason == "revoked_key"
    assert town.xb.dump() == before
    refused_whole(town.xb, hand.write([statement(request())]), "unknown_key")


def test_changed_bytes_anywhere_are_refused(town: Town) -> None:
    wire = Hand().write([statement(request())])
    before = town.xb.dump()
    for place in range(0, len(wire), max(1, len(wire) // 150)):
        for bit in (0x01, 0x80):
            changed = bytearray(wire)
            changed[place] ^= bit
            with pytest.raises(Refused):
                town.xb.receive(bytes(changed), XA)
    for cut in (0, 1, 100, len(wire) // 2, len(wire) - 1):
        with pytest.raises(Refused):
            town.xb.receive(wire[:cut], XA)
    with pytest.raises(Refused):
        town.xb.receive(wire + b"\0", XA)
    assert town.xb.dump() == before
    town.xb.receive(wire, XA)


@pytest.mark.parametrize(
    "written",
    [
        "jane-doe-60123456789",
        "obj-jane-doe-account-123456789012",
        "obj-",
        "obj-0197c0de4f2a",
        "obj-" + "a" * 27,
        "obj-" + "a" * 29,
        "obj-" + "A" * 28,
        "obj-" + "g" * 28,
        "OBJ-" + "a" * 28,
        "o-" + "a" * 28,
        "thirteenchars-" + "a" * 28,
        "a" * 28,
    ],
)
def test_nothing_can_be_written_into_the_public_ledger_by_an_id(town: Town, written: str) -> None:
    good, bad = statement(request()), raw(b"{}", "any")
    refused_whole(town.xb, Hand().write([good, Item(written, bad.statement, bad.salt)]), "bad_object_id")
    assert not any(written.encode() in data for _, data in town.xb.dump()["ledger_entry"])


# ---- objects


@pytest.mark.parametrize(
    ("item", "because"),
    [
        (lambda: statement(request(), origin=XB2), "another id or origin"),
        (lambda: statement(request(), word="other"), "another id or origin"),
        (lambda: statement(request(), purpose="investigation"), "no rule"),
        (lambda: statement(request(), purpose="status"), "no rule"),
        (lambda: statement(request(), purpose="world peace"), "world peace"),
        (lambda: statement(request(), plane="A"), "plane A"),
        (lambda: statement(request(), plane="D"), ""),
        (lambda: statement(request(), plane="Z"), "plane"),
        (lambda: raw(b"", "empty"), "no statement"),
        (lambda: raw(b"\xff\xfe", "bytes"), "no statement"),
        (lambda: raw(b"{}", "bare"), "no statement"),
        (lambda: raw(b"[" * 50_000, "deep"), "no statement"),
        (lambda: raw(b" " * 65_537, "large"), "over the limit"),
    ],
)
def test_an_object_that_is_not_right_is_refused_by_name(town: Town, item: Callable[[], Item], because: str) -> None:
    made = item()
    if made.id == object_id("other"):
        made = Item(object_id("mine"), made.statement, made.salt)
    refused_object(town.xb, Hand(), made, because)


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({"type": "seize_everything"}, "unknown message type 'seize_everything'"),
        ({"type": ""}, "unknown message type"),
        ({"version": 2}, "version 2"),
        ({"version": -1}, "version -1"),
        ({"version": "1"}, "no statement"),
        ({"body": None}, "hold_request is wrong"),
        ({"body": []}, "hold_request is wrong"),
        ({"marking": {"plane": "B", "tlp": "PURPLE"}}, "no statement"),
        ({"purpose": None}, "no statement"),
    ],
)
def test_unknown_types_and_versions_are_refused_by_name(town: Town, changes: dict[str, Any], because: str) -> None:
    good = statement(request())
    frame = msgspec.json.decode(good.statement) | changes
    refused_object(town.xb, Hand(), Item(good.id, msgspec.json.encode(frame), good.salt), because)


@pytest.mark.parametrize(
    "changes",
    [
        {"amount_minor": "50000"},
        {"amount_minor": 50_000.5},
        {"amount_minor": None},
        {"baton": None},
        {"baton": {"transfer": "t"}},
        {"currency": 5},
        {"expires": 5},
        {"hold": None},
        # Out of bounds: nobody behind the border needs to look at it.
        {"amount_minor": -1},
        {"amount_minor": 10**18},
        {"amount_minor": 10**40},
        {"currency": "x" * 60_000},
        {"hold": "h" * 65},
        {"hold": "../../approve"},
        {"hold": "hold\u202e"},
        {"contact": "c" * 60_000},
        {"expires": "9" * 60_000},
        {"baton": {"transfer": "t", "start": -5, "end": 5, "currency": "XAK", "holder": B1}},
        {"baton": {"transfer": "t", "start": 0, "end": 10**17, "currency": "XAK", "holder": B1}},
        {"baton": {"transfer": "t" * 60_000, "start": 0, "end": 5, "currency": "XAK", "holder": B1}},
        {"baton": {"transfer": "t", "start": 0, "end": 5, "currency": "XAK", "holder": "B" * 60_000}},
    ],
)
def test_a_body_of_wrong_types_is_refused(town: Town, changes: dict[str, Any]) -> None:
    good = statement(request())
    frame = msgspec.json.decode(good.statement)
    frame["body"] |= changes
    item = Item(good.id, msgspec.json.encode(frame), good.salt)
    refused_object(town.xb, Hand(), item, "hold_request is wrong")


def test_an_id_again_with_other_content_is_refused(town: Town) -> None:
    hand, first = Hand(), statement(request(), word="same")
    town.xb.receive(hand.write([first]), XA)
    refused_object(town.xb, hand, statement(request(), word="same"), "same id came before")
    # The very same content is a duplicate, which changes nothing.
    before = town.xb.dump(*TRACES)
    assert verdicts(town.xb.receive(hand.write([first]), XA)) == [("duplicate", "")]
    assert town.xb.dump(*TRACES) == before


def test_five_hundred_objects_are_judged_one_by_one(town: Town) -> None:
    items = [statement(request(), word=f"of many {number}") for number in range(MAX_ITEMS - 2)]
    items += [statement(request(), word="wrong", purpose="investigation"), raw(b"nonsense", "nonsense")]
    given = verdicts(town.xb.receive(Hand().write(items), XA))
    assert [verdict for verdict, _ in given] == ["accepted"] * (MAX_ITEMS - 2) + ["refused"] * 2
    holds = town.xb.ask(lambda tx: town.xb.node.orders.pending(tx, None))
    assert all(hold.state == "awaiting_approval" for hold in holds)
    # Nothing of them is an order: that takes a named officer for each.
    assert town.xb.ask(lambda tx: town.xb.node.orders.work(tx, B1)) == []


def test_objects_that_are_not_taken_make_one_ledger_entry_for_their_envelope(town: Town) -> None:
    def entries() -> list[Any]:
        return [msgspec.json.decode(data) for _, data in sorted(town.xb.dump()["ledger_entry"])]

    hand, nonsense = Hand(), [raw(b"x", f"nonsense {number}") for number in range(MAX_ITEMS)]
    for _ in range(3):
        wire, before = hand.write(nonsense), len(entries())
        given = verdicts(town.xb.receive(wire, XA))
        assert {verdict for verdict, _ in given} == {"refused"}
        assert len(given) == MAX_ITEMS
        (entry,) = entries()[before:]
        header = peek(wire)
        # Its id is no id in our form, so the header's hash names it; the root covers every object in it.
        assert (entry["type"], entry["object"], entry["commitment"]) == (
            "receipt.refused",
            header_sha256(wire),
            header.root,
        )
    good = [statement(request(), word=f"good {number}") for number in range(3)]
    named = object_id("an envelope").replace("obj-", "env-")
    before = len(entries())
    town.xb.receive(hand.write(good[:2], id=named), XA)
    assert [(entry["type"], entry["object"]) for entry in entries()[before:]] == [
        ("receipt", good[0].id),
        ("receipt", good[1].id),
    ]
    hand.seq, hand.prev = hand.seq + 1, town.xb.ask(lambda tx: store.position(tx, XA, "urgent"))[2]
    before = len(entries())
    mixed = hand.write([*good, *nonsense[:5]], id=named)
    assert [verdict for verdict, _ in verdicts(town.xb.receive(mixed, XA))] == ["duplicate"] * 2 + ["accepted"] + [
        "refused"
    ] * 5
    assert [(entry["type"], entry["object"]) for entry in entries()[before:]] == [
        ("receipt", good[2].id),
        ("receipt.duplicate", named),
        ("receipt.refused", named),
    ]


# ---- requests that pass the border and are still not true


def _baton(**changes: object) -> Baton:
    return msgspec.structs.replace(request().baton, **changes)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"amount_minor": 50_001}, "above_interval"),
        ({"amount_minor": 0}, "above_interval"),
        ({"amount_minor": money.MAX_MINOR}, "above_interval"),
        ({"currency": "XBK"}, "currency_mismatch"),
        ({"currency": "QQQ", "baton": _baton(currency="QQQ")}, "currency_mismatch"),
        ({"baton": _baton(start=50_000)}, "bad_interval"),
        ({"baton": _baton(start=7, end=6)}, "bad_interval"),
        ({"baton": _baton(holder=A1)}, "not_our_bank"),
        ({"baton": _baton(holder="")}, "not_our_bank"),
        ({"expires": "2026-03-01T10:06:59Z"}, "expired"),
        ({"expires": "2026-03-04T10:07:00"}, "bad_time"),
        ({"expires": "soon"}, "bad_time"),
        ({"expires": ""}, "bad_time"),
        ({"answer_by": "0000-00-00T00:00:00Z"}, "bad_time"),
        ({"answer_by": "9999-12-31T23:59:59-14:00"}, "bad_time"),
    ],
)
def test_a_request_that_cannot_be_true_is_declined_with_its_reason(
    town: Town, changes: dict[str, Any], reason: str
) -> None:
    before = town.xb.dump(*TRACES, "requests_holds")
    town.xb.receive(Hand().write([statement(request(**changes))]), XA)
    assert town.xb.dump(*TRACES, "requests_holds") == before
    (newest,) = town.xb.refusals()
    assert (newest.direction, newest.peer, newest.reason) == ("in", XA, reason)
    assert town.xb.holds("awaiting_approval") == []
    for hold in town.xb.holds():
        assert hold.state == "refused"
    # No clock of ours keeps a statement waiting; whatever answer is due fits into an envelope that its recipient can read.
    due = town.xb.node.exchange.to_send(XA, "urgent")
    assert due is not None
    wire = due if isinstance(due, bytes) else town.xb.do(due)
    (item,) = town.xa.node.exchange.open(wire, sender=XB).items
    assert len(item.statement) < 10_000


def test_a_request_for_less_is_held_to_less(town: Town) -> None:
    asked = request(amount_minor=20_000)
    town.xb.receive(Hand().write([statement(asked)]), XA)
    order = town.xb.approve(asked.hold)
    assert order.amount_minor == 20_000
    part = Part(state="held", start=0, end=50_000, local_minor=3_675, local_currency="XBK")
    everything = LedgerAnswer(
        transfer=order.baton.transfer,
        start=0,
        end=50_000,
        currency="XAK",
        snapshot="s",
        found=True,
        parts=(part,),
    )
    before = town.xb.dump()
    orders = town.xb.node.orders
    with pytest.raises(BadInput, match="ordered were"):
        town.xb.do(lambda tx: orders.bank_answers(tx, B1, order.id, everything))
    assert town.xb.dump() == before


def test_a_hold_id_of_somebody_else_changes_nothing_of_theirs(town: Town) -> None:
    mine = request()
    town.xb.receive(Hand().write([statement(mine)]), XA)
    (kept,) = town.xb.holds()
    theirs = msgspec.structs.replace(mine, baton=_baton(holder=B2), amount_minor=1)
    # The other authority's request reuses the id of a hold that is not its own.
    before = town.xb.dump(*TRACES)
    town.xb.receive(Hand(XB2).write([statement(theirs, origin=XB2)]), XB2)
    town.xb.receive(_second(mine, theirs), XA)
    assert town.xb.dump(*TRACES) == before
    assert town.xb.holds() == [kept]


def _second(mine: HoldRequest, theirs: HoldRequest) -> bytes:
    hand = Hand()
    hand.write([statement(mine)])
    return hand.write([statement(theirs)], epoch=2, seq=1, prev="")


# ---- what a peer may choose must not end up where strangers read


@pytest.mark.parametrize("purpose", ["Ms Example, account 12345678", "p" * 60_000])
def test_what_a_peer_writes_does_not_reach_the_public_ledger(town: Town, purpose: str) -> None:
    town.xb.receive(Hand().write([statement(request(), purpose=purpose)]), XA)
    entries = str(town.xb.dump()["ledger_entry"])
    assert purpose[:20] not in entries
    assert town.xb.refusals()


def test_a_hand_written_request_is_taken_when_all_is_right(town: Town) -> None:
    asked = request()
    assert verdicts(town.xb.receive(Hand().write([statement(asked)]), XA)) == [("accepted", "")]
    (hold,) = town.xb.holds("awaiting_approval")
    assert (hold.id, hold.peer, hold.baton) == (asked.hold, XA, asked.baton)
    assert town.xb.refusals() == []
