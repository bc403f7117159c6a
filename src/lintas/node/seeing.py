"""Notes what of peers' an answer shows before it leaves: every question and use case of a face passes here.

Which objects of peers are in an answer is found by the records in it, and who reads them is known from the call. The node's own
work has no reader, and a question of its own that hands out such records is a fault: so no face can forget.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, NamedTuple, Protocol, TypeVar

import msgspec
from sqlalchemy import Connection

from lintas.border.records import SetAside
from lintas.exchange.reads import Noted
from lintas.exchange.records import Seen, What
from lintas.intake.records import Report
from lintas.model.reader import Reader, reader_now
from lintas.node.assembly import Node
from lintas.requests import heard_store
from lintas.requests.clock_records import Escalation, Running
from lintas.requests.flow import Flow
from lintas.requests.letter import Letter
from lintas.requests.records import Amendment, Appeal, Bar, Hold, Order, Restitution, Withdrawal
from lintas.storage.engine import Transaction, reading
from lintas.telco.book.records import Kept, Sighting
from lintas.telco.registry.records import Sender, Word
from lintas.trace.records import TraceQuestion

T = TypeVar("T")
U = TypeVar("U")


class Carried(NamedTuple):
    """One thing by which an answer may show what peers sent.

    ``kind`` is hold, case (all its holds), share (that a bank is asked about), order (of a letter) or object; ``what`` how it
    is shown, None where the place in the answer says it.
    """

    kind: str
    id: str
    peer: str = ""
    what: What | None = None


class View(msgspec.Struct, frozen=True):
    """A view of a face's own making that shows something of a record, and not the record itself."""

    def carries(self) -> "Iterable[Carried]":
        """Return what of peers' it shows."""
        raise NotImplementedError


class About(View, Generic[T], frozen=True):
    """An answer that is no record itself, with the hold whose content it shows."""

    hold: str
    what: What
    shown: T

    def carries(self) -> Iterable[Carried]:
        """Return the hold."""
        return (Carried("hold", self.hold, what=self.what),)


def carried(answer: object, *, listed: bool = False) -> Iterator[Carried]:
    """Yield what an answer carries that may be a peer's; whether it is, the database knows."""
    what: What = "list" if listed else "hold"
    match answer:
        case Report() | str() | bytes() | int() | float() | None:
            return
        case Bar() | Flow():
            yield Carried("case", answer.case, what="list" if listed else "case")
        case Hold():
            yield Carried("hold", answer.id, what=what)
        case Order() | Amendment() | Withdrawal() | Appeal():
            yield Carried("hold", answer.hold, what=what)
        case Restitution():
            yield Carried("case", answer.case, what="case")
        case Running() | Escalation():
            # A clock on money that moved on shows what peers answered in its case.
            yield Carried(*(("hold", answer.hold) if answer.hold else ("case", answer.case)), what=what)
        case Letter():
            yield Carried("order", answer.reference, what="letter")
        case TraceQuestion():
            if answer.baton is not None:
                yield Carried("share", answer.id, what=what)
        case SetAside():
            yield Carried("object", answer.object, answer.origin, "quarantine")
        case Kept():
            if answer.origin:
                yield Carried("object", answer.statement, answer.origin, what)
        case Sighting():
            if answer.origin:
                yield Carried("object", answer.batch, answer.origin, what)
        case Sender() | Word():
            if answer.origin:
                yield Carried("object", answer.statement, answer.origin, what)
        case list() | tuple() | set() | frozenset():
            for item in answer:
                yield from carried(item, listed=True)
        case dict():
            for item in answer.values():
                yield from carried(item, listed=listed)
        case View():
            for each in answer.carries():
                yield each if each.what else each._replace(what=what)
        case msgspec.Struct():
            for name in answer.__struct_fields__:
                yield from carried(getattr(answer, name), listed=listed)


def seen_in(tx: Transaction, reader: Reader, found: list[Carried]) -> list[Seen]:
    """Return the objects of peers that an answer shows to a reader: each once, in the way that shows most of it."""
    holds, cases, shares, orders = (
        {each.id for each in found if each.kind == kind} for kind in ("hold", "case", "share", "order")
    )
    holds |= heard_store.holds_of_shares(tx, shares) | heard_store.holds_of_orders(tx, orders)
    told = heard_store.about(tx, holds, cases)
    whats = {each.what for each in found}
    objects = {(each.peer, each.id): None for each in found if each.kind == "object"}
    objects |= {(each.peer, each.object): None for each in told}
    order: tuple[What, ...] = ("letter", "objection", "quarantine", "case", "hold", "list")
    what = (
        "work"
        if reader.door == "bank" and "letter" not in whats
        else next((each for each in order if each in whats), "list")
    )
    return [Seen(what, peer, name) for peer, name in objects]


class Write(Protocol):
    """Runs a use case through the writer; returns after its commit."""

    async def __call__(self, use_case: Callable[[Connection], U]) -> U:
        """Run it."""
        ...


class Seeing:
    """Questions and use cases, with a note of what of peers' their answers show and to whom."""

    def __init__(self, node: Node, write: Write) -> None:
        self._node, self._write = node, write

    async def read(self, question: Callable[[Transaction], T]) -> T:
        """Answer a question from a snapshot; what it shows of peers' is on disk, with who reads it, before this returns.

        Unavailable, and no answer, where that cannot be written.
        """
        reader, reads = reader_now(), self._node.reads

        def ask() -> tuple[T, list[Seen]]:
            with reading(self._node.parts.engine) as tx:
                answer = question(tx)
                found = list(carried(answer))
                if found and reader is None:
                    raise TypeError(
                        f"the node's own work takes a {found[0].kind} out of its transaction: nobody reads it"
                    )
                return answer, seen_in(tx, reader, found) if reader and found else []

        answer, seen = await asyncio.to_thread(ask)
        if reader is not None and (fresh := reads.fresh(reader, seen)):
            reads.noted(await self._write(lambda tx: reads.note(tx, reader, fresh)))
        return answer

    async def write(self, use_case: Callable[[Connection], T]) -> T:
        """Run a use case; what its result shows of peers', to whoever called for it, is noted in the same commit."""
        reader, reads = reader_now(), self._node.reads
        if reader is None:
            return await self._write(use_case)

        def run(tx: Connection) -> tuple[T, Noted | None]:
            result = use_case(tx)
            found = list(carried(result))
            return result, reads.note(tx, reader, seen_in(tx, reader, found)) if found else None

        result, noted = await self._write(run)
        if noted is not None:
            reads.noted(noted)
        return result
