"""A checkout installs with pip alone, on a machine without Node, and the program runs with its browser files."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
MADE_HERE = shutil.ignore_patterns(".git", ".venv", ".*_cache", "__pycache__", "node_modules", ".built", "built")
SHOW = "from lintas.console import assets; print(*(assets.built().joinpath(f).is_file() for f in assets.manifest().values()))"


def test_a_checkout_installs_without_node(tmp_path: Path) -> None:
    checkout, fresh, nothing = tmp_path / "checkout", tmp_path / "fresh", tmp_path / "nothing"
    shutil.copytree(ROOT, checkout, ignore=MADE_HERE)
    nothing.mkdir()
    subprocess.run([sys.executable, "-m", "venv", fresh], check=True)
    env = os.environ | {"PATH": str(nothing)}
    env.pop("PYTHONPATH", None)

    def run(*words: str | Path) -> str:
        done = subprocess.run(words, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    python = fresh / "bin/python"
    # What it needs at run time is the locked set; `pip check` says whether that is all that the package asks for.
    run(python, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", checkout / "requirements/run.txt")
    run(python, "-m", "pip", "install", "--quiet", "--no-deps", checkout)
    run(python, "-m", "pip", "check")
    assert run(fresh / "bin/lintas", "--help").startswith("Usage: lintas ")
    assert run(python, "-c", SHOW) == "True True True\n"
