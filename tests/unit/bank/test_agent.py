"""The agent's loop against an authority that refuses: one item never stalls the others, real trouble makes it wait."""

import asyncio
import logging
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from tests.unit.bank.paper import END, NOW, SetClock, amendment, baton, core_in, order, question

from lintas.bank.agent import Agent, Work
from lintas.bank.core import HOLDS
from lintas.model.tainted import LedgerAnswer
from lintas.requests.forms import BankRefusal
from lintas.requests.records import Amendment, Order
from lintas.trace.records import TraceQuestion

ITEM = [400, 404, 413, 422]
OK = 0
TROUBLE = [401, 403, 408, 429, 500, 503]


class Authority:
    """The authority's calls, as a transport: takes what it is not told to refuse, and keeps what it took.

    ``refuses`` maps the last words of a path ("traces/trace-1/answer") to the statuses to answer with, one call each; the
    last one goes on for ever. ``recorded`` is how it has the orders on record, answered or not.
    """

    def __init__(self, *work: TraceQuestion | Order | Amendment, refuses: dict[str, list[int]] | None = None) -> None:
        self.waiting = {item.id: item for item in work}
        self.recorded = {item.id: item for item in work if isinstance(item, Order)}
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
            amendments = [item for item in self.waiting.values() if isinstance(item, Amendment)]
            return httpx.Response(200, content=msgspec.json.encode(Work(questions, orders, amendments)))
        if what.endswith("/letter"):
            return httpx.Response(200, text="Dear bank")
        if request.method == "GET":
            return httpx.Response(200, content=msgspec.json.encode(self.recorded[what.split("/")[1]]))
        self.took[what] = request.content
        self.waiting.pop(what.split("/")[1])
        return httpx.Response(204)

    def answer(self, what: str) -> LedgerAnswer:
        return msgspec.json.decode(self.took[what], type=LedgerAnswer)

    def reason(self, name: str, what: str = "orders") -> str:
        return msgspec.json.decode(self.took[f"{what}/{name}/refusal"], type=BankRefusal).reason

    def answered_by_somebody_else(self, name: str, **how: object) -> None:
        self.recorded[name] = msgspec.structs.replace(self.recorded[name], answered_at=END, **how)


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


def test_a_trace_answer_given_before_otherwise_is_left_alone(tmp_path: Path) -> None:
    authority = Authority(question("trace-1"), refuses={"traces/trace-1/answer": [409]})
    asyncio.run(once(authority, tmp_path))
    assert authority.took == {}


# ---- an order that somebody else at the bank answered

MOVED = """\
id,time,sender,receiver,amount_minor,currency,sender_bank,receiver_bank
t-1,2026-03-01T10:00:00Z,victim,mule,50000,XAK,XABT,
t-4,2026-03-01T10:01:00Z,mule,away,20000,XAK,,XABT
"""


def held_in(directory: Path) -> int:
    return sum(end - start for start, end in core_in(directory).taken("t-1", NOW))


def test_the_same_answer_on_record_leaves_the_hold(tmp_path: Path) -> None:
    (tmp_path / "transfers.csv").write_text(MOVED)
    first = Authority(order("order-1"))
    asyncio.run(once(first, tmp_path))
    answer = first.answer("orders/order-1/answer")
    moved = next(part for part in answer.parts if part.baton is not None)
    assert moved.baton is not None
    assert moved.baton.sender == "XAFB"
    # As it came from the bank's own hand, without the sender that the authority adds.
    bare = msgspec.structs.replace(moved, baton=msgspec.structs.replace(moved.baton, sender=""))
    same = msgspec.structs.replace(answer, parts=tuple(bare if part == moved else part for part in answer.parts))
    again = Authority(order("order-1"), refuses={"orders/order-1/answer": [409]})
    again.answered_by_somebody_else("order-1", answer=same)
    asyncio.run(once(again, tmp_path))
    assert held_in(tmp_path) == 30_000


OTHER = LedgerAnswer(transfer="t-1", start=0, end=50_000, currency="XAK", snapshot="", found=False)


@pytest.mark.parametrize(
    ("how", "why"), [({"refusal": "s.9 forbids"}, "refused: s.9 forbids"), ({"answer": OTHER}, "answered otherwise")]
)
def test_a_refusal_or_another_answer_on_record_lifts_the_hold(tmp_path: Path, how: dict[str, Any], why: str) -> None:
    refuses = {"orders/order-1/answer": [409], "orders/order-1": [OK, 503, OK]}
    authority = Authority(order("order-1"), refuses=refuses)

    async def work() -> None:
        async with authority.client() as client:
            agent = Agent(core_in(tmp_path), client, SetClock())
            with pytest.raises(httpx.HTTPStatusError):  # it cannot be read just then
                await agent.once(0)
            assert held_in(tmp_path) == 50_000
            authority.answered_by_somebody_else("order-1", **how)
            authority.waiting.clear()  # what is answered is no work any more: the agent has to remember it
            await agent.once(0)

    do(work())
    assert core_in(tmp_path).lifted("order-1") == f"the authority has the order on record as {why}"
    assert held_in(tmp_path) == 0
    assert authority.took == {}


def test_a_hold_whose_answer_was_never_sent_is_looked_at_after_a_restart(tmp_path: Path) -> None:
    core = core_in(tmp_path)
    for name, transfer in (("order-1", "t-1"), ("order-2", "t-2")):
        located = Agent(core, Authority().client(), SetClock()).carry_out(order(name, baton(transfer=transfer)))
        assert isinstance(located, LedgerAnswer)
    authority = Authority(order("order-1"), order("order-2", baton(transfer="t-2")))
    authority.answered_by_somebody_else("order-1", refusal="s.9 forbids")
    del authority.waiting["order-1"]
    asyncio.run(once(authority, tmp_path, rounds=2))
    assert held_in(tmp_path) == 0
    # The other one is still open: its answer, from the bank's records, is given now.
    assert [part.state for part in authority.answer("orders/order-2/answer").parts] == ["held"]
    assert authority.calls.count("orders/order-1") == authority.calls.count("orders/order-2") == 1


@pytest.mark.parametrize("how", [{"refusal": "s.9 forbids"}, {"answer": OTHER}])
def test_an_order_answered_while_the_desk_reads_is_not_carried_out(tmp_path: Path, how: dict[str, Any]) -> None:
    authority = Authority(order("order-1"))

    async def desk(order: Order, letter: str) -> None:
        authority.answered_by_somebody_else("order-1", **how)

    async def work() -> None:
        async with authority.client() as client:
            await Agent(core_in(tmp_path), client, SetClock(), desk).once(0)

    do(work())
    assert authority.took == {}
    assert not (tmp_path / HOLDS).exists()


def test_an_order_closed_while_the_desk_reads_is_refused(tmp_path: Path) -> None:
    authority = Authority(order("order-1"))
    authority.recorded["order-1"] = order("order-1", closed_at=END)
    asyncio.run(once(authority, tmp_path))
    assert authority.reason("order-1") == f"the order was closed at {END}"
    assert not (tmp_path / HOLDS).exists()


# ---- amendments


def test_a_hold_that_stands_is_held_for_longer(tmp_path: Path) -> None:
    clock = SetClock()
    asyncio.run(once(Authority(order("order-1")), tmp_path, clock))
    authority = Authority(amendment("amend-1", "order-1"))
    authority.recorded["order-1"] = order("order-1")
    asyncio.run(once(authority, tmp_path, clock))
    assert set(authority.took) == {"amendments/amend-1/done"}
    clock.move(days=5)
    assert core_in(tmp_path).taken("t-1", clock.at) == [(0, 50_000)]


@pytest.mark.parametrize("what", ["ended", "lifted", "released", "never placed"])
def test_a_hold_that_is_over_is_not_held_for_longer_and_the_authority_is_told(tmp_path: Path, what: str) -> None:
    clock = SetClock()
    if what != "never placed":
        asyncio.run(once(Authority(order("order-1")), tmp_path, clock))
    if what == "ended":
        clock.move(hours=72)
    elif what == "lifted":
        core_in(tmp_path).lift("order-1", "not accepted")
    elif what == "released":
        core_in(tmp_path).amend("order-1", release=((0, 50_000),))
    authority = Authority(amendment("amend-1", "order-1"))
    asyncio.run(once(authority, tmp_path, clock))
    assert authority.reason("amend-1", "amendments") == "nothing is held under this order any more"
    assert set(authority.took) == {"amendments/amend-1/refusal"}
    assert core_in(tmp_path).taken("t-1", clock.at) == []


@pytest.mark.parametrize("status", [*ITEM, 409])
def test_what_was_let_go_is_said_until_it_is_heard(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    asyncio.run(once(Authority(order("order-1")), tmp_path))
    freed = amendment("amend-1", "order-1", kind="release", spans=((0, 50_000),))
    authority = Authority(freed, question("trace-1"), refuses={"amendments/amend-1/done": [status, status, status, OK]})
    authority.recorded["order-1"] = order("order-1")
    with caplog.at_level(logging.ERROR):
        asyncio.run(once(authority, tmp_path, rounds=4))
    assert authority.calls.count("amendments/amend-1/done") == 4
    assert authority.waiting == {}
    assert [record.message for record in caplog.records] == ["the authority does not take our word; call it"]
    assert (tmp_path / HOLDS).read_bytes().count(b"\n") == 2
    assert held_in(tmp_path) == 0


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


def test_an_answer_nested_without_end_is_asked_for_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses, asked = Pauses(monkeypatch), asyncio.Event()

    def odd(_: httpx.Request) -> httpx.Response:
        if len(pauses.slept) > 1:
            asked.set()
        return httpx.Response(200, content=b'{"x":' + b"[" * 30_000)

    async def play() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(odd), base_url="https://xa-asc.example") as client:
            running = asyncio.create_task(Agent(core_in(tmp_path), client, SetClock()).run())
            await asked.wait()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    do(play())


def test_the_agent_does_not_back_off_because_of_one_item(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses = Pauses(monkeypatch)
    hopeless = Authority(question("trace-1"), refuses={"traces/trace-1/answer": [422]})
    do(run_for(hopeless, tmp_path, 8))
    # It rests between polls, since the authority's list is never empty; the rest does not grow.
    assert set(pauses.slept) == {1.0}


def test_an_amendment_that_is_not_heard_is_not_said_in_a_spin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses = Pauses(monkeypatch)
    deaf = Authority(amendment("amend-1", "order-1"), refuses={"amendments/amend-1/refusal": [409]})
    do(run_for(deaf, tmp_path, 8))
    assert set(pauses.slept) == {1.0}
    assert len(pauses.slept) >= 6


def test_the_agent_backs_off_while_the_authority_is_in_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses = Pauses(monkeypatch)
    do(run_for(Authority(refuses={"work": [503]}), tmp_path, 9))
    assert pauses.slept[:8] == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0]
