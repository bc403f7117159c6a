"""Lists between two authorities: proposed, approved, told, imported under the other's own law, published, taken back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.engines import Fresh
from tests.integration.town import XA, XB, XB2, Desk, Town

from lintas.telco.book_records import Enforced, Kept, Proposal
from lintas.telco.lists.signed import read_delta

ASHA, DENA, RIN, MAE = "Officer Asha Tor", "Officer Dena Holt", "Officer Rin Vale", "Officer Mae Quill"
NUMBER = "+9993700000001"


@pytest.fixture
def town(tmp_path: Path, fresh: Fresh) -> Iterator[Town]:
    made = Town(tmp_path, fresh, thefts=1)
    yield made
    made.close()


def settle(town: Town) -> None:
    for _ in range(20):
        if town.deliver() == 0:
            return
    raise AssertionError("the authorities never come to rest")


def adopt(desk: Desk, peer: str) -> None:
    subjects = ("number", "range", "url", "domain", "sender_id", "wallet")
    for officer in (DENA, RIN):
        desk.do(lambda tx, who=officer: desk.node.lists.sources.adopt(tx, peer, subjects, who))


def propose(desk: Desk, value: str = NUMBER, **more: object) -> Kept:
    form = Proposal(**({"subject": "number", "value": value, "reason": "calls as a bank"} | more))  # type: ignore[arg-type]
    return desk.do(lambda tx: desk.node.book.propose(tx, form, ASHA))


def list_(desk: Desk, value: str = NUMBER, **more: object) -> Kept:
    kept = propose(desk, value, **more)
    return desk.do(lambda tx: desk.node.book.approve(tx, kept.id, DENA))


def entry(desk: Desk, value: str = NUMBER) -> Kept:
    (found,) = desk.ask(lambda tx: desk.node.book.named(tx, value))
    return found


def out(desk: Desk, which: str = "calls") -> dict[str, str]:
    """Return what a gateway holds after every delta: value to kind."""
    held: dict[str, str] = {}
    for data in desk.ask(lambda tx: desk.node.lists.publishing.after(tx, which, 0)):
        for each in read_delta(data, None).changes:
            held.pop(each.value, None)
            if not each.withdraw:
                held[each.value] = each.kind
    return held


def unconfirmed(desk: Desk) -> set[str]:
    return {each.peer for each in desk.ask(desk.node.lists.telling.unconfirmed)}


def test_an_entry_reaches_the_others_gateways_and_leaves_them_as_fast(town: Town) -> None:
    xa, xb = town.xa, town.xb
    adopt(xb, XA)
    mine = list_(xa)
    assert mine.state == "listed" and mine.law.startswith("Aria Fraud Response Act 2024, s.21")
    assert out(xa) == {NUMBER: "blocked"}
    settle(town)
    theirs = entry(xb)
    assert (theirs.state, theirs.origin, theirs.origin_id) == ("listed", XA, mine.id)
    assert theirs.id != mine.id and theirs.law.startswith("Boreo")
    assert theirs.expires <= mine.expires
    assert out(xb) == {NUMBER: "blocked"}
    xb.do(
        lambda tx: xb.node.lists.publishing.enforced(tx, "calls", "XBTL", Enforced("gw-1", 1, "2026-03-01T10:07:00Z"))
    )
    settle(town)
    told = xa.ask(lambda tx: xa.node.lists.publishing.path(tx, mine.id)).peers
    (path,) = (each for each in told if each.peer == XB)
    assert path.received_at and path.imported_at and path.enforced_at and not path.not_taken
    ended = xa.do(lambda tx: xa.node.book.withdraw(tx, mine.id, RIN, "it was a mistake"))
    assert ended.state == "ended" and out(xa) == {}
    assert XB in unconfirmed(xa)
    settle(town)
    assert entry(xb).state == "ended" and entry(xb).end_code == "withdrawn" and out(xb) == {}
    # The third member is not there: its confirmation stays listed as missing.
    assert unconfirmed(xa) == {XB2}
    assert not xa.refusals() and not xb.refusals()
