"""The registry of sender IDs put together: its desk, what peers say, what they are told, and its clocks."""

from collections.abc import Callable, Sequence

from lintas.border.records import Admitted
from lintas.border.service import Border
from lintas.ledger.service import Ledger
from lintas.model.ids import IdSource
from lintas.model.times import Clock
from lintas.storage.engine import Transaction
from lintas.telco.lists.ids import redress_ids
from lintas.telco.registry.clock import Endings
from lintas.telco.registry.desk import Desk
from lintas.telco.registry.inbox import Inbox
from lintas.telco.registry.reading import JurisdictionOf, Reading
from lintas.telco.registry.telling import Telling
from lintas.trust.keys import Signer


class Senders:
    """Everything that one authority does about sender IDs.

    ``place`` is its jurisdiction in capitals, ``peers`` gives the members that are told anything now, ``redress_key`` makes our
    own ids of what peers call by theirs.
    """

    def __init__(
        self,
        *,
        me: str,
        place: str,
        redress_key: bytes,
        jurisdiction_of: JurisdictionOf,
        peers: Callable[[Transaction], Sequence[str]],
        signer: Callable[[], Signer],
        border: Border,
        ledger: Ledger,
        clock: Clock,
        ids: IdSource,
    ) -> None:
        make = redress_ids(redress_key)
        self.me, self.signer = me, signer
        self.reading = Reading(place=place.lower(), jurisdiction_of=jurisdiction_of, clock=clock)
        self.telling = Telling(me=me, place=place, peers=peers, border=border, clock=clock)
        self.desk = Desk(me=me, reading=self.reading, telling=self.telling, ledger=ledger, clock=clock, ids=ids)
        self.inbox = Inbox(
            me=me,
            jurisdiction_of=jurisdiction_of,
            id_of=lambda origin, ref: make("sender", f"{origin} {ref}"),
            border=border,
            clock=clock,
        )
        self.endings = Endings(reading=self.reading, desk=self.desk, clock=clock)

    def admitted(self, tx: Transaction, event: Admitted) -> None:
        """Take what peers say."""
        self.inbox.admitted(tx, event)

    def due(self, tx: Transaction) -> bool:
        """Tell whether a clock ran out, or it is time to tell peers what they were not told."""
        return self.endings.due(tx) or self.telling.due(tx)

    def close(self, tx: Transaction) -> None:
        """End, register and tell what is due."""
        for each in (self.endings, self.telling):
            if each.due(tx):
                each.close(tx)
