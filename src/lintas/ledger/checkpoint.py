"""Checkpoints (C2SP tlog-checkpoint): origin, tree size and root as the text of a signed note."""

import base64
import re

import msgspec

from lintas.model.errors import MalformedInput
from lintas.trust.keys import Signer
from lintas.trust.merkle import HASH_BYTES
from lintas.trust.note import Note, VerifierKey, decode_base64, ed25519_key, sign

MAX_SIZE = 2**63 - 1
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


class Checkpoint(msgspec.Struct, frozen=True):
    """A tree head: the log's origin, the number of entries, the root, and extension lines (we write none)."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Return the note text."""
        return "\n".join([self.origin, str(self.size), base64.b64encode(self.root).decode(), *self.extensions, ""])


def parse_decimal(text: str, *, where: str = "") -> int:
    """Read a size or index, ASCII digits without leading zero, below 2**63; MalformedInput otherwise."""
    if not _DECIMAL.fullmatch(text) or int(text) > MAX_SIZE:
        raise MalformedInput(f"{text[:40]!r} is not a number of entries", "write decimal digits", where=where)
    return int(text)


def parse_hash(text: str, *, where: str = "") -> bytes:
    """Read one base64 SHA-256 hash; MalformedInput otherwise."""
    value = decode_base64(text, where=where)
    if len(value) != HASH_BYTES:
        raise MalformedInput(f"a hash has {HASH_BYTES} bytes, this one {len(value)}", "copy it again", where=where)
    return value


def parse_checkpoint(text: str, *, where: str = "checkpoint") -> Checkpoint:
    """Read a note's text as a checkpoint; MalformedInput otherwise."""
    lines = text.split("\n")
    if len(lines) < 4 or lines.pop() != "" or not all(lines):
        raise MalformedInput("a checkpoint has an origin, a size and a root line", "fetch it again", where=where)
    origin, size, root, *extensions = lines
    return Checkpoint(origin, parse_decimal(size, where=where), parse_hash(root, where=where), tuple(extensions))


def log_key(origin: str, signer: Signer) -> VerifierKey:
    """Return the verifier key of a log: its name is the origin, as tlog-policy demands."""
    return ed25519_key(origin, signer)


def sign_checkpoint(checkpoint: Checkpoint, signer: Signer) -> Note:
    """Return the checkpoint as a note signed by its log (Ed25519 over the text)."""
    return sign(checkpoint.text, checkpoint.origin, signer)
