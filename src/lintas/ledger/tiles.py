"""Tiles and entry bundles (C2SP tlog-tiles): their names, their bytes, and reading tree nodes out of them; no I/O here."""

import re
import struct
from collections.abc import Callable, Iterator, Sequence

import msgspec

from lintas.model.errors import BadInput, CheckFailed
from lintas.trust.merkle import HASH_BYTES, CompactRange

WIDTH = 256
HEIGHT = 8
MAX_ENTRY = 65_535

_NAME = re.compile(r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


class TileId(msgspec.Struct, frozen=True, order=True):
    """One tile: level (None for an entry bundle), index in that level, and width 1..256 (256: full)."""

    level: int | None
    index: int
    width: int

    @property
    def path(self) -> str:
        """Return the tile's path under the log's prefix, e.g. ``tile/0/x001/x234/067.p/12``."""
        rest = self.index
        groups: list[str] = []
        while rest or not groups:
            rest, group = divmod(rest, 1000)
            groups.append(f"{group:03d}")
        parts = [f"x{group}" for group in groups[:0:-1]] + [groups[0]]
        level = "entries" if self.level is None else str(self.level)
        return f"tile/{level}/{'/'.join(parts)}" + (f".p/{self.width}" if self.width < WIDTH else "")

    def widened(self) -> "TileId":
        """Return the full tile at this place."""
        return TileId(self.level, self.index, WIDTH)


def parse_path(path: str) -> TileId | None:
    """Read a path as ``TileId.path`` writes it; None when it is anything else."""
    match = _NAME.fullmatch(path)
    if not match:
        return None
    level = None if match[1] == "entries" else int(match[1])
    tile = TileId(level, int(match[2].replace("x", "").replace("/", "")), int(match[3] or WIDTH))
    return tile if tile.path == path and (level is None or level < 64) else None


def tiles_of(size: int, since: int = 0) -> Iterator[TileId]:
    """Yield the hash tiles of a tree of ``size`` that a tree of ``since`` did not have, level by level, left to right."""
    level, now, before = 0, size, since
    while now:
        if now != before:
            for index in range(before // WIDTH, now // WIDTH):
                yield TileId(level, index, WIDTH)
            if now % WIDTH:
                yield TileId(level, now // WIDTH, now % WIDTH)
        level, now, before = level + 1, now // WIDTH, before // WIDTH


def bundles_of(size: int, since: int = 0) -> Iterator[TileId]:
    """Yield the entry bundles of a tree of ``size`` that a tree of ``since`` did not have."""
    for index in range(since // WIDTH, -(-size // WIDTH)):
        width = min(WIDTH, size - index * WIDTH)
        if index * WIDTH + width > since:
            yield TileId(None, index, width)


def width_in(size: int, level: int, index: int) -> int:
    """Return how many hashes tile ``index`` of ``level`` has in a tree of ``size``: 0 when there is no such tile."""
    return max(0, min(WIDTH, (size >> (HEIGHT * level)) - index * WIDTH))


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """Write entries, each after its length as a big-endian uint16."""
    return b"".join(struct.pack(">H", len(entry)) + entry for entry in entries)


def decode_bundle(data: bytes, width: int, *, where: str = "") -> list[bytes]:
    """Read exactly ``width`` entries; CheckFailed when bytes are missing or left over."""
    entries: list[bytes] = []
    at = 0
    for _ in range(width):
        if at + 2 > len(data):
            raise CheckFailed(f"the bundle ends after {len(entries)} of {width} entries", where=where)
        (length,) = struct.unpack_from(">H", data, at)
        entries.append(data[at + 2 : at + 2 + length])
        at += 2 + length
        if at > len(data):
            raise CheckFailed(f"entry {len(entries) - 1} of the bundle is cut off", where=where)
    if at != len(data):
        raise CheckFailed(f"{len(data) - at} bytes follow the last entry of the bundle", where=where)
    return entries


def split_hashes(data: bytes) -> list[bytes]:
    """Cut a tile into its hashes."""
    return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]


class NodeReader:
    """Reads tree nodes, as ``merkle.Nodes``, from the tiles of a tree of ``size``.

    ``fetch(tile)`` returns the bytes of the tile as wide as this tree has it, or wider; tiles are kept once fetched.
    """

    def __init__(self, size: int, fetch: Callable[[TileId], bytes]) -> None:
        self._size, self._fetch = size, fetch
        self._kept: dict[tuple[int, int], bytes] = {}

    def __call__(self, level: int, index: int) -> bytes:
        """Return node (level, index); BadInput when the tree does not have it."""
        if (index + 1) << level > self._size or index < 0:
            raise BadInput(f"a tree of {self._size} has no node {index} at level {level}", "ask for a smaller one")
        tile_level, up = divmod(level, HEIGHT)
        first = index << up
        data = self._tile(tile_level, first // WIDTH)
        start, count = first % WIDTH, 1 << up
        return CompactRange().extend(split_hashes(data[start * HASH_BYTES : (start + count) * HASH_BYTES])).root()

    def _tile(self, level: int, index: int) -> bytes:
        kept = self._kept.get((level, index))
        if kept is None:
            tile = TileId(level, index, width_in(self._size, level, index))
            kept = self._fetch(tile)[: tile.width * HASH_BYTES]
            if len(kept) != tile.width * HASH_BYTES:
                raise CheckFailed(f"the tile has {len(kept)} bytes", "it is cut off; fetch it again", where=tile.path)
            self._kept[level, index] = kept
        return kept
