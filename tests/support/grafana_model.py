"""Grafana's own models of a dashboard, from its SDK, as a test of generated dashboards.

The SDK is lenient: it drops unknown members and checks no type. So a dashboard is right if
it passes through the models without loss, and every value has the type that the models
declare.
"""

from __future__ import annotations

import enum
import json
import types
import typing
import warnings
from typing import Any

with warnings.catch_warnings():
    # It would rather have the next format, which only the newest Grafana can import.
    warnings.simplefilter("ignore", DeprecationWarning)
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.cog.plugins import register_default_plugins
    from grafana_foundation_sdk.models.dashboard import Dashboard

if typing.TYPE_CHECKING:
    from collections.abc import Iterator

SDK = "grafana_foundation_sdk"
LATEST_SCHEMA = Dashboard().schema_version


def faults(dashboard: dict[str, Any]) -> list[str]:
    """What Grafana would not understand, as paths into the dashboard."""
    register_default_plugins()
    model = Dashboard.from_json(dashboard)
    back = json.loads(json.dumps(model, cls=JSONEncoder))
    return [*_lost(dashboard, back, "$"), *_ill_typed(model, Dashboard, "$")]


def _lost(ours: object, theirs: object, path: str) -> Iterator[str]:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for name, value in ours.items():
            if name in theirs:
                yield from _lost(value, theirs[name], f"{path}.{name}")
            else:
                yield f"{path}.{name}: unknown"
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for place, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from _lost(mine, other, f"{path}[{place}]")
    elif ours != theirs:
        yield f"{path}: read as {theirs!r}"


def _ill_typed(value: object, hint: Any, path: str) -> Iterator[str]:  # noqa: ANN401 - any type
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in {typing.Union, types.UnionType}:
        tried = [list(_ill_typed(value, each, path)) for each in arguments]
        yield from min(tried, key=len)
    elif origin is typing.Literal:
        yield from _unless(value in arguments, value, hint, path)
    elif origin is list:
        yield from _unless(isinstance(value, list), value, hint, path)
        for place, each in enumerate(value if isinstance(value, list) else ()):
            yield from _ill_typed(each, arguments[0], f"{path}[{place}]")
    elif origin is dict:
        yield from _unless(isinstance(value, dict), value, hint, path)
    elif isinstance(hint, type) and issubclass(hint, enum.Enum):
        yield from _unless(value in [each.value for each in hint], value, hint, path)
    elif hint in {int, float}:
        numbers = (int, float) if hint is float else (int,)
        good = isinstance(value, numbers) and not isinstance(value, bool)
        yield from _unless(good, value, hint, path)
    elif isinstance(hint, type):
        yield from _object(value, hint, path)


def _object(value: object, hint: type, path: str) -> Iterator[str]:
    if isinstance(value, dict) and hasattr(hint, "from_json"):
        value = hint.from_json(value)
    yield from _unless(isinstance(value, hint), value, hint, path)
    kind = type(value)
    if kind.__module__.startswith(SDK) and not issubclass(kind, enum.Enum):
        for name, declared in typing.get_type_hints(kind).items():
            yield from _ill_typed(getattr(value, name), declared, f"{path}.{name}")


def _unless(good: bool, value: object, hint: object, path: str) -> Iterator[str]:  # noqa: FBT001
    if not good:
        yield f"{path}: {value!r} is no {hint}"
