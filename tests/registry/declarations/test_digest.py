from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    from support.workbench import Bench

TEXT = """\
headcount[recipient] = The toy makers
telemetry[k][type] = product
telemetry[k][label] = Server
telemetry[k][description] = The server.
telemetry[k][purpose] = Test on it.
telemetry[k][values][] = Apache
telemetry[k][values][] = nginx
telemetry[k][precision] = 2
telemetry[n][type] = count
telemetry[n][label] = Pages
telemetry[n][buckets][] = 10
telemetry[n][buckets][] = 100
telemetry[c][type] = list
telemetry[c][label] = Modules
telemetry[c][catalogue] = modules.txt
"""
ITEMS = "one\ntwo\n"


def digests(bench: Bench, text: str, items: str = ITEMS) -> tuple[str, str]:
    bench.write("modules.txt", items)
    bench.write("toy.info", text)
    bench.lock.unlink(missing_ok=True)  # it refuses other bounds
    (project,) = bench.build().registry.projects
    return project.digest, project.consent_digest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[purpose] = Test on it.", "[purpose] = Sell it."),
        ("[values][] = nginx\n", "[values][] = nginx\ntelemetry[k][values][] = IIS\n"),
        ("[precision] = 2", "[precision] = 3"),
        ("[buckets][] = 10\n", "[buckets][] = 5\ntelemetry[n][buckets][] = 10\n"),
        ("telemetry[n][type]", "telemetry[new][type] = boolean\ntelemetry[n][type]"),
        ("telemetry[k][type]", "telemetry[k][level] = extended\ntelemetry[k][type]"),
        ("telemetry[k][type]", "telemetry[k][by][] = version\ntelemetry[k][type]"),
    ],
)
def test_what_people_agreed_to_changes_both_digests(bench: Bench, old: str, new: str) -> None:
    full, consent = digests(bench, TEXT)
    later = digests(bench, TEXT.replace(old, new, 1))
    assert later[0] != full
    assert later[1] != consent


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[label] = Server", "[label] = Web server"),
        ("[description] = The server.", "[description] = The web server."),
        ("telemetry[k][type]", "telemetry[k][aliases][httpd] = Apache\ntelemetry[k][type]"),
        ("telemetry[k][type]", "telemetry[k][owner] = Ann\ntelemetry[k][type]"),
        ("telemetry[k][type]", "telemetry[k][expires] = 2099-01-01\ntelemetry[k][type]"),
        ("telemetry[k][type]", "telemetry[k][issue] = https://example.org/1\ntelemetry[k][type]"),
        ("The toy makers", "The toy makers' club"),
    ],
)
def test_wording_changes_the_full_digest_only(bench: Bench, old: str, new: str) -> None:
    full, consent = digests(bench, TEXT)
    later = digests(bench, TEXT.replace(old, new, 1))
    assert later[0] != full
    assert later[1] == consent


def test_catalogue_items_change_the_full_digest_only(bench: Bench) -> None:
    full, consent = digests(bench, TEXT)
    later = digests(bench, TEXT, ITEMS + "three\n")
    assert later[0] != full
    assert later[1] == consent


def test_order_and_layout_of_files_change_nothing(bench: Bench) -> None:
    before = digests(bench, TEXT)
    moved = "".join(line for line in TEXT.splitlines(keepends=True) if "[n]" in line)
    bench.write("more/counts.info", "\n; moved\nproject = toy\n" + moved)
    assert (
        digests(bench, "".join(x for x in TEXT.splitlines(keepends=True) if "[n]" not in x))
        == before
    )


def test_a_rename_is_no_reason_to_ask_again(bench: Bench) -> None:
    consent = digests(bench, TEXT)[1]
    renamed = TEXT.replace("telemetry[n]", "telemetry[pages]") + "telemetry[pages][formerly] = n\n"
    assert digests(bench, renamed)[1] == consent
