"""The real thing, started once: two nodes, four banks and the witnesses as processes of their own on loopback."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from tests.e2e.people import Running

from lintas.cli.demo import stage, story
from lintas.cli.demo.cast import CAST

THEFTS = 40  # more than all files ask for, so that one process may run any of them


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("stage")
    world = story.build(11, datetime.now(UTC).replace(microsecond=0), thefts=THEFTS, order=CAST[:2])
    with stage.set_stage(folder, world) as on:
        made = Running(on, world, folder)
        yield made
        made.close()
    assert made.faults() == []
