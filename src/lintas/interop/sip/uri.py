"""Reads what stands in SIP fields: addresses with a display name, ``sip:`` and ``tel:`` URIs, parameters, lists, Via."""

import re
from collections.abc import Iterator
from urllib.parse import unquote

import msgspec

# No two parts of an expression that repeat may match the same text one after the other: what strangers send must not cost
# more than its length.
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_NAME_ADDR = re.compile(rf'({_QUOTED}\s*|[^<>",;]*)<([^<>\s"]+)>\s*(.*)', re.DOTALL)
_ADDR_SPEC = re.compile(r"([^\s<>\",;?]+)\s*(;.*)?", re.DOTALL)
_PARAMETER = re.compile(rf";\s*([^\s;=,\"<>]+)\s*(?:=\s*({_QUOTED}|[^\s;,\"<>]+)\s*)?")
_HOST = r"\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9.\-_]*[A-Za-z0-9.])?"
_SIP = re.compile(rf"(sips?):(?:([^@\s]*)@)?({_HOST})(?::(\d{{1,5}}))?(;[^?]*)?(\?.*)?", re.IGNORECASE | re.ASCII)
_TEL = re.compile(r"tel:([0-9A-Fa-f+*#.()\-]{1,64})(;.*)?", re.IGNORECASE)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_VIA = re.compile(
    rf"SIP\s*/\s*2\.0\s*/\s*([A-Za-z0-9\-]{{1,16}})\s+({_HOST})\s*(?::\s*(\d{{1,5}})\s*)?(;.*)?",
    re.IGNORECASE | re.DOTALL | re.ASCII,
)
#: The forms that nearly all calls have, read at once; whatever else goes the long way and gives the same.
_PORT = "(?:[1-9][0-9]{0,3}|[1-5][0-9]{4})"
_NAME = r"[a-z0-9](?:[a-z0-9.\-]*[a-z0-9])?"
#: What stands behind the at sign.
PLAIN_SIP = rf"(?P<host>{_NAME})(?::{_PORT})?(?P<phone>;user=phone)?"
_PLAIN_SIP = re.compile(rf"(sips?):(\+?[0-9]{{1,20}})@{PLAIN_SIP}")
PLAIN_VIA = (
    rf"SIP/2\.0/(?:UDP|TCP) (?P<via_host>{_NAME}):(?P<via_port>{_PORT})(?P<rport_first>;rport)?"
    r";branch=(?P<branch>[A-Za-z0-9\-.!%*_+`'~]{1,128})(?P<rport_last>;rport)?"
)
_PLAIN_VIA = re.compile(PLAIN_VIA)
#: An address with a plain telephone number.
PLAIN_ADDRESS = (
    r"<(?:sips?:(?=\+?[0-9]{1,20}@(?!anonymous\.invalid)[a-z0-9.\-]*[a-z0-9](?:;user=phone)?>)|tel:(?=\+[0-9]{1,20}>))"
    r"(?P<number>\+?[0-9]{1,20})[^>\n]*>"
)
#: What people put between digits (RFC 3966 §5.1.1), and what tells a telephone number from a name.
_SEPARATORS = str.maketrans("", "", "-.() ")
_NUMBER = re.compile(r"[+0-9*#.() \-]+")
_GLOBAL = re.compile(r"\+[0-9]{1,15}", re.ASCII)
#: Digits that are no more than this are a short code.
LONGEST_SHORT = 6


class Uri(msgspec.Struct, frozen=True):
    """One URI: ``user`` unescaped and without its parameters; a ``tel:`` URI has the number as user and no host.

    ``context`` is what a local number belongs behind, where the URI says so: ``phone-context=+60`` (RFC 3966 §5.1.5).
    """

    scheme: str
    user: str
    host: str
    parameters: dict[str, str]
    context: str = ""


class Address(msgspec.Struct, frozen=True):
    """A name-addr or addr-spec (RFC 3261 §25.1) and the parameters behind it."""

    display: str
    uri: str
    parameters: dict[str, str]


class Via(msgspec.Struct, frozen=True):
    """The hop that a request came over, as it stands and read; ``port`` None where it is not said.

    ``rport``: it asks for the answer at the port that it sent from (RFC 3581); ``received``: somebody wrote that already.
    """

    text: str
    host: str
    port: int | None
    branch: str
    rport: bool
    received: bool = False


def read_address(text: str) -> Address | None:
    """Read a name-addr or addr-spec; None for neither."""
    text = text.strip()
    found = _NAME_ADDR.fullmatch(text)
    if found is not None:
        parameters = read_parameters(found[3])
        return None if parameters is None else Address(_display(found[1]), found[2], parameters)
    found = _ADDR_SPEC.fullmatch(text)
    if found is None:
        return None
    # Without angle brackets what follows the first semicolon belongs to the field, not to the URI (§20).
    parameters = read_parameters(found[2] or "")
    return None if parameters is None else Address("", found[1], parameters)


def read_uri(text: str) -> Uri | None:
    """Read a ``sip:``, ``sips:`` or ``tel:`` URI; None for anything else."""
    if (plain := _PLAIN_SIP.fullmatch(text)) is not None:
        return Uri(plain[1], plain[2], plain[3], {"user": "phone"} if plain[4] else {})
    found = _SIP.fullmatch(text)
    if found is not None:
        user, _, more = (found[2] or "").split(":", 1)[0].partition(";")
        if found[4] and int(found[4]) > 65_535:
            return None
        parameters = dict(_plain(found[5]))
        context = _context({**parameters, **dict(_plain(f";{more}"))})
        return Uri(found[1].lower(), unquote(user), found[3].lower(), parameters, context)
    found = _TEL.fullmatch(text)
    if found is None:
        return None
    parameters = dict(_plain(found[2]))
    return Uri("tel", found[1], "", parameters, _context(parameters))


def refusal(uri: str) -> tuple[int, str]:
    """Return the status code and phrase that refuse a Request-URI which cannot be read (§8.2.2.1)."""
    scheme = _SCHEME.match(uri)
    if scheme is None or scheme[0].lower() in {"sip:", "sips:", "tel:"}:
        return 400, "Bad Request: Request-URI"
    return 416, "Unsupported URI Scheme"


def number_of(uri: Uri) -> str:
    """Return the telephone number of a URI without visual separators, behind its context; a name is given back as it is."""
    if not _NUMBER.fullmatch(uri.user):
        return uri.user
    number = uri.user.translate(_SEPARATORS)
    return uri.context + number if uri.context and number.isdecimal() else number


def called_of(uri: Uri) -> str:
    """Return the called number of a URI; a short code (an emergency number) is left alone, whatever context is said."""
    number = uri.user.translate(_SEPARATORS)
    return number if len(number) <= LONGEST_SHORT and number.isdecimal() else number_of(uri)


def read_parameters(text: str) -> dict[str, str] | None:
    """Read ``;name=value;flag``, names in lower case, quotes taken off; None where the text is something else."""
    if not text:
        return {}
    found: dict[str, str] = {}
    at = 0
    while at < len(text):
        each = _PARAMETER.match(text, at)
        if each is None:
            return None
        value = each[2] or ""
        found.setdefault(each[1].lower(), _display(value) if value.startswith('"') else value)
        at = each.end()
    return found


def read_list(value: str) -> Iterator[str]:
    """Give each member of a field that is a list: by commas outside quotes and angle brackets."""
    if '"' not in value and "<" not in value:
        for each in value.split(","):
            yield each.strip()
        return
    start, quoted, bracket, escaped = 0, False, False, False
    for at, char in enumerate(value):
        if escaped:
            escaped = False
        elif quoted:
            escaped, quoted = char == "\\", char != '"'
        elif char == '"':
            quoted = True
        elif char in "<>":
            bracket = char == "<"
        elif char == "," and not bracket:
            yield value[start:at].strip()
            start = at + 1
    yield value[start:].strip()


def read_via(value: str) -> Via | None:
    """Read the topmost Via; None where it cannot be read: then nobody can be answered."""
    if (plain := _PLAIN_VIA.fullmatch(value)) is not None:
        return Via(value, plain[1], int(plain[2]), plain[4], bool(plain[3] or plain[5]))
    text = next(read_list(value))
    found = _VIA.fullmatch(text)
    if found is None:
        return None
    parameters = read_parameters(found[4] or "")
    port = int(found[3]) if found[3] else None
    if parameters is None or (port is not None and not 0 < port <= 65_535):
        return None
    return Via(text, found[2], port, parameters.get("branch", ""), "rport" in parameters, "received" in parameters)


def _context(parameters: dict[str, str]) -> str:
    """Return the global context that a number belongs behind, "" for none: a domain name says nothing of digits."""
    said = parameters.get("phone-context", "").translate(_SEPARATORS)
    return said if _GLOBAL.fullmatch(said) else ""


def _display(text: str) -> str:
    text = text.strip()
    return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL) if text.startswith('"') else text


def _plain(text: str | None) -> Iterator[tuple[str, str]]:
    for each in (text or "").split(";")[1:]:
        name, _, value = each.partition("=")
        if name:
            yield name.strip().lower(), unquote(value.strip())
