"""The log of publications as a value: what files, pages and bundles show of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from headcount_server.errors import LogError
from headcount_server.publication.merkle import Tree

FOLDER = "log"
LEAVES, SALTS = f"{FOLDER}/leaves.jsonl", f"{FOLDER}/salts.jsonl"
CHECKPOINT, KEY, SEAL = f"{FOLDER}/checkpoint", f"{FOLDER}/key", f"{FOLDER}/seal"


@dataclass(frozen=True, slots=True)
class PublishedLog:
    """A log with its signed head. Texts end in a newline, and leaves do not."""

    checkpoint: str
    """The head as a signed note (C2SP tlog-checkpoint)."""
    key: str
    """The verifier key (C2SP signed-note)."""
    tree: Tree
    """The tree, which may have grown since."""
    size: int
    """Number of leaves."""
    leaf: Callable[[int], str]
    """Returns one leaf by its index."""
    leaves: Callable[[], Iterator[str]]
    """Yields every leaf."""
    salts: Callable[[], Iterator[str]]
    """Yields the salts of each leaf that can be opened, as one line of JSON."""
    seal: Callable[[bytes], str]
    """Returns a signed note about the checksums of a bundle."""
    after: str
    """The last week for which the log cannot vouch; empty if there is none."""
    restored: str
    """Day (ISO 8601) of the restore that began the log anew; empty if none did."""


def from_files(files: Mapping[str, bytes]) -> PublishedLog | None:
    """Return the log in the files of a bundle, as it says itself; None if it has none.

    Raises LogError if files are missing or malformed.
    """
    if CHECKPOINT not in files:
        return None
    try:
        leaves, salts = (files[name].decode().split("\n")[:-1] for name in (LEAVES, SALTS))
        first = json.loads(leaves[0])
        seal = files[SEAL].decode()
        tree = Tree(leaf.encode() for leaf in leaves)
        return PublishedLog(
            checkpoint=files[CHECKPOINT].decode(),
            key=files[KEY].decode(),
            tree=tree,
            size=tree.size,
            leaf=lambda number: leaves[number],
            leaves=lambda: iter(leaves),
            salts=lambda: iter(salts),
            seal=lambda _: seal,
            after=str(first["after"]),
            restored=str(first.get("restored", "")),
        )
    except (KeyError, IndexError, TypeError, ValueError) as error:
        msg = f"the log of the bundle cannot be read ({error})"
        raise LogError(msg) from error
