"""Jurisdictions by ISO 3166-1 code; XA to XD are fictional and belong to exercises."""

from functools import cache

from lintas.model import shipped
from lintas.model.errors import BadInput

FICTIONAL = frozenset({"XA", "XB", "XC", "XD"})


@cache
def jurisdictions() -> dict[str, str]:
    """Return code -> display name, as shipped."""
    return dict(shipped.read("lintas.model", "vocabulary/places.yaml"))


def jurisdiction(code: str) -> str:
    """Return the upper-case code; BadInput if nobody listed it."""
    known = code.strip().upper()
    if known not in jurisdictions():
        raise BadInput(f"unknown jurisdiction {code!r}", "use an ISO 3166-1 alpha-2 code listed in places.yaml")
    return known


@cache
def clocks() -> dict[str, str]:
    """Return code -> what clocks show there, as an offset from UTC such as ``+08:00``; UTC where none is listed."""
    return dict.fromkeys(jurisdictions(), "+00:00") | dict(shipped.read("lintas.model", "vocabulary/clocks.yaml"))
