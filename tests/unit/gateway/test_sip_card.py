"""The card of a 608 answer is a JWS that the certificate's own key signed (RFC 8688, RFC 7515)."""

import base64
import datetime
import json

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from lintas.gateway.sip.card import jcard, sign_card
from lintas.gateway.sip.settings import Redress
from lintas.model.errors import BadInput

REDRESS = Redress(url="https://redress.example/", tel="+9992110000", email="help@redress.example")


def pem(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def certificate(key: ec.EllipticCurvePrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "XATL")])
    now = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    built = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + datetime.timedelta(days=365))
    return built.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def plain(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def test_the_card_is_signed_by_the_key_of_its_certificate() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    head, body, signature = sign_card(jcard("XATL", REDRESS), pem(key), certificate(key), 1_800_000_000).split(".")
    told = json.loads(plain(head))
    assert (told["alg"], told["typ"]) == ("ES256", "vcard+json")
    signer = x509.load_der_x509_certificate(base64.b64decode(told["x5c"][0])).public_key()
    assert isinstance(signer, ec.EllipticCurvePublicKey)
    r, s = plain(signature)[:32], plain(signature)[32:]
    der = encode_dss_signature(int.from_bytes(r), int.from_bytes(s))
    signer.verify(der, f"{head}.{body}".encode(), ec.ECDSA(hashes.SHA256()))
    said = json.loads(plain(body))
    assert said["iat"] == 1_800_000_000
    assert ["url", {}, "uri", "https://redress.example/"] in said["jcard"][1]
    assert ["tel", {"type": "voice"}, "uri", "tel:+9992110000"] in said["jcard"][1]


def test_keys_that_do_not_fit_are_refused() -> None:
    key, other = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    wrong = [
        pem(other),
        pem(ec.generate_private_key(ec.SECP384R1())),
        pem(ed25519.Ed25519PrivateKey.generate()),
        b"",
        b"noise",
    ]
    for each in wrong:
        with pytest.raises(BadInput):
            sign_card([], each, certificate(key), 0)
    with pytest.raises(BadInput):
        sign_card([], pem(key), b"noise", 0)
