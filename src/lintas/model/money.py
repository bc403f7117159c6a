"""Money in integer minor units, and the one rule by which an amount or interval is carried into another currency.

Rescaling cuts at cumulative positions rounded down, so parts that tile an interval still tile it afterwards:
nothing is lost or invented by rounding, whatever the ratio (the conservation law of DESIGN section 9.4).
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

import msgspec

from lintas.model import shipped
from lintas.model.errors import BadInput

#: The largest amount anybody may state: fits a signed 64-bit column with room for sums of a thousand.
MAX_MINOR = 9_000_000_000_000_000


class CryptoAsset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An asset on a chain: ``digits`` of our minor unit, ``decimals`` of the chain's own, ``contracts`` by chain (a token)."""

    digits: int
    decimals: int = 0
    contracts: dict[str, str] = {}

    @property
    def unit(self) -> int:
        """Return how many of the chain's smallest units one minor unit is (1 where they are the same)."""
        scale: int = 10 ** (max(self.decimals, self.digits) - self.digits)
        return scale


@cache
def crypto_assets() -> dict[str, CryptoAsset]:
    """Return code -> crypto asset, as shipped."""
    return msgspec.convert(_vocabulary("crypto_assets"), dict[str, CryptoAsset])


@cache
def exponents() -> dict[str, int]:
    """Return code -> minor-unit digits: ISO 4217 currencies and crypto assets, as shipped."""
    return _vocabulary("currencies") | {code: asset.digits for code, asset in crypto_assets().items()}


def _vocabulary(name: str) -> dict[str, Any]:
    return dict(shipped.read("lintas.model", f"vocabulary/{name}.yaml"))


def currency(code: str) -> str:
    """Return the code if it is known; BadInput otherwise."""
    if code not in exponents():
        raise BadInput(
            f"unknown currency {code!r}", "use a code listed in currencies.yaml or crypto_assets.yaml, in capitals"
        )
    return code


class Money(msgspec.Struct, frozen=True):
    """An amount: ``amount_minor`` integer minor units of ``currency`` (ISO 4217, or a crypto asset)."""

    amount_minor: int
    currency: str

    def __str__(self) -> str:
        """Render as people write it: ``50,000.00 XAK``."""
        return f"{show(self.amount_minor, self.currency)} {self.currency}"


def show(amount_minor: int, code: str) -> str:
    """Render minor units with thousands separators and the currency's own number of decimals."""
    digits = exponents().get(code, 0)
    sign, whole = ("-" if amount_minor < 0 else ""), abs(amount_minor)
    if digits == 0:
        return f"{sign}{whole:,}"
    return f"{sign}{whole // 10**digits:,}.{whole % 10**digits:0{digits}d}"


def decimal(amount_minor: int, code: str) -> str:
    """Render minor units as programs read them: ``50000.00``, without separators."""
    return show(amount_minor, code).replace(",", "")


def parse_decimal(text: str, code: str) -> int:
    """Read a decimal string (ISO 20022 style, dot as separator) into minor units; BadInput on anything inexact."""
    digits = exponents()[currency(code)]
    whole, _, fraction = text.strip().partition(".")
    if not whole.isascii() or not whole.isdigit() or (fraction and not (fraction.isascii() and fraction.isdigit())):
        raise BadInput(f"{text!r} is not an amount", "write digits with a dot before the minor units, e.g. 50000.00")
    if len(fraction.rstrip("0")) > digits:
        raise BadInput(f"{text!r} has more decimals than {code} has ({digits})", "round it to the minor unit first")
    scale: int = 10**digits
    amount = int(whole) * scale + int(fraction.ljust(digits, "0")[:digits] or "0")
    if amount > MAX_MINOR:
        raise BadInput(f"{text!r} is larger than any amount accepted here", "check the unit")
    return amount


def rescale(position: int, total: int, other_total: int) -> int:
    """Carry a position on ``[0, total]`` to ``[0, other_total]``, rounding down; ends map to ends exactly."""
    if not 0 <= position <= total or total <= 0:
        raise BadInput(f"position {position} lies outside [0, {total}]", "check the interval against its transfer")
    return position * other_total // total


def rescale_parts(parts: list[int], other_total: int) -> list[int]:
    """Carry ``parts`` that sum to a total into parts that sum to ``other_total`` exactly, in the same order."""
    total, edge, before, scaled = sum(parts), 0, 0, []
    for part in parts:
        edge += part
        after = rescale(edge, total, other_total)
        scaled.append(after - before)
        before = after
    return scaled


def apportion(total: int, weights: Sequence[int]) -> list[int]:
    """Divide ``total`` in proportion to ``weights``, exactly: what rounding leaves goes to the largest remainders.

    Equal remainders go to whoever stands earlier. BadInput for a negative amount, or when nobody has any weight.
    """
    whole = sum(weights)
    if total < 0 or whole <= 0 or min(weights) < 0:
        raise BadInput("nothing can be divided like this", "give amounts of at least one minor unit")
    parts = [total * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda at: (-(total * weights[at] % whole), at))
    for at in by_remainder[: total - sum(parts)]:
        parts[at] += 1
    return parts
