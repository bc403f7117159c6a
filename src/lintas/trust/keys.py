"""Keys that sign, keys that open envelopes, and the key files they live in.

Signatures are Ed25519 (RFC 8032). Envelopes are opened with HPKE (RFC 9180) over ML-KEM-768 and X25519 together (X-Wing,
draft-connolly-cfrg-xwing-kem), so that an envelope copied today stays closed when one of the two is broken.
"""

import hashlib
import os
import secrets
import stat
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Protocol, Self

import msgspec
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

from lintas.model.errors import BadInput, Conflict, Refused

ED25519 = "ed25519"
SEED_BYTES = 32
#: Bytes of an ML-KEM-768 public key; the X25519 key of 32 bytes follows it.
MLKEM_PUBLIC_BYTES = 1184
KEM_PUBLIC_BYTES = MLKEM_PUBLIC_BYTES + 32
#: More signatures than this on one document help nobody: one now, a second algorithm later, two old keys while they change.
MAX_SIGNATURES = 4
#: What msgspec raises for bytes that are not of the announced form; text that is no UTF-8 is none of its own errors.
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
#: A key file is a few hundred bytes.
MAX_KEY_FILE = 65_536

_SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
KeyId = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{16}\Z")]


class PublicKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What others need to check a signature: the key's name, its algorithm, and its raw bytes (32 for ed25519)."""

    name: Name
    algorithm: Name
    key: bytes

    @property
    def key_id(self) -> str:
        """Return 16 hex digits of SHA-256(name || newline || algorithm || key): a hint which key to try, not a proof."""
        text = f"{self.name}\n{self.algorithm}".encode()
        return hashlib.sha256(text + self.key).hexdigest()[:16]


class Signer(Protocol):
    """Something that signs: a key file, a security module, or a quick stand-in inside a simulation."""

    name: str
    algorithm: str
    public: PublicKey

    def sign(self, message: bytes) -> bytes:
        """Return the signature over exactly these bytes."""
        ...


class Signature(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One signature beside the bytes that it signs."""

    algorithm: Name
    key_id: KeyId
    value: Annotated[bytes, msgspec.Meta(min_length=1, max_length=8192)]


#: (key, signature, message) -> None, or Refused; ``verify_signature`` unless a test harness brings its own algorithm.
Verify = Callable[[PublicKey, bytes, bytes], None]


class _SigningKeyFile(msgspec.Struct, tag_field="type", tag="lintas-signing-key-v1", forbid_unknown_fields=True):
    name: Name
    algorithm: Name
    seed: bytes


class _KemKeyFile(msgspec.Struct, tag_field="type", tag="lintas-envelope-key-v1", forbid_unknown_fields=True):
    seed: bytes


class Ed25519Signer:
    """An Ed25519 key whose 32-byte seed is held in memory."""

    def __init__(self, name: str, seed: bytes) -> None:
        if len(seed) != SEED_BYTES:
            raise BadInput(f"the seed of the key {name} has {len(seed)} bytes", f"give {SEED_BYTES}")
        self._seed = seed
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.name = name
        self.algorithm = ED25519
        self.public = PublicKey(name=name, algorithm=ED25519, key=self._key.public_key().public_bytes_raw())

    @classmethod
    def generate(cls, name: str) -> Self:
        """Make a fresh key."""
        return cls(name, secrets.token_bytes(SEED_BYTES))

    @classmethod
    def from_seed(cls, name: str, seed: bytes) -> Self:
        """Make the key of this seed (32 bytes); BadInput for any other length."""
        return cls(name, seed)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a key file; BadInput if it is no signing key or if others than its owner may read it."""
        try:
            held = msgspec.json.decode(load_secret(path), type=_SigningKeyFile)
        except UNREADABLE as wrong:
            raise BadInput(
                f"not a signing key ({wrong})", "restore the file from its backup", where=str(path)
            ) from None
        if held.algorithm != ED25519:
            raise BadInput(f"unknown algorithm {held.algorithm!r}", f"use an {ED25519} key", where=str(path))
        return cls(held.name, held.seed)

    def save(self, path: Path) -> None:
        """Write the key file, readable by its owner only; Conflict if there is one already."""
        save_secret(path, msgspec.json.encode(_SigningKeyFile(name=self.name, algorithm=ED25519, seed=self._seed)))

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte signature over exactly these bytes."""
        return self._key.sign(message)


class KemKey:
    """The private key that opens envelopes sealed to one authority: a 32-byte seed, expanded as X-Wing says."""

    def __init__(self, seed: bytes) -> None:
        if len(seed) != SEED_BYTES:
            raise BadInput(f"the seed of the envelope key has {len(seed)} bytes", f"give {SEED_BYTES}")
        self._seed = seed
        # draft-connolly-cfrg-xwing-kem section 5.2: 64 bytes for ML-KEM-768, then 32 for X25519.
        expanded = hashlib.shake_256(seed).digest(96)
        mlkem, x25519 = (
            MLKEM768PrivateKey.from_seed_bytes(expanded[:64]),
            X25519PrivateKey.from_private_bytes(expanded[64:]),
        )
        self._key = MLKEM768X25519PrivateKey(mlkem, x25519)
        self.public: bytes = mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()

    @classmethod
    def generate(cls) -> Self:
        """Make a fresh key."""
        return cls(secrets.token_bytes(SEED_BYTES))

    @classmethod
    def from_seed(cls, seed: bytes) -> Self:
        """Make the key of this seed (32 bytes); BadInput for any other length."""
        return cls(seed)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a key file; BadInput if it is no envelope key or if others than its owner may read it."""
        try:
            held = msgspec.json.decode(load_secret(path), type=_KemKeyFile)
        except UNREADABLE as wrong:
            raise BadInput(
                f"not an envelope key ({wrong})", "restore the file from its backup", where=str(path)
            ) from None
        return cls(held.seed)

    def save(self, path: Path) -> None:
        """Write the key file, readable by its owner only; Conflict if there is one already."""
        save_secret(path, msgspec.json.encode(_KemKeyFile(seed=self._seed)))

    def decrypt(self, ciphertext: bytes, *, info: bytes) -> bytes:
        """Open what ``encrypt_to`` closed with the same ``info``; Refused("undecryptable") otherwise."""
        try:
            return _SUITE.decrypt(ciphertext, self._key, info=info)
        except (InvalidTag, ValueError):
            raise Refused(
                "undecryptable",
                "this cannot be opened with the key held here",
                "ask the sender to seal it to the key in the current charter",
            ) from None


def encrypt_to(public: bytes, plaintext: bytes, *, info: bytes) -> bytes:
    """Close a plaintext to a KemKey's public bytes (1,216), bound to ``info``; BadInput if those bytes are no key."""
    try:
        return _SUITE.encrypt(plaintext, _kem_public(public), info=info)
    except ValueError:
        # OpenSSL notices an X25519 point of small order only when it is used.
        raise BadInput("this envelope key is weak: it leads to no secret", "ask its owner for another") from None


def verify_signature(key: PublicKey, signature: bytes, message: bytes) -> None:
    """Verify one signature; Refused("unknown_algorithm") or Refused("bad_signature"), otherwise nothing happens."""
    if key.algorithm != ED25519:
        raise Refused("unknown_algorithm", f"nobody here can check {key.algorithm!r} signatures", "sign with ed25519")
    try:
        _ed25519_public(key.key).verify(signature, message)
    except (InvalidSignature, ValueError):
        raise Refused(
            "bad_signature",
            f"the signature does not fit what was signed and the key {key.name}",
            "ask the sender to send it again; if that fails too, compare keys by telephone",
        ) from None


def sign_all(message: bytes, signers: Sequence[Signer]) -> tuple[Signature, ...]:
    """Sign the same bytes with each signer, 1 to MAX_SIGNATURES of them; BadInput otherwise."""
    if not 1 <= len(signers) <= MAX_SIGNATURES:
        raise BadInput(f"{len(signers)} signers", f"sign with 1 to {MAX_SIGNATURES}")
    return tuple(
        Signature(algorithm=each.algorithm, key_id=each.public.key_id, value=each.sign(message)) for each in signers
    )


def check_signatures(
    message: bytes, signatures: Sequence[Signature], keys: Sequence[PublicKey], verify: Verify = verify_signature
) -> tuple[str, ...]:
    """Return the ids of the keys that signed; Refused("unknown_key") if none is known, whatever ``verify`` says if one fails.

    A signature by a key that is not in ``keys`` counts for nothing, as C2SP signed-note has it, so that a second algorithm can
    be added before everybody knows it. Every signature by a known key must hold.
    """
    known = {key.key_id: key for key in keys}
    good: list[str] = []
    for each in signatures:
        key = known.get(each.key_id)
        if key is None:
            continue
        if key.algorithm != each.algorithm:
            raise Refused("bad_signature", f"the key {key.name} does not sign with {each.algorithm!r}", "send it again")
        verify(key, each.value, message)
        good.append(each.key_id)
    if not good:
        raise Refused(
            "unknown_key",
            "none of the signatures is by a current key of the signer named",
            "compare the charter versions of both sides",
        )
    return tuple(good)


def save_secret(path: Path, content: bytes) -> None:
    """Write a new file that only its owner may read (0600) and wait until it is on disk; Conflict if it exists."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Conflict(
            "there is a key file already", "move it away first; keys are never overwritten", where=str(path)
        ) from None
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def load_secret(path: Path) -> bytes:
    """Read a secret file of at most 64 kB; BadInput if group or others have any right on it."""
    with path.open("rb") as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        if mode & 0o077:
            raise BadInput(
                f"others may read or write this key file (mode {mode:04o})", f"run: chmod 600 {path}", where=str(path)
            )
        content = file.read(MAX_KEY_FILE + 1)
    if len(content) > MAX_KEY_FILE:
        raise BadInput("too large for a key file", "check the path", where=str(path))
    return content


# A node meets a few hundred keys and uses each of them thousands of times.
@lru_cache(maxsize=1024)
def _ed25519_public(raw: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(raw)


@lru_cache(maxsize=256)
def _kem_public(raw: bytes) -> MLKEM768X25519PublicKey:
    if len(raw) != KEM_PUBLIC_BYTES:
        raise BadInput(f"an envelope key has {KEM_PUBLIC_BYTES} bytes, this one {len(raw)}", "copy it whole")
    try:
        return MLKEM768X25519PublicKey(
            MLKEM768PublicKey.from_public_bytes(raw[:MLKEM_PUBLIC_BYTES]),
            X25519PublicKey.from_public_bytes(raw[MLKEM_PUBLIC_BYTES:]),
        )
    except ValueError:
        raise BadInput("these bytes are no envelope key", "copy it again from the charter") from None
