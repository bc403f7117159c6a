"""Backs a node's database up while it runs, and puts a backup in its place so that the node can live on honestly.

What a backup does not know must not be forgotten: keys that were revoked since, charters adopted since, the entries that the
ledger had published. Those are taken from the replaced database and from the ledger's files before the node starts again.
"""

import asyncio
import contextlib
import hashlib
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec
from sqlalchemy.exc import DBAPIError

from lintas.access import service as access
from lintas.border import approval_store
from lintas.exchange import store as exchange_store
from lintas.ledger.checkpoint import Checkpoint, log_key, parse_checkpoint
from lintas.ledger.cosignature import VERIFIERS
from lintas.ledger.publish import CHECKPOINT
from lintas.ledger.service import Ledger
from lintas.ledger.verify import DirectorySource, read_entries
from lintas.model import times
from lintas.model.errors import BadInput, CheckFailed, LintasError, Refused
from lintas.node import home as homes
from lintas.node.assembly import Node
from lintas.node.config import Home
from lintas.node.publication import Publication
from lintas.storage import backup, migrate
from lintas.storage.address import Address
from lintas.storage.engine import Transaction, opened, reading, writing
from lintas.trust import note
from lintas.trust.keys import Ed25519Signer

T = TypeVar("T")


class BackedUp(NamedTuple):
    """A backup that was written: the form of the database, and the entries of its ledger."""

    form: str
    size: int


class Restored(NamedTuple):
    """What a restore did, or would do.

    ``size`` entries stood in the backup's ledger, ``taken_back`` more were taken from its published files. ``revoked`` keys and
    ``charters``, and what was ``decided`` about peers and approvals, come from the replaced database, None where it could not
    be read; it is kept as ``aside``, None where there was none. ``missed`` says who knows of more entries than that.
    """

    size: int
    taken_back: int
    revoked: int | None
    charters: int | None
    missed: tuple[str, ...]
    aside: Path | None = None
    decided: int | None = None


def make(home: Home, file: Path) -> BackedUp:
    """Write a backup of the node's SQLite database to a new file, and check it; the node may be running."""
    database = _file(home)
    if not database.exists():
        raise BadInput("there is no database", "correct `database` in the settings", where=str(database))
    ledger = _ledger(home)
    with backup.fresh(file) as new:
        backup.copy(database, new)
        with opened(new) as engine, reading(engine) as tx:
            made = BackedUp(migrate.current(engine), ledger.size(tx))
        backup.mark(new, _mark(home))
        backup.fold(new)
    return made


def restore(home: Home, file: Path, *, now: datetime, anyway: bool) -> Restored:
    """Put a backup in the place of the node's SQLite database; nothing is touched when the backup is not fit for it.

    Conflict while the node runs. Refused("rollback") when somebody knows of more entries of the ledger than would be here
    afterwards, unless ``anyway``. Everybody signs in anew.
    """
    database = _file(home)
    staged = database.with_name(database.name + ".restoring")
    with backup.alone(database):
        backup.remove(staged)
        try:
            backup.copy(file, staged)
            done = _prepare(home, database, staged, times.render(now))
            if done.missed and not anyway:
                raise Refused(
                    "rollback",
                    "; ".join(done.missed),
                    "restore a newer backup, or read in docs/commands.md what `--anyway` means",
                )
            backup.fold(staged)
            aside = database.with_name(f"{database.name}.{now:%Y%m%dT%H%M%S.%fZ}")
            there = backup.put_in_place(staged, database, aside)
            return done._replace(aside=aside if there else None)
        finally:
            backup.remove(staged)


def _file(home: Home) -> Path:
    """Return the database's file; BadInput where a PostgreSQL server has it, whose own tools copy it."""
    place = home.database
    if isinstance(place, Address):
        what = "the database is on a PostgreSQL server, whose own tools back it up and restore it"
        raise BadInput(what, "use pg_dump and pg_restore as docs/settings.md says (PostgreSQL)", where=str(place))
    return place


def _prepare(home: Home, database: Path, staged: Path, now: str) -> Restored:
    """Bring a copy of the backup to what the node needs, and say what is missing in it."""
    ledger = _ledger(home)
    with opened(staged) as engine:
        migrate.check_known(engine)
        migrate.upgrade(engine)
        with reading(engine) as tx:
            size = ledger.size(tx)
        if size == 0 and backup.mark(staged) != _mark(home):
            raise BadInput("nothing says that this is a database of this authority", "name one of its own backups")
        with writing(engine) as tx, tx.begin():
            missed = list(_take_back(home, ledger, tx))
            after = ledger.size(tx)
            kept = _keep(database, ledger, tx)
            access.end_all(tx)
    # Opened as the node will open it: charters are judged, keys and policy read.
    node = homes.open_node(Home(msgspec.structs.replace(home.config, database=str(staged)), home.root))
    try:
        with writing(node.parts.engine) as tx, tx.begin():
            node.border.note_restore(tx, now)
        missed += _missed(home, node, kept.size, after)
        return Restored(size, after - size, kept.revoked, kept.charters, tuple(missed), decided=kept.decided)
    finally:
        node.parts.engine.dispose()


def _take_back(home: Home, ledger: Ledger, tx: Transaction) -> Iterator[str]:
    """Append the entries that were published and are not in the backup; yields why, when that cannot be."""
    directory, size = home.path(home.config.ledger), ledger.size(tx)
    try:
        tree = _published(directory, ledger)
        if tree is not None and tree.size > size:
            with tx.begin_nested():
                ledger.take_back(tx, tree, read_entries(DirectorySource(directory), size, tree.size))
    except (BadInput, CheckFailed, Refused) as wrong:
        yield f"the published ledger cannot be taken back: {wrong.what}"


def _published(directory: Path, ledger: Ledger) -> Checkpoint | None:
    """Return the published tree, if this ledger's own key signed it; None where nothing is published."""
    try:
        found = note.parse((directory / CHECKPOINT).read_bytes())
    except FileNotFoundError:
        return None
    if not note.verify(found, [ledger.key], VERIFIERS):
        raise CheckFailed("its checkpoint is not signed with this ledger's key")
    return parse_checkpoint(found.text)


def _missed(home: Home, node: Node, old: int | None, after: int) -> Iterator[str]:
    """Say who knows of more entries than ``after``: the database that would be replaced, and the witnesses that answer."""
    if old is not None and old > after:
        yield f"the database that is there has {old} entries of the ledger, afterwards there would be {after}"

    async def ask() -> dict[str, str]:
        return await Publication(home, node.ledger, node.parts.directory, _Reads(node), frozenset()).seen_more()

    for authority, said in asyncio.run(ask()).items():
        yield f"{authority}: {said}"


class _Reads:
    """The staged database, as publication reads it."""

    def __init__(self, node: Node) -> None:
        self._engine = node.parts.engine

    async def read(self, question: Callable[[Transaction], T]) -> T:
        with reading(self._engine) as tx:
            return question(tx)


class _Kept(NamedTuple):
    """What the database that is to be replaced still told; None where it cannot be read, or there is none."""

    size: int | None = None
    charters: int | None = None
    revoked: int | None = None
    decided: int | None = None


def _keep(database: Path, ledger: Ledger, tx: Transaction) -> _Kept:
    """Bring over what must never be forgotten: revoked keys, disabled officers, severed peers, withdrawn approvals."""
    if not database.exists():
        return _Kept()
    with (
        contextlib.suppress(LintasError, DBAPIError),
        opened(database) as engine,
        reading(engine) as old,
        tx.begin_nested(),
    ):
        decided = exchange_store.carry_standings(old, tx) + approval_store.carry(old, tx)
        decided += access.carry_officers(old, tx)
        return _Kept(ledger.size(old), exchange_store.carry_charters(old, tx), access.carry_revoked(old, tx), decided)
    return _Kept()


def _ledger(home: Home) -> Ledger:
    return Ledger(home.config.ledger_origin, Ed25519Signer.load(home.key(homes.LOG)))


def _mark(home: Home) -> int:
    """Return the number by which a backup says whose it is, for one whose ledger is still empty."""
    key = str(log_key(home.config.ledger_origin, Ed25519Signer.load(home.key(homes.LOG))))
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4]) >> 1
