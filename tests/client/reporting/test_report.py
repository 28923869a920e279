"""A report is built for the schema's numbers, which outlive names."""

from __future__ import annotations

from headcount.model.project import Project
from headcount.reporting.report import compose, message_class
from support.sample_project import key, project, schema


def test_a_renamed_key_is_found_by_its_number() -> None:
    # On the wire a renamed key keeps its first name; the declaration has the new one.
    first = (key("version", 1, "version", precision=2), key("multi_site", 2, "boolean"))
    renamed = project((first[0], key("multisite", 2, "boolean", formerly="multi_site")))
    renamed = Project(
        **{name: part for name, part in renamed.parts().items() if name != "schema"},
        schema=lambda: schema("sample", first),
    )
    report = compose(renamed, {"multisite": True}, week="2026-W47", asked=("multisite",))
    decoded = message_class(renamed).FromString(report.data)
    assert [(field.number, value.value) for field, value in decoded.ListFields()] == [(2, True)]
