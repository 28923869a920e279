"""A week's report, built from the project's schema.

The message class comes from the generated descriptors, in a pool of its own. So it
never clashes with other schemas in the host, and works with every protobuf since 5.26.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from google.protobuf import descriptor_pool, json_format, message_factory

from headcount.model.errors import ReportError
from headcount.model.report import Report
from headcount.reporting.values import OTHER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.protobuf.message import Message

    from headcount.model.project import Key, Project
    from headcount.model.report import Wire

OTHER_NUMBER = 1
"""The enum number of `other` in every closed set."""

_classes: dict[Project, type[Message]] = {}  # parsing a schema is slow, and a host has few


def compose(
    project: Project, answers: Mapping[str, Wire], *, week: str, asked: tuple[str, ...]
) -> Report:
    """Return the report with these answers; ReportError if schema and keys disagree."""
    message = message_class(project)()
    fields = message.DESCRIPTOR.fields_by_number  # a renamed key keeps only its number
    for key in project.keys:
        if key.name in answers:
            try:
                _fill(getattr(message, fields[key.number].name), key, answers[key.name])
            except (AttributeError, TypeError, ValueError, KeyError) as error:
                raise ReportError(
                    f"project {project.name}: its schema has no key {key.name!r} of type "
                    f"{key.type}; build the client package again"
                ) from error
    return Report(
        week=week,
        project=project.name,
        registry_digest=project.digest,
        asked=asked,
        values=dict(answers),
        data=message.SerializeToString(deterministic=True),
        text=json_format.MessageToJson(message),
    )


def answers(project: Project, parts: Mapping[str, Any]) -> dict[str, Wire]:
    """Return the answers, by key, in a report's JSON, which has the form of `Report.text`.

    This finds a key by its former name too. It leaves out keys that the schema no
    longer has.
    """
    fields = message_class(project).DESCRIPTOR.fields_by_number
    message = message_class(project)()
    for key in project.keys:
        name = fields[key.number].json_name
        part = parts.get(name, parts.get(_json_name(key.formerly)))
        if part is not None:
            with suppress(json_format.ParseError):
                json_format.ParseDict({name: part}, message, ignore_unknown_fields=True)
    return {
        key.name: _read(getattr(message, fields[key.number].name), key)
        for key in project.keys
        if message.HasField(fields[key.number].name)
    }


def message_class(project: Project) -> type[Message]:
    """Return the class of a project's `Report`, made once per project and process."""
    if project not in _classes:
        name = f"headcount.projects.{project.name}.v1.Report"
        pool = descriptor_pool.DescriptorPool()
        try:
            pool.AddSerializedFile(project.schema())
            descriptor = pool.FindMessageTypeByName(name)
        except (KeyError, TypeError, ValueError) as error:
            raise ReportError(
                f"project {project.name}: its schema does not declare {name}; "
                f"build the client package again"
            ) from error
        _classes[project] = message_factory.GetMessageClass(descriptor)
    return _classes[project]


def _fill(field: Any, key: Key, answer: Any) -> None:  # noqa: ANN401 - fields are dynamic
    field.SetInParent()
    if key.type == "choice":
        field.value = _number(key, answer)
    elif key.type == "product":
        name, field.version = answer
        field.value = _number(key, name)
    elif key.type == "list" and key.values:
        field.values.extend(sorted(_number(key, item) for item in answer))
    elif key.type == "list":
        field.values.extend(answer)
    else:
        field.value = answer


def _read(field: Any, key: Key) -> Wire:  # noqa: ANN401 - fields are dynamic
    """Return the answer that `_fill` put into a field."""
    texts = {number: text for text, number in key.values.items()}
    if key.type == "product":
        return (texts.get(field.value, OTHER), field.version)
    if key.type == "list":
        items = (texts.get(item, OTHER) if key.values else item for item in field.values)
        return tuple(sorted(items))
    answer: Wire = texts.get(field.value, OTHER) if key.type == "choice" else field.value
    return answer


def _json_name(name: str) -> str:
    """Return a key's name as protobuf writes it in JSON: php_version as phpVersion."""
    first, *others = name.split("_")
    return first + "".join(part.capitalize() for part in others)


def _number(key: Key, text: str) -> int:
    return OTHER_NUMBER if text == OTHER else key.values[text]
