"""`lintas telco serve` before it serves: it is told to stop at any moment, and imports what it needs only."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from lintas.cli.main import lintas


def test_told_to_stop_while_it_opens_its_list_it_ends_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(**_: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    # Were the signal not taken, it would end the test itself: this handler says so instead.
    before = signal.signal(signal.SIGTERM, lambda *_: pytest.fail("nobody took the signal"))
    try:
        monkeypatch.setattr("lintas.cli.telco.serve.deciding", slow)
        done = CliRunner().invoke(lintas, ["telco", "serve", "--list", str(tmp_path), "--port", "0"])
        assert (done.exit_code, done.output) == (0, "")
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_list_that_is_built_needs_no_reader_of_tables() -> None:
    code = "import sys, lintas.telco.lists.standing; sys.exit('duckdb' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
