"""Writes FollowTheMoney entities as JSON lines, as graph tools of investigators read them.

Schemata and properties are those of the FollowTheMoney model (github.com/alephdata/followthemoney, folder
``followthemoney/schema``): ``Company``, ``LegalEntity``, ``BankAccount`` and ``Payment``. Every value is a text in a list; an
entity that names another does it by its id.
"""

import hashlib
from collections.abc import Iterable

import msgspec

#: What the media type of JSON lines is called; none is registered.
MEDIA = "application/x-ndjson"

#: The properties that are written, by schema, with those that the model inherits from Thing, Value, Asset and Interval.
SCHEMATA = {
    "Company": frozenset({"name", "country"}),
    "LegalEntity": frozenset({"name", "country", "summary"}),
    "BankAccount": frozenset({"name", "bankName", "bank", "country", "currency", "summary"}),
    "Payment": frozenset(
        {
            *("payer", "payerAccount", "beneficiary", "beneficiaryAccount"),
            *("amount", "currency", "date", "transactionNumber", "summary"),
        }
    ),
}


class Entity(msgspec.Struct, frozen=True):
    """One entity: ``properties`` are lists of texts by name; those without a value are left out."""

    id: str
    schema: str
    properties: dict[str, list[str]]


def entity(key: str, schema: str, **properties: str | None) -> Entity:
    """Make an entity whose id is derived from ``key``: the same key is the same entity in every export. ValueError for a
    property that the schema does not have."""
    if strange := properties.keys() - SCHEMATA[schema]:
        raise ValueError(f"{schema} has no {', '.join(sorted(strange))}")
    return Entity(id_of(key), schema, {name: [value] for name, value in properties.items() if value})


def id_of(key: str) -> str:
    """Return the id of the entity of a key: no letter that any tool would have to escape."""
    return f"lintas-{hashlib.sha256(key.encode()).hexdigest()[:40]}"


def write(entities: Iterable[Entity]) -> bytes:
    """Return entities as JSON lines, each id once."""
    kept = {each.id: each for each in entities}
    return b"".join(msgspec.json.encode(each) + b"\n" for each in kept.values())
