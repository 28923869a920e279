"""Verifies a bundle: that its log is signed and only grew, and that its numbers are in the log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from headcount_server.errors import LogError
from headcount_server.log import history
from headcount_server.log.comparison import Comparison
from headcount_server.log.head import sealed
from headcount_server.log.history import History
from headcount_server.log.notes import Checkpoint, VerifierKey
from headcount_server.publication import bundle, bundle_reader
from headcount_server.publication.bundle_reader import Bundle
from headcount_server.publication.published_log import PublishedLog

_DERIVED = ("statistics.csv", "registry.json", "policy.json", "weeks/")
"""Files, and the folder, that follow from the others."""


@dataclass(frozen=True, slots=True)
class Verified:
    """A bundle in which everything is as the log says."""

    note: str
    """The checkpoint, as it was signed."""
    checkpoint: Checkpoint
    key: VerifierKey
    history: History
    weeks: int
    """Weeks for which the log vouches."""


def verify(place: Path, trusted: str = "", since: str = "") -> Verified:
    """Return a bundle's log if everything in the bundle agrees with it.

    `trusted` is a verifier key or its fingerprint; without it, the bundle's own key is taken.
    `since` is an older checkpoint, which has to be of a prefix. Raises StoreError if the bundle is
    not whole, and LogError, which names every difference.
    """
    files = bundle_reader.files_of(place)
    found = bundle_reader.parsed(place, files)
    log = found.about.log
    if log is None:
        msg = f"{place}: has no signed log, so nobody vouches for it"
        raise LogError(msg)
    key = _key(log, trusted)
    checkpoint = Checkpoint.parse(key.open(log.checkpoint))
    if key.open(log.seal(b"")) != sealed(checkpoint.origin, files[bundle.SUMS]):
        msg = "the seal is of other checksums; the bundle was changed"
        raise LogError(msg)
    said = history.read(log.leaves())
    _told(place, _of_log(log, checkpoint, f"{key.name}/{said.log}"))
    if since:
        _told(place, _older(log, checkpoint, Checkpoint.parse(key.open(since)), said))
    compared = Comparison(said, history.salts(log.salts()), found.schema)
    try:
        differences = list(compared.differences(found.weeks))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        msg = f"{place}: a leaf of the log is malformed ({error!r})"
        raise LogError(msg) from error
    _told(place, [*differences, *_derived(found, files)])
    return Verified(log.checkpoint, checkpoint, key, said, len(said.weeks))


def _told(place: Path, differences: Iterable[str]) -> None:
    if found := list(differences):
        raise LogError("\n  ".join([f"{place}: not what the log says", *found]))


def _key(log: PublishedLog, trusted: str) -> VerifierKey:
    own = VerifierKey.parse(log.key)
    if trusted in {"", own.fingerprint}:
        return own
    if trusted.startswith("SHA256:"):
        msg = f"the key is {own.fingerprint}, not {trusted}"
        raise LogError(msg)
    return VerifierKey.parse(trusted)


def _of_log(log: PublishedLog, checkpoint: Checkpoint, origin: str) -> Iterator[str]:
    if checkpoint.origin != origin:
        yield f"the head is of {checkpoint.origin}, and the log is {origin}"
    if log.size != checkpoint.size:
        yield f"the log has {log.size} leaves, and its head {checkpoint.size}"
    elif log.tree.root() != checkpoint.root:
        yield "the leaves are not those of the head"


def _older(
    log: PublishedLog, checkpoint: Checkpoint, older: Checkpoint, said: History
) -> Iterator[str]:
    if older.origin != checkpoint.origin:
        why = f"; it says that a restore did so on {said.restored}" if said.restored else ""
        yield f"the log was begun anew: it is {checkpoint.origin}, and was {older.origin}{why}"
    elif older.size > checkpoint.size:
        yield f"the log has {checkpoint.size} leaves, and had {older.size}"
    elif log.tree.root(older.size) != older.root:
        yield f"the first {older.size} leaves are not those of the older checkpoint"


def _derived(found: Bundle, files: Mapping[str, bytes]) -> Iterator[str]:
    """Compare files that follow from others with what follows."""
    made: dict[str, bytes] = {}

    def add(name: str, parts: Iterable[bytes]) -> None:
        made[name] = b"".join(parts)

    bundle.pour(add, found.schema, found.weeks, found.about)
    for name in sorted(made.keys() | files.keys()):
        if name not in made:
            yield f"{name}: belongs to no bundle"
        elif name.startswith(_DERIVED) and made[name] != files.get(name):
            yield f"{name}: does not follow from the numbers, or another version wrote it"
