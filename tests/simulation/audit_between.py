"""What must hold between machines once the world has healed: what left one arrived at the other, once, and says the same."""

from collections import Counter
from collections.abc import Iterator

from tests.simulation import audit_holds
from tests.simulation.books import Books

from lintas.requests import rules
from lintas.requests.records import Hold
from lintas.trust.envelope import peek

#: States of a request that its peer need not know.
NEVER_ASKED = ("refused_by_policy", "refused_by_peer")


def compare(all_books: dict[str, Books]) -> Iterator[str]:
    """Yield what two machines tell differently; what the liar says about anything is left out."""
    for books in all_books.values():
        for peer, theirs in all_books.items():
            if peer != books.name:
                yield from _receipts(books, theirs)
                yield from _holds(books, theirs)


def _receipts(books: Books, theirs: Books) -> Iterator[str]:
    """DESIGN 9.3: each release has exactly one matching receipt entry at the receiver, with the verdict that came back.

    What was accepted has an entry of its own; what was refused is covered by the one entry of its envelope.
    """
    heard = [entry for entry in theirs.entries if entry.peer == books.name]
    taken = Counter((entry.object, entry.commitment) for entry in heard if entry.type == "receipt")
    turned_away = {(entry.object, entry.commitment) for entry in heard if entry.type == "receipt.refused"}
    envelopes = {row.header: peek(row.wire) for row in books.sealed if row.peer == theirs.name}
    released = [row for (_, peer), row in books.released.items() if peer == theirs.name]
    for row in released:
        inside = envelopes.get(row.receipt_header)
        refused = inside is not None and (inside.id, inside.root) in turned_away
        count = taken[row.object, row.commitment]
        if count > 1 or (count == 0 and not refused):
            yield f"{books.name}: {row.object} has {count} receipt entries at {theirs.name}"
        elif row.verdict not in (("accepted", "duplicate") if count else ("refused",)):
            given = "accepted" if count else "refused"
            yield f"{books.name}: {row.object} was {given} at {theirs.name}, here it says {row.verdict}"
    known = {(row.object, row.commitment) for row in released}
    known |= {(header.id, header.root) for header in envelopes.values()}
    for object_id, _ in sorted({*taken, *turned_away} - known):
        yield f"{theirs.name} has a receipt for {object_id}, which never left {books.name}"


def _holds(books: Books, theirs: Books) -> Iterator[str]:
    """DESIGN 9.4, 9.5: asker and holder agree on every hold, and on what is still held of it, span by span."""
    for hold in books.holds.values():
        if hold.direction != "asked" or hold.peer != theirs.name or hold.state in NEVER_ASKED:
            continue
        twin = theirs.holds.get(hold.id)
        if twin is None:
            yield f"{books.name}: {hold.id} is unknown at {theirs.name}"
            continue
        if (twin.baton, twin.amount_minor, twin.currency) != (hold.baton, hold.amount_minor, hold.currency):
            yield f"{hold.id}: {books.name} asked for something else than {theirs.name} was asked for"
        if twin.outcome is not None and hold.state in ("sent", "delivered"):
            yield f"{hold.id}: {theirs.name} says {twin.outcome}, {books.name} never heard of it"
        if hold.state == twin.state == "answered" and hold.outcome != twin.outcome:
            yield f"{hold.id}: {theirs.name} says {twin.outcome}, {books.name} says {hold.outcome}"
        yield from _taken_back(books, theirs, twin)
        order = theirs.order_of.get(hold.id)
        there = [] if order is None or order.answer is None or order.closed_at else rules.still_held(order)
        here = audit_holds.spans_of(books, hold.id)
        if audit_holds.differ(there, here):
            yield f"{hold.id}: {theirs.name} holds {there}, {books.name} shows {here}"
        elif order is not None and any(share.until != order.expires for share in books.held_under(hold.id)):
            yield f"{hold.id}: {theirs.name} and {books.name} disagree on when it ends"


def _taken_back(books: Books, theirs: Books, twin: Hold) -> Iterator[str]:
    """DESIGN 9.5: what a holder lets go because it was taken back, its asker did take back."""
    changes = [each for each in theirs.amendments.values() if each.hold == twin.id and each.code == "withdrawn"]
    ours = any(each.hold == twin.id for each in books.withdrawals.values())
    if (changes or twin.state == "withdrawn") and not ours:
        yield f"{twin.id}: {theirs.name} let go of what {books.name} never took back"
