"""The book of lists read as a gateway reads its file: what is listed of one number now; for the simulator, not for calls."""

from collections.abc import Iterator

from lintas.model import times
from lintas.model.listings import range_of
from lintas.storage.engine import Transaction
from lintas.telco.book import store
from lintas.telco.book.book import Book
from lintas.telco.book.records import Kept
from lintas.telco.lists.entries import Row
from lintas.telco.records import Listed

_PAGE = 5_000


class BookLookup:
    """The entries in force of one authority's book, as one transaction sees them."""

    def __init__(self, tx: Transaction, book: Book, now: str) -> None:
        self._tx, self._book, self._now = tx, book, now

    def find(self, number: int) -> Listed | None:
        """Return what is listed of a number as ``Snapshot.find`` does; None for nothing.

        What is listed of the number itself comes before ranges, and a protected range before everything.
        """
        exact = [each for each in self._book.named(self._tx, f"+{number}") if each.subject == "number"]
        around = [each for each in self._ranges() if _holds(each, number)]
        found, over = self._strongest(exact), self._strongest(around)
        if found is None or (over is not None and over.kind == "protected" and found.kind != "protected"):
            found = over
        if found is None:
            return None
        return Listed(
            kind=found.kind,
            id=found.id,
            owner=found.owner,
            reason=found.reason,
            expires=int(times.parse(found.expires).timestamp()),
        )

    def _strongest(self, found: list[Kept]) -> Kept | None:
        now = times.parse(self._now)
        live = [each for each in found if each.state == "listed" and times.parse(each.expires) > now]
        return min(live, key=_place, default=None)

    def _ranges(self) -> Iterator[Kept]:
        after = ""
        while page := store.in_force(self._tx, ("range",), after, _PAGE):
            yield from page
            after = page[-1].id


def _holds(entry: Kept, number: int) -> bool:
    low, high = range_of(entry.value)
    return low <= number <= high


def _place(entry: Kept) -> tuple[tuple[int, int, str], tuple[int, int]]:
    """Return what orders entries as a gateway does."""
    row = Row(entry.kind, entry.owner, entry.reason, int(times.parse(entry.expires).timestamp()))
    return row.place, range_of(entry.value)
