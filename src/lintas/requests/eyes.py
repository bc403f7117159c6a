"""Four eyes: where the table asks for two named people, the first one's yes is kept and a second, different person decides."""

import hashlib
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from lintas.model.errors import Conflict, NotAllowed
from lintas.model.people import same_person
from lintas.policy.records import Decision
from lintas.requests.records import Amendment, FirstApproval, Hold, Order


class Approved(NamedTuple):
    """What an officer's yes leads to.

    ``waits`` is set when it takes another person still; else ``decision`` was made with ``approver``, and with
    ``second_approver`` where there are two.
    """

    decision: Decision
    approver: str
    second_approver: str = ""
    waits: FirstApproval | None = None


def approve(
    first: FirstApproval | None,
    officer: str,
    *,
    at: str,
    facts: bytes,
    decide: Callable[[bool], Decision],
    may_approve: Callable[[str], bool],
) -> Approved:
    """Weigh an officer's yes, with an earlier one if that still counts; ``decide`` takes whether two people are there.

    An earlier yes counts no more when table or ``facts`` changed since, or when who gave it may not approve any more.
    Conflict for the same person again while another one is needed.
    """
    alone = decide(False)
    of = hashlib.sha256(alone.policy.encode() + b"\n" + facts).hexdigest()
    stands = first if first is not None and first.of == of and may_approve(first.officer) else None
    if stands is not None and not same_person(stands.officer, officer):
        return Approved(decide(True), stands.officer, officer)
    if not (alone.outcome == "ask" and alone.missing == ("second_approver",)):
        return Approved(alone, officer)
    if stands is not None:
        raise Conflict(f"you approved this at {stands.at}", "another officer must approve it too")
    return Approved(alone, officer, waits=FirstApproval(officer, at, of))


def check_own(first: FirstApproval | None, officer: str) -> None:
    """Refuse to take back an approval that is not there, or that is another officer's."""
    if first is None:
        raise Conflict("nobody has approved this", "there is nothing to take back")
    if not same_person(first.officer, officer):
        raise NotAllowed(f"this is the approval of {first.officer}", "decline it instead, with your reason")


def of_hold(hold: Hold) -> bytes:
    """Return what an order on this hold would rest on."""
    said = (hold.id, hold.baton, hold.amount_minor, hold.currency, hold.purpose, hold.peer, hold.scheme, hold.expires)
    return msgspec.json.encode((*said, hold.request_basis))


def of_change(order: Order, change: Amendment) -> bytes:
    """Return what a change of this order would rest on."""
    return msgspec.json.encode(
        (change.id, change.kind, change.spans, change.code, change.reason, change.payees, order.id, order.expires)
    )
