"""What a file is on a platter: the bytes that a running program sees, and those that survive when the power goes."""

import itertools
import random
from collections.abc import Iterator

#: The unit that a power cut keeps or loses, in bytes.
SECTOR = 512

#: One unsynced change: bytes written at an offset, or (None) the file cut or stretched to that size.
Change = tuple[int, bytes | None]


def _apply(image: bytearray, change: Change) -> None:
    """Carry out one change; a gap reads as zeros."""
    offset, data = change
    if offset > len(image):
        image.extend(bytes(offset - len(image)))
    if data is None:
        del image[offset:]
    else:
        image[offset : offset + len(data)] = data


class File:
    """One file's two images and the changes between them."""

    __slots__ = ("durable", "live", "unsynced")

    def __init__(self) -> None:
        self.live, self.durable = bytearray(), bytearray()
        self.unsynced: list[Change] = []

    def change(self, offset: int, data: bytes | None) -> None:
        """Change the live image, and remember that the platter does not know."""
        change = (offset, data)
        _apply(self.live, change)
        self.unsynced.append(change)

    def flush(self) -> None:
        """Make every change durable."""
        for change in self.unsynced:
            _apply(self.durable, change)
        self.unsynced.clear()

    def settle(self, rng: random.Random) -> int:
        """Let chance decide which unsynced changes reached the platter; return how many sectors did not."""
        before = sum(_sectors(change) for change in self.unsynced)
        kept = 0
        for change in _survivors(self.unsynced, rng):
            _apply(self.durable, change)
            kept += _sectors(change)
        self.unsynced.clear()
        return max(0, before - kept)


def _sectors(change: Change) -> int:
    """Count the sectors that a change touches (a new size counts as one)."""
    offset, data = change
    return 1 if data is None else (offset + len(data) + SECTOR - 1) // SECTOR - offset // SECTOR


def _survivors(changes: list[Change], rng: random.Random) -> Iterator[Change]:
    """Choose what reached the platter: in order up to one torn write, or any sectors, some of them damaged."""
    if rng.random() < 0.5:
        whole = rng.randrange(len(changes) + 1)
        yield from changes[:whole]
        for offset, data in changes[whole : whole + 1]:
            if data is not None:
                yield offset, data[: rng.randrange(len(data) + 1)]
        return
    share = rng.choice((0.0, 0.1, 0.5, 0.9, 1.0))
    for offset, data in changes:
        if data is None:
            if rng.random() < share:
                yield offset, None
            continue
        for start, end in itertools.pairwise(_cuts(offset, len(data))):
            if rng.random() < share:
                piece = data[start:end]
                # The head may have been inside this sector: nobody promises old or new bytes there.
                yield offset + start, rng.randbytes(len(piece)) if share < 1 and rng.random() < 0.02 else piece


def _cuts(offset: int, length: int) -> Iterator[int]:
    """Give the places, counted from ``offset``, where a write crosses into the next sector."""
    yield 0
    yield from range(SECTOR - offset % SECTOR, length, SECTOR)
    yield length
