"""Hashes passwords: argon2id (RFC 9106), slow and hungry on purpose, so it runs off the event loop and two at once."""

import os

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

_MEMORY_KIB, _PASSES, _LANES, _LENGTH = 64 * 1024, 3, 1, 32
#: Compared where no such officer is: the answer takes as long as for one that is there. It fits nothing.
NOBODYS = f"$argon2id$v=19$m={_MEMORY_KIB},t={_PASSES},p={_LANES}$bGludGFzLW5vYm9keXMh${'A' * 43}"


def hashed(password: bytes, pepper: bytes) -> str:
    """Return the hash of a password as a PHC string; takes about a tenth of a second and 64 MiB."""
    made = Argon2id(
        salt=os.urandom(16), length=_LENGTH, iterations=_PASSES, lanes=_LANES, memory_cost=_MEMORY_KIB, secret=pepper
    )
    return made.derive_phc_encoded(password)


def fits(password: bytes, phc: str, pepper: bytes) -> bool:
    """Tell whether a password is the one that was hashed."""
    try:
        Argon2id.verify_phc_encoded(password, phc, secret=pepper)
    except InvalidKey:
        return False
    return True
