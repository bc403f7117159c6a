"""Calls answered in SIP: how many, at what cost, beside Kamailio; and through Kamailio, also while the look-up service hangs.

`python -m bench.telco_sip --soak` calls lintas for 60 seconds instead of 10.
"""

import argparse
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench import Figure, row
from lintas.cli.telco import COMMANDS

HERE = Path(__file__).parent
SCENARIO, ONWARD, REDIRECT = (HERE / "sip" / name for name in ("invite.xml", "onward.xml", "redirect.cfg"))
BORDER = HERE.parent / "deploy" / "kamailio" / "kamailio.cfg"

CALLS_PER_SECOND, SECONDS, SOAK_SECONDS = 4000, 5, 60
#: Each server is called so often, in turns with the others: what else the machine does meets all of them.
ROUNDS, WARM_SECONDS = 3, 1
FRONT_PER_SECOND = 500
#: When the look-up service is stopped in the middle of a run.
HANGS_AFTER = 2.0
CPU_BAR, FAST_MS, ANSWERED_MS, SHARE_BAR = 60.0, 5.0, 500.0, 1.0
PATIENCE_SECONDS = 60.0


class Calls(NamedTuple):
    """What sipp saw: calls answered, INVITEs sent again, calls failed, seconds, milliseconds to each final answer."""

    answered: int
    again: int
    failed: int
    seconds: float
    took: list[float]

    def slower(self, milliseconds: float) -> float:
        """Return which share (in per cent) of all calls was not answered in this time."""
        total = self.answered + self.failed
        return 100.0 * (total - sum(each < milliseconds for each in self.took)) / total

    def at(self, share: float) -> float:
        """Return the milliseconds at a quantile."""
        return sorted(self.took)[min(len(self.took) - 1, int(share * len(self.took)))]


def measure(seconds: int = SECONDS) -> list[Figure]:
    """Return the rows; without sipp or Kamailio nothing can be measured."""
    missing = [program for program in ("sipp", "kamailio") if shutil.which(program) is None]
    if missing:
        print(f"  (telco_sip: {', '.join(missing)} not installed, nothing measured)")
        return []
    with tempfile.TemporaryDirectory(prefix="lintas-bench-") as name:
        scratch = Path(name)
        (scratch / "calls.csv").write_text(
            "SEQUENTIAL\n" + "".join(f"21100{n:05};{n:07}\n" for n in range(2000)), "ascii"
        )
        # Every fourth caller is listed.
        listed = "".join(f"+99921100{n:05},blocked,2030-01-01T00:00:00Z,fraud,xa\n" for n in range(0, 2000, 4))
        (scratch / "list.csv").write_text(f"number,kind,expires,reason,owner\n{listed}", "ascii")
        return [
            *_alone(scratch, seconds),
            *_through(scratch, "SIP"),
            *(_through(scratch, "HTTP") if "serve" in COMMANDS else ()),
        ]


def _alone(scratch: Path, seconds: int) -> list[Figure]:
    """Call lintas, a bare endpoint of its event loop, and Kamailio redirecting by itself: on one core, in turns, all warm."""
    port, core = _free_port(), {max(os.sched_getaffinity(0))}
    listens = {"LISTEN_ADDRESS": f"udp:127.0.0.1:{port}"}
    with _lintas(scratch) as ours, _echo(scratch) as echo, _kamailio(scratch, REDIRECT, listens, cores=core) as peer:
        servers = [ours, echo, (peer, port)]
        for _, each in servers:
            _call(scratch, each, CALLS_PER_SECOND, WARM_SECONDS)
        rounds = [[_spent(scratch, *each, seconds) for each in servers] for _ in range(ROUNDS)]
    calls = [calls for (calls, _), *_ in rounds]
    lintas, bare, kamailio = ([one[at][1] for one in rounds] for at in range(3))
    name = f"sip: {CALLS_PER_SECOND:,} calls/s for {seconds} s over UDP, server on one core:"
    same = "sip: the same, in turns:"
    return [
        row(f"{name} sent again or failed", sum(each.again + each.failed for each in calls), "", 0),
        row(f"{name} CPU a call", median(lintas), "us", CPU_BAR),
        row(f"{name} CPU a call, least of {ROUNDS}", min(lintas), "us"),
        row(
            f"{name} answered",
            median(each.answered / each.seconds for each in calls),
            "calls/s",
            0.97 * CALLS_PER_SECOND,
        ),
        row(f"{name} p99", median(each.at(0.99) for each in calls), "ms"),
        row(f"{same} CPU a call, uvloop alone, which reads nothing", median(bare), "us"),
        row(f"{same} CPU a call, Kamailio alone, which asks nobody", median(kamailio), "us"),
        row(f"{same} CPU a call, lintas beside uvloop alone", _beside(lintas, bare), "times"),
        row(f"{same} CPU a call, lintas beside Kamailio alone", _beside(lintas, kamailio), "times"),
    ]


def _spent(scratch: Path, server: "subprocess.Popen[str]", port: int, seconds: int) -> tuple[Calls, float]:
    """Return what sipp saw, and the server's processor time for each call answered, in microseconds."""
    before = family_seconds(server.pid)
    calls = _call(scratch, port, CALLS_PER_SECOND, seconds)
    return calls, 1e6 * (family_seconds(server.pid) - before) / calls.answered


def _beside(ours: list[float], theirs: list[float]) -> float:
    return median(mine / other for mine, other in zip(ours, theirs, strict=True))


def _through(scratch: Path, way: str) -> list[Figure]:
    """Call through Kamailio to the called side; once all is well, once lintas is stopped in the middle."""
    look_up = _lintas if way == "SIP" else _lintas_http
    with look_up(scratch) as (_, port), _border(scratch, way, port) as front:
        well = _call(scratch, front, FRONT_PER_SECOND, SECONDS)
    with look_up(scratch) as (process, port), _border(scratch, way, port) as front:
        hung = _call(scratch, front, FRONT_PER_SECOND, SECONDS, stopping=process)
    name = f"sip: {FRONT_PER_SECOND} calls/s through Kamailio, which asks over {way}:"
    stopped = f"sip: the same over {way}, lintas stopped (SIGSTOP) after {HANGS_AFTER:.0f} s:"
    return [
        row(f"{name} not answered in {FAST_MS:.0f} ms", well.slower(FAST_MS), "%", SHARE_BAR),
        row(f"{name} p99", well.at(0.99), "ms"),
        row(f"{name} sent again or failed", well.again + well.failed, "", 0),
        row(f"{stopped} not answered in {ANSWERED_MS:.0f} ms", hung.slower(ANSWERED_MS), "%", SHARE_BAR),
        row(f"{stopped} slowest", hung.at(1.0), "ms"),
        row(f"{stopped} sent again or failed", hung.again + hung.failed, "", 0),
    ]


# --- the programs -----------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _lintas(scratch: Path) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    """Run `lintas telco sip` on the last core."""
    command = [sys.executable, "-m", "lintas.cli.main", "telco", "sip", "--list", str(scratch / "list.csv")]
    command += ["--sip", "127.0.0.1:0", "--redress-url", "https://redress.example/b/{id}"]
    with _running(command, scratch, cores={max(os.sched_getaffinity(0))}) as process:
        assert process.stdout is not None
        yield process, int(process.stdout.readline().rpartition(":")[2])


@contextlib.contextmanager
def _echo(scratch: Path) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    """Run the bare endpoint on the last core."""
    command = [sys.executable, str(HERE / "_echo.py")]
    with _running(command, scratch, cores={max(os.sched_getaffinity(0))}) as process:
        assert process.stdout is not None
        yield process, int(process.stdout.readline().rpartition(":")[2])


@contextlib.contextmanager
def _lintas_http(scratch: Path) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    """Run `lintas telco serve` on the last core."""
    command = [
        sys.executable,
        "-m",
        "lintas.cli.main",
        "telco",
        "serve",
        "--list",
        str(scratch / "list.csv"),
        "--port",
        "0",
    ]
    with _running(command, scratch, cores={max(os.sched_getaffinity(0))}) as process:
        assert process.stdout is not None
        yield process, int(process.stdout.readline().strip().rpartition(":")[2].strip("/"))


@contextlib.contextmanager
def _border(scratch: Path, way: str, port: int) -> Iterator[int]:
    """Run Kamailio with the shipped configuration and the called side behind it; gives Kamailio's port."""
    front, onward = _free_port(), _free_port()
    called = ["sipp", "-sf", str(ONWARD), "-i", "127.0.0.1", "-p", str(onward), "-nostdin"]
    define = {
        "LISTEN_ADDRESS": f"udp:127.0.0.1:{front}",
        "NEXT_HOP": f'"sip:127.0.0.1:{onward}"',
        "CHILDREN": "2",
    }
    if way == "SIP":
        define["LINTAS_SIP"] = f'"sip:127.0.0.1:{port}"'
    else:
        define |= {"LOOKUP_HTTP": "1", "LINTAS_HTTP": f'"lintas=>http://127.0.0.1:{port};timeout=1"'}
    with _running(called, scratch, quiet=True), _kamailio(scratch, BORDER, define):
        yield front


@contextlib.contextmanager
def _kamailio(
    scratch: Path, config: Path, define: dict[str, str], cores: set[int] | None = None
) -> Iterator["subprocess.Popen[str]"]:
    run = Path(tempfile.mkdtemp(dir=scratch))
    options = [each for name, value in define.items() for each in ("-A", f"{name}={value}")]
    command = ["kamailio", "-f", str(config), "-DD", "-E", "-Y", str(run), "-w", str(run), "-m", "256", *options]
    with _running(command, scratch, quiet=True, cores=cores) as process:
        _answers(int(define["LISTEN_ADDRESS"].rpartition(":")[2]))
        yield process


@contextlib.contextmanager
def _running(
    command: list[str], scratch: Path, *, quiet: bool = False, cores: set[int] | None = None
) -> Iterator["subprocess.Popen[str]"]:
    keep = os.sched_getaffinity(0)
    if cores:
        # What a process starts runs where its parent runs at that moment.
        os.sched_setaffinity(0, cores)
    try:
        process = subprocess.Popen(
            command,
            cwd=scratch,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
            stdout=subprocess.DEVNULL if quiet else subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
    finally:
        os.sched_setaffinity(0, keep)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGCONT)
        process.terminate()
        process.communicate(timeout=PATIENCE_SECONDS)


def _call(scratch: Path, port: int, rate: int, seconds: int, stopping: "subprocess.Popen[str] | None" = None) -> Calls:
    """Call with sipp from the first core; ``stopping`` is stopped in the middle."""
    count = rate * seconds
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
        str(_free_port()),
    ]
    command += ["-r", str(rate), "-m", str(count), "-nostdin", "-trace_rtt", "-rtt_freq", "100"]
    # It writes that many at a time, and leaves out what is over.
    assert count % 100 == 0
    with _running(command, scratch, cores={min(os.sched_getaffinity(0))}) as sipp:
        began = time.monotonic()
        if stopping is not None:
            time.sleep(HANGS_AFTER)
            stopping.send_signal(signal.SIGSTOP)
        shown, _ = sipp.communicate(timeout=seconds + PATIENCE_SECONDS)
        took_seconds = time.monotonic() - began
    invites = next(line for line in reversed(shown.splitlines()) if "INVITE ------" in line).split()
    (file,) = scratch.glob("invite_*_rtt.csv")
    took = [float(line.split(";")[1]) for line in file.read_text("ascii").splitlines()[1:]]
    file.unlink()
    return Calls(len(took), int(invites[-2]), count - len(took), took_seconds, took)


# --- small things -----------------------------------------------------------------------------------------------------


def family_seconds(pid: int) -> float:
    """Return the processor time that a process and its children have used, in the system as well."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    return sum(_cpu_seconds(each) for each in [str(pid), *children])


def _cpu_seconds(pid: str) -> float:
    # In nanoseconds, of the thread that serves; the fields of `stat` are in hundredths of a second.
    return int(Path(f"/proc/{pid}/schedstat").read_text("ascii").split()[0]) / 1e9


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _answers(port: int) -> None:
    """Wait until a SIP server answers anything at all."""
    ping = (
        "OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKp;rport\r\nTo: <sip:127.0.0.1>\r\n"
    )
    ping += (
        "From: <sip:a@b.example>;tag=1\r\nCall-ID: p\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 9\r\nContent-Length: 0\r\n\r\n"
    )
    end = time.monotonic() + PATIENCE_SECONDS
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(0.1)
        asking.connect(("127.0.0.1", port))
        while time.monotonic() < end:
            with contextlib.suppress(OSError):
                asking.send(ping.encode())
                if asking.recv(4096):
                    return
            time.sleep(0.02)
    raise TimeoutError(f"nobody answers at port {port}")


if __name__ == "__main__":
    from bench.__main__ import line

    parser = argparse.ArgumentParser(prog="python -m bench.telco_sip", description=__doc__)
    parser.add_argument("--soak", action="store_true", help=f"call for {SOAK_SECONDS} seconds")
    for figure in measure(SOAK_SECONDS if parser.parse_args().soak else SECONDS):
        print(line(figure), flush=True)
