"""Writes SIP responses (RFC 3261 §8.2.6): the request's own fields, a To tag, received and rport (RFC 3581)."""

import re
from collections.abc import Sequence

from lintas.interop.sip.request import Fields
from lintas.interop.sip.uri import Via, read_address, read_list

_ECHOED = ("From", "To", "Call-ID", "CSeq")
_RECEIVED = re.compile(r";\s*(?:received|rport)\s*(?:=\s*[^;,\s]*)?(?=[;\s]|$)", re.IGNORECASE)
_UNSAFE = re.compile(r"[\x00-\x1f\x7f]")


def write(
    fields: Fields,
    via: Via,
    source: tuple[str, int],
    code: int,
    phrase: str,
    *,
    tag: str = "",
    more: Sequence[str] = (),
) -> bytes:
    """Write the response to a request that came from ``source`` (address, port); ``more`` are whole lines of our own.

    ``tag`` goes into To where it has none; what would break a line of our own is taken out.
    """
    vias = f"Via: {stamped(via, source)}\r\n"
    if len(via.text) != len(fields["Via"]):
        vias += "".join([f"Via: {each}\r\n" for each in list(read_list(fields["Via"]))[1:]])
    to = fields.get("To")
    if to is not None and tag and not has_tag(to):
        to = f"{to};tag={tag}"
    try:
        echoed = f"From: {fields['From']}\r\nTo: {to}\r\nCall-ID: {fields['Call-ID']}\r\nCSeq: {fields['CSeq']}\r\n"
    except KeyError:
        # Of a bad request what there is.
        echoed = "".join([f"{name}: {fields[name]}\r\n" for name in _ECHOED if name in fields])
    own = "".join([f"{line if line.isprintable() else _UNSAFE.sub('', line)}\r\n" for line in more])
    text = f"SIP/2.0 {code} {phrase}\r\n{vias}{echoed}{own}Content-Length: 0\r\n\r\n"
    return text.encode("utf-8", "surrogateescape")


def stamped(via: Via, source: tuple[str, int]) -> str:
    """Return the topmost Via with where the request really came from (§18.2.1; RFC 3581 §4)."""
    host, port = source
    if not via.rport and not via.received:
        return via.text if via.host.strip("[]") == host else f"{via.text};received={host}"
    plain = via.text.endswith(";rport") and not via.received
    text = via.text[:-6] if plain else _RECEIVED.sub("", via.text)
    return f"{text};received={host};rport={port}" if via.rport else f"{text};received={host}"


def port_of(via: Via, source: tuple[str, int]) -> int:
    """Return the port at the source's address that a response over UDP goes to (§18.2.2); ``maddr`` is never followed."""
    return source[1] if via.rport else via.port or 5060


def has_tag(value: str) -> bool:
    """Tell whether a From or To has a tag: inside a dialogue."""
    if "tag" not in value.lower():
        return False
    address = read_address(value)
    return address is not None and "tag" in address.parameters
