"""The project's figures beside their bars: what is fast enough is measured here, never asserted in the test suite."""

import contextlib
import os
import statistics
from collections.abc import Callable, Iterator

#: Name, figure, unit, bar (None: shown for comparison only), whether the bar is met.
Figure = tuple[str, float, str, float | None, bool]

#: Units of which more is better; of every other unit less is.
MORE = ("/s", "x")


def meets(figure: float, unit: str, bar: float | None) -> bool:
    """Tell whether a figure is on the right side of its bar; without a bar it is."""
    if bar is None:
        return True
    return figure >= bar if unit.endswith(MORE) else figure <= bar


def row(name: str, figure: float, unit: str, bar: float | None = None) -> Figure:
    """Return one row of the table."""
    return name, figure, unit, bar, meets(figure, unit, bar)


def median_of(runs: int, measured: Callable[[], float]) -> float:
    """Return the median of several runs: one that met a busy machine does not count, nor does a lucky one."""
    return statistics.median(measured() for _ in range(runs))


@contextlib.contextmanager
def one_core() -> Iterator[int]:
    """Keep this thread, and those it starts meanwhile, on one core; gives the core's number."""
    allowed = os.sched_getaffinity(0)
    core = max(allowed)
    os.sched_setaffinity(0, {core})
    try:
        yield core
    finally:
        os.sched_setaffinity(0, allowed)
