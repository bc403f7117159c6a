"""Carries questions over HTTP, with mutual TLS to all but a plain exercise, and believes an answer by its operator's signature.

Each respondent has connections of its own: those that wait for one are not taken from another.
"""

import asyncio
import base64
import binascii
import hashlib
import ssl
from pathlib import Path

import msgspec

from lintas.gateway.asking.directory import Respondent
from lintas.gateway.asking.wire import Wire
from lintas.model.errors import Refused, Unavailable
from lintas.node.tls import trusting
from lintas.telco.home.checks import SIGNED
from lintas.telco.records import CliAnswer, CliQuestion
from lintas.trust.keys import UNREADABLE, verify_signature

SIGNATURE = "lintas-signature"
OK = 200
_answer = msgspec.json.Decoder(CliAnswer).decode


class HttpCarrier:
    """Asks over HTTP/1.1; ``certificate`` and ``key`` (PEM files) are what the gateway shows of itself."""

    def __init__(self, certificate: Path | None = None, key: Path | None = None) -> None:
        self._certificate, self._key = certificate, key
        self._wires: dict[str, Wire] = {}

    async def carry(self, to: Respondent, question: CliQuestion) -> CliAnswer:
        """Return the answer; Unavailable where there is none, Refused ("bad_signature") where another one signed it."""
        wire = self._wires.get(to.name)
        if wire is None:
            wire = self._wires[to.name] = Wire(to.url, self._context(to))
        asked = msgspec.json.encode(question)
        said = await wire.post(to.path, asked, {"content-type": "application/json", **dict(to.headers)})
        if said.status != OK:
            raise Unavailable(f"{to.name} answered {said.status}", "see its settings for this gateway")
        check(to, asked, said.body, said.headers.get(SIGNATURE, ""))
        try:
            return _answer(said.body)
        except UNREADABLE:
            raise Unavailable(f"{to.name} answered something else", "ask it which version it runs") from None

    def _context(self, to: Respondent) -> ssl.SSLContext | None:
        if to.url.startswith("http://"):
            return None
        context = trusting(to.certificate) if to.certificate else ssl.create_default_context()
        if self._certificate is not None and self._key is not None:
            context.load_cert_chain(self._certificate, self._key)
        return context

    async def close(self) -> None:
        """Close all connections."""
        for wire in self._wires.values():
            wire.close()
        # An aborted connection is closed by the loop's next turn.
        await asyncio.sleep(0)


def check(of: Respondent, question: bytes, answer: bytes, signature: str) -> None:
    """Check that an operator signed this answer to this question; Refused when not."""
    if of.key is None:
        return
    try:
        signed = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        raise Refused("bad_signature", f"the answer of {of.name} is not signed", "ask whose key it uses") from None
    verify_signature(of.key, signed, SIGNED + hashlib.sha256(question).digest() + answer)
