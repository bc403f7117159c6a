"""Reads the claim out of a hotline report: how much, when, and under which transfer reference; every part may be missing."""

import re
from datetime import tzinfo
from functools import cache

import msgspec

from lintas.text.amounts import Amount, find_amounts
from lintas.text.finding import Page
from lintas.text.fold import Folded, fold
from lintas.text.gazetteer import table, words
from lintas.text.moments import Moment, find_moments, join
from lintas.text.phrases import Cues, Phrases
from lintas.text.web import find_web

_REFERENCE = re.compile(
    r"(?:\s{0,2}(?:is|was|no|number|id|ialah|adalah|คือ|là|为|是))?[\s:：.#=]{0,4}(?P<value>[A-Za-z0-9](?:[A-Za-z0-9/_-]{2,38}[A-Za-z0-9]))(?![A-Za-z0-9])"
)
_BARE_REFERENCE = re.compile(r"(?<![A-Za-z0-9-])(?:TRX|TXN|TRF|FT|REF)-?[0-9][A-Za-z0-9-]{3,30}(?![A-Za-z0-9])")


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What a report claims. ``time`` is RFC 3339 UTC where a zone is known, else local ``YYYY-MM-DDTHH:MM``, else a day.

    Each part has its span ``(start, end)`` in code points of the raw text; a part not said is None.
    """

    amount_minor: int | None = None
    currency: str | None = None
    amount_span: tuple[int, int] | None = None
    time: str | None = None
    time_span: tuple[int, int] | None = None
    reference: str | None = None
    reference_span: tuple[int, int] | None = None


@cache
def _pay() -> Phrases:
    lists = table("roles")
    return Phrases(
        {
            "pay": [
                *words(lists["pay"]),
                "lost",
                "hilang",
                "rugi",
                "kehilangan",
                "โอน",
                "โอนเงิน",
                "mất",
                "转",
                "转账",
                "汇",
                "nawalan",
            ]
        }
    )


@cache
def _references() -> Phrases:
    return Phrases(
        {"reference": [word for word in words(table("cues")["reference"]) if word not in ("order", "ticket", "ver")]}
    )


def read_claim(text: str, jurisdiction: str | None = None, zone: tzinfo | None = None) -> Claim:
    """Read the claim in ``text``: the amount said to be paid (the first behind a word of paying, else the first), the
    first date with time, and the transfer reference. ``$`` follows ``jurisdiction``, times without an offset ``zone``.
    Errors as ``extract``.
    """
    folded = fold(text)
    page = Page(folded)
    for finding in find_web(folded, page):
        page.cross_out(finding.start, finding.end)
    lower = page.lower()
    amount = _amount(lower, jurisdiction)
    time, time_span = _time(find_moments(lower), zone)
    reference, reference_span = _reference(page.rest(), lower)
    return Claim(
        amount_minor=amount.amount_minor if amount else None,
        currency=amount.currency if amount else None,
        amount_span=folded.span(amount.start, amount.end) if amount else None,
        time=time,
        time_span=_raw(folded, time_span),
        reference=reference,
        reference_span=_raw(folded, reference_span),
    )


def _raw(folded: Folded, span: tuple[int, int] | None) -> tuple[int, int] | None:
    return folded.span(*span) if span else None


def _amount(lower: str, jurisdiction: str | None) -> Amount | None:
    known = [
        amount
        for amount in find_amounts(lower, jurisdiction and jurisdiction.upper())
        if amount.amount_minor is not None
    ]
    cues = Cues(_pay().find(lower))
    return next(
        (amount for amount in known if cues.within(max(0, amount.start - 40), amount.start)),
        known[0] if known else None,
    )


def _time(found: list[Moment], zone: tzinfo | None) -> tuple[str | None, tuple[int, int] | None]:
    """Take an exact stamp first, then a day with the clock beside it, then a day alone; a clock alone dates nothing."""
    for moment in found:
        if moment.exact:
            return moment.exact, (moment.start, moment.end)
    for i, moment in enumerate(found):
        if moment.day is None:
            continue
        if moment.clock:
            return join(moment.day, moment.clock, zone), (moment.start, moment.end)
        for other in found[max(0, i - 1) : i + 2]:
            if other.clock and other.day is None and abs(other.start - moment.start) <= 40:
                return join(moment.day, other.clock, zone), (min(moment.start, other.start), max(moment.end, other.end))
    day = next((moment for moment in found if moment.day), None)
    return (day.day.isoformat(), (day.start, day.end)) if day and day.day else (None, None)


def _reference(rest: str, lower: str) -> tuple[str | None, tuple[int, int] | None]:
    for cue in _references().find(lower):
        named = _REFERENCE.match(rest, cue.end)
        if named and any(char.isdigit() for char in named["value"]):
            return named["value"], named.span("value")
    bare = _BARE_REFERENCE.search(rest)
    return (bare.group(), bare.span()) if bare else (None, None)
