"""Peers and how far this authority trusts each: sever and quarantine at once, restore and accept by two people."""

from lintas.api.reports import READERS
from lintas.border.records import SetAside
from lintas.exchange.records import Because, StandingChange
from lintas.http.routing import Call, Route
from lintas.node.runtime import Runtime
from lintas.node.views import PeerView, peer_views
from lintas.storage.engine import Transaction

#: Who may see the list of peers, and who may decide about one; what a peer in quarantine sent is for officers.
SEES = READERS | {"administrator"}
DECIDES = frozenset({"approver", "administrator"})
ACCEPTS = frozenset({"approver"})


async def list_peers(call: Call[Runtime]) -> list[PeerView]:
    """Return every peer: its standing with all decisions about it, its keys, when it was last heard of."""
    return await peer_views(call.services)


async def sever(call: Call[Runtime]) -> StandingChange:
    """Take nothing of a peer and send it nothing, at once."""
    standings, peer, officer, body = call.services.node.standings, call.path["authority"], call.caller.name, call.body
    return await call.services.stand(lambda tx: standings.sever(tx, peer, officer, body.reason))


async def quarantine(call: Call[Runtime]) -> StandingChange:
    """Set aside what a peer sends, at once."""
    standings, peer, officer, body = call.services.node.standings, call.path["authority"], call.caller.name, call.body
    return await call.services.stand(lambda tx: standings.quarantine(tx, peer, officer, body.reason))


async def restore(call: Call[Runtime]) -> StandingChange:
    """Ask that a peer be trusted again, or confirm what somebody else asked."""
    standings, peer, officer, body = call.services.node.standings, call.path["authority"], call.caller.name, call.body
    return await call.services.stand(lambda tx: standings.restore(tx, peer, officer, body.reason))


async def list_set_aside(call: Call[Runtime]) -> list[SetAside]:
    """Return what of a peer was set aside: what waits first, oldest first."""
    node, peer = call.services.node, call.path["authority"]

    def ask(tx: Transaction) -> list[SetAside]:
        node.standings.check_peer(peer)
        return node.review.of_peer(tx, peer)

    return await call.services.read(ask)


async def accept(call: Call[Runtime]) -> SetAside:
    """Ask that an object be accepted, or accept what somebody else asked for."""
    review, officer, body = call.services.node.review, call.caller.name, call.body
    peer, item = call.path["authority"], call.path["object"]
    return await call.services.write(lambda tx: review.accept(tx, peer, item, officer, body.reason))


async def reject(call: Call[Runtime]) -> SetAside:
    """Refuse an object for good."""
    review, officer, body = call.services.node.review, call.caller.name, call.body
    peer, item = call.path["authority"], call.path["object"]
    return await call.services.write(lambda tx: review.reject(tx, peer, item, officer, body.reason))


_PEER = "/api/v1/peers/{authority}"
_ITEM = _PEER + "/quarantine/{object}"
ROUTES = [
    Route("GET", "/api/v1/peers", list_peers, answer=list[PeerView], roles=SEES, summary="List peers"),
    Route("POST", f"{_PEER}/sever", sever, Because, StandingChange, DECIDES, "Sever a peer at once"),
    Route("POST", f"{_PEER}/quarantine", quarantine, Because, StandingChange, DECIDES, "Quarantine a peer at once"),
    Route(
        "POST", f"{_PEER}/restore", restore, Because, StandingChange, DECIDES, "Ask or confirm that it is trusted again"
    ),
    Route(
        "GET",
        f"{_PEER}/quarantine",
        list_set_aside,
        answer=list[SetAside],
        roles=READERS,
        summary="List what of a peer was set aside",
    ),
    Route("POST", f"{_ITEM}/accept", accept, Because, SetAside, ACCEPTS, "Ask or confirm that it is accepted"),
    Route("POST", f"{_ITEM}/reject", reject, Because, SetAside, ACCEPTS, "Refuse it for good"),
]
