"""Asking: in time or not at all, nobody slows anybody else, and what is kept is kept only as long as it may be."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lintas.gateway.asking.asker import MOST_OF_ONE, Asker, Told
from lintas.gateway.asking.breaker import Breaker, Limits
from lintas.gateway.asking.directory import Directory, Respondent
from lintas.gateway.asking.kept import STALE_S, KeptAnswers, key_of
from lintas.model.errors import BadInput, Unavailable
from lintas.telco.records import CliAnswer, CliQuestion

GOOD, HANGS, LIES = "good", "hangs", "lies"
OF = {GOOD: 999_100_000_000, HANGS: 999_200_000_000, LIES: 999_300_000_000}
DIRECTORY = Directory(
    [Respondent(name=name, url=f"https://{name}.example") for name in OF],
    [(first, first + 999_999, name) for name, first in OF.items()],
    ported={OF[HANGS] + 5: GOOD},
)


def question(number: int, *, ref: str = "reference-1", strong: bool = False) -> CliQuestion:
    said = {"a": f"+{number}", "trunk": "international", "call_ref": ref, "asked_at": "2026-11-27T08:00:00Z"}
    return msgspec.convert(said | ({"b_hash": "a" * 64} if strong else {}), CliQuestion)


def answer(verdict: str = "pass", ttl: int = 120) -> CliAnswer:
    return msgspec.convert({"verdict": verdict, "evidence": "assigned", "ttl_s": ttl, "id": "x"}, CliAnswer)


class Time:
    def __init__(self) -> None:
        self.at = 1000.0

    def now(self) -> float:
        return self.at


class Wire:
    """Operators as they are: one answers, one hangs, one fails; ``says`` can be changed while it plays."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.says: Callable[[CliQuestion], Awaitable[CliAnswer]] | None = None
        self.hanging = 0

    async def carry(self, to: Respondent, question: CliQuestion) -> CliAnswer:
        self.asked[to.name] += 1
        if self.says is not None:
            return await self.says(question)
        if to.name == HANGS:
            self.hanging += 1
            try:
                await asyncio.sleep(3600)
            finally:
                self.hanging -= 1
        if to.name == LIES:
            raise ZeroDivisionError("a library's own fault")
        return answer()

    async def close(self) -> None: ...


def play(story: Callable[[Asker, Wire, Time], Awaitable[None]], deadline: float = 0.02) -> None:
    async def run() -> None:
        wire, time = Wire(), Time()
        asker = Asker(DIRECTORY, wire, now=time.now, deadline_s=deadline)
        await story(asker, wire, time)
        await asker.close()
        assert not asker._flying and not asker._in_flight.total() and wire.hanging == 0

    asyncio.run(run())


def test_hung_operator_costs_its_deadline_then_nothing_and_others_nothing() -> None:
    async def story(asker: Asker, wire: Wire, time: Time) -> None:
        loop = asyncio.get_running_loop()
        for n in range(5):
            assert await asker.ask(question(OF[HANGS] + 10 + n)) is None
        assert asker.is_open(HANGS)
        started = loop.time()
        for n in range(200):
            assert await asker.ask(question(OF[HANGS] + 100 + n)) is None
            assert await asker.ask(question(OF[GOOD] + n)) is not None
        assert wire.asked == {HANGS: 5, GOOD: 200}
        assert loop.time() - started < 5, "nobody waited for who hangs"

    play(story)


def test_crowd_at_a_hung_operator_is_bounded_and_leaves_the_others_their_room() -> None:
    async def story(asker: Asker, wire: Wire, time: Time) -> None:
        asked = [asyncio.create_task(asker.ask(question(OF[HANGS] + 10 + n))) for n in range(500)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert wire.hanging == MOST_OF_ONE
        assert await asker.ask(question(OF[GOOD])) is not None
        assert await asyncio.gather(*asked) == [None] * 500

    play(story)


def test_whatever_an_operator_does_nothing_is_raised() -> None:
    async def story(asker: Asker, wire: Wire, time: Time) -> None:
        for n in range(20):
            assert await asker.ask(question(OF[LIES] + n)) is None
        assert asker.is_open(LIES)
        assert await asker.ask(question(123_456_789)) is None
        assert asker.counts["nobody"] == 1

    play(story)


def test_breaker_closes_again_by_probes() -> None:
    async def story(asker: Asker, wire: Wire, time: Time) -> None:
        for n in range(20):
            await asker.ask(question(OF[LIES] + n))
        asked = wire.asked[LIES]

        async def fine(_: CliQuestion) -> CliAnswer:
            return answer()

        wire.says = fine
        assert await asker.ask(question(OF[LIES] + 50)) is None
        time.at += 1.1
        for n in range(3):
            assert await asker.ask(question(OF[LIES] + 60 + n)) is not None
        assert not asker.is_open(LIES)
        assert wire.asked[LIES] == asked + 3

    play(story)


def test_who_does_not_answer_is_told_once_and_when_it_answers_again(caplog: pytest.LogCaptureFixture) -> None:
    async def story(asker: Asker, wire: Wire, time: Time) -> None:
        for n in range(20):
            await asker.ask(question(OF[LIES] + n))
            await asker.ask(question(OF[GOOD] + n))

        async def fine(_: CliQuestion) -> CliAnswer:
            return answer()

        said = asker.told[LIES]
        assert (said.asked, said.answered, said.open, said.last_error) == (5, 0, True, "ZeroDivisionError")
        assert asker.told[GOOD] == Told(asked=20, answered=20)
        wire.says = fine
        time.at += 1.1
        for n in range(3):
            await asker.ask(question(OF[LIES] + 60 + n))
        assert (said.asked, said.answered, said.open) == (8, 3, False)

    play(story)
    warned = [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]
    assert warned == [f"an operator does not answer ({LIES}: ZeroDivisionError)", f"an operator answers again ({LIES})"]


def test_ported_number_is_asked_of_who_has_it() -> None:
    async def story(asker: Asker, wire: Wire, time: Time) -> None:
        assert await asker.ask(question(OF[HANGS] + 5)) is not None
        assert wire.asked == {GOOD: 1}

    play(story)


def test_answers_are_kept_by_what_they_say() -> None:
    async def story(asker: Asker, wire: Wire, time: Time) -> None:
        verdict = "fail"

        async def says(_: CliQuestion) -> CliAnswer:
            return answer(verdict, 300)

        wire.says = says
        for after, asked in ((0, 1), (29, 1), (2, 2)):
            time.at += after
            await asker.ask(question(OF[GOOD]))
            assert wire.asked[GOOD] == asked, "a no is kept 30 s at most, whatever it says"
        verdict = "pass"
        time.at += 31
        for after, asked in ((0, 3), (299, 3), (2, 4)):
            time.at += after
            await asker.ask(question(OF[GOOD]))
            assert wire.asked[GOOD] == asked

    play(story)


def test_number_that_went_abroad_is_asked_anew() -> None:
    async def story(asker: Asker, wire: Wire, time: Time) -> None:
        await asker.ask(question(OF[GOOD]))
        await asker.ask(question(OF[GOOD] + 1))
        asker.purge(OF[GOOD])
        await asker.ask(question(OF[GOOD]))
        await asker.ask(question(OF[GOOD] + 1))
        assert wire.asked[GOOD] == 3

    play(story)


def test_only_a_yes_serves_while_nobody_answers() -> None:
    async def story(asker: Asker, wire: Wire, time: Time) -> None:
        said, down = {"verdict": "pass"}, False

        async def says(_: CliQuestion) -> CliAnswer:
            if down:
                raise Unavailable("down")
            return answer(said["verdict"], 60)

        wire.says = says
        yes, no = question(OF[GOOD]), question(OF[GOOD] + 1)
        await asker.ask(yes)
        said["verdict"] = "fail"
        await asker.ask(no)
        down = True
        time.at += 61
        kept = await asker.ask(yes)
        assert kept and kept.verdict == "pass"
        assert await asker.ask(no) is None
        time.at += STALE_S
        assert await asker.ask(yes) is None

    play(story)


def test_same_question_at_once_is_asked_once_and_no_waiter_takes_it_from_another() -> None:
    async def story(asker: Asker, wire: Wire, time: Time) -> None:
        gate = asyncio.Event()

        async def says(_: CliQuestion) -> CliAnswer:
            await gate.wait()
            return answer()

        wire.says = says
        asked = [asyncio.create_task(asker.ask(question(OF[GOOD]))) for _ in range(10)]
        await asyncio.sleep(0)
        asked[0].cancel()
        gate.set()
        found = await asyncio.gather(*asked, return_exceptions=True)
        assert [each for each in found[1:] if not isinstance(each, CliAnswer)] == []
        assert wire.asked[GOOD] == 1

    play(story, deadline=5)


def test_answer_to_one_call_is_not_another_calls() -> None:
    async def story(asker: Asker, wire: Wire, time: Time) -> None:
        await asker.ask(question(OF[GOOD], ref="reference-1", strong=True))
        await asker.ask(question(OF[GOOD], ref="reference-1", strong=True))
        await asker.ask(question(OF[GOOD], ref="reference-2", strong=True))
        assert wire.asked[GOOD] == 2

    play(story)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 3), st.booleans()), max_size=120))
def test_breaker_always_lets_somebody_through_in_the_end_and_only_one_while_open(
    events: list[tuple[float, bool]],
) -> None:
    breaker, now = Breaker(), 0.0
    for passed, failed in events:
        now += passed
        was_open = breaker.is_open
        if breaker.may_ask(now):
            assert not (was_open and breaker.may_ask(now)), "one probe at a time"
            breaker.done(now, failed=failed)
    assert breaker.may_ask(now + Limits().longest_s)
    breaker.done(now + Limits().longest_s, failed=False)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.booleans(), min_size=10, max_size=40))
def test_breaker_opens_at_a_fifth_of_failures(outcomes: list[bool]) -> None:
    breaker, seen = Breaker(Limits(in_a_row=10**6)), list[bool]()
    for n, failed in enumerate(outcomes):
        if not breaker.may_ask(n * 0.001):
            break
        breaker.done(n * 0.001, failed=failed)
        seen.append(failed)
        many = len(seen) >= 10 and failed and sum(seen) >= 0.2 * len(seen)
        assert breaker.is_open == many


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.sampled_from(["pass", "fail", "unknown"]), st.integers(0, 300)), max_size=60
    )
)
def test_kept_answers_are_bounded_and_purged_whole(said: list[tuple[int, str, int]]) -> None:
    kept = KeptAnswers(most=5)
    for n, (offset, verdict, ttl) in enumerate(said):
        kept.keep(key_of(question(OF[GOOD] + offset, strong=n % 2 == 0)), answer(verdict, ttl), float(n))
        assert len(kept) <= 5
    for offset in range(10):
        kept.purge(f"+{OF[GOOD] + offset}")
    assert len(kept) == 0 and not kept._of


def test_directory_gives_each_number_to_one() -> None:
    with pytest.raises(BadInput):
        Directory([Respondent(name="a", url="x")], [(1, 5, "a"), (5, 9, "a")])
    with pytest.raises(BadInput):
        Directory([], [(1, 5, "a")])
