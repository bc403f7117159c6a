"""A stream of lines: JSON objects or CSV, one event a line.

JSON: ``{"what": "abroad", "number": "+99910000001", "at": "2026-11-27T08:00:00Z", "b": ""}``; CSV: the same four in that order,
the last one only for calls. Further fields are dropped.
"""

from typing import Annotated

import msgspec

from lintas.model import times
from lintas.model.errors import BadInput
from lintas.telco.home.records import BadEvent, Change, What, number
from lintas.trust.keys import UNREADABLE

#: Longer lines are no events.
MAX_LINE = 4096
_WORDS: dict[str, What] = {
    "assigned": "assigned",
    "released": "released",
    "abroad": "abroad",
    "home": "home",
    "sim": "sim",
    "calls": "calls",
    "ended": "ended",
}


class _Line(msgspec.Struct):
    what: str
    number: str
    at: Annotated[str, msgspec.Meta(max_length=40)]
    b: str = ""


_decode = msgspec.json.Decoder(_Line).decode


def read(event: bytes) -> list[Change]:
    """Read one line; BadEvent names what is wrong; an empty line says nothing."""
    if len(event) > MAX_LINE:
        raise BadEvent("too_long", f"a line has {len(event):,} bytes")
    line = event.strip()
    if not line:
        return []
    return [_change(_json(line) if line.startswith(b"{") else _csv(line))]


def _json(line: bytes) -> _Line:
    try:
        return _decode(line)
    except UNREADABLE:
        raise BadEvent("malformed", "a line is no event") from None


def _csv(line: bytes) -> _Line:
    try:
        cells = [cell.strip() for cell in line.decode("utf-8").split(",")]
    except UnicodeDecodeError:
        raise BadEvent("malformed", "a line is no text in UTF-8") from None
    if len(cells) < 3:
        raise BadEvent("malformed", "a line has fewer than three cells")
    return _Line(cells[0], cells[1], cells[2], cells[3] if len(cells) > 3 else "")


def _change(line: _Line) -> Change:
    what = _WORDS.get(line.what)
    if what is None:
        raise BadEvent("unknown", "an event is of no known kind")
    b = number(line.b) if line.b and what in ("calls", "ended") else 0
    return Change(what, number(line.number), moment(line.at), b)


def moment(text: str) -> int:
    """Read a time, RFC 3339 or seconds since 1970; BadEvent ("time") for anything else."""
    if text.isascii() and text.isdigit() and len(text) <= 10:
        return int(text) if int(text) < 1 << 32 else _no_time()
    try:
        seconds = int(times.parse(text).timestamp())
    except (BadInput, ValueError, OverflowError):
        return _no_time()
    return seconds if 0 <= seconds < 1 << 32 else _no_time()


def _no_time() -> int:
    raise BadEvent("time", "this is no time", "write RFC 3339, in UTC")
