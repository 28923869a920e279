"""The Merkle tree is that of RFC 6962, and its proofs convince only of what is so."""

from __future__ import annotations

from hashlib import sha256

import pytest
from headcount_server.publication.merkle import EMPTY, Tree, extends, includes, leaf_hash
from hypothesis import given
from hypothesis import strategies as st

# The leaves and heads by which implementations of Certificate Transparency are compared.
LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657",
                 "606162636465666768696a6b6c6d6e6f")
]  # fmt: skip
HEADS = [
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


def by_the_book(leaves: list[bytes]) -> bytes:
    """The head by the recursion of the RFC, without any of our code."""
    if not leaves:
        return sha256().digest()
    if len(leaves) == 1:
        return sha256(b"\0" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha256(b"\1" + by_the_book(leaves[:k]) + by_the_book(leaves[k:])).digest()


@pytest.mark.parametrize("size", range(len(HEADS)))
def test_heads_are_those_of_the_known_vectors(size: int) -> None:
    assert Tree(LEAVES[:size]).root().hex() == HEADS[size]
    assert Tree(LEAVES).root(size).hex() == HEADS[size]
    assert by_the_book(LEAVES[:size]).hex() == HEADS[size]


def test_a_known_proof_is_ours() -> None:
    proof = Tree(LEAVES).inclusion(5, 8)
    assert [step.hex() for step in proof] == [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


@given(st.lists(st.binary(max_size=3), min_size=1, max_size=40), st.data())
def test_every_proof_convinces_and_none_of_anything_else(
    leaves: list[bytes], data: st.DataObject
) -> None:
    tree, n = Tree(leaves), len(leaves)
    assert tree.root() == by_the_book(leaves)
    index = data.draw(st.integers(0, n - 1))
    proof = tree.inclusion(index, n)
    assert includes(tree.root(), n, index, leaves[index], proof)
    assert not includes(tree.root(), n, index, leaves[index] + b"x", proof)
    assert not includes(leaf_hash(b"other"), n, index, leaves[index], proof)
    assert not includes(tree.root(), n, n, leaves[index], proof)
    old = data.draw(st.integers(0, n))
    steps = tree.consistency(old, n)
    before = tree.root(old)
    assert extends(before, old, tree.root(), n, steps)
    assert not extends(leaf_hash(b"other"), old, tree.root(), n, steps)
    if 0 < old < n:
        assert not extends(before, old, leaf_hash(b"other"), n, steps)
        assert not extends(before, old, tree.root(), n, steps[:-1])
        assert not extends(before, old, tree.root(), n, [*steps, EMPTY])


def test_a_tree_that_grows_proves_for_the_size_that_is_asked() -> None:
    tree = Tree(LEAVES[:5])
    before, proof = tree.root(), tree.inclusion(3, 5)
    for leaf in LEAVES[5:]:
        tree.append(leaf)
    assert tree.inclusion(3, 5) == proof
    assert includes(before, 5, 3, LEAVES[3], tree.inclusion(3, 5))
    assert not includes(before, 5, 3, LEAVES[3], tree.inclusion(3, 8))
