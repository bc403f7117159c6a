"""The book of lists as redress sees it: entries that block now, who had a say in them, and who else was sent them."""

from lintas.model import times
from lintas.model.times import Clock
from lintas.storage.engine import Transaction
from lintas.telco.book.book import Book
from lintas.telco.book.records import Kept
from lintas.telco.redress.records import Blocked


class Blocks:
    """The entries of one authority's book that block somebody now."""

    def __init__(self, book: Book, clock: Clock) -> None:
        self._book, self._clock = book, clock

    def find(self, tx: Transaction, entry: str) -> Blocked | None:
        """Return the entry in force of an id; None for one that ended, was withdrawn, is only watched, or never was."""
        importers, found = self._book.importers(tx, entry), self._book.find(tx, entry)
        return self._blocked(found, importers) if found is not None else None

    def of_origin(self, tx: Transaction, origin: str, entry: str) -> Blocked | None:
        """Return our entry in force that was taken over from an authority, by that authority's id of it."""
        found = self._book.of_origin(tx, origin, entry)
        return self._blocked(found, ()) if found is not None else None

    def _blocked(self, found: Kept, importers: tuple[str, ...]) -> Blocked | None:
        over = times.parse(found.expires) <= self._clock.now()
        if found.state != "listed" or found.kind == "protected" or over:
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
            importers=importers,
        )
