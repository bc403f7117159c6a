"""Signs the card that a 608 answer points to (RFC 8688 §3.2): who blocked the call and where to object, as jCard in a JWS."""

import base64

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from lintas.gateway.sip.settings import Redress
from lintas.model.errors import BadInput


def jcard(name: str, redress: Redress) -> list[object]:
    """Return the card (RFC 7095): the blocker's name, and where a caller objects."""
    lines: list[object] = [["version", {}, "text", "4.0"], ["fn", {}, "text", name], ["url", {}, "uri", redress.url]]
    if redress.tel:
        lines.append(["tel", {"type": "voice"}, "uri", f"tel:{redress.tel}"])
    if redress.email:
        lines.append(["email", {"type": "work"}, "text", redress.email])
    return ["vcard", lines]


def sign_card(card: list[object], key_pem: bytes, certificates_pem: bytes, issued: int) -> str:
    """Return the card as a compact JWS: ES256, the certificate chain in ``x5c``, ``iat`` in seconds since 1970.

    BadInput where the key is no P-256 key or the first certificate is another key's.
    """
    key = _key(key_pem)
    try:
        chain = x509.load_pem_x509_certificates(certificates_pem)
    except ValueError:
        raise BadInput(
            "no certificates in PEM", "give the chain, the signer's own first", where="--certificate"
        ) from None
    if chain[0].public_key() != key.public_key():
        raise BadInput("the first certificate is another key's", "give the chain of this key", where="--certificate")
    x5c = [base64.b64encode(each.public_bytes(Encoding.DER)).decode() for each in chain]
    head = {"alg": "ES256", "typ": "vcard+json", "x5c": x5c}
    told = f"{_coded(head)}.{_coded({'iat': issued, 'jcard': card})}"
    r, s = decode_dss_signature(key.sign(told.encode(), ec.ECDSA(hashes.SHA256())))
    # JWS takes the two numbers side by side, not DER (RFC 7518 §3.4).
    return f"{told}.{_base64(r.to_bytes(32) + s.to_bytes(32))}"


def _key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise BadInput("no P-256 key in PEM", "make one with: openssl ecparam -name prime256v1 -genkey", where="--key")
    return key


def _coded(value: object) -> str:
    return _base64(msgspec.json.encode(value))


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
