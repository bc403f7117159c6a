"""Decides who calls whom: which of a request's fields gives the caller id, who forwarded it."""

import re
from collections.abc import Sequence
from itertools import islice

import msgspec

from lintas.interop.sip.request import Fields, Request
from lintas.interop.sip.uri import PLAIN_ADDRESS, called_of, number_of, read_address, read_list, read_uri

ANONYMOUS = "anonymous"
_MORE = frozenset(["Diversion", "History-Info"])
#: Members of a list that are looked at: an honest call has few, and a hostile one must not cost more than that.
MOST = 20
#: Numbers of a Remote-Party-ID, or of a From that is no address, that are judged: each may cost a question to a network.
MOST_REMOTE = 4


#: A plain telephone number, as nearly all calls have it; whatever else goes the long way.
_PLAIN = re.compile(rf'(?:"[^"\\]*" ?|[A-Za-z0-9 ]*)({PLAIN_ADDRESS})(?:;tag=[A-Za-z0-9\-.]+)?')


#: A URI anywhere in a text.
_ANY_URI = re.compile(r"(?i)\b(?:sips?|tel):[^\s<>\";,]+")
#: An international number anywhere in a text.
_ANY_NUMBER = re.compile(r"(?<![@\w.+])\+[0-9](?:[ ()\-]{0,2}[0-9]){5,19}(?![\w.])")
#: Where a Remote-Party-ID cannot be read as an address, whatever stands in angle brackets may be shown.
_BRACKETED = re.compile(r"<([^<>\s\"]+)>")
#: A display name that is an international number: what a telephone shows before, or instead of, the number itself.
_NAMED = re.compile(r'\s*"?[ ]{0,9}\+([0-9][0-9 ().\-]{5,40})"?\s*<')


class Parties(msgspec.Struct, frozen=True):
    """``a`` calls ``b``, numbers or names as they came; ``shown`` is the caller id in From where it is another than ``a``.

    ``diverted`` forwarded the call, "" for nobody. ``besides`` are numbers that a telephone may show instead: a display name
    that is one, the digits of a number with a context (RFC 3966) without it, and Remote-Party-ID (draft-ietf-sip-privacy).
    """

    a: str
    shown: str
    b: str
    diverted: str = ""
    besides: tuple[str, ...] = ()


def parties(request: Request) -> Parties:
    """Read who calls whom.

    The caller id is P-Asserted-Identity's, which the network before vouches for (RFC 3325 §9.1), else Remote-Party-ID's as
    older networks write it, whatever it says of privacy and screening, else From's. From is what a telephone shows; where it
    carries another number, both are told. A caller that asks for privacy (``Privacy: id``, an anonymous From) is judged by the
    number that its network asserts all the same. Where From is no address, every URI in it may be what a telephone shows.
    """
    if request.caller:
        return Parties(request.caller, "", request.target.user)
    fields = request.fields
    said = fields.get("P-Asserted-Identity")
    plain = _PLAIN.fullmatch(fields["From"])
    came_from = plain[2] if plain is not None else _number(fields["From"])
    loose: list[str] = []
    if came_from is None:
        came_from, *loose = _loosely(fields["From"]) or [""]
    remote = () if (value := fields.get("Remote-Party-ID")) is None else _remote(value)
    if said is None:
        a = remote[0] if remote else ""
    elif plain is not None and said == plain[1]:
        a = came_from
    else:
        a = _asserted(said)
    shown = came_from if a and came_from not in {a, ANONYMOUS, ""} else ""
    b = called_of(request.target)
    besides = _besides(fields, {a, came_from}, [*loose, *remote])
    if fields.keys().isdisjoint(_MORE):
        return Parties(a or came_from, shown, b, "", besides)
    return Parties(a or came_from, shown, b, _diverted(fields, b), besides)


def _number(text: str) -> str | None:
    if (plain := _PLAIN.fullmatch(text)) is not None:
        return plain[2]
    address = read_address(text)
    uri = None if address is None else read_uri(address.uri)
    if uri is None:
        return None
    anonymous = uri.host == "anonymous.invalid" or uri.user.lower() == ANONYMOUS
    return ANONYMOUS if anonymous else number_of(uri)


def _loosely(text: str) -> list[str]:
    """Return the numbers that a text which is no address may show: of its URIs, and any behind a plus."""
    text = text.partition(";tag=")[0]
    uris = (read_uri(uri) for uri in islice(_ANY_URI.findall(text), MOST))
    said = [number_of(uri) for uri in uris if uri is not None]
    said += ["+" + "".join(filter(str.isdigit, run)) for run in islice(_ANY_NUMBER.findall(text), MOST)]
    return list(dict.fromkeys(filter(None, said)))[:MOST_REMOTE]


def _remote(value: str) -> list[str]:
    """Return the numbers and names of a Remote-Party-ID that may be shown: all but those of the party that is called."""
    found: list[str] = []
    for each in _members(value):
        address = read_address(each)
        if address is not None and address.parameters.get("party", "").lower() == "called":
            continue
        said = [address.uri] if address is not None else _BRACKETED.findall(each)
        for uri in (f"<{uri}>" for uri in said):
            found += [number for number in (_number(uri), _without_context(uri)) if number and number != ANONYMOUS]
        if (named := _NAMED.match(each)) is not None:
            found.append("+" + "".join(filter(str.isdigit, named[1])))
    return found[:MOST_REMOTE]


def _besides(fields: Fields, judged: set[str], remote: Sequence[str]) -> tuple[str, ...]:
    found = [*remote]
    if (named := _NAMED.match(fields["From"])) is not None:
        found.append("+" + "".join(filter(str.isdigit, named[1])))
    for text in (fields["From"], fields.get("P-Asserted-Identity", "")):
        if "phone-context" in text.lower():
            found += [digits for each in _members(text) if (digits := _without_context(each))]
    return tuple(each for each in dict.fromkeys(found) if each not in judged) if found else ()


def _without_context(text: str) -> str:
    """Return the digits of a number that has a context, "" where they cannot be a number without it."""
    address = read_address(text)
    uri = None if address is None else read_uri(address.uri)
    if uri is None or not uri.context:
        return ""
    digits = number_of(msgspec.structs.replace(uri, context=""))
    return "" if digits.startswith("0") and not digits.startswith("00") else digits


def _members(value: str) -> list[str]:
    return list(islice(read_list(value), MOST))


def _asserted(value: str) -> str:
    """Return the first asserted telephone number, else the first name (RFC 3325: at most one sip and one tel URI)."""
    if (plain := _PLAIN.fullmatch(value)) is not None:
        return plain[2]
    said = [number for each in _members(value) if (number := _number(each)) and number != ANONYMOUS]
    return next((number for number in said if number.lstrip("+").isdecimal()), said[0] if said else "")


def _diverted(fields: Fields, b: str) -> str:
    """Return who forwarded the call last: the topmost Diversion (RFC 5806), else the last other target (RFC 7044)."""
    for each in _members(fields.get("Diversion", "")):
        if number := _number(each):
            return number
    for each in reversed(_members(fields.get("History-Info", ""))):
        if (number := _number(each)) and number != b:
            return number
    return ""
