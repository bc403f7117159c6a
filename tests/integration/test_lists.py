"""Lists between two authorities: proposed, approved, told, imported under the other's own law, published, taken back."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any, get_args

import msgspec
import pytest
from tests.integration.engines import Fresh
from tests.integration.hand import Hand, statement
from tests.integration.town import NOW, XA, XB, XB2, Desk, SetClock

from lintas.bus import store as outbox
from lintas.model import messages, times
from lintas.model.errors import Conflict, NotAllowed, Refused
from lintas.model.listings import (
    Entry,
    Listing,
    ListingAppeal,
    ListingStatus,
    ListingWithdrawal,
    NumberListing,
    Subject,
)
from lintas.policy.records import Decision
from lintas.storage.engine import Transaction
from lintas.telco.book import abroad_store, bulk
from lintas.telco.book.records import Enforced, Import, Kept, NewAllowed, Proposal
from lintas.telco.book.rules import Law
from lintas.telco.lists.signed import read_delta
from lintas.telco.redress import rules as redress_rules
from lintas.trust.envelope import Item

ASHA, DENA, RIN, MAE = "Officer Asha Tor", "Officer Dena Holt", "Officer Rin Vale", "Officer Mae Quill"
NUMBER = "+9993700000001"


class Two:
    """Two authorities and the wire between them; the third member of their charter is never there."""

    def __init__(self, fresh: Fresh) -> None:
        self.clock = SetClock()
        self.xa, self.xb = (Desk(name, fresh(name), self.clock) for name in (XA, XB))

    def deliver(self) -> int:
        return self.xa.send(self.xb) + self.xb.send(self.xa)


@pytest.fixture
def town(fresh: Fresh) -> Iterator[Two]:
    two = Two(fresh)
    yield two
    for desk in (two.xa, two.xb):
        desk.engine.dispose()


def settle(town: Two) -> None:
    for _ in range(20):
        if town.deliver() == 0:
            return
    raise AssertionError("the authorities never come to rest")


def adopt(desk: Desk, peer: str) -> None:
    for officer in (DENA, RIN):
        desk.do(partial(_adopt, desk, peer, officer))


def _adopt(desk: Desk, peer: str, officer: str, tx: Transaction) -> None:
    desk.node.lists.sources.adopt(tx, peer, get_args(Subject), officer)


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


def test_an_entry_reaches_the_others_gateways_and_leaves_them_as_fast(town: Two) -> None:
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


# ---- people


def test_an_allow_list_hit_takes_two_people_who_did_not_propose_it(town: Two) -> None:
    xa = town.xa
    new = NewAllowed(subject="range", value="+9993700000000-+9993700000099", group="bank", name="Bank of Aria")
    xa.do(lambda tx: xa.node.lists.sources.allow(tx, new, MAE))
    kept = propose(xa)
    assert (kept.state, kept.needs, kept.why) == ("proposed", 2, ("allow_list",))
    with pytest.raises(NotAllowed, match="two other people"):
        xa.do(lambda tx: xa.node.book.approve(tx, kept.id, " officer ASHA tor"))
    first = xa.do(lambda tx: xa.node.book.approve(tx, kept.id, DENA))
    assert (first.state, first.needs) == ("proposed", 1) and out(xa) == {}
    with pytest.raises(Conflict, match="already"):
        xa.do(lambda tx: xa.node.book.approve(tx, kept.id, "officer dena  HOLT"))
    both = xa.do(lambda tx: xa.node.book.approve(tx, kept.id, RIN))
    assert both.state == "listed" and set(both.listed_by) == {ASHA, DENA, RIN} and out(xa) == {NUMBER: "blocked"}


def test_the_first_yes_of_somebody_who_may_not_approve_any_more_does_not_count(
    town: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    xa = town.xa
    new = NewAllowed(subject="number", value=NUMBER, group="emergency", name="Rescue")
    xa.do(lambda tx: xa.node.lists.sources.allow(tx, new, MAE))
    kept = propose(xa)
    xa.do(lambda tx: xa.node.book.approve(tx, kept.id, DENA))
    monkeypatch.setattr(xa.node.book, "_may_approve", lambda _tx, name: name != DENA)
    again = xa.do(lambda tx: xa.node.book.approve(tx, kept.id, RIN))
    assert (again.state, again.needs) == ("proposed", 1)


def test_emergency_numbers_are_on_the_allow_list_by_themselves(town: Two) -> None:
    assert propose(town.xa, "+9991112").why == ("allow_list",)
    assert propose(town.xa, "+9992112").why == ()


@pytest.mark.parametrize(
    ("subject", "value", "why"),
    [
        ("domain", "co.uk", "public_suffix"),
        ("domain", "github.io", "public_suffix"),
        ("domain", "google.com", "shared_host"),
        ("url", "https://sites.google.com/", "shared_host"),
    ],
)
def test_what_strangers_share_is_never_listed_as_a_whole(town: Two, subject: str, value: str, why: str) -> None:
    with pytest.raises(Refused) as refused:
        propose(town.xa, value, subject=subject)
    assert refused.value.reason == why


def test_a_page_of_a_shared_host_takes_two_people_and_a_domain_one(town: Two) -> None:
    assert propose(town.xa, "https://sites.google.com/view/prize", subject="url").needs == 2
    assert propose(town.xa, "Win-Prize.example", subject="domain").value == "win-prize.example"
    assert propose(town.xa, "shop.github.io", subject="domain").needs == 1


def test_an_own_mobile_number_waits_for_a_second_source_or_its_operators_word(town: Two) -> None:
    xa, mobile = town.xa, "+999150000001"
    assert propose(xa, mobile).why == ("own_number",)
    assert propose(xa, "+999150000003", confirmed=True).why == ()
    xa.do(lambda tx: xa.node.lists.book.decline(tx, entry(xa, mobile).id, DENA, "not now"))
    alone = list_(xa, mobile)
    assert (alone.state, alone.why) == ("proposed", ("own_number",)) and out(xa) == {}
    feed(xa, f"number,kind\n{mobile},blocked\n", "other-feed")
    town.clock.move(hours=25)
    xa.do(xa.node.lists.close)
    assert entry(xa, mobile).state == "listed" and entry(xa, mobile).grade == "corroborated"
    confirmed = list_(xa, "+999150000002", confirmed=True)
    assert (confirmed.state, confirmed.grade) == ("listed", "confirmed")


# ---- clocks


def test_an_entry_ends_by_itself_and_is_renewed_by_being_seen_again(town: Two) -> None:
    xa = town.xa
    kept = list_(xa)
    town.clock.move(days=20)
    renewed = propose(xa)
    assert renewed.id == kept.id and renewed.expires > kept.expires
    town.clock.move(days=29)
    assert not xa.ask(xa.node.lists.endings.due)
    town.clock.move(days=1, seconds=1)
    assert xa.ask(xa.node.lists.due)
    xa.do(xa.node.lists.close)
    assert (entry(xa).state, entry(xa).end_code) == ("ended", "expired") and out(xa) == {}
    assert not xa.ask(xa.node.lists.due)


def test_a_recycled_number_ends_its_entry_here_and_abroad(town: Two) -> None:
    xa, xb = town.xa, town.xb
    adopt(xb, XA)
    kept = list_(xa)
    settle(town)
    xa.do(lambda tx: xa.node.book.recycle(tx, [kept.id], "XATL", "it has a new holder"))
    settle(town)
    assert entry(xa).end_code == entry(xb).end_code == "recycled" and out(xb) == {}


# ---- feeds


def feed(desk: Desk, table: str, source: str = "feed") -> Import:
    imports = desk.node.lists.bulk
    begun = desk.do(lambda tx: imports.begin(tx, source, ASHA))
    for part in bulk.parts(bulk.read(table)):
        desk.do(partial(_take, imports, begun.id, part))
    desk.do(lambda tx: imports.end(tx, begun.id))
    return desk.do(lambda tx: imports.approve(tx, begun.id, DENA))


def _take(imports: bulk.Bulk, name: str, rows: list[bulk.Line], tx: Transaction) -> None:
    imports.take(tx, name, rows)


def test_a_new_feed_is_only_watched_for_a_day_and_every_bad_line_is_told(town: Two) -> None:
    xa = town.xa
    new = NewAllowed(subject="number", value="+9993700000003", group="bank", name="Bank of Aria")
    xa.do(lambda tx: xa.node.lists.sources.allow(tx, new, MAE))
    rows = [
        "number,kind,expires,reason,owner",
        "+9993700000001,blocked,,spoofs a bank,xa-asc",
        "+9993700000001,blocked,,again,xa-asc",
        "12,blocked,,too short,",
        "+9993700000003,blocked,,on the allow-list,",
        "+9993700000004,blocked,2020-01-01T00:00:00Z,over,",
        "+9993700000005,blacklisted,,no kind,",
        "+9993700000006,blocked",
        "+9993700010000-+9993700019999,unallocated,,free,",
    ]
    done = feed(xa, "\r\n".join(rows))
    assert [(each.line, each.code) for each in done.refusals] == [
        (3, "twice"), (4, "bad_input"), (5, "allow_list"), (6, "bad_input"), (7, "bad_input"), (8, "columns"),
    ]  # fmt: skip
    assert (done.taken, done.refused, done.approved_by) == (2, 6, DENA)
    assert out(xa) == {} and set(out(xa, "watch")) == {NUMBER, "+9993700010000-+9993700019999"}
    assert xa.ask(lambda tx: abroad_store.peers(tx)) == set()
    town.clock.move(hours=24, seconds=1)
    xa.do(xa.node.lists.close)
    assert set(out(xa)) == {NUMBER, "+9993700010000-+9993700019999"} and out(xa, "watch") == {}
    assert XB in xa.ask(lambda tx: abroad_store.peers(tx))


def test_who_imports_does_not_approve_and_a_stop_is_one_persons_word_a_restart_twos(town: Two) -> None:
    xa, sources = town.xa, town.xa.node.lists.sources
    begun = xa.do(lambda tx: xa.node.lists.bulk.begin(tx, "feed", ASHA))
    xa.do(lambda tx: xa.node.lists.bulk.end(tx, begun.id))
    with pytest.raises(Conflict, match="another officer"):
        xa.do(lambda tx: xa.node.lists.bulk.approve(tx, begun.id, ASHA))
    feed(xa, f"number,kind\n{NUMBER},blocked\n")
    town.clock.move(hours=25)
    xa.do(xa.node.lists.close)
    assert set(out(xa)) == {NUMBER}
    xa.do(lambda tx: sources.stop(tx, "feed", MAE, "it lists a hospital"))
    assert out(xa) == {} and entry(xa).end_code == "source_stopped"
    with pytest.raises(Refused, match="stopped"):
        xa.do(lambda tx: xa.node.lists.bulk.begin(tx, "feed", ASHA))
    xa.do(lambda tx: sources.restart(tx, "feed", DENA))
    with pytest.raises(NotAllowed):
        xa.do(lambda tx: sources.restart(tx, "feed", DENA))
    assert out(xa) == {}
    xa.do(lambda tx: sources.restart(tx, "feed", RIN))
    assert set(out(xa)) == {NUMBER}


def test_a_feed_brings_no_more_in_an_hour_than_its_cap(town: Two) -> None:
    xa = town.xa
    feed(xa, "number,kind\n")
    xa.do(lambda tx: xa.node.lists.sources.cap(tx, "feed", 2))
    rows = "".join(f"+999370000{number:04d},blocked\n" for number in range(4))
    assert [each.code for each in feed(xa, "number,kind\n" + rows).refusals] == ["over_cap", "over_cap"]


# ---- peers, among them liars


def say(desk: Desk, hand: Hand, body: msgspec.Struct, purpose: str = "disruption", plane: str = "B") -> None:
    desk.receive(hand.write([statement(body, purpose=purpose, plane=plane)]), XA)


def entry_of(value: str = NUMBER, number: int = 1, **more: Any) -> Entry:  # noqa: ANN401 — fields of an entry
    good: dict[str, Any] = {
        "id": f"{'a' * 12}{'bcdefghijklmnopq'[number % 16]}{'bcdefghijklmnopq'[number // 16 % 16]}aa",
        "subject": "number",
        "value": value,
        "kind": "blocked",
        "owner": XA,
        "reason": "calls as a bank",
        "listed": "2026-03-01T10:00:00Z",
        "expires": "2026-03-20T10:00:00Z",
    }
    return Entry(**(good | more))


def batch(*entries: Entry, name: str = "batch-1") -> NumberListing:
    return NumberListing(batch=name, entries=entries)


def test_without_a_standing_word_each_entry_of_a_peer_waits_for_an_approver(town: Two) -> None:
    xa, xb = town.xa, town.xb
    kept = list_(xa)
    settle(town)
    assert (entry(xb).state, entry(xb).origin) == ("proposed", XA) and out(xb) == {}
    approved = xb.do(lambda tx: xb.node.book.approve(tx, entry(xb).id, RIN))
    assert approved.state == "listed" and approved.expires <= kept.expires and set(out(xb)) == {NUMBER}
    # What people here took back comes in again with people's word only.
    xb.do(lambda tx: xb.node.book.withdraw(tx, approved.id, RIN, "it is a clinic"))
    town.clock.move(days=2)
    propose(xa)
    settle(town)
    assert entry(xb).state == "proposed" and out(xb) == {}


def test_what_people_took_back_waits_for_them_whatever_a_peer_calls_it(town: Two) -> None:
    xb, hand = town.xb, Hand()
    adopt(xb, XA)
    say(xb, hand, batch(entry_of()))
    taken = entry(xb)
    xb.do(lambda tx: xb.node.book.withdraw(tx, taken.id, RIN, "it is a clinic"))
    again: dict[str, Any] = {"listed": "2026-03-01T10:06:00Z"}
    say(xb, hand, batch(entry_of(number=2), name="batch-2"))
    say(xb, hand, batch(entry_of(number=3, kind="do_not_originate"), name="batch-3"))
    assert out(xb) == {} and waiting(xb)[-1].not_taken[0].reason == "waits"
    # Nor is it forgotten when it waited, was taken back by its origin or ended by its clock, and comes once more.
    say(xb, hand, batch(entry_of(**again), name="batch-4"))
    for name, ids in (("w-1", [1]), ("w-2", [1, 2, 3])):
        gone = tuple(entry_of(number=each).id for each in ids)
        said = ListingWithdrawal(batch=name, ids=gone, code="withdrawn", at="2026-03-01T10:05:00Z")
        say(xb, hand, said, "status", "A")
        say(xb, hand, batch(entry_of(**again, expires="2026-03-02T10:00:00Z"), name=f"again-{name}"))
        assert out(xb) == {}
    say(xb, hand, batch(entry_of("+9993700000003", **again), name="batch-5"))
    assert waiting(xb)[-1].not_taken[0].reason == "withdrawn"
    town.clock.move(days=1)
    xb.do(xb.node.lists.close)
    say(xb, hand, batch(entry_of(**again), name="batch-6"))
    assert out(xb) == {}
    xb.do(lambda tx: xb.node.book.approve(tx, taken.id, RIN))
    assert set(out(xb)) == {NUMBER}


def test_a_peer_renews_by_itself_only_while_a_standing_word_stands(town: Two) -> None:
    xb, hand = town.xb, Hand()
    adopt(xb, XA)
    say(xb, hand, batch(entry_of(expires="2026-03-05T10:00:00Z")))
    say(xb, hand, batch(entry_of(expires="2026-03-06T10:00:00Z"), name="batch-2"))
    assert entry(xb).expires == "2026-03-06T10:00:00Z"
    xb.do(lambda tx: xb.node.lists.sources.end_adoption(tx, XA, MAE))
    say(xb, hand, batch(entry_of(expires="2026-03-25T10:00:00Z"), name="batch-3"))
    assert (entry(xb).state, entry(xb).expires) == ("listed", "2026-03-06T10:00:00Z")
    town.clock.move(days=6)
    xb.do(xb.node.lists.close)
    say(xb, hand, batch(entry_of(expires="2026-03-25T10:00:00Z"), name="batch-4"))
    assert entry(xb).state == "proposed" and out(xb) == {}


def test_a_peer_is_one_source_however_well_shown_it_says_it_is(town: Two) -> None:
    xb, hand = town.xb, Hand()
    adopt(xb, XA)
    far: dict[str, Any] = {"grade": "corroborated", "expires": "2099-01-01T00:00:00Z"}
    say(xb, hand, batch(entry_of(**far, sources=("hotline", "bank"))))
    assert entry(xb).expires == "2026-03-31T10:07:00Z"
    list_(xb)
    say(xb, hand, batch(entry_of(**far, sources=("hotline", "bank")), name="batch-2"))
    assert entry(xb).expires == "2026-05-30T10:07:00Z"


def test_where_the_law_asks_for_two_a_peers_entry_takes_two(town: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    xb, book = town.xb, town.xb.node.book
    decide = book.decide

    def two(law: Law, peer: str, *, people: int) -> Decision:
        return decide(law, peer, people=people // 2)

    monkeypatch.setattr(book, "decide", two)
    say(xb, Hand(), batch(entry_of()))
    assert (entry(xb).state, entry(xb).needs, entry(xb).why) == ("proposed", 2, ("by_law",))
    assert xb.do(lambda tx: book.approve(tx, entry(xb).id, RIN)).state == "proposed"
    assert xb.do(lambda tx: book.approve(tx, entry(xb).id, DENA)).state == "listed"


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (entry_of("+9992112"), "waits"),
        (entry_of("+9992995"), "allow_list"),
        (entry_of("+9993700000009"), "allow_list"),
        (entry_of("+999 370"), "bad_input"),
        (entry_of(kind="protected"), "protected"),
        (entry_of(listed="2026-03-01T11:00:00Z"), "absurd_time"),
        (entry_of(expires="2026-03-01T10:00:00Z"), "absurd_time"),
        (entry_of(expires="tomorrow"), "bad_input"),
        (entry_of("+999281234567"), "waits"),
        (entry_of("+9993700000000-+9993900000000", subject="range"), "bad_input"),
    ],
)
def test_a_peers_entry_passes_our_own_checks_or_is_told_why_not(town: Two, bad: Entry, code: str) -> None:
    xb = town.xb
    if code != "waits" or bad.value == "+999281234567":
        adopt(xb, XA)
    new = NewAllowed(subject="number", value="+9993700000009", group="bank", name="Bank of Boreo")
    xb.do(lambda tx: xb.node.lists.sources.allow(tx, new, MAE))
    say(xb, Hand(), batch(bad))
    assert out(xb) == {}
    told = [each for each in waiting(xb) if each.batch == "batch-1"]
    assert [each.reason for each in told[0].not_taken] == [code]


def waiting(desk: Desk) -> list[ListingStatus]:
    """Return what a desk is about to tell XA."""
    found = []
    for _, _, data, _ in desk.ask(lambda tx: outbox.due(tx, XA, "bulk", "2026-03-01T10:07:00Z", 100)):
        body = messages.read_body(messages.read_frame(data))
        assert isinstance(body, ListingStatus)
        found.append(body)
    return found


def test_an_imported_entry_never_outlives_its_origins_nor_what_our_own_rule_lets(town: Two) -> None:
    xb = town.xb
    adopt(xb, XA)
    far = entry_of("+9993700000002", 2, expires="2099-01-01T00:00:00Z")
    say(xb, Hand(), batch(entry_of(expires="2026-03-02T10:00:00Z"), far))
    assert entry(xb).expires == "2026-03-02T10:00:00Z"
    assert entry(xb, "+9993700000002").expires == "2026-03-31T10:07:00Z"
    town.clock.move(days=1)
    xb.do(xb.node.lists.close)
    assert entry(xb).state == "ended" and set(out(xb)) == {"+9993700000002"}


def test_nobody_takes_back_what_is_not_theirs(town: Two) -> None:
    xb = town.xb
    adopt(xb, XA)
    mine = list_(xb)
    theirs = entry_of("+9993700000002", 2)
    hand = Hand()
    say(xb, hand, batch(theirs))
    for ids in ((mine.id,), (entry(xb, "+9993700000002").id,)):
        body = ListingWithdrawal(batch=f"w-{ids[0][:4]}", ids=ids, code="withdrawn", at="2026-03-01T10:06:00Z")
        say(xb, hand, body, "status", "A")
    assert set(out(xb)) == {NUMBER, "+9993700000002"}
    body = ListingWithdrawal(batch="w", ids=(theirs.id,), code="withdrawn", at="2099-01-01T00:00:00Z")
    say(xb, hand, body, "status", "A")
    assert set(out(xb)) == {NUMBER}


def test_a_withdrawal_that_overtakes_its_listing_still_takes_it_back(town: Two) -> None:
    xb = town.xb
    adopt(xb, XA)
    hand, said = Hand(), entry_of()
    at = "2026-03-01T10:05:00Z"
    say(xb, hand, ListingWithdrawal(batch="w", ids=(said.id,), code="withdrawn", at=at), "status", "A")
    say(xb, hand, batch(said))
    assert out(xb) == {}
    assert waiting(xb)[-1].not_taken[0].reason == "withdrawn"
    say(xb, hand, batch(entry_of(listed="2026-03-01T10:06:00Z"), name="batch-2"))
    assert set(out(xb)) == {NUMBER}


def test_a_flood_stops_at_the_cap_and_one_word_takes_all_of_it_back(town: Two) -> None:
    xb = town.xb
    adopt(xb, XA)
    hand = Hand()
    say(xb, hand, batch(entry_of()))
    xb.do(lambda tx: xb.node.lists.sources.cap(tx, f"peer:{XA}", 5))
    more = [entry_of(f"+99937000001{number:02d}", number) for number in range(2, 12)]
    say(xb, hand, batch(*more, name="batch-2"))
    assert len(out(xb)) == 5
    assert {each.reason for each in waiting(xb)[-1].not_taken} == {"over_cap"}
    xb.do(lambda tx: xb.node.lists.sources.stop(tx, f"peer:{XA}", MAE, "a flood"))
    assert out(xb) == {}


def test_a_peers_notices_are_one_for_an_entry_and_so_many_in_all(town: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    xb, hand = town.xb, Hand()
    adopt(xb, XA)
    monkeypatch.setattr(redress_rules, "MOST_NOTICES", 2)
    said = [entry_of(f"+99937000001{number:02d}", number) for number in range(3)]
    say(xb, hand, batch(*said))
    for turn in range(3):
        for each in said:
            name = f"objection-{turn}-{each.id}"
            told = ListingAppeal(appeal=name, entry=each.id, origin=XA, ground="mine", at="2026-03-01T10:06:00Z")
            say(xb, hand, told, "status", "A")
    redress = xb.node.redress
    assert len(xb.ask(lambda tx: redress.listed(tx, notices=True))) == 2
    assert xb.ask(redress.listed) == []
    assert {each.reason for each in xb.refusals()} == {"too_many_notices"}


def test_a_peer_that_changes_its_mind_spends_its_cap_and_may_always_take_back(town: Two) -> None:
    xb, hand, said = town.xb, Hand(), entry_of()
    adopt(xb, XA)
    say(xb, hand, batch(said))
    xb.do(lambda tx: xb.node.lists.sources.cap(tx, f"peer:{XA}", 5))
    for turn in range(4):
        gone = ListingWithdrawal(batch=f"w{turn}", ids=(said.id,), code="withdrawn", at="2026-03-01T10:05:00Z")
        say(xb, hand, gone, "status", "A")
        assert out(xb) == {}
        say(xb, hand, batch(entry_of(listed="2026-03-01T10:06:00Z"), name=f"again-{turn}"))
    assert waiting(xb)[-1].not_taken[0].reason == "over_cap" and out(xb) == {}
    assert len(xb.ask(lambda tx: xb.node.lists.publishing.after(tx, "calls", 0))) <= 6
    town.clock.move(hours=1)
    say(xb, hand, batch(entry_of(listed="2026-03-01T10:06:00Z"), name="later"))
    assert set(out(xb)) == {NUMBER}


def test_the_word_of_a_severed_peer_rests_until_it_is_restored(town: Two) -> None:
    xb, standings = town.xb, town.xb.node.standings
    adopt(xb, XA)
    say(xb, Hand(), batch(entry_of(), entry_of("+9993700000002", 2)))
    list_(xb, "+9993700000002")
    xb.do(lambda tx: standings.sever(tx, XA, MAE, "its keys were stolen"))
    xb.do(xb.node.lists.close)
    assert set(out(xb)) == {"+9993700000002"}
    xb.do(lambda tx: standings.restore(tx, XA, DENA, "new keys"))
    xb.do(lambda tx: standings.restore(tx, XA, RIN, "new keys"))
    xb.do(xb.node.lists.close)
    assert set(out(xb)) == {NUMBER, "+9993700000002"}


def test_a_peer_in_quarantine_lists_nothing_new_and_what_stands_stays(town: Two) -> None:
    xb = town.xb
    adopt(xb, XA)
    hand = Hand()
    say(xb, hand, batch(entry_of()))
    xb.do(lambda tx: xb.node.standings.quarantine(tx, XA, MAE, "odd lists"))
    say(xb, hand, batch(entry_of("+9993700000002", 2), name="batch-2"))
    xb.do(xb.node.lists.close)
    assert set(out(xb)) == {NUMBER}


def test_what_a_peer_listed_is_not_passed_on(town: Two) -> None:
    xb = town.xb
    adopt(xb, XA)
    say(xb, Hand(), batch(entry_of()))
    assert set(out(xb)) == {NUMBER}
    assert xb.ask(lambda tx: abroad_store.peers(tx)) == set()


def test_a_status_about_what_was_never_told_is_on_record_and_changes_nothing(town: Two) -> None:
    xb = town.xb
    list_(xb)
    say(xb, Hand(), ListingStatus(batch="nothing", state="enforced", at="2026-03-01T10:07:00Z"), "status", "A")
    assert xb.refusals()[0].reason == "unknown_batch"


def test_a_number_cannot_leave_as_an_indicator(town: Two) -> None:
    """Plane A leaves by every draft: a statement of the wrong type, or on the wrong plane, is refused at the door."""
    xb = town.xb
    forged = forge_as("listing", batch(entry_of()))
    xb.receive(Hand().write([forged]), XA)
    assert out(xb) == {}
    assert "does not belong" in xb.refusals()[0].what


def forge_as(kind: str, body: msgspec.Struct) -> Item:
    said = statement(body, purpose="disruption", plane="A")
    data = said.statement.replace(b'"type":"listing_number"', f'"type":"{kind}"'.encode())
    return Item(said.id, data, said.salt)


def test_a_member_that_was_not_there_is_told_everything_that_stands(town: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    xa, xb, telling = town.xa, town.xb, town.xa.node.lists.telling
    adopt(xb, XA)
    monkeypatch.setattr(telling, "_peers", lambda: [XB2])
    list_(xa)
    gone = list_(xa, "+9993700000002")
    xa.do(lambda tx: xa.node.book.withdraw(tx, gone.id, RIN, "a mistake"))
    settle(town)
    assert xb.ask(lambda tx: xb.node.book.named(tx, NUMBER)) == []
    monkeypatch.setattr(telling, "_peers", lambda: [XB, XB2])
    assert xa.ask(telling.due)
    xa.do(telling.close)
    assert not xa.ask(telling.due)
    settle(town)
    assert set(out(xb)) == {NUMBER}


def test_a_standing_word_takes_two_and_covers_what_it_names(town: Two) -> None:
    xb, sources = town.xb, town.xb.node.lists.sources
    xb.do(lambda tx: sources.adopt(tx, XA, ("url",), DENA))
    with pytest.raises(NotAllowed):
        xb.do(lambda tx: sources.adopt(tx, XA, ("url",), "officer dena holt"))
    xb.do(lambda tx: sources.adopt(tx, XA, ("url",), RIN))
    hand = Hand()
    say(xb, hand, batch(entry_of()))
    page = entry_of("https://win-prize.example/a", 3, subject="url")
    say(xb, hand, Listing(batch="batch-2", entries=(page,)), plane="A")
    assert entry(xb).state == "proposed" and entry(xb, page.value).state == "listed"
    town.clock.move(days=93)
    say(xb, hand, Listing(batch="batch-3", entries=(fresh(page, 93),)), plane="A")
    assert entry(xb, page.value + "b").state == "proposed"


def fresh(said: Entry, days: int) -> Entry:
    at = NOW + timedelta(days=days)
    value = said.value + "b"
    times_ = {"listed": times.render(at), "expires": times.render(at + timedelta(days=3))}
    return msgspec.structs.replace(said, id="a" * 16, value=value, **times_)
