"""Numbering plans: whose a number is, what kind of line, which operator answers for it (ITU-T E.164).

The fictional ones are in ``plans.yaml``, real ones come from public metadata, and an operator adds what only it knows (its
routing numbers, its ranges) in a file of its own. All of it is compiled once; afterwards a number costs about a microsecond.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import msgspec
import yaml

from lintas.model import shipped
from lintas.model.errors import BadInput, MalformedInput, TooLarge
from lintas.telco.verdicts import metadata

LineKind = Literal["mobile", "fixed", "nongeographic", "voip", "routing"]
_MAX_BYTES = 1_000_000
_MAX_STARTS = 1000
Digits = Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{1,14}\Z")]
Starts = Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{1,14}(-[0-9]{1,14})?\Z")]
Code = Annotated[str, msgspec.Meta(pattern=r"\A[A-Z0-9][A-Z0-9-]{0,19}\Z")]
Lengths = Annotated[tuple[Annotated[int, msgspec.Meta(ge=4, le=14)], ...], msgspec.Meta(min_length=1)]


class Operator(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An operator; ``answered_by``: the one that answers questions for it, such as an MVNO's host."""

    name: str
    answered_by: str = ""


class Range(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """National numbers of one kind and operator that begin alike."""

    starts: Starts
    length: Lengths
    kind: LineKind = "routing"
    operator: str = ""


class PlanText(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A plan as it is written in a file."""

    country_code: Digits
    international_prefix: Digits = "00"
    trunk_prefix: Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{0,4}\Z")] = ""
    carrier_prefixes: tuple[Digits, ...] = ()
    emergency: Annotated[tuple[Digits, ...], msgspec.Meta(min_length=1)]
    complete: bool = False
    source: str = ""
    operators: dict[Code, Operator] = {}
    ranges: tuple[Range, ...] = ()
    routing: tuple[Range, ...] = ()
    nomadic: tuple[LineKind, ...] = ("fixed", "nongeographic", "voip")


class OwnText(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an operator adds to the plan shipped for its jurisdiction."""

    jurisdiction: str
    operators: dict[Code, Operator] = {}
    ranges: tuple[Range, ...] = ()
    routing: tuple[Range, ...] = ()
    emergency: tuple[Digits, ...] = ()
    carrier_prefixes: tuple[Digits, ...] = ()
    nomadic: tuple[LineKind, ...] | None = None
    complete: bool | None = None


class Line(NamedTuple):
    """What a plan knows of a number: the kind of its line, and whose range it lies in ("": not known)."""

    kind: LineKind
    operator: str


class Plan:
    """The numbering plan of one jurisdiction, ready to ask."""

    def __init__(self, jurisdiction: str, text: PlanText, public: tuple[tuple[LineKind, str], ...] = ()) -> None:
        self.jurisdiction, self.text = jurisdiction, text
        self.code, self.trunk_prefix, self.complete = text.country_code, text.trunk_prefix, text.complete
        self.away = text.international_prefix
        #: A plan of exercises, inside +999.
        self.fictional = self.code.startswith("999")
        self.nomadic = frozenset(text.nomadic)
        self.emergency = frozenset(text.emergency)
        #: An emergency number as it may come in a called number: alone, behind a prefix (trunk, carrier) or the country code.
        befores = ("+" + self.code, self.code, "00" + self.code, text.international_prefix + self.code)
        fronts = {before + trunk for before in ("", *befores) for trunk in ("", text.trunk_prefix)}
        chosen = {front + prefix for front in fronts for prefix in text.carrier_prefixes}
        self.emergency_forms = frozenset(
            front + number for front in ("+", *fronts, *chosen) for number in text.emergency
        )
        #: What a called number in a routing range may begin with, where it is written plainly.
        routing = [start for each in text.routing for start in _starts(each)]
        self.routing_forms = tuple(front + start for front in sorted(fronts) for start in routing)
        self._starts = _by_start(text)
        self._longest_first = sorted({len(start) for start in self._starts}, reverse=True)
        self._public = [(re.compile(pattern, re.ASCII).fullmatch, Line(kind, "")) for kind, pattern in public]
        shared = metadata.regions_of(self.code)[:40] if not self.fictional else ()
        #: Other jurisdictions behind the same country code (+1, +7, +44): their numbers are foreign.
        self.neighbours = tuple(region for region in shared if region not in (jurisdiction, "001"))
        #: Country codes of others: whose they are.
        self.countries = countries(with_fiction=self.fictional)

    def line(self, national: str) -> Line | None:
        """Return what is known of a national number without prefix (ASCII digits); None if it lies in no range."""
        size = len(national)
        for length in self._longest_first:
            found = self._starts.get(national[:length])
            if found is not None and size in found:
                return found[size]
        for matches, line in self._public:
            if matches(national) is not None:
                return line
        return None

    def answers_for(self, operator: str) -> str:
        """Return who answers for an operator's numbers; this jurisdiction's directory where no operator is known."""
        known = self.text.operators.get(operator)
        return (known.answered_by if known is not None else "") or operator or self.jurisdiction


def _by_start(text: PlanText) -> dict[str, dict[int, Line]]:
    """Return the lines by what their numbers begin with and how long they are; where both have it, routing wins."""
    found: dict[str, dict[int, Line]] = {}
    for kind, ranges in (("routing", text.routing), ("", text.ranges)):
        for each in ranges:
            line = Line("routing" if kind else each.kind, each.operator)
            for start in _starts(each):
                for length in each.length:
                    _put(found.setdefault(start, {}), start, length, line)
    return found


def _put(lengths: dict[int, Line], start: str, length: int, line: Line) -> None:
    if length < len(start):
        raise BadInput(f"numbers that start {start} are longer than {length} digits", "correct the range")
    known = lengths.setdefault(length, line)
    if known != line and known.kind != "routing":
        raise BadInput(f"two ranges start {start}", "leave one of them")


def _starts(each: Range) -> Iterator[str]:
    """Spread "50-54" into its beginnings."""
    first, _, last = each.starts.partition("-")
    last = last or first
    if len(first) != len(last) or int(first) > int(last) or int(last) - int(first) >= _MAX_STARTS:
        raise BadInput(f"a range cannot start {each.starts}", 'write first and last alike long, such as "50-54"')
    yield from (str(number).zfill(len(first)) for number in range(int(first), int(last) + 1))


@cache
def fictional() -> Mapping[str, PlanText]:
    """Return the shipped texts of the fictional plans, by jurisdiction."""
    return msgspec.convert(shipped.read("lintas.telco.verdicts", "plans.yaml"), dict[str, PlanText])


@cache
def countries(*, with_fiction: bool) -> dict[str, str | tuple[str, ...]]:
    """Return country code -> its jurisdiction, "" for a service without one, several where they share the code."""
    found: dict[str, str | tuple[str, ...]] = {}
    for code, regions in metadata.countries().items():
        found[code] = regions if len(regions) > 1 else "" if regions[0] == "001" else regions[0]
    fiction = {text.country_code: jurisdiction for jurisdiction, text in fictional().items()}
    return found | (fiction if with_fiction else {})


@cache
def plan(jurisdiction: str) -> Plan:
    """Return the plan of a jurisdiction (ISO 3166-1 code in any case; XA to XD are fictional); BadInput if there is none."""
    code = jurisdiction.strip().upper()
    if code in fictional():
        return Plan(code, fictional()[code])
    return Plan(code, _public(code), metadata.patterns(code))


def _public(region: str) -> PlanText:
    code, away, trunk = metadata.prefixes(region)
    return PlanText(
        country_code=code,
        international_prefix=away or "00",
        trunk_prefix=trunk,
        # Every mobile telephone knows 112 (3GPP TS 22.101, section 10.1.1): it counts beside the region's own.
        emergency=tuple(sorted({*metadata.emergency(region), "112"})),
        source=metadata.SOURCE,
    )


def read_plan(path: Path) -> Plan:
    """Return the shipped plan with an operator's own file (TOML or YAML) laid over it; BadInput says what is wrong."""
    own = _decode(path)
    try:
        base = plan(own.jurisdiction)
        text = msgspec.structs.replace(
            base.text,
            operators={**base.text.operators, **own.operators},
            ranges=(*own.ranges, *_apart(base.text.ranges, own.ranges)),
            routing=(*base.text.routing, *own.routing),
            # An emergency number is added, never taken away.
            emergency=tuple(sorted({*base.text.emergency, *own.emergency})),
            carrier_prefixes=own.carrier_prefixes,
            nomadic=base.text.nomadic if own.nomadic is None else own.nomadic,
            complete=base.complete if own.complete is None else own.complete,
        )
        _check(text)
        public = () if base.jurisdiction in fictional() else metadata.patterns(base.jurisdiction)
        return Plan(base.jurisdiction, text, public)
    except BadInput as wrong:
        raise BadInput(wrong.what, wrong.do, where=str(path)) from None


def _apart(shipped: tuple[Range, ...], own: tuple[Range, ...]) -> tuple[Range, ...]:
    taken = {start for each in own for start in _starts(each)}
    return tuple(
        msgspec.structs.replace(each, starts=start) for each in shipped for start in _starts(each) if start not in taken
    )


def _check(text: PlanText) -> None:
    for code, operator in text.operators.items():
        if operator.answered_by and operator.answered_by not in text.operators:
            raise BadInput(f"{code} is answered by {operator.answered_by[:20]}, which is no operator", "list it too")
    for each in text.ranges:
        if each.kind == "routing":
            raise BadInput(f"the range {each.starts} is for routing", "list it under routing")
        if each.operator and each.operator not in text.operators:
            raise BadInput(f"the range {each.starts} is of {each.operator[:20]}, which is no operator", "list it too")
    if "mobile" in text.nomadic or "routing" in text.nomadic:
        raise BadInput("mobile numbers are not nomadic", "leave fixed, nongeographic, voip")


def _decode(path: Path) -> OwnText:
    with path.open("rb") as opened:
        data = opened.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise TooLarge(f"this is over the limit of {_MAX_BYTES} bytes", "give a smaller file", where=str(path))
    try:
        said = tomllib.loads(data.decode()) if path.suffix == ".toml" else yaml.safe_load(data)
        return msgspec.convert(said, OwnText)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as wrong:
        raise MalformedInput(f"this cannot be read: {wrong}", "give TOML or YAML", where=str(path)) from None
    except msgspec.ValidationError as wrong:
        raise BadInput(str(wrong), "correct it by plans.yaml", where=str(path)) from None
