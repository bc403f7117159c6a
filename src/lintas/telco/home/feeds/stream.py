"""Follows a file, or standard input, line by line as it grows; a file that is replaced or cut is begun anew."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO

from lintas.telco.home.feeds.lines import MAX_LINE

#: How often a file that did not grow is looked at, seconds, and how much is read at once.
PAUSE_S, CHUNK = 0.2, 1 << 18


class Lines:
    """Cuts bytes into lines; a line without end is let go piece by piece, and counted as one that is too long."""

    def __init__(self) -> None:
        self._rest = b""
        self._skipping = False

    def feed(self, data: bytes) -> list[bytes]:
        """Return the lines that are complete now; too long ones come cut to ``MAX_LINE`` + 1 bytes, which no reader takes."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if self._skipping and lines:
            lines, self._skipping = lines[1:], False
        if self._skipping:
            self._rest = b""
        elif len(self._rest) > MAX_LINE:
            lines.append(self._rest[: MAX_LINE + 1])
            self._rest, self._skipping = b"", True
        return lines


async def follow(path: Path, *, pause: float = PAUSE_S) -> AsyncIterator[list[bytes]]:
    """Yield the lines of a file, from its beginning, for ever; a file that is not there yet is waited for."""
    while True:
        if not path.exists():
            await asyncio.sleep(pause)
            continue
        lines = Lines()
        with path.open("rb") as file:
            while True:
                data = await asyncio.to_thread(file.read, CHUNK)
                if found := lines.feed(data):
                    yield found
                if not data:
                    if _replaced(path, file):
                        break
                    await asyncio.sleep(pause)


async def standard_input() -> AsyncIterator[list[bytes]]:
    """Yield the lines of standard input until it ends."""
    lines, file = Lines(), sys.stdin.buffer.fileno()
    while data := await asyncio.to_thread(os.read, file, CHUNK):
        if found := lines.feed(data):
            yield found


def _replaced(path: Path, file: IO[bytes]) -> bool:
    mine = os.fstat(file.fileno())
    try:
        now = path.stat()
    except FileNotFoundError:
        return True
    return (now.st_dev, now.st_ino) != (mine.st_dev, mine.st_ino) or now.st_size < file.tell()
