"""Chooses the published numbers that are exposed as series, within a bound.

At most `MAX_VALUES` values of a key are exposed, and at most `MAX_CELLS` cells of its
cross-tabulation, all of exposed values. All together make at most `MAX_SERIES` series.
Reports of projects go before answers, answers before values, and values before cells.
Within each kind the largest numbers are kept; of equal numbers, those that come first by
project, key and value. So the same totals always expose the same series.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from headcount_server.counting.tally import Cell
from headcount_server.publication.partition import OTHER_RELEASES_TEXT
from headcount_server.publication.published import PublishedProject
from headcount_server.registry.schema import Project

MAX_VALUES = 200
"""Most values of one key."""
MAX_CELLS = 1_000
"""Most values of one key per release."""
MAX_SERIES = 10_000
"""Most series of all projects, including the series that count what was cut."""

_ALWAYS = 3  # the week, the threshold and what was cut in all

_REPORTS, _ANSWERS, _VALUES, _CELLS = range(4)
_Place = tuple[int, int, int, int, str, str]
"""The order in which a number is chosen: rank, -reports, project, key, value, release."""


@dataclass(frozen=True, slots=True)
class Series:
    """The exposed numbers of a key."""

    key: int
    answers: int
    values: Sequence[tuple[str, int]]
    cells: Sequence[tuple[str, str, int]]
    """Value, release and reports."""


@dataclass(frozen=True, slots=True)
class ShownProject:
    """The exposed numbers of a project."""

    name: str
    reports: int
    keys: Sequence[Series]


@dataclass(frozen=True, slots=True)
class Shown:
    """The exposed numbers of a week, and how many are left out."""

    projects: Sequence[ShownProject]
    cut: int
    """How many numbers are not exposed."""
    notices: Sequence[tuple[str, str, int]]
    """Project, key, and the number of its values and cells that are not exposed, if not 0."""


def shown(known: Mapping[str, Project], published: Sequence[PublishedProject]) -> Shown:
    """Return the exposed numbers of these projects, as far as the registry still has them."""
    found = [project for project in published if project.name in known]
    places = [
        place
        for index, project in enumerate(found)
        for place in _places(index, project, known[project.name])
    ]
    capped = _capped(places)
    # Each key can need a notice, which is a series too.
    keys = sum(place[0] == _ANSWERS for place in places)
    kept = sorted(capped)[: max(0, MAX_SERIES - _ALWAYS - keys)]
    # A cell is not exposed without the value that it is a part of.
    values = {place[2:5] for place in kept if place[0] == _VALUES}
    kept = [place for place in kept if place[0] != _CELLS or place[2:5] in values]
    notices = _notices(places, kept, found, known)
    return Shown(
        _grouped(kept, found), len(places) - len(kept), notices[: MAX_SERIES - _ALWAYS - len(kept)]
    )


def _places(index: int, project: PublishedProject, known: Project) -> list[_Place]:
    """Return every number of a project with its sorting order."""
    publication = project.publication
    asked = [number for number in publication.answers if number in known.keys]
    places = [(_REPORTS, -publication.reports, index, 0, "", "")]
    places += [(_ANSWERS, -publication.answers[key], index, key, "", "") for key in asked]
    margins: Counter[tuple[int, str]] = Counter()
    for cell, reports in publication.values.items():
        if cell.key in known.keys and cell.key in publication.answers:
            margins[cell.key, cell.value] += reports
            release = _release(project, cell)
            if release and known.keys[cell.key].crossed:
                places.append((_CELLS, -reports, index, cell.key, cell.value, release))
    # Cells that are told apart and yet too rare, so rounded down to 0.
    places += [
        (_CELLS, 0, index, key, value, release)
        for (key, value), releases in publication.told_apart.items()
        if key in asked
        for release in releases
        if Cell(key, value, release) not in publication.values
    ]
    places += [(_VALUES, -n, index, key, value, "") for (key, value), n in margins.items()]
    return places


def _release(project: PublishedProject, cell: Cell) -> str:
    """Return the release of a cell as it is exposed; empty if the number is not of a cell."""
    its = project.terms.get(cell.key)
    if its is not None and its.crossed and not its.folded:
        return cell.release or OTHER_RELEASES_TEXT
    return cell.release


def _capped(places: Sequence[_Place]) -> list[_Place]:
    """Return the numbers without those beyond the bounds of one key."""
    of_key: defaultdict[tuple[int, int, int], list[_Place]] = defaultdict(list)
    kept = []
    for place in places:
        if place[0] in {_VALUES, _CELLS}:
            of_key[place[0], place[2], place[3]].append(place)
        else:
            kept.append(place)
    for (rank, index, key), found in sorted(of_key.items()):
        if rank == _VALUES:
            kept += sorted(found)[:MAX_VALUES]
        else:
            values = {p[4] for p in sorted(of_key[_VALUES, index, key])[:MAX_VALUES]}
            kept += sorted(place for place in found if place[4] in values)[:MAX_CELLS]
    return kept


def _notices(
    places: Sequence[_Place],
    kept: Sequence[_Place],
    found: Sequence[PublishedProject],
    known: Mapping[str, Project],
) -> list[tuple[str, str, int]]:
    cut: Counter[tuple[int, int]] = Counter(p[2:4] for p in places if p[0] >= _VALUES)
    cut.subtract(p[2:4] for p in kept if p[0] >= _VALUES)
    return [
        (found[index].name, known[found[index].name].keys[key].name, number)
        for (index, key), number in sorted(cut.items())
        if number
    ]


def _grouped(kept: Sequence[_Place], found: Sequence[PublishedProject]) -> list[ShownProject]:
    """Return the kept numbers by project and key, values in the order of publication."""
    answers: defaultdict[int, dict[int, int]] = defaultdict(dict)
    values: defaultdict[tuple[int, int], list[tuple[str, int]]] = defaultdict(list)
    cells: defaultdict[tuple[int, int], list[tuple[str, str, int]]] = defaultdict(list)
    told = set()
    for rank, reports, index, key, value, release in sorted(kept, key=lambda place: place[2:]):
        if rank == _REPORTS:
            told.add(index)
        elif rank == _ANSWERS:
            answers[index][key] = -reports
        elif rank == _VALUES:
            values[index, key].append((value, -reports))
        elif rank == _CELLS:
            cells[index, key].append((value, release, -reports))
    return [
        ShownProject(
            project.name,
            project.publication.reports,
            [Series(k, n, values[index, k], cells[index, k]) for k, n in answers[index].items()],
        )
        for index, project in enumerate(found)
        if index in told
    ]
