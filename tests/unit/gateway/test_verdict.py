"""The seam between a gateway's faces and its list, ladder and asker; and what is counted of it."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from tests.unit.telco.lists import making

from lintas.gateway.counters import KEPT, Counters
from lintas.gateway.trial import Both, Trial
from lintas.gateway.verdict import Verdicts, encode
from lintas.interop.sip.message import called_in
from lintas.telco.lists.entries import Key, Row
from lintas.telco.lists.snapshot import Snapshot
from lintas.telco.lists.standing import Standing
from lintas.telco.records import Call, CliAnswer, CliQuestion, Kind, Lookup, Verdict
from lintas.telco.verdicts.ladder import Ladder
from lintas.telco.verdicts.plans import plan
from lintas.telco.verdicts.presets import presets
from lintas.telco.verdicts.records import Ask

#: A mobile number of XA, and one that is blocked.
ASKED, NUMBER = "+999151234567", 99_960_000
BELGIAN = presets("be")


class Home:
    """A home network that knows the number."""

    def __init__(self) -> None:
        self.asked: list[CliQuestion] = []

    async def ask(self, question: CliQuestion) -> CliAnswer | None:
        self.asked.append(question)
        return CliAnswer(verdict="pass", evidence="on-call", ttl_s=60, id="x")


@pytest.fixture
def lists(tmp_path: Path) -> Standing:
    base = making.base_of(tmp_path / "base", {Key(NUMBER, NUMBER, "blocked", "X"): Row("blocked", "X", "", 10**10)})
    return Standing(Snapshot(base, making.KEY))


def test_without_a_ladder_the_list_decides(lists: Standing) -> None:
    verdicts = Verdicts(lists, action="withhold-cli")
    call = Call(a=f"00{NUMBER}", trunk="domestic")
    assert verdicts.local(call) == asyncio.run(verdicts.decide(call)) == verdicts.listed(NUMBER)
    assert verdicts.listed(NUMBER).action == "withhold-cli"
    assert isinstance(nothing := verdicts.local(Call(a="anonymous")), Verdict)
    assert (nothing.verdict, nothing.action) == ("unknown", "allow")


def test_a_call_for_help_passes_without_a_ladder_too(lists: Standing) -> None:
    verdicts = Verdicts(lists)
    for b in ("112", "911", "+999", "991", "1669", "sip:112@xatl.example", "urn:service:sos.police"):
        said = verdicts.local(Call(a=f"+{NUMBER}", b=b))
        assert isinstance(said, Verdict) and (said.verdict, said.action) == ("unknown", "allow"), b
        assert verdicts.for_help(b)
    for uri in (
        "sip:0112@h",
        "sips:112@h;user=phone",
        "URN:SERVICE:SOS.fire",
        "sip:sos@h",
        "tel:1-1-2;phone-context=+9991",
    ):
        assert verdicts.for_help(called_in(f"INVITE {uri} SIP/2.0\r\n".encode())), uri
    for b in ("", "+999152222222", "urn:service:sosial", "1120", "0112555000", "00112"):
        said = verdicts.local(Call(a=f"+{NUMBER}", b=b))
        assert isinstance(said, Verdict) and said.action == "block", b
    by_plan = Verdicts(lists, ladder=Ladder(lists, BELGIAN, plan("XA")))
    assert by_plan.for_help("991") and not by_plan.for_help("995")


def test_with_a_ladder_and_somebody_to_ask(lists: Standing) -> None:
    home, ladder = Home(), Ladder(lists, BELGIAN, plan("XA"))
    verdicts = Verdicts(lists, ladder=ladder, asker=home)
    listed = verdicts.local(Call(a=f"+{NUMBER}", b="+999152222222"))
    assert isinstance(listed, Verdict) and (listed.evidence, listed.action) == ("listed", "block")
    call = Call(a=ASKED, b="+999152222222", reference="call-0001")
    assert not isinstance(verdicts.local(call), Verdict)
    said = asyncio.run(verdicts.decide(call))
    assert (said.verdict, said.evidence, said.action) == ("pass", "on-call", "allow")
    assert (home.asked[0].a, home.asked[0].call_ref) == (ASKED, "call-0001")
    asyncio.run(verdicts.decide(msgspec.structs.replace(call, reference="x")))
    assert len(home.asked[1].call_ref) >= 8
    assert asyncio.run(Verdicts(lists, ladder=ladder).decide(call)) == ladder.conclude(_asked(ladder, call), None)


def _asked(ladder: Ladder, call: Call) -> Ask:
    first = ladder.first(call)
    assert isinstance(first, Ask)
    return first


def test_a_ladders_own_words_are_told_and_the_five_fields_always() -> None:
    class Ruling(Verdict, frozen=True, kw_only=True, omit_defaults=True):
        situation: str
        label: str = ""

    ruling = Ruling(verdict="unknown", evidence="none", action="label", situation="own_voip", label="+697")
    bare = Ruling(verdict="pass", evidence="none", action="allow", situation="emergency")
    assert encode(ruling) == (
        b'{"verdict":"unknown","evidence":"none","action":"label","id":"","ttl_s":0,"situation":"own_voip","label":"+697"}'
    )
    assert b'"id":"","ttl_s":0' in encode(bare)
    assert b"label" not in encode(bare)


def test_counts_are_kept_by_minute_and_no_longer_than_said(lists: Standing) -> None:
    now = [0.0]
    counters = Counters(lambda: now[0])
    verdicts = Verdicts(lists, counters=counters)
    for minute in range(KEPT + 5):
        now[0] = minute * 60 + 59.9
        verdicts.listed(NUMBER)
        verdicts.listed(NUMBER + 1)
        verdicts.local(Call(a=f"+{NUMBER}", trunk="nomadic"))
    rows = counters.rows()
    assert len({row.minute for row in rows}) == KEPT
    assert counters.total == 3 * (KEPT + 5)
    last = [row for row in rows if row.minute == (KEPT + 4) * 60]
    assert {(row.trunk, row.action, row.kind, row.version, row.count) for row in last} == {
        ("unsaid", "block", "blocked", 0, 1),
        ("unsaid", "allow", "none", 0, 1),
        ("nomadic", "block", "blocked", 0, 1),
    }
    assert counters.rows((KEPT + 4) * 60) == last


# --- a list on trial --------------------------------------------------------------------------------------------------


@pytest.fixture
def watch(tmp_path: Path) -> Standing:
    """Blocks the next number, XA's mobile, and what the list in force has; protects another."""
    entries: list[tuple[int, Kind]] = [
        (NUMBER, "do_not_originate"),
        (NUMBER + 1, "blocked"),
        (int(ASKED), "blocked"),
        (NUMBER + 2, "protected"),
    ]
    rows = {Key(number, number, kind, "X"): Row(kind, "X", "", 10**10) for number, kind in entries}
    return Standing(Snapshot(making.base_of(tmp_path / "watch", rows), making.KEY))


def told(verdicts: Verdicts) -> list[tuple[bool, str, str, str, int]]:
    return [(row.shadow, row.trunk, row.action, row.kind, row.count) for row in verdicts.counters.rows()]


def test_a_list_on_trial_is_counted_and_does_nothing(lists: Standing, watch: Standing) -> None:
    numbers = [NUMBER, NUMBER + 1, NUMBER + 1, NUMBER + 2, NUMBER + 3]
    calls = [Call(a=f"+{number}", trunk="domestic") for number in numbers]
    ways: list[Callable[[Verdicts], object]] = [
        lambda some: [some.listed(number) for number in numbers],
        lambda some: [some.listed_json(number) for number in numbers],
        lambda some: some.listed_json_many(numbers),
        lambda some: [some.local(call) for call in calls],
        lambda some: [asyncio.run(some.decide(call)) for call in calls],
    ]
    for way in ways:
        bare, tried = (
            Verdicts(lists, action="label", trial=trial, counters=Counters(lambda: 10**6))
            for trial in (None, Trial(watch, action="label"))
        )
        assert way(tried) == way(bare), "the same verdicts, byte for byte"
        trunk = told(bare)[0][1]
        assert told(tried) == [*told(bare), (True, trunk, "label", "blocked", 2)]
        assert tried.counters.total == bare.counters.total == len(numbers)
    helped = Verdicts(lists, trial=Trial(watch))
    helped.local(Call(a=f"+{NUMBER + 1}", b="112", trunk="domestic"))
    assert not any(row.shadow for row in helped.counters.rows()), "a call for help would go on too"
    harmless = Verdicts(lists, action="allow", trial=Trial(watch, action="allow"))
    harmless.listed_json_many(numbers)
    assert not any(row.shadow for row in harmless.counters.rows())


def test_with_a_policy_a_list_on_trial_would_do_what_the_policy_has_for_it(lists: Standing, watch: Standing) -> None:
    def policy(lookup: Lookup) -> Ladder:
        return Ladder(lookup, BELGIAN, plan("XA"))

    bare, tried = (
        Verdicts(lists, ladder=policy(lists), asker=Home(), trial=trial)
        for trial in (None, Trial(watch, ladder=policy(Both(lists, watch))))
    )
    other = "+999152222222"
    calls = [Call(a=each, b=other, reference="call-0001") for each in (f"+{NUMBER}", f"+{NUMBER + 1}", ASKED, other)]
    calls.append(Call(a=ASKED, b="112"))
    assert isinstance(tried.local(calls[2]), Ask)
    assert not tried.counters.rows(), "a call that waits for an answer is not counted yet"
    assert [asyncio.run(tried.decide(each)) for each in calls] == [asyncio.run(bare.decide(each)) for each in calls]
    assert told(tried) == [*told(bare), (True, "international", "block", "blocked", 2)]


def test_a_list_on_trial_follows_what_its_directory_has(lists: Standing, watch: Standing) -> None:
    verdicts = Verdicts(lists, trial=Trial(watch))
    watch.snapshot = lists.snapshot
    verdicts.listed_json(NUMBER + 1)
    assert not any(row.shadow for row in verdicts.counters.rows())
