"""Who was stopped for asking through numbers is stopped still when the node has started anew, and no longer than before."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from lintas.node.call_book import STOPS, CallBook
from lintas.node.config import Home
from lintas.telco.calls_abroad import CallsAbroad

FIRST = 99_910_000_000


class Moved:
    """A wall clock and a machine's seconds, which begin at nothing with each start."""

    def __init__(self) -> None:
        self.passed, self.since = 0.0, 0.0

    def now(self) -> datetime:
        return datetime(2026, 3, 1, 10, 7, tzinfo=UTC) + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return self.passed - self.since


async def nothing(work: object) -> None:
    """Write nothing."""


def started(root: Path, clock: Moved) -> CallsAbroad:
    """Start a node's part; nothing here asks for its table or its ledger."""
    clock.since = clock.passed
    rest: dict[str, Any] = dict.fromkeys(("judge", "ledger", "ids"))
    calls = CallsAbroad(me="xa-asc", clock=clock, monotonic=clock.monotonic, **rest)
    CallBook(Home(config=cast("Any", None), root=root), calls, nothing)
    return calls


def ask(calls: CallsAbroad, clock: Moved, number: int) -> tuple[str, str]:
    """Ask as a peer, and as an organisation of ours."""
    theirs = calls._theirs.refuse("xb-asc", number, clock.monotonic())
    return theirs, calls._ours.refuse("XATL", "xb-asc", number, clock.monotonic())


def test_a_stop_outlasts_a_restart_and_ends_when_it_was_to(tmp_path: Path) -> None:
    clock = Moved()
    calls = started(tmp_path, clock)
    assert not (tmp_path / STOPS).exists()
    for n in range(80):
        clock.passed = n / 2
        ask(calls, clock, FIRST + n)
    clock.passed += 3600
    again = started(tmp_path, clock)
    assert ask(again, clock, FIRST + 55_001) == ("limited", "limited")
    assert again._theirs.refuse("xc-asc", FIRST + 55_001, clock.monotonic()) == ""
    clock.passed += 3 * 3600 + 60
    assert ask(again, clock, FIRST + 55_101) == ("", "")
    assert ask(started(tmp_path, clock), clock, FIRST + 55_101) == ("", "")
    assert (tmp_path / STOPS).stat().st_mode & 0o077 == 0


def test_a_file_that_cannot_be_read_keeps_no_node_away(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for bad in (b"", b'{"peers": 3}', b'{"peers": {"xb-asc": "soon"}}', b"\xff"):
        (tmp_path / STOPS).write_bytes(bad)
        caplog.clear()
        calls = started(tmp_path, Moved())
        assert ask(calls, Moved(), FIRST) == ("", "")
        assert len(caplog.records) == 1


def test_a_file_never_stops_anybody_for_longer_than_a_stop_lasts(tmp_path: Path) -> None:
    (tmp_path / STOPS).write_text('{"peers": {"xb-asc": "2099-01-01T00:00:00Z"}}')
    clock = Moved()
    calls = started(tmp_path, clock)
    clock.passed = 4 * 3600 + 1
    assert ask(calls, clock, FIRST)[0] == ""
