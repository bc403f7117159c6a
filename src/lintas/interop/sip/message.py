"""Reads one SIP request (RFC 3261 §7): start line, folded and compact header fields, what every request must carry.

Only the fields that a redirect server needs are kept. What is wrong is a `BadRequest` with the status code to answer; one
that carries no Via cannot be answered, since nobody knows where to (§18.2.2).
"""

import re

from lintas.interop.sip import usual
from lintas.interop.sip.request import KEPT, LISTS, MAX_VIAS, NEEDED, ONCE, Fields, Request
from lintas.interop.sip.uri import Uri, called_of, read_list, read_uri, read_via, refusal
from lintas.model.errors import MalformedInput

#: The largest message, in bytes: what one UDP datagram can carry (§18.1.1).
MAX_MESSAGE = 65_535
MAX_HEAD = 32_768
MAX_LINE = 8_192
MAX_FIELDS = 256
MAX_CSEQ = 2**31

_TOKEN = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")
_START = re.compile(r"([A-Za-z0-9\-.!%*_+`'~]{1,32}) ([^ <>\"\x00-\x20]+) (SIP/\d+\.\d+)", re.IGNORECASE)


class BadRequest(MalformedInput):
    """The request breaks the grammar or a bound; ``code`` and ``phrase`` are the answer, ``fields`` what to answer by."""

    def __init__(self, code: int, phrase: str, fields: Fields | None = None) -> None:
        self.code, self.phrase = code, phrase
        # The sender finds its request again by Via and CSeq (§17.1.3).
        self.fields = fields if fields and fields.get("Via") and fields.get("CSeq") else None
        super().__init__(phrase, "send a request after RFC 3261", where="SIP")


def read(data: bytes, *, stream: bool = False) -> Request:
    """Read one whole message; ``stream``: it came over TCP, where Content-Length is needed (§18.3). BadRequest otherwise."""
    if len(data) > MAX_MESSAGE:
        raise BadRequest(513, "Message Too Large")
    # Line ends before a message are nothing (§7.5).
    head, blank, body = (data.lstrip(b"\r\n") if data[:1] in (b"\r", b"\n") else data).partition(b"\r\n\r\n")
    if not blank:
        raise BadRequest(400, "Bad Request: No Empty Line")
    if len(head) > MAX_HEAD:
        raise BadRequest(513, "Message Too Large")
    # Octets that are no UTF-8 come back as they were when a field is written into the response.
    text = head.decode("utf-8", "surrogateescape")
    if (plain := usual.read(text, body, stream=stream)) is not None:
        return plain
    lines = text.split("\r\n")
    ends = len(lines) - 1
    # A lone CR, LF or NUL is a way to hide one field inside another.
    if ends > MAX_FIELDS or text.count("\n") != ends or text.count("\r") != ends or "\0" in text:
        raise BadRequest(400, "Bad Request: Header Fields", _loosely(text))
    fields = _fields(lines)
    method, uri, target = _start(lines[0], fields)
    _check(fields, method)
    return Request(method, uri, target, fields, _body(body, fields, stream=stream), read_via(fields["Via"]))


def called_in(data: bytes) -> str:
    """Return whom an INVITE calls though the rest of it may be broken: the number, or a URI of another scheme as it is."""
    method, _, rest = data[:MAX_LINE].lstrip(b"\r\n").partition(b" ")
    if method.upper() != b"INVITE":
        return ""
    uri = rest.split(None, 1)[0].decode("utf-8", "replace") if rest.strip() else ""
    target = read_uri(uri)
    return uri if target is None else called_of(target)


def _loosely(text: str) -> Fields:
    """Return what a request can be answered by whose lines cannot be told apart for sure: as most switches would read it."""
    fields: Fields = {}
    for line in text.replace("\0", "").replace("\r", "\n").split("\n")[1:MAX_FIELDS]:
        name, _, value = line.partition(":")
        kept = KEPT.get(name.strip(" \t").lower())
        if kept == "Via" and "Via" in fields:
            fields["Via"] += f", {value.strip()}"
        elif kept in NEEDED:
            fields.setdefault(kept, value.strip())
    return fields


def _start(line: str, fields: Fields) -> tuple[str, str, Uri]:
    start = _START.fullmatch(line)
    if start is None or len(line) > MAX_LINE:
        raise BadRequest(400, "Bad Request: Start Line", fields)
    method, uri, version = start.groups()
    if version.upper() != "SIP/2.0":
        raise BadRequest(505, "Version Not Supported", fields)
    if (target := read_uri(uri)) is None:
        raise BadRequest(*refusal(uri), fields)
    return method, uri, target


def _fields(lines: list[str]) -> Fields:
    """Return the fields of any request, line by line."""
    fields: Fields = {}
    fault = ""
    for line in _unfolded(lines)[1:]:
        name, colon, value = line.partition(":")
        name, value = name.rstrip(" \t").lower(), value.strip(" \t")
        kept = KEPT.get(name)
        if not colon or _TOKEN.fullmatch(name) is None or len(line) > MAX_LINE:
            fault = "Bad Request: Header Field"
        elif kept is None:
            continue
        elif not value and kept not in LISTS:
            fault = f"Bad Request: Empty {kept}"
        elif kept not in fields:
            fields[kept] = value
        elif kept in ONCE:
            fault = f"Bad Request: More Than One {kept}"
        else:
            fields[kept] = f"{fields[kept]}, {value}"
    if fault:
        raise BadRequest(400, fault, fields)
    return fields


def _unfolded(lines: list[str]) -> list[str]:
    """Join folded lines (§7.3.1); one right after the start line belongs to nothing and becomes a broken field."""
    whole = lines[:1]
    for line in lines[1:]:
        if not line.startswith((" ", "\t")):
            whole.append(line)
        elif len(whole) > 1:
            whole[-1] = whole[-1].rstrip(" \t") + " " + line.strip(" \t")
        else:
            whole.append(":")
    return whole


def _check(fields: Fields, method: str) -> None:
    """Refuse a request without what each must carry (§8.1.1), or where it says two things."""
    if not fields.keys() >= NEEDED:
        missing = min(NEEDED - fields.keys())
        raise BadRequest(400, f"Bad Request: Missing {missing}", fields)
    number, _, cseq_method = fields["CSeq"].strip(" \t").partition(" ")
    if cseq_method.lstrip(" \t") != method or not _digits(number, 10) or int(number) >= MAX_CSEQ:
        raise BadRequest(400, "Bad Request: CSeq", fields)
    if len(fields["Call-ID"].split(None, 1)) != 1:
        raise BadRequest(400, "Bad Request: Call-ID", fields)
    hops = fields.get("Max-Forwards", "70").strip(" \t")
    if not _digits(hops) or int(hops) > 255:
        raise BadRequest(400, "Bad Request: Max-Forwards", fields)
    if "," in fields["Via"] and sum(1 for _ in read_list(fields["Via"])) > MAX_VIAS:
        raise BadRequest(483, "Too Many Hops", fields)


def _body(body: bytes, fields: Fields, *, stream: bool) -> bytes:
    told = fields.get("Content-Length")
    if told is None:
        if stream:
            raise BadRequest(400, "Bad Request: Missing Content-Length", fields)
        return body
    told = told.strip(" \t")
    if not _digits(told) or int(told) > len(body):
        raise BadRequest(400, "Bad Request: Content-Length", fields)
    return body[: int(told)]


def _digits(text: str, most: int = 9) -> bool:
    """Tell whether this is a number of so many digits at most (`int` takes signs, spaces and other scripts' digits)."""
    return len(text) <= most and text.isascii() and text.isdecimal()
