"""The agent's loop against an authority that refuses: one item never stalls the others, real trouble makes it wait."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from tests.unit.bank.paper import END, SetClock, baton, core_in, order, question

from lintas.bank.agent import Agent, Work
from lintas.bank.core import HOLDS
from lintas.model.tainted import LedgerAnswer
from lintas.requests.records import BankRefusal, Order
from lintas.trace.records import TraceQuestion

ITEM = [400, 404, 413, 422]
OK = 0
TROUBLE = [401, 403, 408, 429, 500, 503]


class Authority:
    """The authority's four calls, as a transport: takes what it is not told to refuse, and keeps what it took.

    ``refuses`` maps the last words of a path ("traces/trace-1/answer") to the statuses to answer with, one call each; the
    last one goes on for ever.
    """

    def __init__(self, *work: TraceQuestion | Order, refuses: dict[str, list[int]] | None = None) -> None:
        self.waiting = {item.id: item for item in work}
        self.refuses = refuses or {}
        self.took: dict[str, bytes] = {}
        self.calls: list[str] = []
        self.polls = 0
        self.enough = asyncio.Event()
        self.enough_polls = 0

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(self._answer), base_url="https://xa-asc.example")

    def _answer(self, request: httpx.Request) -> httpx.Response:
        what = request.url.path.removeprefix("/api/v1/bank/")
        self.calls.append(what)
        if what == "work":
            self.polls += 1
            if self.polls == self.enough_polls:
                self.enough.set()
        statuses = self.refuses.get(what, [])
        status = OK if not statuses else statuses.pop(0) if len(statuses) > 1 else statuses[0]
        if status != OK:
            return httpx.Response(status)
        if what == "work":
            questions = [item for item in self.waiting.values() if isinstance(item, TraceQuestion)]
            orders = [item for item in self.waiting.values() if isinstance(item, Order)]
            return httpx.Response(200, content=msgspec.json.encode(Work(questions, orders)))
        if what.endswith("/letter"):
            return httpx.Response(200, text="Dear bank")
        self.took[what] = request.content
        self.waiting.pop(what.split("/")[1])
        return httpx.Response(204)

    def answer(self, what: str) -> LedgerAnswer:
        return msgspec.json.decode(self.took[what], type=LedgerAnswer)

    def reason(self, name: str) -> str:
        return msgspec.json.decode(self.took[f"orders/{name}/refusal"], type=BankRefusal).reason


def do(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, 20))


async def once(authority: Authority, directory: Path, clock: SetClock | None = None, rounds: int = 1) -> Agent:
    async with authority.client() as client:
        agent = Agent(core_in(directory), client, clock or SetClock())
        for _ in range(rounds):
            await agent.once(0)
        return agent


def test_questions_and_orders_are_answered(tmp_path: Path) -> None:
    authority = Authority(question("trace-1"), order("order-1"))
    asyncio.run(once(authority, tmp_path))
    assert authority.waiting == {}
    assert [part.state for part in authority.answer("traces/trace-1/answer").parts] == ["here"]
    assert [part.state for part in authority.answer("orders/order-1/answer").parts] == ["held"]


@pytest.mark.parametrize("status", ITEM)
def test_a_trace_answer_that_is_not_accepted_becomes_not_found(tmp_path: Path, status: int) -> None:
    authority = Authority(question("trace-1"), question("trace-2"), refuses={"traces/trace-1/answer": [status, OK]})
    asyncio.run(once(authority, tmp_path))
    assert authority.waiting == {}
    assert authority.answer("traces/trace-2/answer").found
    assert not authority.answer("traces/trace-1/answer").found
    assert authority.calls.count("traces/trace-1/answer") == 2


@pytest.mark.parametrize("status", ITEM)
def test_an_order_answer_that_is_not_accepted_is_refused_and_its_hold_lifted(tmp_path: Path, status: int) -> None:
    authority = Authority(order("order-1"), refuses={"orders/order-1/answer": [status]})
    asyncio.run(once(authority, tmp_path))
    assert "was not accepted" in authority.reason("order-1")
    other = Authority(order("order-2"))
    asyncio.run(once(other, tmp_path))
    assert [part.state for part in other.answer("orders/order-2/answer").parts] == ["held"]


def test_a_refusal_that_was_lost_on_its_way_is_sent_again(tmp_path: Path) -> None:
    refuses = {"orders/order-1/answer": [422], "orders/order-1/refusal": [503]}
    authority = Authority(order("order-1"), refuses=refuses)
    with pytest.raises(httpx.HTTPStatusError):
        asyncio.run(once(authority, tmp_path))
    del refuses["orders/order-1/refusal"]
    asyncio.run(once(authority, tmp_path))
    assert "was not accepted" in authority.reason("order-1")
    assert authority.calls.count("orders/order-1/answer") == 1


def test_an_order_without_a_letter_is_refused(tmp_path: Path) -> None:
    authority = Authority(order("order-1"), refuses={"orders/order-1/letter": [404]})
    asyncio.run(once(authority, tmp_path))
    assert "letter" in authority.reason("order-1")
    assert not (tmp_path / HOLDS).exists()


def test_an_order_that_has_ended_is_refused_with_its_end(tmp_path: Path) -> None:
    clock = SetClock()
    clock.move(hours=72)
    authority = Authority(order("order-1"), order("order-2", baton(transfer="t-2"), expires="2026-03-05T10:07:00Z"))
    asyncio.run(once(authority, tmp_path, clock))
    assert authority.reason("order-1") == f"the order ended at {END}"
    assert [part.state for part in authority.answer("orders/order-2/answer").parts] == ["held"]


def test_an_order_that_ends_on_the_desk_is_refused(tmp_path: Path) -> None:
    clock, authority = SetClock(), Authority(order("order-1"))

    async def slow_desk(order: Order, letter: str) -> None:
        assert letter == "Dear bank"
        clock.move(hours=72)

    async def work() -> None:
        async with authority.client() as client:
            await Agent(core_in(tmp_path), client, clock, slow_desk).once(0)

    do(work())
    assert authority.reason("order-1") == f"the order ended at {END}"
    assert not (tmp_path / HOLDS).exists()


def test_what_the_authority_never_accepts_is_given_up_and_the_rest_goes_on(tmp_path: Path) -> None:
    hopeless = {item: [422] for item in ("traces/trace-1/answer", "orders/order-1/answer", "orders/order-1/refusal")}
    authority = Authority(question("trace-1"), order("order-1"), question("trace-2"), refuses=hopeless)
    asyncio.run(once(authority, tmp_path, rounds=5))
    assert set(authority.waiting) == {"trace-1", "order-1"}
    assert authority.answer("traces/trace-2/answer").found
    # The answer, then once without content; the answer, then the refusal; never again in this run.
    assert authority.calls.count("traces/trace-1/answer") == 2
    assert [authority.calls.count(f"orders/order-1/{word}") for word in ("answer", "refusal")] == [1, 1]


@pytest.mark.parametrize("status", TROUBLE)
def test_trouble_that_is_not_the_items_is_raised_after_the_others_were_tried(tmp_path: Path, status: int) -> None:
    authority = Authority(
        question("trace-1"), question("trace-2"), order("order-1"), refuses={"traces/trace-1/answer": [status]}
    )
    with pytest.raises(httpx.HTTPStatusError):
        asyncio.run(once(authority, tmp_path))
    assert set(authority.waiting) == {"trace-1"}


def test_an_answer_given_before_otherwise_is_left_alone(tmp_path: Path) -> None:
    refuses = {"orders/order-1/answer": [409], "traces/trace-1/answer": [409]}
    authority = Authority(order("order-1"), question("trace-1"), refuses=refuses)
    asyncio.run(once(authority, tmp_path))
    assert authority.took == {}
    assert core_in(tmp_path).lifted("order-1") == ""


class Pauses:
    """Counts how often, and how long, the agent sleeps; nobody waits."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.slept: list[float] = []
        self._sleep = asyncio.sleep
        monkeypatch.setattr("lintas.bank.agent.asyncio.sleep", self)

    async def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)
        await self._sleep(0)


async def run_for(authority: Authority, directory: Path, polls: int) -> None:
    authority.enough_polls = polls
    async with authority.client() as client:
        running = asyncio.create_task(Agent(core_in(directory), client, SetClock()).run())
        await authority.enough.wait()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def test_the_agent_does_not_back_off_because_of_one_item(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses = Pauses(monkeypatch)
    hopeless = Authority(question("trace-1"), refuses={"traces/trace-1/answer": [422]})
    do(run_for(hopeless, tmp_path, 8))
    # It rests between polls, since the authority's list is never empty; the rest does not grow.
    assert set(pauses.slept) == {1.0}


def test_the_agent_backs_off_while_the_authority_is_in_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses = Pauses(monkeypatch)
    do(run_for(Authority(refuses={"work": [503]}), tmp_path, 9))
    assert pauses.slept[:8] == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0]
