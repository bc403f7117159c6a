"""What must always hold of holds, orders and what is let go again on one machine (DESIGN sections 9.4, 9.5, 9.8)."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta

from tests.simulation import law
from tests.simulation.books import Books
from tests.simulation.chronicle import Chronicle

from lintas.model import times
from lintas.model.tainted import Span, held_spans, subtract
from lintas.requests import rules
from lintas.requests.records import OPEN, Amendment, Order

#: Minor units: a part of a transfer that is less than one minor unit of its claim gets no share of its own.
TINY = 64
#: Why a machine turns away what a peer says about a hold, where the peer lies or one of the two is wrong.
DISBELIEF = frozenset(
    {
        "not_asked",
        "bad_answer",
        "bad_release",
        "not_answered",
        "bad_interval",
        "currency_mismatch",
        "above_interval",
        "not_our_bank",
        "no_sender",
        "unknown_baton",
        "hold_id_taken",
    }
)


def _bars(books: Books, _: Chronicle) -> Iterator[str]:
    """DESIGN 9.4: money is conserved exactly, and what is held names its law and its end."""
    for case, bar in books.bars.items():
        if not bar.exact:
            yield f"the bar of {case} does not add up to what was stolen"
    for share in books.shares:
        if share.state == "held" and not (share.until and share.law and share.hold and share.authority):
            yield f"{share.id} is held without end, law, hold or authority"
        if share.case not in books.claims:
            yield f"{share.id} belongs to no claim"


def _holds(books: Books, _: Chronicle) -> Iterator[str]:
    """DESIGN 9.4: a hold never exceeds its interval; one that was let out exists at the border."""
    out = {row.object for row in books.released.values()}
    held: Counter[str] = Counter()
    for share in books.shares:
        if share.state == "held" and share.hold and share.baton:
            held[share.hold] += share.baton.amount_minor
    for hold in books.holds.values():
        absurd = hold.direction == "received" and hold.state == "refused"
        if not absurd and not 0 < hold.amount_minor <= hold.baton.amount_minor:
            yield f"{hold.id} asks for {hold.amount_minor} of {hold.baton.amount_minor}"
        if held[hold.id] > hold.amount_minor:
            yield f"{hold.id} holds {held[hold.id]} of {hold.amount_minor}"
        if hold.direction == "asked" and (hold.object in out) == (hold.state == "refused_by_policy"):
            yield f"{hold.id} is {hold.state}, and its request says otherwise"


def _orders(books: Books, _: Chronicle) -> Iterator[str]:
    """DESIGN 9.8: each order has basis, approver and end, one entry, and never exceeds what was asked."""
    logged = Counter((entry.type, entry.object) for entry in books.entries if entry.type.startswith("order"))
    issued = [each for each in books.amendments.values() if each.basis is not None]
    acts = [("order", order) for order in books.orders] + [(f"order.{each.kind}", each.id) for each in issued]
    if logged != Counter(acts):
        yield "orders and their ledger entries differ"
    for order in books.orders.values():
        hold = books.holds[order.hold]
        if not (order.basis.law and order.basis.rule and order.approver and order.issued_at < order.expires):
            yield f"{order.id} lacks basis, approver or end"
        if not order.approver.startswith("Officer ") and not _under_cap(books.name, order):
            yield f"{order.id} was issued without a person: {order.approver}"
        if hold.direction == "own" and hold.asked_by == order.approver:
            yield f"{order.id} was approved by who asked for it"
        held = sum(end - start for start, end in held_spans(order.answer.parts)) if order.answer else 0
        if not held <= order.amount_minor <= min(hold.amount_minor, hold.baton.amount_minor):
            yield f"{order.id} is for {order.amount_minor}, {held} are held, asked were {hold.amount_minor}"
        if order.bank not in law.OF[books.name].banks:
            yield f"{order.id} goes to a bank of somebody else"
        hours = law.HOLD_HOURS + (law.CONFIRM_HOURS if order.confirmed_at else 0)
        if times.parse(order.expires) > times.parse(order.issued_at) + timedelta(hours=hours):
            yield f"{order.id} ends at {order.expires}, later than its law allows"


def _under_cap(authority: str, order: Order) -> bool:
    small = order.amount_minor <= law.CAP_MINOR and order.currency == law.OF[authority].currency
    return order.automatic and authority in law.AUTOMATIC_ORDERS and small


def _changes(books: Books, chronicle: Chronicle) -> Iterator[str]:
    """DESIGN 9.5, 9.8: what is let go was held, by somebody else's decision; an undo leaves nothing of its tree out."""
    for order in books.orders.values():
        held = held_spans(order.answer.parts) if order.answer else [order.baton.span]
        if any(subtract(span, held) for span in order.released):
            yield f"{order.id} let go of what it never held: {order.released}"
        if order.answered_at and not order.refusal:
            there = [] if order.closed_at or order.answer is None else rules.still_held(order)
            if differ(there, spans_of(books, order.hold)):
                yield f"{order.id} holds {there}, its bar shows {spans_of(books, order.hold)}"
            if any(share.until != order.expires for share in books.held_under(order.hold)):
                yield f"{order.id} ends at another time than its bar says"
    for change in books.amendments.values():
        yield from _amendment(books, change)
    changed = {each.hold for each in books.withdrawals.values()} | {each.hold for each in books.amendments.values()}
    for hold_id in sorted(chronicle.undone[books.name] - changed):
        if books.holds[hold_id].state in OPEN or books.held_under(hold_id):
            yield f"an undo left out {hold_id}"
    for withdrawal in books.withdrawals.values():
        if withdrawal.object is None and withdrawal.state != "refused":
            yield f"{withdrawal.id} is {withdrawal.state} and never left"
        if books.holds[withdrawal.hold].direction != "asked":
            yield f"{withdrawal.id} takes back what was not asked"


def _amendment(books: Books, change: Amendment) -> Iterator[str]:
    if change.basis is None:
        return
    if not (change.basis.law and change.approver.startswith("Officer ") and change.issued_at):
        yield f"{change.id} lacks basis or approver"
    if change.kind == "release" and change.approver == change.asked_by:
        yield f"{change.id} was approved by who asked for it"
    if change.code == "appeal" and change.approver == books.orders[change.order].approver:
        yield f"{change.id} was decided by who approved the order"
    if change.code == "withdrawn" and change.asked_by != books.holds[change.hold].peer:
        yield f"{change.id}: {change.asked_by} took back {books.holds[change.hold].peer}'s request"


def spans_of(books: Books, hold: str) -> list[Span]:
    """Return what the shares under a hold show as held, in the order of the transfer."""
    return sorted(share.baton.span for share in books.held_under(hold) if share.baton is not None)


def differ(some: Iterable[Span], others: Iterable[Span]) -> bool:
    """Tell whether two sets of spans cover different money."""
    one, two = list(some), list(others)
    rest = [left for span in one for left in subtract(span, two)] + [
        left for span in two for left in subtract(span, one)
    ]
    return any(end - start > TINY for start, end in rest)


CHECKS = (_bars, _holds, _orders, _changes)


def settled(books: Books) -> Iterator[str]:
    """Yield what is not finished on a machine once everything is quiet: what waits, what was not believed."""
    for hold in books.holds.values():
        if hold.state == "sent" and hold.peer != law.LIAR.authority:
            yield f"{books.name}: {hold.id} never learned of its receipt"
        if hold.state == "awaiting_approval":
            yield f"{books.name}: {hold.id} waits for ever"
    for withdrawal in books.withdrawals.values():
        if withdrawal.peer != law.LIAR.authority and withdrawal.state not in ("confirmed", "declined"):
            yield f"{books.name}: {withdrawal.id} is {withdrawal.state}, {withdrawal.peer} never said what became of it"
    for change in books.amendments.values():
        if change.state in ("awaiting_approval", "ordered"):
            yield f"{books.name}: {change.id} is {change.state} for ever"
    for row in books.refusals:
        if row.direction == "in" and row.peer != law.LIAR.authority and row.reason in DISBELIEF:
            yield f"{books.name} did not believe {row.peer}: {row.reason} ({row.what})"
    for row in books.parked:
        yield f"{books.name}: {row.hearer} failed: {row.why}"


def expired(books: Books) -> Iterator[str]:
    """DESIGN 9.4: yield what is held though every end has passed."""
    for share in books.shares:
        if share.state == "held":
            yield f"{books.name}: {share.id} is held for ever, until {share.until}"
    for order in books.orders.values():
        if not order.closed_at and not order.refusal:
            yield f"{books.name}: {order.id} never ended"
    for hold in books.holds.values():
        if hold.state in OPEN and hold.peer != law.LIAR.authority:
            yield f"{books.name}: {hold.id} is {hold.state} for ever"
