"""Decides whether a message may leave: by the policy table, by documents on file, and by how far its peer is trusted."""

import msgspec

from lintas.border.approvals import Approvals
from lintas.border.judge import Judge
from lintas.border.standing import StandingOf
from lintas.model import messages
from lintas.model.messages import Message
from lintas.model.money import Money
from lintas.model.times import Clock
from lintas.policy.approval import Sought
from lintas.policy.records import Decision
from lintas.storage.engine import Transaction

#: What asks something of a peer. Whoever is not trusted is asked nothing new; answers and withdrawals still leave.
ASKING = frozenset({"hold_request"})


class Leaving:
    """What may leave one authority."""

    def __init__(self, *, me: str, judge: Judge, approvals: Approvals, standing_of: StandingOf, clock: Clock) -> None:
        self._me, self._judge, self._approvals = me, judge, approvals
        self._standing_of, self._clock = standing_of, clock

    def decide(self, tx: Transaction, message: Message, peer: str) -> list[tuple[Decision, tuple[str, ...]]]:
        """Decide on each object of a message, in order; says too which approvals on file each permit rests on."""
        kept_back = self._kept_back(tx, message, peer)
        return [self._decide_one(tx, body, message, peer, kept_back) for body in message.bodies]

    def _kept_back(self, tx: Transaction, message: Message, peer: str) -> str:
        """Return why nothing is asked of this peer now; "" for what asks nothing, and for a trusted peer."""
        asks = any(messages.kind_of(body)[1].category in ASKING for body in message.bodies)
        standing = self._standing_of(tx, peer) if asks else "trusted"
        return (
            "" if standing == "trusted" else f"{peer} is {standing} here: nothing new is asked; two people restore it."
        )

    def _decide_one(
        self, tx: Transaction, body: msgspec.Struct, message: Message, peer: str, kept_back: str
    ) -> tuple[Decision, tuple[str, ...]]:
        """Decide on the release of one object; says too which approvals on file the permit rests on."""
        _, kind = messages.kind_of(body)
        sought = Sought(
            jurisdiction=self._judge.table.jurisdiction,
            authority=self._me,
            category=kind.category,
            purpose=message.purpose,
            peer=peer,
            peer_jurisdiction=self._judge.jurisdiction_of(peer),
            at=self._clock.now(),
            amount=_amount(message),
            case=message.case,
            objects=len(message.bodies),
        )

        def ask(documents: frozenset[str]) -> Decision:
            decision = self._judge.decide(
                "release",
                plane=message.marking.plane,
                category=kind.category,
                subject=kind.subject,
                purpose=message.purpose,
                peer=peer,
                amount=sought.amount,
                conditions=documents,
            )
            if not kept_back:
                return decision
            return msgspec.structs.replace(decision, outcome="refuse", rules=(), law=(), sentence=kept_back)

        return self._approvals.decide(tx, ask, sought)


def _amount(message: Message) -> Money | None:
    """Add up what a message's objects speak of; None when one of them names no amount, or they differ in currency."""
    stated = [(getattr(body, "amount_minor", None), getattr(body, "currency", None)) for body in message.bodies]
    amounts = [amount for amount, _ in stated if isinstance(amount, int)]
    currencies = {currency for _, currency in stated if isinstance(currency, str)}
    if len(amounts) < len(stated) or len(currencies) != 1:
        return None
    return Money(sum(amounts), currencies.pop())
