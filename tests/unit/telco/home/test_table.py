"""The operator's table: what it keeps, in which order events count, and what a restart or a crash leaves."""

import asyncio
import os
import random
import resource
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.telco.home.operators import FIRST, LAST, change

from lintas.telco.home.journal import Damaged, Journal
from lintas.telco.home.keeping import Keeper
from lintas.telco.home.records import Change
from lintas.telco.home.subscribers import COARSE_S, Subscribers
from lintas.telco.home.table import AHEAD_S, LATE_S, LONGEST_CALL_S, MOST_CALLS, Ranges, Table

NOW = 1_795_766_400
N, B = FIRST + 7, 999_200_000_001
RANGES = Ranges([(FIRST, LAST)])
DAY = 86_400


def table(*changes: Change, now: int = NOW) -> Table:
    made = Table(RANGES)
    for each in changes:
        made.take(each, now)
    return made


def told(made: Subscribers) -> tuple[object, ...]:
    return made.assigned(N), made.roaming(N), made.on_call(N), made.status_time(N)


def test_what_is_not_ours_is_not_known() -> None:
    made = table(change("assigned", LAST + 1, NOW))
    assert (made.assigned(LAST + 1), made.roaming(LAST + 1)) == (None, None)
    assert (made.assigned(N), made.roaming(N)) == (False, None)


def test_abroad_and_home_again() -> None:
    made = table(change("assigned", N, NOW - DAY), change("abroad", N, NOW - 1000))
    assert made.roaming(N) is True
    since = made.status_time(N)
    assert since == datetime.fromtimestamp(NOW - 1000 - (NOW - 1000) % COARSE_S, UTC)
    made.take(change("home", N, NOW), NOW)
    assert (made.roaming(N), made.status_time(N)) == (False, None)


def test_late_event_does_not_undo_a_later_one() -> None:
    made = table(change("assigned", N, NOW - DAY), change("home", N, NOW - 10), change("abroad", N, NOW - 20))
    assert made.roaming(N) is False
    made = table(change("assigned", N, NOW - DAY), change("abroad", N, NOW - 3000), change("home", N, NOW - 7000))
    assert made.roaming(N) is True


def test_clock_of_a_feed_that_is_ahead() -> None:
    made = Table(RANGES)
    assert made.take(change("abroad", N, NOW + AHEAD_S), NOW)[0] == "ahead"
    assert made.take(change("home", N, NOW + AHEAD_S + 1), NOW)[0] == "future"
    assert made.take(change("home", N, NOW - LATE_S - 1), NOW)[0] == "too_late"
    # What came ahead counts from now on, not from its own time: an event a second later undoes it.
    assert made.take(change("home", N, NOW + 1), NOW + 1)[0] == "taken"


def test_calls_begin_end_and_are_bounded() -> None:
    made = table(change("assigned", N, NOW), change("calls", N, NOW, B))
    assert made.on_call(N) == f"+{B}"
    made.take(change("ended", N, NOW + 5, B), NOW + 5)
    assert made.on_call(N) is None
    assert made.take(change("calls", N, NOW + 4, B), NOW + 5)[0] == "taken", "another call to the same number"
    for n in range(MOST_CALLS + 3):
        made.take(change("calls", N, NOW + 6, B + n), NOW + 6)
    assert len(made.calls(N)) == MOST_CALLS
    made.take(change("assigned", N, NOW), NOW + LONGEST_CALL_S + 10)
    assert made.calls(N) == (), "a call that nobody ended is over"


def test_end_that_overtakes_its_call() -> None:
    made = table(change("assigned", N, NOW), change("ended", N, NOW - 1, B), change("calls", N, NOW - 3, B))
    assert made.on_call(N) is None


def test_number_that_is_taken_back_and_given_out_anew() -> None:
    made = table(change("assigned", N, NOW - 100 * DAY), change("abroad", N, NOW - 10), change("sim", N, NOW - 5))
    day = datetime.fromtimestamp(NOW - 50 * DAY, UTC).date()
    assert made.recycled_since(N, day) is False
    made.take(change("released", N, NOW - 2 * DAY), NOW)
    assert (made.assigned(N), made.roaming(N), made.sim_changed(N)) == (False, None, None)
    assert made.recycled_since(N, day) is True
    made.take(change("assigned", N, NOW), NOW)
    assert (made.assigned(N), made.roaming(N), made.recycled_since(N, day)) == (True, False, True)
    assert made.recycled_since(N + 1, date(2020, 1, 1)) is None


CHANGES = st.builds(
    lambda what, offset, ago: change(what, FIRST + offset, NOW - ago),
    st.sampled_from(["assigned", "released", "abroad", "home", "sim"]),
    st.integers(0, 4),
    st.integers(0, 2 * DAY),
)


@settings(max_examples=150, deadline=None)
@given(changes=st.lists(CHANGES, max_size=30))
def test_what_is_kept_is_what_is_answered(changes: list[Change]) -> None:
    """A table made from what another keeps answers the same."""
    first, second = Table(RANGES), Table(RANGES)
    for each in changes:
        first.take(each, NOW)
    for kept in first.kept():
        second.replay(kept)
    for n in range(5):
        number = FIRST + n
        for ask in ("assigned", "roaming", "status_time", "sim_changed"):
            assert getattr(first, ask)(number) == getattr(second, ask)(number), (ask, n)


@settings(max_examples=80, deadline=None)
@given(times=st.permutations(list(range(6))), seed=st.integers(0, 99))
def test_order_of_arrival_does_not_matter(times: list[int], seed: int) -> None:
    """Events of one number within a quarter of an hour, each at its own time, lead to the state of the latest."""
    words = [random.Random(seed + n).choice(["abroad", "home"]) for n in range(6)]
    made = table(change("assigned", N, NOW - DAY))
    for n in times:
        made.take(change(words[n], N, NOW - 600 + n), NOW)  # type: ignore[arg-type]
    assert made.roaming(N) is (words[5] == "abroad")


# ---- on disk


def keeper(root: Path, now: int = NOW) -> Keeper:
    return Keeper(Table(RANGES), Journal(root), now=lambda: now)


def put(made: Keeper, *changes: Change) -> None:
    asyncio.run(made.take("test", changes))


def test_restart_forgets_nothing_but_calls(tmp_path: Path) -> None:
    first = keeper(tmp_path)
    put(first, change("assigned", N, NOW), change("abroad", N, NOW), change("calls", N, NOW, B))
    before = told(first.table)
    second = keeper(tmp_path)  # the first is not even closed: as after a crash
    assert told(second.table) == (*before[:2], None, before[3])
    assert second.table.roaming(N) is True


def test_torn_tail_is_cut_off_and_what_was_kept_stays(tmp_path: Path) -> None:
    first = keeper(tmp_path)
    put(first, change("assigned", N, NOW), change("abroad", N, NOW))
    put(first, change("home", N, NOW + 1))
    first.close()
    log = tmp_path / "log-0"
    whole = log.read_bytes()
    for cut in range(len(whole) - 16, len(whole)):
        log.write_bytes(whole[:cut])
        again = keeper(tmp_path)
        assert again.table.roaming(N) is True, cut
        put(again, change("home", N, NOW + 2))
        again.close()
        assert keeper(tmp_path).table.roaming(N) is False
        assert log.stat().st_size == len(whole)


def test_damage_in_the_middle_is_said(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    list(journal.replay())
    journal.append([change("assigned", FIRST + n, NOW) for n in range(70_000)])
    journal.close()
    with (tmp_path / "log-0").open("r+b") as log:
        log.seek(1003)
        log.write(b"\xff")
    with pytest.raises(Damaged):
        list(Journal(tmp_path).replay())


def test_compaction_keeps_everything_wherever_it_stops(tmp_path: Path) -> None:
    """A base is begun while changes go on; before it is complete the logs alone tell all, afterwards it replaces them."""
    made = keeper(tmp_path)
    put(made, change("assigned", N, NOW), change("abroad", N, NOW))
    journal = made._journal  # the step in between is not seen from outside
    generation, copy = journal.begin(), made.table.copy()
    put(made, change("home", N, NOW + 1))
    assert keeper(tmp_path).table.roaming(N) is False
    journal.finish(generation, copy.kept())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["base-1", "log-1"]
    assert keeper(tmp_path).table.roaming(N) is False
    (tmp_path / "base-2.new").write_bytes(b"half")
    assert keeper(tmp_path).table.roaming(N) is False


def test_full_disk_loses_the_batch_and_nothing_before_or_after(tmp_path: Path) -> None:
    made = keeper(tmp_path)
    put(made, change("assigned", N, NOW), change("assigned", N + 1, NOW))
    size, limits = (tmp_path / "log-0").stat().st_size, resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, limits[1]))
    try:
        with pytest.raises(OSError, match="large"):
            put(made, change("abroad", N, NOW), change("abroad", N + 1, NOW))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    put(made, change("abroad", N + 1, NOW))
    again = keeper(tmp_path)
    assert (again.table.roaming(N), again.table.roaming(N + 1)) == (False, True)


def test_files_are_their_owners_and_hold_no_exact_time(tmp_path: Path) -> None:
    made = keeper(tmp_path)
    put(made, change("assigned", N, NOW), change("abroad", N, NOW + 61 - NOW % 60))
    made.close()
    for path in tmp_path.iterdir():
        assert os.stat(path).st_mode & 0o077 == 0
    kept = list(Journal(tmp_path).replay())
    assert {each.at % COARSE_S for each in kept} == {0}
