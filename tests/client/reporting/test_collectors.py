"""A collector that is missing, raises, hangs or returns nonsense costs its own key only."""

from __future__ import annotations

import contextvars
import itertools
import logging
import threading
from typing import TYPE_CHECKING

import pytest
from headcount import Outcome
from headcount.reporting import values
from headcount.reporting.collectors import collect
from support.sample_project import KEYS, SAMPLE, Site
from support.waiting import within

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from headcount.transport.messages import Answer, Request
    from support.sample_project import Host

ALL = tuple(key.name for key in SAMPLE.keys)


class Odd(Site):
    """A host whose collectors of some keys are what a test wants."""

    def __init__(self, **collectors: Callable[[], object]) -> None:
        super().__init__()
        for name, collector in collectors.items():
            setattr(self, name, collector)


def _exits() -> object:
    raise SystemExit(3)


def _raises() -> object:
    raise ValueError("no\n such table")


async def _coroutine() -> str:
    return "8.2"


NOTES: dict[str, tuple[Callable[[], object], str]] = {
    "raises": (_raises, "its collector raised ValueError: no such table"),
    "exits": (_exits, "its collector raised SystemExit: 3"),
    "returns nonsense": (dict, "its collector returned a dict that is no version"),
    "is a coroutine": (_coroutine, "its collector returned a coroutine that is no version"),
    "knows nothing": (lambda: None, "its collector gave no answer"),
}


@pytest.mark.parametrize("patience", [5.0, None])
@pytest.mark.parametrize("case", NOTES)
def test_a_bad_collector_costs_its_key_and_is_noted(
    case: str, patience: float | None, capfd: pytest.CaptureFixture[str]
) -> None:
    collector, note = NOTES[case]
    collection = collect(SAMPLE, Odd(php_version=collector), ALL, patience)
    assert collection.notes == {"php_version": note}
    assert collection.answers.keys() == set(ALL) - {"php_version"}
    assert capfd.readouterr() == ("", "")


def test_a_collector_that_is_missing_is_noted() -> None:
    site = Site()
    del site.answers["motto"]
    collection = collect(SAMPLE, site, ALL, 5.0)
    assert collection.notes == {"motto": "this host has no collector for it"}


@pytest.mark.slow
def test_collectors_that_hang_cost_their_keys_only_and_the_time_is_bounded() -> None:
    release = threading.Event()
    endless = (item for item in iter(release.wait, None))
    site = Odd(php_version=release.wait, layouts=lambda: endless, motto=release.wait)
    with within(6):
        collection = collect(SAMPLE, site, ALL, 0.6)
    release.set()
    assert set(collection.notes) == {"php_version", "layouts", "motto"}
    assert set(collection.notes.values()) == {"its collector had not answered after 0.6 s"}
    assert collection.answers.keys() == set(ALL) - {"php_version", "layouts", "motto"}


@pytest.mark.slow
def test_hosts_all_of_whose_collectors_hang_wait_no_longer() -> None:
    release = threading.Event()
    site = Odd(**dict.fromkeys(ALL, release.wait))
    with within(5):
        collection = collect(SAMPLE, site, ALL, 0.5)
    release.set()
    assert not collection.answers
    assert set(collection.notes) == set(ALL)


@pytest.mark.slow
def test_a_slow_collector_is_overtaken_and_still_counts() -> None:
    order: list[str] = []
    overtaken = threading.Event()

    def slow() -> str:
        overtaken.wait()
        order.append("slow")
        return "8.2.7"

    def quick() -> str:
        order.append("quick")
        overtaken.set()
        return "hello"

    collection = collect(SAMPLE, Odd(php_version=slow, motto=quick), ALL, 5.0)
    assert order == ["quick", "slow"]
    assert collection.answers["php_version"] == "8.2"
    assert not collection.notes


def test_collectors_share_one_thread_and_see_the_context_of_the_caller() -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable")
    variable.set("8.1.0")
    seen = set()

    def collector(answer: object) -> Callable[[], object]:
        def asked() -> object:
            seen.add(threading.get_ident())
            return answer

        return asked

    site = Odd(php_version=variable.get, motto=collector("a"), multisite=collector("yes"))
    assert collect(SAMPLE, site, ALL, 5.0).answers["php_version"] == "8.1"
    assert len(seen) == 1
    assert threading.get_ident() not in seen
    seen.clear()
    collect(SAMPLE, site, ALL)
    assert seen == {threading.get_ident()}


@pytest.mark.slow
def test_an_endless_list_is_cut() -> None:
    def endless() -> Iterator[str]:
        return (f"module {number}" for number in itertools.count())

    collection = collect(SAMPLE, Odd(modules=endless), ALL, 5.0)
    assert collection.answers["modules"] == ("other",)


def test_what_went_wrong_is_logged_at_debug_only(
    host: Callable[..., Host], caplog: pytest.LogCaptureFixture
) -> None:
    site = host(site=Odd(php_version=_raises))
    site.client.grant()
    with caplog.at_level(logging.DEBUG, "headcount"):
        site.client.preview()
    assert [record.levelno for record in caplog.records] == [logging.DEBUG]
    assert "php_version is left out: its collector raised ValueError" in caplog.text


def test_notes_are_in_the_preview_and_stay_with_a_report_that_left(
    host: Callable[..., Host],
) -> None:
    site = host(site=Odd(php_version=_raises))
    site.client.grant()
    note = {"php_version": "its collector raised ValueError: no such table"}
    assert site.client.preview().notes == note
    assert site.client.notes() == {}  # a preview leaves nothing behind
    assert site.client.send_now() == Outcome.SENT
    assert site.client.notes() == note
    site.now += 7 * 86_400
    del site.site.__dict__["php_version"]
    assert site.client.send_now() == Outcome.SENT
    assert site.client.notes() == {}


def test_notes_go_when_somebody_says_no(host: Callable[..., Host]) -> None:
    site = host(site=Odd(php_version=_raises))
    site.client.grant()
    site.client.send_now()
    site.client.deny()
    assert site.client.notes() == {}
    assert not (site.directory / "sample").exists()


@pytest.mark.slow
def test_the_network_keeps_its_half_of_the_time(
    host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()
    left: list[float] = []
    site = host(site=Odd(php_version=release.wait))
    submit = site.transport.submit

    def submitting(request: Request, timeout: float) -> Answer:
        left.append(timeout)
        return submit(request, timeout)

    monkeypatch.setattr(site.transport, "submit", submitting)
    site.client.grant()
    assert site.client.send_now(seconds=4.0) == Outcome.SENT
    release.set()
    assert 0 < left[0] <= 2


def _several() -> Iterator[str]:
    yield from ("views", "our_secret_module", "other", "our_secret_module")


def test_what_is_not_declared_is_told_to_the_developer_and_to_nobody_else(
    host: Callable[..., Host],
) -> None:
    site = host(site=Site(server_os="BeOS", web_server=("Caddy", "2.8"), modules=_several()))
    site.client.grant()
    assert site.client.preview().undeclared == {
        "server_os": ("BeOS",),
        "web_server": ("Caddy",),
        "modules": ("our_secret_module",),
    }
    site.site.answers["modules"] = _several()
    assert site.client.send_now() == Outcome.SENT
    (request,) = site.transport.requests
    everything = b"".join(
        [
            request.report,
            *(path.read_bytes() for path in site.directory.rglob("*") if path.is_file()),
        ]
    )
    for secret in (b"BeOS", b"Caddy", b"our_secret_module"):
        assert secret not in everything


@pytest.mark.parametrize(
    ("key", "raw", "undeclared"),
    [
        ("server_os", "Linux", ()),
        ("server_os", "WINNT", ()),  # an alias
        ("server_os", " other ", ()),
        ("server_os", 5, ()),
        ("php_version", "nightly", ("nightly",)),
        ("php_version", "8.2", ()),
        ("web_server", "Caddy 2", ("Caddy 2",)),
        ("web_server", ("nginx", "1.24"), ()),
        ("web_server", (), ()),
        ("modules", {"views"}, ()),
        ("modules", ["x", 7, "x", "y"], ("x", "y")),
        ("multisite", "other", ()),
        ("motto", "other", ()),
    ],
)
def test_only_what_becomes_other_is_undeclared(
    key: str, raw: object, undeclared: tuple[str, ...]
) -> None:
    (found,) = (known for known in KEYS if known.name == key)
    assert values.undeclared(found, raw) == undeclared
