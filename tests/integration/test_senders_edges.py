"""The registry of sender IDs where somebody tries something: strangers, single officers, look-alikes, a peer that lies."""

import pytest
from tests.integration.hand import Hand, statement
from tests.integration.test_senders import (
    ASHA,
    BANK,
    DENA,
    MAE,
    RIN,
    THIEF,
    Three,
    abroad,
    claim,
    confirm,
    of,
    registered,
    registry,
    seen,
    three,
    two,
)
from tests.integration.town import XA, XB, XB2

from lintas.ledger.records import decode
from lintas.model.errors import BadInput, Conflict, NotAllowed
from lintas.model.senders import SenderClaim, SenderEnd, SenderRejection, SenderWord
from lintas.telco.registry import rules
from lintas.telco.registry.records import NewAsked, NewClaim, Wish

__all__ = ["three"]


def test_who_claims_a_name_in_anothers_window_waits_for_its_owner(three: Three) -> None:
    """A claim that is registered meanwhile does not vanish from sight."""
    bank = claim(three.xa)
    three.tick()
    three.clock.move(days=1)
    thief = claim(three.xb, THIEF)
    judged = seen(three.xb, thief.id).judgement
    assert judged is not None and judged.why == "rival"
    three.tick()
    for _ in range(3):
        three.pass_(days=14, minutes=1)
    assert of(three.xa, bank.id).state == "registered"
    judged = seen(three.xb, thief.id).judgement
    assert judged is not None and judged.why == "consent"


def test_a_stranger_abroad_needs_the_banks_own_authority(three: Three) -> None:
    xa, xb = three.xa, three.xb
    bank = registered(three, xa)
    thief = claim(xb, THIEF)
    three.tick()
    three.pass_(days=20)
    waits = seen(xb, thief.id)
    assert waits.sender.state == "claimed" and waits.judgement is not None
    assert (waits.judgement.why, [each.ref for each in waits.clashes]) == ("consent", [bank.id])
    # Neither its own authority's officers nor the other one of its jurisdiction can say it for the bank's.
    with pytest.raises(Conflict):
        two(xb, thief.id, "consent", registration=waits.clashes[0].id)
    other = abroad(three.xb2, XB)
    mine = abroad(three.xb2, XA)
    with pytest.raises(BadInput, match="no registration of ours"):
        two(three.xb2, other.id, "consent", registration=mine.id)
    theirs = abroad(xa, XB)
    assert seen(xa, theirs.id).ours == (bank.id,)
    asked = NewAsked(act="consent", reason="it is the bank's own branch", registration=bank.id)
    xa.do(lambda tx: xa.node.senders.desk.ask(tx, theirs.id, asked, RIN))
    with pytest.raises(NotAllowed):
        confirm(xa, theirs.id, "officer rin  VALE")
    three.settle()
    assert not seen(xb, thief.id).words
    confirm(xa, theirs.id, MAE)
    three.settle()
    three.tick()
    three.tick()
    assert of(xb, thief.id).state == abroad(xa, XB).state == abroad(three.xb2, XB).state == "registered"


def test_one_officer_alone_files_approves_and_ends_nothing(three: Three) -> None:
    xa = three.xa
    filed = xa.do(lambda tx: xa.node.senders.desk.file(tx, BANK, ASHA))
    with pytest.raises(NotAllowed):
        xa.do(lambda tx: xa.node.senders.desk.approve(tx, filed.id, "officer  ASHA tor"))
    with pytest.raises(Conflict, match="proposed here already"):
        xa.do(lambda tx: xa.node.senders.desk.file(tx, THIEF, DENA))
    xa.do(lambda tx: xa.node.senders.desk.decline(tx, filed.id, DENA, "not shown to be theirs"))
    made = registered(three, xa)
    with pytest.raises(Conflict, match="revoked by two"):
        xa.do(lambda tx: xa.node.senders.desk.withdraw(tx, made.id, DENA, "no longer"))
    for act in ("attest", "consent"):
        with pytest.raises((Conflict, BadInput)):
            two(xa, made.id, act)
    xa.do(lambda tx: xa.node.senders.desk.ask(tx, made.id, NewAsked(act="revoke", reason="it was sold"), RIN))
    with pytest.raises(NotAllowed):
        confirm(xa, made.id, RIN)
    xa.do(lambda tx: xa.node.senders.desk.decline(tx, made.id, DENA, "it was not sold"))
    assert of(xa, made.id).state == "registered" and of(xa, made.id).asked is None
    acts = [each.act for each in seen(xa, made.id).acts]
    assert acts == ["file", "approve", "register", "ask_revoke", "decline"]


def test_what_is_confirmed_is_what_was_read(three: Three) -> None:
    """Nobody swaps a wish between the second officer's reading and his click."""
    xa = three.xa
    made, desk = registered(three, xa), xa.node.senders.desk
    xa.do(lambda tx: desk.ask(tx, made.id, NewAsked(act="revoke", reason="it was sold"), RIN))
    first = of(xa, made.id).asked
    assert first is not None
    read = Wish(act=first.act, at=first.at)
    with pytest.raises(Conflict, match="something else now"):
        xa.do(lambda tx: desk.confirm(tx, made.id, Wish(act="attest", at=first.at), MAE))
    xa.do(lambda tx: desk.decline(tx, made.id, RIN, "a slip"))
    with pytest.raises(Conflict, match="nobody asks"):
        xa.do(lambda tx: desk.confirm(tx, made.id, read, MAE))
    three.clock.move(minutes=1)
    xa.do(lambda tx: desk.ask(tx, made.id, NewAsked(act="revoke", reason="another reason"), RIN))
    with pytest.raises(Conflict, match="something else now"):
        xa.do(lambda tx: desk.confirm(tx, made.id, read, MAE))
    assert of(xa, made.id).state == "registered"
    # What waited too long is asked for anew.
    three.clock.move(days=rules.WAITS.days, minutes=1)
    with pytest.raises(Conflict, match="longer than 30 days"):
        confirm(xa, made.id, MAE)
    xa.do(lambda tx: desk.decline(tx, made.id, MAE, "it is too old"))
    assert two(xa, made.id, "revoke").state == "ended"


def test_a_look_alike_is_caught(three: Three) -> None:
    xa, xb = three.xa, three.xb
    bank = registered(three, xa)
    for like in ("XATL8ANK", "X-ATL Bank", "XATLBnak", "XATL8ankOTP"):
        new = NewClaim(sender=like, owner="Cheap Texts Ltd")
        thief = claim(xb, new)
        judged = seen(xb, thief.id).judgement
        assert judged is not None and (judged.why, len(judged.against)) == ("consent", 1), like
        with pytest.raises(Conflict, match=bank.id):
            claim(xa, new)
        xb.do(lambda tx, name=thief.id: xb.node.senders.desk.withdraw(tx, name, RIN, "it was a trial"))  # type: ignore[misc] # bound now
    for like in ("XATL\u0392ank", "XATLB\u0430nk"):  # a Greek and a Cyrillic letter, which no SMS carries
        with pytest.raises(BadInput):
            claim(xb, NewClaim(sender=like, owner="Cheap Texts Ltd"))
    # The bank itself may have several names at home.
    assert claim(xa, NewClaim(sender="XATLBankOTP", owner="xatl  BANK")).state == "claimed"


def test_digits_for_letters_and_words_of_everybody(three: Three) -> None:
    registered(three, three.xa, NewClaim(sender="OTTOBANK", owner="Otto Bank"))
    caught = claim(three.xb, NewClaim(sender="0TT0BANK", owner="Cheap Texts Ltd"))
    judged = seen(three.xb, caught.id).judgement
    assert judged is not None and judged.why == "consent"
    for bad in ("OTP", "1NFO", "999", "", "BANK"):
        with pytest.raises(BadInput):
            claim(three.xb, NewClaim(sender=bad, owner="Cheap Texts Ltd"))


def test_an_objection_without_a_registration_ends_and_comes_too_late(three: Three) -> None:
    xa, xb = three.xa, three.xb
    made = claim(xa)
    three.tick()
    theirs = abroad(xb, XA)
    two(xb, theirs.id, "object")
    three.settle()
    three.pass_(days=29)
    assert of(xa, made.id).state == "claimed"
    # Taken back and made anew it is no younger.
    two(xb, theirs.id, "retract")
    two(xb, theirs.id, "object")
    three.settle()
    three.pass_(days=2)
    assert of(xa, made.id).state == "registered"


# ---- ends


def test_who_is_severed_is_told_later(three: Three) -> None:
    xa, xb = three.xa, three.xb
    made = registered(three, xa)
    xa.do(lambda tx: xa.node.standings.sever(tx, XB, RIN, "their keys were stolen"))
    two(xa, made.id, "revoke", reason="the owner asked for it")
    assert xa.send(xb) == 0 and xa.send(three.xb2) == 1
    assert abroad(xb, XA).state == "registered"
    xa.do(lambda tx: xa.node.standings.restore(tx, XB, RIN, "they have new ones"))
    xa.do(lambda tx: xa.node.standings.restore(tx, XB, MAE, "they have new ones"))
    three.pass_(hours=2)
    assert abroad(xb, XA).state == "ended"


def test_a_year_ends_unless_it_is_attested(three: Three) -> None:
    xa, xb = three.xa, three.xb
    made = registered(three, xa)
    for days in (85, 85, 85, 60):  # it is told again each month, so that a peer keeps it
        three.pass_(days=days)
        assert abroad(xb, XA).state == "registered"
    two(xa, made.id, "attest", aggregators=("XA Gate", "XA Second"))
    three.tick()
    assert abroad(xb, XA).aggregators == ("XA Gate", "XA Second")
    assert of(xa, made.id).until == "2028-01-24T10:08:00Z"
    three.pass_(days=366)
    assert (of(xa, made.id).state, of(xa, made.id).end_code) == ("ended", "expired")
    assert abroad(xb, XA).state == "ended" and not list(registry(xb))


def test_every_act_is_in_the_ledger(three: Three) -> None:
    xa = three.xa
    before = xa.ask(xa.node.ledger.size)
    made = registered(three, xa)
    entries = xa.ask(lambda tx: xa.node.ledger.entries(tx, before, xa.node.ledger.size(tx)))
    mine = [one for one in map(decode, entries) if one.type == "sender"]
    assert [each.object for each in mine] == [f"{made.id}-{number}" for number in (1, 2, 3)]


# ---- a lying peer


def lie(**changes: object) -> SenderClaim:
    good = {
        "id": "a" * 16,
        "number": 1,
        "sender": "XBTLBank",
        "jurisdiction": "XA",
        "owner": "Cheap Texts Ltd",
        "state": "claimed",
        "announced": "2026-03-01T10:07:00Z",
        "until": "2026-12-01T00:00:00Z",
    }
    return SenderClaim(**(good | changes))  # type: ignore[arg-type]


class Liar:
    """The keys of xa in somebody's hand, who says things to xb."""

    def __init__(self, town: Three) -> None:
        self._xb, self._hand = town.xb, Hand()

    def say(self, body: SenderClaim | SenderEnd | SenderWord | SenderRejection) -> str:
        """Say something; returns why it was refused, "" when nobody minded."""
        before = len(self._xb.refusals())
        purpose = "disruption" if isinstance(body, SenderClaim) else "status"
        item = statement(body, purpose=purpose, plane="A", expires="2027-01-01T00:00:00Z")
        self._xb.receive(self._hand.write([item]), XA)
        found = self._xb.refusals()
        return found[0].reason if len(found) > before else ""


def test_a_peer_registers_nothing_by_saying_so(three: Three) -> None:
    xb, liar = three.xb, Liar(three)
    bank = registered(three, xb, NewClaim(sender="XBTLBank", owner="XBTL Bank"))
    # It says that it is registered there since long ago.
    assert not liar.say(lie(state="registered", announced="2020-01-01T00:00:00Z"))
    three.tick()
    found = abroad(xb, XA, "XBTLBank")
    assert (found.state, found.there) == ("claimed", True)
    assert found.announced > "2026-03-15"  # when it came, whatever it says
    three.pass_(days=60)
    assert abroad(xb, XA, "XBTLBank").state == "claimed"
    assert [each.id for each in registry(xb)] == [bank.id]
    # A name that clashes with nobody's counts here after the window, not before.
    assert not liar.say(lie(id="b" * 16, sender="Harmless", state="registered", announced="2020-01-01T00:00:00Z"))
    three.tick()
    assert abroad(xb, XA, "Harmless").state == "claimed"
    three.pass_(days=14, minutes=1)
    assert abroad(xb, XA, "Harmless").state == "registered"


def test_a_peer_speaks_for_nobody_else(three: Three) -> None:
    xb, liar = three.xb, Liar(three)
    mine = claim(xb, NewClaim(sender="XBTLBank", owner="XBTL Bank"))
    assert liar.say(lie(jurisdiction="XB")) == "foreign_jurisdiction"
    assert liar.say(lie(sender="XATLBаnk")) == "bad_input"  # a Cyrillic letter
    word = {"number": 1, "at": "2026-03-01T10:07:00Z", "reason": "no"}
    about = {"claim": mine.id, "origin": XB}
    assert liar.say(SenderWord(**word, claim="a" * 16, origin=XA, stand="objects")) == "own_claim"  # type: ignore[arg-type]
    assert liar.say(SenderWord(**word, **about | {"claim": "c" * 16}, stand="objects")) == "unknown_claim"  # type: ignore[arg-type]
    assert liar.say(SenderWord(**word, **about, stand="consents")) == "bad_input"  # type: ignore[arg-type]
    # Ends nothing of ours, and rejects nobody's objection but to its own claims.
    assert not liar.say(SenderEnd(id=mine.id, number=9, code="revoked", at="2026-03-01T10:07:00Z"))
    assert of(xb, mine.id).state == "claimed"
    three.tick()
    two(three.xb2, abroad(three.xb2, XB, "XBTLBank").id, "object")
    three.tick()
    bad = SenderRejection(claim=mine.id, objector=XB2, at="2026-03-01T10:07:00Z", reason="no")
    assert liar.say(bad) == "unknown_objection"
    assert [each.rejected for each in seen(xb, mine.id).words] == [""]


def test_what_comes_twice_or_late_changes_nothing(three: Three) -> None:
    liar, xb = Liar(three), three.xb
    liar.say(lie(number=3, aggregators=("New Gate",)))
    three.tick()
    liar.say(lie(number=2, aggregators=("Old Gate",)))
    assert abroad(xb, XA, "XBTLBank").aggregators == ("New Gate",)
    assert liar.say(lie(number=4, sender="Other")) == liar.say(lie(number=4, owner="Other Ltd")) == "changed"
    liar.say(SenderEnd(id="a" * 16, number=2, code="withdrawn", at="2026-03-01T10:07:00Z"))
    assert abroad(xb, XA, "XBTLBank").state == "claimed"
    for _ in range(2):
        liar.say(SenderEnd(id="a" * 16, number=5, code="withdrawn", at="2026-03-01T10:07:00Z"))
    liar.say(lie(number=6))
    assert abroad(xb, XA, "XBTLBank").state == "ended"
    # An end that overtakes its claim.
    liar.say(SenderEnd(id="b" * 16, number=2, code="withdrawn", at="2026-03-01T10:07:00Z"))
    liar.say(lie(id="b" * 16, sender="Overtaken", number=1))
    assert not xb.ask(lambda tx: xb.node.senders.reading.listed(tx, q="Overtaken"))


def test_a_peer_says_only_so_much_a_day(three: Three, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lintas.telco.registry.rules.MOST_A_DAY", 3)
    liar = Liar(three)
    said = [liar.say(lie(id=letter * 16, sender=f"Many{letter}")) for letter in "abcd"]
    assert said == ["", "", "", "over_cap"]
    # To end what it said before is always heard.
    liar.say(SenderEnd(id="a" * 16, number=2, code="withdrawn", at="2026-03-01T10:07:00Z"))
    assert abroad(three.xb, XA, "Manya").state == "ended"
    three.clock.move(days=1)
    assert not liar.say(lie(id="d" * 16, sender="Manyd"))
    monkeypatch.setattr("lintas.telco.registry.rules.MOST_OPEN", 3)
    assert liar.say(lie(id="e" * 16, sender="Manye")) == "over_cap"
    assert not liar.say(lie(id="d" * 16, sender="Manyd", number=2))
