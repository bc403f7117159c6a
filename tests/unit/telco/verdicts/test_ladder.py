"""The ladder: each rung, the exceptions and what a spoofer makes of them, and what must hold for any call at all."""

import hashlib
import hmac
import json
from typing import get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lintas.telco.records import Call, CliAnswer, Evidence, Kind, Listed, Trunk, Word
from lintas.telco.verdicts.emergency import calls_for_help
from lintas.telco.verdicts.ladder import Ladder
from lintas.telco.verdicts.plans import plan
from lintas.telco.verdicts.presets import names, presets
from lintas.telco.verdicts.reading import read
from lintas.telco.verdicts.records import RANK, Ask, Ruling
from lintas.text.translation import words

MOBILE, OTHER, ROAMER, MVNO = "+999150000001", "+999151000001", "+999152000001", "+999158000001"
FIXED, VOIP, FREEPHONE = "+999120000001", "+999161000001", "+999180000001"
ROUTING, NOBODY, ABROAD, UNPARTNERED = "+999159900001", "+999170000001", "+999281000001", "+9993612345678"
B = "+999120000002"


class Lists(dict[str, Kind]):
    def find(self, number: int) -> Listed | None:
        kind = self.get(f"+{number}")
        return None if kind is None else Listed(kind, "a" * 16, "XATL", "reported by many", 2_000_000_000)


def ladder(name: str = "be", listed: dict[str, Kind] | None = None, level: Evidence = "on-call") -> Ladder:
    def ported(number: int) -> str | None:
        return "XAMO" if f"+{number}" == OTHER else None

    return Ladder(
        Lists(listed or {}), presets(name), plan("XA"), level=level, partners=frozenset({"XB"}), ported=ported
    )


def first(a: str, b: str = B, trunk: Trunk = "international", diverted: str = "", **more: object) -> Ruling | Ask:
    return ladder(**more).first(Call(a=a, b=b, trunk=trunk, diverted=diverted))  # type: ignore[arg-type]


def ends(a: str, b: str = B, trunk: Trunk = "international", diverted: str = "", **more: object) -> str:
    found = first(a, b, trunk, diverted, **more)
    assert isinstance(found, Ruling), found
    return found.situation


def asks(a: str, b: str = B, trunk: Trunk = "international", diverted: str = "", **more: object) -> Ask:
    found = first(a, b, trunk, diverted, **more)
    assert isinstance(found, Ask), found
    return found


def said(word: Word, evidence: Evidence, ttl_s: int = 60) -> CliAnswer:
    return CliAnswer(verdict=word, evidence=evidence, ttl_s=ttl_s, id="x")


# --- what needs nobody's answer ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("a", "situation"),
    [
        ("", "anonymous"),
        ("Anonymous@anonymous.invalid", "anonymous"),
        ("BANK", "malformed"),
        ("+999150000001x", "malformed"),
        ("112", "short_code"),
        ("+9991112", "short_code"),
        (NOBODY, "unallocated"),
        (ROUTING, "unallocated"),
        (UNPARTNERED, "foreign_unknown"),
        ("+60123456789", "foreign_unknown"),
    ],
)
def test_calls_from_abroad(a: str, situation: str) -> None:
    assert ends(a) == situation


@pytest.mark.parametrize("kind", ["do_not_originate", "blocked", "unallocated"])
@pytest.mark.parametrize("trunk", get_args(Trunk))
def test_what_is_listed_is_refused_on_every_trunk_with_its_redress_id(kind: Kind, trunk: Trunk) -> None:
    for number in (MOBILE, FIXED, ABROAD):
        found = first(number, trunk=trunk, listed={number: kind})
        assert isinstance(found, Ruling)
        assert (found.situation, found.action, found.id, found.evidence) == (kind, "block", "a" * 16, "listed")
        assert found.ttl_s == 0  # a withdrawal counts at once


def test_a_call_of_ones_own_network_is_let_through_whoever_it_shows() -> None:
    for a in (MOBILE, FIXED, ABROAD, "050000001", "112", "BANK"):
        assert ends(a, trunk="domestic") == "domestic"
    assert ends(NOBODY, trunk="domestic") == "unallocated"


def test_a_protected_number_is_never_blocked_and_from_abroad_not_shown() -> None:
    listed: dict[str, Kind] = {FIXED: "protected", ABROAD: "protected", NOBODY: "protected"}
    found = first(FIXED, listed=listed)
    assert isinstance(found, Ruling) and (found.situation, found.action) == ("protected", "withhold-cli")
    assert ends(FIXED, trunk="domestic", listed=listed) == "domestic"
    assert ends(NOBODY, listed=listed) == "protected"
    assert isinstance(first(ABROAD, listed=listed), Ask)


# --- exceptions, and what a spoofer makes of them ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "b",
    [
        "112",
        "991",
        "+9991112",
        "9991991",
        "00999112"[:2] + "9991112",
        "+112",
        "urn:service:sos",
        "urn:service:sos.fire",
        "sip:112@xa.example",
        "tel:112;phone-context=+9991",
        "1-1-2",
        " 112 ",
        "0112",
        "+99910991",
        "sips:0112@xa.example;user=phone",
        "sip:%31%312@xa.example",
        "URN:Service:SOS.Police",
        "sip:SOS@xa.example",
        "sos.fire",
    ],
)
@pytest.mark.parametrize("name", names())
def test_whoever_calls_for_help_gets_through(name: str, b: str) -> None:
    listed: dict[str, Kind] = {MOBILE: "blocked"}
    for a in (MOBILE, "BANK", "", NOBODY, "112", ROUTING):
        for trunk in get_args(Trunk):
            found = first(a, b, trunk, ABROAD, name=name, listed=listed)
            assert isinstance(found, Ruling) and found.action == "allow" and found.situation == "emergency"


@pytest.mark.parametrize(
    "b", ["1123456789", "01121234", "112112", "00112", "sos1", "sos.112", "sosta", "sip:11255500@x"]
)
def test_what_only_begins_like_a_call_for_help_is_none(b: str) -> None:
    assert not calls_for_help(plan("XA").emergency_forms, b)


def test_an_emergency_number_as_caller_id_excuses_nothing() -> None:
    for a in ("112", "991", "+9991112"):
        assert ends(a) == "short_code"


def test_a_leg_to_a_visitor_passes_by_the_gateways_own_range_only() -> None:
    for a in (FIXED, MOBILE, ABROAD, "BANK"):
        assert ends(a, ROUTING) == "routing_leg"
        for b in (
            "00" + ROUTING[1:],
            ROUTING[1:],
            "0" + ROUTING[5:],
            "+9991 5990-0001",
            "+99910" + ROUTING[5:],
            ROUTING[5:],
        ):
            assert ends(a, b) == "routing_leg", b
    # One digit more or fewer, or another network's range, is no routing number of this gateway.
    for b in (ROUTING + "0", ROUTING[:-1], "+999289990001"):
        assert isinstance(first(MOBILE, b), Ask)
    # Lists hold on a leg, too: no real leg comes from a number that never calls.
    assert ends(FREEPHONE, ROUTING, listed={FREEPHONE: "do_not_originate"}) == "do_not_originate"
    assert ends(MOBILE, ROUTING, listed={MOBILE: "blocked"}) == "blocked"
    assert ends(MOBILE, ROUTING, listed={MOBILE: "unallocated"}) == "unallocated"
    assert ends(MOBILE, ROUTING, listed={MOBILE: "protected"}) == "routing_leg"


def test_a_forged_diversion_changes_who_is_asked_and_excuses_nothing() -> None:
    # Strong: is the caller calling the one who is said to have forwarded it?
    ask = asks(MOBILE, diverted=ROAMER)
    assert (ask.number, ask.other, ask.strong, ask.passed, ask.failed) == (
        MOBILE,
        ROAMER,
        True,
        "forwarder_unknown",
        "forwarder_fail",
    )
    assert ladder().conclude(ask, said("fail", "on-call")).action == "block"
    # A yes is of the call to the forwarder, who may be a scammer with his victim on the line: it vouches for nothing here.
    passed = ladder().conclude(ask, said("pass", "on-call"))
    assert (passed.verdict, passed.action) == ("unknown", "withhold-cli")
    # Weaker: is the forwarder abroad at all?
    weak = asks(MOBILE, diverted=ROAMER, level="registered-abroad")
    assert (weak.number, weak.other, weak.strong) == (ROAMER, "", False)
    assert ladder().conclude(weak, said("fail", "registered-abroad")).action == "block"
    # A fixed number, one of nobody or a routing number of ours is not abroad and forwards nothing from there.
    for diverted in (FIXED, NOBODY, ROUTING, "x", "112"):
        assert ends(FIXED, diverted=diverted, level="registered-abroad") == "own_fixed"
        assert asks(MOBILE, diverted=diverted, level="registered-abroad").number == MOBILE
    # The header is no way around the lists.
    assert ends(MOBILE, diverted=ROAMER, listed={MOBILE: "blocked"}) == "blocked"


def test_a_number_abroad_that_forwards_gets_the_caller_id_withheld_in_finland() -> None:
    for a in (MOBILE, FIXED):
        # No answer would change that: the caller's call to the forwarder does not show that the forwarder made this one.
        assert ends(a, diverted=UNPARTNERED, name="fi") == "forwarded_abroad_unknown"
        ask = asks(a, diverted=UNPARTNERED, name="strict")
        assert (ask.number, ask.other) == (a, UNPARTNERED)
        for answer in (None, said("pass", "on-call"), said("fail", "registered-abroad")):
            assert ladder("strict").conclude(ask, answer).action == "withhold-cli"
        assert ladder("strict").conclude(ask, said("fail", "on-call")).action == "block"
    assert ends(FIXED, diverted=UNPARTNERED, name="fi", level="registered-abroad") == "forwarded_abroad_unknown"


def test_a_forwarder_that_is_called_vouches_for_no_other_call() -> None:
    # One that excuses nothing is passed over: the question is of the called number.
    assert asks(MOBILE, diverted=FIXED).other == B
    assert asks(FIXED, diverted=FREEPHONE).other == B
    ask = asks(ABROAD, diverted=UNPARTNERED)
    ruling = ladder().conclude(ask, said("pass", "on-call"))
    assert (ask.other, ruling.verdict, ruling.situation) == (UNPARTNERED, "unknown", "foreign_unknown")
    assert ladder().conclude(asks(ABROAD), said("pass", "on-call")).situation == "foreign_pass"


def test_bare_digits_that_may_be_ours_are_not_shown() -> None:
    def found(a: str, trunk: Trunk = "international", **listed: Kind) -> Ruling:
        lists = Lists({f"+{number[1:]}": kind for number, kind in listed.items()})
        ruling = Ladder(lists, presets("my"), plan("MY"), level="none").first(Call(a=a, b="+60123456789", trunk=trunk))
        assert isinstance(ruling, Ruling)
        return ruling

    assert (found("312345678").situation, found("312345678").action) == ("unrecognised", "withhold-cli")
    assert found("+312345678").situation == "foreign_unknown"
    assert found("+60312345678").action == "withhold-cli"
    # A list holds for either reading; whoever is protected in one of them is not blocked, and not shown.
    assert found("312345678", n60312345678="blocked").situation == "blocked"
    assert found("312345678", n312345678="do_not_originate").situation == "do_not_originate"
    assert found("312345678", n60312345678="protected").situation == "unrecognised"
    assert found("312345678", "domestic").situation == "domestic"
    # 03-7612 3456, or a number of Andorra: by a nomadic trunk it is the former.
    assert found("376123456").situation == "unrecognised"
    assert found("376123456", "nomadic").situation == "nomadic"
    # What can be no number of ours is foreign as it stands.
    assert found("447911123456").situation == "foreign_unknown"


def test_that_a_caller_is_at_home_does_not_refute_a_forwarded_call() -> None:
    ask = asks(MOBILE, diverted=ROAMER)
    assert ladder().conclude(ask, said("fail", "registered-abroad")).situation == "forwarder_unknown"
    assert ladder().conclude(ask, said("fail", "assigned")).situation == "forwarder_fail"


def test_a_nomadic_trunk_excuses_fixed_numbers_and_no_mobile() -> None:
    for a in (FIXED, VOIP, FREEPHONE):
        assert ends(a, trunk="nomadic") == "nomadic"
    assert asks(MOBILE, trunk="nomadic").number == MOBILE
    assert ends(FIXED, trunk="nomadic", listed={FIXED: "do_not_originate"}) == "do_not_originate"
    assert ends(FIXED, trunk="nomadic", listed={FIXED: "protected"}) == "protected"


def test_a_fixed_number_from_abroad_is_refused_unless_its_network_carries_the_call() -> None:
    assert ends(FIXED, level="registered-abroad") == "own_fixed"
    assert ends(VOIP, level="assigned") == "own_voip"
    assert ends(FREEPHONE, level="none") == "own_nongeographic"
    ask = asks(FIXED)
    assert (ask.to, ask.other, ask.strong) == ("XATL", B, True)
    assert ladder().conclude(ask, said("pass", "on-call")).situation == "reentered"
    for answer in (None, said("fail", "on-call"), said("pass", "assigned"), said("pass", "registered-abroad")):
        assert ladder().conclude(ask, answer).action == "block"


# --- who is asked, and what an answer is worth ------------------------------------------------------------------------


def test_the_home_operator_is_found_through_portability_and_host() -> None:
    assert asks(MOBILE).to == "XATL"
    assert asks(OTHER).to == "XAMO"
    assert asks(MVNO).to == "XATL"
    assert asks(ABROAD).to == "XB"
    real = Ladder(Lists(), presets("my"), plan("MY")).first(Call(a="+60123456789"))
    assert isinstance(real, Ask) and real.to == "MY"


@pytest.mark.parametrize(
    ("name", "answer", "situation"),
    [
        ("be", said("pass", "on-call"), "mobile_pass"),
        ("be", said("pass", "registered-abroad"), "mobile_pass"),
        ("strict", said("pass", "registered-abroad"), "mobile_unknown"),
        ("strict", said("pass", "on-call"), "mobile_pass"),
        ("be", said("pass", "assigned"), "mobile_unknown"),
        ("be", said("pass", "none"), "mobile_unknown"),
        ("be", said("fail", "none"), "mobile_unknown"),
        ("be", said("fail", "assigned"), "mobile_fail"),
        ("be", said("fail", "registered-abroad"), "mobile_fail"),
        ("be", said("unknown", "on-call"), "mobile_unknown"),
        ("be", None, "mobile_unknown"),
    ],
)
def test_an_answer_is_worth_its_evidence(name: str, answer: CliAnswer | None, situation: str) -> None:
    found = ladder(name).conclude(asks(MOBILE, name=name), answer)
    assert found.situation == situation
    assert found.action == presets(name).rules[found.situation].action
    assert found.evidence == (answer.evidence if answer else "none")


def test_a_foreign_caller_at_home_is_not_refuted_by_being_at_home() -> None:
    ask = asks(ABROAD)
    assert ladder().conclude(ask, said("fail", "registered-abroad")).situation == "foreign_unknown"
    assert ladder().conclude(ask, said("pass", "assigned")).situation == "foreign_pass"
    assert ladder().conclude(ask, said("fail", "on-call")).situation == "foreign_fail"
    assert ladder().conclude(ask, None).action == "allow"


def test_how_long_a_verdict_keeps() -> None:
    weak = asks(MOBILE, level="registered-abroad")
    assert ladder().conclude(weak, said("pass", "registered-abroad", 120)).ttl_s == 120
    assert ladder().conclude(weak, said("pass", "registered-abroad", 300)).ttl_s == 300
    assert ladder().conclude(weak, said("fail", "registered-abroad", 300)).ttl_s == 30
    assert ladder().conclude(weak, None).ttl_s == 0
    # Said of one call only.
    assert ladder().conclude(asks(MOBILE), said("pass", "on-call", 60)).ttl_s == 0
    forwarder = asks(MOBILE, diverted=ROAMER, level="registered-abroad")
    assert ladder().conclude(forwarder, said("pass", "registered-abroad", 60)).ttl_s == 0


def test_nobody_is_asked_what_would_change_nothing() -> None:
    assert ends(MOBILE, name="hk") == "mobile_unknown"
    assert ends(MOBILE, level="listed") == "mobile_unknown"
    assert ends(ABROAD, level="none") == "foreign_unknown"


def test_the_question_names_the_called_number_only_under_the_calls_own_reference() -> None:
    question = asks(MOBILE).question("call-0001", "2026-01-01T00:00:00Z")
    expected = hmac.new(b"call-0001", B.encode(), hashlib.sha256).hexdigest()
    assert (question.a, question.b_hash, question.trunk) == (MOBILE, expected, "international")
    weak = asks(MOBILE, level="registered-abroad").question("call-0001", "2026-01-01T00:00:00Z")
    assert weak.b_hash == ""


def test_a_verdict_in_json_has_its_five_fields_always() -> None:
    written = json.loads(msgspec.json.encode(first(FIXED, trunk="domestic")))
    assert {"verdict", "evidence", "action", "id", "ttl_s", "situation"} <= set(written)


# --- explained --------------------------------------------------------------------------------------------------------


def test_each_rung_says_what_it_saw() -> None:
    english = words("en")
    steps = ladder().explain(Call(a=MOBILE, b=B))
    assert [step.rung for step in steps] == [*(rung.name for rung in ladder().rungs[:11]), "answer", "answer", "answer"]
    assert steps[10].text(english) == f"XATL is asked: is {MOBILE} calling {B} now?"
    assert [(step.situation, step.action) for step in steps[11:]] == [
        ("mobile_pass", "allow"),
        ("mobile_fail", "block"),
        ("mobile_unknown", "withhold-cli"),
    ]
    assert all("Royal Decree" in step.source for step in steps[11:])
    listed = ladder(listed={MOBILE: "blocked"}).explain(Call(a=MOBILE, b=B))[-1]
    assert listed.text(english) == f"Listed by XATL: reported by many ({'a' * 16})."


# --- whatever comes ---------------------------------------------------------------------------------------------------

NUMBERS = st.sampled_from(
    [
        MOBILE,
        OTHER,
        ROAMER,
        MVNO,
        FIXED,
        VOIP,
        FREEPHONE,
        ROUTING,
        NOBODY,
        ABROAD,
        UNPARTNERED,
        "112",
        "991",
        "",
        "anonymous",
        "BANK",
        "+9991112",
        "+60123456789",
    ]
)
ANYTHING = NUMBERS | st.text(max_size=30) | st.text("+0123456789 -().@;:", max_size=20)
CALLS = st.builds(Call, a=ANYTHING, b=ANYTHING, trunk=st.sampled_from(get_args(Trunk)), diverted=st.just("") | ANYTHING)
ANSWERS = st.none() | st.builds(
    CliAnswer,
    verdict=st.sampled_from(get_args(Word)),
    evidence=st.sampled_from(get_args(Evidence)),
    ttl_s=st.integers(0, 300),
    id=st.just("x"),
)
LISTED = st.dictionaries(NUMBERS, st.sampled_from(get_args(Kind)), max_size=3)


@settings(max_examples=300)
@given(CALLS, ANSWERS, LISTED, st.sampled_from(names()), st.sampled_from(list(RANK)))
def test_every_call_gets_a_verdict_with_a_reason(
    call: Call, answer: CliAnswer | None, listed: dict[str, Kind], name: str, level: Evidence
) -> None:
    gateway, preset = ladder(name, listed, level), presets(name)
    found = gateway.first(call)
    ruling = gateway.conclude(found, answer) if isinstance(found, Ask) else found
    rule = preset.rules[ruling.situation]
    assert (ruling.action, ruling.label) == (rule.action, rule.label)
    assert preset.source(ruling.situation)
    if ruling.action in ("block", "divert"):
        assert ruling.situation not in ("emergency", "routing_leg", "domestic", "protected", "nomadic")
        assert not ruling.situation.endswith("_pass")
    if call.b in ("112", "991", "+9991112"):
        assert ruling.action == "allow"
    if isinstance(found, Ask):
        found.question("call-0001", "2026-01-01T00:00:00Z")
        if answer is None:
            assert ruling.situation == found.unknown
    # The steps end where the call does, and say it in words.
    steps = gateway.explain(call)
    assert all(step.text(words("en")) for step in steps)
    last = [step for step in steps if step.ends]
    if isinstance(found, Ask):
        assert [step.situation for step in last[1:]] == [found.passed, found.failed, found.unknown]
    else:
        assert [step.situation for step in last] == [found.situation]


@settings(max_examples=300)
@given(
    st.sampled_from(["", "+", "00", "0", "000", "810"]),
    st.sampled_from(["", "9991", "9992", "9994"]),
    st.sampled_from(["", "0", "8"]),
    st.sampled_from(["59900001", "89990001", "9199000001", "61900001"]),
    st.sampled_from(["XA", "XB", "XC", "XD"]),
)
def test_a_leg_is_known_in_every_form_that_reads_so(sign: str, code: str, trunk: str, rest: str, place: str) -> None:
    b, here = f"{sign}{code}{trunk}{rest}", plan(place)
    line = read(here, b, domestic=False).line
    found = Ladder(Lists(), presets("be"), here, level="none").first(Call(a="+447911123456", b=b))
    assert isinstance(found, Ruling)
    assert (found.situation == "routing_leg") == (line is not None and line.kind == "routing")


@settings(max_examples=100)
@given(CALLS, ANSWERS, st.sampled_from(names()))
def test_no_words_of_the_network_before_make_a_listed_number_pass(
    call: Call, answer: CliAnswer | None, name: str
) -> None:
    gateway = ladder(name, {MOBILE: "blocked"})
    found = gateway.first(Call(a=MOBILE, b=B, trunk=call.trunk, diverted=call.diverted))
    assert isinstance(found, Ruling) and found.action == "block"
