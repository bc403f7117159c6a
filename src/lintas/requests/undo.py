"""The asking side afterwards: an officer lets go of money wherever it is held, and every holder's word about it comes home."""

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from lintas.border.records import Answered
from lintas.border.service import Border
from lintas.model import times
from lintas.model.errors import Conflict, NotFound, Refused
from lintas.model.ids import IdSource
from lintas.model.messages import HoldRelease, HoldStatus, HoldWithdrawal, Message
from lintas.model.tainted import MAX_PARTS, Span, merged, overlaps, subtract
from lintas.model.times import Clock
from lintas.requests import changes_store, orders_store, rules, store
from lintas.requests.amendments import Amendments
from lintas.requests.asking import PLANE_B
from lintas.requests.chase import Chase, Heard
from lintas.requests.forms import UndoForm
from lintas.requests.records import OPEN, Amendment, Hold, Share, Undone, Withdrawal
from lintas.storage.engine import Transaction

#: How long after its end a hold abroad still counts while its holder has not said that it ended.
GRACE = timedelta(hours=1)
#: Into how many pieces a holder's words may part one hold in the bar; what makes no more of them is always heard.
MOST_PIECES = 5 * MAX_PARTS
_NEEDLESS = UndoForm(code="case_closed", reason="an answer to another request, or an undo, came first")


class Undo:
    """What one authority lets go of in its own cases."""

    def __init__(
        self,
        *,
        chase: Chase,
        amendments: Amendments,
        border: Border,
        clock: Clock,
        ids: IdSource,
    ) -> None:
        self._chase, self._amendments, self._border = chase, amendments, border
        self._clock, self._ids = clock, ids

    # ---- what an officer lets go

    def undo(self, tx: Transaction, case: str, form: UndoForm, officer: str) -> Undone:
        """Let go of everything below a share, in every jurisdiction: requests are taken back abroad, releases asked for here.

        NotFound when the case or share is not here; Conflict when the case is another authority's, or nothing is left.
        """
        claim = store.claim(tx, case)
        if claim is None:
            raise NotFound(f"no case {case!r} with a claim", "take the id from the list of cases")
        if claim.origin:
            raise Conflict(f"this is {claim.origin}'s case", "release the order instead; it is told")
        shares = [share for share in store.shares_of(tx, case) if _under(share.id, form.share)]
        if not shares:
            raise NotFound(f"no share {form.share!r} in this case", "take the id from the case's bar")
        free = [share for share in shares if share.state in ("moved", "unknown") and share.hold is None]
        for share in free:
            store.keep_share(tx, rules.released(share, form.code, officer))
        covered = dict.fromkeys(share.hold for share in shares if share.hold is not None)
        begun = [self._take_back(tx, hold_id, shares, form, officer) for hold_id in covered]
        # Requests that ended without a last word: their holder may hold all the same.
        silent = [hold for hold in store.holds_of(tx, case) if hold.state == "expired" and hold.direction == "asked"]
        begun += [self._withdraw(tx, hold, (), form, officer) for hold in silent if _under(hold.share, form.share)]
        undone = Undone(
            withdrawals=tuple(each for each in begun if isinstance(each, Withdrawal)),
            amendments=tuple(each for each in begun if isinstance(each, Amendment)),
            let_go=tuple(share.id for share in [*free, *(each for each in begun if isinstance(each, Share))]),
        )
        if undone == Undone(withdrawals=(), amendments=(), let_go=()):
            raise Conflict("nothing below this share is held, asked for or on its way", "there is nothing to undo")
        return undone

    def _take_back(
        self, tx: Transaction, hold_id: str, shares: list[Share], form: UndoForm, officer: str
    ) -> Withdrawal | Amendment | Share | None:
        """Begin what lets go of one hold; None where it holds nothing of these shares, or was taken back before."""
        hold = store.hold(tx, hold_id)
        mine = [share for share in shares if share.hold == hold_id]
        held = tuple(share.baton.span for share in mine if share.state == "held" and share.baton is not None)
        if hold is None or (hold.state not in OPEN and not held):
            return None
        if hold.direction == "asked":
            under = [share for share in store.shares_under(tx, hold_id) if share.state == "held"]
            all_of_it = len(under) == len(held)
            return self._withdraw(tx, hold, () if all_of_it else tuple(merged(held)), form, officer)
        order = orders_store.order_of(tx, hold_id)
        if order is not None:
            return self._amendments.ask(tx, order, held, code="correction", reason=form.reason, asked_by=officer)
        store.keep_hold(tx, msgspec.structs.replace(hold, state="withdrawn", reason=form.reason))
        let_go = rules.released(mine[0], form.code, officer)
        store.keep_share(tx, let_go)
        return let_go

    def _withdraw(
        self, tx: Transaction, hold: Hold, spans: tuple[Span, ...], form: UndoForm, officer: str
    ) -> Withdrawal | None:
        for earlier in changes_store.withdrawals_of(tx, hold=hold.id):
            # One that arrived may be said again: to its holder it is the same wish, and the first may have been rejected.
            if earlier.state == "sent" and earlier.spans in ((), spans):
                return None
        if len(spans) > MAX_PARTS:
            raise Conflict(f"this hold is in more than {MAX_PARTS} pieces", "let go of all of it")
        now = self._now()
        body = HoldWithdrawal(hold=hold.id, code=form.code, at=now, spans=spans, reason=form.reason)
        release = self._border.release(
            tx, Message(purpose="release_funds", marking=PLANE_B, bodies=(body,), case=hold.case), hold.peer
        )
        withdrawal = Withdrawal(
            id=self._ids.new("undo"),
            case=hold.case,
            hold=hold.id,
            peer=hold.peer,
            code=form.code,
            reason=form.reason if release.permitted else release.decision.sentence,
            officer=officer,
            sent_at=now,
            spans=spans,
            object=release.objects[0] if release.permitted else None,
            state="sent" if release.permitted else "refused",
        )
        changes_store.keep_withdrawal(tx, withdrawal)
        return withdrawal

    def of_case(self, tx: Transaction, case: str) -> list[Withdrawal]:
        """Return what was taken back in a case, oldest first."""
        return changes_store.withdrawals_of(tx, case=case)

    # ---- what peers say

    def receipted(self, tx: Transaction, event: Answered) -> None:
        """Take the peer's verdict on a withdrawal of ours."""
        for withdrawal in changes_store.withdrawals_of(tx, object=event.object):
            if withdrawal.state == "sent":
                taken = event.verdict in ("accepted", "duplicate", "quarantined")
                changed = msgspec.structs.replace(
                    withdrawal,
                    state="delivered" if taken else "refused",
                    reason=withdrawal.reason if taken else event.reason,
                )
                changes_store.keep_withdrawal(tx, changed)

    def heard(self, tx: Transaction, heard: Heard) -> None:
        """Note what an answer settles, and take back what it made needless: it holds the money already, or it was let go."""
        unwanted = heard.unwanted
        if unwanted is not None and (unwanted.held or unwanted.state in OPEN):
            self._withdraw(tx, unwanted, (), _NEEDLESS, unwanted.asked_by or "automatic")
        if heard.hold != unwanted or not heard.hold.held:  # what it holds need not be in the bar any more
            self.settle(tx, heard.hold)

    def released(self, tx: Transaction, origin: str, notice: HoldRelease) -> None:
        """Take a holder's word that money of ours is not held any more; Refused when it is not theirs, or was never held."""
        hold = self._ours(tx, origin, notice.hold)
        shares, spans = store.shares_under(tx, hold.id), merged(notice.spans)
        if any(subtract(span, hold.held) for span in spans):
            raise Refused("bad_release", f"{origin} lets go of what it never held for {hold.id}")
        held = [share for share in shares if rules.can_go(share, notice.code)]
        by = self._taken_back_by(tx, hold, spans)
        parted = [(share, rules.let_go(share, spans, notice.code, by)) for share in held]
        more = sum(len(pieces) for _, pieces in parted) - len(held)
        if more > 0 and len(shares) + more > MOST_PIECES:
            raise Refused("bad_release", f"{origin} parts hold {hold.id} into more pieces than anybody can follow")
        if hold.state in ("sent", "delivered"):
            self._never_decided(tx, hold, notice)
        for share, pieces in parted:
            store.part_share(tx, share, pieces)
        self.settle(tx, hold)

    def _taken_back_by(self, tx: Transaction, hold: Hold, spans: Sequence[Span]) -> str:
        """Return the officer of ours at whose word these spans are let go; "" where the holder does so on its own."""
        for withdrawal in changes_store.withdrawals_of(tx, hold=hold.id):
            if withdrawal.state != "refused" and overlaps(withdrawal.spans or (hold.baton.span,), spans):
                return withdrawal.officer
        return ""

    def _never_decided(self, tx: Transaction, hold: Hold, notice: HoldRelease) -> None:
        mine = changes_store.withdrawals_of(tx, hold=hold.id)
        ended = msgspec.structs.replace(hold, reason=notice.reason, answered_at=self._now())
        if not mine:
            # Nobody here took it back: it is a refusal in other words, and the money may be asked for anew.
            store.keep_hold(tx, msgspec.structs.replace(ended, state="answered", outcome="refused"))
            self._chase.free(tx, hold)
            return
        store.keep_hold(tx, msgspec.structs.replace(ended, state="withdrawn"))
        for share in store.shares_under(tx, hold.id):
            store.keep_share(tx, rules.released(share, notice.code, mine[0].officer))

    def settle(self, tx: Transaction, hold: Hold) -> None:
        """Note which withdrawals of a hold are confirmed: those of whose money its peer says that nothing is held."""
        held = [share.baton.span for share in store.shares_under(tx, hold.id) if share.state == "held" and share.baton]
        for withdrawal in changes_store.withdrawals_of(tx, hold=hold.id):
            wanted = withdrawal.spans or (hold.baton.span,)
            if withdrawal.state in ("sent", "delivered") and not overlaps(held, wanted):
                confirmed = msgspec.structs.replace(withdrawal, state="confirmed", confirmed_at=self._now())
                changes_store.keep_withdrawal(tx, confirmed)

    def status(self, tx: Transaction, origin: str, status: HoldStatus) -> None:
        """Take a holder's status: held for longer, or a release declined; what is received or approved changes nothing."""
        if status.state not in ("confirmed", "release_declined"):
            return
        hold = self._ours(tx, origin, status.hold)
        if status.state == "confirmed":
            now = self._clock.now()
            if status.expires is None or rules.ended(status.expires, now):
                raise Refused("bad_time", f"{origin} confirms hold {hold.id} until a time that is none, or over")
            until = rules.no_longer_than(status.expires, now)
            for share in store.shares_under(tx, hold.id):
                if share.state == "held" or (share.state, share.note) == ("released", rules.LAPSED):
                    # Our own clock may have been ahead of this word: what it ended is held all the same.
                    again = msgspec.structs.replace(share, state="held", note="held", until=until)
                    store.keep_share(tx, again)
            return
        for withdrawal in changes_store.withdrawals_of(tx, hold=hold.id):
            meant = (withdrawal.spans or (hold.baton.span,)) == status.spans
            if meant and withdrawal.state in ("sent", "delivered"):
                declined = msgspec.structs.replace(withdrawal, state="declined", reason=status.reason)
                changes_store.keep_withdrawal(tx, declined)

    def _ours(self, tx: Transaction, origin: str, hold_id: str) -> Hold:
        hold = store.hold(tx, hold_id)
        if hold is None or hold.direction != "asked" or hold.peer != origin:
            raise Refused("not_asked", f"{origin} speaks of a hold that was not asked of it")
        return hold

    # ---- what the clock does

    def lapsed(self, tx: Transaction) -> bool:
        """Tell whether a holder's time ran out, and the grace after it, without a word."""
        return bool(store.ended_shares(tx, self._grace(), 1))

    def lapse(self, tx: Transaction) -> None:
        """Count as held no more what should have ended: every hold expires, whoever forgets to say so."""
        for share in store.ended_shares(tx, self._grace(), rules.MOST_AT_ONCE):
            store.keep_share(tx, rules.released(share, rules.LAPSED))
            hold = store.hold(tx, share.hold or "")
            if hold is not None and hold.direction == "asked":
                self.settle(tx, hold)

    def _grace(self) -> str:
        return times.render(self._clock.now() - GRACE)

    def _now(self) -> str:
        return times.render(self._clock.now())


def _under(share_id: str, root: str) -> bool:
    return root in ("", share_id) or share_id.startswith(f"{root}.")
