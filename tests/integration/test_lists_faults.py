"""One bad entry, feed or gateway beside good ones: it is refused or left out, and everything else goes on."""

import logging
from datetime import timedelta

import pytest
from tests.integration.test_lists import (
    ASHA,
    DENA,
    MAE,
    NUMBER,
    RIN,
    Two,
    adopt,
    entry,
    list_,
    out,
    propose,
    settle,
    town,
)
from tests.integration.town import XA, Desk

from lintas.model import times
from lintas.model.errors import BadInput, NotAllowed, Refused
from lintas.telco.book import publishing, sources_store
from lintas.telco.book.records import Enforced, NewAllowed, Source

__all__ = ["town"]
SECOND = "+9993700000002"
#: A name that no statement can carry; nothing lets it in, but a book may be older than that.
UNREADABLE = "xa\u200basc"
#: Short as it is typed, and six times as long once each letter is escaped.
LONG = "https://parcel-fee.example/" + "ü" * 900


def obeyed(desk: Desk, gateway: str, version: int, at: str = "", operator: str = "XATL") -> None:
    said = Enforced(gateway, version, at or times.render(desk.clock.now()))
    desk.do(lambda tx: desk.node.lists.publishing.enforced(tx, "calls", operator, said))


def following(desk: Desk) -> dict[str, tuple[int, str]]:
    return {each.gateway: (each.version, each.at) for each in desk.ask(desk.node.lists.publishing.gateways)}


# ---- entries


def test_an_address_is_measured_as_lists_carry_it(town: Two) -> None:
    with pytest.raises(BadInput, match=r"5,427 characters"):
        propose(town.xa, LONG, subject="url")
    new = NewAllowed(subject="url", value=LONG, group="bank", name="Bank of Aria")
    with pytest.raises(BadInput, match=r"at most 2,048"):
        town.xa.do(lambda tx: town.xa.node.lists.sources.allow(tx, new, MAE))
    assert propose(town.xa, LONG[:300], subject="url").state == "proposed"


def test_a_name_that_nobody_can_read_stops_no_withdrawal(town: Two, caplog: pytest.LogCaptureFixture) -> None:
    xa, xb = town.xa, town.xb
    adopt(xb, XA)
    innocent = list_(xa)
    settle(town)
    assert out(xb) == {NUMBER: "blocked"}
    bad = list_(xa, "https://parcel-fee.example/pay", subject="url", owner=UNREADABLE)
    good = list_(xa, "parcel-fee.example", subject="domain")
    xa.do(lambda tx: xa.node.book.withdraw(tx, innocent.id, RIN, "it was a mistake"))
    assert out(xa) == {}
    settle(town)
    assert out(xb) == {} and entry(xb, "parcel-fee.example").origin_id == good.id
    assert not xa.ask(xa.node.lists.publishing.due)
    caplog.clear()
    with caplog.at_level(logging.ERROR):
        _, names = xa.ask(xa.node.book.names)
    assert [each.id for each in names] == [good.id]
    (told,) = caplog.records
    assert (told.__dict__["entry"], told.__dict__["why"]) == (bad.id, "ValidationError")
    assert xa.do(lambda tx: xa.node.book.withdraw(tx, bad.id, RIN, "nobody can read it")).state == "ended"


def test_a_number_that_no_gateway_could_read_is_left_out_of_the_delta(
    town: Two, caplog: pytest.LogCaptureFixture
) -> None:
    xa = town.xa
    first = list_(xa)
    bad = list_(xa, SECOND, owner=UNREADABLE)
    assert bad.state == "listed" and out(xa) == {NUMBER: "blocked"}
    assert {each.__dict__["entry"] for each in caplog.records if each.name == "lintas.telco"} == {bad.id}
    xa.do(lambda tx: xa.node.book.withdraw(tx, first.id, RIN, "it was a mistake"))
    assert out(xa) == {} and not xa.ask(xa.node.lists.publishing.due)


# ---- sources


@pytest.mark.parametrize("name", ["Feed A", "", "désk", "-feed", "feed\n", "a" * 81, "desk", "peer:xb-asc"])
def test_a_feed_has_a_name_that_can_be_read_again(town: Two, name: str) -> None:
    with pytest.raises(BadInput, match="name of a feed"):
        town.xa.do(lambda tx: town.xa.node.lists.bulk.begin(tx, name, ASHA))
    assert town.xa.ask(town.xa.node.lists.sources.listed) == []
    assert town.xa.ask(town.xa.node.lists.bulk.listed) == []


def test_a_feed_of_an_older_book_is_listed_and_can_be_stopped(town: Two) -> None:
    xa, sources = town.xa, town.xa.node.lists.sources
    old = Source(name="Feed A", kind="bulk", since="2026-02-01T00:00:00Z", cap_hour=10)
    xa.do(lambda tx: sources_store.keep_source(tx, old))
    assert [each.name for each in xa.ask(sources.listed)] == ["Feed A"]
    assert not xa.ask(xa.node.lists.due)
    assert xa.do(lambda tx: sources.stop(tx, "Feed A", MAE, "nobody knows it")).stopped_by == MAE
    xa.do(xa.node.lists.close)


def test_a_first_word_for_a_restart_waits_for_three_days(town: Two) -> None:
    xa, sources = town.xa, town.xa.node.lists.sources
    xa.do(lambda tx: sources.of_feed(tx, "feed"))
    xa.do(lambda tx: sources.stop(tx, "feed", MAE, "it lists a hospital"))
    assert xa.do(lambda tx: sources.restart(tx, "feed", DENA)).restart_by == DENA
    town.clock.move(hours=71)
    xa.do(lambda tx: sources.cap(tx, "feed", 5))
    assert xa.ask(lambda tx: sources.source(tx, "feed")).restart_by == DENA
    town.clock.move(hours=1)
    assert [each.restart_by for each in xa.ask(sources.listed)] == [""]
    asked = xa.do(lambda tx: sources.restart(tx, "feed", RIN))
    assert (bool(asked.stopped_at), asked.restart_by) == (True, RIN)
    assert xa.do(lambda tx: sources.restart(tx, "feed", DENA)).stopped_at == ""


def test_a_first_word_for_a_removal_waits_for_three_days(town: Two) -> None:
    xa, sources = town.xa, town.xa.node.lists.sources
    new = NewAllowed(subject="number", value=NUMBER, group="bank", name="Bank of Aria")
    line = xa.do(lambda tx: sources.allow(tx, new, MAE))
    xa.do(lambda tx: sources.disallow(tx, line.id, MAE))
    assert [each.removal_by for each in xa.ask(sources.allow_list)] == [MAE]
    town.clock.move(hours=72)
    assert [each.removal_by for each in xa.ask(sources.allow_list)] == [""]
    # The longest name that there can be is the same person's again.
    long_name = "Officer " + "a" * 112
    assert xa.do(lambda tx: sources.disallow(tx, line.id, long_name)) is not None
    with pytest.raises(NotAllowed):
        xa.do(lambda tx: sources.disallow(tx, line.id, long_name))
    assert xa.do(lambda tx: sources.disallow(tx, line.id, DENA)) is None
    assert xa.ask(sources.allow_list) == []


# ---- gateways


def test_a_gateway_that_holds_no_version_holds_up_nobody(town: Two) -> None:
    xa = town.xa
    list_(xa)
    list_(xa, SECOND)
    obeyed(xa, "gw-1", 2)
    obeyed(xa, "ghost", 0)
    assert xa.ask(xa.node.lists.publishing.everywhere) == 2 and set(following(xa)) == {"XATL/gw-1"}
    obeyed(xa, "gw-2", 1)
    assert xa.ask(xa.node.lists.publishing.everywhere) == 1


def test_a_gateway_enforces_nothing_before_it_was_published_or_later_than_now(town: Two) -> None:
    xa = town.xa
    list_(xa)
    published = times.render(xa.clock.now())
    town.clock.move(hours=1)
    now = times.render(xa.clock.now())
    obeyed(xa, "gw-1", 1, times.render(xa.clock.now() - timedelta(days=2)))
    obeyed(xa, "gw-2", 1, "2030-01-01T00:00:00Z")
    assert following(xa) == {"XATL/gw-1": (1, published), "XATL/gw-2": (1, now)}


def test_an_operator_has_so_many_gateways_and_names_of_old_ones_make_room(town: Two) -> None:
    xa = town.xa
    list_(xa)
    for number in range(publishing.MOST_GATEWAYS):
        obeyed(xa, f"gw-{number}", 1)
    with pytest.raises(Refused, match="50 gateways"):
        obeyed(xa, "gw-new", 1)
    obeyed(xa, "gw-7", 1)
    obeyed(xa, "gw-new", 1, operator="XATM")
    town.clock.move(minutes=11)
    obeyed(xa, "gw-new", 1)
    assert set(following(xa)) == {"XATL/gw-new"}
