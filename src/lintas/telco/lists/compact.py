"""Takes what deltas changed into a new base file, so that overlay and chain stay short."""

from pathlib import Path

import numpy as np

from lintas.telco.lists.base import APART, CLASS_BITS, Base
from lintas.telco.lists.build import Built, Classes, Entries, Numbers, Origin, build
from lintas.telco.lists.entries import Row
from lintas.telco.lists.snapshot import Snapshot


def compact(snapshot: Snapshot, path: Path) -> Built:
    """Write what a snapshot holds as a base file at ``path``, without what has expired; readers go on with what they hold."""
    now = int(snapshot.clock())
    numbers, classes, rows = _kept(snapshot, now)
    added_numbers, added_classes = [], []
    index: dict[Row, int] = {row: at for at, row in enumerate(rows)}
    for number, held in snapshot.numbers().items():
        for row in held:
            if row.expires > now:
                added_numbers.append(number)
                added_classes.append(index.setdefault(row, len(index)))
    entries = Entries(
        np.concatenate([numbers, np.array(added_numbers, np.uint64)]),
        np.concatenate([classes, np.array(added_classes, np.uint32)]),
        list(index),
        {key: row for key, row in snapshot.range_rows().items() if row.expires > now},
    )
    return build(path, entries, Origin(snapshot.name, snapshot.version, snapshot.head, snapshot.at))


def _kept(snapshot: Snapshot, now: int) -> tuple[Numbers, Classes, list[Row]]:
    """Return the numbers of the base file of which no delta spoke and which have not expired, their classes, and those."""
    base = snapshot.base
    words = np.frombuffer(base.words, np.uint64)
    numbers = words >> np.uint64(CLASS_BITS)
    changed = np.fromiter(snapshot.numbers(), np.uint64, len(snapshot.numbers()))
    keep = np.ones(len(words), np.bool_)
    if len(changed):
        changed.sort()
        place = np.minimum(np.searchsorted(changed, numbers), len(changed) - 1)
        keep = changed[place] != numbers
    classes, rows = _exact(base, words)
    live = np.array([row.expires > now for row in rows] or [False])
    keep &= live[classes] if len(classes) else keep
    return numbers[keep], classes[keep], rows


def _exact(base: Base, words: Numbers) -> tuple[Classes, list[Row]]:
    """Return the class of each word, and the classes with their whole time of expiry."""
    header = base.header
    classes = (words & np.uint64(APART)).astype(np.uint32)
    if header.apart:
        classes[np.frombuffer(base.apart_at, np.uint32)] = np.frombuffer(base.apart_class, np.uint32)
    rows = [base.class_row(at) for at in range(len(header.classes))]
    if not header.late:
        return classes, rows
    pairs = classes.astype(np.uint64) << np.uint64(16) | np.frombuffer(base.late, np.uint16)
    distinct, index = np.unique(pairs, return_inverse=True)
    exact = [
        rows[pair >> 16]._replace(expires=rows[pair >> 16].expires + (pair & 0xFFFF)) for pair in distinct.tolist()
    ]
    return index.astype(np.uint32), exact
