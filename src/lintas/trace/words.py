"""Many short byte strings in two arrays that can be memory-mapped: the ids and account names of an index."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from lintas.trace.ledger import Ints

Bytes = npt.NDArray[np.uint8]


class Words:
    """Strings by number; ``blob`` holds them end to end, ``ends`` (shape (n,)) where each one ends."""

    def __init__(self, blob: Bytes, ends: Ints) -> None:
        self.blob, self.ends = blob, ends
        self._blob, self._ends = blob.data, ends.data

    @classmethod
    def pack(cls, words: Iterable[bytes]) -> "Words":
        """Lay the words end to end."""
        kept = list(words)
        blob = np.frombuffer(b"".join(kept), dtype=np.uint8)
        return cls(blob, np.cumsum(np.fromiter(map(len, kept), np.int64, len(kept)), dtype=np.int64))

    def __len__(self) -> int:
        """Count the words."""
        return len(self._ends)

    def __getitem__(self, number: int) -> bytes:
        """Return word ``number``, 0 <= number < n."""
        start = self._ends[number - 1] if number else 0
        return bytes(self._blob[start : self._ends[number]])

    def find(self, word: bytes, order: "memoryview[int]") -> int | None:
        """Return the number of ``word``, where ``order`` lists the numbers by ascending bytes; None if it is not there."""
        low, high = 0, len(self._ends)
        while low < high:
            middle = (low + high) // 2
            if self[order[middle]] < word:
                low = middle + 1
            else:
                high = middle
        if low < len(self._ends) and self[order[low]] == word:
            return int(order[low])
        return None
