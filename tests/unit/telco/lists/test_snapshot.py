"""A base file and deltas over it say what a plain replay of all changes says, whatever the changes are."""

from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.telco.lists import making

from lintas.model.errors import Conflict
from lintas.telco.lists.base import Base
from lintas.telco.lists.compact import compact
from lintas.telco.lists.e164 import write
from lintas.telco.lists.entries import KINDS, Change, Key, Row
from lintas.telco.lists.snapshot import Forked, Gap, Snapshot

#: Few numbers, owners and times, so that entries meet.
FIRST = 99_960_000
NUMBERS = st.integers(FIRST, FIRST + 24)
OWNERS = st.sampled_from(["XATL", "XBTL"])
TIMES = st.integers(90, 110)
ROWS = st.builds(Row, st.sampled_from(KINDS), OWNERS, st.sampled_from(["parcel", "bank"]), TIMES)
SPANS = st.one_of(
    NUMBERS.map(lambda one: (one, one)), st.tuples(NUMBERS, NUMBERS).map(lambda two: (min(two), max(two)))
)
ENTRIES = st.lists(st.tuples(SPANS, ROWS), max_size=12).map(
    lambda held: {Key(*span, row.kind, row.owner): row for span, row in held}
)
CHANGES = st.lists(
    st.builds(
        lambda span, row, withdraw: Change(write(*span), row.kind, row.owner, row.reason, row.expires, withdraw),
        SPANS,
        ROWS,
        st.booleans(),
    ),
    max_size=8,
)
NOW = 100.0


def opened(directory: str | Path, entries: dict[Key, Row]) -> Snapshot:
    return Snapshot(making.base_of(Path(directory) / "base", entries), making.KEY, clock=lambda: NOW)


def agrees(snapshot: Snapshot, entries: dict[Key, Row]) -> None:
    for number in range(FIRST - 1, FIRST + 26):
        assert snapshot.find(number) == making.expected(entries, number, NOW), number


@settings(max_examples=120)
@given(ENTRIES, st.lists(CHANGES, max_size=4))
def test_a_snapshot_is_a_replay(entries: dict[Key, Row], deltas: list[list[Change]]) -> None:
    with TemporaryDirectory() as aside:
        snapshot = opened(aside, entries)
        agrees(snapshot, entries)
        for changes in deltas:
            before, held = snapshot, entries
            snapshot, entries = snapshot.apply(making.delta(snapshot, *changes)), making.replayed(entries, changes)
            agrees(snapshot, entries)
            assert snapshot.entries == len(entries)
            agrees(before, held)
        made = Path(aside) / "compacted"
        compact(snapshot, made)
        taken = Snapshot(Base.open(made), making.KEY, clock=lambda: NOW)
        agrees(taken, entries)
        assert (taken.version, taken.head) == (snapshot.version, snapshot.head)
        assert taken.entries == sum(row.expires > NOW for row in entries.values())


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    return opened(tmp_path, {Key(FIRST, FIRST, "blocked", "XATL"): Row("blocked", "XATL", "bank", 200)})


ADD = Change(write(FIRST + 1), "blocked", "XATL", "parcel", 200)
WITHDRAW = Change(write(FIRST), "blocked", "XATL", withdraw=True)


def test_the_same_delta_again_changes_nothing(snapshot: Snapshot) -> None:
    first = making.delta(snapshot, ADD)
    after = snapshot.apply(first)
    later = after.apply(making.delta(after, WITHDRAW))
    assert later.apply(first) is later


def test_a_gap_is_named_and_what_is_held_stays(snapshot: Snapshot) -> None:
    with pytest.raises(Gap, match="delta 3 came, and the list is at 0"):
        snapshot.apply(making.delta(snapshot, ADD, number=3))
    assert snapshot.find(FIRST) is not None


def test_deltas_out_of_order_end_where_those_in_order_do(snapshot: Snapshot) -> None:
    one = making.delta(snapshot, ADD)
    two = making.delta(snapshot.apply(one), WITHDRAW)
    with pytest.raises(Gap):
        snapshot.apply(two)
    after = snapshot.apply(one).apply(two).apply(one)
    assert after.version == 2
    assert after.find(FIRST) is None
    assert after.find(FIRST + 1) is not None


def test_another_history_is_refused(snapshot: Snapshot) -> None:
    after = snapshot.apply(making.delta(snapshot, ADD))
    with pytest.raises(Forked, match="two deltas 1"):
        after.apply(making.delta(snapshot, WITHDRAW))
    with pytest.raises(Forked, match="does not follow"):
        after.apply(making.delta(after, WITHDRAW, follows="0" * 64))


def test_another_lists_delta_is_refused(snapshot: Snapshot, tmp_path: Path) -> None:
    other = making.delta(snapshot, ADD)
    named = other._replace(statement=msgspec.structs.replace(other.statement, list="xb-numbers"))
    with pytest.raises(Conflict, match="xb-numbers"):
        snapshot.apply(named)


def test_a_withdrawal_lets_the_other_owners_entry_stand(tmp_path: Path) -> None:
    entries = {
        Key(FIRST, FIRST, "blocked", "XATL"): Row("blocked", "XATL", "bank", 200),
        Key(FIRST, FIRST, "do_not_originate", "XBTL"): Row("do_not_originate", "XBTL", "", 200),
    }
    snapshot = opened(tmp_path, entries)
    assert snapshot.find(FIRST).kind == "do_not_originate"  # type: ignore[union-attr]
    after = snapshot.apply(making.delta(snapshot, Change(write(FIRST), "do_not_originate", "XBTL", withdraw=True)))
    assert after.find(FIRST).owner == "XATL"  # type: ignore[union-attr]
    assert after.apply(making.delta(after, WITHDRAW)).find(FIRST) is None


def test_an_entry_ends_by_the_clock_alone(tmp_path: Path) -> None:
    now = [100.0]
    base = making.base_of(tmp_path / "base", {Key(FIRST, FIRST, "blocked", "X"): Row("blocked", "X", "", 200)})
    snapshot = Snapshot(base, making.KEY, clock=lambda: now[0])
    assert snapshot.find(FIRST) is not None
    now[0] = 200.0
    assert snapshot.find(FIRST) is None
