"""What is answered about a number, and what nobody learns whatever they ask."""

import itertools
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.telco.home.operators import AT_HOME, FIRST, LAST, SECRET, B, change, question

from lintas.model.errors import BadInput
from lintas.telco.home.alarms import Alarms
from lintas.telco.home.checks import ANSWER_BYTES, CallRecords, Checks, Policy, sealed
from lintas.telco.home.limits import Guard, Limits
from lintas.telco.home.records import Calls, Gateway
from lintas.telco.home.rules import State, b_hash, judge
from lintas.telco.home.table import Ranges, Table
from lintas.telco.records import CliAnswer, CliQuestion
from lintas.trust.keys import Ed25519Signer

HERE, FOREIGN = Gateway(name="gw1", per_second=10), Gateway(name="far", domestic=False, per_second=10)
RIGHT, WRONG = question(AT_HOME, b=b_hash("reference-1", B)), question(AT_HOME, b=b_hash("reference-1", B + 1))
WEAK = question(AT_HOME)
NOW = 1_795_766_400


class Time:
    """A clock that stands where it is put, in all the ways in which clocks are asked."""

    def __init__(self) -> None:
        self.at = float(NOW)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.at, UTC)

    def seconds(self) -> float:
        return self.at


def said(asked: CliQuestion, state: State, *, domestic: bool = True, calls: Calls = "complete") -> tuple[str, str]:
    found = judge(asked, state, domestic=domestic, calls=calls, protected=False)
    return found.verdict, found.evidence


HOME, AWAY = State(True, False, ()), State(True, True, ())


@pytest.mark.parametrize(
    ("asked", "state", "domestic", "calls", "expected"),
    [
        (WEAK, State(None, False, ()), True, "complete", ("unknown", "none")),
        (WEAK, State(False, False, ()), True, "complete", ("fail", "assigned")),
        (WEAK, HOME, True, "complete", ("fail", "registered-abroad")),
        (WEAK, AWAY, True, "complete", ("pass", "registered-abroad")),
        (RIGHT, State(True, False, (B,)), True, "partial", ("pass", "on-call")),
        (RIGHT, State(True, True, (B,)), True, "none", ("pass", "registered-abroad")),
        (WRONG, State(True, True, (B,)), True, "complete", ("fail", "on-call")),
        (WRONG, State(True, True, (B,)), True, "partial", ("pass", "registered-abroad")),
        (WRONG, State(True, True, (0,)), True, "complete", ("pass", "registered-abroad")),
        (WEAK, AWAY, False, "complete", ("pass", "assigned")),
        (RIGHT, State(True, False, (B,)), False, "complete", ("pass", "on-call")),
        (WRONG, HOME, False, "complete", ("fail", "on-call")),
        (question(AT_HOME, trunk="domestic"), HOME, True, "complete", ("pass", "assigned")),
    ],
)
def test_ladder(asked: CliQuestion, state: State, domestic: bool, calls: Calls, expected: tuple[str, str]) -> None:
    assert said(asked, state, domestic=domestic, calls=calls) == expected


def test_foreigners_never_learn_who_is_abroad_and_nobody_who_calls_without_the_called_number() -> None:
    answers: dict[tuple[object, ...], set[tuple[str, str]]] = {}
    kinds = (WEAK, WRONG, question(AT_HOME, trunk="domestic"), question(AT_HOME, trunk="nomadic"))
    for asked, calls in itertools.product(kinds, ("complete", "partial", "none")):
        for abroad, on in itertools.product((True, False), ((), (B,), (B, B + 9))):
            state = State(True, abroad, on)
            key = (asked, calls)
            answers.setdefault(("far", *key), set()).add(said(asked, state, domestic=False, calls=calls))  # type: ignore[arg-type]
            near = said(asked, state, calls=calls)  # type: ignore[arg-type]
            answers.setdefault(("near", *key, abroad), set()).add(near)
    assert {key: len(found) for key, found in answers.items() if len(found) > 1} == {}


def test_protected_number_is_unknown_whatever_it_does() -> None:
    for state in (HOME, AWAY, State(True, False, (B,)), State(False, False, ())):
        assert judge(RIGHT, state, domestic=True, calls="complete", protected=True).verdict == "unknown"


# ---- limits


def checks(root: Path, time: Time, limits: Limits | None = None, canaries: frozenset[int] = frozenset()) -> Checks:
    table = Table(Ranges([(FIRST, LAST)]))
    for n in range(5000):
        table.take(change("assigned", FIRST + n, NOW), NOW)
    limits = limits or Limits()
    policy = Policy("complete", frozenset({SECRET}), limits)
    alarms = Alarms(root / "alarms.json", time)
    return Checks(table, Guard(limits, canaries), alarms, policy, now=time.seconds, monotonic=time.seconds)


def test_a_file_of_alarms_that_is_none_is_one_clear_error(tmp_path: Path) -> None:
    for broken in (b"{", b'[{"x":' + b"[" * 30_000, b"\xff"):
        (tmp_path / "alarms.json").write_bytes(broken)
        with pytest.raises(BadInput, match="no list of alarms"):
            Alarms(tmp_path / "alarms.json", Time())


def kinds(made: Checks) -> set[tuple[str, str, bool]]:
    return {(each.gateway, each.kind, bool(each.until)) for each in made.alarms.listed()}


def test_one_number_is_limited_over_all_gateways_and_no_gateway_can_use_that_up(tmp_path: Path) -> None:
    time = Time()
    made = checks(tmp_path, time)
    first = [made.answer(HERE, question(AT_HOME)).verdict for _ in range(20)]
    assert first.count("fail") == 4
    other = [made.answer(Gateway(name="gw2"), question(AT_HOME)).verdict for _ in range(20)]
    assert other.count("fail") == 2
    time.at += 61
    assert made.answer(HERE, question(AT_HOME)).verdict == "fail"


def test_rate_is_limited_and_long_excess_rings(tmp_path: Path) -> None:
    time = Time()
    made = checks(tmp_path, time, Limits(block=0, run=0))
    answers = [made.answer(HERE, question(FIRST + 7 * n)).verdict for n in range(400)]
    assert answers.count("fail") == 20
    assert ("gw1", "rate", False) in kinds(made)
    time.at += 1
    assert [made.answer(HERE, question(FIRST + 500 + n)).verdict for n in range(20)].count("fail") == 10


def test_canaries_stop_a_gateway_even_over_a_restart(tmp_path: Path) -> None:
    time, canaries = Time(), frozenset(range(FIRST + 900, FIRST + 910))
    made = checks(tmp_path, time, canaries=canaries)
    made.answer(HERE, question(FIRST + 900))
    made.answer(HERE, question(FIRST + 900))
    assert kinds(made) == {("gw1", "canary", False)}
    assert made.answer(HERE, question(AT_HOME)).verdict == "fail", "one may be chance"
    for n in (1, 2):
        made.answer(HERE, question(FIRST + 900 + n))
    assert made.answer(HERE, question(AT_HOME)).verdict == "unknown"
    again = checks(tmp_path, time, canaries=canaries)
    assert again.answer(HERE, question(AT_HOME)).verdict == "unknown"
    assert again.answer(Gateway(name="gw2"), question(AT_HOME)).verdict == "fail"
    time.at += 4 * 3600 + 1
    assert again.answer(HERE, question(AT_HOME)).verdict == "fail"


def test_range_asked_through_in_order_or_not_is_heard_no_more(tmp_path: Path) -> None:
    fast = Gateway(name="gw1", per_second=10_000)
    for step in (1, 37):
        time = Time()
        (tmp_path / str(step)).mkdir()
        made = checks(tmp_path / str(step), time)
        answers = [made.answer(fast, question(FIRST + step * n % 1000)).verdict for n in range(1000)]
        assert answers.count("fail") <= 101, step
        assert {kind for _, kind, _ in kinds(made)} == {"range"}
        # A scam that makes up neighbours looks the same from an honest gateway: other numbers are still answered.
        assert step == 1 or made.answer(fast, question(FIRST + 2500)).verdict == "fail"


def test_many_ranges_stop_a_gateway(tmp_path: Path) -> None:
    made = checks(tmp_path, Time(), Limits(run=0))
    fast = Gateway(name="gw1", per_second=10_000)
    for n in range(5000):
        made.answer(fast, question(FIRST + n))
    assert kinds(made) == {("gw1", "range", True)}
    assert made.counts["gw1", "fail", "registered-abroad"] <= 5 * 100


def test_call_records_are_held_against_questions(tmp_path: Path) -> None:
    time = Time()
    made = checks(tmp_path, time)
    for n in range(100):
        made.answer(HERE, question(FIRST + 11 * n, ref=f"reference-{n // 2}"))
    hour = NOW // 3600
    with pytest.raises(BadInput):
        made.reconcile("gw1", CallRecords(hour=hour, calls=50))
    time.at += 3600
    assert made.reconcile("gw1", CallRecords(hour=hour, calls=10)) is False
    assert kinds(made) == {("gw1", "records", False)}
    assert made.reconcile("gw1", CallRecords(hour=hour, calls=50)) is True
    assert made.owing() == {}
    made.answer(HERE, question(AT_HOME, ref="reference-x"))
    time.at += 26 * 3600
    assert made.owing() == {"gw1": 1}


def test_one_call_shows_few_caller_ids_and_whoever_asks_about_more_asks_about_more_calls(tmp_path: Path) -> None:
    time = Time()
    made = checks(tmp_path, time)
    for n in range(60):
        for _ in range(2):
            made.answer(HERE, question(FIRST + 11 * n, ref="reference-1"))
    time.at += 3600
    assert made.reconcile("gw1", CallRecords(hour=NOW // 3600, calls=1)) is False
    assert made.reconcile("gw1", CallRecords(hour=NOW // 3600, calls=110)) is True


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["pass", "fail", "unknown"]), st.sampled_from(["none", "registered-abroad"]), st.integers(0, 300)
)
def test_every_answer_has_one_size(verdict: str, evidence: str, ttl: int) -> None:
    answer = msgspec.convert({"verdict": verdict, "evidence": evidence, "ttl_s": ttl, "id": "a" * 16}, CliAnswer)
    body, signature = sealed(b"question", answer, Ed25519Signer.from_seed("x", b"s" * 32))
    assert (len(body), len(signature)) == (ANSWER_BYTES, 64)
    assert msgspec.json.decode(body, type=CliAnswer) == answer
