"""Take ISO 20022 messages into a holder's ledger: what several messages say of one transfer becomes one transfer.

`pacs.008` transfers, `pacs.004` money sent back, `camt.053`/`camt.054` bookings and `pain.001` instructions are read; the
rules by which they join and which side is the holder's own are in docs/messages-iso20022.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from lintas.interop.iso20022 import (
    CreditTransfer,
    Entry,
    Initiation,
    Message,
    Return,
    Statement,
    read,
)
from lintas.model.errors import BadInput
from lintas.trace.ledgers.joined import Fact, Joined, give
from lintas.trace.ledgers.ledger import Collector, Opening, from_microseconds

#: Kinds that say something of transfers; statuses, recalls and investigations move nothing.
MOVING = ("pain.001", "pacs.004", "pacs.008", "camt.053", "camt.054")

#: A debtor's reference that more transfers than these share, with one amount, names none of them.
_SHARED = 50


@dataclass
class Books:
    """The messages of one holder; ``bank`` is its code as the messages write it."""

    bank: str
    _transfers: list[Joined] = field(default_factory=list)
    _strong: dict[tuple[object, ...], Joined] = field(default_factory=dict)
    _weak: dict[tuple[object, ...], list[Joined]] = field(default_factory=dict)
    _openings: dict[tuple[str, str], tuple[date, Opening]] = field(default_factory=dict)

    def read(self, data: bytes, *, where: str) -> None:
        """Take one message. Raises BadInput where it is not this holder's, or says a second time what was said."""
        if not self.bank:
            raise BadInput("a message needs the holder's own bank code", "give it (--bank CODE)", where=where)
        message = read(data, where=where)
        if not message.kind.startswith(MOVING):
            do = f"give {', '.join(MOVING)}; recalls and their answers are read by `lintas iso20022 check`"
            raise BadInput(f"a {message.kind} moves no money", do, where=where)
        for fact in self._facts(message, where):
            self._take(fact)

    def give(self, collector: Collector) -> list[Opening]:
        """Add every transfer to ``collector``; return the opening balances that the statements give.

        A balance is left out where a transfer of its account is older than it.
        """
        first: dict[str, date] = {}
        for joined in self._transfers:
            moment, accounts = give(joined, self._forward(joined), self.bank, collector)
            day = from_microseconds(moment).date()
            for account in accounts:
                first[account] = min(day, first.get(account, day))
        return [opening for day, opening in self._openings.values() if first.get(opening.account, day) >= day]

    def _facts(self, message: Message, where: str) -> Iterator[Fact]:
        kind = message.kind[:8]
        for number, part in enumerate(message.parts, 1):
            place = f"{where}, transaction {number}"
            if isinstance(part, Statement):
                yield from self._booked(part, kind, where)
            elif isinstance(part, CreditTransfer | Return | Initiation):
                yield Fact(slot=kind, said=part, where=place)

    def _booked(self, statement: Statement, kind: str, where: str) -> Iterator[Fact]:
        if statement.agent not in (None, self.bank):
            what = f"the statement {statement.id} is of {statement.agent}, not of {self.bank}"
            raise BadInput(what, "leave it out: it is another holder's", where=where)
        if (balance := statement.opening) is not None:
            # An overdrawn account starts with nothing: what comes in first pays the bank back, which is not followed.
            found = Opening(statement.account, max(0, balance.amount_minor), balance.currency, where)
            key = (statement.account, balance.currency)
            if key not in self._openings or balance.day < self._openings[key][0]:
                self._openings[key] = (balance.day, found)
        for entry in statement.entries:
            if entry.status == "BOOK":
                slot = f"{kind} {statement.account} {'credit' if entry.credit else 'debit'}"
                yield Fact(slot=slot, said=entry, where=entry.place, account=statement.account, batch=statement.id)

    def _take(self, fact: Fact) -> None:
        """Join a fact to the transfer that it is about, or begin a new one."""
        same = _once([self._strong[key] for key in fact.strong if key in self._strong])
        if any(fact.undoes(found) for found in same):
            fact = fact.as_return()
            same = _once([self._strong[key] for key in fact.strong if key in self._strong])
        into = None
        for found in same:
            if fact.slot in found.facts:
                if not fact.another(found.facts[fact.slot]):
                    earlier = found.facts[fact.slot].where
                    what = f"the transfer {fact.reference!r} was there before ({earlier})"
                    raise BadInput(what, "give each message once", where=fact.where)
            elif into is None:
                into = found
            else:
                self._merge(into, found)
        if into is None:
            into = next((found for found in self._near(fact) if found.takes(fact)), None)
        if into is None:
            into = Joined()
            self._transfers.append(into)
        into.facts[fact.slot] = fact
        self._index(into, fact)

    def _index(self, joined: Joined, fact: Fact) -> None:
        for key in fact.strong:
            self._strong.setdefault(key, joined)
        for key in fact.weak:
            near = self._weak.setdefault(key, [])
            if not near or near[-1] is not joined:
                near.append(joined)

    def _near(self, fact: Fact) -> list[Joined]:
        """Return what shares the debtor's reference and the amount; nothing where too many do."""
        return [each for key in fact.weak if len(near := self._weak.get(key, [])) <= _SHARED for each in near]

    def _merge(self, into: Joined, other: Joined) -> None:
        """Two transfers turn out to be one."""
        if clash := into.facts.keys() & other.facts.keys():
            slot = min(clash)
            what = f"two messages say of one transfer what only one can say ({into.facts[slot].where})"
            raise BadInput(what, "give each message once", where=other.facts[slot].where)
        for fact in other.facts.values():
            into.facts[fact.slot] = fact
            self._strong.update(dict.fromkeys(fact.strong, into))
            self._index(into, fact)
        self._transfers.remove(other)
        for near in self._weak.values():
            if other in near:
                near.remove(other)

    def _forward(self, joined: Joined) -> Joined | None:
        """Return the transfer that a return sends back, if it is known here."""
        for fact in joined.facts.values():
            if isinstance(fact.said, Return | Entry) and fact.back:
                for key in fact.named:
                    if key in self._strong:
                        return self._strong[key]
        return None


def _once(found: list[Joined]) -> list[Joined]:
    return [each for number, each in enumerate(found) if each not in found[:number]]


def add_messages(collector: Collector, data: bytes, *, bank: str, where: str) -> list[Opening]:
    """Add one message by itself; several of one holder go through :class:`Books`, which joins them."""
    books = Books(bank)
    books.read(data, where=where)
    return books.give(collector)
