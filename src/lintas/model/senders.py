"""What authorities say to each other about sender IDs: claims and registrations, their end, consents and objections.

A sender ID names an organisation, never a person. Whoever says something speaks for its own jurisdiction alone, and each word
carries a number that only counts up: what comes twice or late changes nothing.
"""

from typing import Annotated, Literal

import msgspec

from lintas.model.fields import Instant, Line, Words
from lintas.model.listings import RedressId
from lintas.model.tainted import PLAIN, WRITTEN

#: Counts the changes of one thing, from 1.
Number = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
#: ISO 3166-1, in capitals.
Place = Annotated[str, msgspec.Meta(pattern=r"\A[A-Z]{2}\Z")]
#: As phones show it; what one can be is looked at anew by whoever hears of it.
SenderText = Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=PLAIN)]
#: The organisation that sends under an ID.
Owner = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=WRITTEN)]
Aggregator = Annotated[str, msgspec.Meta(min_length=1, max_length=80, pattern=WRITTEN)]
Aggregators = Annotated[tuple[Aggregator, ...], msgspec.Meta(max_length=20)]
#: Why a claim or registration ended: its authority took it back, its year was over, the interlock refused it.
SenderEndCode = Literal["withdrawn", "revoked", "expired", "refused"]
Stand = Literal["consents", "objects", "withdrawn"]


class SenderClaim(msgspec.Struct, frozen=True, kw_only=True):
    """Announces that somebody wants a sender ID in the jurisdiction of who says this, or says that it is registered there.

    ``announced`` is when its authority announced it first, ``until`` when the registration, or the claim, ends.
    """

    id: RedressId
    number: Number
    sender: SenderText
    jurisdiction: Place
    owner: Owner
    aggregators: Aggregators = ()
    state: Literal["claimed", "registered"]
    announced: Instant
    until: Instant


class SenderEnd(msgspec.Struct, frozen=True, kw_only=True):
    """Ends a claim or registration of who says this, at once."""

    id: RedressId
    number: Number
    code: SenderEndCode
    at: Instant
    reason: Words = ""


class SenderWord(msgspec.Struct, frozen=True, kw_only=True):
    """What an authority says of another's claim ``claim`` (the id that ``origin`` gave it): it consents for ``registration``,
    one of its own, objects ("" for ``registration``), or takes either back."""

    claim: RedressId
    origin: Line
    number: Number
    stand: Stand
    registration: Annotated[str, msgspec.Meta(pattern=r"\A([a-z2-7]{16})?\Z")] = ""
    at: Instant
    reason: Words = ""


class SenderRejection(msgspec.Struct, frozen=True, kw_only=True):
    """Says that who says this rejected an objection of ``objector`` to its claim ``claim``, and why."""

    claim: RedressId
    objector: Line
    at: Instant
    reason: Words
