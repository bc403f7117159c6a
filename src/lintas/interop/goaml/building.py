"""A report from a trail: each transfer that the money took becomes a transaction, its sides as far as they are known."""

import re
from datetime import datetime
from fractions import Fraction

import msgspec

from lintas.interop.goaml.profiles import Profile
from lintas.interop.goaml.records import Account, Entity, Person, Report, Side, Transaction
from lintas.model import money
from lintas.model.errors import BadInput

_RATE = re.compile(r"[0-9]{1,12}(\.[0-9]{1,10})?")


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    """One transfer on a trail: all of ``amount_minor`` moved, of which [start, end) is the money that is followed.

    An account that is ``own`` is the reporter's client; ``bank`` names where the other ones are, as far as is known.
    """

    transfer: str
    at: datetime
    amount_minor: int
    currency: str
    start: int
    end: int
    hop: int
    method: str = "fifo"
    sender: str = ""
    sender_bank: str = ""
    sender_own: bool = False
    receiver: str = ""
    receiver_bank: str = ""
    receiver_own: bool = False


class Facts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a trail does not know: who reports, why, and who holds the accounts.

    ``holders`` is by account. ``rates`` gives, by currency, how many units of the report's currency one unit is worth
    (text, exact); ``countries`` where a bank is, by its code, when not in the unit's country.
    """

    rentity_id: int
    entity_reference: str
    submitted: datetime
    reporting_person: Person
    reason: str = ""
    action: str = ""
    report_code: str = ""
    currency: str = ""
    country: str = ""
    rentity_branch: str = ""
    fiu_reference: str = ""
    location: str = ""
    mode: str = ""
    funds_code: str = ""
    indicators: tuple[str, ...] = ()
    own_bank: str = ""
    own_name: str = ""
    holders: dict[str, Person | Entity] = {}
    rates: dict[str, str] = {}
    countries: dict[str, str] = {}


def report_of(movements: list[Movement], facts: Facts, profile: Profile) -> Report:
    """Return the report; a transfer of which several parts are followed becomes one transaction.

    Raises BadInput for a currency without a rate, a side nobody named, or what the profile demands and nobody gave.
    """
    currency = facts.currency or profile.currency
    if not currency:
        raise BadInput("the report has no currency", "give `currency`", where="facts")
    by_transfer: dict[str, list[Movement]] = {}
    for movement in movements:
        by_transfer.setdefault(movement.transfer, []).append(movement)
    report = Report(
        rentity_id=facts.rentity_id,
        rentity_branch=facts.rentity_branch,
        report_code=facts.report_code or profile.default_report_code,
        entity_reference=facts.entity_reference,
        fiu_reference=facts.fiu_reference,
        submitted=facts.submitted,
        currency=currency,
        reporting_person=facts.reporting_person,
        reason=facts.reason,
        action=facts.action,
        transactions=tuple(_transaction(parts, facts, profile, currency) for parts in by_transfer.values()),
        indicators=facts.indicators,
    )
    profile.check(report)
    return report


def _transaction(parts: list[Movement], facts: Facts, profile: Profile, currency: str) -> Transaction:
    first = parts[0]
    amount, rate = _in(currency, first, facts)
    followed = ", ".join(f"{money.show(p.start, p.currency)}-{money.show(p.end, p.currency)}" for p in parts)
    return Transaction(
        number=first.transfer,
        date=first.at,
        mode=facts.mode or profile.default_mode,
        amount_minor=amount,
        location=facts.location,
        sender=_side(first, facts, profile, rate, out=True),
        receiver=_side(first, facts, profile, rate, out=False),
        comments=f"Part followed by {first.method}: {followed} {first.currency}; hop {min(p.hop for p in parts)}.",
    )


def _side(movement: Movement, facts: Facts, profile: Profile, rate: str, *, out: bool) -> Side:
    way = "sender" if out else "receiver"
    number, bank, own = (getattr(movement, f"{way}{end}") for end in ("", "_bank", "_own"))
    bank = facts.own_bank if own else bank
    if not number:
        # Money that was paid out, or came from a bank that named no account: the bank itself is what is known.
        if not bank:
            do = "add the bank that it went to or came from"
            raise BadInput(f"nobody is named as {way} of {movement.transfer}", do, where="trail")
        number = "unknown"
    holder = facts.holders.get(number)
    account = Account(
        institution_name=facts.own_name if own else "",
        institution_code=bank,
        account=number,
        currency=movement.currency,
        entity=holder if isinstance(holder, Entity) else None,
        signatories=(holder,) if isinstance(holder, Person) else (),
    )
    foreign = bool(rate)
    return Side(
        funds_code=facts.funds_code or profile.default_funds,
        country=facts.countries.get(bank) or facts.country or profile.country,
        account=account,
        my_client=own,
        foreign_minor=movement.amount_minor if foreign else None,
        foreign_currency=movement.currency if foreign else "",
        rate=rate,
    )


def _in(currency: str, movement: Movement, facts: Facts) -> tuple[int, str]:
    """Return the amount in the report's currency, rounded down to its minor unit, and the rate ("" for the same currency)."""
    if movement.currency == currency:
        return movement.amount_minor, ""
    rate = facts.rates.get(movement.currency, "")
    if not _RATE.fullmatch(rate) or not Fraction(rate):
        do = f"give `rates`: how many {currency} one {movement.currency} is worth"
        raise BadInput(f"{movement.transfer} is in {movement.currency}", do, where="facts")
    digits = money.exponents()
    minor = Fraction(rate) * movement.amount_minor * Fraction(10) ** (digits[currency] - digits[movement.currency])
    return int(minor), rate
