"""The benchmarks run, on tiny sizes, and their table tells a missed bar from a met one."""

import importlib
import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import bench
import pytest
from bench import border, saved, start
from bench.__main__ import line, names

ROOT = Path(__file__).parents[3]


def test_every_benchmark_can_be_measured() -> None:
    found = names()
    assert {"border", "ledger", "policy", "saved", "start", "stop", "story", "trace"} <= set(found)
    for name in found:
        assert callable(importlib.import_module(f"bench.{name}").measure), name


@pytest.mark.parametrize(
    ("figure", "unit", "bar", "met"),
    [
        (999.9, "objects/s", 1_000.0, False),
        (1_000.0, "objects/s", 1_000.0, True),
        (15.1, "ms", 15.0, False),
        (15.0, "ms", 15.0, True),
        (99.0, "x", 100.0, False),
        (7.0, "ms", None, True),
    ],
)
def test_more_is_better_for_rates_only(figure: float, unit: str, bar: float | None, met: bool) -> None:
    row = bench.row("something", figure, unit, bar)
    assert row == ("something", figure, unit, bar, met)
    shown = line(row)
    assert ("MISSED" in shown) is not met
    assert (shown.endswith("ok")) is (met and bar is not None)


def test_median_is_of_the_runs_asked_for() -> None:
    taken = iter([9.0, 1.0, 2.0])
    assert bench.median_of(3, lambda: next(taken)) == 2.0
    assert next(taken, None) is None


def test_one_core_is_given_back() -> None:
    before = os.sched_getaffinity(0)
    with bench.one_core() as core:
        assert os.sched_getaffinity(0) == {core}
    assert os.sched_getaffinity(0) == before


def test_border_figures_on_tiny_sizes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, size in {"OBJECTS": 8, "ENVELOPES": 2, "RUNS": 1, "URGENT": 2}.items():
        monkeypatch.setattr(border, name, size)
    rows = border.measure(tmp_path)
    assert len(rows) == 7
    assert all(name.startswith("border: ") and figure > 0 for name, figure, *_ in rows)
    assert [bar for *_, bar, _ in rows] == [1_000.0, 1_000.0, None, 15.0, None, None, None]
    assert list(tmp_path.iterdir()) == []


def test_a_simulation_says_the_same_for_one_seed_and_haste_never_saves_less() -> None:
    shares = saved.table(thefts=6)
    assert shares == saved.table(thefts=6) != saved.table(thefts=6, seed=2)
    for variant in saved.SETTINGS["dwell"]:
        lines = [shares[variant, rail] for rail in saved.SETTINGS["rails"]]
        for falling in lines:
            assert falling == sorted(falling, reverse=True)
            assert 0 <= falling[-1] <= falling[0] <= 1
        for slower, faster in itertools.pairwise(lines):
            assert all(one <= other for one, other in zip(slower, faster, strict=True))
    assert saved.draw(shares).count("<polyline") == len(saved.SETTINGS["rails"])


def test_profile_names_the_rooms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(border, "OBJECTS", 4)
    said = border.profile(tmp_path, envelopes=2)
    assert "lintas.border" in said
    assert "sqlalchemy" in said


@pytest.mark.parametrize(
    "clone", ["/home/officer", "/home/lintas", "/srv/lintas/src", "/src/lintas", "/srv/src/lintas/src/lintas"]
)
def test_rooms_are_found_wherever_the_clone_lies(clone: str) -> None:
    assert border.room_of(f"{clone}/src/lintas/border/service.py") == "lintas.border"
    assert border.room_of(f"{clone}/.venv/lib/python3.11/site-packages/sqlalchemy/engine/base.py") == "sqlalchemy"
    assert border.room_of("~") == "built in"


def test_file_system_is_named(tmp_path: Path) -> None:
    assert border.file_system(Path("/proc/self")) == "proc"
    assert border.file_system(tmp_path.resolve()) != "proc"


def test_help_is_timed_and_memory_is_read() -> None:
    assert 0 < start.help_seconds() < 30
    assert 5 < start.resident_mb(os.getpid()) < 5_000


def test_command_writes_the_figures_and_fails_on_a_missed_bar(tmp_path: Path) -> None:
    tiny = "import bench.policy as p, sys, runpy; p.ROUNDS, p.BAR_MS = 50, float(sys.argv.pop(1)); "
    for bar, code in (("1e9", 0), ("0.0", 1)):
        out = tmp_path / f"{code}.json"
        script = tiny + "runpy.run_module('bench', run_name='__main__')"
        ran = subprocess.run(
            [sys.executable, "-c", script, bar, "policy", "--json", str(out)], cwd=ROOT, capture_output=True, text=True
        )
        assert ran.returncode == code, ran.stderr
        assert ("MISSED" in ran.stdout) is bool(code)
        document = json.loads(out.read_text("utf-8"))
        assert document["machine"]["cores"] >= 1
        assert [row["ok"] for row in document["figures"]] == [not code] * 3


def test_command_refuses_an_unknown_name() -> None:
    ran = subprocess.run([sys.executable, "-m", "bench", "nonsense"], cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 2
    assert "there is no benchmark 'nonsense'" in ran.stderr
