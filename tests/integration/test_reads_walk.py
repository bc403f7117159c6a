"""Looks, beats, restarts and reports in any order: whoever looked is known at home and to the originator, each time."""

import random
from collections import Counter

import pytest
from tests.integration.test_reads import abroad, check, hear, look, reads, seal, tell
from tests.integration.town import XB, Town

from lintas.model.errors import Refused
from lintas.model.reader import Reader

READERS = [Reader(id=f"key-{number}", name=f"Officer {number}", role="approver", door="page") for number in range(4)]
SEEDS = range(12)


@pytest.mark.parametrize("seed", SEEDS)
def test_in_any_order(town: Town, seed: int) -> None:
    _, hold = town.asked()
    xa, xb, rng = town.xa, town.xb, random.Random(seed)
    looks: Counter[str] = Counter()
    lost = 0
    for _ in range(rng.randrange(30, 80)):
        match rng.choice(("look", "look", "look", "wait", "seal", "hear", "replay", "restart")):
            case "look":
                reader = rng.choice(READERS)
                look(xb, reader, hold.case)
                looks[reader.id] += 1
            case "wait":
                town.clock.move(seconds=rng.choice((1, 60, 500, 700, 4000)))
            case "seal":
                seal(xb)
            case "hear":
                hear(xa, xb)
            case "replay":
                wire = tell(xa, xb)
                xa.do(lambda tx, wire=wire: xa.node.reads_abroad.take(tx, XB, wire))  # type: ignore[misc] # bound now
                if rng.random() < 0.5 and abroad(xa):
                    with pytest.raises(Refused):
                        old = tell(xa, xb, after="0-0")
                        xa.do(lambda tx, old=old: xa.node.reads_abroad.take(tx, XB, old))  # type: ignore[misc]
            case "restart":
                # Killed: what was counted in memory only is gone, and no read with it.
                going = [*xb.node.reads._going.values(), *xb.node.reads._ended.values()]
                lost += sum(each.more for each in going)
                xb.node.reads._going.clear()
                xb.node.reads._ended.clear()
    xb.node.reads.sealed(xb.do(lambda tx: xb.node.reads.seal(tx, all_counts=True)))
    hear(xa, xb)
    here, there = reads(xb), abroad(xa)
    # Everybody who looked is known, by as many looks as were not lost with the memory of a killed node.
    assert {each.reader for each in here} == set(looks)
    assert sum(each.count for each in here) == sum(looks.values()) - lost
    # The originator knows the very same, by pseudonym.
    assert sorted((each.pseudonym, each.first, each.last, each.count) for each in here) == sorted(
        (each.reader, each.first, each.last, each.count) for each in there
    )
    assert check(xb).matches
    assert check(xb).reads == len(here)
