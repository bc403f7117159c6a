"""One entry of the lists as an officer reads it: how it stands, who vouches for it, and how far it got."""

from collections.abc import Iterable

from lintas.node.assembly import Node
from lintas.node.seeing import Carried, View
from lintas.storage.engine import Transaction
from lintas.telco.book.records import EntryPath, Kept, Sighting


class ListedEntry(View, frozen=True, kw_only=True):
    """An entry with its sightings and its way."""

    entry: Kept
    sightings: tuple[Sighting, ...]
    path: EntryPath

    def carries(self) -> Iterable[Carried]:
        """Return the statements of peers that it shows."""
        return (Carried("object", each.batch, each.origin) for each in self.sightings if each.origin)


def listed_entry(node: Node, tx: Transaction, entry: str) -> ListedEntry:
    """Return one entry; NotFound when there is none."""
    kept = node.book.entry(tx, entry)
    seen, path = node.book.vouched(tx, entry), node.lists.publishing.path(tx, entry)
    return ListedEntry(entry=kept, sightings=tuple(seen), path=path)
