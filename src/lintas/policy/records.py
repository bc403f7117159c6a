"""What the policy room owns and says: the question at the border, a rule of a table, the decision with its reasons."""

from datetime import date, datetime
from typing import Literal

import msgspec

from lintas.model.markings import Obligations
from lintas.model.money import Money

Action = Literal["release", "admit", "order"]
Outcome = Literal["permit", "redact", "ask", "refuse"]
Effect = Literal["permit", "forbid"]
Status = Literal["draft", "exercise", "in-force"]
Humans = Literal[0, 1, 2]


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """May this authority do ``action`` with that data, for that peer and purpose, at that moment?

    The closed lists are in ``lintas.policy.vocabulary``; a value outside them is refused, never guessed at. ``peer`` is the
    other authority (for an order: the one that asked, or one's own in a domestic case). ``conditions`` are the documents on
    file, each ``kind:reference``. ``amount`` and ``automatic_today`` (automatic orders already issued today for this peer)
    matter for orders and hold requests only; when either is unknown, nothing is automatic. ``exercise`` says whether node
    and message play.
    """

    action: str
    plane: str
    category: str
    subject: str
    purpose: str
    peer: str
    peer_jurisdiction: str
    holder: str
    channel: str
    exercise: bool
    at: datetime | date
    provenance: str = "own"
    conditions: frozenset[str] = frozenset()
    amount: Money | None = None
    automatic_today: int | None = None
    approver_present: bool = False
    second_approver_present: bool = False


class Automatic(msgspec.Struct, frozen=True, kw_only=True):
    """The cap under which an order needs no approver, or a request that follows another no officer's click: at most
    ``amount_minor`` each and ``per_day`` for one peer; 0 is off."""

    amount_minor: int
    currency: str
    per_day: int


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a table. ``match`` holds column -> values for every column that is not ``any``; hours are whole hours.

    ``law`` is empty where no section of law was found. ``use`` empty means: only for the purpose asked.
    """

    id: str
    effect: Effect
    match: dict[str, tuple[str, ...]]
    law: tuple[str, ...]
    starts: date | None = None
    ends: date | None = None
    conditions: tuple[str, ...] = ()
    humans: Humans = 0
    automatic: Automatic | None = None
    expires_hours: int | None = None
    onward: bool = False
    use: tuple[str, ...] = ()
    redact: tuple[str, ...] = ()
    hold_hours: int | None = None
    confirm_hours: int | None = None
    note: str = ""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """The answer, with everything a person needs to check it.

    ``rules`` and ``law`` name what decided (empty when nothing permits). ``missing`` names documents (``approval``) and people
    (``approver``, ``second_approver``) still needed. ``policy`` is the SHA-256 of the table's text, lower-case hex.
    ``hold_hours`` and ``confirm_hours`` are set on orders: how long a hold lasts, and what confirmation adds. ``automatic``
    tells whether amount and count are under the cap of every rule that applies.
    """

    outcome: Outcome
    rules: tuple[str, ...]
    law: tuple[str, ...]
    sentence: str
    policy: str
    obligations: Obligations = Obligations()
    expires_hours: int | None = None
    humans: Humans = 0
    missing: tuple[str, ...] = ()
    redact: tuple[str, ...] = ()
    hold_hours: int | None = None
    confirm_hours: int | None = None
    automatic: bool = False

    @property
    def permitted(self) -> bool:
        """Return whether the action may go ahead now, possibly with fields removed."""
        return self.outcome in ("permit", "redact")


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """One example of a table: a question, what must come out, and the line it stands on.

    ``status`` is the status that the table is taken to have when this is asked; None is the table's own.
    """

    line: int
    why: str
    question: Question
    status: Status | None = None
    expected: dict[str, str | int | tuple[str, ...]]
