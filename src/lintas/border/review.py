"""What was set aside of peers in quarantine: two people accept it, one may reject it; nothing else brings it in."""

from collections.abc import Callable

import msgspec

from lintas.border import review_store, store
from lintas.border.records import Admitted, SetAside
from lintas.border.service import Border
from lintas.border.standing import StandingOf, check_not_severed
from lintas.bus.service import Bus
from lintas.ledger.service import Ledger
from lintas.model import messages, times
from lintas.model.errors import Conflict, NotAllowed, NotFound, Refused
from lintas.model.people import same_person
from lintas.model.times import Clock
from lintas.storage.engine import Transaction


class Review:
    """People's decisions about what was set aside; ``keys_of`` gives the ids of a member's keys that count now."""

    def __init__(
        self,
        *,
        border: Border,
        ledger: Ledger,
        bus: Bus,
        standing_of: StandingOf,
        keys_of: Callable[[str], frozenset[str]],
        clock: Clock,
    ) -> None:
        self._border, self._ledger, self._bus = border, ledger, bus
        self._standing_of, self._keys_of, self._clock = standing_of, keys_of, clock

    def waiting(self, tx: Transaction, peer: str) -> int:
        """Count what of a peer waits for people."""
        return review_store.count_set_aside(tx, peer)

    def of_peer(self, tx: Transaction, peer: str) -> list[SetAside]:
        """Return what of a peer was set aside: first what waits, oldest first, then what was decided or has expired."""
        return [_shown(peer, each) for each in review_store.list_set_aside(tx, peer)]

    def accept(self, tx: Transaction, peer: str, object_id: str, officer: str, reason: str) -> SetAside:
        """Ask that an object be accepted; when somebody else has asked, accept it, which is when it is acted upon.

        Policy, the peer's standing and the keys that signed it are asked now, and not taken from when it came. NotAllowed for
        the one who asked, and where policy says no; Refused when the peer is severed or such a key was revoked.
        """
        found = self._open(tx, peer, object_id)
        now = times.render(self._clock.now())
        if found.asked_by is None:
            review_store.review(tx, peer, object_id, asked_by=officer, asked_at=now, asked_reason=reason)
            return self._now(tx, peer, object_id)
        if same_person(found.asked_by, officer):
            raise NotAllowed("you asked for this yourself", "another person accepts it")
        check_not_severed(self._standing_of(tx, peer), peer)
        signed_by = store.signed_by(tx, peer, object_id)
        if not signed_by or not self._keys_of(peer).issuperset(signed_by):
            raise Refused("revoked_key", f"a key of {peer} that signed this counts no more", "reject it")
        statement = messages.read_frame(found.statement or b"")
        decision = self._border.admission(statement, peer)
        if decision.outcome != "permit":
            raise NotAllowed(decision.sentence, "reject it")
        review_store.review(tx, peer, object_id, decision="accepted", decided_by=officer, decided_at=now, reason=reason)
        mark = (object_id, found.commitment)
        (at,) = self._ledger.append(tx, [self._border.entry("receipt", peer, statement.purpose, decision, mark)])
        review_store.judge_again(tx, peer, object_id, "accepted", "", self._border.until(statement, decision), at)
        self._bus.emit(tx, Admitted(object_id, peer, statement.type))
        return self._now(tx, peer, object_id)

    def reject(self, tx: Transaction, peer: str, object_id: str, officer: str, reason: str) -> SetAside:
        """Refuse an object for good: it is erased, and comes in no more, however often it is sent."""
        found = self._open(tx, peer, object_id)
        now = times.render(self._clock.now())
        review_store.review(tx, peer, object_id, decision="rejected", decided_by=officer, decided_at=now, reason=reason)
        mark = (object_id, found.commitment)
        (at,) = self._ledger.append(tx, [self._border.entry("receipt.rejected", peer, "", None, mark)])
        review_store.judge_again(tx, peer, object_id, "refused", "people there looked at it and rejected it", None, at)
        return self._now(tx, peer, object_id)

    def _open(self, tx: Transaction, peer: str, object_id: str) -> review_store.Aside:
        found = review_store.find_set_aside(tx, peer, object_id)
        if found is None:
            raise NotFound(f"nothing of {peer} was set aside as {object_id!r}", "take the id from the list")
        if found.decision is not None:
            raise Conflict(f"this was {found.decision} by {found.decided_by} already", "read the list again")
        if found.statement is None:
            raise Conflict("this has expired and was erased", "ask its origin to send it anew")
        return found

    def _now(self, tx: Transaction, peer: str, object_id: str) -> SetAside:
        found = review_store.find_set_aside(tx, peer, object_id)
        assert found is not None  # noqa: S101 — it was found in this very transaction
        return _shown(peer, found)


def _shown(peer: str, found: review_store.Aside) -> SetAside:
    # Only what the type knows, whose texts were checked to be plain when it came.
    body = messages.read_body(messages.read_frame(found.statement)) if found.statement else None
    return SetAside(
        object=found.object,
        origin=peer,
        type=found.type,
        at=found.at,
        until=found.expires,
        body=msgspec.json.encode(body).decode() if body else "",
        asked_by=found.asked_by or "",
        asked_at=found.asked_at,
        asked_reason=found.asked_reason or "",
        decision=found.decision or "",
        decided_by=found.decided_by or "",
        decided_at=found.decided_at,
        reason=found.reason or "",
    )
