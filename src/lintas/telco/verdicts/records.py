"""What a verdict is made of: the situations of a call, the rule for each, the question that one may need, and the steps."""

import hashlib
import hmac
from typing import Literal, get_args

import msgspec

from lintas.telco.records import E164, Action, CliQuestion, Evidence, Trunk, Verdict
from lintas.text.translation import Words

#: Each way in which a call may stand before the law; a preset has a rule for every one of them.
Situation = Literal[
    "emergency",
    "routing_leg",
    "domestic",
    "anonymous",
    "malformed",
    "short_code",
    "protected",
    "unallocated",
    "unrecognised",
    "do_not_originate",
    "blocked",
    "nomadic",
    "own_fixed",
    "own_nongeographic",
    "own_voip",
    "reentered",
    "mobile_pass",
    "mobile_fail",
    "mobile_unknown",
    "forwarder_pass",
    "forwarder_fail",
    "forwarder_unknown",
    "forwarded_abroad_fail",
    "forwarded_abroad_unknown",
    "foreign_pass",
    "foreign_fail",
    "foreign_unknown",
]
SITUATIONS: tuple[Situation, ...] = get_args(Situation)

#: The rungs of the ladder in their order, and the answers that one of the last two may wait for.
RungName = Literal[
    "emergency",
    "routing_leg",
    "forwarding",
    "format",
    "protected",
    "unallocated",
    "do_not_originate",
    "block_list",
    "trunk",
    "portability",
    "own_number",
    "foreign_number",
    "answer",
]

#: Stronger evidence has the higher rank.
RANK: dict[Evidence, int] = {each: rank for rank, each in enumerate(get_args(Evidence))}

#: How a label reaches the called person: in front of the number, or as a text or voice beside it.
Shown = Literal["", "prefix", "alert"]


class Ruling(Verdict, frozen=True, kw_only=True):
    """A verdict with the situation that it was given in, and what the action ``label`` shows: a prefix or an alert's text."""

    situation: Situation
    label: str = ""
    shown: Shown = ""


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """The one question that a call needs: ``number`` is asked about, ``to`` is the operator or the jurisdiction that answers.

    ``strong``: does the network of ``number`` carry a call of it to ``other`` now? Else: may it call from abroad, is it
    assigned? ``passed``, ``failed`` and ``unknown`` are the situations that each answer leads to; a ``pass`` counts by evidence
    of at least ``needs``, a ``fail`` by ``assigned`` (the number is nobody's) or at least ``refutes``.
    """

    number: E164
    other: str = ""
    trunk: Trunk
    strong: bool
    to: str
    needs: Evidence
    refutes: Evidence
    passed: Situation
    failed: Situation
    unknown: Situation

    def question(self, call_ref: str, asked_at: str) -> CliQuestion:
        """Return it as it is sent: the other party only as an HMAC under this call's own reference."""
        told = hmac.new(call_ref.encode(), self.other.encode(), hashlib.sha256).hexdigest() if self.other else ""
        return CliQuestion(a=self.number, trunk=self.trunk, call_ref=call_ref, asked_at=asked_at, b_hash=told)


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One rung as a call passed it: what it saw, and if the call ended there (or may, by an answer), how and by which rule.

    ``message`` is English with named placeholders for ``values``, to be shown by `text`; ``source`` says whose rule that is.
    """

    rung: RungName
    message: str
    values: dict[str, str] = {}
    ends: bool = False
    situation: Situation | None = None
    action: Action | None = None
    label: str = ""
    source: str = ""

    def text(self, words: Words) -> str:
        """Return what the rung saw, in a language."""
        return words.say(self.message, **self.values)


#: What a rung gives: the situation where the call ends, the question that it needs, or nothing: on to the next rung.
Outcome = Situation | Ask | None
