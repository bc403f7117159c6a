"""Which numbers are this jurisdiction's own: mobile numbers, and emergency numbers in every form that networks carry."""

from functools import cache

from lintas.model.errors import BadInput
from lintas.telco.lists import e164
from lintas.telco.verdicts.plans import Plan, plan


class Numbers:
    """The numbers of one jurisdiction, by its numbering plan; one without a plan has none of its own."""

    def __init__(self, jurisdiction: str) -> None:
        self._plan = _plan(jurisdiction)

    def is_own_mobile(self, number: int) -> bool:
        """Tell whether a number in E.164 is a mobile number of this jurisdiction."""
        if self._plan is None or not str(number).startswith(self._plan.code):
            return False
        line = self._plan.line(str(number).removeprefix(self._plan.code))
        return line is not None and line.kind == "mobile"

    def is_emergency(self, value: str) -> bool:
        """Tell whether a number as entries have it is an emergency number of this jurisdiction."""
        held = e164.read_value(value)
        return self._plan is not None and held is not None and f"+{held[0]}" in self._plan.emergency_forms


@cache
def _plan(jurisdiction: str) -> Plan | None:
    try:
        return plan(jurisdiction)
    except BadInput:
        return None
