"""Reads a caller id or called number as it comes off a trunk, by the numbering plan of the jurisdiction that it arrives in."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from lintas.telco.verdicts import metadata
from lintas.telco.verdicts.plans import Line, Plan, fictional

Form = Literal["number", "short", "anonymous", "malformed"]
#: E.164 has 15 digits at most; the shortest numbers in use (with two- and three-digit country codes) have 7.
SHORTEST, LONGEST = 7, 15
#: Digits without any prefix that are no more than this are a short code.
LONGEST_SHORT = 6
#: What stands for a withheld number: RFC 3323 section 4.1.1.3, and what switches write instead.
_WITHHELD = frozenset({"", "anonymous", "unavailable", "restricted", "private", "unknown"})
#: Visual separators (RFC 3966, section 3) and the blank that people type.
_SEPARATORS = str.maketrans("", "", "-.() ")
_LONGEST_TEXT = 64


class Reading(NamedTuple):
    """A number as read: ``digits`` in E.164 without the plus; ``line`` only of own numbers that the plan knows.

    ``national`` is what a foreign number may be as well, since it came without a sign of what it is: one of ours.
    """

    form: Form
    digits: str = ""
    own: bool = False
    line: Line | None = None
    country: str = ""
    national: "Reading | None" = None

    @property
    def e164(self) -> str:
        """Return it with the plus sign; "" for what is no number."""
        return f"+{self.digits}" if self.form == "number" else ""


_ANONYMOUS, _MALFORMED, _SHORT = Reading("anonymous"), Reading("malformed"), Reading("short")


def read(plan: Plan, text: str, *, domestic: bool) -> Reading:
    """Read what stands in a caller's or called number; never raises.

    ``+60…``, ``0060…`` and, on an international trunk, ``60…`` are E.164. National form is read on a domestic trunk, and on an
    international one where nothing else is possible: shown to the called person it would look like a call from at home. Where
    both are possible there, it is foreign and has ``national`` too.
    """
    digits = text[1:] if text[:1] == "+" else text
    if not (digits.isascii() and digits.isdigit()):  # isdigit alone takes full-width and Arabic digits
        return _odd(plan, text, domestic=domestic)
    if digits is not text:
        return _international(plan, digits)
    if digits[:2] == "00":
        return _abroad(plan, digits)
    if digits.startswith(plan.away) and not _national(plan, digits):
        return _international(plan, digits[len(plan.away) :])
    return _bare(plan, digits, domestic=domestic)


def _odd(plan: Plan, text: str, *, domestic: bool) -> Reading:
    """Read what is not plain digits: withheld, separated, or nothing that is a number."""
    if len(text) > _LONGEST_TEXT:
        return _MALFORMED
    name = text.strip().lower()
    if name in _WITHHELD or name.startswith("anonymous@"):
        return _ANONYMOUS
    plain = text.translate(_SEPARATORS)
    if plain == text or not (plain.removeprefix("+").isascii() and plain.removeprefix("+").isdigit()):
        return _MALFORMED
    return read(plan, plain, domestic=domestic)


def _abroad(plan: Plan, digits: str) -> Reading:
    """Read ``00…``: the prefix may be longer in this plan, and then both readings are tried."""
    away = plan.away
    if away != "00" and digits.startswith(away):
        found = _international(plan, digits[len(away) :])
        if found.form == "number":
            return found
    return _international(plan, digits[2:])


def _international(plan: Plan, digits: str) -> Reading:
    if not SHORTEST <= len(digits) <= LONGEST:
        rest = digits[len(plan.code) :] if digits.startswith(plan.code) else ""
        return _SHORT if 0 < len(rest) <= LONGEST_SHORT and len(digits) < SHORTEST else _MALFORMED
    if digits.startswith(plan.code):
        return _own(plan, digits)
    country = country_of(plan, digits)
    return _MALFORMED if country is None else Reading("number", digits, country=country)


def _own(plan: Plan, digits: str) -> Reading:
    """Read a number behind our own country code: ours, a neighbour's behind the same code, or in no range."""
    national = digits[len(plan.code) :]
    line = plan.line(national)
    if line is not None:
        return Reading("number", digits, True, line, plan.jurisdiction)
    trunk = plan.trunk_prefix
    if trunk and national.startswith(trunk) and (line := plan.line(national[len(trunk) :])) is not None:
        # "+60 (0)12…": the trunk prefix does not travel, and must not make another number of it.
        return Reading("number", plan.code + national[len(trunk) :], True, line, plan.jurisdiction)
    for region in plan.neighbours:
        if metadata.anything(region).fullmatch(national):
            return Reading("number", digits, country=region)
    if len(national) <= LONGEST_SHORT:
        return _SHORT
    return Reading("number", digits, True, None, plan.jurisdiction)


def _national(plan: Plan, digits: str) -> Reading | None:
    """Read national form: behind the trunk prefix, or without one where numbers have none."""
    trunk = plan.trunk_prefix
    for national in (digits[len(trunk) :], digits) if trunk and digits.startswith(trunk) else (digits,):
        line = plan.line(national)
        if line is not None:
            return Reading("number", plan.code + national, True, line, plan.jurisdiction)
        for region in plan.neighbours:
            if metadata.anything(region).fullmatch(national):
                return Reading("number", plan.code + national, country=region)
    return None


def _bare(plan: Plan, digits: str, *, domestic: bool) -> Reading:
    """Read digits without any sign of what they are."""
    if len(digits) <= LONGEST_SHORT:
        return _SHORT
    national = _national(plan, digits)
    if national is not None and (domestic or not _possible(plan, digits)):
        return national
    found = _international(plan, digits) if digits[0] != "0" else _MALFORMED
    if found.form != "number":
        return national or found
    if national is None and not plan.fictional and metadata.shape(plan.jurisdiction).fullmatch(digits):
        # Public metadata lags behind: what only looks like one of ours is taken for one as well.
        national = Reading("number", plan.code + digits, True, None, plan.jurisdiction)
    doubtful = national is not None and national.own and not (found.own or domestic)
    return found._replace(national=national) if doubtful else found


def _possible(plan: Plan, digits: str) -> bool:
    """Tell whether digits can be a whole international number: a country code, and as many digits as its numbers have."""
    if digits.startswith(plan.code):
        return plan.line(digits[len(plan.code) :]) is not None
    for code in _codes(digits):
        texts = [text for text in fictional().values() if text.country_code == code]
        if texts:
            return any(len(digits) - len(code) in each.length for each in texts[0].ranges)
        if metadata.regions_of(code):
            return len(digits) - len(code) in metadata.lengths(code)
    return False


def country_of(plan: Plan, digits: str) -> str | None:
    """Return the jurisdiction of a foreign number, "" where a code belongs to none; None for a code that nobody has."""
    codes = plan.countries
    for length in (3, 4, 2, 1):  # most codes of our region have two or three digits; no code begins another
        found = codes.get(digits[:length])
        if found is not None:
            return found if isinstance(found, str) else _among(found, digits[length:])
    return "" if plan.fictional and digits[:3] == "999" else None


def _among(regions: tuple[str, ...], national: str) -> str:
    """Return whose a number is where several jurisdictions share a code; the main one's where none is sure."""
    return next((region for region in regions if metadata.anything(region).fullmatch(national)), regions[0])


def _codes(digits: str) -> Iterator[str]:
    return (digits[:length] for length in (4, 3, 2, 1) if digits[0] != "0")
