"""One simulated installation: its facts, its owner's answers, its generated clients."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from types import ModuleType
from typing import TYPE_CHECKING

from headcount.model.project import Key, Project
from headcount.reporting.installation_age import is_ours
from headcount.transport.grpc_transport import GrpcTransport
from headcount.transport.messages import Answer, Request

from headcount_server.demo.facts import age, fact
from headcount_server.demo.ledger import Ledger

if TYPE_CHECKING:
    from headcount import Client

LOST = 0.04
"""Share of answers that are lost on the way back."""


@dataclass(frozen=True, slots=True)
class World:
    """What all sites share."""

    endpoint: str
    packages: tuple[ModuleType, ...]
    """Generated client packages, the main project's first."""
    ledger: Ledger
    clock: Callable[[], float]
    week: Callable[[], int]
    """Number of the present week, counted from the beginning."""
    directory: Path


@dataclass(frozen=True, slots=True)
class Owner:
    """What the owner of a site answers, and when (unix seconds)."""

    answer: str
    """`yes`, `no` or nothing at all (``)."""
    at: float
    level: str = "basic"
    refused: frozenset[str] = frozenset()
    """Names of refused keys, in all projects of the site."""
    withdraws_at: float = float("inf")


@dataclass(slots=True)
class Site:
    """A simulated installation. `identity` is shared with its clones."""

    number: int
    identity: int
    owner: Owner
    packages: tuple[ModuleType, ...]
    world: World
    chance: Random
    clients: list[Client] = field(default_factory=list)
    reported: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Whose facts (a site's number) of which week a project's latest report holds."""
    first: dict[str, str] = field(default_factory=dict)
    """The week of each project's first report, by ISO label."""

    def __post_init__(self) -> None:
        for package in self.packages:
            project: Project = package.PROJECT
            client = package.Telemetry(
                self._collectors(package.Collectors, project),
                state_directory=self.state_directory,
                environment={},  # the machine that runs this may be a CI
                clock=self.world.clock,
                randomness=self.chance.random,
                transport=Line(self, project, GrpcTransport(self.world.endpoint)),
            )
            self.clients.append(client)

    @property
    def state_directory(self) -> Path:
        """Where its clients keep their state."""
        return self.world.directory / f"site-{self.number}"

    def answer(self) -> None:
        """Answer the question as the owner, once for all projects."""
        self.world.ledger.people[self.owner.answer] += 1
        if self.owner.refused:
            self.world.ledger.people["refused a key"] += 1
        for client in self.clients:
            if self.owner.answer == "no":
                client.deny(via="installer")
            elif self.owner.answer == "yes":
                names = {key.name for key in client.project.keys}
                refused = sorted(self.owner.refused & names)
                client.grant(level=self.owner.level, refused=refused, via="installer")

    def withdraw(self) -> None:
        """Change the owner's answer."""
        self.world.ledger.people["withdrew"] += 1
        self.owner = replace(self.owner, answer="no")
        for client in self.clients:
            client.deny(via="settings page")

    def cron(self) -> None:
        """Run the host's scheduler."""
        for client in self.clients:
            client.send_if_due()

    def become_clone(self, original: Site) -> None:
        """Start from a copy of another site's files, as staging copies do."""
        self.world.ledger.people["cloned"] += 1
        self.identity = original.identity
        self.owner = original.owner
        self.reported = dict(original.reported)  # a copied outbox holds the other's facts
        self.first = dict(original.first)
        shutil.copytree(original.state_directory, self.state_directory)

    def agreed(self, project: Project) -> tuple[Key, ...]:
        """Keys that the owner agreed to, computed independently of the client."""
        levels = {"basic"} if self.owner.level == "basic" else {"basic", "extended"}
        return tuple(
            key
            for key in project.keys
            if key.level in levels and key.name not in self.owner.refused
        )

    def _collectors(self, base: type, project: Project) -> object:
        """Return a subclass of the generated collectors that knows this site's facts."""

        def collector(key: Key) -> Callable[[object], object]:
            def collect(_self: object) -> object:
                if key not in self.agreed(project) or self.owner.answer != "yes":
                    self.world.ledger.wrongly_asked.add(f"{project.name}.{key.name}")
                self.reported[project.name] = (self.number, self.world.week())
                return fact(key, self.number, self.world.week()).reported

            return collect

        methods = {key.name: collector(key) for key in project.keys if not is_ours(key)}
        return type("Collectors", (base,), methods)()


@dataclass(frozen=True, slots=True)
class Line:
    """The connection to the server: real gRPC that loses some responses."""

    site: Site
    project: Project
    transport: GrpcTransport

    def submit(self, request: Request, timeout: float) -> Answer:
        """Deliver a report, and now and then lose the response."""
        first = self.site.first.setdefault(self.project.name, request.week)
        answer = self.transport.submit(request, timeout)
        if answer.code != "OK":
            return answer
        site, ledger = self.site, self.site.world.ledger
        number, week = site.reported[self.project.name]
        keys = site.agreed(self.project)
        ledger.delivered(
            request.week,
            self.project.name,
            site.identity,
            {
                key.name: age(first, request.week)
                if is_ours(key)
                else fact(key, number, week).published
                for key in keys
            },
            frozenset(key.name for key in keys if key.by),
        )
        if site.chance.random() < LOST:
            ledger.lost_answers += 1
            return Answer(code="UNAVAILABLE", message="the answer was lost")
        return answer
