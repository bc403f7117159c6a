"""`lintas telco`: lists built, checked and served by the program itself, and ended by a signal, whatever clients hold open."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from tests.e2e.program import LINTAS, run_many

from lintas.cli.main import lintas
from lintas.model.errors import BadInput

LIST = """number,kind,expires,reason,owner
+99960000,blocked,2090-01-01T00:00:00Z,parcel scam,XATL
+99960001,protected,2090-01-01T00:00:00Z,ministry,XA-ASC
+99960100-+99960199,unallocated,2090-01-01T00:00:00Z,plan,XA-REG
letters,blocked,2090-01-01T00:00:00Z,,XATL
"""


class Served:
    """`lintas telco serve` in a process of its own."""

    def __init__(self, where: Path, *more: object) -> None:
        self.process = subprocess.Popen(
            [*LINTAS, "telco", "serve", "--list", str(where), "--port", "0", *map(str, more)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        assert self.process.stdout is not None
        self.ready = self.process.stdout.readline().split()
        self.url = self.ready[1]
        self.port = int(self.url.rpartition(":")[2])

    def end(self, by: signal.Signals) -> tuple[int, float, str]:
        """Send a signal; returns the exit code, how long it took, and what was said on standard error."""
        began = time.monotonic()
        self.process.send_signal(by)
        _, said = self.process.communicate(timeout=60)
        return self.process.returncode, time.monotonic() - began, said


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "list.csv").write_text(LIST)
    return tmp_path / "list.csv"


def test_built_checked_and_refused(source: Path, tmp_path: Path) -> None:
    out, csv = tmp_path / "list", source
    (tmp_path / "notes.csv").write_text("hello\n")
    check = ["telco", "check"]
    ended = run_many(
        [
            ["telco", "list", "build", "--list", csv, "--out", out],
            [*check, "+99960000", "--list", out, "--json"],
            [*check, "0099960000", "--list", out],
            [*check, "+99960000", "--list", csv, "--json"],
            [*check, "+99960150", "--list", out],
            [*check, "+99960001", "--list", out / "base", "--json"],
            [*check, "+99990000", "--list", out],
            ["telco", "list", "compact", "--list", out],
            [*check, "letters", "--list", out],
            [*check, "+99960000", "--list", tmp_path / "none"],
            [*check, "+99960000", "--list", tmp_path / "notes.csv"],
            ["telco", "serve", "--list", tmp_path / "notes.csv", "--port", "0"],
            ["telco", "list", "build", "--list", tmp_path / "notes.csv", "--out", out],
            [*check, "+99960000", "--list", out, "--json"],
        ],
        tmp_path,
    )
    assert [each.code for each in ended] == [0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 2, 2, 2, 0], ended
    assert "line 5 is left out" in ended[0].err
    assert ended[0].out.startswith("2 numbers and 1 ranges in ")
    verdict = json.loads(ended[1].out)
    assert (verdict["verdict"], verdict["evidence"], verdict["action"]) == ("fail", "listed", "block")
    assert verdict["id"] in ended[2].out
    assert "parcel scam" in ended[2].out
    assert json.loads(ended[3].out)["action"] == "block"
    assert "unallocated" in ended[4].out
    assert json.loads(ended[5].out)["action"] == "allow"
    assert "is not listed" in ended[6].out
    assert all(len(each.err.splitlines()) == 1 for each in ended if each.code == 2), ended
    assert json.loads(ended[-1].out) == verdict, "what could not be built harms nothing"


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_soon_with_connections_open_and_under_load(source: Path, by: signal.Signals) -> None:
    served = Served(source)
    idle = [socket.create_connection(("127.0.0.1", served.port)) for _ in range(20)]
    half = socket.create_connection(("127.0.0.1", served.port))
    half.sendall(b"POST /telco/v1/check HTTP/1.1\r\ncontent-length: 99\r\n\r\n{")
    deaf = socket.create_connection(("127.0.0.1", served.port))
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.setblocking(False)
    request = b"GET /telco/v1/check/+99960000 HTTP/1.1\r\nhost: x\r\n\r\n"
    try:
        while True:
            deaf.send(request * 100)
    except BlockingIOError:
        pass
    answered, stop = [0], threading.Event()

    def load() -> None:
        with httpx.Client(base_url=served.url) as client:
            while not stop.is_set():
                try:
                    assert client.get("/telco/v1/check/+99960000").json()["action"] == "block"
                    answered[0] += 1
                except httpx.HTTPError:
                    return

    thread = threading.Thread(target=load)
    thread.start()
    while answered[0] < 50:
        time.sleep(0.01)
    code, seconds, said = served.end(by)
    stop.set()
    thread.join(5)
    for each in (*idle, half, deaf):
        each.close()
    assert code == 0
    assert seconds < 10
    assert "Traceback" not in said
    assert "line 5 is left out" in said


def test_a_taken_port_is_one_line(source: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "lintas.cli.main", "telco", "serve", "--list", source, "--port", str(port)],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert done.returncode != 0
    assert "cannot be opened" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_a_list_on_trial_is_counted_renewed_and_does_nothing(source: Path, tmp_path: Path) -> None:
    watch, head = tmp_path / "watch", "number,kind,expires,reason,owner\n"

    def build(number: int) -> None:
        (tmp_path / "watch.csv").write_text(f"{head}+{number},blocked,2090-01-01T00:00:00Z,on trial,XA-ASC\n")
        args = ["telco", "list", "build", "--list", str(tmp_path / "watch.csv"), "--out", str(watch)]
        assert CliRunner().invoke(lintas, args).exit_code == 0

    build(99960500)
    served = Served(source, "--watch", watch)
    try:
        with httpx.Client(base_url=served.url) as client:

            def shadows() -> int:
                """Ask about a number of either list, whatever follows; returns how many were on trial."""
                body = {"numbers": ["+99960000", "+99960500", "+99960600"]}
                answers = client.post("/telco/v1/check", json=body).json()
                assert [each["action"] for each in answers] == ["block", "allow", "allow"]
                assert client.get("/telco/v1/check/+99960600").json()["verdict"] == "unknown"
                rows = client.get("/telco/v1/counters").json()
                found = [row for row in rows if row.get("shadow")]
                assert {(row["action"], row["kind"]) for row in found} == {("block", "blocked")}
                return sum(row["count"] for row in found)

            assert shadows() == 1
            head_before = client.get("/healthz").json()["watch"]["head"]
            build(99960600)
            end = time.monotonic() + 10
            while client.get("/healthz").json()["watch"]["head"] == head_before and time.monotonic() < end:
                time.sleep(0.05)
            assert shadows() == 3, "one from before, two of the newer list"
            assert client.get("/healthz").json()["verdicts"] == 8
    finally:
        code, _, _ = served.end(signal.SIGTERM)
    assert code == 0
    refused = CliRunner().invoke(
        lintas, ["telco", "serve", "--list", str(source), "--port", "0", "--watch", str(tmp_path / "x")]
    )
    assert refused.exit_code != 0


def test_it_says_whose_policy_decides(source: Path) -> None:
    served = Served(source, "--jurisdiction", "gb")
    try:
        assert served.ready[2:] == ["policy", "uk", "in", "GB"]
        assert httpx.get(f"{served.url}/healthz").json()["policy"] == "uk in GB"
    finally:
        served.end(signal.SIGTERM)
    for wrong in (["--jurisdiction", "ph"], ["--preset", "uk"]):
        refused = CliRunner().invoke(lintas, ["telco", "serve", "--list", str(source), "--port", "0", *wrong])
        assert isinstance(refused.exception, BadInput), wrong
