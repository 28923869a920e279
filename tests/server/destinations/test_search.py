"""A search engine has what is published, document by document, by the calls that both have."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from headcount_server.destinations import search as search_module
from headcount_server.destinations.search import MAPPINGS
from headcount_server.store import corrections
from support import search_server
from support.foreign_database import published
from support.search_server import PASSWORD, USER, SearchServer
from support.toy_weeks import W45, command, database_at

WHY = "It let host names through."
FIELDS = (
    *("week", "threshold", "project", "key_name", "measure", "value", "version"),
    *("reports", "lower_bound", "upper_bound"),
)


@pytest.fixture(name="engine")
def _engine() -> Iterator[tuple[SearchServer, int]]:
    with search_server.running() as running:
        yield running


@pytest.fixture(name="search")
def _search(engine: tuple[SearchServer, int]) -> SearchServer:
    return engine[0]


@pytest.fixture(name="publish")
def _publish(
    database: Path, engine: tuple[SearchServer, int], credentials: Callable[..., Path]
) -> Callable[..., str]:
    def publish(*more: str, password: str = PASSWORD, code: int = 0) -> str:
        place = f"127.0.0.1:{engine[1]}"
        file = credentials(f"elasticsearch+http://{USER}:{quote(password, safe='')}@{place}")
        flags = ("--to", f"elasticsearch+http://{USER}@{place}", "--credentials", file)
        result = command("publish", "--database", database, *flags, *more)
        assert result.exit_code == code, result.output
        assert password not in result.output
        return result.output

    return publish


def _numbers(search: SearchServer) -> list[tuple[Any, ...]]:
    return [tuple(each[name] for name in FIELDS) for each in search.documents("total")]


@pytest.mark.slow
def test_each_number_with_its_bounds_is_a_document(
    publish: Callable[..., str], search: SearchServer, database: Path
) -> None:
    corrections.annotate(database_at(database), W45, "An outage.")
    assert "given 2 weeks; it has them all" in publish()
    assert sorted(_numbers(search), key=repr) == sorted(published(database_at(database)), key=repr)
    weeks = {each["week"]: each["annotation"] for each in search.documents("week")}
    assert weeks == {"2026-W45": "An outage.", "2026-W46": ""}
    assert search.mappings["headcount"] == MAPPINGS
    assert search.templates["headcount"]["index_patterns"] == ["headcount"]


@pytest.mark.slow
def test_ids_stay_the_same_so_that_writing_again_adds_nothing(
    publish: Callable[..., str], search: SearchServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish()
    before = dict(search.found["headcount"])
    monkeypatch.setattr(search_module, "AT_ONCE", 7)
    publish("--anew")
    assert search.found["headcount"] == before
    assert search.requests.count(("POST", "/headcount/_bulk")) > 4


@pytest.mark.slow
def test_what_was_taken_down_is_deleted_before_anything_is_written(
    publish: Callable[..., str], search: SearchServer, database: Path
) -> None:
    publish()
    what = ("--project=toy", "--key=php_version", f"--reason={WHY}", "--week=2026-W45")
    assert command("retract", "--database", database, *what).exit_code == 0
    search.requests.clear()
    publish()
    calls = [path.rpartition("/")[2] for _, path in search.requests]
    assert calls.index("_delete_by_query") < calls.index("_bulk")
    assert sorted(_numbers(search), key=repr) == sorted(published(database_at(database)), key=repr)
    (notice,) = search.documents("retraction")
    assert (notice["week"], notice["key_name"], notice["reason"]) == (
        "2026-W45",
        "php_version",
        WHY,
    )


@pytest.mark.slow
def test_an_engine_that_fails_in_the_middle_is_given_the_week_again(
    publish: Callable[..., str], search: SearchServer, database: Path
) -> None:
    search.broken = lambda _, path: path.endswith("_bulk")
    said = publish(code=1)
    assert "POST headcount/_bulk: 503 shards are not available" in said
    search.broken = lambda _method, _path: False
    assert "given 2 weeks" in publish()
    assert len(_numbers(search)) == len(published(database_at(database)))


@pytest.mark.slow
def test_a_document_that_the_mappings_refuse_is_told(
    publish: Callable[..., str], search: SearchServer
) -> None:
    publish()
    del search.mappings["headcount"]["properties"]["reports"]
    search.mappings["headcount"]["properties"]["reports"] = {"type": "keyword"}
    assert "PUT headcount/_mapping: 400 mapper [reports] cannot be changed" in publish(
        "--anew", code=1
    )


@pytest.mark.slow
def test_a_week_that_is_not_published_is_deleted_by_a_run_from_scratch(
    publish: Callable[..., str], search: SearchServer
) -> None:
    publish()
    stray = {"kind": "week", "week": "2020-W01"}
    search.written["headcount"]["stray"] = stray
    publish("--anew")
    assert stray not in search.documents("week")


@pytest.mark.slow
def test_a_wrong_password_is_told_without_it(publish: Callable[..., str]) -> None:
    assert "401 unable to log in" in publish(password="another:one", code=1)  # noqa: S106


def test_an_engine_that_is_away_is_told_in_a_sentence(database: Path) -> None:
    result = command("publish", "--database", database, "--to=elasticsearch+http://127.0.0.1:1")
    assert result.exit_code == 1
    assert "Error: elasticsearch+http://127.0.0.1:1: " in result.output
    assert "refused" in result.output
    assert "Traceback" not in result.output
