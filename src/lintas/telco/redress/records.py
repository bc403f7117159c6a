"""What redress owns and says: what the public reads of a block, objections to it, and how they are decided."""

from typing import Annotated, Literal

import msgspec

from lintas.model.listings import Ground
from lintas.model.tainted import WRITTEN
from lintas.telco.records import Grade, Kind, RedressId, Subject

#: Several lines of text as people type them: no control characters but line ends and tabs, and something in it.
LINES = WRITTEN.replace(r"\x00-\x1f", r"\x00-\x08\x0b\x0c\x0e-\x1f").replace("(?=.*", r"(?=[\s\S]*")
Sentence = Annotated[str, msgspec.Meta(min_length=3, max_length=500, pattern=WRITTEN)]
Said = Annotated[str, msgspec.Meta(min_length=3, max_length=4000, pattern=LINES)]

#: Who objects: somebody who was blocked, an operator whose customers were; or its origin says that somebody did elsewhere.
ObjectionKind = Literal["person", "false_block", "notice"]
#: ``seen``: a notice that an officer put aside; its origin may decide still.
ObjectionState = Literal["open", "upheld", "dismissed", "seen"]
#: Why an operator holds a block for wrong.
FalseCause = Literal["real_customer", "roaming", "forwarded", "ported", "recycled", "routing", "other"]


class Blocked(msgspec.Struct, frozen=True, kw_only=True):
    """One entry in force as redress needs it.

    ``origin`` is the authority that listed it and ``origin_id`` its own id of it, both "" where this authority did.
    ``listed_by`` names everybody here who had a say in listing it; ``importers`` are the authorities that were sent it.
    """

    id: RedressId
    subject: Subject
    value: str
    kind: Kind
    reason: str
    scheme: str
    grade: Grade
    since: str
    until: str
    origin: str = ""
    origin_id: str = ""
    listed_by: tuple[str, ...] = ()
    importers: tuple[str, ...] = ()


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """What anybody with a block's id reads: what is blocked, by whom, why, how well shown, since when, until when.

    ``shown`` is the value with most of a number left out. Where nothing is blocked (any more) every other field is empty, for
    an id that was withdrawn as for one that never was.
    """

    id: str
    blocked: bool
    authority: str = ""
    subject: str = ""
    kind: str = ""
    shown: str = ""
    reason: str = ""
    scheme: str = ""
    grade: str = ""
    since: str = ""
    until: str = ""
    contested: bool = False
    contact: str = ""


class Contest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An objection to a block: on what ground, who objects, how to reach them, and why it is wrong."""

    ground: Ground

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=WRITTEN)]
    contact: Annotated[str, msgspec.Meta(min_length=3, max_length=200, pattern=WRITTEN)]
    text: Said


class FalseBlock(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An operator's report that a block is wrong: the id that its gateway answered, why, and what its desk knows of it."""

    id: RedressId
    cause: FalseCause
    text: Said


class Ruling(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An officer's decision on an objection, with the reason that whoever objected reads."""

    uphold: bool
    reason: Sentence


class Because(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why something is done."""

    reason: Sentence


class Objection(msgspec.Struct, frozen=True, kw_only=True):
    """One objection to one entry.

    ``origin`` is the authority that decides ("" this one). ``via`` is the authority that told of it ("" it was made here), and
    ``their_id`` the id by which authorities speak of it, that of where it was made. Who objects, and their words, stay there:
    elsewhere ``name``, ``contact`` and ``text`` are empty. ``answer_by`` is when the first answer is owed, ``late_at`` when
    somebody was told that none was given. ``lifted_by`` took the entry back here by this authority's own law, whatever the
    origin decides. Times are RFC 3339 UTC.
    """

    id: str
    entry: RedressId
    subject: Subject
    value: str
    kind: ObjectionKind
    received_at: str
    answer_by: str
    origin: str = ""
    via: str = ""
    their_id: str = ""
    ground: Ground = "other"
    name: str = ""
    contact: str = ""
    cause: str = ""
    text: str = ""
    state: ObjectionState = "open"
    decided_by: str = ""
    decided_at: str | None = None
    reason: str = ""
    lifted_by: str = ""
    lifted_at: str | None = None
    late_at: str | None = None


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """Where whoever objected reads what became of it; ``address`` is told this once."""

    address: str
    answer_by: str


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """What the maker of an objection reads of it: ``decides`` is the authority that does; nothing of who made it is repeated.

    ``lifted`` tells that the block was taken back here, whatever was decided elsewhere.
    """

    entry: RedressId
    received_at: str
    answer_by: str
    decides: str
    state: ObjectionState
    decided_at: str | None
    reason: str
    lifted: bool
    blocked: bool
    contact: str
