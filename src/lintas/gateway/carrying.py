"""Carries questions over HTTP, with mutual TLS to all but a plain exercise, and believes an answer by its operator's signature.

A client of each respondent's own: connections that wait for one are not taken from another.
"""

import base64
import binascii
import hashlib
import ssl
from pathlib import Path

import httpx
import msgspec

from lintas.gateway.asking import MOST_OF_ONE
from lintas.gateway.directory import Respondent
from lintas.model.errors import Refused, Unavailable
from lintas.node.delivery import read_answer
from lintas.node.tls import trusting
from lintas.telco.home.checks import SIGNED
from lintas.telco.records import CliAnswer, CliQuestion
from lintas.trust.keys import UNREADABLE, verify_signature

SIGNATURE = "lintas-signature"
MAX_ANSWER = 4096
_answer = msgspec.json.Decoder(CliAnswer).decode


class HttpCarrier:
    """Asks over HTTP/1.1; ``certificate`` and ``key`` (PEM files) are what the gateway shows of itself."""

    def __init__(self, certificate: Path | None = None, key: Path | None = None) -> None:
        self._certificate, self._key = certificate, key
        self._clients: dict[str, httpx.AsyncClient] = {}

    async def carry(self, to: Respondent, question: CliQuestion) -> CliAnswer:
        """Return the answer; Unavailable where there is none, Refused ("bad_signature") where another one signed it."""
        client = self._clients.get(to.name) or self._client(to)
        asked = msgspec.json.encode(question)
        headers = {"content-type": "application/json", "accept-encoding": "identity", **dict(to.headers)}
        async with client.stream("POST", to.url + to.path, content=asked, headers=headers) as response:
            body = await read_answer(response, MAX_ANSWER)
        if response.status_code != httpx.codes.OK:
            raise Unavailable(f"{to.name} answered {response.status_code}", "see its settings for this gateway")
        check(to, asked, body, response.headers.get(SIGNATURE, ""))
        try:
            return _answer(body)
        except UNREADABLE:
            raise Unavailable(f"{to.name} answered something else", "ask it which version it runs") from None

    def _client(self, to: Respondent) -> httpx.AsyncClient:
        limits = httpx.Limits(max_connections=MOST_OF_ONE, max_keepalive_connections=MOST_OF_ONE)
        client = httpx.AsyncClient(verify=self._context(to), limits=limits, timeout=2.0, trust_env=False)
        self._clients[to.name] = client
        return client

    def _context(self, to: Respondent) -> ssl.SSLContext:
        context = trusting(to.certificate) if to.certificate else ssl.create_default_context()
        if self._certificate is not None and self._key is not None:
            context.load_cert_chain(self._certificate, self._key)
        return context

    async def close(self) -> None:
        """Close all connections."""
        for client in self._clients.values():
            await client.aclose()


def check(of: Respondent, question: bytes, answer: bytes, signature: str) -> None:
    """Check that an operator signed this answer to this question; Refused when not."""
    if of.key is None:
        return
    try:
        signed = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        raise Refused("bad_signature", f"the answer of {of.name} is not signed", "ask whose key it uses") from None
    verify_signature(of.key, signed, SIGNED + hashlib.sha256(question).digest() + answer)
