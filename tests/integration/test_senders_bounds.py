"""The registry of sender IDs under a load, and where a peer or a careless day would take more than its share."""

import random
import string

import pytest
from tests.integration.test_senders import THIEF, Three, abroad, claim, of, registered, seen, three, two
from tests.integration.test_senders_edges import Liar, lie
from tests.integration.town import XA, XB

from lintas.model import times
from lintas.model.senders import SenderWord
from lintas.storage.engine import Transaction
from lintas.telco.registry import clock, rules, store, telling
from lintas.telco.registry.records import NewClaim, Sender

__all__ = ["three"]


def put(tx: Transaction, town: Three, count: int, origin: str = "", **more: object) -> None:
    """Store registrations, or what ``more`` makes of them, under names that nobody takes for each other."""
    now, chance = times.render(town.clock.now()), random.Random(count)
    until = times.render(town.clock.now() + rules.YEAR)
    for number in range(count):
        name = "".join(chance.choice(string.ascii_uppercase) for _ in range(11))
        item = {
            "id": "".join(chance.choice(string.ascii_lowercase) for _ in range(16)),
            "origin": origin,
            "ref": "a" * 16 if origin else "",
            "number": 2,
            "sender": name,
            "jurisdiction": "xa",
            "owner": f"Bank {number}",
            "aggregators": (),
            "state": "registered",
            "announced": now,
            "since": now,
            "until": until,
        }
        made = Sender(**item | more)  # type: ignore[arg-type]
        store.save(tx, made, until if made.state == "registered" else now)


def test_a_look_of_the_clock_reads_little_whole_and_goes_on_at_the_next(
    three: Three, monkeypatch: pytest.MonkeyPatch
) -> None:
    xb, count = three.xb, 3 * clock.AT_ONCE
    xb.do(lambda tx: put(tx, three, 300, XA))
    xb.do(lambda tx: put(tx, three, count, XA, state="claimed", since="", there=True))
    three.clock.move(days=14, minutes=1)
    read, endings = list[bytes](), xb.node.senders.endings
    decode = store._sender

    def counted(doc: bytes) -> Sender:
        read.append(doc)
        return decode(doc)

    monkeypatch.setattr(store, "_sender", counted)
    for done in range(1, 4):
        assert xb.ask(endings.due)
        read.clear()
        xb.do(endings.close)
        # Itself, and what it is taken for: by chance hardly any.
        assert len(read) <= 4 * clock.AT_ONCE
        assert xb.ask(lambda tx: len(store.in_state(tx, "registered"))) == 300 + done * clock.AT_ONCE
    assert not xb.ask(endings.due)


def test_a_peer_is_told_everything_and_no_more_a_day_than_it_takes(
    three: Three, monkeypatch: pytest.MonkeyPatch
) -> None:
    xa, xb = three.xa, three.xb
    monkeypatch.setattr(rules, "MOST_A_DAY", 6)
    monkeypatch.setattr(rules, "MOST_TOLD", 5)
    monkeypatch.setattr(telling, "AT_ONCE", 2)
    xa.do(lambda tx: put(tx, three, 12))

    def known(hours: int) -> int:
        for _ in range(hours):
            three.clock.move(hours=1)
            xa.do(xa.node.senders.close)
            xa.send(xb)
        return len(xb.ask(lambda tx: store.in_state(tx, "claimed")))

    # Where there is more, the next look goes on at once, up to what the peer takes.
    assert [known(1), known(1), known(1), known(20)] == [2, 4, 5, 5]
    assert (known(24), known(24)) == (10, 12)
    # In a month all of it is told again; what it does not know goes first.
    three.clock.move(days=28)
    filed = claim(xa)
    assert known(1) == 13 and abroad(xb, XA).ref == filed.id
    known(72)
    assert not xb.refusals()


def test_a_word_that_was_not_taken_is_told_again(three: Three, monkeypatch: pytest.MonkeyPatch) -> None:
    xa, xb = three.xa, three.xb
    own = registered(three, xa)
    theirs = claim(xb, THIEF)
    three.tick()
    with monkeypatch.context() as full:
        full.setattr(rules, "MOST_A_DAY", 0)
        two(xa, abroad(xa, XB).id, "consent", registration=own.id)
        three.settle()
    assert not seen(xb, theirs.id).words and xb.refusals()[0].reason == "over_cap"
    for _ in range(3):
        three.pass_(days=1, minutes=1)
    (heard,) = seen(xb, theirs.id).words
    assert heard.stand == "consents"
    three.pass_(days=14)
    three.tick()
    assert of(xb, theirs.id).state == "registered"
    assert len(xb.refusals()) == len(three.xb2.refusals()) == 1


def test_what_is_told_again_does_not_use_up_the_day(three: Three, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MOST_A_DAY", 2)
    liar = Liar(three)
    said = [liar.say(lie(id=letter * 16, sender=f"Many{letter}")) for letter in "aaabaaabc"]
    assert said == ["", "", "", "", "over_cap", "over_cap", "over_cap", "over_cap", "over_cap"]
    three.clock.move(days=1)
    assert [liar.say(lie(id=letter * 16, sender=f"Many{letter}")) for letter in "abcd"] == ["", "", "", ""]


# ---- a peer that wants more


def test_a_claim_that_can_never_be_registered_stands_in_nobodys_way(three: Three) -> None:
    xb, liar = three.xb, Liar(three)
    liar.say(lie(sender="POLICE", state="registered"))
    three.tick()
    squat = abroad(xb, XA, "POLICE")
    judged = seen(xb, squat.id).judgement
    assert squat.refused and judged is not None and (judged.state, judged.why) == ("refused", "generic")
    mine = claim(xb, NewClaim(sender="XBPolice", owner="XB Police"))
    three.pass_(days=14, minutes=1)
    three.tick()
    assert of(xb, mine.id).state == "registered"


def test_what_a_peer_says_is_registered_lapses_where_it_does_not_count(three: Three) -> None:
    xb, liar, begun = three.xb, Liar(three), three.clock.now()
    registered(three, xb, NewClaim(sender="XBTLBank", owner="XBTL Bank"))
    for _ in range(3):  # it waits for a consent that never comes
        assert not liar.say(lie(state="registered"))
        three.pass_(days=25)
    mine = claim(xb, NewClaim(sender="XBTLBankOTP", owner="XBTL Bank"))
    judged = seen(xb, mine.id).judgement
    assert judged is not None and judged.why == "rival"
    three.pass_(days=16)
    assert abroad(xb, XA, "XBTLBank").state == "ended"
    # Told of again, it is behind.
    assert not liar.say(lie(state="registered"))
    assert abroad(xb, XA, "XBTLBank").announced > times.render(begun + rules.LAPSE)
    three.tick()
    assert of(xb, mine.id).state == "registered"


def test_an_equal_number_only_goes_on(three: Three) -> None:
    xb, liar = three.xb, Liar(three)
    liar.say(lie(aggregators=("Good Gate",)))
    assert liar.say(lie(aggregators=("Any Gate",))) == "changed"
    assert not liar.say(lie(aggregators=("Good Gate",), state="registered", until="2026-11-01T00:00:00Z"))
    found = abroad(xb, XA, "XBTLBank")
    assert (found.aggregators, found.there, found.until) == (("Good Gate",), True, "2026-11-01T00:00:00Z")
    assert not liar.say(lie(number=2, aggregators=("New Gate",)))
    assert abroad(xb, XA, "XBTLBank").aggregators == ("New Gate",)


def test_nobody_speaks_of_a_claim_of_its_own_by_our_id(three: Three) -> None:
    xb, liar = three.xb, Liar(three)
    liar.say(lie())
    found = abroad(xb, XA, "XBTLBank")
    said = SenderWord(claim=found.id, origin=XB, number=1, stand="objects", at="2026-03-01T10:07:00Z", reason="no")
    assert liar.say(said) == "unknown_claim"
    assert not seen(xb, found.id).words
