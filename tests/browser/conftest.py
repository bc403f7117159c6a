"""The console in a real Chromium, before two real nodes: one browser and one stage for each worker."""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Browser
from tests.browser.chromium import NoChromium, OneBrowser
from tests.browser.plays import Played
from tests.browser.seats import Seat, sit
from tests.e2e.people import Running

from lintas.cli.demo import stage, story
from lintas.cli.demo.cast import CAST

THEFTS = 30
#: How a person types, thinks and looks up included.
SECONDS_A_KEY = 0.2
_HERE = os.sep + os.path.join("tests", "browser") + os.sep
_ONE = OneBrowser()
Sit = Callable[..., Seat]


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("seen")
    world = story.build(12, datetime.now(UTC).replace(microsecond=0), thefts=THEFTS, order=CAST[:2])
    with stage.set_stage(folder, world) as on:
        made = Running(on, world, folder)
        yield made
        made.close()
    assert made.faults() == []


@pytest.fixture
def chromium() -> Browser:
    try:
        return _ONE.get()
    except NoChromium as why:
        pytest.skip(f"NOT RUN: {why}")


@pytest.fixture
def seats(chromium: Browser) -> Iterator[Sit]:
    """Give browsers to people; none of them may have complained of anything."""
    taken: list[Seat] = []

    def take(*words: object, **how: object) -> Seat:
        taken.append(sit(chromium, *words, **how))  # type: ignore[arg-type] # as `sit` takes them
        return taken[-1]

    yield take
    troubles = [trouble for seat in taken for trouble in seat.troubles]
    for seat in taken:
        seat.context.close()
    assert troubles == []


@pytest.fixture
def play(running: Running) -> Played:
    return Played(running)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    yield
    if nextitem is None or _HERE not in str(nextitem.path):
        _ONE.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show the jobs' seconds and keys, the first load, how long all of it took; and loudly when there was no browser."""
    out = terminalreporter
    reports = [
        each
        for listed in out.stats.values()
        for each in listed
        if isinstance(each, pytest.TestReport) and each.nodeid.startswith("tests/browser/")
    ]
    told: dict[str, Any] = {
        name: value for each in reports if each.when == "call" for name, value in each.user_properties if value
    }
    jobs = [value for name, value in told.items() if name.startswith("job ")]
    if jobs:
        out.section("jobs by keyboard alone, real Chromium", sep="-")
        out.write_line(f"{'job':<58} {'seconds':>8} {'keys':>5} {'at 200 ms a key':>16}")
        for job, seconds, keys in jobs:
            out.write_line(f"{job:<58} {seconds:8.1f} {keys:5d} {keys * SECONDS_A_KEY:14.0f} s")
    for name, value in told.items():
        if not name.startswith("job "):
            out.write_line(f"{name}: {value}")
    if reports:
        out.write_line(f"tests/browser took {sum(each.duration for each in reports):.0f} s of one worker's time")
    if missed := [each for each in out.stats.get("skipped", []) if "NOT RUN: " in str(each.longrepr)]:
        why = str(missed[0].longrepr).split("NOT RUN: ", 1)[1].rstrip("')")
        out.write_line(f"BROWSER TESTS NOT RUN ({len(missed)}): {why}", red=True, bold=True)
