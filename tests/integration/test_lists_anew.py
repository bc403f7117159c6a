"""What stands between a proposal and a block, looked at anew: by overlap, with each yes, each renewal, each import."""

from collections.abc import Iterator
from functools import partial

import pytest
from tests.integration.engines import Fresh
from tests.integration.hand import Hand
from tests.integration.test_lists import (
    ASHA,
    DENA,
    MAE,
    NUMBER,
    RIN,
    Two,
    adopt,
    entry,
    entry_of,
    feed,
    list_,
    out,
    propose,
    say,
    waiting,
)
from tests.integration.town import XA, XB, Desk

from lintas.model.errors import BadInput, Conflict, NotAllowed
from lintas.model.listings import ListingAppeal, ListingAppealStatus, NumberListing, RangeListing
from lintas.storage.engine import Transaction
from lintas.telco.book import bulk
from lintas.telco.book.records import Enforced, Kept, NewAllowed, Proposal
from lintas.telco.redress import rules as redress_rules
from lintas.telco.redress.records import Contest, Objection, Ruling

MOBILE = "+999150000001"


@pytest.fixture
def two(fresh: Fresh) -> Iterator[Two]:
    two = Two(fresh)
    yield two
    for desk in (two.xa, two.xb):
        desk.engine.dispose()


def allow(desk: Desk, value: str, subject: str = "number") -> None:
    line = NewAllowed(subject=subject, value=value, group="bank", name="Bank of Aria")  # type: ignore[arg-type]
    desk.do(lambda tx: desk.node.lists.sources.allow(tx, line, MAE))


def yes(desk: Desk, kept: Kept, officer: str) -> Kept:
    return desk.do(lambda tx: desk.node.book.approve(tx, kept.id, officer))


def object_to(desk: Desk, kept: Kept) -> Objection:
    form = Contest(ground="mine", name="Nan", contact="nan@example.xa", text="It is mine")
    desk.do(lambda tx: desk.node.redress.contest(tx, kept.id, form))
    return next(each for each in desk.ask(desk.node.redress.listed) if each.entry == kept.id)


def uphold(desk: Desk, kept: Kept, officer: str = RIN) -> None:
    item = object_to(desk, kept)
    ruling = Ruling(uphold=True, reason="it is hers")
    desk.do(lambda tx: desk.node.redress.decide(tx, item.id, officer, ruling))


def test_who_proposes_an_entry_never_approves_it(two: Two) -> None:
    kept = propose(two.xa)
    with pytest.raises(NotAllowed, match="somebody else"):
        yes(two.xa, kept, "officer ASHA tor")
    assert yes(two.xa, kept, DENA).state == "listed"


# ---- an allow-list that grew since


def test_what_was_allowed_after_the_proposal_takes_two(two: Two) -> None:
    kept = propose(two.xa)
    allow(two.xa, NUMBER)
    first = yes(two.xa, kept, DENA)
    assert (first.state, first.needs, first.why) == ("proposed", 1, ("allow_list",)) and out(two.xa) == {}
    assert yes(two.xa, kept, RIN).state == "listed"


def test_what_was_allowed_since_is_not_renewed_by_one_and_by_two_who_knew_it_is(two: Two) -> None:
    list_(two.xa)
    allow(two.xa, NUMBER)
    with pytest.raises(Conflict, match="one person cannot renew"):
        propose(two.xa)
    other = "+9993700000002"
    allow(two.xa, other)
    known = propose(two.xa, other)
    for officer in (DENA, RIN):
        yes(two.xa, known, officer)
    two.clock.move(days=3)
    assert propose(two.xa, other).expires > known.expires


def test_rows_that_were_allowed_or_taken_back_since_the_import_are_refused(two: Two) -> None:
    xa, imports = two.xa, two.xa.node.lists.bulk
    feed(xa, "number,kind\n")
    two.clock.move(days=2)
    begun = xa.do(lambda tx: imports.begin(tx, "feed", ASHA))
    rows = list(bulk.read(f"number,kind\n{NUMBER},blocked\n+9993700000009,blocked\n+9993700000010,blocked\n"))
    xa.do(partial(_take, imports, begun.id, rows))
    xa.do(lambda tx: imports.end(tx, begun.id))
    allow(xa, "+9993700000009")
    uphold(xa, list_(xa, "+9993700000010-+9993700000011", subject="range"))
    done = xa.do(lambda tx: imports.approve(tx, begun.id, DENA))
    xa.do(xa.node.lists.close)
    assert sorted((each.line, each.code) for each in done.refusals) == [(0, "allow_list"), (0, "reversed")]
    assert (done.taken, done.refused, done.state) == (1, 2, "approved")
    assert out(xa) == {NUMBER: "blocked"} and entry(xa, "+9993700000009").state == "declined"


def _take(imports: bulk.Bulk, name: str, rows: list[bulk.Line], tx: Transaction) -> None:
    imports.take(tx, name, rows)


@pytest.mark.parametrize(
    ("subject", "value", "needs"),
    [
        ("domain", "bank.example", 2),
        ("url", "https://bank.example/", 2),
        ("url", "http://bank.example/login", 2),
        ("url", "https://bank.example/login/now?x=1", 2),
        ("url", "https://bank.example/loginfree", 1),
        ("url", "https://notbank.example/login", 1),
        ("domain", "ank.example", 1),
    ],
)
def test_an_allowed_address_protects_what_is_above_and_below_it(two: Two, subject: str, value: str, needs: int) -> None:
    allow(two.xa, "https://bank.example/login", "url")
    assert propose(two.xa, value, subject=subject).needs == needs


def test_a_range_that_holds_an_emergency_number_takes_two(two: Two) -> None:
    assert propose(two.xa, "+9991110-+9991119", subject="range").needs == 2
    assert propose(two.xa, "+9991120-+9991129", subject="range").needs == 1


# ---- taken back on an objection


def test_upheld_a_value_goes_as_every_kind_and_comes_back_with_two_people_only(two: Two) -> None:
    xa = two.xa
    kept, waits = list_(xa), propose(xa, kind="do_not_originate")
    list_(xa, kind="unallocated")
    wide = list_(xa, "+9993700000000-+9993700000005", subject="range")
    uphold(xa, kept)
    states = {each.kind: each.state for each in xa.ask(lambda tx: xa.node.book.named(tx, NUMBER))}
    assert states == {"blocked": "ended", "do_not_originate": "declined", "unallocated": "ended"}
    # The range blocks her still: an officer has to decide on it.
    (flag,) = xa.ask(xa.node.redress.listed)
    assert flag.entry == wide.id and "was upheld" in flag.text
    with pytest.raises(Conflict):
        yes(xa, waits, RIN)
    for value, subject, kind in (
        (NUMBER, "number", "do_not_originate"),
        (NUMBER, "range", "blocked"),
        ("+9993700000001-+9993700000002", "range", "blocked"),
        ("+9993700000000-+9993700009999", "range", "unallocated"),
    ):
        assert propose(xa, value, subject=subject, kind=kind).why == ("reversed",)
    assert propose(xa, "+9993700000002-+9993700000003", subject="range").needs == 1


def test_upheld_a_name_counts_up_and_down(two: Two) -> None:
    xa = two.xa
    above = list_(xa, "hers.example", subject="domain")
    uphold(xa, list_(xa, "http://shop.hers.example/page", subject="url"))
    assert [each.entry for each in xa.ask(xa.node.redress.listed)] == [above.id]
    for value, subject in (
        ("shop.hers.example", "domain"),
        ("a.shop.hers.example", "domain"),
        ("https://shop.hers.example/", "url"),
        ("http://hers.example/x", "url"),
    ):
        assert propose(xa, value, subject=subject).why == ("reversed",)
    assert propose(xa, "other.hers.example", subject="domain").needs == 1


def test_a_peer_does_not_bring_back_what_was_lifted_here_by_a_range_around_it(two: Two) -> None:
    xb, hand = two.xb, Hand()
    adopt(xb, XA)
    say(xb, hand, NumberListing(batch="b1", entries=(entry_of(),)))
    item = object_to(xb, entry(xb))
    xb.do(lambda tx: xb.node.redress.lift(tx, item.id, RIN, "it is a clinic"))
    assert out(xb) == {}
    around = entry_of("+9993700000000-+9993700000005", 2, subject="range")
    say(xb, hand, NumberListing(batch="b2", entries=(around, entry_of("+9993700000077", 3))))
    assert set(out(xb)) == {"+9993700000077"}
    assert waiting(xb)[-1].not_taken[0].reason == "reversed"
    assert propose(xb, "+9993700000000-+9993700000009", subject="range").why == ("reversed",)


@pytest.mark.parametrize("lifted", [True, False])
def test_what_an_objection_took_back_is_counted_in_the_month(two: Two, *, lifted: bool) -> None:
    xb, hand = two.xb, Hand()
    adopt(xb, XA)
    xb.do(lambda tx: xb.node.lists.publishing.enforced(tx, "calls", "XBTL", Enforced("gw", 0, "2026-03-01T10:07:00Z")))
    if lifted:
        say(xb, hand, NumberListing(batch="b1", entries=(entry_of(), entry_of("+9993700000077", 2))))
        item = object_to(xb, entry(xb))
        xb.do(lambda tx: xb.node.redress.lift(tx, item.id, RIN, "it is a clinic"))
    else:
        list_(xb, "+9993700000077")
        uphold(xb, list_(xb))
    assert set(out(xb)) == {"+9993700000077"}
    (card,) = xb.ask(lambda tx: xb.node.scorecards.of_month(tx, "2026-03", "XBTL"))
    assert (card.given, card.reversed) == (3, 1), "two listings and a withdrawal"


def test_a_peer_passes_on_so_many_objections_a_day_and_is_told(
    two: Two, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    xb, hand = two.xb, Hand()
    monkeypatch.setattr(redress_rules, "MOST_PASSED_ON", 3)
    said: list[ListingAppealStatus] = []
    monkeypatch.setattr(xb.node.redress, "_say", lambda tx, peer, status: said.append(status))
    listed = [list_(xb, f"+99937000001{number:02d}") for number in range(5)]

    def pass_on(kept: Kept) -> None:
        at = "2026-03-01T10:06:00Z"
        say(
            xb,
            hand,
            ListingAppeal(appeal=f"x-{kept.id}", entry=kept.id, origin=XB, ground="mine", at=at),
            "status",
            "A",
        )

    for each in listed[:4]:
        pass_on(each)
    assert len(xb.ask(xb.node.redress.listed)) == 3
    assert [(each.state, each.reason[-11:]) for each in said[-2:]] == [("received", ""), ("dismissed", "a day later")]
    assert [each.reason for each in xb.refusals()] == ["too_many_objections"]
    assert "a peer passes on as many objections as it may in a day" in caplog.messages
    two.clock.move(hours=24, seconds=1)
    pass_on(listed[4])
    assert said[-1].state == "received"


def test_who_renews_an_entry_does_not_decide_on_an_objection_to_it(two: Two) -> None:
    xa = two.xa
    kept = list_(xa)
    form = Proposal(subject="number", value=NUMBER, reason="calls as a bank")
    two.clock.move(days=3)
    renewed = xa.do(lambda tx: xa.node.book.propose(tx, form, RIN))
    assert set(renewed.listed_by) == {ASHA, DENA, RIN}
    with pytest.raises(NotAllowed, match="who listed it"):
        uphold(xa, kept, RIN)


# ---- own mobile numbers


@pytest.mark.parametrize("kind", ["blocked", "do_not_originate", "unallocated"])
def test_an_own_mobile_number_waits_as_every_kind(two: Two, kind: str) -> None:
    assert list_(two.xa, MOBILE, kind=kind).why == ("own_number",) and out(two.xa) == {}


def test_a_range_over_own_mobile_numbers_waits_whatever_its_ends_are(two: Two) -> None:
    wide = list_(two.xa, "+999149999999-+999160000000", subject="range")
    assert wide.why == ("own_number",) and out(two.xa) == {}
    assert list_(two.xa, "+999120000000-+999129999999", subject="range").state == "listed"


def test_a_feed_that_is_only_watched_is_no_second_source(two: Two) -> None:
    list_(two.xa, MOBILE)
    feed(two.xa, f"number,kind\n{MOBILE},blocked\n")
    two.xa.do(two.xa.node.lists.close)
    assert entry(two.xa, MOBILE).why == ("own_number",) and out(two.xa) == {}


def test_a_peer_with_a_standing_word_lists_no_own_mobile_and_no_emergency_range(two: Two) -> None:
    xb, hand = two.xb, Hand()
    adopt(xb, XA)
    wide, emergency = "+999279999999-+999289999999", "+9992990-+9992999"
    say(xb, hand, RangeListing(batch="b1", entries=(entry_of(wide, subject="range"),)), plane="A")
    assert entry(xb, wide).why == ("own_number",)
    say(xb, hand, NumberListing(batch="b2", entries=(entry_of(emergency, subject="range"),)))
    assert out(xb) == {} and xb.ask(lambda tx: xb.node.book.named(tx, emergency)) == []


# ---- what is kept from being blocked


def test_nobody_shelters_more_numbers_than_a_holder_has(two: Two) -> None:
    wide = "+9993700000000-+9993700010000"
    with pytest.raises(BadInput, match="10,000 at once"):
        propose(two.xa, wide, subject="range", kind="protected")
    with pytest.raises(BadInput, match="10,000 at once"):
        allow(two.xa, wide, "range")
    allow(two.xa, "+9993700000000-+9993700009999", "range")
