"""How a hold is opened: on money at a bank of ours, or as a request to the authority that answers for its bank."""

from collections.abc import Callable

import msgspec

from lintas.border.judge import Judge
from lintas.border.service import Border
from lintas.bus.service import Bus
from lintas.model import times
from lintas.model.errors import BadInput
from lintas.model.ids import IdSource
from lintas.model.markings import Marking
from lintas.model.messages import HoldRequest, Message, Purpose
from lintas.model.tainted import Baton
from lintas.model.times import Clock
from lintas.requests import store
from lintas.requests.records import Direction, Hold, HoldOpened, Share
from lintas.storage.engine import Transaction

#: What a hold request asks of the peer, as data: answer within, and stop being a request after (hours).
ANSWER_HOURS = 1
EXPIRES_HOURS = 72
PLANE_B = Marking(plane="B", tlp="AMBER+STRICT")


class Place(msgspec.Struct, frozen=True):
    """Whose a bank is: ``authority`` is "" when nobody in the charter claims it."""

    authority: str
    own: bool


class Asking:
    """The holds that one authority opens."""

    def __init__(
        self,
        *,
        contact: str,
        place_of: Callable[[str], Place],
        border: Border,
        judge: Judge,
        bus: Bus,
        clock: Clock,
        ids: IdSource,
    ) -> None:
        self._contact, self._place_of = contact, place_of
        self._border, self._judge, self._bus, self._clock, self._ids = border, judge, bus, clock, ids

    def open_hold(
        self, tx: Transaction, share: Share, baton: Baton, purpose: Purpose, officer: str, *, automatic: bool = False
    ) -> Hold:
        """Open a hold on a share: at a bank of ours it waits for an officer or a rule, of a peer it is asked by our own table.

        BadInput where nobody answers for the bank. A request that no rule lets leave comes back as `refused_by_policy`.
        """
        place = self._place_of(baton.holder)
        if not place.own and not place.authority:
            raise BadInput(
                f"nobody is known to answer for bank {baton.holder!r}",
                "name it under `banks` or `[abroad]` in the node's settings",
            )
        claim = store.claim(tx, share.case)
        direction: Direction = "own" if place.own else "asked"
        hold = Hold(
            id=self._ids.new("hold"),
            case=share.case,
            share=share.id,
            direction=direction,
            peer="" if place.own else place.authority,
            baton=baton,
            amount_minor=baton.amount_minor,
            currency=baton.currency,
            purpose=purpose,
            scheme=claim.scheme if claim else "unknown",
            state="awaiting_approval",
            asked_at=times.render(self._clock.now()),
            answer_by=self._judge.hours_from_now(ANSWER_HOURS),
            expires=self._judge.hours_from_now(EXPIRES_HOURS),
            asked_by=officer,
            hop=share.hop if place.own else share.hop + 1,
            automatic=automatic,
        )
        if direction == "asked":
            hold = self._send(tx, hold)
        else:
            self._bus.emit(tx, HoldOpened(hold.id))
        if hold.state != "refused_by_policy":
            store.keep_share(tx, msgspec.structs.replace(share, hold=hold.id, authority=place.authority, ask_by=None))
        store.keep_hold(tx, hold)
        return hold

    def _send(self, tx: Transaction, hold: Hold) -> Hold:
        """Write the request, under the rule that lets it leave, and hand it to the border."""
        answer_by, expires = hold.answer_by or "", hold.expires or ""
        decision = self._judge.decide(
            "release",
            plane="B",
            category="hold_request",
            subject="account_holder",
            purpose=hold.purpose,
            peer=hold.peer,
        )
        request = HoldRequest(
            hold=hold.id,
            baton=hold.baton,
            amount_minor=hold.amount_minor,
            currency=hold.currency,
            scheme=hold.scheme,
            basis=self._judge.basis(decision),
            answer_by=answer_by,
            expires=expires,
            contact=self._contact,
        )
        message = Message(purpose=hold.purpose, marking=PLANE_B, bodies=(request,), case=hold.case)
        release = self._border.release(tx, message, hold.peer)
        sentence = release.decision.sentence
        if not release.permitted:
            return msgspec.structs.replace(hold, state="refused_by_policy", decision=sentence)
        return msgspec.structs.replace(
            hold,
            state="sent",
            decision=sentence,
            object=release.objects[0],
            request_basis=request.basis,
        )
