"""The log's documents at their addresses: head, leaves and proofs.

An inclusion proof has the form of C2SP tlog-proof. A consistency proof is what a witness takes
(C2SP tlog-witness, `add-checkpoint`): the old size, hashes, a blank line and the checkpoint.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterator, Sequence

from headcount_server.publication.published_log import CHECKPOINT, FOLDER, KEY, PublishedLog
from headcount_server.representation import Document

_TEXT = "text/plain; charset=utf-8"
_JSON = "application/json"
_LEAF, _INCLUSION, _CONSISTENCY = (
    f"{FOLDER}/leaf/",
    f"{FOLDER}/proof/inclusion/",
    f"{FOLDER}/proof/consistency/",
)
_NUMBER = re.compile(r"(.*/)(0|[1-9][0-9]{0,17})")


def document(log: PublishedLog, address: str) -> Document | None:
    """Return the document at an address; None if there is none."""
    if address in {CHECKPOINT, KEY}:
        return _text(log.checkpoint if address == CHECKPOINT else log.key)
    found = _NUMBER.fullmatch(address)
    folder, number = (found[1], int(found[2])) if found else ("", 0)
    if folder == _LEAF and number < log.size:
        return Document(log.leaf(number).encode(), _JSON)
    if folder == _INCLUSION and number < log.size:
        lines = ["c2sp.org/tlog-proof@v1", f"index {number}"]
        return _proof(log, lines, log.tree.inclusion(number, log.size))
    if folder == _CONSISTENCY and number <= log.size:
        return _proof(log, [f"old {number}"], log.tree.consistency(number, log.size))
    return None


def addresses(log: PublishedLog) -> Iterator[str]:
    """Yield the address of every document of a log that is written as files.

    Consistency is proven from each size that a head can have had.
    """
    yield from (CHECKPOINT, KEY)
    for number, leaf in enumerate(log.leaves()):
        if number and json.loads(leaf)["kind"] != "totals":
            yield f"{_CONSISTENCY}{number}"
        yield f"{_LEAF}{number}"
        yield f"{_INCLUSION}{number}"
    yield f"{_CONSISTENCY}{log.size}"


def _proof(log: PublishedLog, lines: Sequence[str], proof: Sequence[bytes]) -> Document:
    hashes = (b64encode(each).decode() for each in proof)
    return _text("\n".join([*lines, *hashes, "", log.checkpoint]))


def _text(text: str) -> Document:
    return Document(text.encode(), _TEXT)
