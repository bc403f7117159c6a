"""The rules of lists: what sightings come to, who counts twice, how long an entry stands, what travels on which plane."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lintas.model import messages, times
from lintas.model.errors import BadInput, Conflict, LintasError, NotAllowed
from lintas.model.listings import Entry, Listing, NumberListing, RangeListing, Subject
from lintas.model.markings import Marking
from lintas.telco.book import bulk, rules, safety, values
from lintas.telco.book.numbers import Numbers
from lintas.telco.book.records import Kept, Sighting

NOW = datetime(2026, 3, 1, 10, 7, tzinfo=UTC)
AT = times.render(NOW)
LATER = times.render(NOW + timedelta(days=3))
NAMES = st.sampled_from(["Officer A", "officer  a", "ＯＦＦＩＣＥＲ A", "Officer B", "officer b", "Officer C"])


def sighting(**more: Any) -> Sighting:  # noqa: ANN401
    good: dict[str, Any] = {
        "source": "desk", "ref": "a" * 16, "entry": "a" * 16, "origin": "", "state": "live", "suspended": False,
        "owner": "xa-asc", "reason": "calls as a bank", "scheme": "unknown", "grade": "reported", "sources": (),
        "listed": AT, "expires": LATER, "seen_at": AT,
    }  # fmt: skip
    return Sighting(**(good | more))


def kept(**more: Any) -> Kept:  # noqa: ANN401
    good: dict[str, Any] = {
        "id": "a" * 16, "subject": "number", "value": "+9993700000001", "kind": "blocked", "state": "declined",
        "owner": "", "reason": "", "scheme": "unknown", "grade": "reported", "sources": (), "listed": AT, "expires": AT,
    }  # fmt: skip
    return Kept(**(good | more))


SIGHTINGS = st.builds(
    sighting,
    source=st.sampled_from(["desk", "feed", "peer:xb-asc", "peer:xc-asc"]),
    origin=st.sampled_from(["", "xb-asc"]),
    state=st.sampled_from(["waits", "live", "ended", "declined"]),
    suspended=st.booleans(),
    grade=st.sampled_from(["confirmed", "corroborated", "reported"]),
    sources=st.lists(st.sampled_from(["xb-asc", "hotline", "XB-ASC ", "feed"]), max_size=3).map(tuple),
    expires=st.sampled_from([AT, LATER, "2026-02-01T00:00:00Z", "2026-03-02T00:00:00.5Z"]),
    shadow_until=st.sampled_from(["", AT, LATER]),
)
SEEN = st.lists(SIGHTINGS, max_size=6)


@given(SEEN, st.booleans(), st.sampled_from(["proposed", "listed", "shadow", "ended", "declined"]))
def test_an_entry_is_in_force_exactly_while_somebody_vouches_for_it_who_may(
    seen: list[Sighting], own: bool, was: str
) -> None:
    after = rules.settle(kept(state=was), seen, AT, own=own)
    live = [each for each in seen if rules.counts(each, AT)]
    if after.state in ("listed", "shadow"):
        assert live
        assert times.parse(after.expires) == max(times.parse(each.expires) for each in live) > NOW
        assert (
            not own
            or rules.independent(live) > 1
            or any(each.grade == "confirmed" and not each.origin for each in live)
        )
        assert (after.state == "listed") == any(not rules.watched(each, AT) for each in live)
    elif live:
        assert own and after.why == ("own_number",)
    else:
        assert after.state in ("proposed", "ended", "declined")
    assert rules.settle(after, seen, AT, own=own) == after or after.state in ("ended", "declined")


def test_an_entry_stands_since_it_is_in_force_not_since_it_was_proposed() -> None:
    proposed = rules.settle(kept(), [sighting(state="waits", needs=1)], AT, own=False)
    assert (proposed.state, proposed.listed) == ("proposed", AT)
    approved, later = times.render(NOW + timedelta(hours=2)), times.render(NOW + timedelta(hours=3))
    alone = rules.settle(proposed, [sighting()], approved, own=True)
    assert (alone.state, alone.listed) == ("proposed", AT)
    stands = rules.settle(proposed, [sighting()], approved, own=False)
    assert (stands.state, stands.listed) == ("listed", approved)
    assert rules.settle(stands, [sighting()], later, own=False).listed == approved
    assert rules.settle(stands, [sighting(state="ended")], later, own=False).listed == approved


@given(SEEN, SIGHTINGS)
def test_one_more_word_never_takes_an_entry_out_of_force(seen: list[Sighting], more: Sighting) -> None:
    order = {"declined": 0, "ended": 0, "proposed": 1, "shadow": 2, "listed": 3}
    before = rules.settle(kept(), seen, AT, own=False)
    assert order[rules.settle(kept(), [*seen, more], AT, own=False).state] >= order[before.state]


@given(SEEN)
def test_nobody_becomes_two_sources_by_naming_different_ones(seen: list[Sighting]) -> None:
    found = rules.independent(seen)
    assert found <= len({each.source for each in seen})
    assert found == rules.independent(list(reversed(seen)))


@given(NAMES, st.lists(NAMES, max_size=5), st.sampled_from([1, 2]))
def test_what_needs_two_gets_two_people_who_did_not_propose_it(proposer: str, officers: list[str], needs: int) -> None:
    said = sighting(state="waits", proposed_by=proposer, needs=needs)
    for officer in officers:
        if said.state == "live":
            break
        try:
            said = rules.approved(said, officer)
        except (NotAllowed, Conflict):
            continue
    people = {
        name.replace("ＯＦＦＩＣＥＲ", "officer").casefold().replace("  ", " ")
        for name in (said.approved_by, said.second_by)
        if name
    }
    if said.state == "live":
        assert len(people) == needs
        assert needs == 1 or proposer.replace("ＯＦＦＩＣＥＲ", "officer").casefold().replace("  ", " ") not in people


@given(st.sampled_from(sorted(rules.STANDS)), st.datetimes(datetime(2025, 1, 1), datetime(2030, 1, 1)))
def test_no_entry_stands_longer_than_its_subject_may(subject: Subject, asked: datetime) -> None:
    try:
        ends = rules.until(times.render(asked.replace(tzinfo=UTC)), subject, "blocked", NOW)
    except BadInput:
        assert asked.replace(tzinfo=UTC) <= NOW
        return
    assert NOW < times.parse(ends) <= NOW + rules.STANDS[subject]


@pytest.mark.parametrize(
    ("subject", "value", "plane"),
    [
        ("number", "+9993700000001", "B"),
        ("range", "+9993700000000-+9993700000098", "B"),
        ("range", "+9993700000000-+9993700000099", "A"),
        ("url", "https://win.example/", "A"),
        ("wallet", "a" * 30, "A"),
    ],
)
def test_what_names_a_person_lies_on_plane_b(subject: Subject, value: str, plane: str) -> None:
    assert rules.law_of(subject, value).plane == plane


def wire(body: msgspec.Struct) -> bytes:
    return messages.write(body, id="obj-1", origin="xa", purpose="disruption", marking=Marking(plane="B"), issued_at=AT)


def entry(subject: Subject, value: str) -> Entry:
    return Entry(
        id="a" * 16, subject=subject, value=value, kind="blocked", owner="x", reason="y", listed=AT, expires=LATER
    )


@pytest.mark.parametrize(
    ("kind", "subject", "value"),
    [
        (Listing, "number", "+9993700000001"),
        (Listing, "range", "+9993700000000-+9993799999999"),
        (RangeListing, "number", "+9993700000001"),
        (RangeListing, "range", "+9993700000000-+9993700000098"),
        (RangeListing, "range", "+2-+1"),
        (RangeListing, "range", "nonsense"),
        (NumberListing, "url", "https://win.example/"),
    ],
)
def test_a_statement_takes_only_what_its_rule_is_about(kind: type[Listing], subject: Subject, value: str) -> None:
    with pytest.raises(ValueError, match=r"belong|range"):
        kind(batch="b-1", entries=(entry(subject, value),))


def test_the_largest_statement_fits() -> None:
    assert len(wire(NumberListing(batch="b-1", entries=(entry("number", "+9993700000001"),) * 200))) < 65_536
    with pytest.raises(LintasError):
        wire(NumberListing(batch="b-1", entries=(entry("number", "+9993700000001"),) * 201))


@given(st.sampled_from(sorted(rules.STANDS)), st.text(max_size=60))
def test_a_normal_form_is_its_own_and_nothing_else_raises(subject: Subject, text: str) -> None:
    try:
        value = values.normal(subject, text)
    except LintasError:
        return
    assert values.normal(subject, value) == value
    values.check_normal(subject, value)


@given(st.text(alphabet=st.sampled_from('+0123456789,"\n\r\0 blockednumberkind-'), max_size=200))
def test_a_table_of_nonsense_is_told_line_by_line_or_refused_whole(text: str) -> None:
    try:
        for line in bulk.read("number,kind\n" + text):
            assert (line.said is None) != (line.refusal is None)
            assert line.number > 1
    except BadInput:
        pass


SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 9)).map(lambda pair: (pair[0], pair[0] + pair[1])))


@given(SPANS, st.integers(0, 70), st.integers(0, 12))
def test_spans_touch_what_has_a_number_in_common(ranges: list[tuple[int, int]], low: int, more: int) -> None:
    shared = any(first <= low + more and last >= low for first, last in ranges)
    assert safety.Spans(ranges).touch(low, low + more) == shared


@pytest.mark.parametrize(
    ("jurisdiction", "low", "high", "own"),
    [
        ("XA", 999150000000, 999150000000, True),
        ("XA", 999120000000, 999139999999, False),
        # Its ends are fixed and voice over IP, what lies between is mobile.
        ("XA", 999139999999, 999160000000, True),
        # Handed out to route calls to visitors, in the midst of mobile numbers.
        ("XA", 999155900000, 999155999999, False),
        ("XA", 999155900000, 999156000000, True),
        ("XA", 999159000000, 999160000000, False),
        ("XA", 999250000000, 999259999999, False),
        # Known from public patterns alone.
        ("GB", 447400123456, 447400123456, True),
        ("GB", 442000000000, 449999999999, True),
        ("GB", 442079460000, 442079469999, False),
        ("GB", 337000000000, 337999999999, False),
        ("SG", 6560000000, 6599999999, True),
        ("SG", 12345, 99999, False),
        ("ZZ", 447400123456, 447400123456, False),
    ],
)
def test_a_range_is_a_jurisdictions_own_by_any_mobile_number_in_it(
    jurisdiction: str, low: int, high: int, *, own: bool
) -> None:
    assert Numbers(jurisdiction).is_own_mobile(low, high) == own


@pytest.mark.parametrize(
    ("value", "emergency"),
    [
        ("+9991112", True),
        ("+9991110-+9991119", True),
        ("+9991113-+9991119", False),
        ("+99911120", False),
        ("+9991990-+9991999", True),
        ("112", False),
    ],
)
def test_a_range_with_an_emergency_number_in_it_is_one(value: str, *, emergency: bool) -> None:
    assert Numbers("XA").is_emergency(value) == emergency


def test_an_own_number_needs_two_people_for_an_owners_word_and_no_source_that_is_only_watched() -> None:
    one = sighting(grade="confirmed", proposed_by="Officer A", approved_by="officer  a")
    two = sighting(grade="confirmed", proposed_by="Officer A", approved_by="Officer B")
    watched, other = sighting(source="feed", shadow_until=LATER), sighting(source="feed")
    cases: list[tuple[list[Sighting], str]] = [
        ([one], "proposed"),
        ([two], "listed"),
        ([sighting(), watched], "proposed"),
        ([sighting(), other], "listed"),
    ]
    for kind in ("blocked", "do_not_originate", "unallocated"):
        assert [rules.settle(kept(kind=kind), seen, AT, own=True).state for seen, _ in cases] == [
            state for _, state in cases
        ]
    assert rules.settle(kept(kind="protected"), [one], AT, own=True).state == "listed"
