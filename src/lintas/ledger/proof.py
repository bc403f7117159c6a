"""Proof files (C2SP tlog-proof): that one entry is in a cosigned ledger, checked off-line; this goes into a court bundle."""

import base64

import msgspec

from lintas.ledger.checkpoint import parse_checkpoint, parse_decimal, parse_hash
from lintas.ledger.tlog_policy import Judgement, TlogPolicy, judge
from lintas.ledger.verify import Source, read_entry, read_nodes
from lintas.model.errors import BadInput, MalformedInput, TooLarge
from lintas.trust import merkle, note

HEADER = "c2sp.org/tlog-proof@v1"
MAX_BYTES = 131_072


class Proof(msgspec.Struct, frozen=True):
    """An entry's index, its inclusion proof, the checkpoint note verbatim, and extra data that nobody vouches for."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None

    def render(self) -> bytes:
        """Write the file."""
        lines = [HEADER]
        if self.extra is not None:
            lines.append(f"extra {base64.b64encode(self.extra).decode()}")
        lines += [f"index {self.index}", *(base64.b64encode(each).decode() for each in self.hashes), "", ""]
        return "\n".join(lines).encode() + self.checkpoint


def prove(nodes: merkle.Nodes, index: int, checkpoint: bytes) -> Proof:
    """Make the proof of entry ``index`` under a (cosigned) checkpoint; BadInput when the checkpoint does not cover it."""
    size = parse_checkpoint(note.parse(checkpoint).text).size
    if not 0 <= index < size:
        raise BadInput(f"the checkpoint covers {size} entries, not entry {index}", "wait for the next one")
    return Proof(index, merkle.inclusion_proof(nodes, index, size), checkpoint)


class Taken(msgspec.Struct, frozen=True):
    """What was taken out of a published ledger: the proof file, and the entry's bytes."""

    proof: bytes
    entry: bytes


def take_out(source: Source, signed: bytes, index: int) -> Taken:
    """Take one entry and its proof out of a ledger that was published with this checkpoint.

    BadInput when the checkpoint does not cover the entry; CheckFailed when the published files do not hash to its root.
    """
    checkpoint = parse_checkpoint(note.parse(signed).text)
    entry = read_entry(source, checkpoint.size, index)
    proof = prove(read_nodes(source, checkpoint.size), index, signed)
    # What leaves here must hold; a damaged copy is found now and not in court.
    merkle.check_inclusion(index, checkpoint.size, merkle.leaf_hash(entry), proof.hashes, checkpoint.root)
    return Taken(proof.render(), entry)


def parse_proof(data: bytes, *, where: str = "proof") -> Proof:
    """Read a proof file; MalformedInput or TooLarge otherwise."""
    if len(data) > MAX_BYTES:
        raise TooLarge(f"the proof has {len(data)} bytes", f"a proof has at most {MAX_BYTES}", where=where)
    head, gap, checkpoint = data.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        lines = []
    if not gap or not lines or lines.pop(0) != HEADER:
        raise MalformedInput("this is no tlog-proof", f"its first line reads {HEADER}", where=where)
    extra = None
    if lines and lines[0].startswith("extra "):
        extra = note.decode_base64(lines.pop(0).removeprefix("extra "), where=where)
    if not lines or not lines[0].startswith("index "):
        raise MalformedInput("the proof has no index line", "copy it again", where=where)
    index = parse_decimal(lines.pop(0).removeprefix("index "), where=where)
    if len(lines) > merkle.MAX_PROOF:
        raise TooLarge(f"the proof has {len(lines)} hashes", f"{merkle.MAX_PROOF} is the most", where=where)
    return Proof(index, tuple(parse_hash(line, where=where) for line in lines), checkpoint, extra)


def check_proof(data: bytes, entry: bytes, policy: TlogPolicy, *, where: str = "proof") -> Judgement:
    """Return who vouches when the entry's bytes are at the index that the proof says; CheckFailed otherwise.

    ``extra`` is not covered by anything: a changed one goes unnoticed, as the format says.
    """
    proof = parse_proof(data, where=where)
    judgement = judge(policy, proof.checkpoint, where=where)
    checkpoint = judgement.checkpoint
    merkle.check_inclusion(proof.index, checkpoint.size, merkle.leaf_hash(entry), proof.hashes, checkpoint.root)
    return judgement
