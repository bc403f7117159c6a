"""Asks the authority's own policy table, filling in what the node knows: the peer's jurisdiction, the time, the mode."""

from collections.abc import Callable
from datetime import timedelta

from lintas.model import times
from lintas.model.messages import LegalBasis
from lintas.model.money import Money
from lintas.model.times import Clock
from lintas.policy.records import Decision, Question
from lintas.policy.table import PolicyTable


class Judge:
    """One policy table in the hands of one node."""

    def __init__(
        self, table: PolicyTable, *, jurisdiction_of: Callable[[str], str], exercise: bool, clock: Clock
    ) -> None:
        self.table, self._jurisdiction_of, self._exercise, self._clock = table, jurisdiction_of, exercise, clock

    def decide(
        self,
        action: str,
        *,
        plane: str,
        category: str,
        subject: str,
        purpose: str,
        peer: str,
        conditions: frozenset[str] = frozenset(),
        amount: Money | None = None,
        automatic_today: int | None = None,
        holder: str = "state_organ",
        provenance: str = "own",
        approver_present: bool = False,
        second_approver_present: bool = False,
    ) -> Decision:
        """Decide one question now; total: an unknown peer or value is refused by the table, never an error."""
        return self.table.decide(
            Question(
                action=action,
                plane=plane,
                category=category,
                subject=subject,
                purpose=purpose,
                peer=peer,
                peer_jurisdiction=self._jurisdiction_of(peer),
                holder=holder,
                channel="police",
                provenance=provenance,
                exercise=self._exercise,
                at=self._clock.now(),
                conditions=conditions,
                amount=amount,
                automatic_today=automatic_today,
                approver_present=approver_present,
                second_approver_present=second_approver_present,
            )
        )

    def jurisdiction_of(self, authority: str) -> str:
        """Return an authority's jurisdiction by the charter in force, "" for a stranger."""
        return self._jurisdiction_of(authority)

    def hours_from_now(self, hours: int | None) -> str | None:
        """Return the RFC 3339 time that many hours from now; None for None."""
        return None if hours is None else times.render(self._clock.now() + timedelta(hours=hours))

    @staticmethod
    def hours_after(at: str, hours: int) -> str:
        """Return the RFC 3339 time that many hours after another."""
        return times.render(times.parse(at) + timedelta(hours=hours))

    def basis(self, decision: Decision) -> LegalBasis:
        """Name the rule and section of law on which a decision rests."""
        law = "; ".join(decision.law) or "no section of law found"
        return LegalBasis(jurisdiction=self.table.jurisdiction, rule=", ".join(decision.rules), law=law)
