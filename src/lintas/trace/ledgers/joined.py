"""One transfer as several messages tell it, and how it goes into the ledger: sides, amounts, time and reference."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from msgspec import structs

from lintas.interop.iso20022 import CreditTransfer, Entry, Initiation, Original, Return
from lintas.model.errors import BadInput
from lintas.trace.ledgers.ledger import Collector, microseconds

_NONE = "NOTPROVIDED"
Key = tuple[object, ...]


@dataclass(frozen=True, kw_only=True)
class Fact:
    """What one message says of one transfer; ``slot`` is its place there, ``account`` the one it was booked on."""

    slot: str
    said: CreditTransfer | Return | Initiation | Entry
    where: str
    account: str = ""
    batch: str = ""

    @property
    def back(self) -> bool:
        """Tell whether it is money sent back."""
        return isinstance(self.said, Return) or (isinstance(self.said, Entry) and self.said.sent_back)

    @property
    def strong(self) -> list[Key]:
        """Return what only one transfer has: UETR, transaction id, or the bank's own reference of the booking."""
        found: list[Key] = []
        if self.back:
            amount = (self.said.amount_minor, self.said.currency)
            found += [("back", *key, *amount) for key in self.named]
        else:
            found += self.named
        if isinstance(self.said, Entry) and self.said.servicer_reference and not found:
            found.append(("booked", self.account, self.said.credit, self.said.servicer_reference))
        return found

    @property
    def about(self) -> CreditTransfer | Original | Initiation | Entry:
        """Return what names the transfer; of money sent back, the transfer that it came by."""
        return self.said.original if isinstance(self.said, Return) else self.said

    @property
    def named(self) -> list[Key]:
        """Return the keys of the transfer that is named."""
        about = self.about
        tx_id = None if isinstance(about, Initiation) or about.tx_id == _NONE else about.tx_id
        return [(name, value) for name, value in (("uetr", about.uetr), ("tx", tx_id)) if value]

    @property
    def weak(self) -> list[Key]:
        """Return what several may share: the debtor's own reference and the amount."""
        if self.about.end_to_end_id in (None, _NONE):
            return []
        amount = (self.said.amount_minor, self.said.currency)
        if isinstance(self.said, Entry) and self.said.settled_minor is not None:
            amount = (self.said.settled_minor, str(self.said.settled_currency))
        return [("near", self.back, self.about.end_to_end_id, *amount)]

    @property
    def reference(self) -> str:
        """Return the reference that it gives the transfer; for money sent back one of its own."""
        said = self.said
        if isinstance(said, Return):
            return said.id or f"{said.original.reference}/return"
        if isinstance(said, Entry):
            ids = (said.uetr, said.tx_id, said.servicer_reference, said.end_to_end_id)
            found = next(filter(None, ids), None) or f"{self.batch}/{self.account}/{self.where.rpartition('/')[2]}"
            return f"{found}/return" if self.back and found != said.servicer_reference else found
        return said.reference if isinstance(said, CreditTransfer) else said.uetr or said.end_to_end_id

    def undoes(self, other: "Joined") -> bool:
        """Tell whether it is booked on an account that the same transfer was booked on the other way: it came back."""
        if not isinstance(self.said, Entry) or self.back:
            return False
        first, last = ("debit", "credit") if self.said.credit else ("credit", "debit")
        return any(slot == f"{self.slot.removesuffix(last)}{first}" for slot in other.facts)

    def as_return(self) -> "Fact":
        """Return the same booking, marked as money sent back."""
        assert isinstance(self.said, Entry)  # noqa: S101 — only bookings undo one another
        return replace(self, said=structs.replace(self.said, sent_back=True))

    def another(self, other: "Fact") -> bool:
        """Tell whether two facts of one slot are of two transfers after all: returns in parts have ids of their own."""
        if isinstance(self.said, Return) and isinstance(other.said, Return):
            return bool(self.said.id) and self.said.id != other.said.id
        return False


@dataclass(eq=False)
class Joined:
    """What all messages say of one transfer, by slot."""

    facts: dict[str, Fact] = field(default_factory=dict)

    def takes(self, fact: Fact) -> bool:
        """Tell whether a fact that shares only the debtor's reference and the amount is about this transfer."""
        if fact.slot in self.facts:
            return False
        mine = {key[:1]: key for each in self.facts.values() for key in each.strong if key[0] == "uetr"}
        theirs = {key[:1]: key for key in fact.strong if key[0] == "uetr"}
        if mine and theirs and mine != theirs:
            return False
        return all(_agree(each, fact) for each in self.facts.values())

    def said(self, kind: type) -> "Fact | None":
        """Return the fact of a kind of message."""
        return next((fact for fact in self.facts.values() if isinstance(fact.said, kind)), None)

    def booked(self, *, credit: bool) -> "Fact | None":
        """Return the booking on one side; a statement's before a notification's."""
        for slot in sorted(self.facts):
            said = self.facts[slot].said
            if isinstance(said, Entry) and said.credit == credit:
                return self.facts[slot]
        return None


@dataclass
class _Side:
    """One side of a transfer: its account and bank as messages name them, what it lost or gained, and whether we hold it."""

    account: str | None = None
    agent: str | None = None
    amount: tuple[int, str] | None = None
    booked: bool = False

    def own(self, bank: str) -> bool:
        return self.booked or self.agent == bank

    def fill(self, other: "_Side") -> None:
        """Take what is not known yet from the same side of another transfer."""
        self.account = self.account or other.account
        self.agent = self.agent or other.agent
        self.booked = self.booked or other.booked


def give(joined: Joined, forward: Joined | None, bank: str, collector: Collector) -> tuple[int, list[str]]:
    """Add a transfer to the ledger; return its time in microseconds and the holder's accounts that it touches.

    Raises BadInput where neither side is this holder's, or the own side has no account.
    """
    first = joined.said(CreditTransfer) or joined.said(Return) or next(iter(joined.facts.values()))
    payer, payee = _sides(joined, forward)
    comes_in, goes_out = not payer.own(bank), not payee.own(bank)
    if comes_in and goes_out:
        raise BadInput(f"neither agent is {bank}", "leave it out: it is another holder's", where=first.where)
    if (not comes_in and not payer.account) or (not goes_out and not payee.account):
        do = "send DbtrAcct and CdtrAcct"
        raise BadInput("the account at this holder is missing", do, where=first.where)
    other = payer if comes_in else payee
    moment = microseconds(_time(joined))
    sender, receiver = None if comes_in else payer.account, None if goes_out else payee.account
    collector.add(
        first.reference,
        moment,
        sender,
        receiver,
        _settled(joined),
        where=first.where,
        debited=payer.amount,
        credited=payee.amount,
        bank=(other.agent or "") if comes_in or goes_out else "",
        party=(other.account or "") if comes_in or goes_out else "",
    )
    return moment, [account for account in (sender, receiver) if account]


def _sides(joined: Joined, forward: Joined | None) -> tuple[_Side, _Side]:
    """Return who pays and who is paid. What was booked counts before what was said."""
    payer, payee = _told(joined)
    if forward is not None:
        paid, got = _sides(forward, None)
        payee.fill(paid)
        payer.fill(got)
    for side, other, fact in (
        (payer, payee, joined.booked(credit=False)),
        (payee, payer, joined.booked(credit=True)),
    ):
        if fact is not None and isinstance(fact.said, Entry):
            side.account, side.amount, side.booked = fact.account, (fact.said.amount_minor, fact.said.currency), True
            other.account = other.account or fact.said.other_account
            other.agent = other.agent or fact.said.other_agent
    return payer, payee


def _told(joined: Joined) -> tuple[_Side, _Side]:
    """Return the sides by the messages that name both: the transfer, the return (the other way round), the instruction."""
    for kind in (CreditTransfer, Return, Initiation):
        fact = joined.said(kind)
        if fact is None or isinstance(fact.said, Entry):
            continue
        said = fact.said.original if isinstance(fact.said, Return) else fact.said
        debtor = _Side(said.debtor_account, said.debtor_agent)
        creditor = _Side(said.creditor_account, said.creditor_agent)
        if isinstance(said, CreditTransfer) and said.instructed_currency not in (None, said.currency):
            debtor.amount = (said.instructed_minor or 0, str(said.instructed_currency))
        return (creditor, debtor) if isinstance(said, Original) else (debtor, creditor)
    return _Side(), _Side()


def _settled(joined: Joined) -> tuple[int, str]:
    """Return the amount between the banks: as a transfer or return says it, else as it was booked, else as instructed."""
    for kind in (CreditTransfer, Return):
        fact = joined.said(kind)
        if fact is not None:
            return fact.said.amount_minor, fact.said.currency
    for credit in (False, True):
        fact = joined.booked(credit=credit)
        if fact is not None and isinstance(fact.said, Entry):
            if fact.said.settled_minor is not None:
                return fact.said.settled_minor, str(fact.said.settled_currency)
            return fact.said.amount_minor, fact.said.currency
    only = next(iter(joined.facts.values())).said
    return only.amount_minor, only.currency


def _time(joined: Joined) -> datetime:
    """Return the first exact time: of the booking, of the transfer, of the instruction; else the first day."""
    kinds = (CreditTransfer, Return, Initiation)
    facts = [joined.booked(credit=False), joined.booked(credit=True), *(joined.said(kind) for kind in kinds)]
    said = [fact.said for fact in facts if fact is not None]
    return next((each.time for each in said if each.time_exact), said[0].time)


def _agree(first: Fact, second: Fact) -> bool:
    """Tell whether two facts may be about one transfer: two bookings must name each other's account."""
    if not isinstance(first.said, Entry) or not isinstance(second.said, Entry):
        return True
    if first.account == second.account:
        return first.said.credit == second.said.credit
    named = (first.said.other_account == second.account, second.said.other_account == first.account)
    contradicted = first.said.other_account not in (None, second.account) or second.said.other_account not in (
        None,
        first.account,
    )
    return any(named) and not contradicted and first.said.credit != second.said.credit
