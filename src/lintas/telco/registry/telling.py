"""Tells other members what this authority claims, registers and ends, and what it says of their claims.

Each member is told everything once and again each time it changes; what stands is told again each month, and a word each day
while its claim waits, so that a member that came later, or was away or severed, gets to know it too. It is told no more in a
day than it takes. Who is severed is told nothing. What came from a peer never travels on.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal

import msgspec

from lintas.border.service import Border
from lintas.model import times
from lintas.model.markings import Marking
from lintas.model.messages import Message, Purpose
from lintas.model.senders import SenderClaim, SenderEnd, SenderEndCode, SenderRejection, SenderWord
from lintas.model.times import Clock
from lintas.storage.engine import Transaction
from lintas.telco.registry import rules, store
from lintas.telco.registry.records import Sender, Word

#: Told to each peer in one transaction, which holds the node's only writer; looked for again after so long at the latest.
AT_ONCE, EACH = 10, rules.LOOK_AGAIN


class Telling:
    """What one authority says; ``peers`` gives the members that are told anything now."""

    def __init__(
        self, *, me: str, place: str, peers: Callable[[Transaction], Sequence[str]], border: Border, clock: Clock
    ) -> None:
        self._me, self._place, self._peers, self._border, self._clock = me, place, peers, border, clock
        self._next: datetime | None = None

    def claim(self, tx: Transaction, item: Sender) -> None:
        """Tell how a claim or registration of ours stands now: at the next look; that it ended, at once to who knew it."""
        if item.state != "ended":
            self._next = None
            return
        knew = {peer for peer, _, _ in store.told_of(tx, item.id)}
        for peer in self._peers(tx):
            if peer in knew:
                self._claim(tx, item, peer)

    def word(self, tx: Transaction, said: Word, about: Sender) -> None:
        """Tell everybody what we say of a peer's claim."""
        for peer in self._peers(tx):
            self._word(tx, said, about, peer)

    def rejected(self, tx: Transaction, item: Sender, said: Word) -> None:
        """Tell everybody that an objection to a claim of ours was rejected."""
        body = SenderRejection(claim=item.id, objector=said.origin, at=said.rejected, reason=said.rejected_why)
        for peer in self._peers(tx):
            self._say(tx, peer, body, "status")

    # ---- the clock

    def due(self, tx: Transaction) -> bool:
        """Tell whether it is time to look for what somebody was not told yet."""
        return self._next is None or self._clock.now() >= self._next

    def close(self, tx: Transaction) -> None:
        """Tell each peer some of what it was not told yet, or long ago; where there is more, the next look goes on."""
        now = self._clock.now()
        told = [self._some(tx, peer, now) for peer in self._peers(tx)]
        self._next = now if AT_ONCE in told else now + EACH

    def _some(self, tx: Transaction, peer: str, now: datetime) -> int:
        """Tell a peer at most ``AT_ONCE`` things of each kind; returns how many of the kind with most."""
        ends = store.ends_to_tell(tx, peer, AT_ONCE)
        room = min(AT_ONCE, rules.MOST_TOLD - store.count_told(tx, peer, times.render(now - rules.DAY)))
        claims = store.to_tell(tx, peer, times.render(now - rules.TELL_AGAIN), max(0, room))
        for item in (*ends, *claims):
            self._claim(tx, item, peer)
        room = min(AT_ONCE, rules.MOST_TOLD - store.count_told(tx, peer, times.render(now - rules.DAY), words_=True))
        words = store.words_to_tell(tx, peer, times.render(now - rules.WORD_AGAIN), max(0, room))
        for said in words:
            if (about := store.sender(tx, said.claim)) is not None:
                self._word(tx, said, about, peer)
        return max(len(ends), len(claims), len(words))

    # ---- out

    def _claim(self, tx: Transaction, item: Sender, peer: str) -> None:
        purpose: Purpose = "status" if item.state == "ended" else "disruption"
        refused = self._say(tx, peer, self._body(item), purpose)
        store.tell(tx, item.id, peer, item.number, self._now(), refused)

    def _body(self, item: Sender) -> msgspec.Struct:
        if item.state == "ended":
            code: SenderEndCode = item.end_code or "withdrawn"
            return SenderEnd(id=item.id, number=item.number, code=code, at=item.ended_at, reason=item.end_reason)
        state: Literal["claimed", "registered"] = "registered" if item.state == "registered" else "claimed"
        return SenderClaim(
            id=item.id,
            number=item.number,
            sender=item.sender,
            jurisdiction=self._place.upper(),
            owner=item.owner,
            aggregators=item.aggregators,
            state=state,
            announced=item.announced,
            until=item.until,
        )

    def _word(self, tx: Transaction, said: Word, about: Sender, peer: str) -> None:
        body = SenderWord(
            claim=about.ref,
            origin=about.origin,
            number=said.number,
            stand=said.stand,
            registration=said.registration,
            at=self._now(),
            reason=said.reason,
        )
        store.tell(tx, store.about(said), peer, said.number, self._now(), self._say(tx, peer, body, "status"))

    def _say(self, tx: Transaction, peer: str, body: msgspec.Struct, purpose: Purpose) -> str:
        """Release one message; returns why our own law let nothing leave, "" when it left."""
        left = self._border.release(tx, Message(purpose=purpose, marking=Marking(plane="A"), bodies=(body,)), peer)
        return "" if left.permitted else left.decision.sentence[:1000]

    def _now(self) -> str:
        return times.render(self._clock.now())
