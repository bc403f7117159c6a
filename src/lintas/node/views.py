"""What several faces show of several rooms at once, read from one snapshot."""

import msgspec

from lintas.intake.records import Report
from lintas.model.errors import NotFound
from lintas.model.tainted import LedgerAnswer
from lintas.node.runtime import Runtime
from lintas.requests.records import Bar, Hold
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


async def case_view(runtime: Runtime, case: str) -> CaseView:
    """Read one case whole, from one snapshot."""
    node = runtime.node

    def ask(tx: Transaction) -> CaseView:
        bar, reports = node.chase.bar(tx, case), node.intake.of_case(tx, case)
        if bar is None and not reports:
            raise NotFound(f"no case {case!r}", "take the id from the list of cases")
        return CaseView(
            bar=bar,
            reports=reports,
            trail=[Step(question, answer) for question, answer in node.tracing.of_case(tx, case)],
            holds=node.orders.of_case(tx, case),
        )

    return await runtime.read(ask)
