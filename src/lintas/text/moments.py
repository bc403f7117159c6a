"""Finds dates and times of day as people write them; without a zone they stay local, for guessing one would move money."""

import re
from datetime import date, datetime, time, tzinfo

import msgspec

from lintas.model.errors import BadInput
from lintas.model.times import parse, render

_STAMP = re.compile(r"(?<!\d)\d{4}-\d{2}-\d{2}[t ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:z|[+-]\d{2}:?\d{2})?(?!\d)")
_DATES = [
    re.compile(r"(?<![\d.\-/])(?P<y>(?:19|20|25)\d{2})(?P<s>[-/.])(?P<m>\d{1,2})(?P=s)(?P<d>\d{1,2})(?![\d]|[.\-/]\d)"),
    re.compile(
        r"(?<![\d.\-/])(?P<d>\d{1,2})(?P<s>[-/.])(?P<m>\d{1,2})(?P=s)(?P<y>(?:19|20|25)\d{2}|\d{2})(?![\d]|[.\-/]\d)"
    ),
    re.compile(r"(?<!\d)(?P<y>(?:19|20)\d{2}) ?年 ?(?P<m>\d{1,2}) ?月 ?(?P<d>\d{1,2}) ?[日号號]"),
]
_MONTHS = (
    "jan(?:uary|uari)?|feb(?:ruary|ruari)?|mac|mar(?:ch|et)?|apr(?:il)?|may|mei|jun[ei]?|jul(?:y|ai|i)?|aug(?:ust)?|ogos|agu(?:stus)?"
    "|sep(?:t|tember)?|oct(?:ober)?|okt(?:ober)?|nov(?:ember)?|dec(?:ember)?|dis(?:ember)?|des(?:ember)?"
)
_WORDED = re.compile(
    rf"(?<![\w])(?:(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? (?P<m>{_MONTHS})"
    rf"|(?P<m2>{_MONTHS}) (?P<d2>\d{{1,2}})(?:st|nd|rd|th)?)"
    r"(?:,? (?P<y>(?:19|20)\d{2}))?(?!\w)"
)
_NUMBERS = {
    "jan": 1,
    "feb": 2,
    "mar": 3,
    "apr": 4,
    "may": 5,
    "jun": 6,
    "jul": 7,
    "aug": 8,
    "sep": 9,
    "oct": 10,
    "nov": 11,
}
_NUMBERS |= {"dec": 12, "mac": 3, "mei": 5, "ogo": 8, "agu": 8, "okt": 10, "dis": 12, "des": 12}
_CLOCK = re.compile(
    r"(?<![\d:.])(?P<h>[01]?\d|2[0-3])(?:"
    r"[:.](?P<min>[0-5]\d)(?::[0-5]\d)?(?: ?(?P<half>am|pm|a\.m\.|p\.m\.|น\.|pagi|petang|malam|sore|siang))?"
    r"|(?P<h12> ?(?:am|pm|a\.m\.|p\.m\.))|点(?P<zh>[0-5]\d)?分?|h(?P<vi>[0-5]\d)?)(?![\d:]|[a-z])"
)
_AFTERNOON = ("pm", "p.m.", "petang", "malam", "sore")


class Moment(msgspec.Struct, frozen=True):
    """A date, a time or both at ``[start, end)`` of the folded text; ``day`` or ``clock`` is None where not said."""

    start: int
    end: int
    day: date | None = None
    clock: time | None = None
    exact: str | None = None


def find_moments(lower: str) -> list[Moment]:
    """Find dates and times in a lower-cased folded text, in order; ``exact`` is RFC 3339 UTC where a zone was written."""
    found: list[Moment] = []
    for stamp in _STAMP.finditer(lower):
        found.append(_stamp(stamp))
    for pattern in _DATES:
        for match in pattern.finditer(lower):
            day = _day(int(match["y"]), int(match["m"]), int(match["d"]))
            found.append(Moment(match.start(), match.end(), day))
    for match in _WORDED.finditer(lower):
        month = _NUMBERS[(match["m"] or match["m2"])[:3]]
        day = _day(int(match["y"]), month, int(match["d"] or match["d2"])) if match["y"] else None
        found.append(Moment(match.start(), match.end(), day))
    for match in _CLOCK.finditer(lower):
        found.append(Moment(match.start(), match.end(), None, _clock(match)))
    found.sort(key=lambda moment: (moment.start, -moment.end))
    kept: list[Moment] = []
    for moment in found:
        if not kept or moment.start >= kept[-1].end:
            kept.append(moment)
    return kept


def _stamp(match: re.Match[str]) -> Moment:
    text = match.group().upper().replace(" ", "T", 1)
    try:
        local = datetime.fromisoformat(text)
    except ValueError:
        return Moment(match.start(), match.end())
    try:
        exact = render(parse(text)) if local.tzinfo else None
    except (BadInput, OverflowError):
        exact = None
    return Moment(match.start(), match.end(), local.date(), local.time(), exact)


def _day(year: int, month: int, day: int) -> date | None:
    if year < 100:
        year += 2000
    if year > 2400:  # the Buddhist era of Thai documents
        year -= 543
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _clock(match: re.Match[str]) -> time:
    hour = int(match["h"])
    minute = int(match["min"] or match["zh"] or match["vi"] or 0)
    half = (match["half"] or match["h12"] or "").strip()
    if half in _AFTERNOON and hour < 12:
        hour += 12
    elif half in ("am", "a.m.") and hour == 12:
        hour = 0
    return time(hour, minute)


def join(day: date, clock: time, zone: tzinfo | None) -> str:
    """Write day and clock: RFC 3339 UTC where the zone is known, local ISO 8601 without an offset where not."""
    moment = datetime.combine(day, clock, zone)
    try:
        return render(moment) if zone else moment.isoformat(timespec="minutes")
    except OverflowError:
        return moment.replace(tzinfo=None).isoformat(timespec="minutes")
