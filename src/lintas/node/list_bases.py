"""Base files of the lists for gateways that begin or lost their way: built when somebody asks and the last is far behind."""

import asyncio
import contextlib
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from sqlalchemy import Engine

from lintas.model.errors import LintasError, NotFound
from lintas.storage.engine import reading
from lintas.telco.book.publishing import Publishing
from lintas.telco.lists.base import Base
from lintas.telco.lists.build import Entries, Origin, build
from lintas.telco.lists.e164 import read_value
from lintas.telco.lists.entries import Change, Key, Row
from lintas.telco.lists.signed import check_base, write_manifest
from lintas.trust.keys import Signer
from lintas.trust.note import ed25519_key

#: A base file that so many deltas follow is built anew when somebody asks for it.
FAR_BEHIND = 200
PAGE = 20_000


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where a list stands: its newest version, the base file to begin with, and what checks and contests it.

    ``manifest`` is the signed note over the base file; ``redress_key`` makes the redress ids of what is hit, in hex: it is the
    operator's to keep, whoever has it can try numbers.
    """

    name: str
    version: int
    head: str
    base_version: int
    base_bytes: int
    manifest: str
    keys: tuple[str, ...]
    redress_key: str


class Found(NamedTuple):
    """A base file on disk, and the signed note over it."""

    path: Path
    version: int
    manifest: bytes


class ListBases:
    """The base files of one node, in a directory of its own."""

    def __init__(self, folder: Path, engine: Engine, publishing: Publishing) -> None:
        self._folder, self._engine, self._publishing = folder, engine, publishing
        self._fitted: dict[Path, tuple[object, ...]] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def current(self, which: str, signer: Signer) -> Found:
        """Return a base file that is not far behind, building one if there is none."""
        self._publishing.name_of(which)
        async with self._locks[which]:
            return await asyncio.to_thread(self.now, which, signer)

    def now(self, which: str, signer: Signer) -> Found:
        """Do it in this thread; one at a time for each list."""
        with reading(self._engine) as tx:
            version, _ = self._publishing.head(tx, which)
            # What lies before the oldest delta that is kept leads nowhere.
            least = max(version - FAR_BEHIND, self._publishing.oldest(tx, which) - 1)
        path = self._folder / which / "base"
        with contextlib.suppress(LintasError, OSError):
            there, note = Base.open(path, whole=False).header, path.with_name("manifest").read_bytes()
            if there.name == self._publishing.name_of(which) and least <= there.version <= version:
                self._check(path, note, signer)
                return Found(path, there.version, note)
        path.parent.mkdir(parents=True, exist_ok=True)
        return self._build(which, path, signer)

    def _build(self, which: str, path: Path, signer: Signer) -> Found:
        with reading(self._engine) as tx:
            version, head = self._publishing.head(tx, which)
            now = self._publishing.seconds()
            entries, after = _Rows(), ""
            while page := self._publishing.entries(tx, which, after, PAGE):
                for _, change in page:
                    entries.add(change)
                after = page[-1][0]
        build(path, entries.built(), Origin(self._publishing.name_of(which), version, head, now))
        note = write_manifest(path, signer=signer, signed_by=signer.name)
        fresh = path.with_name("manifest.new")
        fresh.write_bytes(note)
        fresh.replace(path.with_name("manifest"))
        return Found(path, version, note)

    def _check(self, path: Path, note: bytes, signer: Signer) -> None:
        """Check that a note by today's key is over a base file, whole; LintasError. Once, and again when any of them changed.

        A node can end between the two, or have no disk left for the second.
        """
        about = path.stat()
        fitted = (about.st_ino, about.st_mtime_ns, about.st_ctime_ns, note, signer.public)
        if self._fitted.get(path) != fitted:
            check_base(path, note, [ed25519_key(signer.name, signer)])
            self._fitted[path] = fitted

    def file(self, which: str, version: int) -> Path:
        """Return the base file of a version; NotFound when it was replaced meanwhile."""
        self._publishing.name_of(which)
        path = self._folder / which / "base"
        with contextlib.suppress(LintasError, OSError):
            if Base.open(path, whole=False).header.version == version:
                return path
        raise NotFound(f"there is no base file of version {version}", "ask where the list stands, then again")


class _Rows:
    """Entries on their way into a base file."""

    def __init__(self) -> None:
        self._numbers: list[int] = []
        self._classes: list[int] = []
        self._rows: dict[Row, int] = {}
        self._ranges: dict[Key, Row] = {}

    def add(self, change: Change) -> None:
        """Take one entry."""
        held = read_value(change.value)
        if held is None:
            return
        row = Row(change.kind, change.owner, change.reason, change.expires)
        if held[0] != held[1]:
            self._ranges[Key(*held, change.kind, change.owner)] = row
            return
        self._numbers.append(held[0])
        self._classes.append(self._rows.setdefault(row, len(self._rows)))

    def built(self) -> Entries:
        """Return them as columns."""
        return Entries(
            np.array(self._numbers, np.uint64), np.array(self._classes, np.uint32), list(self._rows), self._ranges
        )
