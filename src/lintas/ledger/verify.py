"""Verifies a published ledger against a trust policy: quorum, then entries, then every hash of every tile, then the root.

Trust comes from the policy alone, never from the ledger. Whatever is wrong is named with the file it is in.
"""

import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Protocol

import msgspec

from lintas.ledger.publish import CHECKPOINT, UNFINISHED
from lintas.ledger.tiles import (
    HEIGHT,
    MAX_ENTRY,
    WIDTH,
    NodeReader,
    TileId,
    bundles_of,
    decode_bundle,
    parse_path,
    width_in,
)
from lintas.ledger.tlog_policy import Judgement, TlogPolicy, judge
from lintas.model.errors import BadInput, CheckFailed, TooLarge
from lintas.trust import merkle, note

MAX_BUNDLE = WIDTH * (MAX_ENTRY + 2)
MAX_TILE = WIDTH * merkle.HASH_BYTES
#: After this many problems the rest is not worth listing.
MAX_PROBLEMS = 20


class Source(Protocol):
    """Where published files are read from: a directory, or a server."""

    def read(self, path: str, limit: int) -> bytes | None:
        """Return a file's bytes, None when there is no such file; TooLarge above ``limit``."""
        ...

    def paths(self) -> Iterable[str]:
        """Return every file's path where they can be listed, otherwise nothing."""
        ...


class Verdict(msgspec.Struct, frozen=True):
    """The outcome: ``problems`` is empty when everything holds; ``uncovered`` files lie beyond the checkpoint, unjudged."""

    ok: bool
    origin: str = ""
    size: int = 0
    root: str = ""
    log: str = ""
    cosigned_by: tuple[tuple[str, datetime], ...] = ()
    problems: tuple[str, ...] = ()
    uncovered: tuple[str, ...] = ()


class DirectorySource:
    """Published files in a directory."""

    def __init__(self, directory: Path) -> None:
        if not directory.is_dir():
            raise BadInput("there is no such directory", "name the published ledger", where=str(directory))
        self._directory = directory

    def read(self, path: str, limit: int) -> bytes | None:
        """Return a file's bytes, None when there is no such file; TooLarge above ``limit``."""
        try:
            with (self._directory / path).open("rb") as file:
                data = file.read(limit + 1)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        if len(data) > limit:
            raise TooLarge(f"the file has more than {limit} bytes", "it is not part of a ledger", where=path)
        return data

    def paths(self) -> Iterable[str]:
        """Return every file's path."""
        for folder, _, names in os.walk(self._directory):
            for name in names:
                path = (Path(folder) / name).relative_to(self._directory).as_posix()
                if path != UNFINISHED:
                    yield path


def verify_ledger(source: Source, policy: TlogPolicy) -> Verdict:
    """Check everything the policy and the formats demand; problems are listed, not raised."""
    try:
        judgement = judge(policy, _need(source, CHECKPOINT, note.MAX_BYTES))
    except (CheckFailed, BadInput) as wrong:
        return Verdict(ok=False, problems=(str(wrong),))
    walk = _Walk(source, judgement.checkpoint.size)
    if walk.root() != judgement.checkpoint.root and not walk.problems:
        walk.problems.append(f"{CHECKPOINT}: the entries do not hash to its root")
    walk.other_files()
    return _verdict(judgement, walk)


def read_nodes(source: Source, size: int) -> NodeReader:
    """Return a reader of tree nodes from published tiles, for making proofs."""
    return NodeReader(size, lambda tile: _tile(source, tile, MAX_TILE))


def read_entry(source: Source, size: int, index: int) -> bytes:
    """Return one published entry of a tree of ``size``; BadInput when it has no such entry."""
    if not 0 <= index < size:
        raise BadInput(f"the checkpoint covers {size} entries, not entry {index}", "wait for the next one")
    tile = TileId(None, index // WIDTH, min(WIDTH, size - index // WIDTH * WIDTH))
    return _bundle(source, tile)[index % WIDTH]


def read_entries(source: Source, start: int, size: int) -> list[bytes]:
    """Return the entries ``[start, size)`` of a published tree of ``size``, unverified; CheckFailed when one is missing."""
    found: list[bytes] = []
    for tile in bundles_of(size, start):
        found += _bundle(source, tile)[max(0, start - tile.index * WIDTH) :]
    return found


class _Walk:
    """One pass over a published tree of a known size."""

    def __init__(self, source: Source, size: int) -> None:
        self.problems: list[str] = []
        self.uncovered: list[str] = []
        self._source, self._size = source, size

    def root(self) -> bytes | None:
        """Rebuild the tree from the entries, compare each tile on the way, and return the root; None if entries are missing."""
        hashes = self._leaves()
        if hashes is None:
            return None
        level, complete = 0, []
        while hashes:
            for at in range(0, len(hashes), WIDTH):
                self._compare(level, at // WIDTH, hashes[at : at + WIDTH])
            full = len(hashes) // WIDTH * WIDTH
            # What is left beside the full tiles are the tree's own complete subtrees of this level.
            complete.append(merkle.CompactRange().extend(hashes[full:]).hashes)
            hashes = [merkle.root(hashes[at : at + WIDTH]) for at in range(0, full, WIDTH)]
            level += 1
        return merkle.CompactRange(self._size, tuple(each for part in reversed(complete) for each in part)).root()

    def other_files(self) -> None:
        """Judge the files that this size does not need: older partial tiles must agree, unknown ones are refused."""
        for path in sorted(self._source.paths()):
            if len(self.problems) >= MAX_PROBLEMS or path == CHECKPOINT:
                continue
            tile = parse_path(path)
            if tile is None:
                self.problems.append(f"{path}: no such file belongs to a ledger")
                continue
            width = width_in(self._size, tile.level or 0, tile.index)
            if tile.width > width:
                self.uncovered.append(path)
            elif tile.width < width:
                self._older(tile, width)

    def _leaves(self) -> list[bytes] | None:
        leaves: list[bytes] = []
        for tile in bundles_of(self._size):
            try:
                leaves += [merkle.leaf_hash(entry) for entry in _bundle(self._source, tile)]
            except (CheckFailed, BadInput) as wrong:
                self.problems.append(str(wrong))
                if len(self.problems) >= MAX_PROBLEMS:
                    break
        return leaves if not self.problems else None

    def _compare(self, level: int, index: int, hashes: list[bytes]) -> None:
        tile = TileId(level, index, len(hashes))
        try:
            data = _tile(self._source, tile, MAX_TILE)
        except (CheckFailed, BadInput) as wrong:
            self._add(str(wrong))
            return
        if data != b"".join(hashes):
            pairs = enumerate(zip(hashes, (data[at : at + 32] for at in range(0, len(data), 32)), strict=False))
            wrong_at = next((n for n, (ours, theirs) in pairs if ours != theirs), len(hashes))
            first = (index * WIDTH + wrong_at) << (HEIGHT * level)
            self._add(f"{tile.path}: hash {wrong_at} does not fit the entries from {first}")

    def _older(self, tile: TileId, width: int) -> None:
        limit = MAX_BUNDLE if tile.level is None else MAX_TILE
        try:
            data = _need(self._source, tile.path, limit)
            if tile.level is None:
                now = _bundle(self._source, TileId(None, tile.index, width))[: tile.width]
                same = decode_bundle(data, tile.width, where=tile.path) == now
            else:
                now_tile = _tile(self._source, TileId(tile.level, tile.index, width), MAX_TILE)
                same = data == now_tile[: tile.width * merkle.HASH_BYTES]
        except (CheckFailed, BadInput) as wrong:
            self._add(str(wrong))
            return
        if not same:
            self._add(f"{tile.path}: an older partial tile does not agree with the one that followed")

    def _add(self, problem: str) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(problem)


def _verdict(judgement: Judgement, walk: _Walk) -> Verdict:
    checkpoint = judgement.checkpoint
    return Verdict(
        ok=not walk.problems,
        origin=checkpoint.origin,
        size=checkpoint.size,
        root=checkpoint.root.hex(),
        log=judgement.log,
        cosigned_by=judgement.cosigned_by,
        problems=tuple(walk.problems),
        uncovered=tuple(walk.uncovered),
    )


def _need(source: Source, path: str, limit: int) -> bytes:
    data = source.read(path, limit)
    if data is None:
        raise CheckFailed("the file is missing", "publish the ledger again", where=path)
    return data


def _tile(source: Source, tile: TileId, limit: int) -> bytes:
    """Read the hashes of a tile at its width."""
    found, data = _found(source, tile, limit)
    if len(data) != found.width * merkle.HASH_BYTES:
        raise CheckFailed(f"the tile has {len(data)} bytes, not {found.width} hashes", where=found.path)
    return data[: tile.width * merkle.HASH_BYTES]


def _bundle(source: Source, tile: TileId) -> list[bytes]:
    """Read the entries of a bundle at its width."""
    found, data = _found(source, tile, MAX_BUNDLE)
    return decode_bundle(data, found.width, where=found.path)[: tile.width]


def _found(source: Source, tile: TileId, limit: int) -> tuple[TileId, bytes]:
    """Read a tile, or the full one in its place where the partial has been dropped since; say which it was."""
    for each in dict.fromkeys((tile, tile.widened())):
        data = source.read(each.path, limit)
        if data is not None:
            return each, data
    raise CheckFailed("the file is missing", "publish the ledger again", where=tile.path)
