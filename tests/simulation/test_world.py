"""Eleven authorities, one liar, and everything that can fail: what must always hold (DESIGN section 9) holds for every seed.

One seed alone: ``LINTAS_SIMULATION_SEED=17 python -m pytest tests/simulation/test_world.py -k one_seed -s``.
"""

import logging
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.simulation import faults
from tests.simulation.bugs import BUGS, Bug
from tests.simulation.bugs_holds import HOLD_BUGS
from tests.simulation.world import DELIVERED, Played, play

SEEDS = int(os.environ.get("LINTAS_SIMULATION_SEEDS", "60"))
#: Seeds a test: small enough for two processes to share them evenly.
CHUNK = 5
KEPT = Path(__file__).with_name("kept_seeds.txt")
REPLAY = "LINTAS_SIMULATION_SEED={} python -m pytest tests/simulation/test_world.py -k one_seed -s"


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Machines that fail a thousand times say so a thousand times."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def kept() -> list[int]:
    lines = KEPT.read_text("utf-8").splitlines()
    return [int(line.split()[0]) for line in lines if line.strip() and not line.startswith("#")]


def kinds(played: Played) -> list[str]:
    """Name the kinds of fault that really struck."""
    return [kind for kind in faults.KINDS if played.counts[kind]]


def check(played: Played) -> None:
    assert played.wrongs == [], f"{played}\n\nagain: {REPLAY.format(played.seed)}"
    assert played.counts["delivered"] >= DELIVERED, f"{played}"
    assert len(kinds(played)) >= 3, f"{played}"


def summary(played: list[Played]) -> str:
    total: Counter[str] = Counter()
    for each in played:
        total.update(each.counts)
    struck = ", ".join(f"{total[kind]} {kind}" for kind in faults.KINDS)
    lies = sum(count for what, count in total.items() if what.startswith("liar"))
    refused = sum(count for what, count in total.items() if what.startswith("refused"))
    return (
        f"{len(played)} seeds: {total['delivered']} envelopes delivered, {total['holds answered']} holds answered; "
        f"{struck}; {lies} lies, {refused} refusals"
    )


def chunks() -> list[list[int]]:
    """Part the seeds, and those that once failed, into tests."""
    seeds = [*range(SEEDS), *(seed for seed in kept() if seed >= SEEDS)]
    return [seeds[start : start + CHUNK] for start in range(0, len(seeds), CHUNK)]


@pytest.mark.parametrize("seeds", chunks(), ids=lambda seeds: f"{seeds[0]}-{seeds[-1]}")
def test_what_must_always_hold_holds(seeds: list[int]) -> None:
    played = []
    for seed in seeds:
        played.append(play(seed))
        check(played[-1])
    print(summary(played))


@pytest.mark.parametrize("seed", [int(os.environ.get("LINTAS_SIMULATION_SEED", "9"))])
def test_one_seed_is_one_history(seed: int) -> None:
    """Without LINTAS_SIMULATION_SEED this plays seed 9, whose members sign with Ed25519."""
    first, again = play(seed), play(seed)
    print(first)
    check(first)
    assert (first.digest, first.counts) == (again.digest, again.counts)


@pytest.mark.parametrize("bug", (*BUGS, *HOLD_BUGS), ids=lambda bug: bug.name.replace(" ", "-"))
def test_a_planted_bug_is_caught(bug: Bug, monkeypatch: pytest.MonkeyPatch) -> None:
    """The seed that caught it last time is tried first, then every other of the hundred."""
    bug.plant(monkeypatch)
    for seed in (bug.seed, *(seed for seed in range(100) if seed != bug.seed)):
        wrongs = play(seed).wrongs
        if wrongs:
            print(f"{bug.name}: caught by seed {seed}: {wrongs[0]}")
            return
    pytest.fail(f"nobody noticed in 100 seeds: {bug.name}")
