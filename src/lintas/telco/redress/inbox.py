"""What peers say about objections, handed to whom it concerns."""

from lintas.border.records import Admitted
from lintas.border.service import Border
from lintas.model import messages
from lintas.model.errors import Refused
from lintas.model.listings import ListingAppeal, ListingAppealStatus
from lintas.storage.engine import Transaction
from lintas.telco.redress.service import Redress

TYPES = ("listing_appeal", "listing_appeal_status")


class ObjectionsInbox:
    """The words of peers about objections, as the border admitted them."""

    def __init__(self, *, border: Border, redress: Redress) -> None:
        self._border, self._redress = border, redress

    def admitted(self, tx: Transaction, event: Admitted) -> None:
        """Take what passed the border; whatever else did is somebody else's to hear."""
        if event.type not in TYPES:
            return
        body = messages.read_body(self._border.statement(tx, event.origin, event.object))
        if isinstance(body, ListingAppeal | ListingAppealStatus):
            try:
                self._redress.told(tx, event.origin, body)
            except Refused as wrong:
                self._border.note_refusal(tx, event.origin, wrong.reason, str(wrong))
