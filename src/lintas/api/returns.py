"""Money goes back: an officer asks, another approves among the amendments, the bank pays and says by which payment."""

from lintas.api.bank import BANK
from lintas.api.holds import APPROVERS
from lintas.api.reports import READERS
from lintas.http.routing import Call, Route
from lintas.node.runtime import Runtime
from lintas.requests.forms import Paid, ReturnForm
from lintas.requests.records import Amendment, Restitution


async def ask(call: Call[Runtime]) -> Amendment:
    """Ask that money held under an order be returned; it waits for another officer."""
    form: ReturnForm = call.body
    order, officer, returns = call.path["order"], call.caller.name, call.services.node.returns
    return await call.services.write(call.once(lambda tx: returns.ask(tx, order, form, officer)))


async def show(call: Call[Runtime]) -> Restitution:
    """Return what came back in a case."""
    case, returns = call.path["case"], call.services.node.returns
    return await call.services.read(lambda tx: returns.of_case(tx, case))


async def paid(call: Call[Runtime]) -> None:
    """Take the bank's word that it paid a return."""
    body: Paid = call.body
    bank, amendment, returns = call.caller.organisation, call.path["amendment"], call.services.node.returns
    await call.services.write(lambda tx: returns.bank_paid(tx, bank, amendment, body.reference, *body.further))


ROUTES = [
    Route(
        "POST",
        "/api/v1/orders/{order}/return",
        ask,
        ReturnForm,
        Amendment,
        APPROVERS,
        "Ask that what is held goes back to those it was taken from",
        once=True,
    ),
    Route(
        "GET",
        "/api/v1/cases/{case}/returns",
        show,
        answer=Restitution,
        roles=READERS,
        summary="What came back in a case",
    ),
    Route(
        "POST",
        "/api/v1/bank/amendments/{amendment}/paid",
        paid,
        Paid,
        None,
        BANK,
        "Say by which payment money was returned",
        204,
    ),
]
