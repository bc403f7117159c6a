"""Self-signed TLS certificates, trusted only because their fingerprint stands in the charter.

There is no certificate authority above the members: a certificate is its own root, is no root for any other, and serves as
server and as client, since every connection between members is mutual TLS.
"""

import ipaddress
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lintas.model.errors import BadInput

#: Ten years: longer than any story that a demo or a court tells with one certificate.
DAYS = 3653
#: A peer whose clock is behind must not see a certificate of tomorrow.
BACKDATE = timedelta(days=1)
#: X.509 allows so many bytes in a common name.
MAX_COMMON_NAME = 64
#: A host name after IDNA; the leading star of a wildcard is not for a door that is pinned.
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252}[A-Za-z0-9_.])?")


class TlsIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate and its private key, both PEM text; the key is PKCS#8, not encrypted: save it with ``keys.save_secret``."""

    certificate_pem: str
    key_pem: str


def self_signed(hosts: Sequence[str], *, now: datetime, days: int = DAYS, name: str = "") -> TlsIdentity:
    """Make an ECDSA P-256 certificate for host names and IP addresses, valid from the day before ``now`` for ``days`` days.

    ``name`` becomes the common name, which nobody checks; the first host if empty. BadInput for no host, a host that is
    neither, fewer days than one, or an end beyond the year 9999.
    """
    if not hosts or days < 1:
        raise BadInput(f"{len(hosts)} hosts, {days} days", "give at least one host name or IP address and one day")
    try:
        end = now + timedelta(days=days)
    except OverflowError:
        raise BadInput(f"a certificate cannot last {days} days", "give fewer days") from None
    names = [_general_name(host) for host in hosts]
    key = ec.generate_private_key(ec.SECP256R1())
    common_name = (name or hosts[0]).encode()[:MAX_COMMON_NAME].decode(errors="ignore")
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now.astimezone(UTC) - BACKDATE)
        .not_valid_after(end.astimezone(UTC))
    )
    for extension, critical in _extensions(names, key.public_key()):
        builder = builder.add_extension(extension, critical)
    return TlsIdentity(
        certificate_pem=builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode(),
        key_pem=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
    )


@lru_cache(maxsize=1024)
def fingerprint(pem: str) -> str:
    """Return the hex SHA-256 of the certificate's DER form; BadInput unless the text is exactly one certificate."""
    try:
        found = x509.load_pem_x509_certificates(pem.encode())
    except ValueError:
        found = []
    if len(found) != 1:
        raise BadInput("this is not one PEM certificate", "give the text from BEGIN to END CERTIFICATE, once")
    return found[0].fingerprint(hashes.SHA256()).hex()


def fingerprint_of_der(der: bytes) -> str:
    """Return the same for the form in which a TLS connection shows its peer (``getpeercert(binary_form=True)``)."""
    digest = hashes.Hash(hashes.SHA256())
    digest.update(der)
    return digest.finalize().hex()


def _extensions(
    names: Sequence[x509.GeneralName], key: ec.EllipticCurvePublicKey
) -> list[tuple[x509.ExtensionType, bool]]:
    signs_handshakes_only = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    return [
        (x509.SubjectAlternativeName(names), False),
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (signs_handshakes_only, True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), False),
        (x509.SubjectKeyIdentifier.from_public_key(key), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(key), False),
    ]


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        ascii_form = host.encode("idna").decode()
    except UnicodeError:
        ascii_form = ""
    if _HOST.fullmatch(ascii_form) is None:
        raise BadInput(f"{host!r} is neither a host name nor an IP address", "write e.g. node.xa.example or 127.0.0.1")
    return x509.DNSName(ascii_form)
