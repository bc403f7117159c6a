"""What the registry of sender IDs keeps: claims and registrations of here and abroad, and what authorities say of claims."""

from typing import Annotated, Literal

import msgspec

from lintas.model.senders import Aggregators, Owner, SenderEndCode, SenderText, Stand
from lintas.model.tainted import WRITTEN
from lintas.telco.names.claims import Judgement

State = Literal["proposed", "claimed", "registered", "ended", "declined"]
#: What one officer asks for and a second one confirms.
ActKind = Literal["attest", "revoke", "consent", "object", "retract", "reject"]
Reason = Annotated[str, msgspec.Meta(min_length=3, max_length=500, pattern=WRITTEN)]
EndCode = SenderEndCode | Literal[""]
#: What is done here, in one hand or two: by officers, or by the clock.
Done = (
    Literal["file", "approve", "decline", "register"]
    | ActKind
    | SenderEndCode
    | Literal["ask_attest", "ask_revoke", "ask_consent", "ask_object", "ask_retract", "ask_reject"]
)


class NewClaim(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an officer files for a claimant; no aggregators: any may bring its messages."""

    sender: SenderText
    owner: Owner
    aggregators: Aggregators = ()


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What one officer asked for and nobody confirmed yet.

    ``registration`` is one of ours, for a consent; ``objector`` an authority, for a rejection; ``aggregators`` those to attest.
    """

    act: ActKind
    by: str
    at: str
    reason: str = ""
    registration: str = ""
    objector: str = ""
    aggregators: tuple[str, ...] = ()


class Wish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which wish an officer read and confirms: what was asked for, and when."""

    act: ActKind
    at: Annotated[str, msgspec.Meta(max_length=40)]


class Sender(msgspec.Struct, frozen=True, kw_only=True):
    """One claim, which may become a registration: of this authority (``origin`` ""), or of a peer, which calls it ``ref``.

    ``number`` counts what its authority changed. ``announced`` is when this node had it; of a peer's, ``there`` tells that the
    peer says it is registered, and ``state`` whether it counts as that here; ``refused``, that our own judgement refused it
    when we looked last. ``statement`` is the peer's last word on it.
    """

    id: str
    origin: str
    ref: str
    number: int
    sender: str
    jurisdiction: str
    owner: str
    aggregators: tuple[str, ...]
    state: State
    filed_by: str = ""
    filed_at: str = ""
    approved_by: str = ""
    announced: str = ""
    there: bool = False
    refused: bool = False
    since: str = ""
    until: str = ""
    ended_at: str = ""
    end_code: EndCode = ""
    ended_by: str = ""
    end_reason: str = ""
    statement: str = ""
    asked: Asked | None = None


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """What an authority (``origin``; "" for this one) says of a claim: one consent for each registration, one objection.

    ``filed`` is when this node had it; ``rejected`` when the claim's authority rejected the objection, "" until then.
    """

    claim: str
    origin: str
    registration: str
    number: int
    stand: Stand
    filed: str
    reason: str = ""
    by: tuple[str, ...] = ()
    rejected: str = ""
    rejected_by: tuple[str, ...] = ()
    rejected_why: str = ""
    statement: str = ""


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """One act in this authority's own hand: what, by whom, when; each has its commitment in the ledger."""

    at: str
    act: Done
    by: str
    reason: str = ""


class SenderView(msgspec.Struct, frozen=True, kw_only=True):
    """One claim or registration as an officer reads it.

    ``clashes`` are the registrations that it equals or resembles, ``judgement`` how the interlock stands (None where nothing
    is judged any more), ``ours`` the registrations of this authority that could consent.
    """

    sender: Sender
    judgement: Judgement | None
    clashes: tuple[Sender, ...]
    words: tuple[Word, ...]
    acts: tuple[Act, ...]
    ours: tuple[str, ...] = ()


class NewAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an officer asks for, which a second one confirms; ``registration`` and ``objector`` where the act names one."""

    act: ActKind
    reason: Reason
    registration: Annotated[str, msgspec.Meta(pattern=r"\A([a-z2-7]{16})?\Z")] = ""
    objector: Annotated[str, msgspec.Meta(max_length=80)] = ""
    aggregators: Aggregators | None = None
