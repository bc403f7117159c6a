"""Who signs in a simulated world: quick keyed-hash keys or Ed25519, certificates and charters, all made from a seed."""

import hashlib
import hmac
import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from lintas.ledger.checkpoint import log_key
from lintas.ledger.cosignature import witness_key
from lintas.model.errors import Refused
from lintas.trust.charter import Charter, Member, SignedCharter, SigningKey, WitnessEntry, endorse, write_charter
from lintas.trust.keys import Ed25519Signer, KemKey, PublicKey, Signer, verify_signature

KEYED_HASH = "keyed-hash"


class Keyring:
    """The signing keys of one world: makes signers, and verifies what they sign.

    A keyed hash proves nothing to a stranger, so the ring knows every secret; nobody else in the world does.
    """

    def __init__(self, seed: int, *, quick: bool) -> None:
        self._rng = random.Random(f"keys {seed}")
        self._quick = quick
        self._secrets: dict[bytes, bytes] = {}
        self.publics: list[PublicKey] = []

    def signer(self, name: str) -> Signer:
        """Make a fresh signing key."""
        secret = self._rng.randbytes(32)
        made: Signer = KeyedHash(name, secret) if self._quick else Ed25519Signer(name, secret)
        self._secrets[made.public.key] = secret
        self.publics.append(made.public)
        return made

    def verify(self, key: PublicKey, signature: bytes, message: bytes) -> None:
        """Verify as ``verify_signature`` does, keyed hashes too; Refused("bad_signature")."""
        if key.algorithm != KEYED_HASH:
            verify_signature(key, signature, message)
            return
        secret = self._secrets.get(key.key, b"")
        if not secret or not hmac.compare_digest(signature, hmac.digest(secret, message, "sha256")):
            raise Refused("bad_signature", f"the signature does not fit the key {key.name}", "send it again")


class KeyedHash:
    """A signer whose signature is HMAC-SHA-256; its public key names the secret without showing it."""

    algorithm = KEYED_HASH

    def __init__(self, name: str, secret: bytes) -> None:
        self.name, self._secret = name, secret
        self.public = PublicKey(name=name, algorithm=KEYED_HASH, key=hashlib.sha256(secret).digest())

    def sign(self, message: bytes) -> bytes:
        """Return the 32 bytes over exactly these bytes."""
        return hmac.digest(self._secret, message, "sha256")


@lru_cache(maxsize=16)
def certificate(name: str) -> str:
    """Make the TLS certificate of a member; the same name gives the same bytes."""
    key = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), 1, start, start + timedelta(days=3650))
    return builder.sign(key, None).public_bytes(Encoding.PEM).decode()


@lru_cache(maxsize=16)
def kem_key(name: str) -> KemKey:
    """Make the key that opens what is sealed to a member."""
    return KemKey(hashlib.sha256(f"kem {name}".encode()).digest())


@lru_cache(maxsize=16)
def log_signer(name: str) -> Ed25519Signer:
    """Make the key that signs a member's ledger."""
    return Ed25519Signer(f"{name} ledger", hashlib.sha256(f"log {name}".encode()).digest())


def log_origin(authority: str) -> str:
    """Name a member's ledger."""
    return f"{authority}.example/log"


@lru_cache(maxsize=16)
def _ledger_lines(authority: str) -> tuple[str, str]:
    witness = Ed25519Signer(f"{authority}-witness", hashlib.sha256(f"witness {authority}".encode()).digest())
    return str(log_key(log_origin(authority), log_signer(authority))), str(witness_key(f"{authority}-witness", witness))


def member(authority: str, jurisdiction: str, keys: Iterable[SigningKey]) -> Member:
    """Return what a charter says about a member."""
    log_vkey, witness_vkey = _ledger_lines(authority)
    return Member(
        authority=authority,
        jurisdiction=jurisdiction,
        name=f"Authority {authority}",
        signing_keys=tuple(keys),
        kem_public=kem_key(authority).public,
        tls_certificate=certificate(authority),
        exchange_url=f"https://{authority}.example:8443",
        public_url=f"https://{authority}.example",
        log_vkey=log_vkey,
        witness=WitnessEntry(
            name=f"{authority}-witness", vkey=witness_vkey, url=f"https://witness.{authority}.example"
        ),
    )


def charter(
    members: Iterable[Member], quorum: int, endorsers: Iterable[tuple[str, Signer]], previous: SignedCharter | None
) -> SignedCharter:
    """Write the next charter, endorsed."""
    signed = write_charter(
        Charter(
            version=1 if previous is None else previous.charter.version + 1,
            exercise=True,
            previous="" if previous is None else previous.sha256,
            quorum=quorum,
            members=tuple(members),
        )
    )
    for authority, signer in endorsers:
        signed = endorse(signed, authority, signer)
    return signed
