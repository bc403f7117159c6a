"""What several faces show of several rooms at once, read from one snapshot."""

import msgspec

from lintas.intake.records import Report
from lintas.model.errors import NotFound
from lintas.model.tainted import LedgerAnswer
from lintas.node.assembly import Node
from lintas.node.runtime import Runtime
from lintas.requests import rules
from lintas.requests.records import Amendment, Appeal, AppealState, Bar, Hold, Order, Withdrawal
from lintas.storage.engine import Transaction
from lintas.trace.records import TraceQuestion


class Step(msgspec.Struct, frozen=True):
    """One step of a case's trail: what a bank was asked, and its answer when it came."""

    question: TraceQuestion
    answer: LedgerAnswer | None


class CaseView(msgspec.Struct, frozen=True):
    """Everything about one case on one page; ``bar`` is None while nothing in the reports lets money be followed."""

    bar: Bar | None
    reports: list[Report]
    trail: list[Step]
    holds: list[Hold]
    orders: list[Order] = []
    amendments: list[Amendment] = []
    withdrawals: list[Withdrawal] = []
    appeals: list[Appeal] = []


def read_case(node: Node, tx: Transaction, case: str) -> CaseView:
    """Read one case whole; NotFound when there is none."""
    bar, reports = node.chase.bar(tx, case), node.intake.of_case(tx, case)
    if bar is None and not reports:
        raise NotFound(f"no case {case!r}", "take the id from the list of cases")
    return CaseView(
        bar=bar,
        reports=reports,
        trail=[Step(question, answer) for question, answer in node.tracing.of_case(tx, case)],
        holds=node.orders.of_case(tx, case),
        orders=node.orders.orders_of(tx, case),
        amendments=node.amendments.of_case(tx, case),
        withdrawals=node.undo.of_case(tx, case),
        appeals=node.appeals.of_case(tx, case),
    )


async def case_view(runtime: Runtime, case: str) -> CaseView:
    """Read one case whole, from one snapshot."""
    return await runtime.read(lambda tx: read_case(runtime.node, tx, case))


class Objection(msgspec.Struct, frozen=True):
    """One objection as its maker may see it again: not who made it, since others may hold the same token."""

    received_at: str
    state: AppealState
    decided_at: str | None
    reason: str


class AppealView(msgspec.Struct, frozen=True):
    """An order as the holder of its token sees it: who ordered what under which law, how much is held, until when."""

    authority: str
    order: str
    bank: str
    law: str
    rule: str
    currency: str
    held_minor: int
    expires: str
    in_force: bool
    contact: str
    objections: list[Objection]


async def appeal_view(runtime: Runtime, token: str) -> AppealView:
    """Read the order of a token; NotFound for any other text."""
    node = runtime.node

    def ask(tx: Transaction) -> AppealView:
        order = node.appeals.order(tx, token)
        held = sum(end - start for start, end in rules.still_held(order))
        made = node.appeals.against(tx, order)
        return AppealView(
            authority=node.parts.name,
            order=order.id,
            bank=order.bank,
            law=order.basis.law,
            rule=order.basis.rule,
            currency=order.currency,
            held_minor=0 if order.closed_at or order.refusal else held,
            expires=order.expires,
            in_force=not (order.closed_at or order.refusal),
            contact=order.contact,
            objections=[Objection(each.received_at, each.state, each.decided_at, each.reason) for each in made],
        )

    return await runtime.read(ask)
