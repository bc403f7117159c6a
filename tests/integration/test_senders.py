"""Sender IDs between authorities: claimed, announced, waited for, objected to, registered, taken back."""

from collections.abc import Iterator

import pytest
from tests.integration.engines import Fresh
from tests.integration.test_lists import settle
from tests.integration.town import XA, XB, XB2, Desk, SetClock

from lintas.model.errors import NotAllowed, NotFound
from lintas.telco.names.senders import Registry, preset
from lintas.telco.registry.records import ActKind, NewAsked, NewClaim, Sender, SenderView, Wish

ASHA, DENA, RIN, MAE = "Officer Asha Tor", "Officer Dena Holt", "Officer Rin Vale", "Officer Mae Quill"
BANK = NewClaim(sender="XATLBank", owner="XATL Bank", aggregators=("XA Gate",))
THIEF = NewClaim(sender="XATLBank", owner="Cheap Texts Ltd", aggregators=("Any Gate",))


class Three:
    """All three members of the charter, two of them of one jurisdiction."""

    def __init__(self, fresh: Fresh) -> None:
        self.clock = SetClock()
        self.xa, self.xb, self.xb2 = (Desk(name, fresh(name), self.clock) for name in (XA, XB, XB2))
        self.desks = (self.xa, self.xb, self.xb2)

    def deliver(self) -> int:
        return sum(one.send(other) for one in self.desks for other in self.desks if one is not other)

    def settle(self) -> None:
        """Let everything arrive."""
        settle(self)  # type: ignore[arg-type] # it delivers, as the two do

    def tick(self) -> None:
        """Let everybody's clock look once, and everything arrive."""
        for desk in self.desks:
            desk.do(desk.node.senders.close)
        self.settle()

    def pass_(self, **by: float) -> None:
        self.clock.move(**by)
        self.tick()


@pytest.fixture
def three(fresh: Fresh) -> Iterator[Three]:
    town = Three(fresh)
    yield town
    for desk in town.desks:
        desk.engine.dispose()


def claim(desk: Desk, new: NewClaim = BANK) -> Sender:
    """File a claim and have it approved and announced."""
    filed = desk.do(lambda tx: desk.node.senders.desk.file(tx, new, ASHA))
    return desk.do(lambda tx: desk.node.senders.desk.approve(tx, filed.id, DENA))


def registered(town: Three, desk: Desk, new: NewClaim = BANK) -> Sender:
    """Have a claim wait out its fourteen days, at every member."""
    made = claim(desk, new)
    town.tick()
    town.pass_(days=14, minutes=1)
    town.tick()
    found = of(desk, made.id)
    assert found.state == "registered", seen(desk, made.id).judgement
    return found


def of(desk: Desk, name: str) -> Sender:
    return desk.ask(lambda tx: desk.node.senders.reading.sender(tx, name))


def seen(desk: Desk, name: str) -> SenderView:
    return desk.ask(lambda tx: desk.node.senders.reading.view(tx, name))


def abroad(desk: Desk, origin: str, sender: str = "XATLBank") -> Sender:
    """Return what a member has of another's claim."""
    found = desk.ask(lambda tx: desk.node.senders.reading.listed(tx, q=sender))
    (one,) = (each for each in found if each.origin == origin and each.sender == sender)
    return one


def two(desk: Desk, name: str, act: ActKind, reason: str = "by two of us", **more: object) -> Sender:
    """Have one officer ask and another confirm."""
    new = NewAsked(act=act, reason=reason, **more)  # type: ignore[arg-type]
    desk.do(lambda tx: desk.node.senders.desk.ask(tx, name, new, RIN))
    return confirm(desk, name, MAE)


def confirm(desk: Desk, name: str, officer: str) -> Sender:
    """Have an officer confirm what waits as it is now."""
    asked = of(desk, name).asked
    assert asked is not None
    return desk.do(lambda tx: desk.node.senders.desk.confirm(tx, name, Wish(act=asked.act, at=asked.at), officer))


def registry(desk: Desk) -> Registry:
    """Return what a gateway of a member answers from."""
    return Registry(desk.ask(desk.node.senders.reading.published)[1])


def test_from_the_claim_to_the_gateway(three: Three) -> None:
    xa, xb = three.xa, three.xb
    filed = xa.do(lambda tx: xa.node.senders.desk.file(tx, BANK, ASHA))
    three.tick()
    assert filed.state == "proposed" and not xb.ask(lambda tx: xb.node.senders.reading.listed(tx))
    announced = xa.do(lambda tx: xa.node.senders.desk.approve(tx, filed.id, DENA))
    assert (announced.state, announced.filed_by, announced.approved_by) == ("claimed", ASHA, DENA)
    three.tick()
    heard = abroad(xb, XA)
    assert (heard.state, heard.ref, heard.owner, heard.aggregators) == ("claimed", filed.id, "XATL Bank", ("XA Gate",))
    three.pass_(days=13, hours=23)
    assert of(xa, filed.id).state == "claimed" and seen(xa, filed.id).judgement.why == "window"  # type: ignore[union-attr]
    three.pass_(hours=2)
    three.tick()
    assert of(xa, filed.id).state == abroad(xb, XA).state == abroad(three.xb2, XA).state == "registered"
    at = three.clock.now()
    here = registry(xa).check("XATLBank", "xa", preset("strict"), at, "XA Gate")
    assert (here.action, here.status, here.id) == ("allow", "registered", filed.id)
    assert registry(xa).check("XATLBank", "xa", preset("strict"), at, "Any Gate").status == "wrong-aggregator"
    there = registry(xb).check("XATLBank", "xb", preset("sg"), at)
    assert (there.action, there.status, there.owner) == ("label", "elsewhere", "XATL Bank")
    assert not any(desk.refusals() for desk in three.desks)


def test_an_objection_from_abroad_and_its_rejection(three: Three) -> None:
    xa, xb = three.xa, three.xb
    made = claim(xa)
    three.tick()
    theirs = abroad(xb, XA)
    two(xb, theirs.id, "object", reason="a bank of ours has that name")
    three.tick()
    three.pass_(days=15)
    waits = seen(xa, made.id)
    assert waits.judgement is not None and (waits.judgement.why, waits.judgement.against) == ("objection", ("xb",))
    assert [(each.origin, each.reason) for each in waits.words] == [(XB, "a bank of ours has that name")]
    reject = NewAsked(act="reject", reason="no such bank", objector=XB)
    with pytest.raises(NotAllowed, match="you filed"):
        xa.do(lambda tx: xa.node.senders.desk.ask(tx, made.id, reject, ASHA))
    with pytest.raises(NotFound):
        xa.do(
            lambda tx: xa.node.senders.desk.ask(tx, made.id, NewAsked(act="reject", reason="none", objector=XB2), RIN)
        )
    two(xa, made.id, "reject", reason="no such bank is known", objector=XB)
    three.tick()
    three.tick()
    assert of(xa, made.id).state == abroad(xb, XA).state == "registered"
    (told,) = seen(xb, theirs.id).words
    assert told.rejected and told.rejected_why == "no such bank is known"


def test_a_revocation_reaches_a_peer_at_once(three: Three) -> None:
    xa, xb = three.xa, three.xb
    made = registered(three, xa)
    two(xa, made.id, "revoke", reason="the owner asked for it")
    assert not list(registry(xa))
    three.settle()
    theirs = abroad(xb, XA)
    assert (theirs.state, theirs.end_code, theirs.end_reason) == ("ended", "revoked", "the owner asked for it")
    assert not list(registry(xb)) and not list(registry(three.xb2))
    # From now on it is anybody's.
    assert claim(xb, THIEF).state == "claimed"
