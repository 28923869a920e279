"""Printed ranges and shares always hold the truth; versions sort as versions."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import timedelta

import pytest
from headcount.v1 import options_pb2
from headcount_server.pages import chart, counts, wording
from headcount_server.pages.counts import Count, Share
from headcount_server.pages.distribution import Distribution, distribution
from headcount_server.pages.median import median, ranges
from headcount_server.pages.sorting import natural, newest_first, ordered
from headcount_server.publication.published import PublishedProject, Retraction
from headcount_server.publication.rounding import publish
from headcount_server.registry.schema import Project
from headcount_server.week import Week
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.small_weeks import (
    HIDDEN,
    LANGUAGES,
    LISTS,
    MODULES,
    MULTISITE,
    NODES,
    NOTE,
    PHP,
    SERVER,
    VERSION,
    Site,
    count,
)

THRESHOLDS = st.integers(1, 12)
ANSWERS = {
    VERSION: ["1.9", "1.10", "other"],
    PHP: ["8.1", "8.2", "other"],
    MULTISITE: ["true", "false"],
    SERVER: ["Apache 2.4", "nginx", "nginx 1.10", "other"],
    NODES: ["0", "10", "100+"],
    NOTE: ["a", "b", "other"],
    MODULES: ["block", "views"],
    LANGUAGES: ["de", "fr"],
}


def down(number: int, threshold: int) -> int:
    return number - number % threshold


def holds(bounds: Count | Share, truth: float) -> bool:
    return bounds.lower <= truth <= bounds.upper and bounds.lower <= bounds.middle <= bounds.upper


def printed(share: Share) -> tuple[float, float]:
    text = str(share).removesuffix("%").replace("at most ", "0–")
    low, _, high = text.partition("–")
    return float(low), float(high or low)


def a_site() -> st.SearchStrategy[Site]:
    def one(key: int) -> st.SearchStrategy[tuple[str, ...]]:
        if key in LISTS:
            return st.lists(st.sampled_from(ANSWERS[key]), unique=True, max_size=2).map(
                lambda values: tuple(sorted(values))
            )
        return st.sampled_from(ANSWERS[key]).map(lambda value: (value,))

    return st.fixed_dictionaries({}, optional={key: one(key) for key in ANSWERS})


def test_a_count_is_printed_as_the_range_that_it_is() -> None:
    assert str(Count.published(15, 5)) == "15–19"
    assert str(Count.published(12_000, 5)) == "12,000–12,004"
    assert Count.published(15, 5).middle == 17


def test_an_exact_count_is_printed_as_it_is() -> None:
    assert str(Count.published(15, 1)) == "15"


@pytest.mark.slow
@given(st.integers(0, 5000), THRESHOLDS)
def test_a_range_holds_the_count_that_was_rounded(truth: int, threshold: int) -> None:
    assert holds(Count.published(down(truth, threshold), threshold), truth)


@pytest.mark.slow
@given(st.integers(1, 5000), st.data(), THRESHOLDS)
def test_a_share_holds_the_true_one_also_as_it_is_printed(
    whole: int, data: st.DataObject, threshold: int
) -> None:
    whole = max(whole, threshold)
    part = data.draw(st.integers(0, whole))
    found = counts.share(
        Count.published(down(part, threshold), threshold),
        Count.published(down(whole, threshold), threshold),
    )
    truth = 100 * part / whole
    assert holds(found, truth)
    low, high = printed(found)
    assert low <= truth + 1e-6
    assert truth <= high + 1e-6
    assert high <= 100


def test_narrow_shares_keep_one_decimal_and_wide_ones_none() -> None:
    assert str(Share(34.21, 34.26, 34.2)) == "34.2–34.3%"
    assert str(Share(34.2, 38.9, 36)) == "34–39%"
    assert str(Share(50.0, 50.0, 50.0)) == "50.0%"


@pytest.mark.slow
@given(st.lists(a_site(), min_size=1, max_size=40), st.integers(1, 6))
@settings(max_examples=150)
def test_whatever_was_reported_lies_in_the_ranges_that_the_page_shows(
    toy: Project, sites: list[Site], threshold: int
) -> None:
    published = publish(count(toy, sites), threshold)
    if published is None:
        return
    for key in ANSWERS:
        shown = distribution(toy.keys[key], PublishedProject("toy", (), {}, published), threshold)
        told = [site[key] for site in sites if key in site]
        if len(told) < threshold:
            assert shown is None
        else:
            assert shown is not None
            _check(key, shown, Counter(itertools.chain.from_iterable(told)), len(told))


def _check(key: int, shown: Distribution, truth: Counter[str], answers: int) -> None:
    names = {"10": "10-99"} if key == NODES else {}
    true_counts = {names.get(value, value): n for value, n in truth.items()}
    assert holds(shown.answers, answers)
    for row in shown.rows:
        assert holds(row.count, true_counts[row.value])
        assert holds(row.share, 100 * true_counts[row.value] / answers)
        assert row.count.upper <= shown.answers.upper
        assert 0 <= row.bar.lower <= row.bar.length <= row.bar.upper <= 100
    if key in LISTS:
        assert shown.rest is None
    else:
        assert shown.rest is not None
        assert HIDDEN[key] not in {row.value for row in shown.rows}
        left = answers - sum(true_counts[row.value] for row in shown.rows)
        assert holds(shown.rest.count, left)
        assert holds(shown.rest.share, 100 * left / answers)
        # All that is shown can make up the whole.
        rows = (*shown.rows, shown.rest)
        assert sum(row.share.lower for row in rows) <= 100 + 1e-6
        assert sum(row.share.upper for row in rows) >= 100 - 1e-6


def test_releases_are_crossed_newest_first_and_a_withheld_cell_is_no_zero(toy: Project) -> None:
    numbers = {("1.9", "8.1"): 5, ("1.10", "8.1"): 6, ("1.10", "8.2"): 5, ("1.9", "8.2"): 2}
    sites: list[Site] = [
        {VERSION: (release,), PHP: (php,)}
        for (release, php), n in numbers.items()
        for _ in range(n)
    ]
    shown = shown_of(toy, PHP, sites)
    assert shown.crossing is not None
    assert shown.crossing.releases == ("1.10", "1.9")
    cells = {text: [place.text for place in places] for text, places in shown.crossing.rows}
    assert cells == {"8.2": ["5–9", "–"], "8.1": ["5–9", "5–9"]}
    total = next(row for row in shown.rows if row.text == "8.2")
    assert holds(total.count, 7)


def shown_of(toy: Project, key: int, sites: list[Site]) -> Distribution:
    published = publish(count(toy, sites), 5)
    assert published is not None
    shown = distribution(toy.keys[key], PublishedProject("toy", (), {}, published), 5)
    assert shown is not None
    return shown


def test_a_sum_over_releases_allows_for_all_that_was_withheld_in_them(toy: Project) -> None:
    sites: list[Site] = [{VERSION: ("1.0",), PHP: ("8.2",)} for _ in range(5)]
    for release in ("1.1", "1.2", "1.3", "1.4"):
        sites += [{VERSION: (release,), PHP: ("8.2",)} for _ in range(4)]
    (row,) = shown_of(toy, PHP, sites).rows
    assert row.count.lower == 5
    assert holds(row.count, 21)


def test_a_sum_over_releases_of_a_list_is_not_bounded_by_its_other_values(toy: Project) -> None:
    sites: list[Site] = [{VERSION: ("1.0",), LANGUAGES: ("de", "fr")} for _ in range(13)]
    for row in shown_of(toy, LANGUAGES, sites).rows:
        assert holds(row.count, 13)
        assert row.count.upper == 14


def test_totals_that_were_taken_down_are_not_shown_even_if_they_were_still_there(
    toy: Project,
) -> None:
    published = publish(count(toy, [{MULTISITE: ("true",)}] * 9), 5)
    assert published is not None
    notice = Retraction(MULTISITE, "multisite", "Wrong.", "2026-11-20")
    taken = PublishedProject("toy", (), {}, published, (notice,))
    assert distribution(toy.keys[MULTISITE], taken, 5) is None


@pytest.mark.slow
@given(
    st.lists(st.integers(0, 12), min_size=2, max_size=5),
    st.integers(1, 5),
)
def test_the_true_median_range_is_among_those_that_are_named(
    truth: list[int], threshold: int
) -> None:
    answers = sum(truth)
    if answers < threshold:
        return
    in_order = [index for index, number in enumerate(truth) for _ in range(number)]
    true_median = in_order[(answers + 1) // 2 - 1]
    published = [0, *(down(number, threshold) for number in truth[1:])]
    low, high = median(published, down(answers, threshold), threshold)
    assert low <= true_median <= high


@pytest.mark.slow
@given(st.lists(st.integers(0, 6), min_size=2, max_size=3), st.integers(2, 3))
@example([0, 2, 2], 2)
@example([4, 2, 2], 2)
@settings(max_examples=60)
def test_no_range_is_named_beyond_those_that_can_hold_the_median(
    truth: list[int], threshold: int
) -> None:
    if sum(truth) < threshold:
        return
    published = [0, *(down(number, threshold) for number in truth[1:])]
    answers = down(sum(truth), threshold)
    possible = set()
    for rest in itertools.product(
        range(answers + threshold), *(range(n, n + threshold) for n in published[1:])
    ):
        if answers <= sum(rest) < answers + threshold:
            in_order = [index for index, number in enumerate(rest) for _ in range(number)]
            possible.add(in_order[(len(in_order) + 1) // 2 - 1])
    assert median(published, answers, threshold) == (min(possible), max(possible))


def test_ranges_are_named_as_the_totals_name_them() -> None:
    assert ranges((1, 10, 100)) == ("0", "1-9", "10-99", "100+")
    assert ranges((10, 11)) == ("0-9", "10", "11+")


@pytest.mark.slow
@given(st.lists(st.lists(st.integers(0, 10**9 - 1), min_size=1, max_size=4), unique_by=tuple))
def test_versions_sort_as_versions(versions: list[list[int]]) -> None:
    texts = [".".join(map(str, version)) for version in versions]
    expected = [".".join(map(str, version)) for version in sorted(versions)]
    assert sorted(texts, key=natural) == expected
    assert newest_first([*texts, "other"]) == [*expected[::-1], "other"]


@pytest.mark.slow
@given(st.lists(st.text(max_size=8), unique=True))
def test_any_text_can_be_sorted(texts: list[str]) -> None:
    pairs = [(text, Count(5, 9, 7.0)) for text in texts]
    for kind in options_pb2.KeyType.values():
        assert sorted(ordered(kind, pairs)) == sorted(pairs)


def test_products_stand_together_the_most_frequent_first_and_new_versions_before_old() -> None:
    pairs = [
        (text, Count.published(number, 5))
        for text, number in [
            ("MySQL 5.7", 10),
            ("MariaDB 10.6", 20),
            ("MySQL 8.0", 15),
            ("MariaDB 10.11", 15),
            ("MariaDB", 5),
        ]
    ]
    assert [text for text, _ in ordered(options_pb2.KEY_TYPE_PRODUCT, pairs)] == [
        "MariaDB 10.11",
        "MariaDB 10.6",
        "MariaDB",
        "MySQL 8.0",
        "MySQL 5.7",
    ]


def test_ranges_stand_in_order_and_other_values_by_frequency() -> None:
    pairs = [
        (text, Count.published(number, 5))
        for text, number in [("100+", 50), ("1-9", 5), ("10-99", 20)]
    ]
    assert [text for text, _ in ordered(options_pb2.KEY_TYPE_COUNT, pairs)] == [
        "1-9",
        "10-99",
        "100+",
    ]
    assert [text for text, _ in ordered(options_pb2.KEY_TYPE_CHOICE, pairs)] == [
        "100+",
        "10-99",
        "1-9",
    ]


def test_a_trend_is_broken_where_a_week_published_nothing() -> None:
    point = chart.Point(10, 12, 14)
    drawn = chart.trend([point, point, None, point, None, point], 20)
    assert len(drawn.lines) == 3
    assert [x for x, _ in drawn.dots] == [60, 100]


@pytest.mark.slow
@given(
    st.lists(st.none() | st.integers(0, 50).map(lambda n: chart.Point(n, n + 2, n + 4))),
    st.integers(1, 60),
)
def test_nothing_is_drawn_outside_of_the_drawing(
    points: list[chart.Point | None], top: int
) -> None:
    drawn = chart.trend(points, top)
    for pair in " ".join((*drawn.lines, *drawn.bands)).split():
        x, y = map(float, pair.split(","))
        assert 0 <= x <= chart.WIDTH
        assert 0 <= y <= chart.HEIGHT


@pytest.mark.parametrize(
    ("week", "days"),
    [
        (Week(2026, 46), "9–15 November 2026"),
        (Week(2026, 40), "28 September – 4 October 2026"),
        (Week(2026, 53), "28 December 2026 – 3 January 2027"),
    ],
)
def test_a_week_is_told_by_its_days(week: Week, days: str) -> None:
    assert wording.week(week) == days


def test_spans_are_told_in_hours_where_that_is_exact() -> None:
    spans = [timedelta(days=2), timedelta(hours=1), timedelta(minutes=90), timedelta(minutes=1)]
    told = ["48 hours", "1 hour", "90 minutes", "1 minute"]
    assert list(map(wording.hours, spans)) == told
