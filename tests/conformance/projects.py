"""The declarations that the vectors refer to, built by the registry itself."""

from __future__ import annotations

import base64
import json
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.cases import FORMAT, Json
from google.protobuf import descriptor_pool, json_format, message_factory
from headcount_registry.emitters.descriptor_set import wire_schemas
from headcount_registry.pipeline.build import DESCRIPTOR_SET, MODEL, build

if TYPE_CHECKING:
    from google.protobuf.message import Message

HERE = Path(__file__).parent
SHIPPED = HERE.parents[1] / "registry" / "declarations"
SURVEY, MODULES = "survey.info", "survey_modules.txt"
ABOUT = (
    "The declarations that cases speak of. `survey` exists for them alone and has every type of"
    " key; survey+... are the same project later, after one change. Each is a project as"
    " registry.json has it; `descriptor` is its serialized FileDescriptorProto, in base64."
)

NEW_KEY = """
telemetry[cache][label] = Cache
telemetry[cache][description] = Whether pages are cached.
telemetry[cache][purpose] = Decide whether caching becomes the default.
telemetry[cache][issue] = https://example.org/survey/issues/12
telemetry[cache][type] = boolean
"""
AGE = """
telemetry[installation_age][use] = common:installation_age
telemetry[installation_age][issue] = https://example.org/survey/issues/13
"""
Change = tuple[tuple[str, str], ...]


def _with(line: str, more: str) -> Change:
    """Another line after one of the survey; both without the word that all begin with."""
    return ((f"telemetry{line}\n", f"telemetry{line}\ntelemetry{more}\n"),)


_PRECISION = "[php_version][precision] = 2"
CHANGES: dict[str, Change] = {
    "mode": (("headcount[mode] = ask_first", "headcount[mode] = on_after_notice"),),
    "value": _with("[system][values][] = Windows", "[system][values][] = FreeBSD"),
    "product": _with("[database][values][] = PostgreSQL", "[database][values][] = SQLite"),
    "item": _with("[layouts][values][] = three_columns", "[layouts][values][] = grid"),
    "fewer": (
        ("telemetry[system][values][] = macOS\n", ""),
        ("telemetry[system][aliases][Darwin] = macOS\n", ""),
    ),
    "finer": ((_PRECISION, "[php_version][precision] = 3"),),
    "coarser": ((_PRECISION, "[php_version][precision] = 1"),),
    "purpose": (("Decide which versions the next release needs.", "Sell support for old PHP."),),
    "level": _with("[language][type] = text", "[language][level] = extended"),
    "by": _with(_PRECISION, "[php_version][by][] = version"),
    "alias": _with("[system][aliases][WINNT] = Windows", "[system][aliases][WIN32] = Windows"),
    "wording": (("[php_version][label] = PHP version", "[php_version][label] = Version of PHP"),),
    "lower": (("[layouts][threshold] = 20", "[layouts][threshold] = 10"),),
    "higher": (("[layouts][threshold] = 20", "[layouts][threshold] = 50"),),
    "key": (("\ntelemetry[kernel][label]", f"{NEW_KEY}\ntelemetry[kernel][label]"),),
    "age": (("\ntelemetry[kernel][label]", f"{AGE}\ntelemetry[kernel][label]"),),
    "gone": (),
    "renamed": (),
    "catalogue": (),
}
"""What a later state of `survey` changes in its declarations: texts, before and after."""


def _text(change: str) -> str:
    text = (HERE / "declarations" / SURVEY).read_text(encoding="utf-8")
    for before, after in CHANGES.get(change, ()):
        assert before in text, before
        text = text.replace(before, after)
    if change == "gone":
        text = "\n".join(line for line in text.splitlines() if "[language]" not in line) + "\n"
    if change == "renamed":
        text = text.replace("telemetry[multisite]", "telemetry[several_sites]")
        text += "telemetry[several_sites][formerly] = multisite\n"
    return text


def _built(paths: list[Path], lock: Path) -> tuple[dict[str, dict[str, Json]], bytes]:
    made = build(paths, lock)
    schemas = wire_schemas(made.files[DESCRIPTOR_SET])
    found = {}
    for project in json.loads(made.files[MODEL])["projects"]:
        path = project["message"].removesuffix(".Report").replace(".", "/") + "/report.proto"
        found[project["name"]] = {
            **project,
            "descriptor": base64.b64encode(schemas[path]).decode(),
        }
    return found, made.lock


@cache
def _shipped() -> dict[str, dict[str, Json]]:
    return _built([SHIPPED], SHIPPED / "registry.lock")[0]


@cache
def _survey(change: str) -> tuple[dict[str, Json], bytes]:
    """The survey after a change, and its numbers, which follow from those before it."""
    items = (HERE / "declarations" / MODULES).read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / SURVEY).write_text(_text(change), encoding="utf-8")
        (folder / MODULES).write_text(items + ("zen\n" if change == "catalogue" else ""), "utf-8")
        if change:
            (folder / "registry.lock").write_bytes(_survey("")[1])
        made, numbers = _built([folder], folder / "registry.lock")
    return made["survey"], numbers


def declared(name: str) -> dict[str, Json]:
    """A project by the name that cases use, such as `bee` or `survey+value`."""
    survey, _, change = name.partition("+")
    return _survey(change)[0] if survey == "survey" else _shipped()[name]


def projects() -> dict[str, dict[str, Json]]:
    names = ("backdrop", "bee", "survey", *(f"survey+{change}" for change in CHANGES))
    return {name: declared(name) for name in names}


def text() -> str:
    model = {"format": FORMAT, "about": ABOUT, "projects": projects()}
    return json.dumps(model, ensure_ascii=False, indent=1) + "\n"


def encoded(project: str, report: dict[str, Json]) -> bytes:
    """The bytes of a report that is given as JSON, by protobuf's own encoder."""
    message = json_format.ParseDict(report, _class(project)())
    return message.SerializeToString(deterministic=True)


@cache
def _class(project: str) -> type[Message]:
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(base64.b64decode(declared(project)["descriptor"]))
    name = declared(project)["message"]
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(name))
