"""How long a decision takes to be enforced at every gateway of eleven authorities, also after a partition; withdrawals too.

Real rooms, envelopes, databases and gateway directories; the wire and the pauses are simulated, what a step really takes to
compute is added. ``python -m bench.propagation SVG`` also draws the picture.
"""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.simulation.lists_world import Sample, World, percentile

from bench import Figure, row
from bench._plot import Panel, drawn

SEED, HEALTHY_SECONDS, HEALTHY_ACTS, PARTED_SECONDS, PARTED_ACTS = 11, 120.0, 40, 300.0, 24
#: Seconds: from decision to enforced in a healthy network, and from the end of the partition on.
HEALTHY_BAR, HEALED_BAR = 2.0, 60.0
PARTS = (0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0)
KINDS = ("listing", "withdrawal")


def played() -> tuple[list[Sample], list[Sample], list[str]]:
    """Return samples of the healthy network, those of the partition counted from its end on, and what never arrived."""
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), SEED)
        try:
            world.run(HEALTHY_SECONDS, HEALTHY_ACTS)
            world.timeline.run(30)
            healthy, world.samples = world.samples, []
            world.part(sorted(world.authorities)[:5])
            world.run(PARTED_SECONDS, PARTED_ACTS)
            world.join()
            healed = world.timeline.seconds
            world.timeline.run(90)
            late = [each for each in world.samples if each.at + each.seconds > healed]
            return healthy, [each._replace(seconds=each.at + each.seconds - healed) for each in late], world.missing()
        finally:
            world.close()


def measure() -> list[Figure]:
    """Return the figures."""
    return figures(*played())


def figures(healthy: Sequence[Sample], healed: Sequence[Sample], missing: Sequence[str]) -> list[Figure]:
    """Return the rows of the table."""
    found = []
    for kind in KINDS:
        for samples, name, bar in ((healthy, "healthy", HEALTHY_BAR), (healed, "after a 300 s partition", HEALED_BAR)):
            seconds = [each.seconds for each in samples if each.kind == kind]
            median = percentile(seconds, 0.5)
            found.append(row(f"{kind}: decision to enforced, 11 nodes, {name}, median", median, "s"))
            found.append(
                row(f"{kind}: decision to enforced, 11 nodes, {name}, p99", percentile(seconds, 0.99), "s", bar)
            )
    found.append(row("entries or withdrawals that did not arrive or were not confirmed", len(missing), "", 0))
    return found


def picture(healthy: Sequence[Sample], healed: Sequence[Sample]) -> str:
    """Return the picture: the part of gateways, by seconds."""
    panels = []
    for title, samples in (
        ("Healthy: from decision to enforced, s", healthy),
        ("From the end of a 300 s partition, s", healed),
    ):
        lines = {
            f"{kind}s": [percentile((each.seconds for each in samples if each.kind == kind), part) for part in PARTS]
            for kind in KINDS
        }
        panels.append(Panel(title=title, x=[100 * part for part in PARTS], lines=lines))
    return drawn(panels, x_name="per cent of (decision, gateway) pairs")


def main() -> None:
    """Draw the picture and print the figures."""
    healthy, healed, missing = played()
    Path(sys.argv[1]).write_text(picture(healthy, healed), "utf-8")
    for figure in figures(healthy, healed, missing):
        print(*figure)
    for each in missing[:10]:
        print(each)


if __name__ == "__main__":
    main()
