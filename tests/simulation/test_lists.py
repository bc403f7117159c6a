"""Lists in a small simulated world: an entry reaches every gateway, a withdrawal whoever got it, and each confirms it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.simulation import law
from tests.simulation.lists_world import World, percentile

FOUR = tuple(law.OF[name] for name in ("xa-asc", "xb-asc", "xc-asc", "xd-asc"))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, 7, FOUR)
    yield made
    made.close()


def test_what_is_decided_is_enforced_everywhere_through_a_partition(world: World) -> None:
    world.run(20, 4)
    world.timeline.run(20)
    assert world.missing() == []
    assert percentile((each.seconds for each in world.samples), 0.99) <= 2.0
    world.part(["xa-asc", "xb-asc"])
    world.run(300, 4)
    assert any("listing of" in each or "withdrawal of" in each for each in world.missing())
    world.join()
    world.timeline.run(60)
    assert world.missing() == []
    kinds = {each.kind for each in world.samples}
    assert kinds == {"listing", "withdrawal"}
    # Whatever is listed is listed at every gateway, and nothing else is.
    for each in world.authorities.values():
        held = each.gateway.snapshot
        assert held is not None
        numbers = {sample for sample in world.entries if held.find(int(sample[1:])) is not None}
        assert numbers == set(world.entries)


def test_a_withdrawal_that_is_dropped_is_caught(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = world.authorities["xa-asc"], world.authorities["xb-asc"]
    kept = one.propose("+9997000000001")
    world.timeline.run(5)
    assert world.missing() == []
    taken: list[str] = []
    monkeypatch.setattr(
        other.node.lists.imports, "_withdrawn", lambda _tx, _origin, body: taken.append(body.batch), raising=True
    )
    one.withdraw(kept.id, "+9997000000001")
    world.timeline.run(60)
    assert taken
    said = world.missing()
    assert any("xb-asc: withdrawal" in each for each in said)
    assert any("xb-asc has not confirmed" in each for each in said)
