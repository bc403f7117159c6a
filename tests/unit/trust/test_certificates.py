"""Certificates: a real TLS stack accepts them for their names, both ways, and for nothing else."""

import hashlib
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from lintas.model.errors import BadInput
from lintas.trust.certificates import TlsIdentity, fingerprint, fingerprint_of_der, self_signed

NOW = datetime.now(UTC)
HOSTS = ["node.xa.example", "127.0.0.1", "::1"]


@pytest.fixture(scope="module")
def xa() -> TlsIdentity:
    return self_signed(HOSTS, now=NOW, name="xa-asc")


@pytest.fixture(scope="module")
def xb() -> TlsIdentity:
    return self_signed(["node.xb.example", "localhost"], now=NOW)


def context(side: int, own: TlsIdentity, trusted: TlsIdentity, folder: Path) -> ssl.SSLContext:
    chain = folder / f"{side}.pem"
    chain.write_text(own.certificate_pem + own.key_pem)
    made = ssl.SSLContext(side)
    made.minimum_version = ssl.TLSVersion.TLSv1_3
    made.load_cert_chain(chain)
    made.load_verify_locations(cadata=trusted.certificate_pem)
    made.verify_mode = ssl.CERT_REQUIRED
    made.verify_flags |= ssl.VERIFY_X509_STRICT
    return made


def shake_hands(client: ssl.SSLContext, server: ssl.SSLContext, host: str) -> tuple[bytes, bytes]:
    """Run a TLS handshake through memory; return the DER certificate that each side saw."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    near = client.wrap_bio(to_client, to_server, server_hostname=host)
    far = server.wrap_bio(to_server, to_client, server_side=True)
    waiting = [near, far]
    for _ in range(10):
        for side in list(waiting):
            try:
                side.do_handshake()
                waiting.remove(side)
            except ssl.SSLWantReadError:
                continue
    assert not waiting
    return near.getpeercert(binary_form=True) or b"", far.getpeercert(binary_form=True) or b""


@pytest.mark.parametrize("host", ["node.xa.example", "127.0.0.1", "::1"])
def test_mutual_tls_with_pinned_certificates(xa: TlsIdentity, xb: TlsIdentity, tmp_path: Path, host: str) -> None:
    client = context(ssl.PROTOCOL_TLS_CLIENT, xb, xa, tmp_path)
    server = context(ssl.PROTOCOL_TLS_SERVER, xa, xb, tmp_path)
    of_server, of_client = shake_hands(client, server, host)
    assert fingerprint_of_der(of_server) == fingerprint(xa.certificate_pem)
    assert fingerprint_of_der(of_client) == fingerprint(xb.certificate_pem)


def test_another_host_and_another_certificate_are_refused(xa: TlsIdentity, xb: TlsIdentity, tmp_path: Path) -> None:
    server = context(ssl.PROTOCOL_TLS_SERVER, xa, xb, tmp_path)
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(context(ssl.PROTOCOL_TLS_CLIENT, xb, xa, tmp_path), server, "node.xb.example")
    imposter = self_signed(HOSTS, now=NOW, name="xa-asc")
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(context(ssl.PROTOCOL_TLS_CLIENT, xb, imposter, tmp_path), server, "node.xa.example")


def test_the_certificate_says_what_was_asked_for() -> None:
    made = self_signed(HOSTS, now=datetime(2026, 3, 1, 10, 7, tzinfo=UTC), days=200, name="xa-asc")
    certificate = x509.load_pem_x509_certificate(made.certificate_pem.encode())
    assert certificate.not_valid_before_utc == datetime(2026, 2, 28, 10, 7, tzinfo=UTC)
    assert certificate.not_valid_after_utc == datetime(2026, 3, 1, 10, 7, tzinfo=UTC) + timedelta(days=200)
    assert certificate.subject.rfc4514_string() == "CN=xa-asc"
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["node.xa.example"]
    assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_the_fingerprint_is_sha256_of_der(xa: TlsIdentity) -> None:
    der = ssl.PEM_cert_to_DER_cert(xa.certificate_pem)
    assert fingerprint(xa.certificate_pem) == hashlib.sha256(der).hexdigest() == fingerprint_of_der(der)


def test_a_long_name_is_cut_to_what_x509_allows() -> None:
    made = self_signed(["node.xa.example"], now=NOW, name="สำนักงาน" * 20)
    common = x509.load_pem_x509_certificate(made.certificate_pem.encode()).subject.rfc4514_string()
    assert common == "CN=" + ("สำนักงาน" * 20)[:21]


def test_two_certificates_never_share_a_fingerprint(xa: TlsIdentity) -> None:
    again = self_signed(HOSTS, now=NOW, name="xa-asc")
    assert fingerprint(again.certificate_pem) != fingerprint(xa.certificate_pem)


@pytest.mark.parametrize("pem", ["", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_what_is_no_certificate_has_no_fingerprint(pem: str) -> None:
    with pytest.raises(BadInput, match="PEM certificate"):
        fingerprint(pem)


def test_two_certificates_in_one_text_have_no_fingerprint(xa: TlsIdentity, xb: TlsIdentity) -> None:
    with pytest.raises(BadInput, match="once"):
        fingerprint(xa.certificate_pem + xb.certificate_pem)


@pytest.mark.parametrize("hosts", [[], [""], [" node.example"], ["a" * 64 + ".example"], ["node..example"]])
def test_hosts_that_are_none_are_bad_input(hosts: list[str]) -> None:
    with pytest.raises(BadInput):
        self_signed(hosts, now=NOW)


@pytest.mark.parametrize("days", [0, -1, 10_000_000])
def test_days_out_of_range_are_bad_input(days: int) -> None:
    with pytest.raises(BadInput):
        self_signed(["node.xa.example"], now=NOW, days=days)
