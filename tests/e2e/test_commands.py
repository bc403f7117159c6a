"""Every command with bad input: one line on standard error, exit 2 (1 where the answer is no), never a traceback."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.e2e.program import Ended, run, run_many

from lintas.cli.main import COMMANDS

ISSUER = "data.xa.example+39045963+AZvQa/YgVoLXNAiSsZlI1TBfWNePC35njpWvoKvbAp32"
WHOSE = ("--owner", "XA", "--contest", "https://desk.xa.example/contest?id=")
GARBAGE = {
    "empty": b"",
    "binary": bytes(range(256)) * 40,
    "text": "שלום \u202e not what was asked for\n".encode() * 50,
    "json": b'{"a": [1, 2, {"b": null}]}\n',
    "deep": b"[" * 200_000,
    "entities": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;&b;">]><a>&c;</a>',
}


def told(ended: Ended, code: int = 2) -> str:
    """Check that a run ended with one line of ours; returns it."""
    assert ended.code == code, ended
    assert "Traceback" not in ended.err
    assert "a fault in lintas itself" not in ended.err, ended.err
    lines = [line for line in ended.err.splitlines() if line.strip() and not line.startswith(("Usage:", "Try "))]
    assert len(lines) == 1, ended.err
    return lines[0]


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files and directories of every wrong kind."""
    root = tmp_path_factory.mktemp("places")
    found = {"missing": root / "no" / "such", "directory": root / "directory", "pipe": root / "pipe"}
    found["directory"].mkdir()
    for name, data in GARBAGE.items():
        found[name] = root / f"{name}.xml"
        found[name].write_bytes(data)
    return found


def reading(place: Path, out: Path) -> list[list[str | Path]]:
    """Return every command that reads a file, reading this one."""
    return [
        ["intake", "extract", place],
        ["trace", "index", "--transfers", place, "--out", out],
        ["trace", "run", "--index", place, "--transfer", "t-1"],
        ["ledger", "verify", place, "--policy", place],
        ["ledger", "prove", "0", "--out", out, "--path", place],
        ["ledger", "check-proof", place, place, "--policy", place],
        ["policy", "test", place],
        ["policy", "explain", place, "--to", "xb-asc"],
        ["charter", "check", place, "--pin", "ab" * 32],
        ["charter", "rotate", "--revoke-at", "now", "--config", place, "--out", out],
        ["charter", "revoke", "0" * 16, "--config", place, "--out", out],
        ["peer", "list", "--config", place],
        ["peer", "sever", "xb-asc", "--reason", "why not", "--key-file", place, "--config", place],
        ["approval", "show", place, "--issuer", ISSUER],
        ["approval", "list", "--config", place],
        ["bank", "serve", "--config", place],
        ["witness", "serve", "--config", place],
        ["serve", "--config", place],
        ["db", "upgrade", "--config", place],
        ["db", "backup", out, "--config", place],
        ["db", "restore", place, "--config", place],
        ["telco", "export", "--entries", place, "--format", "rpz", "--out", out, *WHOSE],
        ["telco", "url", "example.xa", "--entries", place],
        ["telco", "sender", "XATLBank", "--registry", place, "--jurisdiction", "xa"],
    ]


#: What a reader of JSON Lines may rightly find nothing wrong with.
FINE = {("intake", "empty"), ("telco", "empty")}


@pytest.mark.parametrize("kind", ["missing", "directory", *GARBAGE])
def test_what_cannot_be_read_is_told_in_one_line(places: dict[str, Path], tmp_path: Path, kind: str) -> None:
    commands = reading(places[kind], tmp_path / "out")
    for command, ended in zip(commands, run_many(commands, tmp_path), strict=True):
        if (command[0], kind) in FINE:
            assert ended.code == 0
            continue
        assert ended.code in (1, 2), (command, ended)
        told(ended, ended.code)
        if kind in ("missing", "directory"):
            assert ended.code == 2, (command, ended)


def test_outputs_that_cannot_be_written_are_told_in_one_line(places: dict[str, Path], tmp_path: Path) -> None:
    transfers = tmp_path / "transfers.csv"
    transfers.write_text("time,sender,receiver,amount_minor,currency\n2026-03-01T10:00:00Z,a,b,5,XAK\n")
    below = places["text"] / "below"
    commands: list[list[str | Path]] = [
        ["trace", "index", "--transfers", transfers, "--out", below],
        ["init", below, "--jurisdiction", "xa", "--authority", "A"],
        ["witness", "init", "--config", below, "--name", "w.example/w"],
        ["demo", "--headless", "--dir", below],
        ["telco", "export", "--entries", places["empty"], "--format", "rpz", "--out", below, *WHOSE],
    ]
    for ended in run_many(commands, tmp_path):
        told(ended)


BAD_USAGE: list[list[str]] = [
    ["nothing"],
    ["serve", "--nothing"],
    ["demo", "--speed", "slow"],
    ["demo", "--seed", "one"],
    ["init", "x"],
    ["init", "x", "--jurisdiction", "zz", "--authority", "A"],
    ["init", "x", "--jurisdiction", "xa", "--authority", "A", "--port", "99999"],
    ["init", "x", "--jurisdiction", "xa", "--authority", "A", "--host", "not a host"],
    ["init", "x", "--jurisdiction", "xa", "--authority", "A", "--policy", "missing.yaml"],
    ["trace", "run", "--index", "x"],
    ["ledger", "prove", "-1", "--out", "x"],
    ["ledger", "verify", "gopher://x.example/", "--policy", "x"],
    ["charter", "check", "x", "--pin", "short"],
    ["charter", "rotate", "--out", "x"],
    ["peer", "sever", "xb-asc"],
    ["peer", "trust", "xb-asc"],
    ["witness", "init", "--config", "x", "--name", "two words"],
    ["policy", "explain", "x"],
    ["telco", "url", "example.xa"],
    ["telco", "url", "javascript:x", "--entries", "x"],
    ["telco", "url", "example.xa", "--server", "ftp://x.example/"],
    ["telco", "sender", "X", "--registry", "x", "--jurisdiction", "zz"],
    ["telco", "export", "--entries", "x", "--format", "nothing", "--out", "y", *WHOSE],
    ["telco", "names", "--entries", "x", "--owner", "X", "--contest", "javascript:x"],
    ["telco", "names", "--entries", "x", *WHOSE, "--port", "0"],
]


def test_bad_usage_is_told_in_one_line(tmp_path: Path) -> None:
    for arguments, ended in zip(BAD_USAGE, run_many(BAD_USAGE, tmp_path), strict=True):
        told(ended)
        assert list(tmp_path.iterdir()) == [], arguments


def test_help_lists_every_command_and_comes_quickly() -> None:
    seconds = []
    for _ in range(5):
        began = time.monotonic()
        ended = run("--help")
        seconds.append(time.monotonic() - began)
        assert ended.code == 0
        for name in COMMANDS:
            assert f"  {name} " in ended.out
    # The bar of half a second is held by the bench; here only that nothing heavy crept in, whatever else the machine does.
    assert min(seconds) <= 1.0


def test_every_command_explains_itself(tmp_path: Path) -> None:
    for ended in run_many([[name, "--help"] for name in COMMANDS], tmp_path):
        assert ended.code == 0
        assert ended.out.startswith("Usage:")
        assert ended.err == ""


def test_a_fresh_process_tells_bad_input_the_same_way(places: dict[str, Path]) -> None:
    told(run("serve", "--config", places["missing"]))
    told(run("intake", "extract", places["binary"]))


def test_the_readers_that_leave_early_hear_nothing(tmp_path: Path) -> None:
    reports = tmp_path / "reports.jsonl"
    reports.write_text('{"id": "1", "text": "call +99912345678"}\n' * 5_000)
    command = f'"{sys.executable}" -m lintas.cli.main intake extract "{reports}" | head -n 1'
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    assert done.stdout.count("\n") == 1


def test_a_bad_line_is_named_and_those_before_it_are_answered() -> None:
    ended = run("intake", "extract", stdin=b'{"id": 1, "text": "see https://a.example/x"}\n{"id": 2}\n')
    assert "standard input:2" in told(ended)
    assert ended.out.count("\n") == 1
