"""What the agent holds: no unit of money twice, nothing in a wrong currency, nothing for an order that has ended."""

import tempfile
from pathlib import Path

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.bank.paper import END, SetClock, baton, core_in, order, question

from lintas.bank.agent import Agent
from lintas.bank.answers import carried_out
from lintas.bank.core import HOLDS
from lintas.model.errors import LintasError
from lintas.model.tainted import MAX_PARTS, Baton, Find, LedgerAnswer, Part, check_answer
from lintas.requests.records import Order


def refuse_to_call(request: httpx.Request) -> httpx.Response:
    raise AssertionError(f"nothing here calls {request.url}")


def agent_in(directory: Path, clock: SetClock | None = None) -> Agent:
    client = httpx.AsyncClient(transport=httpx.MockTransport(refuse_to_call))
    return Agent(core_in(directory), client, clock or SetClock())


def carry(agent: Agent, asked: Order) -> LedgerAnswer:
    done = agent.carry_out(asked)
    assert isinstance(done, LedgerAnswer)
    check_answer(done, asked.baton.start, asked.baton.end)
    return done


def held(answer: LedgerAnswer) -> list[tuple[int, int]]:
    return [(part.start, part.end) for part in answer.parts if part.state == "held"]


def test_the_same_money_is_not_held_twice(tmp_path: Path) -> None:
    agent = agent_in(tmp_path)
    first = carry(agent, order("order-1"))
    second = carry(agent, order("order-2"))
    assert held(first) == [(0, 50_000)]
    assert [(part.state, part.start, part.end) for part in second.parts] == [("here", 0, 50_000)]
    assert carry(agent, order("order-1")) == first
    assert carry(agent, order("order-2")) == second


def test_only_what_no_other_order_holds_is_held_up_to_the_amount(tmp_path: Path) -> None:
    agent = agent_in(tmp_path)
    carry(agent, order("order-1", baton(10_000, 20_000)))
    carry(agent, order("order-2", baton(30_000, 35_000)))
    around = carry(agent, order("order-3", amount_minor=25_000))
    assert held(around) == [(0, 10_000), (20_000, 30_000), (35_000, 40_000)]
    assert [part.state for part in around.parts] == ["held", "here", "held", "here", "held", "here"]


def test_money_cut_into_crumbs_by_other_orders_still_makes_an_answer(tmp_path: Path) -> None:
    agent = agent_in(tmp_path)
    for number in range(MAX_PARTS):
        carry(agent, order(f"crumb-{number}", baton(2 * number, 2 * number + 1)))
    answer = carry(agent, order("order-1"))
    assert len(answer.parts) <= MAX_PARTS
    assert held(answer)[-1] == (2 * MAX_PARTS - 1, 50_000)
    # What an answer does not call held is free for the next order.
    again = carry(agent, order("order-2"))
    assert not {unit for span in held(answer) for unit in range(*span)} & {
        unit for span in held(again) for unit in range(*span)
    }


def test_another_transfer_is_other_money(tmp_path: Path) -> None:
    agent = agent_in(tmp_path)
    carry(agent, order("order-1"))
    assert held(carry(agent, order("order-2", baton(transfer="t-2")))) == [(0, 50_000)]


def test_what_is_held_is_known_after_a_restart(tmp_path: Path) -> None:
    carry(agent_in(tmp_path), order("order-1", baton(0, 30_000)))
    assert held(carry(agent_in(tmp_path), order("order-2"))) == [(30_000, 50_000)]


def test_a_hold_that_ended_frees_its_money(tmp_path: Path) -> None:
    clock = SetClock()
    agent = agent_in(tmp_path, clock)
    carry(agent, order("order-1"))
    clock.move(hours=72, seconds=-1)
    assert held(carry(agent, order("order-2", expires="2026-03-09T10:00:00Z"))) == []
    clock.move(seconds=1)
    assert held(carry(agent, order("order-3", expires="2026-03-09T10:00:00Z"))) == [(0, 50_000)]


def test_a_hold_of_earlier_days_whose_end_was_not_noted_stands(tmp_path: Path) -> None:
    carry(agent_in(tmp_path), order("order-1"))
    kept = msgspec.json.decode((tmp_path / HOLDS).read_bytes())
    del kept["expires"], kept["lifted"]
    (tmp_path / HOLDS).write_bytes(msgspec.json.encode(kept) + b"\n")
    clock = SetClock()
    clock.move(days=300)
    assert held(carry(agent_in(tmp_path, clock), order("order-2", expires="2027-03-04T10:07:00Z"))) == []


def test_a_hold_that_was_lifted_frees_its_money_for_good(tmp_path: Path) -> None:
    carry(agent_in(tmp_path), order("order-1"))
    core = core_in(tmp_path)
    core.lift("order-1", "not accepted")
    core.lift("order-1", "again")
    again = agent_in(tmp_path)
    assert again.carry_out(order("order-1")) == "not accepted"
    assert held(carry(again, order("order-2"))) == [(0, 50_000)]


@pytest.mark.parametrize(
    "money", [baton(currency="XBK"), baton(end=50_001), baton(transfer="t-9"), baton(sender=""), baton(sender="XAFB")]
)
def test_other_money_than_the_order_names_is_not_found_and_nothing_is_held(tmp_path: Path, money: Baton) -> None:
    agent = agent_in(tmp_path)
    answer = carry(agent, order("order-1", money))
    assert (answer.found, answer.parts, answer.currency) == (False, (), money.currency)
    assert agent.locate(question("trace-1", baton=money)).found is False
    assert held(carry(agent, order("order-2"))) == [(0, 50_000)]


INNER = """\
id,time,sender,receiver,amount_minor,currency,sender_bank,receiver_bank
t-in,2026-03-01T10:00:00Z,victim,mule,50000,XAK,XABT,
t-inner,2026-03-01T10:01:00Z,mule,friend,50000,XAK,,
t-out,2026-03-01T10:02:00Z,friend,away,20000,XAK,,XABT
"""


@pytest.mark.parametrize("reference", ["t-inner", "t-out"])
def test_what_began_in_this_ledger_is_not_asked_for_in_another_banks_name(tmp_path: Path, reference: str) -> None:
    (tmp_path / "transfers.csv").write_text(INNER)
    agent = agent_in(tmp_path)
    assert held(carry(agent, order("order-1", baton(transfer="t-in")))) == [(20_000, 50_000)]
    for number, sender in enumerate(("XABT", "XBFB", "")):
        money = baton(end=20_000, transfer=reference, sender=sender)
        assert not agent.locate(question("trace-1", baton=money)).found
        assert not carry(agent, order(f"other-{number}", money)).found
    # Its own authority still asks for what its victim reported here, and the victim's bank sent it.
    own = agent.locate(question("trace-2", baton=baton(end=20_000, transfer=reference, sender="XAFB")))
    assert own.found
    assert agent.locate(question("trace-3", find=Find(amount_minor=50_000, currency="XAK", reference="t-inner"))).found


@pytest.mark.parametrize(
    "wrong", [{"currency": "XBK"}, {"amount_minor": 49_999}, {"reference": None, "receiver": "mule", "at": "yesterday"}]
)
def test_a_description_of_other_money_is_not_found(tmp_path: Path, wrong: dict[str, str | int | None]) -> None:
    agent = agent_in(tmp_path)
    good: dict[str, str | int | None] = {"amount_minor": 50_000, "currency": "XAK", "reference": "t-1"}
    assert agent.locate(question("trace-1", find=msgspec.convert(good, Find))).found
    assert not agent.locate(question("trace-2", find=msgspec.convert(good | wrong, Find))).found


def test_a_ledger_that_cannot_be_read_says_nothing_about_anybodys_money(tmp_path: Path) -> None:
    agent = agent_in(tmp_path)
    (tmp_path / "transfers.csv").write_bytes(b"\xff\xfe\x00garbage")
    find = Find(amount_minor=50_000, currency="XAK", reference="t-1")
    for asked in (question("trace-1"), question("trace-2", find=find)):
        with pytest.raises(LintasError, match=r"transfers\.csv"):
            agent.locate(asked)
    with pytest.raises(LintasError, match=r"transfers\.csv"):
        agent.carry_out(order("order-1"))
    assert not (tmp_path / HOLDS).exists()


def test_an_order_that_has_ended_is_refused_and_nothing_is_held(tmp_path: Path) -> None:
    clock = SetClock()
    agent = agent_in(tmp_path, clock)
    first = carry(agent, order("order-1", baton(0, 10_000)))
    clock.move(hours=72)
    assert agent.carry_out(order("order-2")) == f"the order ended at {END}"
    assert agent.carry_out(order("order-3", expires="some day")) == "the order's end cannot be read"
    # What was carried out in time was carried out: its answer stays what it is.
    assert carry(agent, order("order-1", baton(0, 10_000))) == first
    assert (tmp_path / HOLDS).read_bytes().count(b"\n") == 1


SPANS = st.tuples(st.integers(0, 49_999), st.integers(1, 50_000)).map(lambda s: (s[0], min(50_000, s[0] + s[1])))


@given(asked=st.lists(st.tuples(SPANS, st.integers(1, 50_000)), min_size=1, max_size=6))
def test_whatever_is_ordered_each_unit_is_held_once(asked: list[tuple[tuple[int, int], int]]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        agent, taken = agent_in(Path(directory)), set[int]()
        for number, ((start, end), most) in enumerate(asked):
            amount = min(most, end - start)
            done = carry(agent, order(f"order-{number}", baton(start, end), amount_minor=amount))
            free = set(range(start, end)) - taken
            now = {unit for low, high in held(done) for unit in range(low, high)}
            assert now <= free
            assert len(now) == min(amount, len(free))
            taken |= now


@given(local=st.integers(0, 100_000), taken=st.lists(SPANS, max_size=5), most=st.integers(0, 50_000))
def test_cuts_neither_make_nor_lose_local_money(local: int, taken: list[tuple[int, int]], most: int) -> None:
    part = Part(state="here", start=0, end=50_000, local_minor=local, local_currency="XBK")
    located = LedgerAnswer(transfer="t-1", start=0, end=50_000, currency="XAK", snapshot="s", found=True, parts=(part,))
    done = carried_out(located, most, taken)
    check_answer(done, 0, 50_000)
    assert done.local == located.local
