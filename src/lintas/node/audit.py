"""Who saw what, for those who audit: reads here with the record that each is about, reads abroad, and whether all fits."""

from collections.abc import Mapping
from datetime import timedelta
from typing import TypeVar

import msgspec

from lintas.exchange.records import Committed, Read, ReadAbroad, Reporting
from lintas.model import times
from lintas.model.errors import BadInput
from lintas.node.assembly import Node
from lintas.node.runtime import Runtime
from lintas.requests import heard_store
from lintas.requests.records import Hold
from lintas.storage.engine import Transaction

E = TypeVar("E", Read, ReadAbroad)

#: What each filter means, for the routes that take it.
QUERY = {
    "peer": "only what this authority sent, or reports",
    "object": "only reads of this object",
    "reader": "only this reader: an id of this node, or what a peer is told in its place",
    "after": "the number (`seq`) of the last read of the page before",
}
#: An answered request of which no read is reported so long after the answer is listed.
REPORTED_WITHIN = timedelta(hours=1)
#: So many of the newest answered requests are looked at.
LOOKED_AT = 500


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """Which reads are asked for; "" asks for all, ``before`` is the number of the last read of the page before."""

    peer: str = ""
    object: str = ""
    reader: str = ""
    before: int | None = None


#: No id, name or authority is longer.
_LONGEST = 120


def filters(query: Mapping[str, str]) -> Filters:
    """Read which reads are asked for; BadInput when a filter cannot be one."""
    texts = {name: query.get(name, "").strip() for name in ("peer", "object", "reader")}
    for name, text in texts.items():
        if len(text) > _LONGEST:
            raise BadInput(f"no {name} is {len(text)} characters long", "take it from the list", where=f"query {name}")
    after = query.get("after", "")
    if after and not (after.isascii() and after.isdigit() and len(after) <= 15):
        raise BadInput(f"{after[:20]!r} is no number of a read", "take the last `seq` of the page", where="query after")
    return Filters(**texts, before=int(after) if after else None)


class Unreported(msgspec.Struct, frozen=True, kw_only=True):
    """A request that its peer has answered and says nobody read: its report is late, or leaves something out."""

    peer: str
    object: str
    hold: str
    case: str
    answered_at: str


class ReadsCheck(msgspec.Struct, frozen=True, kw_only=True):
    """Whether reads here match the ledger, how each peer reports those of our objects, and what should have been reported."""

    committed: Committed
    reporting: list[Reporting]
    unreported: list[Unreported]


async def reads_here(runtime: Runtime, asked: Filters) -> list[Read]:
    """Return who read what peers sent, newest first, each with the hold and the case that show it."""
    node = runtime.node

    def ask(tx: Transaction) -> list[Read]:
        found = node.reads.listed(tx, **msgspec.structs.asdict(asked))
        told = heard_store.objects(tx, {each.object for each in found})
        places = {key: (each.hold, each.case) for key, each in told.items()}
        return [_placed(each, *places.get((each.peer, each.object), ("", ""))) for each in found]

    return await runtime.read(ask)


async def reads_abroad(runtime: Runtime, asked: Filters) -> list[ReadAbroad]:
    """Return what peers report of reads of our objects, newest first, each with our hold and case where one is known."""
    node = runtime.node

    def ask(tx: Transaction) -> list[ReadAbroad]:
        found = node.reads_abroad.listed(tx, **msgspec.structs.asdict(asked))
        asked_as = heard_store.asked_as(tx, {each.object for each in found})
        places = {name: (hold.id, hold.case) for name, hold in asked_as.items()}
        return [_placed(each, *places.get(each.object, ("", ""))) for each in found]

    return await runtime.read(ask)


async def reads_check(runtime: Runtime) -> ReadsCheck:
    """Hold the reads against the ledger, and the peers' reports against what was answered."""
    node = runtime.node

    def ask(tx: Transaction) -> ReadsCheck:
        return ReadsCheck(
            committed=node.reads.check(tx), reporting=node.reads_abroad.reporting(tx), unreported=unreported(node, tx)
        )

    return await runtime.read(ask)


def unreported(node: Node, tx: Transaction) -> list[Unreported]:
    """Return requests that were answered an hour ago or earlier, and of which their peer reports no read.

    One that was refused may have been so by a rule, and one that expired by the clock: nobody need have read these.
    """
    late = times.render(node.parts.clock.now() - REPORTED_WITHIN)
    by_peer: dict[str, list[Hold]] = {}
    for hold in heard_store.newest_answered(tx, LOOKED_AT):
        if hold.outcome not in ("refused", "expired") and (hold.answered_at or late) < late:
            by_peer.setdefault(hold.peer, []).append(hold)
    found = []
    for peer, holds in by_peer.items():
        unread = node.reads_abroad.unread(tx, peer, [hold.object for hold in holds if hold.object])
        found += [_unreported(hold) for hold in holds if hold.object in unread]
    return sorted(found, key=lambda each: each.answered_at)


def _unreported(hold: Hold) -> Unreported:
    return Unreported(
        peer=hold.peer,
        object=hold.object or "",
        hold=hold.id,
        case=hold.case,
        answered_at=hold.answered_at or "",
    )


def _placed(each: E, hold: str, case: str) -> E:
    return msgspec.structs.replace(each, hold=hold, case=case)
