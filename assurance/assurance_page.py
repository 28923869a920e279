"""The page of the assurances: promises, attacks and findings, from a record of runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypedDict

import evidence
from evidence import Outcomes
from findings import FINDINGS
from promises import PROMISES, Attack


class Record(TypedDict):
    """The content of the page, besides the promises themselves."""

    date: str
    versions: dict[str, str]
    short: Outcomes
    long_date: str
    """The time at which the long forms ran; empty if they have not."""
    long: Outcomes
    targets: list[list[str]]
    shares: list[list[str]]
    openings: list[list[str]]
    places: list[list[str]]


_HEAD = """\
# Assurance

What headcount promises, and what was done to prove it wrong. This page is written by
`make assurance` from runs of the tests; [assurance.json](assurance.json) holds what they
showed. `make test-heavy` runs every attack in its short form, `make soak` the long ones.
"""
_INJECTOR = """\
## Who invents reports

Reports are not authenticated, so this is a limit and no promise. Somebody wants to learn
one site's yes or no, knows that the site reports, and sends reports of his own that say
yes. How often his best guess is right, if the site's answer is as likely yes as no:
"""
_INJECTOR_MORE = """\
A blind guess is right half the time. Who can be sure that nobody else holds a value, or
who knows all others, needs one report less than the threshold. Where others are not known,
their own spread hides the site. A larger threshold asks for more fakes, and nothing else
stops them: the limit on calls is one per address prefix.

How far inventions move a published share of 20 %, with the threshold of 5:
"""
_NOT_SHOWN = """\
## What is not shown

- No test asks an advisory service about weaknesses of dependencies; `make audit` does where
  the network lets it, and fails where the service does not know a dependency.
- What an operator with changed software, or someone with the machine's memory, could see.
- Flash memory, snapshots of file systems and swap, which keep what programs overwrite.
- Weeks are closed one by one and nothing published ties a site of one week to the next, so
  what is shown of one week holds for all; what is likely over many weeks is not excluded.
"""


def render(record: Record) -> str:
    """Return the page."""
    return "\n".join([_HEAD, *_runs(record), *_promises(record), *_rest(record)])


def _runs(record: Record) -> Iterator[str]:
    versions = ", ".join(f"{name} {version}" for name, version in record["versions"].items())
    long = record["long_date"] or "not yet"
    yield f"Short forms: {record['date']}. Long forms: {long}. With {versions}.\n"


def _promises(record: Record) -> Iterator[str]:
    for number, promise in enumerate(PROMISES, start=1):
        yield f"## {number}. {promise.words}\n"
        for attack in promise.attacks:
            yield f"- {attack.what}."
            yield from (f"  {line}" for line in _results(record, attack))
        yield ""


def _results(record: Record, attack: Attack) -> Iterator[str]:
    for test in attack.tests:
        yield f"  - `tests/{test}`: {_outcome(record['short'], test)}"
        if attack.soak:
            told = _outcome(record["long"], test)
            if told != "not run":
                yield f"    - `{attack.soak}`: {told}"


_OPENINGS = """\
So many fakes in one week have a release told apart for a value that everybody holds. With
k - 1 more in the next week the injector sees whether one real site is on that release;
under the former rule, by which every release was told apart, he needed only these.
"""
_PLACES = """\
A network introduces 20 values of a key a day. Who fills all places that are not reserved
learns, from those of his values that are published, how many real ones are too rare to be.
"""


def _outcome(outcomes: Outcomes, test: str) -> str:
    found = evidence.of(outcomes, test)
    if not found:
        return "not run"
    cases = sum(one["cases"] for one in found)
    failed, skipped = (sum(one[what] for one in found) for what in ("failed", "skipped"))
    told = [f"{cases - failed - skipped} of {cases} passed"]
    told += [f"{skipped} skipped"] * bool(skipped) + [f"**{failed} FAILED**"] * bool(failed)
    told.append(f"{sum(one['seconds'] for one in found):.0f} s")
    told += [f"{name}: {value}" for one in found for name, value in one["found"].items()]
    return ", ".join(told)


def _rest(record: Record) -> Iterator[str]:
    yield _INJECTOR
    yield _table(record["targets"])
    yield _INJECTOR_MORE
    yield _table(record["shares"])
    yield _OPENINGS
    yield _table(record["openings"])
    yield _PLACES
    yield _table(record["places"])
    yield "## Defects found on the way\n"
    for finding in FINDINGS:
        yield f"- {finding.what}\n  `tests/{finding.test}`"
    yield f"\n{_NOT_SHOWN}"


def _table(rows: Sequence[Sequence[str]]) -> str:
    head, *body = rows
    ruled = [head, ["---", *["---:"] * (len(head) - 1)], *body]
    return "\n".join(f"| {' | '.join(row)} |" for row in ruled) + "\n"
