"""How long stolen money stays where it is: models as data, each with its source, and what they say of the next minutes."""

import math
from functools import cache

import msgspec

from lintas.model import shipped
from lintas.model.errors import BadInput


class Dwell(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One model: either a half-life with a share that stays, or published shares still there after so many minutes.

    Between published minutes the share falls at a constant rate, and after the last one at the rate of the last stretch.
    """

    source: str
    half_life_minutes: float | None = None
    slow_share: float = 0.0
    left: dict[int, float] = {}

    def share(self, minutes: float) -> float:
        """Return the share of money still there after so many minutes, above 0 and at most 1."""
        if self.half_life_minutes is not None:
            return self.slow_share + (1 - self.slow_share) * math.pow(2, -minutes / self.half_life_minutes)
        before, there = 0.0, 1.0
        points = sorted(self.left.items())
        for number, (after, share) in enumerate(points, 1):
            if minutes <= after or number == len(points):
                return there * math.pow(share / there, (minutes - before) / (after - before))
            before, there = after, share
        return 1.0

    def expected(self, waited: float, ahead: float) -> float:
        """Return the share expected still there ``ahead`` minutes from now of money that has stayed for ``waited`` minutes."""
        now = self.share(waited)
        # A long wait by a steep model leaves less than a float can tell: what stayed so long stays.
        return self.share(waited + ahead) / now if now > 1e-12 else 1.0


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    handover_minutes: float
    default: str
    models: dict[str, Dwell]


@cache
def _shipped() -> _File:
    return msgspec.convert(shipped.read("lintas.trace.questions", "dwell.yaml"), _File)


def names() -> list[str]:
    """Name the models there are, the default first."""
    return sorted(_shipped().models, key=lambda name: (name != _shipped().default, name))


def model(name: str = "") -> Dwell:
    """Return a model by its name, "" for the default; BadInput for one that there is not."""
    found = _shipped().models.get(name or _shipped().default)
    if found is None:
        raise BadInput(f"there is no dwell model {name[:40]!r}", f"use one of {', '.join(names())}")
    return found


def handover_minutes() -> float:
    """Return how far ahead ranking looks: minutes between asking and holding."""
    return _shipped().handover_minutes
