"""The seam between a gateway's faces and its list, ladder and asker; and what is counted of it."""

import asyncio
from pathlib import Path

import msgspec
import pytest
from tests.unit.telco.lists import making

from lintas.gateway.counters import KEPT, Counters
from lintas.gateway.verdict import Verdicts, encode
from lintas.telco.lists.entries import Key, Row
from lintas.telco.lists.snapshot import Snapshot
from lintas.telco.lists.standing import Standing
from lintas.telco.records import Call, CliAnswer, CliQuestion, Verdict
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
    for b in ("", "+999152222222", "urn:service:sosial", "1120"):
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
