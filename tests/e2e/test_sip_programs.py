"""Programs of others against the SIP face: sipp calls it, Kamailio asks it; and calls go on while it hangs."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCENARIO = ROOT / "bench" / "sip" / "invite.xml"
BORDER = ROOT / "deploy" / "kamailio" / "kamailio.cfg"
PATIENCE = 60.0


def need(*programs: str) -> None:
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed: the SIP face was not tried with it")


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextlib.contextmanager
def ending(*command: str, **more: object) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, **more)  # type: ignore[call-overload]
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGCONT)
        process.terminate()
        process.communicate(timeout=PATIENCE)


@contextlib.contextmanager
def serving(directory: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run the SIP face with one caller of ``calls`` blocked and the other on trial."""
    for name, number in (("list", "+9992110000001"), ("watch", "+9992110000002")):
        row = f"{number},blocked,2030-01-01T00:00:00Z,fraud,xa"
        (directory / f"{name}.csv").write_text(f"number,kind,expires,reason,owner\n{row}\n", "utf-8")
    lists = ["--list", str(directory / "list.csv"), "--watch", str(directory / "watch.csv")]
    command = [sys.executable, "-m", "lintas.cli.main", "telco", "sip", *lists, "--sip", "127.0.0.1:0"]
    with ending(*command, env=os.environ | {"PYTHONUNBUFFERED": "1"}) as process:
        assert process.stdout is not None
        yield process, int(process.stdout.readline().rpartition(":")[2])


def calls(directory: Path, port: int, *, count: int, rate: int) -> list[float]:
    """Call with sipp, every other caller listed; returns each call's milliseconds until its final answer."""
    (directory / "calls.csv").write_text("SEQUENTIAL\n2110000001;0000001\n2110000002;0000002\n", "ascii")
    command = [
        "sipp",
        f"127.0.0.1:{port}",
        "-sf",
        str(SCENARIO),
        "-inf",
        "calls.csv",
        "-i",
        "127.0.0.1",
        "-p",
        str(free_port()),
    ]
    command += ["-r", str(rate), "-m", str(count), "-nostdin", "-trace_rtt", "-rtt_freq", "1", "-timeout", "15s"]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
    (rtt,) = directory.glob("invite_*_rtt.csv")
    rows = rtt.read_text("ascii").splitlines()[1:]
    rtt.unlink()
    return [float(row.split(";")[1]) for row in rows]


def test_sipp_hears_every_answer(tmp_path: Path) -> None:
    need("sipp")
    with serving(tmp_path) as (server, port):
        assert len(calls(tmp_path, port, count=200, rate=500)) == 200
        server.terminate()
        assert server.stdout is not None
        counts = server.stdout.read().split()
        assert {"calls=200", "block=100", "allow=100", "would_block=100"} <= set(counts)


def test_kamailio_asks_and_goes_on_while_nobody_answers(tmp_path: Path) -> None:
    need("sipp", "kamailio")
    border, next_hop = free_port(), free_port()
    onward = ["sipp", "-sf", str(SCENARIO.with_name("onward.xml")), "-i", "127.0.0.1", "-p", str(next_hop), "-nostdin"]
    with serving(tmp_path) as (server, port), ending(*onward, cwd=tmp_path):
        define = {
            "LISTEN_ADDRESS": f"udp:127.0.0.1:{border}",
            "LINTAS_SIP": f'"sip:127.0.0.1:{port}"',
            "NEXT_HOP": f'"sip:127.0.0.1:{next_hop}"',
            "CHILDREN": "2",
        }
        options = [each for name, value in define.items() for each in ("-A", f"{name}={value}")]
        run = tmp_path / "run"
        run.mkdir()
        kamailio = ["kamailio", "-f", str(BORDER), "-DD", "-E", "-Y", str(run), "-w", str(run), "-m", "32", *options]
        with ending(*kamailio):
            _listens(border)
            assert len(calls(tmp_path, border, count=100, rate=200)) == 100
            server.send_signal(signal.SIGSTOP)
            took = calls(tmp_path, border, count=300, rate=200)
            assert len(took) == 300
            assert sum(each > 250 for each in took) > 10, "the first waited for the deadline"
            assert sum(each < 250 for each in took) > 50, "then the breaker opened"
            server.send_signal(signal.SIGCONT)


def test_both_ways_to_ask_are_valid_configurations() -> None:
    need("kamailio")
    names = ("DEADLINE=200", "DEADLINE_AFTER_TRYING=100", "BREAKER_FAILURES=5", "BREAKER_SECONDS=3", "CHILDREN=2")
    numbers = [each for name in names for each in ("-A", name)]
    for way in ([], ["-A", "LOOKUP_HTTP"], numbers):
        done = subprocess.run(["kamailio", "-c", "-f", str(BORDER), *way], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def _listens(port: int) -> None:
    ping = (
        "OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKp;rport\r\nTo: <sip:127.0.0.1>\r\n"
    )
    ping += (
        "From: <sip:a@b.example>;tag=1\r\nCall-ID: p\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 9\r\nContent-Length: 0\r\n\r\n"
    )
    end = time.monotonic() + PATIENCE
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(0.1)
        asking.connect(("127.0.0.1", port))
        while time.monotonic() < end:
            with contextlib.suppress(OSError):
                asking.send(ping.encode())
                if asking.recv(4096).startswith(b"SIP/2.0 200"):
                    return
            time.sleep(0.02)
    raise AssertionError("Kamailio does not listen")
