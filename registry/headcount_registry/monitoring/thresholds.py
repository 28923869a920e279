"""The thresholds of the alerts, and their form on the command line."""

from __future__ import annotations

import re
from dataclasses import dataclass

import click

_DURATION = re.compile(r"(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
_SECONDS = (604_800, 86_400, 3_600, 60, 1)
_SIZE = re.compile(r"(\d+)(|kB|MB|GB|TB|KiB|MiB|GiB|TiB)")
_FACTOR = {"": 1} | {
    f"{letter}{ending}": base**power
    for ending, base, letters in (("B", 1000, "kMGT"), ("iB", 1024, "KMGT"))
    for power, letter in enumerate(letters, start=1)
}


@dataclass(frozen=True, slots=True)
class Duration:
    """A positive span of time in Prometheus' form, such as `2d` or `1h30m`."""

    text: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Size:
    """A number of bytes as people write it, such as `10GiB`."""

    text: str
    size: int


def duration(text: str) -> Duration:
    """Return the duration that a text names. Raises `ValueError`."""
    found = _DURATION.fullmatch(text)
    counts = [int(count or 0) for count in found.groups()] if found else []
    seconds = sum(count * unit for count, unit in zip(counts, _SECONDS, strict=False))
    if not seconds:
        raise ValueError("is no duration; write one such as 10s, 90m, 12h, 2d, 3w or 1d12h")
    return Duration(text, seconds)


def size(text: str) -> Size:
    """Return the size that a text names. Raises `ValueError`."""
    found = _SIZE.fullmatch(text)
    if not found:
        raise ValueError("is no size; write one such as 500MB or 10GiB")
    return Size(text, int(found[1]) * _FACTOR[found[2]])


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """The limits beyond which an alert is raised."""

    silence: Duration = Duration("2d", 172_800)
    refused: float = 0.2
    stale: Duration = Duration("17d", 1_468_800)
    waiting: int = 1000
    database: Size = Size("10GiB", 10 << 30)
    disk_free: Size = Size("1GiB", 1 << 30)


class DurationType(click.ParamType[Duration]):
    """A duration on the command line."""

    name = "duration"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Duration:
        """Read it, or say what is wrong."""
        if isinstance(value, Duration):
            return value
        try:
            return duration(str(value))
        except ValueError as error:
            self.fail(f"{value!r} {error}.", param, ctx)


class SizeType(click.ParamType[Size]):
    """A size on the command line."""

    name = "size"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Size:
        """Read it, or say what is wrong."""
        if isinstance(value, Size):
            return value
        try:
            return size(str(value))
        except ValueError as error:
            self.fail(f"{value!r} {error}.", param, ctx)
