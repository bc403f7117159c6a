"""The trail of a case as people and programs take it away: as JSON, as a sheet, as FollowTheMoney entities, as a picture."""

from collections.abc import Callable

from lintas.interop import ftm, sheet
from lintas.model.errors import NotFound
from lintas.model.money import decimal
from lintas.node.assembly import Node
from lintas.node.runtime import Runtime
from lintas.requests.flow import Flow, flow_of
from lintas.requests.records import SHARE_STATES
from lintas.storage.engine import Transaction

HEADS = (
    *(
        "what",
        "hop",
        "time",
        "from",
        "from_authority",
        "at",
        "at_authority",
        "transfer",
        "local_amount",
        "local_currency",
    ),
    *("amount", "currency", *SHARE_STATES, "law", "until", "hold"),
)


def read_flow(node: Node, tx: Transaction, case: str) -> Flow:
    """Read the trail of a case; NotFound where no money is followed in it."""
    bar = node.chase.bar(tx, case)
    if bar is None:
        raise NotFound(f"no money is followed in a case {case!r}", "take the id from the list of cases")
    claims = (report.claim.find.at for report in node.intake.of_case(tx, case) if report.claim is not None)
    reported = next((at for at in claims if at), None)
    return flow_of(bar, reported_at=reported, later=node.comparison.series_of(tx, case))


async def flow_view(runtime: Runtime, case: str) -> Flow:
    """Read the trail of a case, from one snapshot."""
    return await runtime.read(lambda tx: read_flow(runtime.node, tx, case))


def as_sheet(flow: Flow) -> bytes:
    """Return the trail as CSV: a row for each transfer, then one for each part where it is; amounts are decimals."""
    places = {place.id: place for place in flow.places}

    def amounts(states: dict[str, int]) -> list[str]:
        return [decimal(states[state], flow.currency) if state in states else "" for state in SHARE_STATES]

    rows: list[list[sheet.Cell]] = []
    for leg in flow.legs:
        left, came = places[leg.source], places[leg.target]
        local = [decimal(leg.local_minor, leg.local_currency), leg.local_currency]
        where = [left.holder, left.authority, came.holder, came.authority, leg.transfer]
        total = [decimal(leg.amount_minor, flow.currency), flow.currency]
        rows.append(["transfer", came.hop, leg.since, *where, *local, *total, *amounts(leg.states), "", "", ""])
    for end in flow.ends:
        place = places[end.place]
        where = ["", "", place.holder, place.authority or end.authority, "", "", ""]
        total = [decimal(end.amount_minor, flow.currency), flow.currency]
        states = amounts({end.state: end.amount_minor})
        rows.append(["now", place.hop, end.since, *where, *total, *states, end.law, end.until, end.hold])
    return sheet.write(HEADS, rows)


def as_entities(flow: Flow, jurisdiction_of: Callable[[str], str]) -> bytes:
    """Return the trail as FollowTheMoney entities: each bank, the account without a number at each place, each transfer.

    Whose an account is no authority was told: its holder is an entity without a name of its own.
    """
    made: list[ftm.Entity] = []
    for place in flow.places:
        key, country = f"{flow.case} {place.id}", jurisdiction_of(place.authority).lower()
        bank = ftm.entity(f"bank {place.holder}", "Company", name=place.holder or "not found", country=country)
        named = f"an account at {place.holder or 'a bank not found'} (case {flow.case}, step {place.hop})"
        made += [
            bank,
            ftm.entity(f"{key} holder", "LegalEntity", name=f"holder of {named}, not named", country=country),
            ftm.entity(
                f"{key} account", "BankAccount", name=named, bankName=place.holder, bank=bank.id, country=country
            ),
        ]
    for leg in flow.legs:
        left, came = f"{flow.case} {leg.source}", f"{flow.case} {leg.target}"
        states = ", ".join(
            f"{state} {decimal(amount, flow.currency)} {flow.currency}" for state, amount in leg.states.items()
        )
        made.append(
            ftm.entity(
                f"{left} {came} {leg.transfer}",
                "Payment",
                payer=ftm.id_of(f"{left} holder"),
                payerAccount=ftm.id_of(f"{left} account"),
                beneficiary=ftm.id_of(f"{came} holder"),
                beneficiaryAccount=ftm.id_of(f"{came} account"),
                amount=decimal(leg.local_minor, leg.local_currency),
                currency=leg.local_currency,
                date=leg.since,
                transactionNumber=leg.transfer,
                summary=f"of what was stolen: {states}",
            )
        )
    return ftm.write(made)
