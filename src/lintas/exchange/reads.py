"""Who read what peers sent: noted before the answer leaves, committed to in the ledger, shown to who audits.

A read is written down when it begins. Further looks of the same reader at the same object, each less than ten minutes after the
one before, are counted in memory and written now and then, so that a page which refreshes itself costs nothing.
"""

import hashlib
import hmac
import threading
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from lintas.exchange import reads_store as store
from lintas.exchange.records import Broken, Committed, Read, Seen
from lintas.ledger.records import Entry, commit, decode, encode
from lintas.ledger.service import Ledger
from lintas.model import times
from lintas.model.errors import LintasError
from lintas.model.ids import IdSource
from lintas.model.reader import Reader
from lintas.model.times import Clock
from lintas.storage.engine import Transaction
from lintas.trust import merkle

#: Looks with less than this between them are one read; as often, at least, what was counted in memory is written.
SAME = timedelta(minutes=10)
#: Reads that one entry of the ledger commits to.
MAX_BATCH = 5_000
#: Reads that go on and are remembered; beyond it the database is asked.
MAX_REMEMBERED = 200_000
LISTED = 50
_SECRET, _KIND, _PAGE = "reader_pseudonyms", "reads", 1_000


class Key(NamedTuple):
    """One reader and one thing seen."""

    reader: str
    seen: Seen


class _Going(msgspec.Struct):
    """A read that goes on: its row, the last look, how many are not written yet, and when that was done last."""

    seq: int
    last: datetime
    more: int
    written: datetime


#: Reads that were written: their rows, and when.
Noted = tuple[dict[Key, int], datetime]
#: Looks that were written: for each read's row how many.
Written = tuple[dict[int, int], datetime]


class Reads:
    """The reads at one node."""

    def __init__(self, *, me: str, ledger: Ledger, clock: Clock, ids: IdSource) -> None:
        self._me, self._ledger, self._clock, self._ids = me, ledger, clock, ids
        # Faces look from the event loop, the writer has its own thread.
        self._lock = threading.Lock()
        self._going: dict[Key, _Going] = {}
        #: Reads that ended with looks that are not written yet, by their row.
        self._ended: dict[int, _Going] = {}

    # ---- noting

    def fresh(self, reader: Reader, seen: Sequence[Seen]) -> list[Seen]:
        """Return what has to be written down before the answer may leave; what goes on is counted."""
        now = self._clock.now()
        missing: list[Seen] = []
        with self._lock:
            for each in seen:
                going = self._going.get(Key(reader.id, each))
                if going is None or now - going.last >= SAME:
                    missing.append(each)
                else:
                    going.last, going.more = now, going.more + 1
        return missing

    def note(self, tx: Transaction, reader: Reader, seen: Sequence[Seen]) -> Noted:
        """Write down what is read; hand what this returns to ``noted`` after the commit."""
        now = self._clock.now()
        at = times.render(now)
        known = store.recent(tx, reader.id, times.render(now - SAME))
        going_on = [store.Again(known[each], 1, at) for each in seen if each in known]
        store.go_on(tx, going_on)
        new = [each for each in dict.fromkeys(seen) if each not in known]
        store.add(
            tx,
            [
                store.new_row(reader, each, at, self._pseudonym(tx, reader.id, each.peer), self._ids.salt())
                for each in new
            ],
        )
        rows = known | store.recent(tx, reader.id, times.render(now - SAME)) if new else known
        return {Key(reader.id, each): rows[each] for each in seen if each in rows}, now

    def noted(self, noted: Noted) -> None:
        """Remember reads whose commit is done: until they end, further looks are counted."""
        rows, at = noted
        with self._lock:
            for key, seq in rows.items():
                going = self._going.get(key)
                if going is not None and going.seq == seq:
                    going.last = max(going.last, at)
                elif len(self._going) < MAX_REMEMBERED:
                    if going is not None and going.more:
                        self._ended[going.seq] = going
                    self._going[key] = _Going(seq, at, 0, at)

    def _pseudonym(self, tx: Transaction, reader: str, peer: str) -> str:
        """Name a reader to one peer: always the same, and nothing that two peers could compare or anybody could guess."""
        secret = store.secret(tx, _SECRET)
        if secret is None:
            secret = self._ids.salt()
            store.keep_secret(tx, _SECRET, secret)
        return hmac.new(secret, f"{peer}\n{reader}".encode(), hashlib.sha256).hexdigest()[:16]

    # ---- committing

    def seal(self, tx: Transaction, *, all_counts: bool = False) -> Written:
        """Commit the ledger to what was read since the last time; hand what this returns to ``sealed`` after the commit.

        Counts that changed are written when their read ended, or ten minutes after the last time; ``all_counts``: all.
        """
        now = self._clock.now()
        number = max(store.last_batch(tx) + 1, int(now.timestamp()))
        with self._lock:
            going = [each for each in self._going.values() if all_counts or now - each.written >= SAME]
            due = [each for each in (*going, *self._ended.values()) if each.more]
            again = [store.Again(each.seq, each.more, times.render(each.last)) for each in due]
        store.go_on(tx, again)
        if store.has_untold(tx):
            new = store.unsealed(tx, MAX_BATCH)
            batch_id, entry = self._ids.new(_KIND), None
            if new:
                sealed = Entry(
                    type=_KIND, at=times.render(now), node=self._me, object=batch_id, commitment=_root(new).hex()
                )
                (entry,) = self._ledger.append(tx, [encode(sealed)])
            batch = store.Batch(number, batch_id, times.render(now), len(new), entry)
            store.keep_batch(tx, batch, new[-1].seq if new else 0)
        return {each.seq: each.more for each in again}, now

    def sealed(self, written: Written) -> None:
        """Count no more in memory what is written, and forget reads that ended."""
        counts, at = written
        with self._lock:
            for going in (*self._going.values(), *self._ended.values()):
                if going.seq in counts:
                    going.more, going.written = max(0, going.more - counts[going.seq]), at
            self._ended = {seq: each for seq, each in self._ended.items() if each.more}
            ended = [key for key, each in self._going.items() if not each.more and at - each.last >= SAME]
            for key in ended:
                del self._going[key]

    # ---- auditing

    def listed(
        self, tx: Transaction, *, peer: str = "", object: str = "", reader: str = "", before: int | None = None
    ) -> list[Read]:
        """Return reads, newest first; ``reader`` is who this node knows, or what a peer was told in place of that."""
        rows = store.listed(tx, peer=peer, object=object, reader=reader, before=before, limit=LISTED)
        entries = store.entries_of(tx, {row.batch for row in rows if row.batch is not None})
        return [_shown(row, None if row.batch is None else entries.get(row.batch)) for row in rows]

    def check(self, tx: Transaction) -> Committed:
        """Hold every read against the ledger: who was noted cannot be removed, added or changed afterwards unnoticed."""
        count, entries, broken = 0, dict[int, str](), list[Broken]()
        for batch in self._batches(tx):
            rows = store.of_batch(tx, batch.number)
            count += len(rows)
            if batch.entry is None:
                broken += [Broken(None, "reads are in a batch that the ledger does not commit to")] if rows else []
                continue
            entries[batch.entry] = batch.id
            if wrong := self._wrong(tx, batch, rows):
                broken.append(Broken(batch.entry, wrong))
        for index, object_id in self._logged(tx):
            if entries.get(index) != object_id:
                broken.append(Broken(index, "the ledger commits to reads that are not here any more"))
        return Committed(
            reads=count,
            entries=len(entries),
            first_entry=min(entries, default=None),
            last_entry=max(entries, default=None),
            waiting=store.count_unsealed(tx),
            matches=not broken,
            broken=broken,
        )

    def _batches(self, tx: Transaction) -> Iterator[store.Batch]:
        number = -1
        while found := store.batches_after(tx, number, _PAGE):
            yield from found
            number = found[-1].number

    def _wrong(self, tx: Transaction, batch: store.Batch, rows: list[store.Row]) -> str:
        assert batch.entry is not None  # noqa: S101 — looked at by the only caller
        try:
            entry = decode(self._ledger.entry(tx, batch.entry))
        except LintasError as wrong:
            return str(wrong)
        if (entry.type, entry.object) != (_KIND, batch.id):
            return "the ledger's entry is about something else"
        if len(rows) != batch.reads:
            return f"it committed to {batch.reads} reads, and {len(rows)} are here"
        return (
            "" if _root(rows).hex() == entry.commitment else "a read is not what it was when the ledger committed to it"
        )

    def _logged(self, tx: Transaction) -> Iterator[tuple[int, str]]:
        """Yield the entries of the ledger that commit to reads."""
        size, mark = self._ledger.size(tx), f'"type":"{_KIND}"'.encode()
        for start in range(0, size, _PAGE):
            for index, data in enumerate(self._ledger.entries(tx, start, min(size, start + _PAGE)), start):
                if mark in data:
                    entry = decode(data)
                    if entry.type == _KIND:
                        yield index, entry.object


class _Fact(msgspec.Struct, frozen=True):
    """What is fixed when a read begins; how long it goes on and how many looks it has is not committed to."""

    seq: int
    first: str
    reader: str
    name: str
    role: str
    organisation: str
    pseudonym: str
    peer: str
    object: str
    what: str
    door: str


def _root(rows: Sequence[store.Row]) -> bytes:
    """Return the Merkle root over the reads, each under its own salt: one can be shown, or erased, without the others."""
    leaves = [
        commit(row.salt, msgspec.json.encode(_Fact(*(getattr(row, name) for name in _Fact.__struct_fields__))))
        for row in rows
    ]
    return merkle.root([merkle.leaf_hash(bytes.fromhex(leaf)) for leaf in leaves])


def _shown(row: store.Row, entry: int | None) -> Read:
    values = {name: value for name, value in msgspec.structs.asdict(row).items() if name not in ("salt", "batch")}
    return Read(**values, entry=entry)
