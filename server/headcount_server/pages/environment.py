"""What all templates of the site know."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from jinja2 import BytecodeCache, Environment, PackageLoader, StrictUndefined
from jinja2.bccache import Bucket
from markupsafe import Markup

from headcount_server.pages import history, wording
from headcount_server.pages.adoption import AGES
from headcount_server.pages.comparison import AGE
from headcount_server.pages.counts import DASH
from headcount_server.pages.language import (
    Language,
    percentage,
    spoken,
    translated,
    translated_many,
)
from headcount_server.pages.operator import Operator, link
from headcount_server.pages.picture import SIZE, drawable
from headcount_server.publication.published import PublishedWeek
from headcount_server.publication.terms import Policy
from headcount_server.week import Week

CONTENT_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'"
)
"""Content-Security-Policy of every page: no scripts, and nothing from elsewhere.

Nothing of ours connects; tools that examine a page read robots.txt through it.
"""
MAX_WEEKS = 53
"""Number of weeks in tables and in the files of projects and keys: a year."""
MANY_ROWS = 50
"""Answers that the page of a key shows at once; the others unfold."""


class _Compiled(BytecodeCache):
    """Compiled templates, which all sites of a process share."""

    def __init__(self) -> None:
        self._known: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill the code in if it is known."""
        if known := self._known.get(bucket.key):
            bucket.bytecode_from_string(known)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep new code."""
        self._known[bucket.key] = bucket.bytecode_to_string()


_COMPILED = _Compiled()


def environment(
    policy: Policy,
    newest_first: Sequence[PublishedWeek],
    operator: Operator,
    languages: Sequence[Language],
    *,
    served: bool,
) -> Environment:
    """Return the templates of a site with these weeks; `served` says that a server runs it."""
    made = Environment(
        loader=PackageLoader("headcount_server.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=_COMPILED,
    )
    # Those of Jinja's extension make three calls for each sentence, and escape each anew.
    made.globals.update({"_": translated, "gettext": translated, "ngettext": translated_many})
    made.filters["bare"] = str
    made.filters["link"] = link
    made.filters["day"] = wording.day
    made.filters["days"] = _days
    made.filters["moment"] = _moment
    made.filters["hours"] = wording.hours
    made.globals.update(
        policy=policy,
        weeks=newest_first,
        latest=newest_first[0] if newest_first else None,
        alt=history.alt,
        counted=_counted,
        language=spoken,
        languages=languages,
        percentage=percentage,
        content_policy=CONTENT_POLICY,
        max_weeks=MAX_WEEKS,
        served=served,
        operator=operator,
        ages=AGES,
        most_rows=MANY_ROWS,
        age_convention=AGE,
        drawable=drawable(),
        picture_size=SIZE,
    )
    return made


def _counted(number: int, threshold: int) -> str:
    return f"{number}{DASH}{number + threshold - 1}" if threshold > 1 else str(number)


def _moment(of: datetime) -> str:
    return f"{of:%Y-%m-%dT%H:%M:%SZ}"


def _days(week: Week) -> Markup:
    return Markup('<span class="nobr">{}</span>').format(wording.week(week))
