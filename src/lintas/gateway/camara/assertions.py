"""Clients that prove themselves by a signature (private_key_jwt): RFC 7523 section 3, RFC 7515, and CAMARA's profile.

Whoever steals the register gets public keys only, and an assertion that was overheard is used up and soon over.
"""

import base64
import binascii
from typing import Annotated

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from lintas.gateway.camara.clients import Client, client_key
from lintas.model.errors import BadInput
from lintas.model.times import Clock

#: The value of ``client_assertion_type`` (RFC 7523 section 2.2).
KIND = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#: Longest life of an assertion, seconds (CAMARA Security and Interoperability Profile, Client Authentication).
LONGEST = 300
#: How far the client's clock may be ahead, seconds.
_AHEAD = 10
_LARGEST = 8192


class _Header(msgspec.Struct):
    alg: str
    #: Extensions that must be understood (RFC 7515 section 4.1.11): none is.
    crit: list[str] = []


class _Claims(msgspec.Struct):
    iss: str
    sub: str
    aud: str | list[str]
    exp: float
    jti: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    iat: float | None = None


class Assertions:
    """Checks assertions made for one token endpoint, and remembers those that were used until they are over."""

    def __init__(self, audience: str, clock: Clock) -> None:
        self._audience, self._clock = audience, clock
        self._used: dict[tuple[str, str], float] = {}

    def proves(self, client: Client, assertion: str) -> bool:
        """Tell whether an assertion is this client's own, for us, now, and for the first time."""
        claims = _verified(client, assertion)
        if claims is None or not self._audience or not claims.iss == claims.sub == client.id:
            return False
        if self._audience not in ([claims.aud] if isinstance(claims.aud, str) else claims.aud):
            return False
        now = self._clock.now().timestamp()
        issued = now if claims.iat is None else claims.iat
        if not now < claims.exp <= now + LONGEST or issued > now + _AHEAD or claims.exp - issued > LONGEST:
            return False
        self._used = {name: until for name, until in self._used.items() if until > now}
        if (client.id, claims.jti) in self._used:
            return False
        self._used[client.id, claims.jti] = claims.exp
        return True


def claimed(assertion: str) -> str:
    """Return whose assertion it says that it is, unverified; "" for what cannot be read."""
    claims = _read(assertion)
    return claims[1].sub if claims else ""


def _verified(client: Client, assertion: str) -> _Claims | None:
    read = _read(assertion)
    if read is None or not client.public_key:
        return None
    header, claims, signed, signature = read
    try:
        key = client_key(client.public_key)
        if isinstance(key, Ed25519PublicKey):
            if header.alg not in ("EdDSA", "Ed25519"):
                return None
            key.verify(signature, signed)
        elif header.alg != "ES256" or len(signature) != 64:
            return None
        else:
            r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
            key.verify(encode_dss_signature(r, s), signed, ECDSA(SHA256()))
    except (InvalidSignature, BadInput):
        return None
    return claims


def _read(assertion: str) -> tuple[_Header, _Claims, bytes, bytes] | None:
    """Take a compact JWS apart: header, claims, what was signed, the signature; None for what is none."""
    parts = assertion.split(".")
    if len(parts) != 3 or len(assertion) > _LARGEST or not assertion.isascii():
        return None
    try:
        header = msgspec.json.decode(_bytes(parts[0]), type=_Header)
        claims = msgspec.json.decode(_bytes(parts[1]), type=_Claims)
        signature = _bytes(parts[2])
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return None if header.crit else (header, claims, f"{parts[0]}.{parts[1]}".encode(), signature)


def _bytes(text: str) -> bytes:
    """Decode base64url without padding (RFC 7515 section 2)."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise ValueError("no base64url") from None
