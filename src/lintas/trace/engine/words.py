"""Many short byte strings in two arrays that can be memory-mapped: the ids and account names of an index.

Words of one width need no ends; UUIDs in their usual form (RFC 9562, lower case) are kept as their 16 bytes.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
#: Rows of one width, padded with zero bytes: dtype ``S<width>``, shape (n,).
Strings = npt.NDArray[np.bytes_]
#: What the blob holds: the words themselves, or UUIDs packed.
Form = Literal["text", "uuid"]

_UUID = 36
_HYPHENS = (8, 13, 18, 23)
_DIGITS = [place for place in range(_UUID) if place not in _HYPHENS]
#: Byte -> its value as a lower-case hexadecimal digit, 255 for any other byte.
_VALUE = np.full(256, 255, np.uint8)
_VALUE[list(b"0123456789abcdef")] = np.arange(16)
_AT_ONCE = 1 << 20


class Words:
    """Strings by number; ``blob`` holds them end to end, ``ends`` (shape (n,)) where each ends.

    Where all have one width, ``blob`` has the shape (n, width) and ``ends`` is empty.
    """

    def __init__(self, blob: Bytes, ends: npt.NDArray[np.int64], form: Form = "text") -> None:
        self.blob, self.ends, self.form = blob, ends, form
        self._count, self._width = blob.shape if blob.ndim == 2 else (len(ends), 0)
        self._blob, self._ends = blob.reshape(-1).data, ends.data

    @classmethod
    def pack(cls, words: Iterable[bytes]) -> "Words":
        """Lay the words end to end."""
        return cls.of(strings(words))

    @classmethod
    def of(cls, rows: Strings, *, ids: bool = False) -> "Words":
        """Lay rows end to end, without a copy where they fill their width; UUIDs are packed where they are ``ids``."""
        count, width = len(rows), rows.dtype.itemsize
        table = rows.view(np.uint8).reshape(count, width)
        no_ends = np.zeros(0, np.int64)
        if ids and count and _are_uuids(table):
            return cls(_packed(table), no_ends, "uuid")
        if table[:, -1].all():
            return cls(table, no_ends)
        lengths = np.strings.str_len(rows)
        if lengths.min() == lengths.max():
            return cls(np.ascontiguousarray(table[:, : lengths[0]]), no_ends)
        ends = np.cumsum(lengths, dtype=np.int64)
        blob = np.empty(int(ends[-1]), np.uint8)
        for first in range(0, count, _AT_ONCE):
            some = table[first : first + _AT_ONCE]
            start = int(ends[first - 1]) if first else 0
            blob[start : int(ends[min(first + _AT_ONCE, count) - 1])] = some[some != 0]
        return cls(blob, ends)

    def __len__(self) -> int:
        """Count the words."""
        return int(self._count)

    def __getitem__(self, number: int) -> bytes:
        """Return word ``number``, 0 <= number < n."""
        raw = self._raw(number)
        return _unpacked(raw) if self.form == "uuid" else raw

    def find(self, word: bytes, order: Sequence[int] = ()) -> int | None:
        """Return the first number of ``word``, or None; ``order`` lists the numbers by ascending bytes, empty: they ascend."""
        if self.form == "uuid":
            row = np.frombuffer(word, np.uint8).reshape(1, -1)
            if row.shape[1] != _UUID or not _are_uuids(row):
                return None
            word = _packed(row).tobytes()
        low, high, sorted_already = 0, self._count, not len(order)
        while low < high:
            middle = (low + high) // 2
            if self._raw(middle if sorted_already else order[middle]) < word:
                low = middle + 1
            else:
                high = middle
        if low == self._count:
            return None
        found = low if sorted_already else order[low]
        return int(found) if self._raw(found) == word else None

    def rows(self) -> Strings:
        """Return the words as rows of one width, in their own numbers."""
        if self.form == "text" and self._width:
            return np.asarray(self.blob).view(f"S{self._width}").reshape(-1)
        return strings([self[number] for number in range(self._count)])

    def _raw(self, number: int) -> bytes:
        if self._width:
            return bytes(self._blob[number * self._width : (number + 1) * self._width])
        return bytes(self._blob[(self._ends[number - 1] if number else 0) : self._ends[number]])


def strings(words: Iterable[bytes] | Strings) -> Strings:
    """Return words, none of which ends in a zero byte, as rows of one width."""
    if isinstance(words, np.ndarray):
        return np.ascontiguousarray(words)
    kept = list(words)
    return np.array(kept, dtype=np.bytes_) if kept else np.zeros(0, "S1")


def _are_uuids(table: Bytes) -> bool:
    if table.shape[1] != _UUID or not (table[:, _HYPHENS] == ord("-")).all():
        return False
    pieces = (table[first : first + _AT_ONCE] for first in range(0, len(table), _AT_ONCE))
    return all(bool((_VALUE[piece[:, _DIGITS]] != 255).all()) for piece in pieces)


def _packed(table: Bytes) -> Bytes:
    """Return the 16 bytes of each UUID, which sort as the UUIDs do; shape (n, 16)."""
    packed = np.empty((len(table), 16), np.uint8)
    for first in range(0, len(table), _AT_ONCE):
        digits = _VALUE[table[first : first + _AT_ONCE][:, _DIGITS]]
        packed[first : first + _AT_ONCE] = digits[:, ::2] << 4 | digits[:, 1::2]
    return packed


def _unpacked(raw: bytes) -> bytes:
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}".encode()
