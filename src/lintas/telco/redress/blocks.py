"""The book of lists as redress sees it: entries that block now, who had a say in them, and who else was sent them."""

from collections.abc import Callable

from lintas.model import times
from lintas.model.times import Clock
from lintas.storage.engine import Transaction
from lintas.telco import abroad_store, store
from lintas.telco.book_records import Kept
from lintas.telco.redress.records import Blocked

#: Takes an entry back, here and wherever it was sent, since an objection was upheld: entry, officer, reason.
Withdraw = Callable[[Transaction, str, str, str], None]


class Blocks:
    """The entries in force of one authority's book."""

    def __init__(self, *, withdraw: Withdraw, clock: Clock) -> None:
        self.withdraw, self._clock = withdraw, clock

    def find(self, tx: Transaction, entry: str) -> Blocked | None:
        """Return the entry in force of an id; None for one that ended, was withdrawn, is only watched, or never was."""
        importers, found = abroad_store.peers_told(tx, [entry]), store.kept(tx, entry)
        if found is None or found.state != "listed" or found.kind == "protected" or self._over(found):
            return None
        return Blocked(
            id=found.id,
            subject=found.subject,
            value=found.value,
            kind=found.kind,
            reason=found.reason,
            scheme=found.scheme,
            grade=found.grade,
            since=found.listed,
            until=found.expires,
            origin=found.origin,
            origin_id=found.origin_id,
            listed_by=found.listed_by,
            importers=tuple(importers),
        )

    def of_origin(self, tx: Transaction, origin: str, entry: str) -> Blocked | None:
        """Return our entry in force that was taken over from an authority, by that authority's id of it."""
        heard = store.said(tx, f"peer:{origin}", [entry]).get(entry)
        return None if heard is None else self.find(tx, heard.entry)

    def _over(self, entry: Kept) -> bool:
        return times.parse(entry.expires) <= self._clock.now()
