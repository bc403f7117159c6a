"""What an operator configures of the SIP face: addresses, who may ask, the status codes, where a blocked caller can object."""

import ipaddress
import re
from typing import Literal

import msgspec

from lintas.model.errors import BadInput
from lintas.telco.records import Trunk

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

#: What may stand in a quoted header value without being escaped, and must not break out of a parameter or an angle bracket.
_SAFE = re.compile(r"[\x21\x23-\x3a\x3d\x3f-\x5b\x5d-\x7e]*")
_LABEL = re.compile(r"[^\x00-\x1f\x7f\"\\<>]{0,60}")
_TARGET = re.compile(r"sips?:[^\s<>\"@]{1,64}@[A-Za-z0-9.\-:\[\]]{1,128}|tel:\+[0-9]{3,15}")


class Source(msgspec.Struct, frozen=True):
    """A network that may ask, and the trunk class of the calls that come from it."""

    network: Network
    trunk: Trunk = "international"


class Redress(msgspec.Struct, frozen=True, kw_only=True):
    """Where a blocked caller can object: ``url`` (``{id}`` becomes the redress id), and if there are, telephone and e-mail."""

    url: str
    tel: str = ""
    email: str = ""

    def __post_init__(self) -> None:
        """Refuse what would not fit into a header (BadInput)."""
        for name in ("url", "tel", "email"):
            if _SAFE.fullmatch(getattr(self, name)) is None or len(getattr(self, name)) > 200:
                raise BadInput(
                    f"{name} of redress cannot stand in a header", "no spaces, quotes, semicolons or brackets"
                )
        if not self.url.startswith(("https://", "http://")):
            raise BadInput("the redress address is no URL", "write https://NODE/redress/{id}")

    def url_of(self, redress_id: str) -> str:
        """Return the address for one block."""
        return self.url.replace("{id}", redress_id)


class SipSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The SIP face. Times in milliseconds unless the name says seconds; a port of 0 takes any.

    ``allow``: what a call that may go on is answered, 302 with a verdict or the pass code. ``blocks``: 603 (ATIS-1000099) or
    608 (RFC 8688, with ``card_url``). ``strangers``: sources of no configured network hear 403 or nothing; over UDP they may be
    forged. ``calls_per_second`` bounds what one source may ask; above it calls are passed unasked, above twice that unheard.
    """

    host: str = "127.0.0.1"
    port: int = 5060
    sources: tuple[Source, ...] = (Source(ipaddress.ip_network("127.0.0.0/8")), Source(ipaddress.ip_network("::1/128")))
    strangers: Literal["403", "silence"] = "silence"
    allow: Literal["continue", "pass"] = "continue"
    pass_code: Literal[404, 503] = 404
    blocks: Literal[603, 608] = 603
    redress: Redress | None = None
    card_url: str = ""
    label: str = "Suspected scam"
    divert_to: str = ""
    deadline_ms: int = 350
    trying_ms: int = 150
    calls_per_second: int = 10_000
    pending: int = 10_000
    transactions: int = 131_072
    connections: int = 256
    idle_seconds: float = 300.0

    def __post_init__(self) -> None:
        """Refuse settings that cannot work (BadInput)."""
        if not self.sources:
            raise BadInput("nobody may ask", "name at least one source network")
        if self.blocks == 608 and not self.card_url.startswith(("https://", "http://")):
            raise BadInput("608 needs the address of a signed card (RFC 8688)", "write one with: lintas telco card")
        if _SAFE.fullmatch(self.card_url) is None or len(self.card_url) > 200:
            raise BadInput("the card's address cannot stand in a header", "no spaces, quotes, semicolons or brackets")
        if _LABEL.fullmatch(self.label) is None:
            raise BadInput("the label cannot stand in a header", "at most 60 characters, no quotes or brackets")
        if self.divert_to and _TARGET.fullmatch(self.divert_to) is None:
            raise BadInput("calls cannot be diverted there", "write sip:name@host or tel:+number")
        if not 0 < self.deadline_ms < 500:
            raise BadInput("the deadline must be below 500 ms", "a caller that hears nothing asks again then (T1)")
