"""The flow of a case: whatever answers come, all that comes to a place leaves it, and every minute adds up."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import get_args

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from lintas.model import times
from lintas.model.money import rescale_parts
from lintas.model.tainted import Baton, Part, PartState
from lintas.requests import rules
from lintas.requests.flow import Flow, flow_of
from lintas.requests.records import Claim, Later, Share

TAKEN = datetime(2026, 3, 1, 9, 58, tzinfo=UTC)
STOLEN = 4_000_000
STATES: tuple[PartState, ...] = get_args(PartState)
BANKS = ("XABT", "XBUB", "XBCS", "XCRT")


def at(minutes: float) -> str:
    return times.render(TAKEN + timedelta(minutes=minutes))


def root() -> Share:
    return Share(id="case-1", case="case-1", state="unknown", amount_minor=STOLEN)


def answered(share: Share, parts: list[Part], *, now: str, asked: Baton) -> list[Share]:
    changes = msgspec.structs.replace(share, authority="xa-asc")
    return rules.split(share, parts, at=asked, changes=changes, now=now)


def part(state: PartState, start: int, end: int, since: str | None, to: str = "", currency: str = "XAK") -> Part:
    baton = Baton(transfer=f"T-{to}-{since}", start=0, end=end - start, currency=currency, holder=to) if to else None
    length = end - start
    return Part(
        state=state, start=start, end=end, local_minor=length, local_currency=currency, baton=baton, since=since
    )


def whole(share: Share, bank: str) -> Baton:
    return share.baton or Baton(transfer="T-0", start=0, end=share.amount_minor, currency="XAK", holder=bank)


def flow(shares: list[Share], **more: object) -> Flow:
    claim = Claim(case="case-1", currency="XAK", stolen=STOLEN, scheme="unknown", opened_at=at(9))
    return flow_of(rules.bar(claim, shares), **more)  # type: ignore[arg-type] # as the function takes it


@st.composite
def stories(draw: st.DrawFn) -> list[Share]:
    """Let banks answer one after another: parts of any state, with and without times."""
    shares, minute = [root()], 0.0
    for _ in range(draw(st.integers(0, 6))):
        open_ones = [share for share in shares if share.note in ("", "moved", "here")]
        if not open_ones:
            break
        share = draw(st.sampled_from(open_ones))
        asked = whole(share, "XAFB")
        cuts = sorted(draw(st.sets(st.integers(asked.start + 1, max(asked.start + 1, asked.end - 1)), max_size=3)))
        edges = [asked.start, *(cut for cut in cuts if cut < asked.end), asked.end]
        parts = []
        for start, end in pairwise(edges):
            state = draw(st.sampled_from(STATES))
            minute += draw(st.floats(0, 3))
            since = draw(st.sampled_from([at(minute), None, "never"]))
            parts.append(part(state, start, end, since, draw(st.sampled_from(BANKS)) if state == "moved" else ""))
        shares.remove(share)
        shares += answered(share, parts, now=at(minute + 9), asked=asked)
    return shares


@settings(max_examples=150, deadline=None)
@given(stories(), st.booleans())
def test_all_that_comes_to_a_place_leaves_it_and_every_minute_adds_up(shares: list[Share], books: bool) -> None:
    later = [Later(minutes=900, least_minor=7, most_minor=7, basis="books", finer=True)] if books else []
    seen = flow(shares, reported_at=at(0), later=later)
    assert sum(end.amount_minor for end in seen.ends) == STOLEN
    for place in seen.places:
        out = sum(leg.amount_minor for leg in seen.legs if leg.source == place.id)
        out += sum(end.amount_minor for end in seen.ends if end.place == place.id)
        came = sum(leg.amount_minor for leg in seen.legs if leg.target == place.id)
        assert out == place.amount_minor
        assert came == place.amount_minor or place.hop == 0
    assert all(sum(leg.states.values()) == leg.amount_minor > 0 for leg in seen.legs)
    assert all(leg.local_minor > 0 for leg in seen.legs)
    hops = {place.id: place.hop for place in seen.places}
    assert all(hops[leg.target] == hops[leg.source] + 1 for leg in seen.legs)
    assert [each.minute for each in seen.moments] == sorted({each.minute for each in seen.moments})
    for each in seen.moments:
        assert each.there_minor + each.gone_minor + each.unsaid_minor == STOLEN
        assert each.basis == "books" or sum(found.amount_minor for found in each.found) == each.there_minor
    # What is gone stays gone.
    gone = [each.gone_minor for each in seen.moments if each.basis == "answers"]
    assert gone == sorted(gone)


def story() -> list[Share]:
    """XAFB sent all to XABT at minute 0; XABT spent 100 at 2 and sent 900 to XBUB at 4, which held 600 and knows no more."""
    first = answered(root(), [part("moved", 0, STOLEN, at(0), "XABT")], now=at(9), asked=whole(root(), "XAFB"))
    tenth = STOLEN // 10
    parts = [part("spent", 0, tenth, at(2)), part("moved", tenth, STOLEN, at(4), "XBUB")]
    second = answered(first[0], parts, now=at(9), asked=whole(first[0], "XABT"))
    moved = second[1]
    asked = whole(moved, "XBUB")
    held = [part("held", 0, 6 * tenth, at(4)), part("unknown", 6 * tenth, 9 * tenth, None)]
    return [second[0], *answered(moved, held, now=at(12), asked=asked)]


def test_a_minute_finds_what_the_banks_times_say() -> None:
    seen = flow(story())
    assert seen.taken_at == at(0)
    tenth = STOLEN // 10
    told = {
        each.minute: (each.there_minor // tenth, each.gone_minor // tenth, each.unsaid_minor // tenth)
        for each in seen.moments
    }
    # From minute 4 nobody knows about 3 of 10; after minute 12 the bank was not heard any more.
    assert told == {0: (10, 0, 0), 2: (9, 1, 0), 4: (6, 1, 3), 13: (0, 1, 9)}
    assert [found.holder for found in seen.moments[0].found] == ["XABT"]
    at_four = next(each for each in seen.moments if each.minute == 4)
    assert [(found.holder, found.amount_minor) for found in at_four.found] == [("XBUB", 6 * tenth)]


def test_where_nobody_told_a_time_nothing_is_said() -> None:
    silent = answered(root(), [part("moved", 0, STOLEN, None, "XABT")], now=at(9), asked=whole(root(), "XAFB"))
    assert flow(silent).moments == ()
    told = flow(silent, reported_at=at(0)).moments
    assert [(each.there_minor, each.unsaid_minor) for each in told] == [(0, STOLEN)]


def test_what_an_author_knows_stands_behind_what_the_banks_said() -> None:
    later = [Later(minutes=m, least_minor=m, most_minor=m, basis="books", finer=True) for m in (3, 30, 60)]
    published = Later(minutes=45, least_minor=1, most_minor=9)
    told = flow(story(), later=[*later, published]).moments
    assert [each.minute for each in told if each.basis == "books"] == [30, 60]
    assert {each.basis for each in told if each.minute < 30} == {"answers"}


def test_the_same_transfer_told_of_twice_is_settled_once() -> None:
    legs = {leg.transfer: leg for leg in flow(story()).legs}
    onward = legs[f"T-XBUB-{at(4)}"]
    assert onward.local_minor == onward.amount_minor == 9 * STOLEN // 10
    assert onward.states == {"held": 6 * STOLEN // 10, "unknown": 3 * STOLEN // 10}


def test_a_piece_that_was_cut_or_let_go_keeps_its_way() -> None:
    share = story()[1]
    assert share.state == "held"
    assert share.baton is not None
    start, end = share.baton.span
    pieces = rules.let_go(share, [(start, start + 10)], "appeal")
    assert [piece.state for piece in pieces] == ["released", "held"]
    assert [piece.way[-1].baton.span for piece in pieces] == [(start, start + 10), (start + 10, end)]
    assert [stop.baton.holder for stop in pieces[0].way] == ["XAFB", "XABT", "XBUB"]
    assert rescale_parts([10, end - start - 10], share.amount_minor) == [piece.amount_minor for piece in pieces]
