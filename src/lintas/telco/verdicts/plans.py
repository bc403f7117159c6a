"""Numbering plans: whose a number is, what kind of line, which operator's (ITU-T E.164)."""


class Plan:
    """The numbering plan of one jurisdiction."""


def plan(jurisdiction: str) -> Plan:
    """Return the plan shipped for a jurisdiction (ISO 3166 code)."""
    raise NotImplementedError
