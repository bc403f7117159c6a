"""The verdict service beside nginx with a static body: one core, the same wrk on another core, a list of ten million numbers.

wrk asks for 20,000 different numbers, half of them listed. Requests per second are medians of paired runs and compare only as
a ratio; beside them stands the processor time per answer, which other work on the machine spoils less. p99 at 1,000 calls per
second is taken by a client of our own that sends on time whether or not answers came, and counts from when a call was due.
"""

import asyncio
import contextlib
import json
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

import duckdb
import httpx
import numpy as np

from bench import Figure, median_of, row
from lintas.telco.lists.base import Base
from lintas.telco.lists.directory import BASE, Directory
from lintas.telco.lists.entries import Change
from lintas.telco.lists.signed import read_delta, write_delta
from lintas.telco.lists.snapshot import Snapshot
from lintas.trust.keys import Ed25519Signer
from lintas.trust.note import ed25519_key

NUMBERS, ASKED, DELTA = 10_000_000, 20_000, 10_000
PAIRS, SECONDS = 5, 2
RATE, RATE_SECONDS = 1_000, 8
SIGNER = Ed25519Signer.from_seed("xa-asc", bytes(32))
FIRST = 999_0000_0000

_ROWS = f"""
SELECT '+' || ({FIRST} + i * 97) AS number,
  ['blocked', 'blocked', 'blocked', 'do_not_originate', 'unallocated', 'protected'][1 + (hash(i) % 6)::INTEGER] AS kind,
  (TIMESTAMP '2090-01-01' + INTERVAL 1 DAY * (hash(i, 1) % 300)::INTEGER) || 'Z' AS expires,
  ['parcel', 'bank', 'job'][1 + (hash(i, 2) % 3)::INTEGER] AS reason,
  ['XATL', 'XBTL', 'XA-ASC'][1 + (hash(i, 3) % 3)::INTEGER] AS owner
FROM range({NUMBERS}) t(i) ORDER BY hash(i // 1000)
"""  # noqa: S608 — constants of this file
_NGINX = """worker_processes 1; daemon off; pid {dir}/pid; error_log {dir}/errors;
events {{ worker_connections 1024; }}
http {{ access_log off; keepalive_requests 100000000;
  client_body_temp_path {dir}/b; proxy_temp_path {dir}/p; fastcgi_temp_path {dir}/f; uwsgi_temp_path {dir}/u;
  scgi_temp_path {dir}/s;
  server {{ listen 127.0.0.1:{port}; location / {{ default_type application/json; return 200 '{body}'; }} }} }}
"""
_LUA = """local asked, at = {}, 0
init = function(args)
  for line in io.lines("%s") do asked[#asked + 1] = wrk.format("GET", "/telco/v1/check/" .. line) end
end
request = function() at = at %% #asked + 1; return asked[at] end
"""


def measure() -> list[Figure]:
    """Return the rows of the verdict service; only those of the list itself where nginx or wrk is not installed."""
    with TemporaryDirectory(prefix="lintas-bench-") as aside:
        where = Path(aside)
        figures, listed = _built(where)
        if not (shutil.which("nginx") and shutil.which("wrk") and len(os.sched_getaffinity(0)) > 1):
            print("  telco_http: nginx, wrk or a second core is missing: the service itself is not measured")
            return figures
        asked = [listed[at % len(listed)] if at % 2 else listed[at % len(listed)] + 1 for at in range(ASKED)]
        random.Random(1).shuffle(asked)
        with Running.lintas(where / "list") as served:
            return figures + _beside_nginx(where, served, asked) + _alone(where, served, asked)


def _built(where: Path) -> tuple[list[Figure], list[int]]:
    """Import the list as CSV, and measure the file and look-ups in it."""
    source, out = where / "list.csv", where / "list"
    duckdb.connect().execute(f"COPY ({_ROWS}) TO '{source}'")
    command = [sys.executable, "-m", "lintas.cli.main", "telco", "list", "build", "--list", source, "--out", out]
    began = time.monotonic()
    subprocess.run([str(part) for part in command], check=True, capture_output=True)
    imported = time.monotonic() - began
    source.unlink()
    base = Base.open(out / BASE)
    snapshot = Snapshot(base, bytes(32))
    listed = (np.random.default_rng(1).integers(0, NUMBERS, ASKED).astype(np.int64) * 97 + FIRST).tolist()

    def opening() -> float:
        start = time.perf_counter()
        Base.open(out / BASE)
        return time.perf_counter() - start

    def look_up(shift: int) -> float:
        start = time.thread_time()
        for number in listed:
            snapshot.find(number + shift)
        return (time.thread_time() - start) / len(listed) * 1e6

    what = f"telco_http: list of {NUMBERS:,} numbers"
    return [
        row(f"{what}, imported from CSV", imported, "s"),
        row(f"{what}, mapped", (out / BASE).stat().st_size / 1e6, "MB", 100),
        row(f"{what}, opened and checked whole", median_of(5, opening), "s", 0.1),
        row(f"{what}, one look-up, listed (redress id included)", median_of(5, lambda: look_up(0)), "µs", 5),
        row(f"{what}, one look-up, not listed", median_of(5, lambda: look_up(1)), "µs", 5),
    ], listed


class Running:
    """A server held on one core."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process, self.url = process, url

    @classmethod
    @contextlib.contextmanager
    def of(cls, command: list[str | Path], url: str = "") -> Iterator[Self]:
        """Run a command; one that names no address says it in its first line."""
        pinned = ["taskset", "-c", str(max(os.sched_getaffinity(0))), *map(str, command)]
        process = subprocess.Popen(pinned, stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout is not None
            yield cls(process, url or process.stdout.readline().split()[-1])
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(10)

    @classmethod
    def lintas(cls, list_directory: Path) -> contextlib.AbstractContextManager["Running"]:
        """Serve a list."""
        return cls.of(
            [sys.executable, "-um", "lintas.cli.main", "telco", "serve", "--list", list_directory, "--port", "0"]
        )

    def wrk(self, script: Path) -> tuple[float, float]:
        """Return requests per second and processor time per request in µs (of the server and its children)."""
        before = self.cpu()
        command = [
            "taskset",
            "-c",
            str(min(os.sched_getaffinity(0))),
            "wrk",
            "-t1",
            "-c32",
            f"-d{SECONDS}",
            "-s",
            script,
            self.url,
        ]
        said = subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout
        assert "Non-2xx" not in said, said
        count = next(int(line.split()[0]) for line in said.splitlines() if "requests in" in line)
        rate = next(float(line.split()[1]) for line in said.splitlines() if line.startswith("Requests/sec"))
        return rate, (self.cpu() - before) / count * 1e6

    def cpu(self) -> float:
        """Return the processor time so far, in seconds."""
        total = 0
        for pid in [self.process.pid, *_children(self.process.pid)]:
            fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
        return total / os.sysconf("SC_CLK_TCK")


def _children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text("utf-8").split()]


def _beside_nginx(where: Path, served: Running, asked: list[int]) -> list[Figure]:
    numbers, script = where / "numbers", where / "ask.lua"
    numbers.write_text("".join(f"+{number}\n" for number in asked), "utf-8")
    script.write_text(_LUA % numbers, "utf-8")
    body = httpx.get(f"{served.url}/telco/v1/check/+{asked[0]}").text
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = where / "nginx.conf"
    config.write_text(_NGINX.format(dir=where, port=port, body=body), "utf-8")
    with Running.of(["nginx", "-c", config], f"http://127.0.0.1:{port}") as nginx:
        time.sleep(0.5)
        pairs = [(nginx.wrk(script), served.wrk(script)) for _ in range(PAIRS)]
    rate = statistics.median(ours[0] for _, ours in pairs)
    what = "telco_http: one number by GET, one core"
    return [
        row("telco_http: nginx, static body", statistics.median(theirs[0] for theirs, _ in pairs), "/s"),
        row(f"{what}", rate, "/s", 8_000),
        row(f"{what}, beside nginx", statistics.median(ours[0] / theirs[0] for theirs, ours in pairs), "x", 0.30),
        row(f"{what}, processor time", statistics.median(ours[1] for _, ours in pairs), "µs"),
        row("telco_http: nginx, processor time", statistics.median(theirs[1] for theirs, _ in pairs), "µs"),
    ]


def _alone(where: Path, served: Running, asked: list[int]) -> list[Figure]:
    late = asyncio.run(_on_time(served.url, asked))
    figures = [row(f"telco_http: p99 at {RATE:,}/s", _p99(late), "ms", 5)]
    body = json.dumps({"numbers": [f"+{number}" for number in asked[:10_000]]}).encode()
    with httpx.Client(base_url=served.url, timeout=30) as client:

        def bulk() -> float:
            before = time.perf_counter()
            answer = client.post("/telco/v1/check", content=body)
            taken = time.perf_counter() - before
            assert answer.status_code == 200
            return 10_000 / taken

        before = served.cpu()
        rate = median_of(15, bulk)
        spent = (served.cpu() - before) / (15 * 10_000)
        what = "telco_http: bulk, 10,000 numbers a request"
        # The clock counts the client too, and whoever else has the core; the bar is what one core of ours can do.
        figures.append(row(f"{what}, by the clock", rate, "/s"))
        figures.append(row(f"{what}, by the service's processor time", 1 / spent, "/s", 200_000))
        ready, checked = _deltas(where)
        seen, calls = asyncio.run(_bring(served.url, asked, client, ready))
    what = f"telco_http: a delta of {DELTA:,} entries checked by the follower and answered from"
    figures.append(row(what, checked + seen, "s", 1))
    figures.append(row(f"telco_http: p99 at {RATE:,}/s while deltas come in", _p99(calls), "ms"))
    return figures


def _p99(taken: list[float]) -> float:
    return sorted(taken)[int(len(taken) * 0.99)] * 1000


async def _on_time(url: str, asked: list[int], seconds: float = RATE_SECONDS) -> list[float]:
    """Send RATE calls a second over 32 connections; returns how long after it was due each was answered."""
    host, _, port = url.removeprefix("http://").partition(":")
    connections = [await asyncio.open_connection(host, int(port)) for _ in range(32)]
    free: asyncio.Queue[int] = asyncio.Queue()
    for at in range(len(connections)):
        free.put_nowait(at)
    taken: list[float] = []

    async def call(due: float, number: int) -> None:
        at = await free.get()
        reader, writer = connections[at]
        writer.write(b"GET /telco/v1/check/+%d HTTP/1.1\r\nhost: x\r\n\r\n" % number)
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(head.rpartition(b"content-length: ")[2]))
        taken.append(time.perf_counter() - due)
        free.put_nowait(at)

    began = time.perf_counter() + 0.1
    async with asyncio.TaskGroup() as calls:
        for at in range(int(RATE * seconds)):
            due = began + at / RATE
            if (wait := due - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            calls.create_task(call(due, asked[at % len(asked)]))
    for _, writer in connections:
        writer.close()
    return taken


def _deltas(where: Path) -> tuple[list[tuple[Path, bytes, str]], float]:
    """Return three deltas as (path, bytes, last number), and the seconds that a follower takes to check and apply one."""
    directory, key, ready, taken = Directory(where / "list"), ed25519_key("xa-asc", SIGNER), [], []
    snapshot, _ = directory.open(clock=time.time)
    for part in range(3):
        start = FIRST + 13 + part * 97 * DELTA
        changes = [Change(f"+{start + 97 * at}", "blocked", "XATL", "parcel", 4 * 10**9) for at in range(DELTA)]
        number, follows, at = snapshot.version + 1, snapshot.head, int(time.time())
        data = write_delta(
            changes, name=snapshot.name, number=number, follows=follows, at=at, signer=SIGNER, signed_by="xa-asc"
        )
        before = time.perf_counter()
        snapshot = snapshot.apply(read_delta(data, [key]))
        taken.append(time.perf_counter() - before)
        ready.append((directory.delta(number), data, changes[-1].value))
    return ready, statistics.median(taken)


async def _bring(
    url: str, asked: list[int], client: httpx.Client, ready: list[tuple[Path, bytes, str]]
) -> tuple[float, list[float]]:
    """Bring deltas while calls go on; returns the median time from a file's renaming to an answer by its last entry."""
    calls, times = asyncio.create_task(_on_time(url, asked, len(ready) * 2.0)), []
    for path, data, last in ready:
        await asyncio.sleep(1)
        path.parent.mkdir(exist_ok=True)
        path.with_suffix(".new").write_bytes(data)
        before = time.perf_counter()
        path.with_suffix(".new").rename(path)
        while (await asyncio.to_thread(client.get, f"/telco/v1/check/{last}")).json()["action"] != "block":
            await asyncio.sleep(0.005)
        times.append(time.perf_counter() - before)
    return statistics.median(times), await calls


if __name__ == "__main__":
    for figure in measure():
        print(*figure)
