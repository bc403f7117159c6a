"""How pages show a time, whoever wrote it."""

import pytest

from lintas.console.pages import moment


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        ("2026-03-01T10:07:00Z", "2026-03-01 10:07:00 UTC"),
        ("2026-03-01T10:07:59.999999Z", "2026-03-01 10:07:59 UTC"),
        # A peer may write its own zone, and what is no time at all must not become one.
        ("2026-03-01T18:07:00+08:00", "2026-03-01 10:07:00 UTC"),
        ("2026-03-01T10:07:00", "2026-03-01T10:07:00"),
        ("soon", "soon"),
        ("", ""),
    ],
)
def test_a_time_is_shown_to_the_second_in_utc(at: str, shown: str) -> None:
    assert moment(at) == shown
