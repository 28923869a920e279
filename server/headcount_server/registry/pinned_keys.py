"""The keys that projects pin for reports through a relay, and how long each is needed.

Clients seal to the key that they came with, so its private half is needed for two years after
the release of the registry that replaced it.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from headcount.v1 import options_pb2

from headcount_server.week import Week

YEARS = 2
"""Years for which a key is kept after the last release that named it."""

_IDENTITY = 35  # bytes of a configuration before its algorithms: identifier, KEM, public key
_REPLACED = re.compile(r"oblivious_key: ([A-Za-z0-9+/=]+) -> ")
"""A change of a key, as `headcount-registry` words it."""

Served = tuple[Week, options_pb2.ProjectOptions]
"""What a project declared when a server last took reports by it."""


@dataclass(frozen=True, slots=True)
class Pin:
    """A key that a project pinned."""

    project: str
    key: str
    """The key configuration (RFC 9458, 3.1) in base64."""
    why: str
    """What names it, as the rest of a sentence."""
    until: date | None
    """Day from which nothing needs the key; None if no end is known."""


def identity(key: str) -> bytes:
    """Return what tells a key configuration in base64 from others: number and public half.

    A text that is no base64 is its own identity.
    """
    try:
        return b64decode(key, validate=True)[:_IDENTITY]
    except ValueError:
        return key.encode()


def pins(
    declarations: Iterable[options_pb2.ProjectOptions], served: Iterable[Served]
) -> Iterator[Pin]:
    """Yield the keys of projects in force, of their former releases, and of served registries."""
    for told in declarations:
        yield from _in_force(told)
        yield from _replaced(told)
    for week, told in served:
        if told.oblivious_key:
            release = _last_release(told)
            why = f"this server took reports by it until {week}{f' ({release})' if release else ''}"
            until = _later(week.end.date())
            yield Pin(told.name, told.oblivious_key, f"{why} for `{told.name}`", until)


def needed(found: Iterable[Pin], today: date) -> Mapping[bytes, Pin]:
    """Return the keys that are needed on a day, by identity, each with what needs it longest."""
    longest: dict[bytes, Pin] = {}
    for pin in found:
        at = identity(pin.key)
        known = longest.get(at)
        if (pin.until is None or pin.until > today) and (known is None or _end(pin) > _end(known)):
            longest[at] = pin
    return longest


def missing(found: Mapping[bytes, Pin], held: Iterable[bytes]) -> Iterator[str]:
    """Yield what is wrong, for each key that is needed and not among some configurations."""
    there = {configuration[:_IDENTITY] for configuration in held}
    for at, pin in found.items():
        if at not in there:
            until = f" until {pin.until}" if pin.until else ""
            yield (
                f"no --oblivious-key holds the private half of {pin.key}; {pin.why}. Reports "
                f"sealed to it are refused{until}: restore its file from your backup, and name "
                "it too"
            )


def _in_force(told: options_pb2.ProjectOptions) -> Iterator[Pin]:
    if told.oblivious_key:
        release = _last_release(told)
        since = f", since {release}" if release else ""
        why = f"the registry in force pins it for `{told.name}`{since}"
        yield Pin(told.name, told.oblivious_key, why, None)


def _replaced(told: options_pb2.ProjectOptions) -> Iterator[Pin]:
    for release in told.releases:
        for change in release.changes:
            match = None if change.key else _REPLACED.match(change.detail)
            if match and (day := _day(release.date)):
                why = f"release {release.name} of {day} replaced it for `{told.name}`"
                yield Pin(told.name, match[1], why, _later(day))
            elif match:
                why = f"no release has replaced it yet for `{told.name}`"
                yield Pin(told.name, match[1], why, None)


def _last_release(told: options_pb2.ProjectOptions) -> str:
    """Return the last release that changed a project, in words; empty if there was none."""
    released = [each for each in told.releases if each.date]
    return f"release {released[-1].name} of {released[-1].date}" if released else ""


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:  # what no release has yet has no day
        return None


def _later(day: date) -> date:
    try:
        return day.replace(year=day.year + YEARS)
    except ValueError:  # the 29th of February
        return date(day.year + YEARS, 3, 1)


def _end(pin: Pin) -> date:
    return pin.until or date.max
