"""Enters this authority's own acts into its ledger: a salted commitment, never a name or an amount."""

from lintas.ledger.records import Entry, encode
from lintas.ledger.service import Ledger
from lintas.model.ids import IdSource
from lintas.policy.records import Decision
from lintas.storage.engine import Transaction
from lintas.trust.envelope import commitment


class Journal:
    """The acts of one authority, as its ledger tells them."""

    def __init__(self, *, me: str, ledger: Ledger, ids: IdSource) -> None:
        self._me, self._ledger, self._ids = me, ledger, ids

    def enter(self, tx: Transaction, kind: str, at: str, act: tuple[str, bytes], decision: Decision) -> bytes:
        """Enter one act, (id, exact bytes), under the rules that let it happen; returns the salt that opens the commitment."""
        object_id, body = act
        salt = self._ids.salt()
        entry = Entry(
            type=kind,
            at=at,
            node=self._me,
            peer=self._me,
            purpose="release_funds" if kind == "order.release" else "stop_payment",
            rules=decision.rules,
            policy=decision.policy,
            object=object_id,
            commitment=commitment(salt, body).hex(),
        )
        self._ledger.append(tx, [encode(entry)])
        return salt
