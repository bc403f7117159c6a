"""Writes SIP responses (RFC 3261 §8.2.6): the request's own fields, a To tag, received and rport (RFC 3581)."""

import re
from collections.abc import Sequence

from lintas.interop.sip.message import Fields
from lintas.interop.sip.uri import Via, read_address

_RECEIVED = re.compile(r"\s*;\s*(?:received|rport)(?:\s*=\s*[^;,\s]*)?", re.IGNORECASE)
_ECHOED = (("from", "From"), ("to", "To"), ("call-id", "Call-ID"), ("cseq", "CSeq"))
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

    ``tag`` goes into To where it has none; our lines hold no line breaks, or they are taken out.
    """
    first = stamped(via, source) + fields["via"][0][len(via.text) :]
    lines = [f"SIP/2.0 {code} {phrase}", f"Via: {first}"]
    if len(fields["via"]) > 1:
        lines += [f"Via: {each}" for each in fields["via"][1:]]
    for name, shown in _ECHOED:
        if name in fields:
            value = fields[name][0]
            lines.append(
                f"{shown}: {value};tag={tag}" if name == "to" and tag and not has_tag(value) else f"{shown}: {value}"
            )
    lines += [_UNSAFE.sub("", each) for each in more]
    lines.append("Content-Length: 0\r\n\r\n")
    return "\r\n".join(lines).encode("utf-8", "surrogateescape")


def stamped(via: Via, source: tuple[str, int]) -> str:
    """Return the topmost Via with where the request really came from (§18.2.1; RFC 3581 §4)."""
    host, port = source
    asked = "rport" in via.parameters
    text = _RECEIVED.sub("", via.text) if asked or "received" in via.parameters else via.text
    if asked:
        return f"{text};received={host};rport={port}"
    return text if via.host.strip("[]") == host else f"{text};received={host}"


def port_of(via: Via, source: tuple[str, int]) -> int:
    """Return the port at the source's address that a response over UDP goes to (§18.2.2); ``maddr`` is never followed."""
    return source[1] if "rport" in via.parameters else via.port or 5060


def has_tag(value: str) -> bool:
    """Tell whether a From or To has a tag: inside a dialogue."""
    if "tag" not in value.lower():
        return False
    address = read_address(value)
    return address is not None and "tag" in address.parameters
