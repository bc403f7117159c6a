"""Decides who calls whom: which of a request's fields gives the caller id, who forwarded it, whether it is to be private."""

from typing import NamedTuple

from lintas.interop.sip.message import Request
from lintas.interop.sip.uri import number_of, read_address, read_list, read_uri

ANONYMOUS = "anonymous"
#: Members of a list that are looked at: an honest call has few, and a hostile one must not cost more than that.
MOST = 20


class Parties(NamedTuple):
    """``a`` calls ``b``, numbers or names as they came; ``shown`` is the caller id in From where it is another than ``a``.

    ``diverted`` forwarded the call, "" for nobody; ``private``: the caller asked that its number be withheld (RFC 3323).
    """

    a: str
    shown: str
    b: str
    diverted: str
    private: bool


def parties(request: Request) -> Parties | None:
    """Read who calls whom; None where From or the Request-URI cannot be read.

    The caller id is P-Asserted-Identity's, which the network before vouches for (RFC 3325 §9.1), else From's. From is what a
    telephone shows; where it carries another number, both are told.
    """
    came_from, target = _number(request.one("from")), read_uri(request.uri)
    if came_from is None or target is None:
        return None
    b = number_of(target)
    fields = request.fields
    a = _asserted(fields["p-asserted-identity"]) if "p-asserted-identity" in fields else ""
    shown = came_from if a and came_from not in {a, ANONYMOUS, ""} else ""
    diverted = _diverted(request, b) if "diversion" in fields or "history-info" in fields else ""
    return Parties(
        a or came_from, shown, b, diverted, private=bool(fields.get("privacy")) and _private(fields["privacy"])
    )


def _number(text: str) -> str | None:
    address = read_address(text)
    uri = None if address is None else read_uri(address.uri)
    if uri is None:
        return None
    anonymous = uri.host == "anonymous.invalid" or uri.user.lower() == ANONYMOUS
    return ANONYMOUS if anonymous else number_of(uri)


def _members(values: list[str]) -> list[str]:
    found = []
    for member in read_list(values[:MOST]):
        found.append(member)
        if len(found) == MOST:
            break
    return found


def _asserted(values: list[str]) -> str:
    """Return the first asserted telephone number, else the first name (RFC 3325: at most one sip and one tel URI)."""
    said = [number for each in _members(values) if (number := _number(each)) and number != ANONYMOUS]
    return next((number for number in said if number.lstrip("+").isdecimal()), said[0] if said else "")


def _diverted(request: Request, b: str) -> str:
    """Return who forwarded the call last: the topmost Diversion (RFC 5806), else the last other target (RFC 7044)."""
    for each in _members(request.fields.get("diversion", [])):
        if number := _number(each):
            return number
    for each in reversed(_members(request.fields.get("history-info", []))):
        if (number := _number(each)) and number != b:
            return number
    return ""


def _private(values: list[str]) -> bool:
    words = {word.strip().lower() for value in values for word in value.replace(",", ";").split(";")}
    return bool(words & {"id", "user", "header"})
