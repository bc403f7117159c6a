"""What the same theft would have come to had nobody asked in time: the bank's own engine on the books of a later moment."""

from collections import deque
from datetime import datetime, timedelta
from typing import NamedTuple

from lintas.bank.answers import answer_of
from lintas.cli.demo.books import MESSAGES, OPENINGS, TRANSFERS, Books
from lintas.cli.demo.story import Theft, World
from lintas.model.errors import NotFound
from lintas.model.money import rescale_parts, show
from lintas.model.tainted import Baton
from lintas.requests.records import Later
from lintas.trace.engine.index import Index
from lintas.trace.engine.lines import build
from lintas.trace.ledgers.ledger import Collector
from lintas.trace.ledgers.messages import add_messages
from lintas.trace.ledgers.transfers import add_csv, read_openings
from lintas.trace.questions.fifo import trace

#: The moments that are compared: after the best that a telephone call does, and after two days of letters.
MOMENTS = (("30 minutes", timedelta(minutes=30)), ("2 days", timedelta(days=2)))


#: Minutes after the theft between them, for the slider on the page of the trail.
FINER = (1, 2, 3, 5, 7, 10, 12, 15, 20, 25, 40, 60, 120, 240, 720)


class Left(NamedTuple):
    """What became of the stolen money, minor units of the victim's currency: the two add up to it."""

    holdable: int
    gone: int


def had_nobody_asked(world: World, theft: Theft, at: datetime) -> Left:
    """Follow a theft from bank to bank by batons in the books of ``at``; what rests on an account could still be held."""
    ledgers: dict[str, Index] = {}
    whole = Baton(transfer=theft.reference, start=0, end=theft.stolen_minor, currency=theft.currency, holder=theft.bank)
    following, holdable = deque([(whole, theft.stolen_minor)]), 0
    while following:
        baton, worth = following.popleft()
        if baton.holder not in world.books or not worth:
            continue
        if baton.holder not in ledgers:
            ledgers[baton.holder] = index_of(world.books[baton.holder], baton.holder, at)
        try:
            trail = trace(ledgers[baton.holder], baton.transfer, (baton.start, baton.end))
        except NotFound:
            continue
        parts = answer_of(trail, baton.holder).parts
        for part, share in zip(parts, rescale_parts([each.amount_minor for each in parts], worth), strict=True):
            if part.state == "here":
                holdable += share
            elif part.baton is not None:
                following.append((part.baton, share))
    return Left(holdable, theft.stolen_minor - holdable)


def index_of(books: Books, bank: str, at: datetime) -> Index:
    """Read a bank's books of a moment as its agent would, without a directory."""
    files, collector = books.files(at), Collector()
    add_csv(collector, files[TRANSFERS], bank=bank, where=TRANSFERS)
    if MESSAGES in files:
        add_messages(collector, files[MESSAGES], bank=bank, where=MESSAGES)
    return build(collector.ledger(read_openings(files[OPENINGS]) if OPENINGS in files else None))


class Compared(NamedTuple):
    """One theft, asked about at once and not: what is held now, and what could still be held at later moments."""

    currency: str
    stolen: int
    held_now: int
    later: tuple[tuple[str, Left], ...]


def later(world: World, theft: Theft) -> tuple[tuple[str, Left], ...]:
    """Return what would still be there at the compared moments had nobody asked."""
    return tuple((words, had_nobody_asked(world, theft, theft.at + after)) for words, after in MOMENTS)


def told(moments: tuple[tuple[str, Left], ...], finer: dict[int, Left] | None = None) -> list[Later]:
    """Say it as a node's pages show it: beneath the bar, and ``finer`` (by minutes) with the trail."""
    afters = [int(after.total_seconds()) // 60 for _, after in MOMENTS]
    said = [_later(minutes, left) for minutes, (_, left) in zip(afters, moments, strict=True)]
    return said + [_later(minutes, left, finer=True) for minutes, left in (finer or {}).items()]


def series(world: World, theft: Theft) -> dict[int, Left]:
    """Return what would still be there at more moments, by minutes."""
    return {minutes: had_nobody_asked(world, theft, theft.at + timedelta(minutes=minutes)) for minutes in FINER}


def _later(minutes: int, left: Left, *, finer: bool = False) -> Later:
    return Later(
        minutes=minutes,
        least_minor=left.holdable,
        most_minor=left.holdable,
        basis="books",
        source="the books of this exercise",
        finer=finer,
    )


def lines(compared: Compared) -> list[str]:
    """Say it in words, to stand under the bar."""
    code = compared.currency
    said = [f"held now {show(compared.held_now, code)} of {show(compared.stolen, code)} {code}"]
    said += [
        f"at {words}: {show(left.holdable, code)} could still be held, {show(left.gone, code)} would be gone"
        for words, left in compared.later
    ]
    return said
