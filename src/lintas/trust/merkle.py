"""Merkle trees as RFC 6962 section 2.1 (SHA-256): hashes, roots, an append-only compact range, and both kinds of proof.

A *node* is named ``(level, index)``: the root of the complete subtree of ``1 << level`` leaves from ``index << level``.
Proofs are tuples of 32-byte hashes, leaf side first. Nothing here reads or writes anything.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence

import msgspec

from lintas.model.errors import BadInput, CheckFailed

HASH_BYTES = 32
#: The root of a tree without leaves: SHA-256 of nothing.
EMPTY_ROOT = hashlib.sha256(b"").digest()
#: More hashes than this cannot occur in a proof about a tree of at most 2**63 leaves.
MAX_PROOF = 63

#: (level, index) -> hash of that complete subtree.
Nodes = Callable[[int, int], bytes]


def leaf_hash(data: bytes) -> bytes:
    """Hash one leaf: SHA-256(0x00 || data)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two children: SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaf_hashes: Sequence[bytes]) -> bytes:
    """Return the tree's root over hashed leaves; EMPTY_ROOT over none."""
    return CompactRange().extend(leaf_hashes).root()


class CompactRange(msgspec.Struct, frozen=True):
    """The state of a growing tree: its size, and the roots of its complete subtrees, largest first, one per bit."""

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a state that no tree can have."""
        fits = self.size >= 0 and self.size.bit_count() == len(self.hashes)
        if not fits or any(len(each) != HASH_BYTES for each in self.hashes):
            raise BadInput(f"{len(self.hashes)} hashes are no state of a tree of {self.size}", "restore the ledger")

    def extend(self, leaf_hashes: Iterable[bytes]) -> "CompactRange":
        """Return the state after appending hashed leaves."""
        size, stack = self.size, list(self.hashes)
        for leaf in leaf_hashes:
            # A carry of a binary counter: each trailing one bit of the old size is a complete subtree to merge with.
            carry, bit = leaf, size
            while bit & 1:
                carry = node_hash(stack.pop(), carry)
                bit >>= 1
            stack.append(carry)
            size += 1
        return CompactRange(size, tuple(stack))

    def root(self) -> bytes:
        """Return the tree's root."""
        if not self.hashes:
            return EMPTY_ROOT
        folded = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            folded = node_hash(left, folded)
        return folded


def subtree_root(nodes: Nodes, start: int, end: int) -> bytes:
    """Return the hash over leaves ``[start, end)``; start is a multiple of the smallest power of two >= end - start."""
    width = end - start
    if width == 0:
        return EMPTY_ROOT
    if width & (width - 1) == 0:
        level = width.bit_length() - 1
        return nodes(level, start >> level)
    middle = start + _split(width)
    return node_hash(subtree_root(nodes, start, middle), subtree_root(nodes, middle, end))


def inclusion_proof(nodes: Nodes, index: int, size: int) -> tuple[bytes, ...]:
    """Return PATH(index, D[size]) of RFC 6962 section 2.1.1; BadInput when there is no such leaf."""
    if not 0 <= index < size:
        raise BadInput(f"entry {index} is not in a tree of {size}", f"name one from 0 to {size - 1}" if size else "")
    start, end, proof = 0, size, []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            proof.append(subtree_root(nodes, middle, end))
            end = middle
        else:
            proof.append(subtree_root(nodes, start, middle))
            start = middle
    return tuple(reversed(proof))


def consistency_proof(nodes: Nodes, old: int, new: int) -> tuple[bytes, ...]:
    """Return PROOF(old, D[new]) of RFC 6962 section 2.1.2, empty from 0 and to the same size; BadInput if old > new."""
    if not 0 <= old <= new:
        raise BadInput(f"a tree of {new} cannot extend one of {old}", "name the smaller size first")
    if old in (0, new):
        return ()
    start, end, known = 0, new, True
    proof: list[bytes] = []
    while True:
        if end == old:
            # The old tree ends here; its root is known to the asker only if no split went to the right before.
            return tuple(reversed([*proof] if known else [*proof, subtree_root(nodes, start, end)]))
        middle = start + _split(end - start)
        if old <= middle:
            proof.append(subtree_root(nodes, middle, end))
            end = middle
        else:
            proof.append(subtree_root(nodes, start, middle))
            start, known = middle, False


def root_from_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes]) -> bytes:
    """Return the root that a proof implies (RFC 9162 section 2.1.3.2); CheckFailed when its length does not fit."""
    if not 0 <= index < size:
        raise CheckFailed(f"entry {index} is not in a tree of {size}")
    at, last, folded, left = index, size - 1, leaf, list(proof)
    while last:
        if at & 1 or at < last:
            if not left:
                raise CheckFailed("the inclusion proof is too short")
            sibling = left.pop(0)
            folded = node_hash(sibling, folded) if at & 1 else node_hash(folded, sibling)
        at, last = at >> 1, last >> 1
    if left:
        raise CheckFailed("the inclusion proof is too long")
    return folded


def check_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], tree_root: bytes) -> None:
    """Return when the hashed leaf is entry ``index`` of the tree; CheckFailed otherwise."""
    if root_from_inclusion(index, size, leaf, proof) != tree_root:
        raise CheckFailed(f"entry {index} is not under the root of the tree of {size}")


def check_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Return when the tree of ``new`` leaves extends that of ``old`` (RFC 9162, 2.1.4.2); CheckFailed otherwise."""
    if not 0 <= old <= new:
        raise CheckFailed(f"a tree of {new} cannot extend one of {old}")
    if old in (0, new):
        if proof:
            raise CheckFailed("the consistency proof must be empty here")
        if (old == 0 and old_root != EMPTY_ROOT) or (old == new and old_root != new_root):
            raise CheckFailed(f"two different roots for the tree of {old}")
        return
    left = list(proof) if old & (old - 1) else [old_root, *proof]
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    if not left:
        raise CheckFailed("the consistency proof is too short")
    older = newer = left[0]
    for sibling in left[1:]:
        if last == 0:
            raise CheckFailed("the consistency proof is too long")
        if at & 1 or at == last:
            older, newer = node_hash(sibling, older), node_hash(sibling, newer)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            newer = node_hash(newer, sibling)
        at, last = at >> 1, last >> 1
    if last or older != old_root or newer != new_root:
        raise CheckFailed(f"the tree of {new} does not extend the tree of {old}")


def _split(width: int) -> int:
    """Return the largest power of two below a width of at least 2."""
    return 1 << ((width - 1).bit_length() - 1)
