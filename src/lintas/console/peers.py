"""The page of the peers: how far each is trusted and by whose decisions, what was set aside, and the buttons to decide."""

import msgspec
from starlette.responses import Response

from lintas.border.records import SetAside
from lintas.console.forms import Form, act, filled, form, show, typed_into
from lintas.console.frame import page
from lintas.console.home import READERS
from lintas.exchange.records import Because
from lintas.http.routing import Call, Handler
from lintas.model.errors import BadInput, LintasError
from lintas.node.runtime import Runtime
from lintas.node.views import PeerView, peer_views
from lintas.storage.engine import Transaction

DECIDES = frozenset({"approver", "administrator"})
ACCEPTS = frozenset({"approver"})


class Why(Form, frozen=True, kw_only=True):
    """Why somebody decides; what it must be is told beside the field."""

    reason: str = ""


class Peers(msgspec.Struct, frozen=True):
    """Every peer, and what was set aside of each by its id; of that officers and auditors see what it says, others nothing."""

    peers: list[PeerView]
    set_aside: dict[str, list[SetAside]]


async def peers(
    call: Call[Runtime], *, wrong: LintasError | None = None, typed: dict[str, str] | None = None
) -> Response:
    """Show every peer; what a peer in quarantine sent is shown to officers and auditors only."""
    views = await peer_views(call.services)
    role, review = call.caller.role, call.services.node.review

    def set_aside(tx: Transaction) -> dict[str, list[SetAside]]:
        return {view.authority: review.of_peer(tx, view.authority) for view in views if role in READERS}

    view = Peers(views, await call.services.read(set_aside))
    return page(call, "peers.html", view, wrong=wrong, typed=typed, decides=role in DECIDES, accepts=role in ACCEPTS)


async def _because(call: Call[Runtime]) -> Because | Response:
    """Return the reason; or the page again, where it is none."""
    try:
        return filled(Because, call.body)
    except BadInput as wrong:
        return await peers(call, wrong=wrong, typed=typed_into(call.body))


def _standing(change: str) -> Handler:
    async def decide(call: Call[Runtime]) -> Response:
        because = await _because(call)
        if isinstance(because, Response):
            return because
        decision = getattr(call.services.node.standings, change)
        peer, officer, reason = call.path["authority"], call.caller.name, because.reason.strip()

        def use_case(tx: Transaction) -> str:
            decision(tx, peer, officer, reason)
            return f"/peers#peer-{peer}"

        # When this returns, the peers' door and delivery obey it.
        return await act(call, use_case, peers, through=call.services.stand)

    return decide


def _review(change: str) -> Handler:
    async def decide(call: Call[Runtime]) -> Response:
        because = await _because(call)
        if isinstance(because, Response):
            return because
        decision = getattr(call.services.node.review, change)
        peer, item, officer, reason = (
            call.path["authority"],
            call.path["object"],
            call.caller.name,
            because.reason.strip(),
        )

        def use_case(tx: Transaction) -> str:
            decision(tx, peer, item, officer, reason)
            return f"/peers#peer-{peer}"

        return await act(call, use_case, peers)

    return decide


_ITEM = "/peers/{authority}/quarantine/{object}"
PEER_PAGES = [
    show("/peers", peers, READERS | {"administrator"}, "Peers"),
    form("/peers/{authority}/sever", _standing("sever"), Why, DECIDES, "Sever a peer at once"),
    form("/peers/{authority}/quarantine", _standing("quarantine"), Why, DECIDES, "Quarantine a peer at once"),
    form("/peers/{authority}/restore", _standing("restore"), Why, DECIDES, "Ask or confirm that it is trusted again"),
    form(f"{_ITEM}/accept", _review("accept"), Why, ACCEPTS, "Ask or confirm that it is accepted"),
    form(f"{_ITEM}/reject", _review("reject"), Why, ACCEPTS, "Refuse it for good"),
]
