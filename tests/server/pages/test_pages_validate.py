"""Every page, picture and style sheet is what the standards allow, as the W3C's validator says."""

from __future__ import annotations

import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from headcount_server.pages import static_site
from headcount_server.publication.terms import Policy
from headcount_server.registry import schema
from headcount_server.store import corrections
from headcount_server.store.published_tables import every_week
from headcount_server.store.sqlite.database import SqliteDatabase
from support.npm_packages import PAGES, packages
from support.random_weeks import WEEKS, live
from support.released_registry import released
from support.repository import REGISTRY
from support.server_process import installed

pytestmark = [pytest.mark.slow, pytest.mark.index]
WRONGLY_TOLD = (
    # The policy allows 'self', and a file that the validator reads has no origin to compare.
    "Resource violates Content Security Policy",
    # A property of SVG 2 that the validator does not know.
    "“vector-effect”",
)


def _complaints(folder: Path) -> list[str]:
    jar = packages(PAGES) / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar"
    kinds = ("--also-check-css", "--also-check-svg", "--skip-non-html", "--format=gnu")
    done = subprocess.run(
        [installed("java"), "-Duser.language=en", "-jar", jar, "--stdout", *kinds, folder],
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert done.stderr == ""
    return [
        line.partition(f"/{folder.name}/")[2]
        for line in done.stdout.splitlines()
        if not any(words in line for words in WRONGLY_TOLD)
    ]


def test_the_validator_finds_nothing_wrong_with_any_page(tmp_path: Path) -> None:
    registry, database = tmp_path / "registry.binpb", SqliteDatabase(tmp_path / "headcount.db")
    registry.write_bytes(released(REGISTRY))
    known = schema.load(registry)
    live(tmp_path / "headcount.db", known)
    corrections.annotate(database, WEEKS[1], "An outage on <Tuesday> & Wednesday.")
    source = "update <checks>"
    corrections.cover(database, WEEKS[2], project="backdrop", installations=900, source=source)
    policy = Policy(5, timedelta(days=2))
    assert static_site.write(tmp_path / "site", known, every_week(database), policy) > 300
    assert _complaints(tmp_path / "site") == []


def test_the_validator_is_heard(tmp_path: Path) -> None:
    page = "<!doctype html><html lang=en><title>x</title><p id=a><p id=a>"
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    (tmp_path / "style.css").write_text("p { colour: red }", encoding="utf-8")
    told = "\n".join(_complaints(tmp_path))
    assert "Duplicate ID" in told
    assert "colour" in told
