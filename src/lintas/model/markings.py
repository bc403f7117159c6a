"""Markings: which plane of data something belongs to, and how far it may travel."""

from typing import Literal

import msgspec

#: A indicators, B personal operational, C evidence, D protection (DESIGN section 3).
Plane = Literal["A", "B", "C", "D"]
#: FIRST Traffic Light Protocol 2.0.
Tlp = Literal["CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED"]


class Obligations(msgspec.Struct, frozen=True, kw_only=True):
    """What the receiver must keep to, and enforces itself: expiry, no onward transfer, use limits."""

    expires: str | None = None
    onward: bool = False
    use: tuple[str, ...] = ()


class Marking(msgspec.Struct, frozen=True, kw_only=True):
    """The marking of one statement."""

    plane: Plane
    tlp: Tlp = "AMBER"
    obligations: Obligations = Obligations()
