"""What the home operator's side says: one change of one number, how a gateway is known, and an alarm."""

import re
from typing import Literal

import msgspec

from lintas.model.errors import BadInput

#: What a feed may say of a number. There is no word for where it is, which identity it has in the network, or when it was last
#: seen: an adapter drops them, because there is nowhere to put them.
What = Literal["assigned", "released", "abroad", "home", "sim", "calls", "ended"]
#: How much of its outgoing calls an operator sees: all, so that "no such call" proves something; some; none.
Calls = Literal["complete", "partial", "none"]
AlarmKind = Literal["canary", "range", "rate", "records"]

_E164 = re.compile(r"\+?([1-9][0-9]{4,14})")


class Change(msgspec.Struct, frozen=True, array_like=True):
    """One change of one number: ``at`` in whole seconds since 1970; ``b`` is the called number of ``calls`` and ``ended``."""

    what: What
    number: int
    at: int
    b: int = 0


class BadEvent(BadInput):
    """An event of a feed that cannot be used; ``kind`` is the name under which it is counted."""

    title = "Bad event"

    def __init__(self, kind: str, what: str, do: str = "send what docs/telco-state.md describes") -> None:
        self.kind = kind
        super().__init__(what, do)


class Gateway(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may ask: ``domestic`` sits inside the operator's own jurisdiction and may learn whether a number is abroad.

    ``per_second`` is how many questions it may bring on average; twice that may come at once. One that ``relays`` is an
    authority's node, which says for which peer it asks; ``through`` is the node by which a peer asks, whose rate holds for all
    of its peers together.
    """

    name: str
    domestic: bool = True
    per_second: float = 50.0
    relays: bool = False
    through: "Gateway | None" = None


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """A gateway that asks as nobody does who only carries calls; no number stands in it. Times are RFC 3339.

    ``until`` is when it gets answers again, "" while it was not stopped.
    """

    gateway: str
    kind: AlarmKind
    since: str
    last: str
    count: int
    until: str = ""


def number(text: object) -> int:
    """Read an E.164 number, with or without the plus sign; BadEvent ("number") for anything else."""
    found = _E164.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise BadEvent("number", "this is no number in E.164", "write it as +, country code, number")
    return int(found[1])
