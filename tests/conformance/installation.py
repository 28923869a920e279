"""Installations of the Python client, with a controlled clock, chance and server."""

from __future__ import annotations

import base64
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headcount.client import Client
from headcount.model.project import Key, Project
from headcount.testing import Clock, RecordingTransport
from headcount.transport.messages import Answer
from headcount.v1.telemetry_service_pb2 import GetRegistryResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Json = Any
PROJECTS: dict[str, Project] = {}
"""The declarations that questions are about, by the name that they use."""


def declared(told: dict[str, Json]) -> Project:
    """A project from its JSON, as a generated package states it."""
    facts = ("name", "title", "homepage", "recipient", "contact", "endpoint", "mode")
    return Project(
        **{name: told[name] for name in (*facts, "digest", "consent_digest")},
        relay=told["relay"],
        oblivious_key=told["oblivious_key"],
        keys=tuple(_key(key) for key in told["keys"]),
        schema=lambda: base64.b64decode(told["descriptor"]),
    )


def _key(told: dict[str, Json]) -> Key:
    parts = {name: told[name] for name in Key._names if name in told}
    parts["values"] = {value["text"]: value["number"] for value in told["values"]}
    parts["convention"] = (told["convention"] or {"name": ""})["name"]
    return Key(**parts)


class Answering:
    """A collector for every key, with the answers that a question gives."""

    def __init__(self, answers: dict[str, Json]) -> None:
        self._answers = answers

    def __getattr__(self, name: str) -> Callable[[], Json]:
        return lambda: self._answers.get(name)


class Named(RecordingTransport):
    """A server that also says which weeks are open, when it is asked."""

    open_weeks: tuple[str, ...] = ()

    def describe(self, _project: str, _timeout: float) -> tuple[Answer, bytes]:
        response = GetRegistryResponse()
        response.policy.open_weeks.extend(self.open_weeks)
        return Answer(code="OK"), response.SerializeToString()


class Site:
    """One installation in a directory of its own, whose client can be made anew at any time."""

    def __init__(self, directory: str, transport: RecordingTransport | None = None) -> None:
        self.directory = directory
        self.clock = Clock()
        self.transport = transport or RecordingTransport()

    def client(
        self,
        name: str,
        now: float,
        answers: dict[str, Json] | None = None,
        chance: float = 0.5,
        **settings: Json,
    ) -> Client:
        self.clock.now = now
        return Client(
            PROJECTS[name],
            Answering(answers or {}),
            state_directory=self.directory,
            environment=settings.pop("environment", {}),
            clock=self.clock,
            randomness=lambda: chance,
            transport=self.transport,
            patience=None,
            **{"off_file": "", **settings},
        )

    def off_file(self, kind: str) -> str:
        """The path of an off file of a kind that a question names."""
        place = Path(self.directory, "off")
        match kind:
            case "file":
                place.write_text("on", encoding="utf-8")
            case "directory":
                place.mkdir()
            case "dangling link":
                place.symlink_to(Path(self.directory, "gone"))
            case "below a file":
                place.touch()
                return str(place / "off")
        return str(place)

    def said(self, step: dict[str, Json]) -> None:
        """What a person does in a step."""
        client = self.client(step["project"], step["at"])
        match step["do"]:
            case "grant":
                if "refuse" in step:
                    client.grant(step["level"], step["refuse"])
                else:
                    client.grant(step["level"])
            case "deny":
                client.deny()
            case "notice":
                client.notice_shown()
            case "refuse":
                client.refuse(step["key"])
            case "allow":
                client.allow(step["key"])
            case "level":
                client.set_level(step["level"])


@contextmanager
def installed(transport: RecordingTransport | None = None) -> Iterator[Site]:
    with tempfile.TemporaryDirectory(prefix="headcount-") as directory:
        yield Site(directory, transport)
