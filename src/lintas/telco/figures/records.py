"""What figures own and say: a gateway's minute in words of closed lists, a month's counters, an operator's scorecard."""

from typing import Annotated, Literal, NamedTuple

import msgspec

from lintas.telco.records import Action, Trunk
from lintas.telco.verdicts.records import Situation

#: What the verdict rests on: the kind of a list's entry, or the situation that the call stood in; ``none`` for nothing.
Counted = Literal["none"] | Situation
#: By which way calls came in; ``unsaid`` where only a number was asked about.
CountedTrunk = Trunk | Literal["unsaid"]
#: The policy tables that gateways ship with, and ``own`` for any that an authority wrote.
PresetName = Literal["my", "be", "fi", "ie", "sg", "hk", "th", "uk", "strict", "own"]
#: A gateway's own name: no place for a telephone number.
Gateway = Annotated[str, msgspec.Meta(pattern=r"\A(?![a-z0-9.-]*[0-9]{4})[a-z0-9][a-z0-9.-]{0,39}\Z")]
Minute = Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:00Z\Z")]
#: More calls than this pass no gateway in a minute.
MOST_CALLS = 10_000_000
#: Sums that one minute's report holds.
MOST_ROWS = 200
Calls = Annotated[int, msgspec.Meta(ge=1, le=MOST_CALLS)]


class Count(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many calls of one sort came to one end; ``shadow``: what a list on trial would have done, and nothing was."""

    trunk: CountedTrunk
    action: Action
    kind: Counted = "none"
    shadow: bool = False
    calls: Calls


class CounterReport(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one gateway counted in one minute (its beginning, UTC), by which version of the lists and which preset."""

    gateway: Gateway
    minute: Minute
    list_version: Annotated[int, msgspec.Meta(ge=0, le=2**53)]
    preset: PresetName
    counts: Annotated[tuple[Count, ...], msgspec.Meta(max_length=MOST_ROWS)]


class CountsTaken(msgspec.Struct, frozen=True, kw_only=True):
    """That a minute was taken; ``new`` is false where it had been before."""

    gateway: str
    minute: str
    new: bool


class CounterRow(msgspec.Struct, frozen=True, kw_only=True):
    """A month's calls of one operator of one sort."""

    operator: str
    preset: str
    trunk: str
    action: str
    kind: str
    shadow: bool
    calls: int


class CounterFigures(msgspec.Struct, frozen=True, kw_only=True):
    """A month's counters: what was done, and apart what lists on trial would have done; ``calls`` is the sum of the former."""

    month: str
    calls: int
    rows: tuple[CounterRow, ...]
    shadow: tuple[CounterRow, ...]


class Ordered(NamedTuple):
    """One entry or withdrawal that was published to one operator: when, and when the last of its gateways obeyed it.

    ``reversed``: a withdrawal on an objection, which was upheld, or lifted here while another authority decides.
    """

    operator: str
    entry: str
    reversed: bool
    published_at: str
    enforced_at: str | None


class Scorecard(msgspec.Struct, frozen=True, kw_only=True):
    """How one operator carried out what was published to it in a month; docs/telco-redress.md defines each figure.

    ``given`` = ``done`` + ``waiting``; ``late`` are those done, or still waiting, after ``bound_s``. ``reversed`` are the
    withdrawals among those given that followed an objection; ``false_blocks`` what the operator reported, and ``false_upheld``
    those of them that proved right. Times are seconds, None where nothing was done.
    """

    month: str
    operator: str
    bound_s: int
    given: int
    done: int
    waiting: int
    late: int
    reversed: int
    false_blocks: int
    false_upheld: int
    p50_s: float | None
    p95_s: float | None
