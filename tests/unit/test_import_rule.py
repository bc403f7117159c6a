"""The rule of the house: import downwards only, never sideways, no I/O in pure rooms. Kept, and seen to catch a break."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def _lint(home: Path) -> tuple[int, str]:
    """Run import-linter on the package in ``home``/src with the contracts in ``home``/pyproject.toml."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"],
        cwd=home,
        env={**os.environ, "PYTHONPATH": str(home / "src"), "COLUMNS": "200", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_code_keeps_the_rule() -> None:
    code, said = _lint(ROOT)
    assert code == 0, said
    assert "2 kept, 0 broken" in said


def test_a_planted_sideways_import_is_caught(copy: Path) -> None:
    _plant(copy / "src/lintas/intake/service.py", "from lintas.trace.engine import find as planted  # noqa: F401")
    code, said = _lint(copy)
    assert code == 1
    assert "lintas.intake.service -> lintas.trace.engine.find" in said
    assert "1 kept, 1 broken" in said


def test_a_planted_upward_import_is_caught(copy: Path) -> None:
    _plant(copy / "src/lintas/border/judge.py", "from lintas.requests import rules as planted  # noqa: F401")
    code, said = _lint(copy)
    assert code == 1
    assert "lintas.border.judge -> lintas.requests.rules" in said


def test_a_planted_io_import_in_a_pure_room_is_caught(copy: Path) -> None:
    _plant(copy / "src/lintas/policy/rules.py", "import sqlite3 as planted  # noqa: F401")
    code, said = _lint(copy)
    assert code == 1
    assert "lintas.policy.rules -> sqlite3" in said
    assert "1 kept, 1 broken" in said


def test_a_room_on_no_floor_is_caught(copy: Path) -> None:
    (copy / "src/lintas/attic").mkdir()
    (copy / "src/lintas/attic/__init__.py").write_text('"""A room that no floor names."""\n', "utf-8")
    code, said = _lint(copy)
    assert code == 1
    assert "attic" in said


def test_every_records_and_rules_file_is_under_the_second_contract() -> None:
    contracts = (ROOT / "pyproject.toml").read_text("utf-8")
    for path in sorted((ROOT / "src" / "lintas").glob("*/*.py")):
        room, name = path.parent.name, path.stem
        if name in ("records", "rules"):
            assert f'"lintas.{room}.{name}"' in contracts or f'"lintas.{room}",' in contracts, path


def _plant(path: Path, line: str) -> None:
    path.write_text(path.read_text("utf-8") + f"\n{line}\n", "utf-8")
