"""A value behaves like one, whatever its class."""

from __future__ import annotations

import copy
import pickle
import pkgutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

import headcount
import pytest
from headcount.asking.terminal import Asked
from headcount.consent.changes import Change, Difference
from headcount.consent.record import Record
from headcount.consent.state import State
from headcount.consent.terms import Terms
from headcount.delivery.history import Entry
from headcount.delivery.outcome import Outcome
from headcount.delivery.preview import Preview
from headcount.delivery.schedule import Plan
from headcount.delivery.server_policy import ServerPolicy
from headcount.model.frozen import Frozen
from headcount.model.project import Key, Project
from headcount.model.report import Report
from headcount.model.token_secret import TokenSecret
from headcount.model.week import Week
from headcount.reporting.collectors import Collected, Reply
from headcount.reporting.live_check import Fault, HostCheck
from headcount.transport.binary_http import BinaryResponse
from headcount.transport.endpoint import Endpoint
from headcount.transport.http_transport import HttpResponse
from headcount.transport.messages import Answer, Ignored, Request
from headcount.transport.oblivious_key import ObliviousKey
from support.sample_project import KEYS, Host

IGNORED = Ignored(key="motto", number=9, reason="EXPIRED", message="it has expired")
FAULT = Fault(
    key="motto", check="raised", message="its collector failed", file="host.py", line=7,
    raw=("no such file",),
)  # fmt: skip
PROJECT = Project(
    name="sample", title="Sample", homepage="", recipient="", contact="", endpoint="",
    mode="ask_first", digest="", consent_digest="", keys=KEYS, schema=bytes,
)  # fmt: skip
VALUES = (
    Answer(code="OK", ignored=(IGNORED,)),
    BinaryResponse(status=200, fields={"content-type": "text/plain"}, content=b"yes"),
    HttpResponse(status=200, reason="OK", fields={"content-type": "text/plain"}, data=b"yes"),
    ObliviousKey(identifier=1, public=bytes(32), cipher=3),
    Asked(answer="yes"),
    Change(
        key="motto", label="Motto", kind="new", waits=True,
        differences=(Difference(part="asked", before=False, after=True),),
    ),
    Difference(part="purpose", before="Decide.", after="Sell it."),
    Collected(
        answers={"multisite": True}, notes={"motto": "its collector gave no answer"},
        undeclared={"server_os": ("BeOS",)},
    ),
    Endpoint(scheme="https", host="localhost", port=443),
    Entry(
        project="sample", week="2026-W47", first_at=1.0, at=2.0, digest="a" * 64,
        ignored={"motto": "it has expired"}, report={"layouts": {"values": ["TAYLOR"]}},
    ),
    IGNORED,
    KEYS[3],
    Outcome.SENT,
    Plan(week="2026-W47", moment=3.0),
    Preview(
        week="2026-W47", frozen=False, values={"motto": None}, json="", digest="", notes={},
        undeclared={"server_os": ("BeOS",)},
    ),
    Record(decision="granted", refused=("motto",), terms={"layouts": Terms.of(KEYS[7])}),
    Reply(why="no answer", note="its collector gave no answer", undeclared=("BeOS",)),
    Report(
        week="2026-W47", project="sample", registry_digest="", asked=("multisite",),
        values={"multisite": True}, data=b"report", text="",
    ),
    Request(week="2026-W47", token=b"token", registry_digest="", project="", report=b""),
    ServerPolicy(threshold=5, grace=172_800.0, at=4.0),
    State(rule="granted", explanation="Agreed to.", keys=("motto",)),
    FAULT,
    Host(Path("nowhere")).client.status(),
    HostCheck(
        project="sample", keys=3, answered=("multisite",), silent=("motto",), faults=(FAULT,)
    ),
    Terms.of(KEYS[6]),
    TokenSecret(key=b"k" * 32, latest="2026-W47", named={"2026-W47": "2026-W48"}),
    Week(index=5),
)  # fmt: skip


class Point(Frozen):
    """A value of the tests."""

    ORIGIN: ClassVar[str] = "here"

    x: int
    y: int = 0

    def __post_init__(self) -> None:
        if self.x < 0:
            raise ValueError("x is negative")
        self._fill(y=abs(self.y))


class Place(Point):
    """A value with more parts than its base has."""

    name: str = "nowhere"


def through_pickle(value: Frozen, protocol: int | None = None) -> Frozen:
    twin: Frozen = pickle.loads(pickle.dumps(value, protocol))  # noqa: S301 - our own bytes
    return twin


values = pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)


def test_every_class_of_values_is_tried_here() -> None:
    for module in pkgutil.walk_packages(headcount.__path__, "headcount."):
        import_module(module.name)
    known = {kind for kind in Frozen.__subclasses__() if kind.__module__.startswith("headcount.")}
    assert known == {Project, *map(type, VALUES)}


@values
def test_values_of_the_same_parts_are_the_same(value: Frozen) -> None:
    twin = type(value)(**value.parts())
    assert twin is not value
    assert twin == value
    assert hash(twin) == hash(value)
    assert len({twin, value}) == 1
    assert repr(twin) == repr(value)


@values
def test_values_of_other_parts_are_others(value: Frozen) -> None:
    names = value.parts() if not isinstance(value, Outcome) else ("name",)
    for name in names:
        other = copy.copy(value)
        vars(other)[name] = "something else"
        assert other != value
        if not isinstance(value, TokenSecret):  # whose key has no place in a text
            assert repr(other) != repr(value)
    assert value != "something else"


@values
def test_a_value_cannot_be_changed(value: Frozen) -> None:
    before = repr(value)
    for name in (*value.parts(), "anything"):
        with pytest.raises(AttributeError, match=f"is immutable; {name!r} stays as it is"):
            setattr(value, name, None)
        with pytest.raises(AttributeError, match=f"is immutable; {name!r} stays as it is"):
            delattr(value, name)
    assert repr(value) == before


@values
def test_a_value_can_be_copied_and_pickled(value: Frozen) -> None:
    pickled = [through_pickle(value, protocol) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]
    for twin in (copy.copy(value), copy.deepcopy(value), *pickled):
        assert type(twin) is type(value)
        assert twin == value
        assert repr(twin) == repr(value)


@pytest.mark.slow
def test_values_reach_a_process_that_is_started_anew() -> None:
    program = "import pickle, sys; print(pickle.load(sys.stdin.buffer))"
    done = subprocess.run(
        [sys.executable, "-c", program], input=pickle.dumps(VALUES), capture_output=True, check=True
    )
    assert done.stdout.decode() == f"{VALUES}\n"


def test_a_project_is_the_same_after_it_went_through_multiprocessing() -> None:
    for twin in (copy.copy(PROJECT), copy.deepcopy(PROJECT), through_pickle(PROJECT)):
        assert twin == PROJECT
        assert len({twin, PROJECT}) == 1
    assert PROJECT.replaced(keys=KEYS[1:]) != PROJECT
    assert PROJECT.replaced(title="Another") != PROJECT


def test_a_key_that_was_copied_cannot_be_changed_either() -> None:
    key = copy.deepcopy(KEYS[3])
    with pytest.raises(TypeError):
        key.values["Plan 9"] = 4  # type: ignore[index]
    assert isinstance(copy.copy(KEYS[6]).catalogue, frozenset)


def test_parts_have_defaults_and_are_listed_by_name() -> None:
    assert list(Place(name="home", x=1).parts()) == ["name", "x", "y"]
    assert Place(x=1).parts() == {"name": "nowhere", "x": 1, "y": 0}
    assert repr(Point(x=1)) == "Point(x=1, y=0)"
    assert Point(x=1) != Place(x=1)


@pytest.mark.parametrize(
    ("parts", "named"),
    [({}, "look at x"), ({"x": 1, "z": 2}, "look at z"), ({"y": 1, "X": 2}, "look at X, x")],
)
def test_a_part_that_is_missing_or_unknown_is_named(parts: dict[str, Any], named: str) -> None:
    with pytest.raises(TypeError, match=f"^Point has the parts x, y; {named}$"):
        Point(**parts)


def test_a_class_checks_and_normalises_its_parts_however_a_value_is_made() -> None:
    assert Point(x=1, y=-2).y == 2
    assert Point(x=1).replaced(y=-2) == Point(x=1, y=2)
    with pytest.raises(ValueError, match="x is negative"):
        Point(x=1).replaced(x=-1)
    with pytest.raises(ValueError, match="type 'colour' is none of boolean"):
        KEYS[0].replaced(type="colour")
    with pytest.raises(ValueError, match="level 'all' is none of basic, extended"):
        KEYS[0].replaced(level="all")
    with pytest.raises(ValueError, match="is neither ask_first nor on_after_notice"):
        PROJECT.replaced(mode="always")
    assert Record(refused=("b", "a", "b")).refused == ("a", "b")


def test_a_key_of_a_project_stands_where_its_number_says() -> None:
    assert [key.number for key in PROJECT.replaced(keys=KEYS[::-1]).keys] == [*range(1, 10)]
    assert isinstance(PROJECT.keys[0], Key)
