"""A town for each test, on SQLite and on PostgreSQL: two authorities on their own databases, copied from one migrated once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.engines import Files, Fresh, Served, template
from tests.integration.house import House
from tests.integration.town import Town

ENGINES = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return template(tmp_path_factory.mktemp("template"))


def _fresh(request: pytest.FixtureRequest, folder: Path) -> Iterator[Fresh]:
    made: Files | Served
    if request.param == "sqlite":
        made = Files(folder, request.getfixturevalue("empty_database"))
    else:
        made = Served(request.getfixturevalue("postgresql"))
    yield made
    made.close()


@pytest.fixture(params=ENGINES)
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Fresh]:
    """Give new databases, on one engine for a whole test."""
    yield from _fresh(request, tmp_path)


@pytest.fixture(scope="module", params=ENGINES)
def module_fresh(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fresh]:
    """Give new databases for a scene that the tests of one file share."""
    yield from _fresh(request, tmp_path_factory.mktemp("databases"))


@pytest.fixture
def town(tmp_path: Path, fresh: Fresh) -> Iterator[Town]:
    made = Town(tmp_path, fresh)
    yield made
    made.close()


@pytest.fixture
def house(tmp_path: Path, empty_database: Path) -> Iterator[House]:
    path = tmp_path / "node.db"
    path.write_bytes(empty_database.read_bytes())
    made = House(path)
    yield made
    made.close()
