"""Finds amounts of money as people write them (``RM 5,000``, ``5.000.000đ``, ``20万元``): to read, never to dial."""

import re
from decimal import Decimal
from functools import cache

import msgspec

from lintas.model.money import MAX_MINOR, exponents
from lintas.text.fold import plain
from lintas.text.gazetteer import table
from lintas.text.phrases import EDGE, LETTER

_NUMBER = (
    r"\d{1,3}(?:[,.'] ?\d{3}){1,4}(?:[.,]\d{1,2})?(?!\d)"
    r"|\d{1,3}(?: \d{3}){1,4}(?![\d ]\d)(?:[.,]\d{1,2})?"
    r"|\d{1,13}(?:[.,]\d{1,3})?(?!\d)"
)
#: Thousands marked by commas: an amount even without a currency.
_GROUPED = re.compile(r"(?<![\d.,+\-])\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?(?!\d|-\d)")


class Amount(msgspec.Struct, frozen=True):
    """An amount at ``[start, end)`` of the folded text; None where currency or exactness is missing."""

    start: int
    end: int
    amount_minor: int | None
    currency: str | None


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str], dict[str, str], dict[str, str], dict[str, int]]:
    lists = table("money")
    before, after = ({plain(word): code for word, code in lists[side].items()} for side in ("before", "after"))
    times = {plain(word): int(factor) for word, factor in lists["times"].items()}
    factor = rf"(?: ?(?P<times>{_any(times)}))?"
    leading = re.compile(rf"(?<![a-z])(?P<code>{_any(before)}) {{0,2}}(?P<number>{_NUMBER}){factor}")
    trailing = re.compile(rf"(?<![\d.,+])(?P<number>{_NUMBER}){factor} {{0,2}}(?P<code>{_any(after)})")
    return leading, trailing, before, after, times


def _any(words: dict[str, str] | dict[str, int]) -> str:
    """Alternatives, longest first; a word of Latin letters must end there."""
    return "|".join(
        re.escape(word) + (EDGE if LETTER.match(word[-1]) else "") for word in sorted(words, key=len, reverse=True)
    )


def find_amounts(lower: str, jurisdiction: str | None = None) -> list[Amount]:
    """Find the amounts in a lower-cased folded text, in order; ``$`` is read by the jurisdiction, US dollars by default."""
    leading, trailing, before, after, times = _patterns()
    found: list[Amount] = []
    for pattern, codes in ((leading, before), (trailing, after)):
        for match in pattern.finditer(lower):
            code = codes[match["code"]]
            if match["code"] == "$" and jurisdiction:
                code = table("money")["dollars"].get(jurisdiction, code)
            factor = times[match["times"]] if match["times"] else 1
            found.append(Amount(match.start(), match.end(), _minor(match["number"], factor, code), _iso(code)))
        # An amount read with the currency in front is not read again with the next currency behind.
        lower = pattern.sub(lambda match: "\x01" * len(match.group()), lower)
    found += [Amount(match.start(), match.end(), None, None) for match in _GROUPED.finditer(lower)]
    return sorted(found, key=lambda amount: amount.start)


def _iso(code: str) -> str | None:
    return code if code in exponents() else None


def _minor(number: str, factor: int, code: str) -> int | None:
    """Read digits with separators into minor units; None when the currency is none of ours or the amount is not exact."""
    if code not in exponents():
        return None
    number = number.replace(" ", "").replace("'", "")
    last = max(number.rfind("."), number.rfind(","))
    decimals = len(number) - last - 1 if last >= 0 else 0
    marks = [char for char in number if char in ".,"]
    # Three digits behind a mark are thousands, unless the currency has three decimals or a multiplier follows ("1.125 juta").
    fraction = last >= 0 and marks.count(number[last]) == 1 and (decimals != 3 or exponents()[code] == 3 or factor > 1)
    whole = re.sub(r"[.,]", "", number[:last] if fraction else number)
    value = Decimal(f"{whole}.{number[last + 1 :]}" if fraction else whole) * factor * 10 ** exponents()[code]
    return int(value) if value == int(value) and 0 < value <= MAX_MINOR else None
