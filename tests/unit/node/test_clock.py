"""The clock of an exercise: its pace comes from a file, a broken file changes nothing, and time never goes back."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lintas.model.errors import BadInput
from lintas.node.clock import ExerciseClock, Pace, read_pace, write_pace

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Machine:
    """The machine's clock, put where a test wants it."""

    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        return self.at


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "clock.json"
    write_pace(path, Pace(since=NOON.timestamp()))
    return path


def test_at_rate_one_it_is_the_machines_time(path: Path, machine: Machine) -> None:
    clock = ExerciseClock(path, machine)
    assert clock.now() == NOON
    machine.at += timedelta(seconds=7)
    assert clock.now() == NOON + timedelta(seconds=7)


def test_days_pass_in_seconds_from_the_moment_that_the_file_says(path: Path, machine: Machine) -> None:
    clock = ExerciseClock(path, machine)
    machine.at += timedelta(seconds=10)
    write_pace(path, Pace(offset_s=60, rate=86_400, since=machine.at.timestamp()))
    assert clock.now() == NOON + timedelta(seconds=70)
    machine.at += timedelta(seconds=3)
    assert clock.now() == NOON + timedelta(days=3, seconds=70)


def test_two_processes_read_the_same_time(path: Path, machine: Machine) -> None:
    write_pace(path, Pace(offset_s=-5.5, rate=1234.5, since=NOON.timestamp()))
    machine.at += timedelta(seconds=100)
    early = ExerciseClock(path, machine)
    late = ExerciseClock(path, machine)
    assert early.now() == late.now()


@pytest.mark.parametrize("broken", [b"", b"{", b'{"rate": 2}', b'{"offset_s": 0, "rate": -1, "since": 0}', b"\xff"])
def test_a_broken_file_keeps_the_last_good_pace(path: Path, machine: Machine, broken: bytes) -> None:
    clock = ExerciseClock(path, machine)
    path.write_bytes(broken)
    machine.at += timedelta(seconds=5)
    assert clock.now() == NOON + timedelta(seconds=5)
    write_pace(path, Pace(offset_s=3600, since=NOON.timestamp()))
    assert clock.now() == NOON + timedelta(hours=1, seconds=5)


def test_a_file_that_is_gone_keeps_the_last_good_pace(path: Path, machine: Machine) -> None:
    clock = ExerciseClock(path, machine)
    path.unlink()
    machine.at += timedelta(seconds=5)
    assert clock.now() == NOON + timedelta(seconds=5)


def test_time_never_goes_back(path: Path, machine: Machine) -> None:
    clock = ExerciseClock(path, machine)
    write_pace(path, Pace(offset_s=3600, since=NOON.timestamp()))
    assert clock.now() == NOON + timedelta(hours=1)
    write_pace(path, Pace(offset_s=0, since=NOON.timestamp()))
    assert clock.now() == NOON + timedelta(hours=1)
    machine.at += timedelta(hours=1, seconds=1)
    assert clock.now() == NOON + timedelta(hours=1, seconds=1)


def test_where_the_calendar_ends_it_stays(path: Path, machine: Machine) -> None:
    clock = ExerciseClock(path, machine)
    before = clock.now()
    write_pace(path, Pace(rate=1e6, since=0))
    assert clock.now() == before


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"[]",
        b'{"offset_s": 0, "rate": 1}',
        b'{"offset_s": 1e99, "rate": 1, "since": 0}',
        b'{"offset_s": 0, "rate": 1e99, "since": 0}',
        b'{"offset_s": 0, "rate": 1, "since": 0, "speed": 2}',
    ],
)
def test_a_clock_is_not_made_from_a_file_that_says_nothing(path: Path, broken: bytes) -> None:
    path.write_bytes(broken)
    with pytest.raises(BadInput) as wrong:
        ExerciseClock(path)
    assert wrong.value.where == str(path)
    with pytest.raises(BadInput):
        read_pace(path)


def test_a_clock_is_not_made_from_no_file(tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        ExerciseClock(tmp_path / "nowhere.json")
