"""Compares two signed checkpoints of one log: from the log's own tiles to a verdict that a stranger can check; no I/O here.

Whoever tells of a checkpoint is not believed: what is believed is the log's own signature. By the tiles of the larger tree,
which must hash to its signed root, that tree had one certain root at the smaller size. Where the log signed another one for
that size, its two signatures cannot both be true: a split view, and the two notes with these hashes are the proof.
"""

import base64
from collections.abc import Generator, Mapping, Sequence
from typing import Literal, NamedTuple

import msgspec

from lintas.ledger.checkpoint import Checkpoint, parse_checkpoint, parse_hash
from lintas.ledger.cosignature import VERIFIERS
from lintas.ledger.tiles import NodeReader, TileId
from lintas.model.errors import CheckFailed, LintasError, MalformedInput, TooLarge
from lintas.trust import merkle, note
from lintas.trust.merkle import HASH_BYTES, Nodes
from lintas.trust.note import Note, VerifierKey

Outcome = Literal["consistent", "split", "unproven"]
#: Bytes of a checkpoint with its log's own signature: an origin, two short lines and one signature fit many times over.
MAX_SEEN = 2048


class Seen(msgspec.Struct, frozen=True):
    """A checkpoint that its own log signed, and the note with that signature alone: what others added proves nothing here."""

    checkpoint: Checkpoint
    note: bytes

    @property
    def origin(self) -> str:
        """Return the log's name."""
        return self.checkpoint.origin

    @property
    def size(self) -> int:
        """Return the number of entries."""
        return self.checkpoint.size

    @property
    def root(self) -> bytes:
        """Return the signed root."""
        return self.checkpoint.root

    @property
    def tree(self) -> tuple[int, bytes]:
        """Return what is said about the tree: two notes that say the same are no news to each other."""
        return self.checkpoint.size, self.checkpoint.root


class Proof(msgspec.Struct, frozen=True):
    """What joins or parts two checkpoints: the larger tree's root at the smaller size, and its consistency proof."""

    prefix: bytes
    hashes: tuple[bytes, ...] = ()


class Comparison(msgspec.Struct, frozen=True):
    """The outcome for two checkpoints, smaller tree first; ``proof`` shows it, and without one ``why`` says what is missing."""

    outcome: Outcome
    older: Seen
    newer: Seen
    proof: Proof | None = None
    why: str = ""


class Heard(NamedTuple):
    """A believed checkpoint and through whom it came: the authority that told of it, ourselves for what we fetched.

    ``since`` and ``why`` are of one that waits for its proof from an earlier look.
    """

    seen: Seen
    through: str
    since: str = ""
    why: str = ""


class Known(NamedTuple):
    """What was kept of one log before this look: the last checkpoint that joins with all before, and what nothing joins yet."""

    last: Seen | None = None
    unproven: tuple[Heard, ...] = ()


class Weighed(NamedTuple):
    """What is known of one log now, and the splits found, each with the teller of its other half."""

    known: Known
    splits: tuple[tuple[Comparison, str], ...] = ()


def weigh(
    known: Known, heard: Sequence[Heard], me: str
) -> Generator[tuple[TileId, ...], Mapping[TileId, bytes | None], Weighed]:
    """Hold all that was heard of one log against the last checkpoint known, and return what is known now.

    Yields the tiles that a comparison needs and is sent those that the log gave, None for the others. What we fetched
    ourselves comes first, then the largest: what a log shows now it can also prove, and the smaller are judged by that.
    """
    last, unproven, splits = known.last, list[Heard](), list[tuple[Comparison, str]]()
    weighed = set[tuple[int, bytes]]()
    for each in sorted((*heard, *known.unproven), key=lambda one: (one.through != me, -one.seen.size)):
        last = last or each.seen
        if each.seen.tree == last.tree or each.seen.tree in weighed:
            continue
        weighed.add(each.seen.tree)
        older, newer = in_order(last, each.seen)
        tiles = yield tiles_needed(older.size, newer.size)
        compared = compare(older, newer, NodeReader(newer.size, lambda tile, given=tiles: _given(given, tile)))  # type: ignore[misc]
        if compared.outcome == "consistent":
            last = newer
        elif compared.outcome == "split":
            splits.append((compared, each.through))
        else:
            # Whatever the log withholds, two roots for one size part without it.
            twin = next((other for other in unproven if other.seen.size == each.seen.size), None)
            if twin is not None:
                splits.append((_twins(twin.seen, each.seen), each.through))
            unproven.append(each._replace(why=compared.why))
    return Weighed(Known(last, tuple(unproven)), tuple(splits))


def believe(data: bytes, key: VerifierKey, *, where: str = "checkpoint") -> Seen:
    """Read a checkpoint that the log of ``key`` signed; CheckFailed when it did not, BadInput when it is none."""
    signed = note.parse(data, where=where)
    checkpoint = parse_checkpoint(signed.text, where=where)
    good = note.verify(signed, [key], VERIFIERS, where=where)
    if not good or checkpoint.origin != key.name:
        raise CheckFailed(f"{key.name} did not sign this checkpoint", "take it for nothing", where=where)
    if checkpoint.size == 0 and checkpoint.root != merkle.EMPTY_ROOT:
        raise CheckFailed("a tree without entries has one root, and not this one", where=where)
    bare = Note(signed.text, (good[0][1],)).render()
    if len(bare) > MAX_SEEN:
        raise TooLarge(f"a checkpoint of {len(bare)} bytes", f"at most {MAX_SEEN} are kept", where=where)
    return Seen(checkpoint, bare)


def recall(data: bytes) -> Seen:
    """Read a checkpoint that was believed when it was stored."""
    return Seen(parse_checkpoint(note.parse(data).text), data)


def in_order(one: Seen, other: Seen) -> tuple[Seen, Seen]:
    """Return both, the smaller tree first; the order of two of one size is fixed too, so that each pair is one finding."""
    return (one, other) if one.tree <= other.tree else (other, one)


def tiles_needed(old: int, new: int) -> tuple[TileId, ...]:
    """Return the tiles of the tree of ``new`` that show its root at ``old``: a few for each level, however large it is."""
    needed: dict[TileId, None] = {}
    if old == new:
        return ()

    def want(tile: TileId) -> bytes:
        needed[tile] = None
        return bytes(tile.width * HASH_BYTES)

    _proof(NodeReader(new, want), old, new)
    return tuple(needed)


def compare(older: Seen, newer: Seen, nodes: Nodes) -> Comparison:
    """Say whether the newer tree extends the older one, by nodes of the newer tree; an error in reading them proves nothing.

    A log that answers with other tiles than it signed is ``unproven``, not ``split``: by its tiles alone nobody is accused.
    """
    try:
        proof = Proof(newer.root) if older.size == newer.size else _proof(nodes, older.size, newer.size)
        return Comparison(outcome_of(older, newer, proof), older, newer, proof)
    except LintasError as wrong:
        return Comparison("unproven", older, newer, why=str(wrong))


def outcome_of(older: Seen, newer: Seen, proof: Proof) -> Outcome:
    """Return what a proof shows, consistent or split; CheckFailed when it does not lead to the newer root."""
    if older.origin != newer.origin:
        raise CheckFailed(f"{older.origin} and {newer.origin} are two logs", "compare checkpoints of one")
    merkle.check_consistency(older.size, newer.size, proof.hashes, proof.prefix, newer.root)
    return "consistent" if proof.prefix == older.root else "split"


def write_proof(proof: Proof) -> list[str]:
    """Write a proof as base64 hashes: the prefix root, then the consistency proof."""
    return [base64.b64encode(each).decode() for each in (proof.prefix, *proof.hashes)]


def read_proof(lines: Sequence[str], *, where: str = "proof") -> Proof:
    """Read what ``write_proof`` wrote; MalformedInput otherwise."""
    if not 1 <= len(lines) <= merkle.MAX_PROOF + 1:
        raise MalformedInput(f"a proof of {len(lines)} hashes", f"it has 1 to {merkle.MAX_PROOF + 1}", where=where)
    first, *rest = (parse_hash(line, where=where) for line in lines)
    return Proof(first, tuple(rest))


def _proof(nodes: Nodes, old: int, new: int) -> Proof:
    return Proof(merkle.subtree_root(nodes, 0, old), merkle.consistency_proof(nodes, old, new))


def _twins(one: Seen, other: Seen) -> Comparison:
    older, newer = in_order(one, other)
    return Comparison("split", older, newer, Proof(newer.root))


def _given(tiles: Mapping[TileId, bytes | None], tile: TileId) -> bytes:
    data = tiles.get(tile)
    if data is None:
        raise CheckFailed("the log did not give the tile", "it is asked again", where=tile.path)
    return data
