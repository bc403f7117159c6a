"""`lintas intake extract`: its stable shape, and every bad line refused in one line with exit code 2."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

REPORT = {"id": "r1", "text": "My number is +999 555 010 001, he called from +999 555 010 002", "jurisdiction": "xa"}


def run(*arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    program = [sys.executable, "-c", "from lintas.cli.main import main; main()", "intake", "extract", *arguments]
    return subprocess.run(program, input=given, capture_output=True, timeout=60, check=False)


def lines(*reports: object) -> bytes:
    return b"".join(json.dumps(report, ensure_ascii=False).encode() + b"\n" for report in reports)


def test_answers_each_line_in_the_documented_shape() -> None:
    done = run(
        given=b"\xef\xbb\xbf" + lines(REPORT, {"id": 2, "text": "nothing here", "country": "MY", "extra": [1]}) + b"\n"
    )
    assert (done.returncode, done.stderr) == (0, b"")
    first, second = map(json.loads, done.stdout.splitlines())
    assert second == {"id": 2, "identifiers": []}
    assert first["id"] == "r1"
    assert [(one["type"], one["value"], one["role"]) for one in first["identifiers"]] == [
        ("phone", "+999555010001", "victim"),
        ("phone", "+999555010002", "suspect"),
    ]
    for one in first["identifiers"]:
        assert {"type", "value", "start", "end", "role", "confidence"} <= one.keys()
        assert REPORT["text"][one["start"] : one["end"]].replace(" ", "") == one["value"]


def test_reads_a_file_and_country_as_jurisdiction(tmp_path: Path) -> None:
    file = tmp_path / "reports.jsonl"
    file.write_bytes(lines({"id": "a", "text": "ring 016-222 3344", "country": "my"}))
    done = run(str(file))
    assert json.loads(done.stdout)["identifiers"][0]["value"] == "+60162223344"


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (b'{"id":1,"text":"\xff"}', "not UTF-8"),
        (b'{"id":1,"text":"a"', "not JSON"),
        (b"[1,2]", "Expected `object`, got `array`"),
        (b'"text"', "Expected `object`, got `str`"),
        (b'{"id":1}', "`text`"),
        (b'{"id":1,"text":5}', "Expected `str`, got `int`"),
        (b'{"id":{},"text":"a"}', "$.id"),
        (b'{"id":1,"text":"\\ud800"}', "not JSON"),
        (b'{"id":1,"text":"a","jurisdiction":"ZZ"}', "unknown jurisdiction"),
        (b'{"id":1,"text":"' + b"a" * 100_001 + b'"}', "100,001 characters"),
        (b'{"id":1,"text":"' + b"a" * 10_000_000 + b'"}', "2,000,000 bytes"),
        (b'{"id":1,"text":"a","x":' + b"[" * 500_000 + b"]" * 500_000 + b"}", "nested too deeply"),
    ],
)
def test_a_bad_line_is_one_clear_error_and_the_lines_before_it_are_answered(
    tmp_path: Path, bad: bytes, said: str
) -> None:
    file = tmp_path / "reports.jsonl"
    file.write_bytes(lines(REPORT) + bad + b"\n")
    done = run(str(file))
    message = done.stderr.decode()
    assert done.returncode == 2
    assert said in message
    assert f"{file}:2" in message
    assert message.count("\n") == 1
    assert "Traceback" not in message
    assert json.loads(done.stdout)["id"] == "r1"


def test_a_missing_file_is_bad_usage() -> None:
    done = run("no-such-file.jsonl")
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr


def test_empty_input_gives_empty_output() -> None:
    done = run(given=b"\n\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
