"""Which numbers are this jurisdiction's own: mobile numbers, and emergency numbers in every form that networks carry."""

from bisect import bisect_left, bisect_right
from functools import cache

from lintas.model.errors import BadInput
from lintas.telco.lists import e164
from lintas.telco.verdicts.plans import Plan, plan

#: Where a plan is known as patterns only, a range is looked at once for each block of this many leading national digits.
_LEADING = 6
#: At most so many numbers of one range are looked at between the borders that the plan names.
_MOST_LOOKS = 2_000


class Numbers:
    """The numbers of one jurisdiction, by its numbering plan; one without a plan has none of its own."""

    def __init__(self, jurisdiction: str) -> None:
        self._plan = _plan(jurisdiction)
        self._borders = _borders(self._plan) if self._plan is not None else []
        forms = self._plan.emergency_forms if self._plan is not None else ()
        self._emergency = sorted({int(each[1:]) for each in forms if each.startswith("+")})

    def is_own_mobile(self, low: int, high: int | None = None) -> bool:
        """Tell whether a number in E.164, or any in a range of them, is a mobile number of this jurisdiction."""
        high = low if high is None else high
        if self._is_mobile(low) or (high > low and self._is_mobile(high)):
            return True
        # Between two borders of the plan all numbers are alike.
        between = self._borders[bisect_right(self._borders, low) : bisect_left(self._borders, high)]
        return any(map(self._is_mobile, between)) or any(map(self._is_mobile, self._looks(low, high)))

    def operator_of(self, number: int) -> str:
        """Return the operator that the plan names for a number in E.164; "" where it names none."""
        if self._plan is None or not str(number).startswith(self._plan.code):
            return ""
        line = self._plan.line(str(number).removeprefix(self._plan.code))
        return line.operator if line is not None else ""

    def _is_mobile(self, number: int) -> bool:
        if self._plan is None or not str(number).startswith(self._plan.code):
            return False
        line = self._plan.line(str(number).removeprefix(self._plan.code))
        return line is not None and line.kind == "mobile"

    def _looks(self, low: int, high: int) -> range:
        """Return numbers of a range at regular distances, for a plan whose borders only its patterns know."""
        free = len(str(low)) - len(self._plan.code) if self._plan is not None else 0
        if self._plan is None or self._plan.fictional or free < 1:
            return range(0)
        first, last = int(self._plan.code) * 10**free, (int(self._plan.code) + 1) * 10**free - 1
        low, high = max(low, first), min(high, last)
        step = max(10 ** max(free - _LEADING, 0), (high - low) // _MOST_LOOKS)
        return range(low - low % step + step, high, step)

    def is_emergency(self, value: str) -> bool:
        """Tell whether a number or range as entries have it is, or holds, an emergency number of this jurisdiction."""
        held = e164.read_value(value)
        if held is None:
            return False
        at = bisect_left(self._emergency, held[0])
        return at < len(self._emergency) and self._emergency[at] <= held[1]


def _borders(of: Plan) -> list[int]:
    """Return where in E.164 the ranges that a plan names begin, and where the next number after one is."""
    found: set[int] = set()
    for each in (*of.text.ranges, *of.text.routing):
        first, _, last = each.starts.partition("-")
        for length in each.length:
            for start in (int(of.code + first), int(of.code + (last or first)) + 1):
                found.add(start * 10 ** (length - len(first)))
    return sorted(found)


@cache
def _plan(jurisdiction: str) -> Plan | None:
    try:
        return plan(jurisdiction)
    except BadInput:
        return None
