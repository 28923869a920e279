"""A whole population over ten weeks, real clients under one clock.

`make soak` takes 10,000 hosts; a test run takes as many as HEADCOUNT_HOSTS says.
"""

from __future__ import annotations

import heapq
import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest
from headcount import Client
from headcount.model.week import WEEK, Week
from headcount.transport.messages import Answer, Request
from support.sample_project import DAY, HOUR, MONDAY, SAMPLE, Site

pytestmark = [pytest.mark.slow, pytest.mark.heavy]

if TYPE_CHECKING:
    from collections.abc import Iterator

HOSTS = int(os.environ.get("HEADCOUNT_HOSTS", "300"))
WEEKS = 10
OUTAGE = (MONDAY + 5 * WEEK + 2 * DAY, MONDAY + 5 * WEEK + 3 * DAY)  # a Wednesday
END = MONDAY + WEEKS * WEEK
CRITICAL = 55.5  # chi-square, 27 degrees of freedom, one run in a thousand


class Population:
    """Hosts that ask hourly at most, half of them only by day, and the server they report to."""

    def __init__(self, directory: Path, size: int) -> None:
        self.now = float(MONDAY)
        self.random = Random(20261116)  # noqa: S311 - a test that comes out alike each time
        self.accepted: list[tuple[float, int, str, bytes]] = []
        self.turned_away: list[float] = []
        self.clients = [self._client(directory / str(number), number) for number in range(size)]

    def _client(self, directory: Path, number: int) -> Client:
        population = self

        class Line:
            def submit(self, request: Request, timeout: float) -> Answer:
                assert timeout > 0
                return population.answer(number, request)

        return Client(
            SAMPLE,
            Site(),
            state_directory=directory,
            environment={},
            clock=lambda: self.now,
            randomness=self.random.random,
            transport=Line(),
            patience=None,
        )

    def answer(self, number: int, request: Request) -> Answer:
        if OUTAGE[0] <= self.now < OUTAGE[1]:
            self.turned_away.append(self.now)
            return Answer(code="UNAVAILABLE")
        self.accepted.append((self.now, number, request.week, request.token))
        return Answer(code="OK")

    def live(self) -> None:
        events: list[tuple[float, int]] = []
        for number, client in enumerate(self.clients):
            client.grant()
            events.append((float(MONDAY), number))
        heapq.heapify(events)
        while events:
            self.now, number = heapq.heappop(events)
            client = self.clients[number]
            client.send_if_due()
            moment = client.next_due()
            assert moment is not None
            later = _when_up(max(moment, self.now + 60), number)
            if later < END:
                heapq.heappush(events, (later, number))


def _when_up(moment: float, number: int) -> float:
    """When a host looks next: every other one sleeps from 20:00 to some time after 08:00."""
    hour = moment % DAY // HOUR
    if number % 2 and not 8 <= hour < 20:
        return moment - moment % DAY + 8 * HOUR + (DAY if hour >= 20 else 0) + number % 120 * 60
    return moment


@pytest.fixture(name="lived", scope="module")
def _lived() -> Iterator[Population]:
    shared = Path("/dev/shm")  # noqa: S108 - memory, so that the disk is not what is measured
    directory = Path(
        tempfile.mkdtemp(prefix="population-", dir=shared if shared.exists() else None)
    )
    population = Population(directory, HOSTS)
    population.live()
    yield population
    shutil.rmtree(directory)


def test_every_host_is_counted_exactly_once_a_week(lived: Population) -> None:
    counted = Counter((number, week) for _, number, week, _ in lived.accepted)
    assert set(counted.values()) == {1}
    weeks = [Week(index=Week.at(MONDAY).index + n).label for n in range(WEEKS)]
    missing = [(n, week) for n in range(HOSTS) for week in weeks if (n, week) not in counted]
    # The first moment is drawn over seven days from Tuesday on: one in seven is next week's.
    skipped = [number for number, week in missing if week == weeks[0]]
    assert HOSTS / 15 < len(skipped) < HOSTS / 4
    # One that sleeps may wake after the last week's end; its report is on its way.
    late = [(number, week) for number, week in missing if week != weeks[0]]
    assert all(week == weeks[-1] and number % 2 for number, week in late)
    assert len(late) < HOSTS / 10
    assert len({token for *_, token in lived.accepted}) == len(lived.accepted)


def test_reports_are_spread_over_the_week(lived: Population) -> None:
    """Of hosts that never sleep, in the weeks without first day or outage: chi-square."""
    slots = [0] * 28
    for moment, number, _, _ in lived.accepted:
        whole = int((moment - MONDAY) // WEEK)
        if number % 2 == 0 and whole not in {0, 5, 6}:
            slots[int((moment - MONDAY) % WEEK // (6 * HOUR))] += 1
    expected = sum(slots) / len(slots)
    assert expected > 20
    assert sum((count - expected) ** 2 / expected for count in slots) < CRITICAL


def test_no_host_keeps_to_a_time_of_its_own(lived: Population) -> None:
    """A moment that came again each week would be a mark to know a host by."""
    slots: dict[int, list[int]] = {}
    for moment, number, _, _ in lived.accepted:
        if number % 2 == 0:
            slots.setdefault(number, []).append(int((moment - MONDAY) % WEEK // (6 * HOUR)))
    repeated = sum(len(own) - len(set(own)) for own in slots.values())
    pairs = sum(len(own) * (len(own) - 1) / 2 for own in slots.values())
    assert repeated / pairs < 1.5 / 28


def test_after_an_outage_nobody_stampedes(lived: Population) -> None:
    """Those turned away come back over a day: no hour is much above that of other mornings."""
    turned = len(lived.turned_away)
    assert HOSTS / 14 < turned < HOSTS  # each tried a few times at most
    hours = Counter(int((moment - MONDAY) // HOUR) for moment, *_ in lived.accepted)
    end = (OUTAGE[1] - MONDAY) // HOUR
    after = [hours[hour] for hour in range(end, end + 24)]
    usual = max(hours[hour] for hour in range(7 * 24, end - 24))
    assert max(after) < 2.5 * usual
    awake = Counter(
        int((moment - OUTAGE[1]) // HOUR) for moment, number, *_ in lived.accepted if not number % 2
    )
    assert max(awake[hour] for hour in range(24)) < HOSTS / 14 / 4  # of a day's worth
