"""Publishes the ledger as static files (C2SP tlog-tiles), each atomically and the checkpoint last, and speaks to witnesses.

HTTP is the caller's: ``witness_request`` makes what to send, ``merge_cosignatures`` takes what came back.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from lintas.ledger.checkpoint import Checkpoint, parse_checkpoint
from lintas.ledger.cosignature import VERIFIERS
from lintas.ledger.service import Ledger
from lintas.ledger.tiles import WIDTH, TileId, bundles_of, encode_bundle, tiles_of
from lintas.ledger.witness import render_request
from lintas.model.errors import BadInput, Refused, Unavailable
from lintas.storage.engine import Transaction
from lintas.trust import note
from lintas.trust.note import VerifierKey

CHECKPOINT = "checkpoint"
#: Where a file is written before it takes its name; verifiers pass it over.
UNFINISHED = ".new"
#: What to do about a database that has fewer entries than were published.
TAKE_BACK = "put the database back with `lintas db restore`, which takes back what was published"


class Published(msgspec.Struct, frozen=True):
    """What a publication did: the size now published, and the paths written, in order."""

    size: int
    written: tuple[str, ...]


def witness_request(ledger: Ledger, tx: Transaction, signed: bytes, old: int) -> bytes:
    """Return the body to POST to a witness's add-checkpoint, which last saw ``old`` entries (0 if unknown: it answers 409)."""
    size = parse_checkpoint(note.parse(signed).text).size
    return render_request(old, ledger.consistency_proof(tx, old, size), signed)


def merge_cosignatures(signed: bytes, answer: bytes, keys: Sequence[VerifierKey]) -> bytes:
    """Return the checkpoint with the cosignatures of one witness's answer (200) added.

    Lines of keys not given are ignored; CheckFailed or MalformedInput when the answer is bad or has no line of a given key.
    """
    ours = note.parse(signed)
    theirs = note.parse(note.Note(ours.text, ()).render() + answer, where="cosignature")
    good = note.verify(theirs, keys, VERIFIERS, where="cosignature")
    if not good:
        raise BadInput("the witness answered no cosignature of its key", "check its vkey", where="cosignature")
    return ours.with_signatures(signature for _, signature in good).render()


def publish(tx: Transaction, ledger: Ledger, directory: Path, signed: bytes, *, anew: bool = False) -> Published:
    """Write what the signed checkpoint covers and the directory lacks (all of it if ``anew``); twice is the same as once.

    Refused ("fork", "rollback") when the checkpoint or the directory does not fit this ledger; Unavailable when the disk
    does not take it. Whatever stops it midway, the checkpoint there still covers only what is complete.
    """
    checkpoint = parse_checkpoint(note.parse(signed).text)
    _same_tree(tx, ledger, checkpoint)
    before = _published(directory)
    if before:
        if before.size > checkpoint.size:
            what = f"{before.size} entries are published, the checkpoint covers {checkpoint.size}"
            raise Refused("rollback", what, TAKE_BACK, where=str(directory))
        _same_tree(tx, ledger, before)
    since = before.size if before and not anew else 0
    written: list[str] = []
    try:
        for tile in [*bundles_of(checkpoint.size, since), *tiles_of(checkpoint.size, since)]:
            written += _write(directory, tile.path, _content(tx, ledger, tile))
        written += _write(directory, CHECKPOINT, signed)
        _drop_partials(directory, checkpoint.size, since)
    except OSError as wrong:
        what = f"the ledger cannot be published: {wrong.strerror or wrong}"
        raise Unavailable(what, "check disk space and permissions", where=str(directory)) from wrong
    return Published(checkpoint.size, tuple(written))


def _content(tx: Transaction, ledger: Ledger, tile: TileId) -> bytes:
    if tile.level is not None:
        return ledger.tile(tx, tile)
    start = tile.index * WIDTH
    return encode_bundle(ledger.entries(tx, start, start + tile.width))


def _same_tree(tx: Transaction, ledger: Ledger, checkpoint: Checkpoint) -> None:
    size = ledger.size(tx)
    if checkpoint.origin != ledger.origin:
        raise Refused(
            "fork", f"a checkpoint of {checkpoint.origin} in the ledger {ledger.origin}", "check the directory"
        )
    if checkpoint.size > size:
        what = f"a checkpoint covers {checkpoint.size} entries, the database holds {size}"
        raise Refused("rollback", what, TAKE_BACK)
    if ledger.root(tx, checkpoint.size) != checkpoint.root:
        what = f"the checkpoint of {checkpoint.size} entries has another root than this ledger"
        raise Refused("fork", what, "do not publish; compare with the witnesses")


def _published(directory: Path) -> Checkpoint | None:
    """Return the published tree head; None where there is none that can be read, which means publishing all of it."""
    try:
        return parse_checkpoint(note.parse((directory / CHECKPOINT).read_bytes()).text)
    except (FileNotFoundError, NotADirectoryError, BadInput):
        return None


def _write(directory: Path, path: str, data: bytes) -> list[str]:
    """Put a file in its place atomically and durably; return its path, or nothing when it was there already."""
    target = directory / path
    try:
        if target.read_bytes() == data:
            return []
    except FileNotFoundError:
        target.parent.mkdir(parents=True, exist_ok=True)
    fresh = directory / UNFINISHED
    with fresh.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(target)
    handle = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    return [path]


def _drop_partials(directory: Path, size: int, since: int) -> None:
    """Delete the partial tiles whose full tile is there now, as tlog-tiles allows."""
    for tile in [*bundles_of(size, since), *tiles_of(size, since)]:
        partial = directory / f"{tile.path}.p"
        if tile.width == WIDTH and partial.is_dir():
            for file in partial.iterdir():
                file.unlink()
            partial.rmdir()
