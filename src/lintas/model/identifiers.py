"""Identifiers found in a report, each with its role: the victim's own must never reach a blocklist."""

from typing import Literal

import msgspec

IdentifierType = Literal["phone", "bank_account", "url", "domain", "email", "handle", "wallet", "ip", "national_id"]
Role = Literal["suspect", "victim", "third_party", "unknown"]


class Identifier(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One identifier: ``value`` normalised (E.164, lower-case host, digits only), offsets in code points of the raw text.

    ``confidence`` lies in 0..1. ``jurisdiction`` and ``bank`` go with a bank account, ``platform`` with a handle,
    ``chain`` with a wallet. ``alternatives`` are other readings of the same span.
    """

    type: IdentifierType
    value: str
    start: int = msgspec.field(default=-1)
    end: int = msgspec.field(default=-1)
    role: Role
    confidence: float
    jurisdiction: str | None = None
    bank: str | None = None
    platform: str | None = None
    chain: str | None = None
    alternatives: list[str] = []
