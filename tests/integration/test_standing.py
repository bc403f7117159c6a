"""Sever, quarantine, restore: what is taken of a peer, what is sent to it, and who may change that."""

from collections.abc import Callable

import msgspec
import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from tests.integration.hand import Hand, object_id, request, statement
from tests.integration.test_keys_change import adopt
from tests.integration.town import NOW, XA, XB, XB2, Desk, Town, keys_of

from lintas.border import review_store
from lintas.border.records import SetAside
from lintas.exchange import store as exchange_store
from lintas.exchange.directory import Directory
from lintas.exchange.records import StandingChange
from lintas.ledger.records import commit, decode
from lintas.model import times
from lintas.model.errors import BadInput, Conflict, LintasError, NotAllowed, NotFound, Refused
from lintas.model.messages import HoldAnswer, LegalBasis
from lintas.node.assembly import assemble
from lintas.node.views import with_doubts
from lintas.storage.engine import writing
from lintas.trust.charter import SigningKey
from lintas.trust.keys import Ed25519Signer

ANN, BEA = "Officer Ann Low", "Officer Bea Kon"
WHY = "calls from its desk that nobody there made"


def stand(desk: Desk, change: str, peer: str, officer: str = ANN, why: str = WHY) -> StandingChange:
    use_case = getattr(desk.node.standings, change)
    done: StandingChange = desk.do(lambda tx: use_case(tx, peer, officer, why))
    return done


def standing(desk: Desk, peer: str) -> str:
    return desk.ask(lambda tx: desk.node.standings.of(tx, peer))


def review(desk: Desk, decision: str, item: str, officer: str, peer: str = XA) -> SetAside:
    use_case = getattr(desk.node.review, decision)
    done: SetAside = desk.do(lambda tx: use_case(tx, peer, item, officer, WHY))
    return done


def set_aside(desk: Desk, peer: str = XA) -> list[SetAside]:
    return desk.ask(lambda tx: desk.node.review.of_peer(tx, peer))


def asked_abroad(town: Town) -> list[str]:
    """Return the states of what xa asked of xb."""
    return [hold.state for hold in town.xa.holds() if hold.direction == "asked"]


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(Refused) as wrong:
        act()
    return wrong.value.reason


def entries(desk: Desk) -> list[str]:
    """Return the types of the ledger's entries."""
    ledger = desk.node.ledger
    return [decode(each).type for each in desk.ask(lambda tx: ledger.entries(tx, 0, ledger.size(tx)))]


# --- sever ------------------------------------------------------------------------------------------------------------


def test_nothing_of_a_severed_peer_is_taken(town: Town) -> None:
    hand = Hand()
    wire = hand.write([statement(request())])
    opened = town.xb.node.exchange.open(wire, sender=XA)
    stand(town.xb, "sever", XA)
    before = town.xb.dump()
    # Also one that was opened before: the standing is looked at inside the commit.
    assert refused(lambda: town.xb.do(lambda tx: town.xb.node.exchange.admit(tx, opened))) == "severed"
    assert refused(lambda: town.xb.receive(wire, XA)) == "severed"
    assert town.xb.dump() == before
    assert town.xb.refusals()[0].reason == "severed"


def test_a_replay_of_a_severed_peer_gets_no_receipt(town: Town) -> None:
    wire = Hand().write([statement(request())])
    town.xb.receive(wire, XA)
    stand(town.xb, "sever", XA)
    assert refused(lambda: town.xb.receive(wire, XA)) == "severed"


def test_what_is_for_a_severed_peer_waits_and_leaves_when_it_is_trusted_again(town: Town) -> None:
    report = town.xa.file(town.form())
    while town.banks_work():
        pass
    stand(town.xa, "sever", XB)
    assert town.xa.send(town.xb) == 0
    assert town.xa.node.exchange.to_send(XB, "urgent", anew=True) is None
    stand(town.xa, "restore", XB, ANN)
    assert town.xa.send(town.xb) == 0, "one person does not restore"
    stand(town.xa, "restore", XB, BEA)
    assert town.xa.send(town.xb) == 1
    assert town.xb.holds("awaiting_approval")
    town.xa.bar(report.case)


def test_nothing_is_sealed_for_a_peer_that_was_severed_meanwhile(town: Town) -> None:
    town.xa.file(town.form())
    while town.banks_work():
        pass
    due = town.xa.node.exchange.to_send(XB, "urgent")
    assert due is not None
    assert not isinstance(due, bytes)
    stand(town.xa, "sever", XB)
    assert refused(lambda: town.xa.do(due)) == "severed"
    assert town.xa.ask(town.xa.node.exchange.sent) == []


def test_a_receipt_of_a_severed_peer_settles_nothing_and_comes_again(town: Town) -> None:
    town.xa.file(town.form())
    while town.banks_work():
        pass
    due = town.xa.node.exchange.to_send(XB, "urgent")
    assert due is not None
    assert not isinstance(due, bytes)
    receipt = town.xb.receive(town.xa.do(due), XA)
    stand(town.xa, "sever", XB)
    assert refused(lambda: town.xa.take_receipt(receipt)) == "severed"
    assert len(town.xa.ask(town.xa.node.border.unmatched)) == 1
    stand(town.xa, "restore", XB, ANN)
    stand(town.xa, "restore", XB, BEA)
    town.xa.take_receipt(receipt)
    assert town.xa.ask(town.xa.node.border.unmatched) == []


@pytest.mark.parametrize("change", ["sever", "quarantine"])
def test_nothing_new_is_asked_of_a_peer_that_is_not_trusted(town: Town, change: str) -> None:
    stand(town.xa, change, XB)
    report = town.xa.file(town.form())
    town.settle()
    (hold,) = (each for each in town.xa.case(report.case).holds if each.direction == "asked")
    assert hold.state == "refused_by_policy"
    assert "nothing new is asked" in hold.decision
    assert town.xb.holds() == []


def test_severing_one_peer_leaves_the_others_alone(town: Town) -> None:
    stand(town.xb, "sever", XB2)
    town.asked()


# --- quarantine -------------------------------------------------------------------------------------------------------


def quarantined(town: Town) -> str:
    """Play the story with xa in quarantine at xb; returns the one object that was set aside."""
    stand(town.xb, "quarantine", XA)
    town.xa.file(town.form())
    town.settle()
    (waiting,) = set_aside(town.xb)
    return waiting.object


def test_what_comes_from_quarantine_is_receipted_and_not_acted_upon(town: Town) -> None:
    item = quarantined(town)
    assert town.xb.holds() == []
    assert "receipt.quarantined" in entries(town.xb)
    assert "receipt" not in entries(town.xb)
    (hold,) = town.xa.holds("delivered")
    assert "people there" in hold.reason
    assert town.xa.ask(town.xa.node.border.unmatched) == []
    with pytest.raises(NotFound):
        town.xb.ask(lambda tx: town.xb.node.border.statement(tx, XA, item))
    (shown,) = set_aside(town.xb)
    assert '"scheme":"' in shown.body
    assert shown.until is not None


def test_two_people_accept_and_then_it_is_decided_upon(town: Town) -> None:
    item = quarantined(town)
    asked = review(town.xb, "accept", item, ANN)
    assert (asked.asked_by, asked.decision) == (ANN, "")
    assert town.xb.holds() == []
    with pytest.raises(NotAllowed, match="another person"):
        review(town.xb, "accept", item, f" {ANN.upper()} ")
    done = review(town.xb, "accept", item, BEA)
    assert (done.decision, done.decided_by) == ("accepted", BEA)
    assert "receipt" in entries(town.xb)
    (waiting,) = town.xb.holds("awaiting_approval")
    assert XA in str(waiting.peer)
    with pytest.raises(Conflict):
        review(town.xb, "accept", item, BEA)
    # It is answered while xa is still in quarantine, and the answer reaches it.
    town.xb.approve(waiting.id)
    town.settle()
    assert asked_abroad(town) == ["answered"]


def test_one_person_rejects_and_it_never_comes_in(town: Town) -> None:
    stand(town.xb, "quarantine", XA)
    hand = Hand()
    town.xb.receive(hand.write([statement(request(), word="a bad one")]), XA)
    item = object_id("a bad one")
    done = review(town.xb, "reject", item, ANN)
    assert (done.decision, done.body) == ("rejected", "")
    assert "receipt.rejected" in entries(town.xb)
    for decision in ("accept", "reject"):
        with pytest.raises(Conflict):
            review(town.xb, decision, item, BEA)
    stand(town.xb, "restore", XA, ANN)
    stand(town.xb, "restore", XA, BEA)
    assert town.xb.holds() == []


def test_what_was_set_aside_stays_so_when_it_is_sent_again_after_the_quarantine(town: Town) -> None:
    stand(town.xb, "quarantine", XA)
    hand, same = Hand(), statement(request(), word="twice")
    town.xb.receive(hand.write([same]), XA)
    stand(town.xb, "restore", XA, ANN)
    stand(town.xb, "restore", XA, BEA)
    town.xb.receive(hand.write([same, statement(request())]), XA)
    assert len(town.xb.holds()) == 1
    assert [each.object for each in set_aside(town.xb)] == [object_id("twice")]


def test_an_answer_from_quarantine_changes_no_bar(town: Town) -> None:
    report, waiting = town.asked()
    stand(town.xa, "quarantine", XB)
    town.xb.approve(waiting.id)
    town.settle()
    assert asked_abroad(town) == ["delivered"]
    (answer,) = set_aside(town.xa, XB)
    assert town.xa.bar(report.case).held == 0
    review(town.xa, "accept", answer.object, ANN, XB)
    review(town.xa, "accept", answer.object, BEA, XB)
    assert town.xa.bar(report.case).held > 0


def test_what_policy_refuses_is_not_set_aside(town: Town) -> None:
    stand(town.xb, "quarantine", XA)
    town.xb.receive(Hand().write([statement(request(), purpose="statistics")]), XA)
    assert set_aside(town.xb) == []
    assert town.xb.refusals()[0].reason == "refused"


def test_a_key_revoked_since_lets_nothing_out_of_quarantine(town: Town) -> None:
    item = quarantined(town)
    review(town.xb, "accept", item, ANN)
    revoke_key(town)
    assert refused(lambda: review(town.xb, "accept", item, BEA)) == "revoked_key"
    assert review(town.xb, "reject", item, BEA).decision == "rejected"


def test_a_severed_peer_gets_nothing_out_of_quarantine(town: Town) -> None:
    item = quarantined(town)
    review(town.xb, "accept", item, ANN)
    stand(town.xb, "sever", XA, BEA)
    assert refused(lambda: review(town.xb, "accept", item, BEA)) == "severed"


def test_what_expired_in_quarantine_is_erased_and_listed(town: Town) -> None:
    item = quarantined(town)
    town.clock.move(days=400)
    town.xb.do(town.xb.node.border.erase_expired)
    assert town.xb.ask(lambda tx: town.xb.node.review.waiting(tx, XA)) == 0
    assert [(each.object, each.body) for each in set_aside(town.xb)] == [(item, "")]
    with pytest.raises(Conflict, match="expired"):
        review(town.xb, "accept", item, ANN)


def test_a_flood_into_quarantine_ends(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lintas.border.service.MAX_SET_ASIDE", 3)
    stand(town.xb, "quarantine", XA)
    hand = Hand()
    for _ in range(3):
        town.xb.receive(hand.write([statement(request()), statement(request())]), XA)
    assert len(set_aside(town.xb)) == 2
    with pytest.raises(NotFound):
        review(town.xb, "accept", "obj-nothing", ANN)


# --- who may, and what stays --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("peer", "wrong"), [("xz-asc", NotFound), ("", NotFound), (XB, BadInput)], ids=["unknown", "empty", "oneself"]
)
@pytest.mark.parametrize("change", ["sever", "quarantine", "restore"])
def test_only_other_members_have_a_standing(town: Town, change: str, peer: str, wrong: type[LintasError]) -> None:
    before = town.xb.dump()
    with pytest.raises(wrong):
        stand(town.xb, change, peer)
    assert town.xb.dump() == before


def test_double_requests_are_conflicts_and_a_quarantine_never_loosens(town: Town) -> None:
    with pytest.raises(Conflict):
        stand(town.xb, "restore", XA)
    stand(town.xb, "quarantine", XA)
    with pytest.raises(Conflict):
        stand(town.xb, "quarantine", XA, BEA)
    stand(town.xb, "sever", XA)
    for change in ("sever", "quarantine"):
        with pytest.raises(Conflict):
            stand(town.xb, change, XA, BEA)
    assert standing(town.xb, XA) == "severed"


def test_trust_comes_back_by_two_names_and_not_after_a_new_decision(town: Town) -> None:
    stand(town.xb, "quarantine", XA, ANN)
    stand(town.xb, "restore", XA, ANN)
    with pytest.raises(NotAllowed, match="another person"):
        stand(town.xb, "restore", XA, f"{ANN.lower()} ")
    # What was asked before a newer decision is confirmed by nobody: it must be asked anew.
    stand(town.xb, "sever", XA, BEA)
    stand(town.xb, "restore", XA, BEA)
    assert standing(town.xb, XA) == "severed"
    done = stand(town.xb, "restore", XA, ANN)
    assert (done.asked_by, done.confirmed_by, standing(town.xb, XA)) == (BEA, ANN, "trusted")
    listed = town.xb.ask(lambda tx: town.xb.node.standings.changes(tx, XA))
    assert [(each.standing, each.counts) for each in listed] == [
        ("trusted", True), ("severed", True), ("trusted", False), ("quarantined", True),
    ]  # fmt: skip
    assert all(each.reason == WHY and each.asked_at == times.render(NOW) for each in listed)


def test_the_database_itself_refuses_one_name_twice(town: Town) -> None:
    item = quarantined(town)
    asked = stand(town.xb, "restore", XA, ANN)
    standings, quarantine = exchange_store.standings, review_store.quarantine
    for forged in (
        update(standings).where(standings.c.id == asked.id).values(confirmed_by=f"{ANN} ".upper()),
        update(quarantine).where(quarantine.c.object == item).values(decision="accepted", decided_by=ANN),
        update(quarantine).where(quarantine.c.object == item).values(decision="accepted", decided_by=ANN, asked_by=ANN),
    ):
        with writing(town.xb.engine) as tx, pytest.raises(IntegrityError), tx.begin():
            tx.execute(forged)
    assert standing(town.xb, XA) == "quarantined"


def test_each_change_in_force_is_one_entry_that_names_nobody(town: Town) -> None:
    stand(town.xb, "sever", XA)
    stand(town.xb, "restore", XA, ANN)
    stand(town.xb, "restore", XA, BEA)
    ledger, standings = town.xb.node.ledger, exchange_store.standings
    raw = town.xb.ask(lambda tx: ledger.entries(tx, 0, ledger.size(tx)))
    assert [decode(each).type for each in raw] == ["standing", "standing"]
    assert not any(word in b"".join(raw) for word in (XA.encode(), ANN.encode(), WHY.encode()))
    changes = town.xb.ask(lambda tx: town.xb.node.standings.changes(tx, XA))
    salts = town.xb.ask(lambda tx: {row.id: row.salt for row in tx.execute(standings.select())})
    for change, entry in zip(changes, reversed(raw), strict=True):
        assert commit(salts[change.id], msgspec.json.encode(change)) == decode(entry).commitment


def test_a_standing_outlives_a_restart(town: Town) -> None:
    stand(town.xb, "sever", XA)
    parts = town.xb.node.parts._replace(directory=Directory(town.xb.directory._signed, town.clock))
    town.xb.node = assemble(parts)
    assert refused(lambda: town.xb.receive(Hand().write([statement(request())]), XA)) == "severed"


# --- a key that is gone -------------------------------------------------------------------------------------------------


def revoke_key(town: Town) -> None:
    """Let xa's key be revoked now, in favour of another."""
    mine = keys_of(XA).member
    fresh = SigningKey(key=Ed25519Signer.from_seed(f"{XA}/second", b"2" * 32).public)
    ended = tuple(msgspec.structs.replace(key, revoked_at=times.render(NOW)) for key in mine.signing_keys)
    adopt(town, msgspec.structs.replace(mine, signing_keys=(*ended, fresh)))


def test_a_request_whose_key_was_revoked_since_says_so(town: Town) -> None:
    def doubts() -> list[str]:
        holds = town.xb.ask(lambda tx: with_doubts(town.xb.node, tx, town.xb.node.orders.pending(tx)))
        return [hold.doubt for hold in holds]

    town.asked()
    assert doubts() == [""]
    revoke_key(town)
    (doubt,) = doubts()
    assert "key that signed this request" in doubt
    stand(town.xb, "quarantine", XA)
    assert f"{XA} is quarantined here" in doubts()[0]
    # Nothing of it is stored with the hold.
    assert [hold.doubt for hold in town.xb.holds()] == [""]


def test_answers_still_leave_for_a_peer_in_quarantine(town: Town) -> None:
    _, waiting = town.asked()
    stand(town.xb, "quarantine", XA)
    town.xb.do(lambda tx: town.xb.node.orders.decline(tx, waiting.id, "Officer Dena Holt", "not under our law"))
    assert town.xb.send(town.xa) == 1
    assert asked_abroad(town) == ["answered"]


def test_a_liar_cannot_choose_its_verdict_by_an_answer_nobody_asked_for(town: Town) -> None:
    stand(town.xb, "quarantine", XA)
    basis = LegalBasis(jurisdiction="XA", rule="r", law="l")
    answer = HoldAnswer(hold="hold-never-asked", outcome="refused", basis=basis, reason="no")
    town.xb.receive(Hand().write([statement(answer, word="unasked")]), XA)
    review(town.xb, "accept", object_id("unasked"), ANN)
    review(town.xb, "accept", object_id("unasked"), BEA)
    assert town.xb.refusals()[0].reason == "not_asked"
