"""Two members count the envelopes of a finished day: what one sent and the other did not admit shows on both sides."""

from datetime import timedelta

import pytest
from sqlalchemy import delete
from tests.integration.town import NOW, XA, XB, Desk, Town, keys_of

from lintas.border import store as border_store
from lintas.exchange import digest as digests
from lintas.exchange import store
from lintas.exchange.days import DifferingDay
from lintas.exchange.digest import Counted, Difference, Digest, line, open_digest, sign_digest
from lintas.model.errors import BadInput, Refused

DAY = NOW.date().isoformat()


@pytest.fixture
def exchanged(town: Town) -> Town:
    """A request and its answer were exchanged, and the day is over."""
    town.asked()
    (waiting,) = town.xb.holds("awaiting_approval")
    town.xb.approve(waiting.id)
    town.settle()
    assert town.xa.dump()["exchange_sealed"]
    assert town.xb.dump()["exchange_sealed"]
    town.clock.move(days=1)
    return town


def compared(here: Desk, there: Desk, day: str = DAY) -> list[DifferingDay]:
    """Let one desk take the other's digest; returns the days that differ for it."""
    wire = there.ask(lambda tx: there.node.days.digest(tx, here.authority, day))
    here.do(lambda tx: here.node.days.take(tx, there.authority, day, wire))
    return here.ask(here.node.days.differing)


def test_both_sides_count_the_same(exchanged: Town) -> None:
    assert compared(exchanged.xa, exchanged.xb) == compared(exchanged.xb, exchanged.xa) == []
    assert DAY not in exchanged.xa.ask(lambda tx: exchanged.xa.node.days.due(tx, XB))


def test_what_one_side_leaves_out_shows_on_both(exchanged: Town) -> None:
    xa, xb = exchanged.xa, exchanged.xb
    # xb forgets what it admitted, xa what it sent.
    gone = [str(row[0]) for row in xa.dump()["exchange_sealed"]]
    headers = {str(row[5]) for row in xa.dump()["exchange_sealed"]}
    assert len(gone) == len(headers) > 0
    xb.do(lambda tx: tx.execute(delete(border_store.envelopes)))
    (day,) = compared(xa, xb)
    assert (day.peer, day.day) == (XB, DAY)
    assert set(day.differences) == {Difference("urgent", "sent", header, "there") for header in headers}
    (day,) = compared(xb, xa)
    assert set(day.differences) == {Difference("urgent", "admitted", header, "here") for header in headers}


def test_what_one_side_denies_to_have_sent_shows_as_well(exchanged: Town) -> None:
    xa, xb = exchanged.xa, exchanged.xb
    headers = {str(row[5]) for row in xa.dump()["exchange_sealed"]}
    xa.do(lambda tx: tx.execute(delete(store.sealed)))
    (day,) = compared(xb, xa)
    assert set(day.differences) == {Difference("urgent", "admitted", header, "there") for header in headers}
    (day,) = compared(xa, xb)
    assert set(day.differences) == {Difference("urgent", "sent", header, "here") for header in headers}


def test_what_comes_late_heals_the_day(town: Town) -> None:
    town.xa.file(town.form())
    while town.banks_work():
        pass
    seal = town.xa.node.exchange.to_send(XB, "urgent")
    assert seal is not None
    assert not isinstance(seal, bytes)
    town.xa.do(seal)
    town.clock.move(days=1)
    assert [each.day for each in compared(town.xa, town.xb)] == [DAY]
    since = town.xa.ask(town.xa.node.days.differing)[0].since
    assert DAY not in town.xa.ask(lambda tx: town.xa.node.days.due(tx, XB))
    town.clock.move(hours=2)
    assert DAY in town.xa.ask(lambda tx: town.xa.node.days.due(tx, XB))
    assert compared(town.xa, town.xb)[0].since == since
    town.xa.send(town.xb)
    assert compared(town.xa, town.xb) == []


def test_days_that_are_compared(town: Town) -> None:
    """Seven finished days, and of the last one not before what was on its way could arrive."""
    due = town.xa.ask(lambda tx: town.xa.node.days.due(tx, XB))
    assert due == [(NOW.date() - timedelta(days=back)).isoformat() for back in range(7, 0, -1)]
    town.clock.at = NOW.replace(hour=0, minute=5)
    assert town.xa.ask(lambda tx: town.xa.node.days.due(tx, XB))[-1] == (NOW.date() - timedelta(days=2)).isoformat()


@pytest.mark.parametrize(
    "day", ["", "today", DAY, "2026-3-1", "20260228", "2026-02-30", "2026-02-28T00:00:00Z", "x" * 9999]
)
def test_a_day_that_is_none_or_not_over(town: Town, day: str) -> None:
    with pytest.raises(BadInput):
        town.xa.ask(lambda tx: town.xa.node.days.digest(tx, XB, day))


def test_a_digest_counts_only_for_whom_and_what_it_says(exchanged: Town) -> None:
    xa, xb = exchanged.xa, exchanged.xb
    good = xb.ask(lambda tx: xb.node.days.digest(tx, XA, DAY))
    before = xa.dump()
    ours = xa.ask(lambda tx: xa.node.days.digest(tx, XB, DAY))
    earlier = xb.ask(lambda tx: xb.node.days.digest(tx, XA, "2026-02-27"))
    for bad in (b"", b"\xff", good[:-1], ours, earlier, good[:-5] + bytes([good[-5] ^ 1]) + good[-4:]):
        with pytest.raises(Refused):
            xa.do(lambda tx, wire=bad: xa.node.days.take(tx, XB, DAY, wire))  # type: ignore[misc] # bound now
    assert xa.dump() == before


def test_lists_that_are_too_long_stay_at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digests, "MAX_LISTED", 2)
    signer = keys_of(XA).signer

    def counted(*headers: str) -> Counted:
        digest = Digest(authority=XA, peer=XB, day=DAY, exercise=True, lines=(line("urgent", "sent", headers),))
        return Counted(digest, (headers,))

    few, many = counted("00" * 32, "11" * 32), counted("00" * 32, "11" * 32, "22" * 32)
    assert open_digest(sign_digest(few, signer), [signer.public]) == few
    assert open_digest(sign_digest(many, signer), [signer.public]) == Counted(many.digest, None)
    theirs = Counted(
        Digest(authority=XB, peer=XA, day=DAY, exercise=True, lines=(line("urgent", "admitted", ["00" * 32]),)), None
    )
    assert digests.differences(many, theirs) == [Difference("urgent", "sent", "", "unknown")]
