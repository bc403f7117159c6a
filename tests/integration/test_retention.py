"""How long things are kept: as our own law says, whatever a peer wishes; and what has expired does not leave any more."""

import pytest
from tests.integration.hand import Hand, object_id, request, statement
from tests.integration.town import NOW, XA, XB, Town

from lintas.border import store
from lintas.model import times

#: What xb's table says of a hold request that it admits.
OUR_HOURS = 720


def here(town: Town, word: str) -> bool:
    """Tell whether xb still has the statement, after its next beat."""
    town.xb.do(town.xb.node.border.erase_expired)
    return town.xb.ask(lambda tx: store.statement_of(tx, XA, object_id(word))) is not None


@pytest.mark.parametrize("wish", [None, "0", "never", "", "2026-03-01", "9999-12-31T23:59:59Z", "2026-02-30T10:07:00Z"])
def test_a_peer_can_neither_keep_us_from_forgetting_nor_make_us_forget(town: Town, wish: str | None) -> None:
    town.xb.receive(Hand().write([statement(request(), word="kept", expires=wish)]), XA)
    town.clock.move(hours=OUR_HOURS - 1)
    assert here(town, "kept")
    town.clock.move(hours=2)
    assert not here(town, "kept")


@pytest.mark.parametrize("wish", ["0001-01-01T00:00:00Z", "2026-03-01T10:07:01Z", "2026-03-02T18:00:00+08:00"])
def test_a_peer_that_wants_it_gone_gets_that_after_a_day(town: Town, wish: str) -> None:
    town.xb.receive(Hand().write([statement(request(), word="brief", expires=wish)]), XA)
    town.clock.move(hours=23, minutes=59)
    assert here(town, "brief")
    town.clock.move(minutes=2)
    assert not here(town, "brief")


def test_a_peers_time_between_is_kept_to(town: Town) -> None:
    town.xb.receive(Hand().write([statement(request(), word="two days", expires="2026-03-03T18:07:00+08:00")]), XA)
    town.clock.move(hours=47, minutes=59)
    assert here(town, "two days")
    town.clock.move(minutes=2)
    assert not here(town, "two days")


def filed(town: Town) -> None:
    """Have one report lead to one hold request that waits to be sent to xb."""
    town.xa.file(town.form())
    while town.banks_work():
        pass
    assert len(town.xa.dump()["bus_outbox"]) == 1


@pytest.mark.parametrize("beat", [True, False], ids=["after the beat", "before it"])
def test_what_expired_unsent_never_leaves_and_is_listed(town: Town, beat: bool) -> None:
    filed(town)
    (waiting,) = town.xa.ask(town.xa.node.border.unmatched)
    assert (waiting.peer, waiting.lane, times.parse(waiting.since)) == (XB, "urgent", NOW)
    town.clock.move(hours=24 * 365)
    if beat:
        assert town.xa.do(town.xa.node.border.erase_expired) == 1
        assert town.xa.dump()["bus_outbox"] == []
    assert town.xa.send(town.xb) == 0
    assert town.xa.ask(town.xa.node.border.unmatched) == [waiting]
    assert town.xb.holds() == []


def test_what_was_sealed_before_is_sent_until_it_is_answered(town: Town) -> None:
    filed(town)
    seal = town.xa.node.exchange.to_send(XB, "urgent")
    assert seal is not None
    assert not isinstance(seal, bytes)
    wire = town.xa.do(seal)
    town.clock.move(hours=24 * 365)
    town.xa.do(town.xa.node.border.erase_expired)
    assert town.xa.node.exchange.to_send(XB, "urgent") == wire
    assert town.xa.send(town.xb) == 1
    assert town.xa.dump()["bus_outbox"] == []
    assert town.xa.ask(town.xa.node.border.unmatched) == []
