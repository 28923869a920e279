"""What a foundation might ask of the declarations of all its projects.

headcount-registry check registry/declarations --policies examples/policies
"""

from __future__ import annotations

from headcount_registry.checks.policies import Problems, Registry, Severity, policy

MOST_KEYS = 50


@policy("no-free-text")
def no_free_text(registry: Registry) -> Problems:
    """Nobody can foresee what a free text says."""
    for project in registry.projects:
        for key in project.keys:
            if key.type == "text":
                yield key.location, f"`{key.name}` is free text; declare its values"


@policy("extended-ends")
def extended_ends(registry: Registry) -> Problems:
    """How people use software is asked for a time, and for a reason."""
    for project in registry.projects:
        for key in project.keys:
            if key.level == "extended" and not key.expires:
                yield key.location, f"`{key.name}` is extended and never ends; write `[expires]`"


@policy("short-questionnaire", Severity.WARNING)
def short_questionnaire(registry: Registry) -> Problems:
    """A person reads every question before answering."""
    for project in registry.projects:
        if len(project.keys) > MOST_KEYS:
            first = project.keys[0].location
            yield first, f"`{project.name}` asks {len(project.keys)} things; {MOST_KEYS} are many"
