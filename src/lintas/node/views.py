"""What several faces show of several rooms at once, read from one snapshot."""

from collections.abc import Sequence

import msgspec

from lintas.border.records import Standing
from lintas.exchange.records import ReadAbroad, StandingChange
from lintas.intake.records import Report
from lintas.model.errors import NotFound, Refused
from lintas.model.tainted import LedgerAnswer
from lintas.node.assembly import Node
from lintas.node.runtime import Runtime
from lintas.node.seeing import About
from lintas.requests import rules
from lintas.requests.records import Amendment, Appeal, AppealState, Bar, Hold, Later, Order, Withdrawal
from lintas.storage.engine import Transaction
from lintas.trace.records import TraceQuestion
from lintas.trust.charter import Member


class Step(msgspec.Struct, frozen=True):
    """One step of a case's trail: what a bank was asked, and its answer when it came."""

    question: TraceQuestion
    answer: LedgerAnswer | None


class CaseView(msgspec.Struct, frozen=True):
    """Everything about one case on one page; ``bar`` is None while nothing in the reports lets money be followed.

    ``later`` is what the same case would have come to had its money been asked for later.
    """

    bar: Bar | None
    reports: list[Report]
    trail: list[Step]
    holds: list[Hold]
    orders: list[Order] = []
    amendments: list[Amendment] = []
    withdrawals: list[Withdrawal] = []
    appeals: list[Appeal] = []
    later: list[Later] = []
    #: Who read our requests where they were sent, as those authorities report it.
    reads_abroad: list[ReadAbroad] = []


def read_case(node: Node, tx: Transaction, case: str) -> CaseView:
    """Read one case whole; NotFound when there is none."""
    bar, reports = node.chase.bar(tx, case), node.intake.of_case(tx, case)
    if bar is None and not reports:
        raise NotFound(f"no case {case!r}", "take the id from the list of cases")
    holds, withdrawals = node.orders.of_case(tx, case), node.undo.of_case(tx, case)
    return CaseView(
        bar=bar,
        reports=reports,
        trail=[Step(question, answer) for question, answer in node.tracing.of_case(tx, case)],
        holds=with_doubts(node, tx, holds),
        orders=node.orders.orders_of(tx, case),
        amendments=node.amendments.of_case(tx, case),
        withdrawals=withdrawals,
        appeals=node.appeals.of_case(tx, case),
        later=node.comparison.of_case(tx, case),
        reads_abroad=_read_abroad(node, tx, case, holds, withdrawals),
    )


def _read_abroad(
    node: Node, tx: Transaction, case: str, holds: list[Hold], withdrawals: list[Withdrawal]
) -> list[ReadAbroad]:
    sent = {each.object: each.hold for each in withdrawals if each.object}
    sent |= {hold.object: hold.id for hold in holds if hold.object}
    found = node.reads_abroad.of_objects(tx, list(sent))
    return [msgspec.structs.replace(each, hold=sent[each.object], case=case) for each in found]


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


def held_now(order: Order) -> int:
    """Return how much an order holds now, in minor units of its currency; 0 once it has ended."""
    return sum(end - start for start, end in rules.still_held(order))


async def appeal_view(runtime: Runtime, token: str) -> AppealView:
    """Read the order of a token; NotFound for any other text."""
    node = runtime.node

    def ask(tx: Transaction) -> About[AppealView]:
        order = node.appeals.order(tx, token)
        made = node.appeals.against(tx, order)
        view = AppealView(
            authority=node.parts.name,
            order=order.id,
            bank=order.bank,
            law=order.basis.law,
            rule=order.basis.rule,
            currency=order.currency,
            held_minor=held_now(order),
            expires=order.expires,
            in_force=not (order.closed_at or order.refusal),
            contact=order.contact,
            objections=[Objection(each.received_at, each.state, each.decided_at, each.reason) for each in made],
        )
        return About(order.hold, "objection", view)

    return (await runtime.read(ask)).shown


def with_doubts(node: Node, tx: Transaction, holds: Sequence[Hold]) -> list[Hold]:
    """Return holds as people should see them: one that was asked with a key that is gone, or by a peer not trusted, says so."""
    peers = {hold.peer for hold in holds if hold.direction == "received"}
    known = {peer: (node.standings.of(tx, peer), _keys_of(node, peer)) for peer in peers}
    return [
        msgspec.structs.replace(hold, doubt=_doubt(node, tx, hold, *known[hold.peer])) if hold.peer in known else hold
        for hold in holds
    ]


def _keys_of(node: Node, peer: str) -> set[str] | None:
    """Return the ids of a peer's keys that count; None for one that is no member any more."""
    try:
        return {key.key_id for key in node.parts.directory.keys(peer)}
    except Refused:
        return None


def _doubt(node: Node, tx: Transaction, hold: Hold, standing: Standing, current: set[str] | None) -> str:
    if hold.direction != "received":
        return ""
    doubts = [] if standing == "trusted" else [f"{hold.peer} is {standing} here"]
    if current is None:
        doubts.append(f"{hold.peer} is no member any more")
    elif not current.issuperset(node.border.signed_by(tx, hold.peer, hold.statement)):
        doubts.append(f"the key that signed this request counts no more: ask {hold.peer} whether it was theirs")
    return "; ".join(doubts)


class PeerView(msgspec.Struct, frozen=True, kw_only=True):
    """One peer: how far it is trusted here and by whose decisions, its keys, and when it was last heard of.

    ``asked`` is a restoration that waits for a second person; ``set_aside`` counts what waits for people. Times are RFC 3339.
    """

    authority: str
    jurisdiction: str
    name: str
    standing: Standing
    asked: StandingChange | None
    changes: list[StandingChange]
    current_keys: list[str]
    revoked_keys: list[str]
    last_in: str | None
    last_out: str | None
    unmatched: int
    set_aside: int


async def peer_views(runtime: Runtime) -> list[PeerView]:
    """Read what is known of every peer, from one snapshot."""
    node = runtime.node
    directory = node.parts.directory

    def ask(tx: Transaction) -> list[PeerView]:
        return [_peer_view(node, tx, member) for member in directory.peers(node.parts.identity.authority)]

    return await runtime.read(ask)


def _peer_view(node: Node, tx: Transaction, member: Member) -> PeerView:
    peer = member.authority
    changes = node.standings.changes(tx, peer)
    current = [key.key_id for key in node.parts.directory.keys(peer)]
    return PeerView(
        authority=peer,
        jurisdiction=member.jurisdiction,
        name=member.name,
        standing=node.standings.of(tx, peer),
        asked=changes[0] if changes and not changes[0].counts else None,
        changes=changes,
        current_keys=current,
        revoked_keys=[
            each.key.key_id for each in member.signing_keys if each.revoked_at and each.key.key_id not in current
        ],
        last_in=node.exchange.last_received(tx, peer),
        last_out=node.exchange.last_sent(tx, peer),
        unmatched=node.border.count_unmatched(tx, peer),
        set_aside=node.review.waiting(tx, peer),
    )
