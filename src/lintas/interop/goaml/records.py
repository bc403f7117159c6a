"""A report to a financial intelligence unit in goAML's shape, in our words: frozen, amounts in minor units.

Source: goAML XML Reporting Schema Description 4.0 (UNODC, 31 January 2013); the elements here kept their names in 5.0. Of
persons, entities and accounts the part is taken that a trace and its case can fill; a unit's profile says what it demands.
"""

from datetime import date, datetime

import msgspec


class Person(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="person"):
    """A natural person (`t_person`); ``gender`` is the unit's own code."""

    first_name: str
    last_name: str
    gender: str = ""
    birthdate: date | None = None
    id_number: str = ""
    nationality: str = ""
    residence: str = ""
    email: str = ""
    occupation: str = ""


class Entity(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="entity"):
    """A legal person (`t_entity`)."""

    name: str
    commercial_name: str = ""
    incorporation_number: str = ""
    business: str = ""
    incorporation_country: str = ""


class Account(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An account (`t_account`): where, its number, and who signs for it, if known.

    ``institution_code`` is the code that the profile's ``institution`` element takes: the unit's own, or a SWIFT code.
    """

    institution_name: str = ""
    institution_code: str = ""
    branch: str = ""
    account: str
    currency: str = ""
    name: str = ""
    iban: str = ""
    entity: Entity | None = None
    signatories: tuple[Person, ...] = ()
    comments: str = ""


class Side(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One side of a transaction: an account, a person or an entity, exactly one; ``my_client`` of who reports.

    ``foreign_minor`` is the amount in ``foreign_currency`` where that is not the report's own; ``rate`` stays text.
    """

    funds_code: str
    country: str
    account: Account | None = None
    person: Person | None = None
    entity: Entity | None = None
    my_client: bool = False
    foreign_minor: int | None = None
    foreign_currency: str = ""
    rate: str = ""


class Transaction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One movement of money between two sides; ``amount_minor`` in the report's currency, ``date`` aware."""

    number: str
    date: datetime
    mode: str
    amount_minor: int
    sender: Side
    receiver: Side
    reference: str = ""
    location: str = ""
    description: str = ""
    comments: str = ""


class Report(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A report: who reports (``rentity_id`` is the number that the unit gave it), what, why, and the transactions.

    ``entity_reference`` is the reporter's own, ``fiu_reference`` the unit's where it asked; ``indicators`` are its codes.
    """

    rentity_id: int
    report_code: str
    entity_reference: str
    submitted: datetime
    currency: str
    reporting_person: Person
    transactions: tuple[Transaction, ...]
    rentity_branch: str = ""
    fiu_reference: str = ""
    reason: str = ""
    action: str = ""
    indicators: tuple[str, ...] = ()
