"""What must hold between machines once the world has healed: what left one arrived at the other, once, and says the same."""

from collections import Counter
from collections.abc import Iterator

from tests.simulation import law
from tests.simulation.audit import Books

#: The verdict that a sender holds, by the type of the receiver's ledger entry.
VERDICTS = {"receipt": "accepted", "receipt.refused": "refused"}


def compare(all_books: dict[str, Books]) -> Iterator[str]:
    """Yield what two machines tell differently; what the liar says about anything is left out."""
    for books in all_books.values():
        for peer, theirs in all_books.items():
            if peer != books.name:
                yield from _receipts(books, theirs)
                yield from _holds(books, theirs)


def _receipts(books: Books, theirs: Books) -> Iterator[str]:
    """DESIGN 9.3: each release has exactly one matching receipt entry at the receiver, with the verdict that came back."""
    entries = Counter(
        (entry.object, entry.commitment, VERDICTS[entry.type])
        for entry in theirs.entries
        if entry.type in VERDICTS and entry.peer == books.name
    )
    released = [row for (_, peer), row in books.released.items() if peer == theirs.name]
    for row in released:
        given = [verdict for verdict in VERDICTS.values() if entries[row.object, row.commitment, verdict]]
        count = sum(entries[row.object, row.commitment, verdict] for verdict in VERDICTS.values())
        if count != 1:
            yield f"{books.name}: {row.object} has {count} receipt entries at {theirs.name}"
        elif row.verdict not in (given[0], "duplicate"):
            yield f"{books.name}: {row.object} was {given[0]} at {theirs.name}, here it says {row.verdict}"
    known = {(row.object, row.commitment) for row in released}
    for object_id, mark, _ in entries:
        if (object_id, mark) not in known:
            yield f"{theirs.name} has a receipt for {object_id}, which never left {books.name}"


def _holds(books: Books, theirs: Books) -> Iterator[str]:
    """DESIGN 9.4: asker and holder agree on every hold, to the minor unit."""
    for hold in books.holds.values():
        if hold.direction != "asked" or hold.peer != theirs.name or hold.state not in ("delivered", "answered"):
            continue
        twin = theirs.holds.get(hold.id)
        if twin is None:
            yield f"{books.name}: {hold.id} is unknown at {theirs.name}"
            continue
        if (twin.baton, twin.amount_minor, twin.currency) != (hold.baton, hold.amount_minor, hold.currency):
            yield f"{hold.id}: {books.name} asked for something else than {theirs.name} was asked for"
        if twin.outcome is not None and (hold.state, hold.outcome) != ("answered", twin.outcome):
            yield f"{hold.id}: {theirs.name} says {twin.outcome}, {books.name} says {hold.state} {hold.outcome}"
        order = next((order for order in theirs.orders.values() if order.hold == hold.id), None)
        parts = order.answer.parts if order is not None and order.answer is not None else ()
        there = sum(part.amount_minor for part in parts if part.state == "held")
        here = sum(
            share.baton.amount_minor
            for share in books.shares
            if share.hold == hold.id and share.state == "held" and share.baton is not None
        )
        if here != there:
            yield f"{hold.id}: {there} are held at {theirs.name}, {here} at {books.name} ({law.OF[books.name].currency})"
