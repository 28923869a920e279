"""The Merkle tree of RFC 6962 over SHA-256: heads, and proofs of inclusion and consistency.

Indices and sizes count leaves. A proof is a list of hashes, in the order of the RFC.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256

EMPTY = sha256().digest()
"""Head of a tree without leaves."""


def leaf_hash(leaf: bytes) -> bytes:
    """Return the hash of a leaf (RFC 6962, 2.1)."""
    return sha256(b"\0" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two subtrees (RFC 6962, 2.1)."""
    return sha256(b"\1" + left + right).digest()


class Tree:
    """A tree that only grows; of each leaf it keeps the hash."""

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self._levels: list[list[bytes]] = [[]]
        """Heads of the full subtrees of 1, 2, 4, ... leaves, from left to right."""
        for leaf in leaves:
            self.append(leaf)

    @property
    def size(self) -> int:
        """Return the number of leaves."""
        return len(self._levels[0])

    def append(self, leaf: bytes) -> None:
        """Add a leaf at the end."""
        self._levels[0].append(leaf_hash(leaf))
        height = 0
        while len(self._levels[height]) % 2 == 0:
            left, right = self._levels[height][-2:]
            height += 1
            if height == len(self._levels):
                self._levels.append([])
            self._levels[height].append(node_hash(left, right))

    def root(self, size: int | None = None) -> bytes:
        """Return the head of the tree, or of its first leaves."""
        end = self.size if size is None else size
        return self._head(0, end) if end else EMPTY

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """Return the proof that a leaf is among the first leaves (RFC 6962, 2.1.1)."""
        return self._path(index, 0, size)

    def consistency(self, old: int, size: int) -> list[bytes]:
        """Return the proof that `old` leaves are a prefix of `size` leaves (RFC 6962, 2.1.2)."""
        return self._prefix(old, 0, size, known=True) if old else []

    def _head(self, start: int, end: int) -> bytes:
        number = end - start
        height = number.bit_length() - 1
        if number == 1 << height:
            return self._levels[height][start >> height]
        middle = start + _split(number)
        return node_hash(self._head(start, middle), self._head(middle, end))

    def _path(self, index: int, start: int, end: int) -> list[bytes]:
        if end - start == 1:
            return []
        middle = start + _split(end - start)
        if index < middle:
            return [*self._path(index, start, middle), self._head(middle, end)]
        return [*self._path(index, middle, end), self._head(start, middle)]

    def _prefix(self, old: int, start: int, end: int, *, known: bool) -> list[bytes]:
        if old == end:
            return [] if known else [self._head(start, end)]
        middle = start + _split(end - start)
        if old <= middle:
            return [
                *self._prefix(old, start, middle, known=known),
                self._head(middle, end),
            ]
        return [*self._prefix(old, middle, end, known=False), self._head(start, middle)]


def _split(number: int) -> int:
    """Return the largest power of two below a number."""
    return 1 << ((number - 1).bit_length() - 1)


def includes(root: bytes, size: int, index: int, leaf: bytes, proof: Sequence[bytes]) -> bool:
    """Return whether a proof shows that a head covers a leaf (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    place, last, found = index, size - 1, leaf_hash(leaf)
    for step in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = node_hash(step, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, step)
        place, last = place >> 1, last >> 1
    return last == 0 and found == root


def extends(old_root: bytes, old: int, root: bytes, size: int, proof: Sequence[bytes]) -> bool:
    """Return whether a proof shows that an older head is of a prefix (RFC 9162, 2.1.4.2)."""
    if old == size or not 0 < old < size:
        return not proof and (old_root == root if old == size else old == 0 and old_root == EMPTY)
    steps = list(proof)
    if old & (old - 1) == 0:
        steps.insert(0, old_root)
    if not steps:
        return False
    place, last = old - 1, size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    before = after = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            before, after = node_hash(step, before), node_hash(step, after)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            after = node_hash(after, step)
        place, last = place >> 1, last >> 1
    return last == 0 and before == old_root and after == root
