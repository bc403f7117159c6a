"""What was stopped at the border, for those who look: by direction and peer, newest first, a page at a time."""

from collections.abc import Mapping

import msgspec

from lintas.border.records import Refusal
from lintas.model.errors import BadInput
from lintas.node.runtime import Runtime

#: What each filter means, for the routes that take it.
QUERY = {
    "direction": "in for what came, out for what was to leave; without it both",
    "peer": "only what came from, or was to leave for, this authority",
    "after": "the number (`seq`) of the last one of the page before",
}
#: No authority's id is longer.
_LONGEST = 120


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which refusals are asked for; "" asks for all, ``before`` is the number of the last one of the page before."""

    direction: str = ""
    peer: str = ""
    before: int | None = None


def wanted(query: Mapping[str, str]) -> Wanted:
    """Read which refusals are asked for; BadInput when a filter cannot be one."""
    direction, peer, after = query.get("direction", ""), query.get("peer", "").strip(), query.get("after", "")
    if direction not in ("", "in", "out"):
        raise BadInput(f"nothing goes {direction[:20]!r}", "use in or out", where="query direction")
    if len(peer) > _LONGEST:
        raise BadInput("no authority has so long a name", "take it from the list", where="query peer")
    if after and not (after.isascii() and after.isdigit() and len(after) <= 15):
        raise BadInput(f"{after[:20]!r} is no number", "take the last `seq` of the page", where="query after")
    return Wanted(direction=direction, peer=peer, before=int(after) if after else None)


async def stopped(runtime: Runtime, asked: Wanted, limit: int) -> list[Refusal]:
    """Return a page of what was stopped."""
    border, filters = runtime.node.border, msgspec.structs.asdict(asked)
    return await runtime.read(lambda tx: border.refusals(tx, limit=limit, **filters))
