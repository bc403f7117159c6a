"""Legal time in the demo: at once, or so fast that people can watch; on everybody's clock, and in nobody's machine time."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest

from lintas.cli.demo import story
from lintas.cli.demo.cast import CAST, Cast
from lintas.cli.demo.command import Speed
from lintas.cli.demo.play import Player
from lintas.cli.demo.stage import NodeOnStage, Stage
from lintas.node.clock import ExerciseClock, Pace, write_pace
from lintas.node.config import Config, Home

HOUR = timedelta(hours=1)


def node(cast: Cast) -> NodeOnStage:
    config = Config(authority="xa-asc", jurisdiction="XA", name="A", contact="a desk", ledger_origin="xa.example/log")
    return NodeOnStage(cast, Home(config, Path()), "", "", "", "", "", "", "", "", "", "", Path(), {})


def player(folder: Path, rate: float) -> Player:
    stage = Stage(folder, (node(CAST[0]),), 0)
    write_pace(stage.clock, Pace(since=time.time()))
    world = story.build(1, datetime(2026, 3, 1, tzinfo=UTC))
    said = list[str]()
    return Player(stage, world, human_seconds=0, clock_rate=rate, say=said.append, watch=lambda _node, _bar: None)


@pytest.mark.parametrize("rate", [0.0, 1e6])
def test_two_hours_pass_on_everybodys_clock(tmp_path: Path, rate: float) -> None:
    made = player(tmp_path, rate)
    clock, before = ExerciseClock(made.stage.clock), datetime.now(UTC)
    machine = made.machine_ms()
    asyncio.run(made.let_pass(2, "nobody looks", made.nodes[0]))
    assert clock.now() - before >= 2 * HOUR
    # From then on it goes on like everybody's.
    first = clock.now()
    time.sleep(0.05)
    assert timedelta(milliseconds=50) <= clock.now() - first < HOUR
    assert made.machine_ms() - machine < 1_000
    assert [(step.name, step.node) for step in made.steps] == [("2 hours pass: nobody looks", "xa-asc")]


def test_time_passes_twice(tmp_path: Path) -> None:
    made = player(tmp_path, 0.0)
    clock, before = ExerciseClock(made.stage.clock), datetime.now(UTC)
    for _ in range(2):
        asyncio.run(made.let_pass(1.5, "nobody looks", made.nodes[0]))
    assert 3 * HOUR <= clock.now() - before < 3.1 * HOUR


@pytest.mark.parametrize(
    ("said", "wanted"), [("max", (0.0, 0.0)), ("5000", (2.0, 5000.0)), ("1e6", (2.0, 1e6)), ("real", (2.0, 43_200.0))]
)
def test_how_fast_it_is_played(said: str, wanted: tuple[float, float]) -> None:
    assert Speed().convert(said, None, None) == wanted


@pytest.mark.parametrize("said", ["", "fast", "999", "1000001", "nan", "inf", "-1"])
def test_what_is_no_speed(said: str) -> None:
    with pytest.raises(click.BadParameter):
        Speed().convert(said, None, None)
