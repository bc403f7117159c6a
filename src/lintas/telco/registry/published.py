"""The registry as gateways get it: a signed note that names the registrations' hash, an empty line, a registration a line.

The note (C2SP signed-note) says whose it is, the number of its state, which only counts up, and SHA-256 of all that follows it.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from lintas.model import times
from lintas.model.errors import CheckFailed, LintasError
from lintas.telco.names import looks
from lintas.telco.names.senders import Registration
from lintas.trust import note
from lintas.trust.keys import Signer
from lintas.trust.note import ED25519, VerifierKey, verify_ed25519

_FORM = "lintas senders v1"


class Published(NamedTuple):
    """A registry that its authority signed: whose, which state, and its registrations, one in JSON a line."""

    authority: str
    number: int
    lines: bytes


def write(found: Iterable[Registration], *, authority: str, number: int, signer: Signer) -> bytes:
    """Return the registry, signed; the same state gives the same bytes."""
    lines = msgspec.json.Encoder().encode_lines(sorted(found, key=lambda each: each.id))
    text = f"{_FORM}\n{authority}\n{number}\n{hashlib.sha256(lines).hexdigest()}\n"
    return note.sign(text, signer.name, signer).render() + b"\n" + lines


def read(data: bytes, keys: Sequence[VerifierKey]) -> Published:
    """Read a registry; CheckFailed where none of ``keys`` signed it, it is not whole, or a line is no registration."""
    text, gap, rest = data.partition(b"\n\n")
    signatures, end, lines = rest.partition(b"\n\n")
    if not gap or not end:
        raise CheckFailed("this is no signed registry of sender IDs", "check the address")
    signed = note.parse(text + gap + signatures + b"\n", where="registry")
    if not note.verify(signed, keys, {ED25519: verify_ed25519}, where="registry"):
        raise CheckFailed("no known key signed this registry", "give the key that `lintas init` showed")
    said = signed.text.split("\n")
    if len(said) != 5 or said[0] != _FORM or not (said[2].isascii() and said[2].isdigit() and len(said[2]) < 12):
        raise CheckFailed("the signed note is not that of a registry of sender IDs", "check the address")
    if hashlib.sha256(lines).hexdigest() != said[3]:
        raise CheckFailed("the registrations are not those that were signed", "fetch them again")
    for number, line in enumerate(lines.splitlines(), 1):
        _check(line, number)
    return Published(said[1], int(said[2]), lines)


def _check(line: bytes, number: int) -> None:
    try:
        one = msgspec.json.decode(line, type=Registration)
        looks.readable(one.sender)
        times.parse(one.since), times.parse(one.until)
    except (LintasError, ValueError) as wrong:
        raise CheckFailed(f"line {number} is no registration: {wrong}", "tell its authority") from None
