"""The page of the peers: how far each is trusted and by whose decisions, what was set aside, and the buttons to decide."""

from collections.abc import Awaitable, Callable

from starlette.responses import RedirectResponse, Response

from lintas.border.records import SetAside
from lintas.console.frame import page
from lintas.console.home import READERS
from lintas.exchange.records import Because
from lintas.http import bodies
from lintas.http.routing import Call, Route
from lintas.node.runtime import Runtime
from lintas.node.views import peer_views
from lintas.storage.engine import Transaction

DECIDES = frozenset({"approver", "administrator"})
ACCEPTS = frozenset({"approver"})


async def peers(call: Call[Runtime]) -> Response:
    """Show every peer; what a peer in quarantine sent is shown to officers and auditors only."""
    views = await peer_views(call.services)
    role, review = call.caller.role, call.services.node.review

    def set_aside(tx: Transaction) -> dict[str, list[SetAside]]:
        return {view.authority: review.of_peer(tx, view.authority) for view in views if role in READERS}

    aside = await call.services.read(set_aside)
    return page(
        call,
        "peers.html",
        views,
        peers=views,
        aside=aside,
        decides=call.caller.role in DECIDES,
        accepts=role in ACCEPTS,
    )


def _standing(change: str) -> Callable[[Call[Runtime]], Awaitable[Response]]:
    async def decide(call: Call[Runtime]) -> Response:
        use_case = getattr(call.services.node.standings, change)
        peer, officer, form = call.path["authority"], call.caller.name, call.body
        await call.services.stand(lambda tx: use_case(tx, peer, officer, form.reason.strip()))
        return RedirectResponse("/peers", 303)

    return decide


def _review(decision: str) -> Callable[[Call[Runtime]], Awaitable[Response]]:
    async def decide(call: Call[Runtime]) -> Response:
        use_case = getattr(call.services.node.review, decision)
        peer, item, officer, form = call.path["authority"], call.path["object"], call.caller.name, call.body
        await call.services.write(lambda tx: use_case(tx, peer, item, officer, form.reason.strip()))
        return RedirectResponse("/peers", 303)

    return decide


def _form(path: str, handler: Callable[[Call[Runtime]], Awaitable[Response]], roles: frozenset[str]) -> Route:
    return Route("POST", path, handler, Because, roles=roles, summary="Decide", media=(bodies.FORM,), documented=False)


PEER_PAGES = [
    Route("GET", "/peers", peers, roles=READERS | {"administrator"}, summary="Peers", documented=False),
    *(_form(f"/peers/{{authority}}/{each}", _standing(each), DECIDES) for each in ("sever", "quarantine", "restore")),
    *(
        _form(f"/peers/{{authority}}/quarantine/{{object}}/{each}", _review(each), ACCEPTS)
        for each in ("accept", "reject")
    ),
]
