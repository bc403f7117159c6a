"""Signed notes (C2SP signed-note): text, an empty line and signature lines; and the verifier keys that check them.

Strict where the format leaves room: base64 must be the one canonical spelling, so that no byte can change unnoticed.
What a signature covers depends on its algorithm byte (0x01: the text itself; 0x04: a timestamped cosignature).
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import msgspec

from lintas.model.errors import CheckFailed, MalformedInput, Refused, TooLarge
from lintas.trust import keys
from lintas.trust.keys import PublicKey, Signer, verify_signature

ED25519 = 0x01
COSIGNATURE_ED25519 = 0x04
MAX_BYTES = 65_536
MAX_SIGNATURES = 64
_DASH = "\u2014 "


class VerifierKey(msgspec.Struct, frozen=True):
    """A named public key: key name, algorithm byte, key bytes; written ``name+hex8+base64(algorithm || key)``."""

    name: str
    algorithm: int
    key: bytes

    @property
    def key_id(self) -> bytes:
        r"""Return SHA-256(name || "\n" || algorithm || key)[:4]."""
        return hashlib.sha256(f"{self.name}\n".encode() + bytes([self.algorithm]) + self.key).digest()[:4]

    def __str__(self) -> str:
        """Render the vkey."""
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(bytes([self.algorithm]) + self.key).decode()}"


class Signature(msgspec.Struct, frozen=True):
    """One signature line: key name, 4-byte key id, and what follows the key id."""

    name: str
    key_id: bytes
    blob: bytes

    def line(self) -> str:
        """Render the line, newline included."""
        return f"{_DASH}{self.name} {base64.b64encode(self.key_id + self.blob).decode()}\n"


class Note(msgspec.Struct, frozen=True):
    """A text (ends with a newline) and its signatures, unverified."""

    text: str
    signatures: tuple[Signature, ...]

    def render(self) -> bytes:
        """Write the note as it is signed, stored and served."""
        return f"{self.text}\n{''.join(signature.line() for signature in self.signatures)}".encode()

    def with_signatures(self, more: Iterable[Signature]) -> "Note":
        """Return the note with further signatures; a newer one replaces the older of the same key."""
        merged = {(each.name, each.key_id): each for each in self.signatures}
        merged |= {(each.name, each.key_id): each for each in more}
        return Note(self.text, tuple(merged.values()))


class NoteVerifier(Protocol):
    """Checks one signature of a known key."""

    def __call__(self, text: str, key: VerifierKey, signature: Signature) -> None:
        """Return when the signature is good; CheckFailed otherwise."""
        ...


def decode_base64(text: str, *, where: str = "") -> bytes:
    """Decode standard base64 in its one canonical spelling; MalformedInput otherwise."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        data = None
    if data is None or base64.b64encode(data).decode() != text:
        raise MalformedInput(f"{text[:40]!r} is not canonical base64", "copy it again from the source", where=where)
    return data


def valid_name(name: str) -> bool:
    """Say whether a key name may stand in a note: not empty, no Unicode space, no plus sign."""
    return bool(name) and not any(ch == "+" or ch.isspace() for ch in name)


def parse_vkey(text: str, *, where: str = "") -> VerifierKey:
    """Read ``name+hex8+base64``; MalformedInput when a part is missing or the key id does not match the key."""
    name, _, rest = text.partition("+")
    key_id, _, encoded = rest.partition("+")
    packed = decode_base64(encoded, where=where)
    if not valid_name(name) or len(packed) < 2:
        raise MalformedInput(f"{text[:80]!r} is not a verifier key", "write name+hex8+base64", where=where)
    key = VerifierKey(name, packed[0], packed[1:])
    if key.key_id.hex() != key_id:
        raise MalformedInput(f"the key id of {name} does not match its key", "copy the whole vkey again", where=where)
    return key


def parse(data: bytes, *, where: str = "note") -> Note:
    """Read a note without checking signatures; MalformedInput or TooLarge (65,536 bytes, 64 signatures)."""
    if len(data) > MAX_BYTES:
        raise TooLarge(f"the note has {len(data)} bytes", f"a note has at most {MAX_BYTES}", where=where)
    try:
        whole = data.decode()
    except UnicodeDecodeError:
        raise MalformedInput("the note is not UTF-8", "fetch it again", where=where) from None
    if any(ch < " " and ch != "\n" for ch in whole):
        raise MalformedInput("the note has control characters", "fetch it again", where=where)
    # The text may hold empty lines of its own, so the last one is what parts it from the signatures.
    body, gap, tail = whole.rpartition("\n\n")
    if not gap or not tail.endswith("\n"):
        raise MalformedInput("the note has no signature block", "it ends in an empty line and signatures", where=where)
    lines = tail[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise TooLarge(f"the note has {len(lines)} signatures", f"a note has at most {MAX_SIGNATURES}", where=where)
    return Note(body + "\n", tuple(_signature(line, where) for line in lines))


def verify(
    note: Note, keys: Sequence[VerifierKey], verifiers: Mapping[int, NoteVerifier], *, where: str = "note"
) -> tuple[tuple[VerifierKey, Signature], ...]:
    """Return the signatures of known keys, all checked; unknown ones are ignored, as the format demands.

    CheckFailed when a known key's signature is bad, or when a key's algorithm has no verifier here.
    """
    known = {(key.name, key.key_id): key for key in keys}
    good = []
    for signature in note.signatures:
        key = known.get((signature.name, signature.key_id))
        if key is None:
            continue
        if key.algorithm not in verifiers:
            raise CheckFailed(f"{key.name} signs by algorithm {key.algorithm:#04x}", "not known here", where=where)
        verifiers[key.algorithm](note.text, key, signature)
        good.append((key, signature))
    return tuple(good)


def ed25519_key(name: str, signer: Signer) -> VerifierKey:
    """Return the verifier key of an Ed25519 signer under a name."""
    return VerifierKey(name, ED25519, signer.public.key)


def sign(text: str, name: str, signer: Signer) -> Note:
    """Return the text as a note signed under a name (Ed25519 over the text, which ends with a newline)."""
    key = ed25519_key(name, signer)
    return Note(text, (Signature(key.name, key.key_id, signer.sign(text.encode())),))


def verify_ed25519(text: str, key: VerifierKey, signature: Signature) -> None:
    """Check a plain Ed25519 note signature; CheckFailed when it is bad."""
    check_ed25519(key, signature.blob, text.encode())


def check_ed25519(key: VerifierKey, signature: bytes, message: bytes) -> None:
    """Check an Ed25519 signature over bytes; CheckFailed when it is bad or the key is none."""
    try:
        verify_signature(PublicKey(name=key.name, algorithm=keys.ED25519, key=key.key), signature, message)
    except Refused as wrong:
        raise CheckFailed(f"the signature of {key.name} is not valid", "do not trust this text") from wrong


def _signature(line: str, where: str) -> Signature:
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space or not valid_name(name):
        raise MalformedInput(f"{line[:60]!r} is not a signature line", "it reads: \u2014 name base64", where=where)
    packed = decode_base64(encoded, where=where)
    if len(packed) < 5:
        raise MalformedInput(f"the signature of {name} is too short", "fetch the note again", where=where)
    return Signature(name, packed[:4], packed[4:])
