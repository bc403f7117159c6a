"""How long one waits for the program, for a node and for the demo, and what an idle node needs."""

import contextlib
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from bench import Figure, row

LINTAS = (sys.executable, "-m", "lintas.cli.main")
HELP_RUNS = 9
NODE_RUNS = 3
IDLE_SECONDS = 10.0
PATIENCE_SECONDS = 60.0
HELP_BAR, NODE_BAR, MEMORY_BAR, DEMO_BAR = 0.5, 3.0, 200.0, 30.0


def measure() -> list[Figure]:
    """Return the rows; every process started here is ended here."""
    with tempfile.TemporaryDirectory(prefix="lintas-bench-") as name:
        scratch = Path(name)
        helped = statistics.median(help_seconds() for _ in range(HELP_RUNS))
        config = make_node(scratch / "node")
        starts = [ready_and_idle(config, 0.0)[0] for _ in range(NODE_RUNS - 1)]
        ready, idle = ready_and_idle(config, IDLE_SECONDS)
        demo, ok = demo_seconds(scratch)
    assert ok, "the demo's story ended as it must"
    return [
        row(f"start: lintas --help, median of {HELP_RUNS}", helped, "s", HELP_BAR),
        row(
            f"start: a node alone until ready, median of {NODE_RUNS}",
            statistics.median([*starts, ready]),
            "s",
            NODE_BAR,
        ),
        row(f"start: an idle node after {IDLE_SECONDS:.0f} s", idle, "MB", MEMORY_BAR),
        row("start: lintas demo --headless --speed max, all of it", demo, "s", DEMO_BAR),
    ]


def help_seconds() -> float:
    """Return seconds of `lintas --help`, from starting the installed program to its end."""
    program = Path(sys.executable).with_name("lintas")
    began = time.perf_counter()
    subprocess.run([program, "--help"], check=True, stdout=subprocess.DEVNULL, timeout=PATIENCE_SECONDS)
    return time.perf_counter() - began


def make_node(directory: Path) -> Path:
    """Make a node with `lintas init`; returns its settings file."""
    arguments = ["--jurisdiction", "xa", "--authority", "Aria Anti-Scam Centre", "--port", str(_free_port())]
    subprocess.run(
        [*LINTAS, "init", str(directory), *arguments], check=True, stdout=subprocess.DEVNULL, timeout=PATIENCE_SECONDS
    )
    return directory / "lintas.toml"


def _free_port() -> int:
    """Return a port that is free together with the next one: a node's two doors."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as first:
            port = int(first.getsockname()[1])
            with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port + 1)):
                return port


def ready_and_idle(config: Path, seconds: float) -> tuple[float, float]:
    """Return seconds from starting a node until all its doors are open, and its resident MB when idle so long."""
    began = time.perf_counter()
    with served(config) as process:
        ready = time.perf_counter() - began
        time.sleep(seconds)
        return ready, resident_mb(process.pid)


@contextlib.contextmanager
def served(config: Path) -> Iterator[subprocess.Popen[str]]:
    """Give a node's process whose doors are open; it is ended afterwards."""
    process = subprocess.Popen(
        [*LINTAS, "serve", "--config", str(config)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    # One that hangs before it is ready would otherwise be waited for without end.
    late = threading.Timer(PATIENCE_SECONDS, process.kill)
    late.start()
    try:
        doors = 0
        while doors < 2:
            line = process.stdout.readline() if process.stdout else ""
            assert line, "the node ended before it was ready"
            doors += line.startswith("ready ")
        yield process
    finally:
        late.cancel()
        process.terminate()
        try:
            process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def resident_mb(pid: int) -> float:
    """Return the resident memory of one process in MB (10^6 bytes), as Linux counts it."""
    lines = Path(f"/proc/{pid}/status").read_text("ascii", "replace").splitlines()
    found = next(line for line in lines if line.startswith("VmRSS:"))
    return int(found.split()[1]) * 1024 / 1e6


def demo_seconds(scratch: Path) -> tuple[float, bool]:
    """Return seconds of the whole demo, and whether its story ended as it must."""
    out = scratch / "demo.json"
    began = time.perf_counter()
    arguments = [
        "demo",
        "--headless",
        "--speed",
        "max",
        "--seed",
        "1",
        "--json",
        str(out),
        "--dir",
        str(scratch / "demo"),
    ]
    subprocess.run([*LINTAS, *arguments], check=False, stdout=subprocess.DEVNULL, timeout=PATIENCE_SECONDS)
    seconds = time.perf_counter() - began
    return seconds, bool(json.loads(out.read_bytes())["ok"])


if __name__ == "__main__":
    for line in measure():
        print(*line, sep="\t")
