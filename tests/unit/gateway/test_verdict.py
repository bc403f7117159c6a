"""The seam between a gateway's faces and its list, ladder and asker; and what is counted of it."""

import asyncio
from pathlib import Path

import pytest
from tests.unit.telco.lists import making

from lintas.gateway.counters import KEPT, Counters
from lintas.gateway.verdict import Ask, Verdicts, encode
from lintas.telco.lists.entries import Key, Row
from lintas.telco.lists.snapshot import Snapshot
from lintas.telco.lists.standing import Standing
from lintas.telco.records import Call, CliAnswer, CliQuestion, Verdict

NUMBER = 99_960_000
WITHHELD = Verdict(verdict="unknown", evidence="none", action="withhold-cli")


class Question:
    """A question about one number."""

    def question(self, call_ref: str, asked_at: str) -> CliQuestion:
        return CliQuestion(a=f"+{NUMBER}", trunk="international", call_ref=call_ref, asked_at=asked_at)


class Rungs:
    """A ladder of two rungs: calls from the block list end, all others are asked about."""

    def first(self, call: Call) -> Verdict | Ask:
        return Verdict(verdict="fail", evidence="listed", action="block") if call.a == "bad" else Question()

    def conclude(self, ask: Ask, answer: CliAnswer | None) -> Verdict:
        if answer is None:
            return WITHHELD
        return Verdict(verdict=answer.verdict, evidence=answer.evidence, action="allow", ttl_s=answer.ttl_s)


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


def test_with_a_ladder_and_somebody_to_ask(lists: Standing) -> None:
    home = Home()
    verdicts = Verdicts(lists, ladder=Rungs(), asker=home)
    assert isinstance(verdicts.local(Call(a="bad")), Verdict)
    assert not isinstance(verdicts.local(Call(a="good")), Verdict)
    said = asyncio.run(verdicts.decide(Call(a="good", reference="call-0001")))
    assert (said.verdict, said.evidence, said.ttl_s) == ("pass", "on-call", 60)
    assert home.asked[0].call_ref == "call-0001"
    asyncio.run(verdicts.decide(Call(a="good", reference="x")))
    assert len(home.asked[1].call_ref) >= 8
    assert asyncio.run(Verdicts(lists, ladder=Rungs()).decide(Call(a="good"))) == WITHHELD


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
