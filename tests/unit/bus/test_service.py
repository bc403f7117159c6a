"""The bus: an event is heard once by each who hears it, in order, only if its change commits; a refusal parks it alone."""

import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from lintas.bus import store
from lintas.bus.service import Bus, Hearing, kind_of
from lintas.model.errors import BadInput, Unavailable
from lintas.storage import migrate
from lintas.storage.engine import Transaction, open_engine, reading
from lintas.storage.writer import SerialWriter


class Happened(msgspec.Struct, frozen=True):
    number: int


class Other(msgspec.Struct, frozen=True):
    number: int


class StoppedClock:
    def now(self) -> datetime:
        return datetime(2026, 3, 1, tzinfo=UTC)


class House:
    """A bus, its database, and what each hearer heard."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.writer, self.heard = engine, SerialWriter(engine), list[tuple[str, int]]()
        self.bus = Bus(StoppedClock())

    def hear(self, name: str, *, refuse: Callable[[int], Exception | None] = lambda _: None) -> Hearing:
        """Return a hearer that notes what it hears, and may refuse some of it."""

        def handle(_tx: Transaction, event: Happened | Other) -> None:
            self.heard.append((name, event.number))
            wrong = refuse(event.number)
            if wrong is not None:
                raise wrong

        return Hearing(name, (Happened,), handle)

    def emit(self, *numbers: int) -> None:
        self.writer.submit(lambda tx: self.bus.emit(tx, *(Happened(number) for number in numbers))).result(0)

    def pump(self) -> int:
        return self.bus.pump(self.engine, self.writer)

    def parked(self) -> list[tuple[str, int, str]]:
        with reading(self.engine) as tx:
            return store.parked_events(tx)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    engine = open_engine(tmp_path / "bus.db")
    migrate.upgrade(engine)
    yield House(engine)
    engine.dispose()


def test_each_hearer_hears_each_event_once_and_in_order(house: House) -> None:
    house.bus.subscribe([house.hear("a"), house.hear("b")])
    house.emit(1, 2)
    house.emit(3)
    house.pump()
    house.pump()
    for name in ("a", "b"):
        assert [number for hearer, number in house.heard if hearer == name] == [1, 2, 3]


def test_more_than_one_reading_takes_are_all_heard(house: House) -> None:
    house.bus.subscribe([house.hear("a")])
    house.emit(*range(230))
    assert house.pump() == 230
    assert [number for _, number in house.heard] == list(range(230))


def test_an_event_of_a_change_that_failed_never_happened(house: House) -> None:
    house.bus.subscribe([house.hear("a")])

    def fail(tx: Transaction) -> None:
        house.bus.emit(tx, Happened(1))
        raise BadInput("no")

    with pytest.raises(BadInput):
        house.writer.submit(fail).result(0)
    assert house.pump() == 0
    assert house.heard == []


def test_nobody_hears_what_is_not_for_them(house: House) -> None:
    house.bus.subscribe([house.hear("a"), Hearing("other", (Other,), lambda _tx, _event: None)])
    house.writer.submit(lambda tx: house.bus.emit(tx, Other(1))).result(0)
    house.pump()
    assert house.heard == []
    assert kind_of(Happened).endswith(".Happened")


@pytest.mark.parametrize("wrong", [BadInput("cannot be"), ZeroDivisionError("a fault of ours")])
def test_one_refused_event_is_parked_and_those_behind_it_are_heard(house: House, wrong: Exception) -> None:
    house.bus.subscribe([house.hear("a", refuse=lambda n: wrong if n == 2 else None), house.hear("b")])
    house.emit(1, 2, 3)
    house.pump()
    assert [number for hearer, number in house.heard if hearer == "a"] == [1, 2, 3]
    assert [(hearer, why) for hearer, _, why in house.parked()] == [("a", str(wrong))]
    house.pump()
    assert len(house.heard) == 6


def test_a_hearers_own_change_is_undone_when_it_refuses(house: House) -> None:
    def half(tx: Transaction, _event: Happened) -> None:
        house.bus.emit(tx, Other(7))
        raise BadInput("after half of the work")

    others: list[int] = []
    house.bus.subscribe(
        [Hearing("half", (Happened,), half), Hearing("o", (Other,), lambda _tx, event: others.append(event.number))]
    )
    house.emit(1)
    house.pump()
    assert others == []
    assert len(house.parked()) == 1


def test_a_database_that_fails_is_tried_again_without_a_gap(house: House) -> None:
    failures = [1]

    def refuse(number: int) -> Exception | None:
        if number == 2 and failures:
            failures.pop()
            return OperationalError("UPDATE", {}, sqlite3.OperationalError("disk I/O error"))
        return None

    house.bus.subscribe([house.hear("a", refuse=refuse)])
    house.emit(1, 2, 3)
    with pytest.raises(Unavailable):
        house.pump()
    # A second look at 2 and 3: 3 was not heard before 2, and nothing is parked.
    house.pump()
    heard = [number for _, number in house.heard]
    assert heard[-2:] == [2, 3]
    assert heard.count(1) == heard.count(3) == 1
    assert house.parked() == []


def test_events_wait_for_a_node_that_was_away(house: House) -> None:
    house.bus.subscribe([house.hear("a")])
    house.emit(1)
    house.pump()
    house.emit(2)
    again = House(house.engine)
    again.bus.subscribe([again.hear("a"), again.hear("new")])
    again.pump()
    assert [number for hearer, number in again.heard if hearer == "a"] == [2]
    assert [number for hearer, number in again.heard if hearer == "new"] == [1, 2]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(groups=st.lists(st.integers(0, 15), max_size=4), bad=st.sets(st.integers(0, 60)))
def test_whatever_is_refused_each_event_is_handled_exactly_once(house: House, groups: list[int], bad: set[int]) -> None:
    house.heard.clear()
    house.bus.subscribe([house.hear("a", refuse=lambda n: BadInput("no") if n in bad else None)])
    sent = 0
    for size in groups:
        house.emit(*range(sent, sent + size))
        sent += size
        house.pump()
    assert [number for _, number in house.heard] == list(range(sent))
