"""Any bytes as the registry that an operator hands over: loaded whole or refused in words."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path

from headcount_server.counting import answers
from headcount_server.errors import InvalidReport, SchemaError
from headcount_server.metrics import published_totals
from headcount_server.pages.routes import Pages
from headcount_server.publication.terms import Policy
from headcount_server.registry import schema
from headcount_server.registry.current import CurrentRegistry
from headcount_server.registry.response import describe
from support.fuzzing import Surface, fieldwise

SETS = Surface(
    Path(__file__).parent / "corpus" / "registry",
    fieldwise((b"toy", b"headcount.projects.toy.v1", b".headcount", b"value", b"\xff", b"", b"\0")),
)


def test_any_descriptor_set_is_loaded_and_can_be_served_or_is_refused_in_words() -> None:
    loaded = 0
    for data in SETS.inputs(600):
        with SETS.keeping(data):
            try:
                found = schema.parse(data)
            except SchemaError as error:
                said = str(error)
                assert said
                continue
            loaded += 1
            registry = CurrentRegistry(found)
            published_totals.registry(published_totals.PublishedTotals(registry))
            Pages(registry, lambda *_: [], Policy(5, timedelta(days=2))).show()
            for project in found.projects.values():
                describe(project)
                for key in project.keys:
                    report = bytes([key << 3 | 2, 2, 8, 1]) if key < 16 else b""
                    with suppress(InvalidReport):
                        answers.read(project, report, date(2026, 11, 19))
    assert loaded > 20
