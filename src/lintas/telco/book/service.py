"""The lists of one authority put together: the book, imports, peers, gateways, and what their clocks end."""

from collections.abc import Callable, Sequence

from lintas.border.judge import Judge
from lintas.border.records import Admitted, Answered
from lintas.border.service import Border
from lintas.bus.service import Bus
from lintas.ledger.service import Ledger
from lintas.model.ids import IdSource
from lintas.model.times import Clock
from lintas.storage.engine import Transaction
from lintas.telco.book.book import Book
from lintas.telco.book.bulk import Bulk
from lintas.telco.book.endings import Endings
from lintas.telco.book.imports import Imports
from lintas.telco.book.numbers import Numbers
from lintas.telco.book.publishing import Publishing
from lintas.telco.book.records import ListsChanged
from lintas.telco.book.recycling import Recycling
from lintas.telco.book.settling import Settling
from lintas.telco.book.sources import Sources
from lintas.telco.book.telling import Telling
from lintas.trust.keys import Signer


class Lists:
    """Everything that one authority does about lists.

    ``peers`` gives the other members, ``is_heard`` whether one of them is a member and not severed, ``redress_key`` is the key
    of this authority's redress ids.
    """

    def __init__(
        self,
        *,
        me: str,
        redress_key: bytes,
        peers: Callable[[], Sequence[str]],
        is_heard: Callable[[Transaction, str], bool],
        may_approve: Callable[[Transaction, str], bool],
        numbers: Numbers,
        signer: Callable[[], Signer],
        border: Border,
        judge: Judge,
        ledger: Ledger,
        bus: Bus,
        clock: Clock,
        ids: IdSource,
    ) -> None:
        self.redress_key, self._bus = redress_key, bus
        self.settling = Settling(is_own_mobile=numbers.is_own_mobile, bus=bus, clock=clock)
        self.book = Book(
            me=me,
            redress_key=redress_key,
            is_emergency=numbers.is_emergency,
            may_approve=may_approve,
            settling=self.settling,
            judge=judge,
            clock=clock,
        )
        self.sources = Sources(me=me, is_heard=is_heard, bus=bus, clock=clock, ids=ids)
        self.bulk = Bulk(book=self.book, sources=self.sources, settling=self.settling, bus=bus, clock=clock, ids=ids)
        self.recycling = Recycling(book=self.book, operator_of=numbers.operator_of, clock=clock, ids=ids)
        self.telling = Telling(me=me, peers=peers, border=border, bus=bus, clock=clock, ids=ids)
        self.imports = Imports(
            book=self.book,
            sources=self.sources,
            settling=self.settling,
            telling=self.telling,
            border=border,
            is_emergency=numbers.is_emergency,
            clock=clock,
        )
        self.publishing = Publishing(me=me, signer=signer, ledger=ledger, bus=bus, clock=clock, ids=ids)
        self.publishing.on_enforced = self.imports.enforced
        self.endings = Endings(settling=self.settling, clock=clock)

    # ---- events

    def admitted(self, tx: Transaction, event: Admitted) -> None:
        """Take what peers say about lists."""
        self.imports.admitted(tx, event)

    def receipted(self, tx: Transaction, event: Answered) -> None:
        """Take a peer's verdict on something of ours."""
        self.telling.receipted(tx, event)

    def carry_on(self, tx: Transaction, event: ListsChanged) -> None:
        """Work out, publish and tell some of what changed; says so again while anything is left."""
        self.settling.heard(tx, event)
        self.publishing.heard(tx, event)
        self.telling.heard(tx, event)

    # ---- clocks

    def due(self, tx: Transaction) -> bool:
        """Tell whether anything is over, a peer's standing or membership changed, or something waits to be carried on."""
        return any(each.due(tx) for each in (self.endings, self.sources, self.telling, self.publishing))

    def close(self, tx: Transaction) -> None:
        """End what is over, and carry on what waits."""
        for each in (self.endings, self.sources, self.telling, self.publishing):
            if each.due(tx):
                each.close(tx)
