"""A town for each test: two authorities on their own databases, copied from one that was migrated once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.house import House
from tests.integration.town import Town, template


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return template(tmp_path_factory.mktemp("template"))


@pytest.fixture
def town(tmp_path: Path, empty_database: Path) -> Iterator[Town]:
    made = Town(tmp_path, empty_database)
    yield made
    made.close()


@pytest.fixture
def house(tmp_path: Path, empty_database: Path) -> Iterator[House]:
    path = tmp_path / "node.db"
    path.write_bytes(empty_database.read_bytes())
    made = House(path)
    yield made
    made.close()
