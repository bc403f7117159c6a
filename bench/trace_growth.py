"""How the trace engine grows from 1M to 20M transfers: building the index, its memory, and one question; drawn as a plot.

Each size is built in a process of its own, whose peak of memory (columns that came in, index and all between) is what the
kernel says. `python -m bench.trace_growth` draws docs/images/trace-growth.svg too.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from bench import Figure, row
from bench._plot import Panel, drawn
from bench._transfers import load, made, part, save
from bench.trace import ASKED, asked, lexsort, p, size, took
from lintas.trace.engine.lines import build

SIZES = (1, 2, 5, 10, 20)
MILLION = 1_000_000
PICTURE = Path(__file__).parents[1] / "docs/images/trace-growth.svg"

Grown = dict[str, float]


def grown(millions: int) -> Grown:
    """Make transfers, and have another process build their index."""
    with tempfile.TemporaryDirectory() as directory:
        world = made(millions * MILLION)
        save(world.ledger, Path(directory))
        np.save(Path(directory) / "thefts.npy", world.thefts)
        del world
        command = [sys.executable, "-m", "bench.trace_growth", directory]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: Grown = json.loads(said)
    return found


def child(folder: Path) -> Grown:
    """Build the index of saved columns, and say what it took."""
    ledger = load(folder)
    build(part(ledger, 0, 300_000))  # machine code is there after this
    clock, processor = time.perf_counter(), time.thread_time()
    index = build(ledger)
    clock, processor = time.perf_counter() - clock, time.thread_time() - processor
    peak = next(int(line.split()[1]) for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line)
    seconds = statistics.median([processor, *(took(lambda: build(ledger)) for _ in range(2))])
    rng = np.random.default_rng(3)
    resting, _ = asked(index, rng.integers(0, len(index), ASKED))
    thefts, _ = asked(index, rng.choice(np.load(folder / "thefts.npy"), ASKED))
    return {
        "millions": len(index) / MILLION,
        "clock": clock,
        "seconds": seconds,
        "lexsort": lexsort(ledger),
        "peak": peak * 1024 / 1e9,
        "size": size(index),
        "resting": p(99, resting),
        "theft": p(50, thefts),
    }


def picture(grew: list[Grown]) -> str:
    """Draw what was measured."""
    at = [each["millions"] for each in grew]
    build_panel = Panel(
        title="Whole index built, seconds of one core",
        x=at,
        lines={
            "index, ids and snapshot included": [each["seconds"] for each in grew],
            "numpy.lexsort alone, one direction": [each["lexsort"] for each in grew],
        },
    )
    trace_panel = Panel(
        title="One question answered, milliseconds",
        x=at,
        lines={
            "a transfer, p99": [each["resting"] for each in grew],
            "a theft through up to six mules, p50": [each["theft"] for each in grew],
        },
    )
    return drawn([build_panel, trace_panel], x_name="million transfers")


def _rows(grew: list[Grown]) -> list[Figure]:
    figures = []
    for each in grew:
        name, last = f"trace: {each['millions']:.0f}M", each["millions"] == SIZES[-1]
        figures += [
            row(
                f"{name}: whole index built, by the clock, rows in order of time",
                each["clock"],
                "s",
                10 if last else None,
            ),
            row(
                f"{name}: the same, of numpy.lexsort for one direction alone, processor",
                each["seconds"] / each["lexsort"],
                "",
                1,
            ),
            row(f"{name}: peak memory of the process, what came in included", each["peak"], "GB", 2 if last else None),
            row(f"{name}: one transfer, p99", each["resting"], "ms", 1),
            row(f"{name}: one theft, p50", each["theft"], "ms", 1),
        ]
    return figures


def measure() -> list[Figure]:
    """Return the figures of every size."""
    return _rows([grown(millions) for millions in SIZES])


def main() -> None:
    """As a child, build what it was given; else measure, print and draw."""
    if len(sys.argv) > 1:
        print(json.dumps(child(Path(sys.argv[1]))))
        return
    grew = [grown(millions) for millions in SIZES]
    for figure in _rows(grew):
        print(*figure, sep="\t")
    PICTURE.write_text(picture(grew), "utf-8")


if __name__ == "__main__":
    main()
