"""What peers say about holds, handed to whom it concerns; what is not theirs to say is put on record and changes nothing."""

import msgspec

from lintas.border.records import Admitted, Answered
from lintas.border.service import Border
from lintas.model import messages
from lintas.model.errors import BadInput, Refused
from lintas.model.messages import HoldAnswer, HoldRelease, HoldRequest, HoldStatus, HoldWithdrawal
from lintas.requests import heard_store, store
from lintas.requests.amendments import Amendments
from lintas.requests.chase import Chase
from lintas.requests.orders import Orders
from lintas.requests.undo import Undo
from lintas.storage.engine import Transaction


class Inbox:
    """The words of peers, as the border admitted them."""

    def __init__(self, *, border: Border, chase: Chase, orders: Orders, amendments: Amendments, undo: Undo) -> None:
        self._border, self._chase, self._orders, self._amendments, self._undo = border, chase, orders, amendments, undo

    def admitted(self, tx: Transaction, event: Admitted) -> None:
        """Take what passed the border."""
        statement = self._border.statement(tx, event.origin, event.object)
        body = messages.read_body(statement)
        try:
            match body:
                case HoldRequest():
                    purpose = messages.purpose_of(statement)
                    self._orders.received(tx, event.origin, body, purpose, statement=event.object)
                case HoldAnswer():
                    heard = self._chase.answered(tx, event.origin, body)
                    if heard is not None:
                        self._undo.heard(tx, heard)
                case HoldWithdrawal():
                    self._amendments.withdrawn(tx, event.origin, body)
                case HoldRelease():
                    self._undo.released(tx, event.origin, body)
                case HoldStatus():
                    self._undo.status(tx, event.origin, body)
            self._note(tx, event, body)
        except (Refused, BadInput) as wrong:
            reason = wrong.reason if isinstance(wrong, Refused) else "bad_input"
            self._border.note_refusal(tx, event.origin, reason, str(wrong))

    def _note(self, tx: Transaction, event: Admitted, body: msgspec.Struct) -> None:
        """Note which hold an object is about, so that whoever reads the hold is known to have read the object."""
        hold = store.hold(tx, getattr(body, "hold", ""))
        if hold is None or hold.peer != event.origin:
            return
        # A request whose id was taken already, by this peer itself, is not what the hold shows.
        if isinstance(body, HoldRequest) and hold.statement != event.object:
            return
        heard_store.keep(tx, heard_store.Told(event.origin, event.object, hold.id, hold.case))

    def receipted(self, tx: Transaction, event: Answered) -> None:
        """Take a peer's verdict on something of ours."""
        self._chase.receipted(tx, event)
        self._undo.receipted(tx, event)
