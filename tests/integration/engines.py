"""Databases of the current form for tests, on either engine: a copy of a file, or a copy on a real server."""

import shutil
from collections.abc import Callable
from pathlib import Path

from tests.postgres import Server

from lintas.storage import migrate
from lintas.storage.address import Address, Place
from lintas.storage.engine import opened

#: Gives a new, empty database of the current form; the name is for whoever looks at the files.
Fresh = Callable[[str], Place]


def template(folder: Path) -> Path:
    """Make an empty SQLite database of the current form, to be copied."""
    path = folder / "template.db"
    with opened(path) as engine:
        migrate.upgrade(engine)
    return path


class Files:
    """Gives SQLite files in one folder."""

    def __init__(self, folder: Path, empty: Path) -> None:
        self._folder, self._empty = folder, empty

    def __call__(self, name: str) -> Place:
        database = self._folder / f"{name}.db"
        shutil.copy(self._empty, database)
        return database

    def close(self) -> None:
        """The folder is the test's, and goes with it."""


class Served:
    """Gives databases on a PostgreSQL server."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._made: list[Address] = []

    def __call__(self, _name: str) -> Place:
        self._made.append(self._server.fresh())
        return self._made[-1]

    def close(self) -> None:
        """Give back what was given."""
        self._server.give_back(*self._made)
