"""The asking side: a case's claim and shares, what is asked for next, and what comes back, hop after hop."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from lintas.border.judge import Judge
from lintas.border.records import Answered
from lintas.bus.service import Bus
from lintas.model import times
from lintas.model.errors import Conflict, NotAllowed, NotFound, Refused
from lintas.model.messages import HoldAnswer
from lintas.model.money import Money
from lintas.model.people import same_person
from lintas.model.tainted import Baton, LedgerAnswer, Part, held_spans
from lintas.model.times import Clock
from lintas.requests import changes_store, orders_store, rules, store
from lintas.requests.asking import Asking, Place
from lintas.requests.forms import HoldForm
from lintas.requests.records import (
    EVERY_CASE,
    OPEN,
    Bar,
    CaseFilter,
    Claim,
    Hold,
    MovedOn,
    Order,
    Share,
)
from lintas.storage.engine import Transaction

#: Holds that a case may lead to without anybody's click; an officer asks for more by hand.
MAX_UNASKED_HOLDS = 20
#: How far money is followed without anybody's click: honest members need a handful, a lying one could go on for ever.
MAX_UNASKED_HOPS = 12
#: Holds that officers may ask for in one case, and how long a share's id may grow by cutting (characters).
MAX_ASKED_HOLDS, MAX_SHARE_ID = 200, 300


class Heard(NamedTuple):
    """What became of an answer: the hold as it is now, and a hold (this or another) that is wanted no more."""

    hold: Hold
    unwanted: Hold | None = None


class Chase:
    """The asking side of one authority."""

    def __init__(
        self,
        *,
        me: str,
        place_of: Callable[[str], Place],
        asking: Asking,
        judge: Judge,
        bus: Bus,
        clock: Clock,
    ) -> None:
        self._me, self._place_of, self._asking = me, place_of, asking
        self._judge, self._bus, self._clock = judge, bus, clock

    # ---- claims and the bar

    def open_claim(
        self,
        tx: Transaction,
        case: str,
        scheme: str,
        *,
        amount_minor: int,
        currency: str,
        origin: str = "",
        officer: str = "",
        urgent: bool = False,
    ) -> None:
        """Open a case's claim: everything is unknown as yet; the root share carries the case's id.

        ``origin`` is the authority that asked, for a foreign case; ``officer`` who filed the report, for our own.
        """
        claim = Claim(
            case=case,
            currency=currency,
            stolen=amount_minor,
            scheme=scheme,
            opened_at=times.render(self._clock.now()),
            origin=origin,
            officer=officer,
            urgent=urgent,
        )
        store.keep_claim(tx, claim)
        store.keep_share(tx, Share(id=case, case=case, state="unknown", amount_minor=amount_minor))

    def mark_urgent(self, tx: Transaction, case: str) -> None:
        """Note that a person is in danger in this case; one without a claim learns it when that is opened."""
        claim = store.claim(tx, case)
        if claim is not None and not claim.urgent:
            store.keep_claim(tx, msgspec.structs.replace(claim, urgent=True))

    def bar(self, tx: Transaction, case: str) -> Bar | None:
        """Return the money bar of a case; None when nothing is claimed in it."""
        claim = store.claim(tx, case)
        return None if claim is None else rules.bar(claim, store.shares_of(tx, case))

    def bars(self, tx: Transaction, after: str = "~", limit: int = 50, *, wanted: CaseFilter = EVERY_CASE) -> list[Bar]:
        """Return the bars of the cases that are wanted, newest first (keyset paging by case id)."""
        claims = store.list_claims(tx, after, limit, wanted=wanted)
        shares = store.shares_by_case(tx, [claim.case for claim in claims])
        return [rules.bar(claim, shares[claim.case]) for claim in claims]

    # ---- what tracing finds

    def located(self, tx: Transaction, share_id: str, bank: str, answer: LedgerAnswer) -> None:
        """Take a bank's trace answer: the share becomes its parts; each part that can be held leads to a hold."""
        if _let_go(tx, share_id):
            return  # while the bank was looking for it
        share = store.share(tx, share_id)
        if share is None or share.hold is not None:
            raise NotFound(f"no share {share_id!r} without a hold", "it was replaced or asked for meanwhile")
        if not answer.found:
            store.keep_share(tx, msgspec.structs.replace(share, holder=bank, note="not_found"))
            return
        sender = share.baton.sender if share.baton else bank
        at = Baton(
            transfer=answer.transfer,
            start=answer.start,
            end=answer.end,
            currency=answer.currency,
            holder=bank,
            sender=sender,
        )
        pieces = self._replace(
            tx, share, answer.parts, at=at, changes=msgspec.structs.replace(share, authority=self._me)
        )
        already = len(store.holds_of(tx, share.case))
        claim = store.claim(tx, share.case)
        for piece in pieces[: max(0, MAX_UNASKED_HOLDS - already)]:
            if self._can_hold(piece) and piece.baton is not None:
                self._asking.open_hold(tx, piece, piece.baton, "stop_payment", claim.officer if claim else "")

    def _replace(
        self, tx: Transaction, share: Share, parts: Sequence[Part], *, at: Baton, changes: Share
    ) -> list[Share]:
        pieces, now = [], times.render(self._clock.now())
        store.drop_share(tx, share)
        for piece in rules.split(share, parts, at=at, changes=changes, now=now):
            place = self._place_of(piece.holder)
            way = (*piece.way[:-1], msgspec.structs.replace(piece.way[-1], authority=place.authority))
            pieces.append(msgspec.structs.replace(piece, authority=place.authority, way=way))
            store.keep_share(tx, pieces[-1])
        return pieces

    def _can_hold(self, share: Share) -> bool:
        """Tell whether a share that was just found can be asked for without anything more being known."""
        if share.state != "moved" or share.baton is None:
            return False
        place = self._place_of(share.baton.holder)
        # Money that moved to a bank of this jurisdiction: that one is being asked where it is.
        return bool(place.authority) and not (place.own and share.note == "moved")

    # ---- holds

    def ask(self, tx: Transaction, form: HoldForm, officer: str = "") -> Hold:
        """Open a hold by an officer's hand; Refused when it asks for more than the interval, or when no rule lets it leave."""
        share = store.share(tx, form.share)
        if share is None or share.baton is None:
            raise NotFound(f"no share {form.share!r} that could be held", "take the id from the case's bar")
        if share.state == "released":
            share = self._reopened(tx, share, officer)
        if share.state not in ("moved", "unknown"):
            raise Conflict(f"this share is {share.state}", "only money that is moved or unknown can be held")
        if share.hold is not None:
            raise Conflict(f"hold {share.hold} covers this share already", "wait for its answer")
        if sum(not hold.automatic for hold in store.holds_of(tx, share.case)) >= MAX_ASKED_HOLDS:
            raise Conflict(f"{MAX_ASKED_HOLDS} holds were asked for in this case", "ask for larger parts")
        if share.note == "moved" and self._place_of(share.holder).own:
            raise Conflict(f"{share.holder} is being asked where this money is", "wait for its answer")
        claim = store.claim(tx, share.case)
        if claim is not None and claim.origin:
            raise Conflict(f"this is {claim.origin}'s case", "it is told where the money went, and asks on itself")
        assert share.baton is not None  # noqa: S101 — looked at above
        pieces = rules.cut(share, share.baton, form.amount_minor or share.baton.amount_minor)
        if len(pieces) > 1:
            if len(share.id) > MAX_SHARE_ID:
                raise Conflict("this share was cut too often", "ask for all of it")
            store.drop_share(tx, share)
            for piece in pieces:
                store.keep_share(tx, piece)
        return self._asking.open_hold(tx, pieces[0], pieces[0].baton or share.baton, form.purpose, officer)

    def _reopened(self, tx: Transaction, share: Share, officer: str) -> Share:
        """Take up again what was let go, at the word of somebody else than the one who let it go."""
        if same_person(share.let_go_by, officer):
            raise NotAllowed("you let this money go yourself", "another officer must take it up again")
        hold = store.hold(tx, share.hold) if share.hold else None
        if hold is not None and hold.state in OPEN:
            raise Conflict(f"hold {hold.id} is still being taken back", "wait until its authority has answered")
        return msgspec.structs.replace(share, state="moved", hold=None, note="reopened", let_go_by="")

    def _follow(self, tx: Transaction, share: Share, officer: str) -> None:
        """Follow money that moved on: our own bank is asked where it is, a peer for a hold if our table lets nobody click."""
        if share.note != "moved" or share.baton is None:
            return
        place, far = self._place_of(share.baton.holder), share.hop >= MAX_UNASKED_HOPS
        if place.own and not far:
            self._bus.emit(tx, MovedOn(share.id, share.case, share.baton))
        if place.own or not place.authority:
            return
        if far or not self._ask_on(tx, share, share.baton, place, officer):
            self._wait_for_officer(tx, share)

    def _wait_for_officer(self, tx: Transaction, share: Share) -> None:
        """Let a clock run until an officer asks for money that no rule lets ask for by itself."""
        ask_by = times.render(self._clock.now() + rules.ASKED_ON_IN)
        store.keep_share(tx, msgspec.structs.replace(share, ask_by=ask_by))

    def _ask_on(self, tx: Transaction, share: Share, baton: Baton, place: Place, officer: str) -> bool:
        """Ask a peer for money that moved on, if our table lets that be done without a click; False where it does not."""
        if len(store.holds_of(tx, share.case)) >= MAX_UNASKED_HOLDS:
            return False
        today = times.render(self._clock.now())[:10]
        decision = self._judge.decide(
            "release",
            plane="B",
            category="hold_request",
            subject="account_holder",
            purpose="stop_payment",
            peer=place.authority,
            amount=Money(baton.amount_minor, baton.currency),
            automatic_today=store.count_automatic(tx, store.holds, place.authority, today),
        )
        if not (decision.permitted and decision.automatic):
            return False
        asked = self._asking.open_hold(tx, share, baton, "stop_payment", officer, automatic=True)
        return asked.state != "refused_by_policy"

    # ---- what peers and our own banks say

    def receipted(self, tx: Transaction, event: Answered) -> None:
        """Take the peer's verdict on a request of ours; one that it refused leaves the money free to be asked for anew."""
        hold = store.hold_by_object(tx, event.object)
        if hold is None or hold.state != "sent":
            return
        if event.verdict in ("accepted", "duplicate"):
            store.keep_hold(tx, msgspec.structs.replace(hold, state="delivered"))
            return
        if event.verdict == "quarantined":
            # It is there, and people look at it first: it may still be answered, and nothing is lost by waiting.
            store.keep_hold(tx, msgspec.structs.replace(hold, state="delivered", reason=event.reason))
            return
        store.keep_hold(tx, msgspec.structs.replace(hold, state="refused_by_peer", reason=event.reason))
        self.free(tx, hold)

    def answered(self, tx: Transaction, origin: str, answer: HoldAnswer) -> "Heard | None":
        """Take a peer's answer to a hold of ours; Refused when it is not theirs to give or does not add up.

        An answer that comes after the request ended is recorded, and counts, also for a newer request for the same money. Where
        the money was let go meanwhile, what it holds is shown as held, and is to be taken back. None for one that came before.
        """
        hold = store.hold(tx, answer.hold)
        if hold is None or hold.direction != "asked" or hold.peer != origin:
            raise Refused("not_asked", f"{origin} answers a hold that was not asked of it")
        late = hold.state == "expired" or (hold.state == "answered" and hold.outcome == "expired")
        if hold.state == "answered" and not late:
            return None
        if hold.state not in ("sent", "delivered") and not late:
            raise Refused("not_asked", f"{origin} answers a hold that never left, or that it refused ({hold.state})")
        now = times.render(self._clock.now())
        rules.check_hold_answer(hold, answer, self._judge.jurisdiction_of(origin))
        share = store.share(tx, hold.share)
        answered = msgspec.structs.replace(
            hold,
            state="answered",
            outcome=answer.outcome,
            reason=answer.reason,
            answered_at=now,
            late=late,
            held=tuple(held_spans(answer.parts)),
        )
        store.keep_hold(tx, answered)
        if share is None or share.state not in ("moved", "unknown", "released"):
            return Heard(answered, unwanted=answered)
        newer = store.hold(tx, share.hold) if share.hold not in (None, hold.id) else None
        over = newer is not None and newer.direction == "asked" and newer.state in (*OPEN, "withdrawn")
        if newer is not None and not (over and answer.parts):
            return Heard(answered, unwanted=answered)
        if not answer.parts:
            self.free(tx, answered)
            return Heard(answered)
        let_go_by = share.let_go_by if share.state == "released" else self._let_go_by(tx, hold)
        changes = msgspec.structs.replace(
            share,
            authority=origin,
            law=answer.basis.law if answer.basis else "",
            until=rules.no_longer_than(answer.expires, self._clock.now()) if answer.expires else None,
            hold=hold.id,
            hop=hold.hop,
        )
        for piece in self._replace(tx, share, answer.parts, at=hold.baton, changes=changes):
            if let_go_by is None:
                self._follow(tx, piece, hold.asked_by)
            elif piece.state == "moved":
                store.keep_share(tx, rules.released(piece, "undone", let_go_by))
        # What was asked anew meanwhile is answered by this as well.
        return Heard(answered, unwanted=answered if share.state == "released" else newer)

    def free(self, tx: Transaction, hold: Hold) -> None:
        """Leave the share of a hold that led to nothing free to be asked for anew, or let go if we took the request back."""
        share = store.share(tx, hold.share)
        if share is not None and share.hold == hold.id and share.state in ("moved", "unknown"):
            by = self._let_go_by(tx, hold)
            freed = share if by is None else rules.released(share, "undone", by)
            freed = msgspec.structs.replace(freed, hold=None)
            if by is None and hold.state == "expired":
                self._wait_for_officer(tx, freed)
            else:
                store.keep_share(tx, freed)

    def _let_go_by(self, tx: Transaction, hold: Hold) -> str | None:
        """Return the officer who let go of a hold of ours, abroad or at home; None where nobody did."""
        for withdrawal in changes_store.withdrawals_of(tx, hold=hold.id):
            return withdrawal.officer
        order = orders_store.order_of(tx, hold.id)
        for amendment in changes_store.amendments_of(tx, order=order.id) if order else ():
            if amendment.code == "correction" and amendment.kind == "release" and amendment.state != "declined":
                return amendment.asked_by
        return None

    def take_own(self, tx: Transaction, share: Share, order: Order, answer: LedgerAnswer) -> None:
        """Take what our own order to our own bank achieved for a share of our own case.

        Where an officer let go of it meanwhile, what the bank does not hold is let go too, and nothing is followed.
        """
        changes = msgspec.structs.replace(
            share, authority=self._me, law=order.basis.law, until=order.expires, hold=order.hold
        )
        claim = store.claim(tx, share.case)
        hold = store.hold(tx, order.hold)
        by = share.let_go_by if share.state == "released" else self._let_go_by(tx, hold) if hold else None
        for piece in self._replace(tx, share, answer.parts, at=order.baton, changes=changes):
            if by is not None and piece.state == "moved":
                store.keep_share(tx, rules.released(piece, "undone", by))
            elif by is None and claim is not None and not claim.origin:
                self._follow(tx, piece, claim.officer)


def _let_go(tx: Transaction, share_id: str) -> bool:
    """Tell whether a share, or the one that it would be a part of, was released."""
    name = share_id
    while name:
        share = store.share(tx, name)
        if share is not None:
            return share.state == "released"
        name = name.rpartition(".")[0]
    return False
