"""Everything that one simulated machine has stored, read at one moment: what the audits judge."""

from collections import Counter, defaultdict
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Select, Table, select
from tests.simulation.machine import Machine

from lintas.border import store as border
from lintas.bus import store as bus
from lintas.bus.service import kind_of
from lintas.exchange import store as exchange
from lintas.intake import store as intake
from lintas.ledger import records
from lintas.ledger import store as ledger
from lintas.model import messages
from lintas.model.messages import HoldRelease
from lintas.requests import changes_store as changes
from lintas.requests import orders_store, rules
from lintas.requests import store as requests
from lintas.requests.records import Amendment, Appeal, Claim, Hold, Order, Share, Withdrawal
from lintas.storage.engine import Transaction
from lintas.trace import store as trace
from lintas.trust.merkle import leaf_hash

S = TypeVar("S", bound=msgspec.Struct)

Rows = list[Any]
_WHOLE: dict[str, Select[Any]] = {}


class Books:
    """The tables of one machine."""

    def __init__(self, machine: Machine, tx: Transaction) -> None:
        def rows(table: Table) -> Rows:
            return list(tx.execute(_WHOLE.setdefault(table.name, select(table))).all())

        self.name = machine.name
        self.entries = [
            records.decode(bytes(data))
            for data in tx.scalars(select(ledger.entry.c.data).order_by(ledger.entry.c.index))
        ]
        self.leaves = [leaf_hash(records.encode(entry)) for entry in self.entries]
        self.root, self.size = machine.node.ledger.root(tx), machine.node.ledger.size(tx)
        self.released = {(row.object, row.peer): row for row in rows(border.released)}
        self.objects = {(row.origin, row.object): row for row in rows(border.objects)}
        self.envelopes = rows(border.envelopes)
        self.outbox = rows(bus.outbox)
        self.sealed = rows(exchange.sealed)
        self.charters = {row.version for row in rows(exchange.charters)}
        self.reports = {row.id: row for row in rows(intake.reports)}
        self.questions = {row.id: row for row in rows(trace.questions)}
        self.parked = rows(bus.parked)
        self.refusals = rows(border.refusals)

        def docs(table: Table, kind: type[S]) -> list[S]:
            return [msgspec.json.decode(row.doc, type=kind) for row in rows(table)]

        self.claims = {claim.case: claim for claim in docs(requests.claims, Claim)}
        self.shares = sorted(docs(requests.shares, Share), key=lambda share: share.id)
        of_case: defaultdict[str, list[Share]] = defaultdict(list)
        for share in self.shares:
            of_case[share.case].append(share)
        self.bars = {case: rules.bar(claim, of_case[case]) for case, claim in self.claims.items()}
        self.holds = {hold.id: hold for hold in docs(requests.holds, Hold)}
        self.orders = {order.id: order for order in docs(orders_store.orders, Order)}
        self.order_of = {order.hold: order for order in self.orders.values()}
        self.amendments = {each.id: each for each in docs(changes.amendments, Amendment)}
        self.withdrawals = {each.id: each for each in docs(changes.withdrawals, Withdrawal)}
        self.appeals = {each.id: each for each in docs(changes.appeals, Appeal)}
        self.unheard = _unheard(tx, machine)

    def held_under(self, hold: str) -> list[Share]:
        """Return the shares that are held under a hold."""
        return [share for share in self.shares if share.hold == hold and share.state == "held"]

    def counted(self) -> Counter[str]:
        """Count what became of holds here."""
        told = [messages.read_frame(row.statement) for row in self.released.values()]
        bodies = [messages.read_body(each) for each in told if each.type == "hold_release"]
        return Counter(
            [f"hold {each.state}" for each in self.holds.values()]
            + [f"hop {each.hop}" for each in self.holds.values() if each.direction == "asked"]
            + [f"withdrawal {each.state}" for each in self.withdrawals.values()]
            + [f"{each.kind} {each.state}" for each in self.amendments.values()]
            + [f"appeal {each.state}" for each in self.appeals.values()]
            + [f"told {each.code}" for each in bodies if isinstance(each, HoldRelease)]
            + ["automatic order" for each in self.orders.values() if each.automatic]
            + ["automatic request" for each in self.holds.values() if each.automatic]
        )


def _unheard(tx: Transaction, machine: Machine) -> int:
    """Count what some hearer has not handled yet."""
    return sum(
        len(bus.events_after(tx, bus.cursor(tx, hearing.hearer), [kind_of(each) for each in hearing.events], limit=1))
        for hearing in machine.node.bus._hearings
    )
