"""Any bytes as registry.lock: read to the last number, or refused by file, line and remedy."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from headcount_registry.errors import LockError, SourceError
from headcount_registry.evolution.lock import FIRST_VALUE, Lock, lock_path, parse_lock
from headcount_registry.pipeline.stages import number_draft, read_draft
from support.fuzzing import Surface, linewise

if TYPE_CHECKING:
    from support.workbench import Bench

LOCKS = Surface(
    Path(__file__).parent / "corpus" / "lock",
    linewise(
        (
            b'"project": "toy"',
            b'"number": 2',
            b'"number": 19000',
            b'"number": 536870912',
            b'"number": true',
            b'"key": "version"',
            b'"field": "a"',
            b'"type": "choice"',
            b'"values": {"Apache": 2}',
            b'"retired": true',
            b'"retired_values": ["Apache"]',
            b'"retired_values": [[]]',
            b"\xef\xbb\xbf",
            b"\xff",
            b"\\u0000",
            b"\\ud800",
            b"\n",
            b"\r",
            b"\x0b",
            b"\xe2\x80\xa8",
            b"{",
            b"}",
            b"[" * 3000,
            b"9" * 5000,
            b"1e400",
            b"Infinity",
            b", ",
        )
    ),
)
REFUSED = re.compile(r"registry\.lock:\d+: error: .+; .+", re.DOTALL)


def taken(text: str) -> tuple[Lock | None, str]:
    """The lock in a text, or why it is none."""
    try:
        return parse_lock(text), ""
    except LockError as error:
        return None, str(error)


def test_any_lock_is_read_to_the_last_number_or_refused_by_line_and_remedy() -> None:
    read_locks = 0
    for data in LOCKS.inputs(4000):
        with LOCKS.keeping(data):
            lock, refusal = taken(data.decode(errors="replace"))
            if lock is None:
                assert REFUSED.fullmatch(refusal)
                continue
            read_locks += 1
            assert parse_lock(lock.text()) == lock
            given = [(line.project, line.number) for line in lock.keys]
            assert len(set(given)) == len(given)
            for line in lock.keys:
                assert set(line.values.values()).isdisjoint(range(FIRST_VALUE))
                assert line.retired_values <= line.values.keys()
    assert read_locks > 50


def test_declarations_are_numbered_after_any_lock_or_refused(bench: Bench) -> None:
    """A number that a lock gives out stays where it is, whatever else the lock holds."""
    bench.write("toy.info", "telemetry[a][label] = A\ntelemetry[a][type] = boolean\n")
    draft = read_draft([bench.declarations])
    lock_file = lock_path([bench.declarations])
    for data in LOCKS.inputs(400):
        with LOCKS.keeping(data):
            lock_file.write_bytes(data)
            # What is no UTF-8 becomes what no lock may hold.
            before = taken(lock_file.read_text("utf-8", "surrogateescape"))[0]
            if before is None:
                with pytest.raises((LockError, SourceError), match=r"registry\.lock"):
                    number_draft(draft, lock_file)
                continue
            outcome = number_draft(draft, lock_file)
            after = {(line.project, line.key): line.number for line in outcome.lock.keys}
            errors = [finding for finding in outcome.findings if finding.is_error]
            for line in before.keys:
                assert errors or after[line.project, line.key] == line.number


@pytest.mark.parametrize("file", sorted(LOCKS.corpus.iterdir()), ids=lambda file: file.name)
def test_a_kept_lock_ends_the_command_without_a_trace(bench: Bench, file: Path) -> None:
    bench.write("toy.info", "telemetry[a][label] = A\ntelemetry[a][type] = boolean\n")
    bench.lock.write_bytes(file.read_bytes())
    result = bench.run_build()
    assert result.exit_code in {0, 1}
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.output
