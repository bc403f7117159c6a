"""What is answered to a question about a number, from what the table says of it: pure, and the same work for every answer."""

import hashlib
import hmac
from collections.abc import Sequence
from typing import NamedTuple

from lintas.telco.home.records import Calls
from lintas.telco.records import CliQuestion, Evidence, Word

#: How long an answer may be kept, seconds: that the number is in use; that it is abroad; one call; that something is not so.
ASSIGNED_TTL, ABROAD_TTL, CALL_TTL = 300, 120, 60
NOT_ASSIGNED_TTL, NOT_ABROAD_TTL, NO_CALL_TTL, UNKNOWN_TTL = 30, 20, 10, 10


class State(NamedTuple):
    """What the table knows of one number; ``assigned`` is None where it is not ours; ``calls`` are those in progress."""

    assigned: bool | None
    abroad: bool
    calls: tuple[int, ...]


class Judged(NamedTuple):
    """What is said, and what it rests on."""

    verdict: Word
    evidence: Evidence
    ttl_s: int


UNKNOWN = Judged("unknown", "none", UNKNOWN_TTL)


def b_hash(call_ref: str, b: int) -> str:
    """Return how a question names the called number: HMAC-SHA-256 of it in E.164, keyed with the call's reference, in hex.

    It keeps the number out of logs. It is no secret: whoever knows the reference may try all numbers.
    """
    return hmac.new(call_ref.encode(), f"+{b}".encode(), hashlib.sha256).hexdigest()


def judge(question: CliQuestion, state: State, *, domestic: bool, calls: Calls, protected: bool) -> Judged:
    """Judge one question.

    A call in progress to just that number is proof, wherever its caller is: a call that leaves the country and comes back is
    real. That there is none is proof only where the operator sees all calls, and where to. Whether a number is abroad is told
    to gateways of its own country alone, and only of a call that comes from abroad. Without ``b_hash`` nobody learns whether a
    number is on a call.
    """
    found = _in_progress(question, state.calls) and calls != "none"
    if state.assigned is None or protected:
        return UNKNOWN
    if not state.assigned:
        return Judged("fail", "assigned", NOT_ASSIGNED_TTL)
    if found:
        return Judged("pass", "on-call", CALL_TTL)
    if question.b_hash and calls == "complete" and 0 not in state.calls:
        return Judged("fail", "on-call", NO_CALL_TTL)
    if not domestic or question.trunk == "domestic":
        return Judged("pass", "assigned", ASSIGNED_TTL)
    if state.abroad:
        return Judged("pass", "registered-abroad", ABROAD_TTL)
    return Judged("fail", "registered-abroad", NOT_ABROAD_TTL)


def _in_progress(question: CliQuestion, calls: Sequence[int]) -> bool:
    """Return whether one of the calls is the one asked about; as many comparisons whatever is found."""
    found = False
    for b in (*calls, *([0] * (6 - len(calls)))):
        found |= hmac.compare_digest(b_hash(question.call_ref, b), question.b_hash or "-" * 64) and b != 0
    return found
