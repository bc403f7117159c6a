"""A witness (C2SP tlog-witness): cosigns a log's checkpoint only if it extends the last one cosigned, and never forgets it."""

import base64
import threading
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Engine

from lintas.ledger import witness_store
from lintas.ledger.checkpoint import Checkpoint, parse_checkpoint, parse_decimal, parse_hash
from lintas.ledger.cosignature import VERIFIERS, cosign, witness_key
from lintas.model.errors import BadInput, CheckFailed, MalformedInput, Refused
from lintas.model.times import Clock
from lintas.storage.engine import Transaction, writing
from lintas.trust import merkle, note
from lintas.trust.keys import Signer
from lintas.trust.note import Note, VerifierKey

MAX_BODY = note.MAX_BYTES + 64 * 48
TEXT = "text/plain; charset=utf-8"
SIZE = "text/x.tlog.size"


class Answer(NamedTuple):
    """What goes back over HTTP."""

    status: int
    content_type: str
    body: bytes


class Request(NamedTuple):
    """An add-checkpoint request: the size to start from, the proof from there, the checkpoint and its note."""

    old: int
    proof: tuple[bytes, ...]
    checkpoint: Checkpoint
    signed: Note


def render_request(old: int, proof: Sequence[bytes], checkpoint: bytes) -> bytes:
    """Write an add-checkpoint body."""
    lines = [f"old {old}", *(base64.b64encode(each).decode() for each in proof), "", ""]
    return "\n".join(lines).encode() + checkpoint


def parse_request(body: bytes) -> Request:
    """Read an add-checkpoint body; MalformedInput or TooLarge otherwise."""
    head, gap, checkpoint = body.partition(b"\n\n")
    lines = head.decode("ascii", "replace").split("\n")
    if not gap or not lines[0].startswith("old ") or len(lines) - 1 > merkle.MAX_PROOF:
        raise MalformedInput("this is no add-checkpoint request", "see c2sp.org/tlog-witness", where="request")
    old = parse_decimal(lines[0].removeprefix("old "), where="request")
    proof = tuple(parse_hash(line, where="request") for line in lines[1:])
    signed = note.parse(checkpoint)
    return Request(old, proof, parse_checkpoint(signed.text), signed)


class Witness:
    """One witness identity: its key, and the logs it watches (origin -> keys trusted for that log).

    Several identities may share one engine, which belongs to witnesses alone; ``prepare`` makes its table.
    """

    def __init__(
        self, engine: Engine, name: str, signer: Signer, logs: Mapping[str, Sequence[VerifierKey]], clock: Clock
    ) -> None:
        self.name = name
        self._engine, self._signer, self._logs, self._clock = engine, signer, dict(logs), clock
        self._turn = threading.Lock()

    @property
    def key(self) -> VerifierKey:
        """Return the key that verifies the cosignatures."""
        return witness_key(self.name, self._signer)

    def prepare(self) -> None:
        """Make the database ready; harmless when it is."""
        witness_store.create_tables(self._engine)

    def add_checkpoint(self, body: bytes) -> Answer:
        """Answer one add-checkpoint request: 200, 400, 403, 404, 409 or 422; what it cosigns is on disk before it answers."""
        try:
            request = parse_request(body)
        except BadInput as wrong:
            return _no(400, str(wrong))
        checkpoint = request.checkpoint
        trusted = self._logs.get(checkpoint.origin)
        if trusted is None:
            return _no(404, f"this witness does not watch {checkpoint.origin}")
        try:
            if not note.verify(request.signed, trusted, VERIFIERS):
                return _no(403, "no key trusted for this log signed the checkpoint")
        except CheckFailed as wrong:
            return _no(403, str(wrong))
        if request.old > checkpoint.size:
            return _no(400, f"old {request.old} is above the checkpoint's size {checkpoint.size}")
        # Reading the last size and replacing it is one step: a late request must not roll back a newer tree.
        with self._turn, writing(self._engine) as connection, connection.begin():
            return self._decide(connection, request)

    def _decide(self, tx: Transaction, request: Request) -> Answer:
        checkpoint = request.checkpoint
        last = witness_store.latest(tx, self.name, checkpoint.origin)
        size, root = (last.size, last.root) if last else (0, merkle.EMPTY_ROOT)
        forked = checkpoint.size == size and checkpoint.root != root and last is not None
        if request.old != size or forked:
            return Answer(409, SIZE, f"{size}\n".encode())
        try:
            merkle.check_consistency(size, checkpoint.size, request.proof, root, checkpoint.root)
        except CheckFailed as wrong:
            return _no(422, str(wrong))
        seen = witness_store.Cosigned(checkpoint.size, checkpoint.root, request.signed.render())
        witness_store.remember(tx, self.name, checkpoint.origin, seen)
        line = cosign(request.signed.text, self.name, self._signer, self._clock.now())
        return Answer(200, TEXT, line.line().encode())


def parse_size(body: bytes) -> int:
    """Read the body of a 409 answer: the size that the witness saw last."""
    text = body.decode("ascii", "replace")
    if not text.endswith("\n"):
        raise MalformedInput("the witness answered no size", "ask its operator", where="witness")
    return parse_decimal(text[:-1], where="witness")


def refuse_rollback(our_size: int, witness_size: int) -> None:
    """Refuse a ledger shorter than a witness has seen: an old backup was restored, and appending would fork it."""
    if witness_size > our_size:
        raise Refused(
            "rollback",
            f"a witness has seen {witness_size} entries of this ledger, which now has {our_size}",
            "an old backup was put back: use `lintas db restore`, which takes back what was published (docs/commands.md)",
        )


def _no(status: int, why: str) -> Answer:
    return Answer(status, TEXT, f"{why}\n".encode())
