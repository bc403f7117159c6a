"""An index that grows answers as one built anew: after any appends, late rows, corrections and withdrawals."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lintas.model.errors import BadInput, LintasError, NotFound
from lintas.model.times import parse
from lintas.trace.engine.find import find
from lintas.trace.engine.index import Index
from lintas.trace.engine.lines import build
from lintas.trace.engine.live import Live
from lintas.trace.engine.rows import Change, Row, rows
from lintas.trace.ledgers.ledger import Collector, Opening
from lintas.trace.questions.fifo import trace

START = 1_772_359_200_000_000  # 2026-03-01T10:00:00Z
HOME = {"a": "XAK", "b": "XAK", "c": "XAK", "d": "XBK", "e": "XAK"}


def row(reference: str, minute: int, sender: str | None, receiver: str | None, amount: int, **more: object) -> Row:
    """Make a transfer between accounts in their own currencies; one to a currency that is not settled is converted."""
    currency = HOME.get(sender or "", "XAK")
    facts: dict[str, object] = {"settled": amount, "currency": currency}
    if HOME.get(receiver or "", currency) != currency:
        facts["credited"] = amount // 2 + 1, HOME[receiver or ""]
    facts |= {"sender": sender, "receiver": receiver} | more
    return Row(reference=reference, time=START + minute * 60_000_000, **facts)  # type: ignore[arg-type]  # as named


def collected(every: list[Row]) -> Collector:
    collector = Collector()
    for each in every:
        collector.add(
            each.reference,
            each.time,
            each.sender,
            None if each.kind else each.receiver,
            (each.settled, each.currency),
            where="test",
            debited=each.debited,
            credited=each.credited,
            bank=each.bank,
            party=each.party,
            kind=each.kind,
        )
    return collector


def index_of(every: list[Row], openings: list[Opening] | None = None) -> Index:
    return build(collected(every).ledger(openings))


def same(live: Index, anew: Index, every: list[Row]) -> None:
    """Hold every answer of an index against that of one built anew, by names; numbers may differ."""
    assert (len(live), live.lifted, live.self_transfers, live.balances) == (
        len(anew),
        anew.lifted,
        anew.self_transfers,
        anew.balances,
    )
    assert live.latest() == anew.latest()
    for line in range(anew.line_count):
        there = live.line(anew.account(line), anew.line_code(line))
        assert there is not None
        assert (live.opening[there], live.assumed[there]) == (anew.opening[line], anew.assumed[line])
        for mine, fresh in ((live.outs(there), anew.outs(line)), (live.ins(there), anew.ins(line))):
            assert [live.reference(each) for each in mine] == [anew.reference(each) for each in fresh]
            assert list(mine[:-1]) == [mine[at - len(mine)] for at in range(len(mine) - 1)]
    for each in every:
        if each.idle:
            with pytest.raises(NotFound):
                live.number(each.reference)
            continue
        ours, theirs = live.number(each.reference), anew.number(each.reference)
        assert live.po[ours] == anew.po[theirs] and live.pi[ours] == anew.pi[theirs], each.reference
        for question in ("debited", "credited", "kind", "code", "other_bank", "party", "receiver", "place"):
            assert getattr(live, question)(ours) == getattr(anew, question)(theirs), question
        assert live.sender_bank(each.reference) == anew.sender_bank(each.reference)
        assert find(live, each.settled, each.currency) == find(anew, each.settled, each.currency)
        for backward in (False, True):
            for as_of in (None, parse("2026-03-01T10:07:00Z")):
                if as_of is not None and each.time > START + 7 * 60_000_000:
                    continue
                trail = trace(live, each.reference, backward=backward, as_of=as_of)
                expected = trace(anew, each.reference, backward=backward, as_of=as_of)
                assert trail.snapshot == live.snapshot and trail.conserved
                assert trail.intervals == expected.intervals
                assert trail.leaves() == expected.leaves() and trail.opening == expected.opening


@st.composite
def transfers(draw: st.DrawFn, reference: str) -> Row:
    sender, receiver = draw(st.sampled_from("abcde")), draw(st.sampled_from("abcde"))
    made = row(reference, draw(st.integers(0, 12)), sender, receiver, draw(st.integers(1, 30)))
    side = draw(st.integers(0, 9))
    if side == 0:
        return row(reference, 5, sender, None, 9, bank="OTHRXB22", party="far")
    if side == 1:
        return row(reference, 6, None, receiver, 9, bank="OTHRXB22", party="near")
    if side == 2:
        return row(reference, 7, sender, None, 4, kind=2, party="till")
    return made


def playable(data: st.DataObject, count: int, first: int) -> list[Row]:
    return [data.draw(transfers(f"t{number:02d}")) for number in range(first, first + count)]


@settings(max_examples=150)
@given(st.data())
def test_any_changes_leave_what_an_index_built_anew_answers(data: st.DataObject) -> None:
    standing = {each.reference: each for each in playable(data, data.draw(st.integers(1, 10)), 0)}
    if all(each.idle for each in standing.values()):
        standing["t99"] = row("t99", 0, "a", "b", 5)
    openings = None
    if data.draw(st.booleans()):
        openings = [Opening(account, 12, HOME[account], "test") for account in "ade"]
    live = Live(index_of(list(standing.values()), openings))
    asked_openings = openings and [each for each in openings if live.line(each.account, str(each.currency)) is not None]
    for number in range(data.draw(st.integers(1, 12))):
        before = live.snapshot
        what = data.draw(st.sampled_from(["append", "append", "correct", "withdraw"]))
        if what == "append" or len(standing) < 2:
            made = data.draw(transfers(f"u{number:02d}"))
            live.append(made)
            standing[made.reference] = made
        elif what == "correct":
            made = data.draw(transfers(data.draw(st.sampled_from(sorted(standing)))))
            live.correct(made)
            standing[made.reference] = made
        else:
            gone = data.draw(st.sampled_from(sorted(standing)))
            moving = [each for each in standing.values() if not each.idle and each.reference != gone]
            if not moving:
                continue
            live.withdraw(gone)
            del standing[gone]
            with pytest.raises(NotFound):
                live.number(gone)
        assert live.snapshot != before
        if all(each.idle for each in standing.values()):
            return
        if data.draw(st.integers(0, 2)) == 0:
            same(live, index_of(list(standing.values()), asked_openings), list(standing.values()))
    same(live, index_of(list(standing.values()), asked_openings), list(standing.values()))


def test_a_long_line_with_late_rows() -> None:
    rng = random.Random(5)
    pairs = [rng.sample("abce", 2) for _ in range(600)]
    every = [
        row(f"t{at:04d}", rng.randint(0, 12), sender, receiver, rng.randint(1, 90))
        for at, (sender, receiver) in enumerate(pairs)
    ]
    live = Live(index_of(every[:400]))
    for each in every[400:]:
        live.append(each)
    same(live, index_of(every), rng.sample(every, 60))


def test_the_name_of_a_state_says_every_change() -> None:
    base = index_of([row("t1", 1, "a", "b", 10), row("t2", 2, "b", "c", 4)])
    changes = [
        Change(do="append", row=row("t3", 3, "c", "e", 2)),
        Change(do="correct", row=row("t2", 2, "b", "c", 5)),
        Change(do="withdraw", reference="t3"),
    ]
    names = []
    for again in range(2):
        live = Live(base)
        for number, each in enumerate(changes):
            live.change([each])
            names.append(live.snapshot)
            assert names[number] == live.snapshot, again
    assert len({base.snapshot, *names}) == 4


def test_what_does_not_fit_changes_nothing() -> None:
    live = Live(index_of([row("t1", 1, "a", "b", 10), row("t2", 2, "b", "b", 4), row("t3", 3, "b", "c", 9 * 10**15)]))
    before = live.snapshot
    wrong: list[tuple[Row, str]] = [
        (row("t1", 3, "a", "b", 1), "the id 't1' was there before"),
        (row("t2", 3, "a", "b", 1), "the id 't2' was there before"),
        (row("t4", 3, "a", "b", 0), "not greater than zero"),
        (row("t4", 3, "a", "b", 9 * 10**18), "sum to more than 64 bits hold"),
        (row("t4", 3, None, None, 5), "neither side has an account here"),
        (row("t4", 3, "a", "a", 5, credited=(6, "XAK")), "changes its amount"),
    ]
    for made, said in wrong:
        with pytest.raises(BadInput, match=said):
            live.append(made)
    for change in (Change(do="correct", row=row("t9", 1, "a", "b", 1)), Change(do="withdraw", reference="t9")):
        with pytest.raises(NotFound, match="no transfer 't9' is in this index"):
            live.change([change])
    assert live.snapshot == before and len(live) == 2
    with pytest.raises(LintasError):
        live.number("t4")


def test_rows_say_what_a_ledger_holds() -> None:
    every = [
        row("t1", 1, "a", "b", 10),
        row("t2", 2, "b", "d", 7),
        row("t3", 3, "c", None, 4, kind=1, party="shop"),
        row("t4", 4, None, "e", 4, bank="OTHRXB22", party="near"),
    ]
    assert list(rows(collected(every).ledger())) == every
