"""Reads one SIP request (RFC 3261 §7): start line, folded and compact header fields, what every request must carry.

Only the fields that a redirect server needs are kept. What is wrong is a `BadRequest` with the status code to answer; one
that carries no fields cannot be answered, since nobody knows where to (§18.2.2).
"""

import re

import msgspec

from lintas.interop.sip.uri import well_formed
from lintas.model.errors import MalformedInput

#: The largest message, in bytes: what one UDP datagram can carry (§18.1.1).
MAX_MESSAGE = 65_535
MAX_HEAD = 32_768
MAX_LINE = 8_192
MAX_FIELDS = 256
#: More hops than Max-Forwards allows to begin with (§8.1.1.6): a loop between networks that do not count.
MAX_VIAS = 70
MAX_CSEQ = 2**31

#: Fields that are kept, and all their spellings of one letter (§7.3.3) that could hide one of them.
KEPT = frozenset(
    {"via", "from", "to", "call-id", "cseq", "contact", "max-forwards", "content-length", "identity", "privacy"}
    | {"p-asserted-identity", "diversion", "history-info"}
)
COMPACT = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "l": "content-length", "y": "identity"}
ONCE = frozenset(["from", "to", "call-id", "cseq", "max-forwards", "content-length"])
NEEDED = ("via", "from", "to", "call-id", "cseq")

#: The spellings that are met, so that a field's name costs one look-up.
_NAMES = {name: name for name in KEPT} | {name.title(): name for name in KEPT} | COMPACT
_NAMES |= {short.upper(): name for short, name in COMPACT.items()}
_NAMES |= {"Call-ID": "call-id", "CSeq": "cseq"}

_TOKEN = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")
_START = re.compile(r"([A-Za-z0-9\-.!%*_+`'~]{1,32}) ([^ <>\"\x00-\x20]+) (SIP/\d+\.\d+)", re.IGNORECASE)
_FOLD = re.compile(r"[ \t]*\r\n[ \t]+")
_CSEQ = re.compile(r"(\d{1,10})[ \t]+([A-Za-z0-9\-.!%*_+`'~]{1,32})")
_CALL_ID = re.compile(r"[^\s@]+(?:@[^\s@]+)?")

Fields = dict[str, list[str]]


class BadRequest(MalformedInput):
    """The request breaks the grammar or a bound; ``code`` and ``phrase`` are the answer, ``fields`` what to answer by."""

    def __init__(self, code: int, phrase: str, fields: Fields | None = None) -> None:
        self.code, self.phrase = code, phrase
        # The sender finds its request again by Via and CSeq (§17.1.3).
        self.fields = fields if fields and fields.get("via") and fields.get("cseq") else None
        super().__init__(phrase, "send a request after RFC 3261", where="SIP")


class Request(msgspec.Struct, frozen=True):
    """One request: its method, its Request-URI as it came, the fields that are kept by lower-case name, and its body."""

    method: str
    uri: str
    fields: Fields
    body: bytes

    def one(self, name: str) -> str:
        """Return a field's first value, "" where it is missing."""
        values = self.fields.get(name)
        return values[0] if values else ""

    @property
    def max_forwards(self) -> int:
        """Return how many hops are left; 70 where it is not said (§16.3)."""
        return int(self.one("max-forwards") or MAX_VIAS)


def read(data: bytes, *, stream: bool = False) -> Request:
    """Read one whole message; ``stream``: it came over TCP, where Content-Length is needed (§18.3). BadRequest otherwise."""
    if len(data) > MAX_MESSAGE:
        raise BadRequest(513, "Message Too Large")
    head, blank, body = data.partition(b"\r\n\r\n")
    if not blank:
        raise BadRequest(400, "Bad Request: No Empty Line")
    if len(head) > MAX_HEAD:
        raise BadRequest(513, "Message Too Large")
    # Octets that are no UTF-8 come back as they were when a field is written into the response.
    lines = _lines(head.decode("utf-8", "surrogateescape"))
    fields = _fields(lines)
    start = _START.fullmatch(lines[0])
    if start is None:
        raise BadRequest(400, "Bad Request: Start Line", fields)
    method, uri, version = start.groups()
    if version.upper() != "SIP/2.0":
        raise BadRequest(505, "Version Not Supported", fields)
    _check(fields, method)
    if (wrong := well_formed(uri)) is not None:
        raise BadRequest(*wrong, fields)
    return Request(method, uri, fields, _body(body, fields, stream=stream))


def _lines(head: str) -> list[str]:
    if "\r\n " in head or "\r\n\t" in head:
        head = _FOLD.sub(" ", head)
    lines = head.split("\r\n")
    # A lone CR, LF or NUL is a way to hide one field inside another.
    if (
        len(lines) > MAX_FIELDS
        or head.count("\n") != len(lines) - 1
        or head.count("\r") != len(lines) - 1
        or "\0" in head
    ):
        raise BadRequest(400, "Bad Request: Header Fields")
    return lines


def _fields(lines: list[str]) -> Fields:
    fields: Fields = {}
    fault = ""
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        known = _NAMES.get(name)
        if known is None:
            name = name.rstrip(" \t").lower()
            known = COMPACT.get(name, name)
            if not colon or _TOKEN.fullmatch(name) is None or len(line) > MAX_LINE:
                fault = "Bad Request: Header Field"
            if known not in KEPT:
                continue
        value = value.strip(" \t")
        if len(value) > MAX_LINE:
            fault = "Bad Request: Header Field Too Long"
        elif known not in fields:
            fields[known] = [value]
        elif known in ONCE:
            fault = f"Bad Request: More Than One {known.title()}"
        else:
            fields[known].append(value)
    if fault:
        raise BadRequest(400, fault, fields)
    return fields


def _check(fields: Fields, method: str) -> None:
    """Refuse a request without what each must carry (§8.1.1), or where it says two things."""
    for name in NEEDED:
        if not fields.get(name, [""])[0]:
            raise BadRequest(400, f"Bad Request: Missing {name.title()}", fields)
    cseq = _CSEQ.fullmatch(fields["cseq"][0])
    if cseq is None or int(cseq[1]) >= MAX_CSEQ or cseq[2] != method:
        raise BadRequest(400, "Bad Request: CSeq", fields)
    if _CALL_ID.fullmatch(fields["call-id"][0]) is None:
        raise BadRequest(400, "Bad Request: Call-ID", fields)
    if (hops := fields.get("max-forwards")) and not (_digits(hops[0]) and int(hops[0]) <= 255):
        raise BadRequest(400, "Bad Request: Max-Forwards", fields)
    vias = fields["via"]
    if len(vias) > MAX_VIAS or (len(vias) == 1 and vias[0].count(",") > MAX_VIAS):
        raise BadRequest(483, "Too Many Hops", fields)


def _body(body: bytes, fields: Fields, *, stream: bool) -> bytes:
    told = fields.get("content-length")
    if told is None:
        if stream:
            raise BadRequest(400, "Bad Request: Missing Content-Length", fields)
        return body
    if not _digits(told[0]) or int(told[0]) > len(body):
        raise BadRequest(400, "Bad Request: Content-Length", fields)
    return body[: int(told[0])]


def _digits(text: str) -> bool:
    """Tell whether this is a number of at most nine digits (`int` takes signs, spaces and other scripts' digits)."""
    return len(text) <= 9 and text.isascii() and text.isdecimal()
