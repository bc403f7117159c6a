"""Cosignatures (C2SP tlog-cosignature): a witness's timestamped statement that a checkpoint extends all it saw before."""

import struct
from datetime import UTC, datetime

from lintas.model.errors import CheckFailed
from lintas.trust.keys import Signer
from lintas.trust.note import (
    COSIGNATURE_ED25519,
    ED25519,
    NoteVerifier,
    Signature,
    VerifierKey,
    check_ed25519,
    verify_ed25519,
)

_TIME_BYTES = 8


def witness_key(name: str, signer: Signer) -> VerifierKey:
    """Return the verifier key of a witness that cosigns under ``name``."""
    return VerifierKey(name, COSIGNATURE_ED25519, signer.public.key)


def cosign(text: str, name: str, signer: Signer, at: datetime) -> Signature:
    """Return the cosignature/v1 line over a checkpoint's text, stated at ``at`` (whole seconds)."""
    seconds = int(at.timestamp())
    key = witness_key(name, signer)
    return Signature(name, key.key_id, struct.pack(">Q", seconds) + signer.sign(_message(text, seconds)))


def cosigned_at(signature: Signature) -> datetime:
    """Return the moment a cosignature states."""
    try:
        return datetime.fromtimestamp(_seconds(signature), UTC)
    except (ValueError, OverflowError, OSError):
        raise CheckFailed(f"the cosignature of {signature.name} states no real time") from None


def verify_cosignature(text: str, key: VerifierKey, signature: Signature) -> None:
    """Check a cosignature/v1; CheckFailed when it is bad."""
    seconds = _seconds(signature)
    check_ed25519(key, signature.blob[_TIME_BYTES:], _message(text, seconds))


#: Algorithm byte -> how a signature of that kind is checked.
VERIFIERS: dict[int, NoteVerifier] = {ED25519: verify_ed25519, COSIGNATURE_ED25519: verify_cosignature}


def _message(text: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def _seconds(signature: Signature) -> int:
    if len(signature.blob) <= _TIME_BYTES:
        raise CheckFailed(f"the cosignature of {signature.name} is too short")
    (seconds,) = struct.unpack(">Q", signature.blob[:_TIME_BYTES])
    if seconds >= 2**63:
        raise CheckFailed(f"the cosignature of {signature.name} states no real time")
    return int(seconds)
