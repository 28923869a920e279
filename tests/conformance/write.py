"""Write the vectors from their sources; with --check, say which files differ.

PYTHONPATH=tests python -m conformance.write [--check]
"""

from __future__ import annotations

import sys
from pathlib import Path

from conformance import projects
from conformance.ages import AGES
from conformance.answers import ANSWERS
from conformance.consent import CONSENT
from conformance.envelopes import ENVELOPES
from conformance.evolution import EVOLUTION
from conformance.histories import HISTORIES
from conformance.oblivious import OBLIVIOUS
from conformance.reports import REPORTS
from conformance.schedule import SCHEDULE
from conformance.switches import SWITCHES
from conformance.tokens import TOKENS
from conformance.values import VALUES
from conformance.weeks import WEEKS

FOLDER = Path(__file__).parents[1] / "vectors"
SOURCES = (
    *(WEEKS, TOKENS, HISTORIES, AGES, VALUES, REPORTS, ENVELOPES),
    *(ANSWERS, SCHEDULE, SWITCHES, CONSENT, EVOLUTION, OBLIVIOUS),
)


def files() -> dict[str, str]:
    """The text of each file, by its name."""
    made = {f"{source.name}.json": source.text() for source in SOURCES}
    return made | {"projects.json": projects.text()}


def out_of_date() -> list[str]:
    """The files that are missing, differ, or have no source."""
    wanted = files()
    there = {file.name: file.read_text(encoding="utf-8") for file in FOLDER.glob("*")}
    return sorted(
        name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name)
    )


def main() -> int:
    """Writes, or checks."""
    stale = out_of_date()
    if "--check" in sys.argv[1:]:
        for name in stale:
            print(f"tests/vectors/{name}: out of date; run `make generate`", file=sys.stderr)
        return 1 if stale else 0
    for name in stale:
        if name in (wanted := files()):
            (FOLDER / name).write_text(wanted[name], encoding="utf-8")
        else:
            (FOLDER / name).unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
