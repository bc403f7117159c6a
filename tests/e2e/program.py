"""Runs the program `lintas` as people do: in a process of its own, in a session of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

LINTAS = [sys.executable, "-m", "lintas.cli.main"]


class Ended(NamedTuple):
    """How a run ended."""

    code: int
    out: str
    err: str


def run(*arguments: str | Path, cwd: Path | None = None, stdin: bytes = b"", timeout: float = 180) -> Ended:
    """Run to the end."""
    done = subprocess.run(
        [*LINTAS, *map(str, arguments)], cwd=cwd, input=stdin, capture_output=True, timeout=timeout, check=False
    )
    return Ended(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))


#: Runs many commands in one process, each through the program's own `main`: starting Python is what takes the time.
_MANY = """
import contextlib, io, json, os, sys, traceback
from lintas.cli.main import main
for line in sys.stdin:
    arguments, folder = json.loads(line)
    os.chdir(folder)
    sys.argv = ["lintas", *arguments]
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    code = "no exit"
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as stop:
            code = stop.code
        except BaseException:
            code = traceback.format_exc()
    said = [each.buffer.getvalue().decode("utf-8", "replace") for each in (out, err)]
    print(json.dumps([code, *said]), flush=True)
"""


def run_many(commands: Sequence[Sequence[str | Path]], folder: Path) -> list[Ended]:
    """Run commands one after another in a directory; a code that is no number tells of a crash."""
    lines = "".join(json.dumps([[str(each) for each in command], str(folder)]) + "\n" for command in commands)
    done = subprocess.run(
        [sys.executable, "-c", _MANY], input=lines, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr
    return [Ended(*json.loads(line)) for line in done.stdout.splitlines()]


def start(*arguments: str | Path, log: Path, cwd: Path | None = None) -> subprocess.Popen[bytes]:
    """Start and leave running; what it says goes to a file."""
    with log.open("ab") as out:
        return subprocess.Popen(
            [*LINTAS, *map(str, arguments)],
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )


def processes_with(text: str) -> list[int]:
    """Return the processes whose command line holds a text, e.g. a directory that no other test uses."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue  # it ended meanwhile
            if text.encode() in command:
                found.append(int(entry.name))
    return found
