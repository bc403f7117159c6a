"""Deltas and base files as they travel: a signed note (C2SP signed-note) that names the bytes behind it by SHA-256.

A delta's id is the SHA-256 of its note's text. Each names the id of what it follows, so a chain of deltas cannot be
re-ordered, thinned or forked unnoticed; a further signature on a note changes no id. Signatures are checked when a
list comes in, never when a call is waiting.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NamedTuple, TypeVar

import msgspec

from lintas.model.errors import BadInput, MalformedInput, Refused, TooLarge
from lintas.telco.lists.base import Base, Damaged
from lintas.telco.lists.columns import check_columns
from lintas.telco.lists.e164 import read_value
from lintas.telco.lists.entries import Change, Seconds
from lintas.trust import note
from lintas.trust.keys import UNREADABLE, Signer
from lintas.trust.note import VerifierKey

MAX_CHANGES = 100_000
MAX_BYTES = 64 * 1024 * 1024
_MARK = b"lintas-list-delta-v1 "

_Hash = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"\A[!-~]+\Z")]
_Count = Annotated[int, msgspec.Meta(ge=0, le=1 << 53)]


class Statement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"):
    """What is signed: JSON on one line. ``list`` is the list's name, ``at`` when it was true, seconds since 1970."""

    list: _Name
    at: Seconds
    sha256: _Hash
    bytes: _Count


class DeltaStatement(Statement, frozen=True, kw_only=True, tag="lintas-list-delta-v1"):
    """Signed with a delta: its number, and the id of the one before."""

    number: _Count
    follows: _Hash


class BaseStatement(Statement, frozen=True, kw_only=True, tag="lintas-list-base-v1"):
    """Signed with a base file: the last delta that is in it."""

    version: _Count
    head: _Hash


_Form = TypeVar("_Form", bound=Statement)


class Delta(NamedTuple):
    """Changes that follow one state of a list and lead to the next."""

    statement: DeltaStatement
    changes: tuple[Change, ...]

    @property
    def number(self) -> int:
        """Return its number: one more than that of the delta before."""
        return self.statement.number

    @property
    def id(self) -> str:
        """Return the SHA-256 of the text that is signed."""
        return hashlib.sha256(_text(self.statement)).hexdigest()


def genesis(name: str) -> str:
    """Return the id that the first delta of a list follows."""
    return hashlib.sha256(f"lintas-list-genesis-v1\n{name}".encode()).hexdigest()


def write_delta(
    changes: Sequence[Change], *, name: str, number: int, follows: str, at: int, signer: Signer, signed_by: str
) -> bytes:
    """Return a delta signed in the name of its publisher; BadInput for a value that is no number or range, TooLarge."""
    if len(changes) > MAX_CHANGES:
        raise TooLarge(f"{len(changes):,} changes", f"a delta holds {MAX_CHANGES:,}: write several")
    body = msgspec.json.encode(changes)
    _check(changes)
    statement = DeltaStatement(
        list=name,
        number=number,
        follows=follows,
        at=at,
        sha256=hashlib.sha256(body).hexdigest(),
        bytes=len(body),
    )
    signed = note.sign(_text(statement).decode(), signed_by, signer).render()
    return _MARK + str(len(signed)).encode() + b"\n" + signed + body


def read_delta(data: bytes, keys: Sequence[VerifierKey] | None, *, where: str = "delta") -> Delta:
    """Read a delta; ``keys`` None takes it without a signature check: from one's own disk, where it was checked before.

    MalformedInput, Damaged (the bytes are not those signed), TooLarge, CheckFailed (a signature is bad), Refused (no
    signature by a known key).
    """
    if len(data) > MAX_BYTES:
        raise TooLarge(f"a delta of {len(data):,} bytes", f"the limit is {MAX_BYTES:,}", where=where)
    first = data[:100].partition(b"\n")[0]
    length = first.removeprefix(_MARK)
    if not first.startswith(_MARK) or not length.isdigit() or len(length) > 8:
        raise MalformedInput("this is no delta of a list", "fetch it again", where=where)
    start = len(first) + 1
    signed, body = data[start : start + int(length)], data[start + int(length) :]
    statement = _statement(signed, keys, DeltaStatement, where)
    if len(body) != statement.bytes or hashlib.sha256(body).hexdigest() != statement.sha256:
        raise Damaged("the delta's entries are not those that were signed", "fetch it again", where=where)
    try:
        changes = msgspec.json.decode(body, type=tuple[Change, ...])
    except UNREADABLE as wrong:
        raise MalformedInput(
            f"the delta's entries cannot be read ({wrong})", "ask its publisher", where=where
        ) from None
    if len(changes) > MAX_CHANGES:
        raise TooLarge(f"{len(changes):,} changes", f"a delta holds {MAX_CHANGES:,}", where=where)
    _check(changes, where)
    return Delta(statement, changes)


def write_manifest(path: Path, *, signer: Signer, signed_by: str) -> bytes:
    """Return the signed note that goes with a base file."""
    base = Base.open(path)
    statement = BaseStatement(
        list=base.header.name,
        version=base.header.version,
        head=base.header.head,
        at=base.header.made,
        sha256=_sha256(path),
        bytes=path.stat().st_size,
    )
    return note.sign(_text(statement).decode(), signed_by, signer).render()


def check_base(path: Path, manifest: bytes, keys: Sequence[VerifierKey]) -> BaseStatement:
    """Check that a base file is the one that a manifest by a known key names, whole; errors as of ``read_delta``."""
    statement = _statement(manifest, keys, BaseStatement, f"{path.name}'s manifest")
    if path.stat().st_size != statement.bytes or _sha256(path) != statement.sha256:
        raise Damaged("the base file is not the one that was signed", "fetch both again", where=str(path))
    base = Base.open(path, whole=False)
    header = base.header
    if (header.name, header.version, header.head) != (statement.list, statement.version, statement.head):
        raise Damaged("the base file says other things of itself than its manifest", "ask its maker", where=str(path))
    check_columns(base)
    return statement


def _text(statement: Statement) -> bytes:
    return msgspec.json.encode(statement) + b"\n"


def _statement(signed: bytes, keys: Sequence[VerifierKey] | None, form: type[_Form], where: str) -> _Form:
    parsed = note.parse(signed, where=where)
    if keys is not None and not note.verify(parsed, keys, {note.ED25519: note.verify_ed25519}, where=where):
        raise Refused(
            "unknown_key", "no known key has signed this", "compare keys with the list's publisher", where=where
        )
    try:
        statement = msgspec.json.decode(parsed.text, type=form)
    except UNREADABLE as wrong:
        raise MalformedInput(f"what is signed cannot be read ({wrong})", "ask its publisher", where=where) from None
    # An id is made of the text, so there is one spelling of it.
    if _text(statement) != parsed.text.encode():
        raise MalformedInput("what is signed is spelled in another way than ours", "ask its publisher", where=where)
    return statement


def _check(changes: Sequence[Change], where: str = "") -> None:
    for each in changes:
        if read_value(each.value) is None or not each.value.startswith("+"):
            raise BadInput(f"{each.value!r} is no number or range", "write +999… or +999…-+999…", where=where)


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as wrong:
        raise Damaged(f"the list cannot be read ({wrong.strerror})", "fetch it again", where=str(path)) from None
