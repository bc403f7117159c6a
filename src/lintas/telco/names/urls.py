"""The canonical form of a web address, and the expressions by which one is looked up in a list of hashes.

Both as Safe Browsing describes them ("URLs and Hashing" of its version 5): an address is unescaped until nothing is left to
unescape, its host and path are cleaned, and host suffixes times path prefixes give at most 30 expressions. Where it leaves
parsing to the client, this reads what a browser reads (the URL standard of the WHATWG): backslashes, missing slashes, user
names before the host, hosts in any script (UTS #46), addresses in octal and hexadecimal.
"""

import ipaddress
import re
from typing import NamedTuple

import idna

from lintas.model.errors import BadInput, TooLarge
from lintas.telco.names.suffixes import registrable

#: Characters of an address at most; the canonical form is at most three times as long.
LONGEST = 8192
_SCHEMES = {"http": 80, "https": 443, "ftp": 21}
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_PORT = re.compile(r":([0-9]{0,5})\Z")
#: What no host can hold, escaped or not: it would end the host, for whoever reads it next.
_NEVER_IN_HOSTS = frozenset(b"/?@:\\[]")
#: What browsers refuse beside it in a host that has letters beyond ASCII.
_NO_NAME = re.compile(r"[\x00-\x20#%<>^|\x7f]")
#: Letters that nobody sees, and that only some scripts need between two others.
_JOINERS = "\u200c\u200d"
_HEX = frozenset(b"0123456789abcdefABCDEF")
#: What needs no escape: everything from "!" to "~" but "#" and "%".
_PLAIN = re.compile(rb"[!\"$&-~]*")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_DOMAIN = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+(?:[a-z]{2,63}|xn--[a-z0-9-]{2,59})")
_PATHS = 4
_HOSTS = 4


class Parts(NamedTuple):
    """A canonical address in parts: an ASCII host, path (with its slash) and query (None: no "?") with nothing escaped."""

    scheme: str
    host: str
    port: str
    path: bytes
    query: bytes | None


def canonical(url: str) -> str:
    """Return the canonical form: ASCII without blanks or controls; BadInput where it is no address of the web.

    The canonical form is its own canonical form, and has the same expressions.
    """
    return write(parts(url))


def write(read: Parts) -> str:
    """Write the canonical form of an address in parts."""
    scheme, host, port, path, query = read
    # A bare "?" would begin the query, a bare "\" be read as a slash; expressions have both as they are.
    shown = _escape(path).replace("?", "%3F").replace("\\", "%5C")
    return f"{scheme}://{host}{port}{shown}" + ("" if query is None else "?" + _escape(query))


def expressions(url: str) -> tuple[str, ...]:
    """Return what an address is looked up by, at most 30, the exact one first; BadInput as ``canonical``.

    At most five hosts (itself, and from the registered domain on up to four with one more label each) times at most six
    paths (with query, without, and up to four prefixes from "/" on). Scheme, user, port and fragment do not count.
    """
    _, host, _, path, query = parts(url)
    exact = _escape(path)
    paths = [exact if query is None else f"{exact}?{_escape(query)}", exact]
    pieces = exact.split("/")[1:-1][: _PATHS - 1]
    paths += ["/" + "".join(f"{piece}/" for piece in pieces[:count]) for count in range(len(pieces) + 1)]
    return tuple(dict.fromkeys(name + path for name in _hosts(host) for path in paths))


def exact(url: str) -> str:
    """Return the first of the expressions: the address itself."""
    _, host, _, path, query = parts(url)
    return host + _escape(path) + ("" if query is None else f"?{_escape(query)}")


def domain(host: str) -> str:
    """Return a domain's name as lists have it: lower case, IDNA, no final dot; BadInput where it is none or an IP address."""
    name = _name(host.strip())
    # The last label is letters: "1.0.0.127.rpz-ip" would be a rule about addresses in a policy zone, and no name.
    if not name or _is_address(name) or not _DOMAIN.fullmatch(name):
        raise BadInput(f"{host[:100]!r} is no domain", "give a name such as example.xa")
    return name


def of_domain(name: str) -> str:
    """Return the expression that is met by every address at or below a domain."""
    return f"{domain(name)}/"


def parts(url: str) -> Parts:
    """Read an address; BadInput where it has no host, another scheme, or a host that no name system knows."""
    if len(url) > LONGEST:
        raise TooLarge(f"the address has {len(url):,} characters", f"at most {LONGEST:,} are read")
    text = re.sub(r"[\t\r\n]", "", url).strip("\x00\x01\x02 \x0b\x0c\u3000")
    text, _, _ = text.partition("#")
    scheme, rest = _scheme(text)
    address, mark, query = rest.partition("?")
    address = address.replace("\\", "/").lstrip("/")
    authority, _, path = address.partition("/")
    host, port = _authority(authority, scheme)
    return Parts(scheme, host, port, _path(_unescape(path)), _unescape(query) if mark else None)


def _scheme(text: str) -> tuple[str, str]:
    """Split the scheme off; without one it is http, as in an address bar ("example.xa:8080" has a port, no scheme)."""
    found = _SCHEME.match(text)
    if found is None:
        return "http", text
    if found[1].lower() in _SCHEMES:
        return found[1].lower(), text[found.end() :]
    if text.startswith("//", found.end()) or (
        "." not in found[1] and not re.match(r"[0-9]+(?:[/?]|\Z)", text[found.end() :])
    ):
        raise BadInput(f"{found[1][:30]}: is no scheme of the web", "give an address that begins with http or https")
    return "http", text


def _authority(authority: str, scheme: str) -> tuple[str, str]:
    """Return the host, and ":port" where it is not the usual one; what stands before the last @ is a user, no host."""
    rest = authority.rpartition("@")[2]
    port = ""
    if found := _PORT.search(rest):
        rest = rest[: found.start()]
        number = int(found[1] or _SCHEMES[scheme])
        if number > 65_535:
            raise BadInput(f"{number} is no port", "give one up to 65535")
        port = "" if number == _SCHEMES[scheme] else f":{number}"
    if rest.startswith("[") and rest.endswith("]"):
        return _six(rest[1:-1]), port
    host = _name(rest)
    if not host:
        raise BadInput("the address has no host", "give one such as http://example.xa/")
    return host, port


def _name(text: str) -> str:
    raw = _unescape(text)
    if not _NEVER_IN_HOSTS.isdisjoint(raw):
        raise BadInput("the host holds a character that ends hosts", "check the address for /, ?, @, : or \\")
    name = _ascii(raw)
    name = re.sub(r"\.{2,}", ".", name).strip(".")
    if len(name) > 253:
        raise BadInput("the host is longer than 253 characters", "check the address")
    return _four(name) or name


def _ascii(raw: bytes) -> str:
    """Return a host as the name system spells it; bytes that are no text stay escaped, as the documentation has it."""
    if raw.isascii():
        return _escape(raw.lower())
    try:
        mapped = idna.uts46_remap(raw.decode(), std3_rules=False)
        # Compatibility characters can become what ends hosts ("℀" is "a/c") or begins an escape ("％2F").
        if "%" in mapped or not _NEVER_IN_HOSTS.isdisjoint(mapped.encode()):
            raise BadInput(
                "the host holds a character that ends hosts", "check the address for letters that only look so"
            )
        if _NO_NAME.search(mapped):
            return _escape(raw.lower())
        return ".".join(map(_label, mapped.split("."))).lower()
    except (UnicodeError, idna.IDNAError):
        return _escape(raw.lower())


def _label(label: str) -> str:
    """Return a label in ASCII by the checks that browsers make, which let through more than IDNA 2008 does: emoji, hyphens."""
    if label.isascii():
        return label
    if label.startswith("xn--"):
        raise idna.IDNAError
    idna.check_initial_combiner(label)
    idna.check_bidi(label)
    for place, letter in enumerate(label):
        if letter in _JOINERS and not idna.valid_contextj(label, place):
            raise idna.IDNAError
    return "xn--" + label.encode("punycode").decode("ascii")


def _four(name: str) -> str:
    """Return an IPv4 address as four decimal numbers, whichever way it was written (inet_aton); "" where it is none."""
    if not name.rpartition(".")[2][:1].isdigit():
        return ""
    numbers = [_number(piece) for piece in name.split(".")]
    if len(numbers) > 4:
        return ""
    total = 0
    for place, number in enumerate(numbers):
        last = place == len(numbers) - 1
        if number is None or number >= 256 ** (5 - len(numbers) if last else 1):
            return ""
        total += number if last else number << 8 * (3 - place)
    return str(ipaddress.IPv4Address(total))


def _number(piece: str) -> int | None:
    if re.fullmatch(r"0x[0-9a-f]{0,16}", piece):
        return int(piece[2:] or "0", 16)
    if re.fullmatch(r"0[0-7]{0,24}", piece):
        return int(piece, 8)
    return int(piece) if re.fullmatch(r"[1-9][0-9]{0,18}", piece) else None


def _six(text: str) -> str:
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        raise BadInput("what stands in brackets is no IPv6 address", "check the address") from None
    if address.scope_id:
        raise BadInput("an IPv6 address with a zone is one machine's own", "give a public address")
    mapped = address.ipv4_mapped
    if mapped is None and address in _NAT64:
        mapped = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return str(mapped) if mapped is not None else f"[{address.compressed}]"


def _is_address(host: str) -> bool:
    return host.startswith("[") or bool(re.fullmatch(r"\d{1,3}(?:\.\d{1,3}){3}", host))


def _path(raw: bytes) -> bytes:
    """Clean a path that was unescaped: runs of slashes are one, "." goes, ".." takes the piece before it along."""
    kept: list[bytes] = []
    pieces = [piece for piece in raw.split(b"/") if piece]
    for piece in pieces:
        if piece == b"..":
            del kept[-1:]
        elif piece != b".":
            kept.append(piece)
    ends = not raw or raw.endswith(b"/") or (bool(pieces) and pieces[-1] in (b".", b".."))
    return b"/" + b"/".join(kept) + (b"/" if ends and kept else b"")


def _unescape(text: str) -> bytes:
    """Unescape until no escape is left, in one pass: a byte that completes an escape is taken back with it."""
    raw = text.encode("utf-8", "replace")
    if b"%" not in raw:
        return raw
    out = bytearray()
    for byte in raw:
        out.append(byte)
        while len(out) >= 3 and out[-3] == 0x25 and out[-1] in _HEX and out[-2] in _HEX:
            out[-3:] = bytes([int(out[-2:], 16)])
    return bytes(out)


def _escape(raw: bytes) -> str:
    """Escape what is at most a blank, no ASCII, "#" or "%", with capital digits."""
    if _PLAIN.fullmatch(raw):
        return raw.decode("ascii")
    return "".join(f"%{byte:02X}" if byte <= 32 or byte >= 127 or byte in b"#%" else chr(byte) for byte in raw)


def _hosts(host: str) -> list[str]:
    base = None if _is_address(host) else registrable(host)
    if base is None:
        return [host]
    labels = host.split(".")
    first = len(labels) - base.count(".") - 1
    return [host, *(".".join(labels[place:]) for place in range(first, max(first - _HOSTS, 0), -1))]
