"""Reads an INVITE as nearly all are written by one expression, made for the order of lines in which a switch writes them.

What none of the expressions matches is read line by line in ``message``, and gives the same.
"""

import re
from typing import NamedTuple

from lintas.interop.sip.request import KEPT, NEEDED, Request
from lintas.interop.sip.uri import PLAIN_ADDRESS, PLAIN_SIP, PLAIN_VIA, Uri, Via, read_via

#: Orders of lines that get an expression: making one takes milliseconds, so that whoever varies them must not have many made.
MOST_SHAPES = 32
MOST_LINES = 48
#: A head beyond this is not usual; no line of a shorter one is too long.
MOST_OCTETS = 8_192

_NAME = re.compile(r"[A-Za-z0-9\-]{1,40}")
_START = rf"INVITE (?P<uri>(?P<scheme>sips?):(?P<user>\+?[0-9]{{1,20}})@{PLAIN_SIP}) SIP/2\.0"
_LINES = {
    "Via": rf"{PLAIN_VIA}|[^,\r\n]+",
    # A display name with a plus may be a number that is shown instead: that is looked at more closely.
    "From": rf'(?:"[^"\\+\n]{{0,64}}" ?|[A-Za-z0-9 ]{{0,64}})(?P<address>{PLAIN_ADDRESS})(?:;tag=[A-Za-z0-9\-.]{{1,128}})?'
    r"|[^ \t\r\n].*",
    "To": r"[^ \t\r\n].*",
    "Call-ID": r"\S+",
    "CSeq": r"[0-9]{1,9} INVITE",
    "Max-Forwards": r"[0-9]{1,2}",
    "Content-Length": r" *[0-9]{1,5}",
}
#: Fields that say who else may be shown, or forwarded the call.
_OTHERS = frozenset(["Remote-Party-ID", "Diversion", "History-Info"])
_READ = (
    *("uri", "scheme", "user", "host", "phone"),
    *("via_host", "via_port", "rport_first", "branch", "rport_last"),
    *("address", "number"),
)


class _Shape(NamedTuple):
    """The expression for one order of lines, and which of its groups are what is read and the fields that are kept."""

    expression: re.Pattern[str]
    groups: tuple[int, ...]
    kept: tuple[str, ...]
    #: Nothing in these lines forwards the call, or names another caller.
    direct: bool


#: By the names of their lines; None where such a request is not usual.
_shapes: dict[tuple[str, ...], _Shape | None] = {}
#: The shape met last, by the number of lines.
_last: dict[int, _Shape] = {}


def read(head: str, body: bytes, *, stream: bool) -> Request | None:
    """Read a head without its last line end; None where it must be read line by line, or is to be refused."""
    if len(head) > MOST_OCTETS or not head.startswith("INVITE "):
        return None
    ends = head.count("\n")
    shape = _last.get(ends)
    found = None if shape is None else shape.expression.fullmatch(head)
    if found is None:
        tried, shape = shape, _shape_of(head, ends)
        found = None if shape is None or shape is tried else shape.expression.fullmatch(head)
    # The expression lets no lone LF pass; a lone CR or NUL is a way to hide one field inside another.
    if shape is None or found is None or head.count("\r") != ends or "\0" in head:
        return None
    uri, scheme, user, host, phone, via_host, via_port, first, branch, last, address, number, *values = found.group(
        *shape.groups
    )
    fields = dict(zip(shape.kept, values, strict=True))
    told = fields.get("Content-Length")
    if stream if told is None else int(told) > len(body):
        return None
    via = fields["Via"]
    return Request(
        "INVITE",
        uri,
        Uri(scheme, user, host, {"user": "phone"} if phone else {}),
        fields,
        body if told is None else body[: int(told)],
        Via(via, via_host, int(via_port), branch, bool(first or last)) if via_host else read_via(via),
        # Where From and P-Asserted-Identity say the same, one number is judged.
        number if number and shape.direct and fields.get("P-Asserted-Identity", address) == address else "",
    )


def _shape_of(head: str, ends: int) -> _Shape | None:
    """Return the shape of a request, made where it is a new one and there is room; None where it has none."""
    if ends > MOST_LINES:
        return None
    names = tuple([line.partition(": ")[0] for line in head.split("\r\n")[1:]])
    if names not in _shapes and len(_shapes) < MOST_SHAPES:
        _shapes[names] = _made(names)
    shape = _shapes.get(names)
    if shape is not None:
        _last[ends] = shape
    return shape


def _made(names: tuple[str, ...]) -> _Shape | None:
    """Make the expression for lines of these names: each kept field once, in its usual spelling."""
    kept = tuple(name for name in names if name.lower() in KEPT)
    usual = len(set(kept)) == len(kept) and NEEDED.issubset(kept) and set(KEPT.values()).issuperset(kept)
    if not usual or not all(map(_NAME.fullmatch, names)):
        return None
    # Each line is looked at before it is taken: it is not read in another way where a later one does not fit.
    lines = (
        rf"{name}: (?=(?P<{_group(name)}>{_LINES.get(name, '.*')})(?:\r|\Z))(?P={_group(name)})"
        if name in kept
        else f"{name}: .*"
        for name in names
    )
    expression = re.compile("\r\n".join([_START, *lines]))
    groups = tuple(expression.groupindex[name] for name in (*_READ, *map(_group, kept)))
    return _Shape(expression, groups, kept, _OTHERS.isdisjoint(kept))


def _group(name: str) -> str:
    return "field_" + name.replace("-", "_")
