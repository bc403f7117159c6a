"""An operator's feeds are watched over: who is silent, who speaks again, who says what cannot be read."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.unit.telco.home.operators import AT_HOME, change, settings_in

from lintas.gateway.operator.listening import Listening, Silence, silences
from lintas.gateway.operator.operator import Operator, read_settings
from lintas.telco.home.feeds import lines, queue

FEEDS = """
[[feeds]]
name = "location"
kind = "lines"
path = "events"
silent_s = 60

[[feeds]]
name = "sims"
kind = "lines"
path = "sims"
silent_s = 0
"""


class Hands:
    def __init__(self) -> None:
        self.at = datetime(2026, 3, 1, 10, 7, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


def test_a_feed_that_falls_silent_is_told_once_and_when_it_speaks_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    hands = Hands()
    path = settings_in(tmp_path, FEEDS)
    operator = Operator(read_settings(path), tmp_path, hands)
    listening = Listening(operator)

    def told() -> list[tuple[str, str]]:
        listening.look()
        found = [(each.getMessage(), vars(each)["peer"]) for each in caplog.records if each.levelno == logging.WARNING]
        caplog.clear()
        return found

    hands.at += timedelta(seconds=60)
    assert told() == [] and silences(operator)["location"] == Silence(60, dead=False)
    hands.at += timedelta(seconds=1)
    assert told() == [("a feed is silent", "location")]
    assert silences(operator) == {"location": Silence(61, dead=True), "sims": Silence(61, dead=False)}
    assert told() == []
    spoke = change("assigned", AT_HOME, hands.at.timestamp())
    asyncio.run(operator.keeper.take("location", [spoke]))
    assert told() == [("a feed speaks again", "location")]
    operator.keeper.read("sims", [b"{", b"gone,+1,1"], lines.read)
    assert told() == [("events of a feed cannot be read, and are left out", "sims")]
    assert told() == []
    operator.keeper.close()


def test_a_feeds_server_that_fails_is_named_once_until_it_is_back(caplog: pytest.LogCaptureFixture) -> None:
    async def play() -> None:
        line = queue.Line("core")
        for _ in range(3):
            await line.failed(ConnectionRefusedError())
        await line.back()
        await line.failed(ConnectionRefusedError())

    asyncio.run(play())
    assert [vars(each)["peer"] for each in caplog.records] == ["core"] * 3
