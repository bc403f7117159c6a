"""The key that keeps secrets of people in a database closed to whoever gets the database alone."""

import hmac
import secrets
from functools import cached_property
from pathlib import Path
from typing import Self

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from lintas.model.errors import BadInput, Refused
from lintas.trust.keys import SEED_BYTES, UNREADABLE, load_secret, save_secret

_NONCE = 12


class _VaultKeyFile(msgspec.Struct, tag_field="type", tag="lintas-vault-key-v1", forbid_unknown_fields=True):
    seed: bytes


class VaultKey:
    """A 32-byte seed, from which one key for each use is derived (HKDF, RFC 5869)."""

    def __init__(self, seed: bytes) -> None:
        if len(seed) != SEED_BYTES:
            raise BadInput(f"the seed of the vault's key has {len(seed)} bytes", f"give {SEED_BYTES}")
        self._seed = seed

    @classmethod
    def generate(cls) -> Self:
        """Make a fresh key."""
        return cls(secrets.token_bytes(SEED_BYTES))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a key file; BadInput if it is no such key or if others than its owner may read it."""
        try:
            held = msgspec.json.decode(load_secret(path), type=_VaultKeyFile)
        except UNREADABLE as wrong:
            raise BadInput(
                f"not a vault's key ({wrong})", "restore the file from its backup", where=str(path)
            ) from None
        return cls(held.seed)

    def save(self, path: Path) -> None:
        """Write the key file, readable by its owner only; Conflict if there is one already."""
        save_secret(path, msgspec.json.encode(_VaultKeyFile(seed=self._seed)))

    def seal(self, secret: bytes, about: str) -> bytes:
        """Close a secret (AES-256-GCM), bound to what it is about: nobody can put it in another's place."""
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._cipher.encrypt(nonce, secret, about.encode())

    def open(self, sealed: bytes, about: str) -> bytes:
        """Open what ``seal`` closed about the same thing; Refused("undecryptable") otherwise."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], about.encode())
        except (InvalidTag, ValueError):
            raise Refused(
                "undecryptable", "this was not closed with the key held here", "restore the key file"
            ) from None

    def tag(self, text: str) -> bytes:
        """Return 32 bytes by which a text is known again and not read."""
        return hmac.digest(self._tags, text.encode("utf-8", "replace"), "sha256")

    @cached_property
    def pepper(self) -> bytes:
        """Return what is mixed into the hash of each password, so that the hashes alone let nobody guess."""
        return self._derive(b"lintas/vault/pepper")

    @cached_property
    def _cipher(self) -> AESGCM:
        return AESGCM(self._derive(b"lintas/vault/seal"))

    @cached_property
    def _tags(self) -> bytes:
        return self._derive(b"lintas/vault/tag")

    def _derive(self, use: bytes) -> bytes:
        return HKDF(SHA256(), SEED_BYTES, None, use).derive(self._seed)
