"""The banks' own rail beside the authority's orders: recalls as XML, what banks say on it, and both side by side."""

from starlette.responses import Response

from lintas.api.bank import BANK
from lintas.api.reports import READERS
from lintas.http.routing import Call, Route
from lintas.model.errors import BadInput
from lintas.node.runtime import Runtime
from lintas.node.seeing import About
from lintas.requests.recalls import RailMessage, RailView, RailWord, Recallable
from lintas.storage.engine import Transaction

XML = "application/xml"
_QUERY = {"as": "recall (camt.056) or investigation (camt.110); without it recall"}


def _investigate(call: Call[Runtime]) -> bool:
    form = call.query.get("as", "recall")
    if form not in ("recall", "investigation"):
        raise BadInput(f"there is no {form[:20]!r} of a hold", "use recall or investigation", where="query as")
    return form == "investigation"


def _xml(name: str, made: bytes) -> Response:
    headers = {"content-disposition": f'attachment; filename="{name}.xml"'}
    return Response(made, media_type=XML, headers=headers)


async def order_recall(call: Call[Runtime]) -> Response:
    """Return the recall that fits an order of the calling bank's."""
    order, bank, rail, ask = call.path["order"], call.caller.organisation, call.services.node.rail, _investigate(call)
    orders = call.services.node.orders

    def made(tx: Transaction) -> About[bytes]:
        return About(orders.order(tx, order, bank).hold, "work", rail.of_order(tx, order, bank, investigate=ask))

    return _xml(order, (await call.services.read(made)).shown)


async def list_recalls(call: Call[Runtime]) -> list[Recallable]:
    """Return the money that the calling bank sent and that is asked for: it may recall it."""
    bank, rail = call.caller.organisation, call.services.node.rail
    return await call.services.read(lambda tx: rail.to_send(tx, bank))


async def bank_recall(call: Call[Runtime]) -> Response:
    """Return the recall of money that the calling bank sent; nothing in it comes from a peer."""
    hold, bank, rail, ask = call.path["hold"], call.caller.organisation, call.services.node.rail, _investigate(call)
    return _xml(hold, await call.services.read(lambda tx: rail.of_hold(tx, hold, bank, investigate=ask)))


async def officer_recall(call: Call[Runtime]) -> Response:
    """Return the recall of a hold's transfer, to be handed to the bank that sent it."""
    hold, rail, ask = call.path["hold"], call.services.node.rail, _investigate(call)

    def made(tx: Transaction) -> About[bytes]:
        return About(hold, "hold", rail.of_hold(tx, hold, investigate=ask))

    return _xml(hold, (await call.services.read(made)).shown)


async def say(call: Call[Runtime]) -> list[RailWord]:
    """Take a bank's message about a recall; it is put on record beside the order's answer."""
    body: RailMessage = call.body
    bank, rail = call.caller.organisation, call.services.node.rail
    return await call.services.write(lambda tx: rail.said(tx, bank, body.xml.encode()))


async def show(call: Call[Runtime]) -> RailView:
    """Return what banks said about a hold beside its signed answer, and where the two disagree."""
    hold, rail = call.path["hold"], call.services.node.rail
    seen = await call.services.read(lambda tx: About(hold, "hold", rail.view(tx, hold)))
    return seen.shown


ROUTES = [
    Route(
        "GET", "/api/v1/holds/{hold}/rail", show, answer=RailView, roles=READERS, summary="What banks said beside it"
    ),
    Route(
        "GET",
        "/api/v1/holds/{hold}/recall.xml",
        officer_recall,
        roles=READERS,
        summary="The recall of a hold's transfer",
        gives=(XML,),
        query=_QUERY,
    ),
    Route(
        "GET",
        "/api/v1/bank/recalls",
        list_recalls,
        answer=list[Recallable],
        roles=BANK,
        summary="What this bank may recall",
    ),
    Route(
        "GET",
        "/api/v1/bank/recalls/{hold}/recall.xml",
        bank_recall,
        roles=BANK,
        summary="The recall of money that this bank sent",
        gives=(XML,),
        query=_QUERY,
    ),
    Route(
        "GET",
        "/api/v1/bank/orders/{order}/recall.xml",
        order_recall,
        roles=BANK,
        summary="The recall that fits an order",
        gives=(XML,),
        query=_QUERY,
    ),
    Route(
        "POST",
        "/api/v1/bank/rail",
        say,
        RailMessage,
        list[RailWord],
        BANK,
        "Hand over an ISO 20022 message about a recall",
    ),
]
