"""A town for each test, on SQLite and on PostgreSQL: two authorities on their own databases, copied from one migrated once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.engines import Files, Fresh, Served, template
from tests.integration.house import House
from tests.integration.town import Town


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return template(tmp_path_factory.mktemp("template"))


@pytest.fixture(params=["sqlite", "postgresql"])
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Fresh]:
    """Give new databases, on one engine for a whole test."""
    made: Files | Served
    if request.param == "sqlite":
        made = Files(tmp_path, request.getfixturevalue("empty_database"))
    else:
        made = Served(request.getfixturevalue("postgresql"))
    yield made
    made.close()


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
