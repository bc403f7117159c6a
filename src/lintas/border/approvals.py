"""Documents on file at the border: recorded by their issuer's signature alone, counted at each release, withdrawn at once.

An officer can neither make one up, nor widen, backdate or renew it: each is believed anew, by the keys that the settings name
now, whenever it is used. The ledger shows when one was put on file and withdrawn, and which releases rested on it.
"""

from collections.abc import Callable, Sequence

import msgspec

from lintas.border import approval_store as store
from lintas.border.approval_store import Row
from lintas.border.records import Filed, FiledState
from lintas.ledger.records import Entry, commit, encode
from lintas.ledger.service import Ledger
from lintas.model import times
from lintas.model.errors import BadInput, Conflict, LintasError, NotFound, Refused
from lintas.model.ids import IdSource
from lintas.model.times import Clock
from lintas.policy import approval_text
from lintas.policy.approval import Approval, Sought, Withdrawal, describe, gap
from lintas.policy.records import Decision
from lintas.storage.engine import Transaction
from lintas.trust import note
from lintas.trust.note import VerifierKey

#: Of how many documents an officer is told why they do not count.
TOLD = 3
MAX_REASON, MAX_OFFICER = 500, 120


class Approvals:
    """The documents on file of one authority; ``competent`` are the keys of those whose word counts."""

    def __init__(
        self,
        *,
        me: str,
        jurisdiction: str,
        competent: Sequence[VerifierKey],
        ledger: Ledger,
        clock: Clock,
        ids: IdSource,
    ) -> None:
        self._me, self._jurisdiction, self._competent = me, jurisdiction, tuple(competent)
        self._ledger, self._clock, self._ids = ledger, clock, ids

    # ---- what people do

    def record(self, tx: Transaction, data: bytes, officer: str) -> Filed:
        """Put a signed document on file, an approval or its issuer's withdrawal; the same one again changes nothing.

        Refused, CheckFailed or BadInput for what is not to be believed here, Conflict for what its issuer withdrew.
        """
        _check_words("the officer", officer, MAX_OFFICER)
        document = approval_text.read(data, self._competent, where="the document")
        if document.jurisdiction != self._jurisdiction:
            what = f"it was given under the law of {document.jurisdiction}, this is {self._jurisdiction}"
            raise Refused("wrong_jurisdiction", what, "get one of an authority of your own")
        earlier = store.row(tx, document.id)
        if earlier is not None and earlier.issuer != document.issuer:
            raise Conflict(f"{document.id} is a document of {earlier.issuer}", "get one with an id of its own")
        if isinstance(document, Withdrawal):
            return self._end(tx, earlier, document, data, officer)
        return self._file(tx, earlier, document, data, officer)

    def _file(self, tx: Transaction, earlier: Row | None, approval: Approval, data: bytes, officer: str) -> Filed:
        now = self._clock.now()
        if approval.authority != self._me:
            what = f"it was given to {approval.authority}, this is {self._me}"
            raise Refused("wrong_authority", what, "get one that names this authority")
        if approval.expires <= now:
            raise Refused("expired", f"it ended at {times.render(approval.expires)}", "get a new one")
        if approval.not_before - now > approval_text.LONGEST:
            raise BadInput(f"it begins only at {times.render(approval.not_before)}", "check the year")
        row = Row(
            id=approval.id,
            issuer=approval.issuer,
            kind=approval.kind,
            case=approval.cases[0] if len(approval.cases) == 1 else "",
            expires=times.render(approval.expires),
            note=data,
            salt=earlier.salt if earlier else self._ids.salt(),
            used=earlier.used if earlier else 0,
            recorded_at=times.render(now),
            recorded_by=officer,
        )
        if earlier is not None:
            if earlier.withdrawal is not None:
                raise Conflict(f"{approval.id} was withdrawn by its issuer: {earlier.reason}", "get a new one")
            if earlier.note is not None and note.parse(earlier.note).text != approval_text.write(approval):
                raise Conflict(f"another document has the id {approval.id}", "get one with an id of its own")
            if earlier.withdrawn_at is None:
                # Perhaps signed anew by its issuer's next key; who put it on file, and when, stays.
                row = msgspec.structs.replace(earlier, note=data)
        store.keep(tx, row)
        if earlier is None or earlier.withdrawn_at is not None:
            self._log(tx, "approval", row, data)
        return self._filed(row)

    def _end(self, tx: Transaction, earlier: Row | None, said: Withdrawal, data: bytes, officer: str) -> Filed:
        if earlier is not None and earlier.withdrawal is not None:
            return self._filed(earlier)
        now = times.render(self._clock.now())
        # It may come before the approval itself, which must then never count.
        row = earlier or Row(
            id=said.id,
            issuer=said.issuer,
            kind="",
            case="",
            expires="",
            note=None,
            salt=self._ids.salt(),
            used=0,
            recorded_at=now,
            recorded_by=officer,
        )
        ended = {"withdrawn_at": now, "withdrawn_by": said.issuer, "reason": said.reason, "withdrawal": data}
        return self._close(tx, msgspec.structs.replace(row, **ended), data)

    def withdraw(self, tx: Transaction, approval_id: str, officer: str, reason: str) -> Filed:
        """Let a document count no more from now on, at one officer's word.

        Recording it again takes the signed document, and does not renew its uses.
        """
        row = self._row(tx, approval_id)
        _check_words("the reason", reason, MAX_REASON)
        _check_words("the officer", officer, MAX_OFFICER)
        if row.withdrawn_at is not None:
            raise Conflict(f"{approval_id} was withdrawn at {row.withdrawn_at}", "nothing is left to do")
        now = times.render(self._clock.now())
        row = msgspec.structs.replace(row, withdrawn_at=now, withdrawn_by=officer, reason=reason)
        return self._close(tx, row, msgspec.json.encode([approval_id, now, officer, reason]))

    def _close(self, tx: Transaction, row: Row, said: bytes) -> Filed:
        store.keep(tx, row)
        self._log(tx, "approval_withdrawal", row, said)
        return self._filed(row)

    def _log(self, tx: Transaction, kind: str, row: Row, said: bytes) -> None:
        at = times.render(self._clock.now())
        sealed = commit(row.salt, said)
        self._ledger.append(tx, [encode(Entry(type=kind, at=at, node=self._me, object=row.id, commitment=sealed))])

    # ---- what people see

    def filed(self, tx: Transaction, approval_id: str) -> Filed:
        """Return one document; NotFound when it is not on file."""
        return self._filed(self._row(tx, approval_id))

    def listed(self, tx: Transaction, after: str = "~", limit: int = 50) -> list[Filed]:
        """Return documents, newest first, before the id ``after``."""
        return [self._filed(row) for row in store.listed(tx, after, limit)]

    def _row(self, tx: Transaction, approval_id: str) -> Row:
        row = store.row(tx, approval_id)
        if row is None:
            raise NotFound(f"no approval {approval_id[:64]!r} is on file", "take the id from the list of approvals")
        return row

    def _filed(self, row: Row) -> Filed:
        approval = _said(row)
        return Filed(
            id=row.id,
            state=self._state(row, approval),
            approval=approval,
            words=describe(approval) if approval else f"The withdrawal of an approval of {row.issuer} that never came.",
            used=row.used,
            recorded_at=row.recorded_at,
            recorded_by=row.recorded_by,
            withdrawn_at=row.withdrawn_at,
            withdrawn_by=row.withdrawn_by,
            reason=row.reason,
            final=row.withdrawal is not None,
            note=(row.note or b"").decode(),
        )

    def _state(self, row: Row, approval: Approval | None) -> FiledState:
        now = self._clock.now()
        if row.withdrawn_at is not None or approval is None:
            return "withdrawn"
        if not self._believes(row):
            return "unknown_issuer"
        if now >= approval.expires:
            return "expired"
        if approval.uses is not None and row.used >= approval.uses:
            return "used_up"
        return "not_yet" if now < approval.not_before else "valid"

    # ---- what the border asks

    def decide(
        self, tx: Transaction, ask: Callable[[frozenset[str]], Decision], sought: Sought
    ) -> tuple[Decision, tuple[str, ...]]:
        """Ask the table without documents, and again with those on file that cover what it misses.

        ``ask`` takes the documents, each ``kind:id``. Returns the decision and the ids of the approvals that a permit rests
        on; ``use`` counts them once it has left.
        """
        bare = ask(frozenset())
        if not bare.missing:
            return bare, ()
        found = self._covering(tx, bare.missing, sought)
        decision = ask(frozenset(approval.document for approval in found)) if found else bare
        if decision.outcome == "permit":
            more = "".join(f" It rests on {each.id} ({each.reference}) of {each.issuer}." for each in found)
            return _saying(decision, more), tuple(each.id for each in found)
        return _saying(decision, self._why_not(tx, decision.missing, sought)), ()

    def use(self, tx: Transaction, approval_ids: Sequence[str]) -> None:
        """Count a use of each id, as often as it is named."""
        if approval_ids:
            store.use(tx, approval_ids)

    def _covering(self, tx: Transaction, kinds: Sequence[str], sought: Sought) -> list[Approval]:
        """Return, for each kind of document, the one on file that covers a release and ends first; none where none does."""
        found = []
        for kind in kinds:
            for row in store.live(tx, kind, sought.case, times.render(sought.at)):
                approval = _said(row)
                if approval is not None and not gap(approval, sought, row.used) and self._believes(row):
                    found.append(approval)
                    break
        return found

    def _why_not(self, tx: Transaction, kinds: Sequence[str], sought: Sought) -> str:
        """Say of the latest documents of these kinds why they do not cover a release; "" when there are none."""
        told = []
        for row in (row for kind in kinds for row in store.newest(tx, kind, TOLD)):
            approval = _said(row)
            why = "it was withdrawn" if row.withdrawn_at else approval and gap(approval, sought, row.used)
            if not why and not self._believes(row):
                why = "its issuer is not among the competent authorities"
            if why:
                told.append(f" On file is {row.id}, which does not count: {why}.")
        return "".join(told[:TOLD])

    def _believes(self, row: Row) -> bool:
        """Check the signature again: a key may have been taken out of the settings, a row may have been altered."""
        try:
            document = approval_text.read(row.note or b"", self._competent, where=row.id)
        except LintasError:
            return False
        return isinstance(document, Approval) and document.id == row.id


def _said(row: Row) -> Approval | None:
    """Return what a row's document says, its signature unchecked."""
    if row.note is None:
        return None
    try:
        said = approval_text.parse(note.parse(row.note).text, where=row.id)
    except LintasError:
        return None  # altered in the database: it counts for nothing
    return said if isinstance(said, Approval) else None


def _saying(decision: Decision, more: str) -> Decision:
    return msgspec.structs.replace(decision, sentence=f"{decision.sentence}{more}")


def _check_words(what: str, text: str, most: int) -> None:
    if not text.strip() or len(text) > most or not text.isprintable():
        raise BadInput(
            "it is empty, too long, or holds control characters", f"write at most {most} letters", where=what
        )
