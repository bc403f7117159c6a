"""Merkle trees against RFC 6962's known values and a naive recursive tree."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lintas.model.errors import BadInput, CheckFailed
from lintas.trust import merkle

#: The eight leaves and the roots of their first n that the Certificate Transparency reference tests use.
LEAVES = [bytes.fromhex(text) for text in ("", "00", "10", "2021", "3031", "40414243")]
LEAVES += [bytes(range(0x50, 0x58)), bytes(range(0x60, 0x70))]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
SIZES = st.integers(0, 300)


def naive(hashes: list[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1, by the letter."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return hashlib.sha256(b"\x01" + naive(hashes[:k]) + naive(hashes[k:])).digest()


def leaves(count: int) -> list[bytes]:
    return [merkle.leaf_hash(str(number).encode()) for number in range(count)]


def nodes_of(hashes: list[bytes]) -> merkle.Nodes:
    return lambda level, index: naive(hashes[index << level : (index + 1) << level])


@pytest.mark.parametrize("count", range(9))
def test_known_roots(count: int) -> None:
    assert merkle.root([merkle.leaf_hash(leaf) for leaf in LEAVES[:count]]).hex() == ROOTS[count]


@given(SIZES, SIZES)
def test_appending_in_two_steps_equals_the_naive_tree(first: int, second: int) -> None:
    hashes = leaves(first + second)
    tree = merkle.CompactRange().extend(hashes[:first]).extend(hashes[first:])
    assert tree.size == first + second
    assert tree.root() == merkle.root(hashes) == naive(hashes)


@settings(max_examples=60)
@given(st.data())
def test_every_inclusion_proof_holds_and_fits_nothing_else(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 80))
    index = data.draw(st.integers(0, size - 1))
    hashes = leaves(size)
    proof, root = merkle.inclusion_proof(nodes_of(hashes), index, size), naive(hashes)
    merkle.check_inclusion(index, size, hashes[index], proof, root)
    other = data.draw(st.integers(0, size - 1).filter(lambda n: n != index)) if size > 1 else size
    for bad in (
        (other, size, hashes[index], proof),
        (index, size, merkle.leaf_hash(b"another"), proof),
        (index, size, hashes[index], (*proof, root)),
        (index, size, hashes[index], proof[:-1]) if proof else (-1, size, hashes[index], proof),
    ):
        with pytest.raises(CheckFailed):
            merkle.check_inclusion(*bad, root)


@settings(max_examples=60)
@given(st.data())
def test_every_consistency_proof_holds_and_a_fork_fails(data: st.DataObject) -> None:
    new = data.draw(st.integers(1, 80))
    old = data.draw(st.integers(0, new))
    hashes = leaves(new)
    proof = merkle.consistency_proof(nodes_of(hashes), old, new)
    merkle.check_consistency(old, new, proof, naive(hashes[:old]), naive(hashes))
    with pytest.raises(CheckFailed):
        merkle.check_consistency(old, new, (*proof, hashes[0]), naive(hashes[:old]), naive(hashes))
    if old > 0:
        forked = [merkle.leaf_hash(b"fork"), *hashes[1:]]
        with pytest.raises(CheckFailed):
            merkle.check_consistency(old, new, proof, naive(hashes[:old]), naive(forked))
        with pytest.raises(CheckFailed):
            merkle.check_consistency(old, new, proof, naive(forked[:old]), naive(hashes))
    if proof:
        with pytest.raises(CheckFailed):
            merkle.check_consistency(old, new, proof[:-1], naive(hashes[:old]), naive(hashes))


def test_what_cannot_be_is_refused() -> None:
    nodes = nodes_of(leaves(5))
    for index, size in ((5, 5), (-1, 5), (0, 0)):
        with pytest.raises(BadInput):
            merkle.inclusion_proof(nodes, index, size)
    with pytest.raises(BadInput):
        merkle.consistency_proof(nodes, 3, 2)
    with pytest.raises(CheckFailed):
        merkle.check_consistency(3, 2, (), b"", b"")
    with pytest.raises(CheckFailed):
        merkle.check_consistency(0, 2, (), b"not the empty root", b"")
    with pytest.raises(BadInput):
        merkle.CompactRange(3, (b"x" * 32,))
    with pytest.raises(BadInput):
        merkle.CompactRange(1, (b"short",))
