"""Reports: from answers to bytes. The JSON is written here; protobuf makes the bytes."""

from __future__ import annotations

import hashlib

from conformance.cases import Json, Source
from conformance.projects import encoded

REPORTS = Source(
    "reports",
    "The report of a week is one message of the project's schema. What was previewed is what is"
    " sent: its digest is the SHA-256 of the report's bytes, without the envelope. Fields stand in"
    " the order of their numbers, so that equal answers give equal bytes.",
    {
        "report": "given project, week and answers (of its collectors, all agreed to): json, the"
        " report as protobuf's JSON has it (names in lowerCamelCase, values by identifier, counts"
        " as texts); binary (hexadecimal), its bytes; digest (hexadecimal), their SHA-256"
    },
)
FILLED: list[tuple[str, dict[str, Json]]] = []
"""Project and report of each case."""


def _report(
    name: str, project: str, answers: dict[str, Json], report: dict[str, Json], why: str
) -> None:
    FILLED.append((project, report))
    data = encoded(project, report)
    REPORTS.add(
        name,
        "report",
        {"project": project, "week": "2026-W47", "answers": answers},
        {"json": report, "binary": data.hex(), "digest": hashlib.sha256(data).hexdigest()},
        why,
    )


_report(
    "bee",
    "bee",
    {"multisite": True, "operating_system": "Darwin", "php_version": "8.2.7", "version": "1.1.0"},
    {
        "version": {"value": "1.1"},
        "multisite": {"value": True},
        "operatingSystem": {"value": "VALUE_MACOS"},
        "phpVersion": {"value": "8.2"},
    },
    "Everything that bee declares, cut: an alias, and versions of two components.",
)
_report(
    "bee-in-part",
    "bee",
    {"operating_system": "Haiku", "php_version": None},
    {"operatingSystem": {"value": "VALUE_OTHER"}},
    "A key without an answer is left out; a value that is not declared is other.",
)
_report(
    "false-is-an-answer",
    "bee",
    {"multisite": False},
    {"multisite": {"value": False}},
    "False is written, since it is not the same as no answer.",
)
_report(
    "nothing-to-say",
    "bee",
    {},
    {},
    "No collector answered: the report is empty, and so are its bytes.",
)
_report(
    "every-type",
    "survey",
    {
        "version": "2.5.1",
        "database": ["MariaDB", "10.11.19"],
        "kernel": "6.1.0",
        "language": "de",
        "layouts": ["two_columns", "one_column", "my_own"],
        "modules": ["views", "acme_internal", "ctools"],
        "multisite": "Yes",
        "pages": 57,
        "php_version": "8.2.7",
        "system": "WINNT",
        "web_server": "Apache/2.4.57 (Debian)",
    },
    {
        "version": {"value": "2.5"},
        "database": {"value": "VALUE_MARIADB", "version": "10.11"},
        "kernel": {"value": "6"},
        "language": {"value": "de"},
        "layouts": {"values": ["VALUE_OTHER", "VALUE_ONE_COLUMN", "VALUE_TWO_COLUMNS"]},
        "modules": {"values": ["ctools", "other", "views"]},
        "multisite": {"value": True},
        "pages": {"value": "10"},
        "phpVersion": {"value": "8.2"},
        "system": {"value": "VALUE_WINDOWS"},
        "webServer": {"value": "VALUE_APACHE", "version": "2.4.57"},
    },
    "Each type of key: closed lists are sorted by number, items of a catalogue by code point.",
)
_report(
    "empty-lists",
    "survey",
    {"layouts": [], "modules": []},
    {"layouts": {}, "modules": {}},
    "An empty list is an answer: its message is there, and holds nothing.",
)
_report(
    "bare-product",
    "survey",
    {"database": ["MySQL", None], "web_server": "lighttpd/1.4"},
    {"database": {"value": "VALUE_MYSQL"}, "webServer": {"value": "VALUE_OTHER"}},
    "A version that is not known is left out, and one of an undeclared product does not leave.",
)
_report(
    "count-of-nothing",
    "survey",
    {"pages": 0},
    {"pages": {"value": "0"}},
    "The lowest range begins at 0, which is written like any other.",
)
_report(
    "renamed",
    "survey+renamed",
    {"several_sites": True},
    {"multisite": {"value": True}},
    "A renamed key keeps its first name and its number on the wire.",
)
_report(
    "backdrop",
    "backdrop",
    {
        "version": "1.28.1",
        "php_version": "8.2.36",
        "mysql_version": ["MariaDB", "10.11.19-MariaDB-0+deb12u1"],
        "web_server": "nginx/1.22.1",
        "server_os": "Linux",
        "multisite": False,
        "core_modules": ["node", "views", "acme_internal"],
        "content_items": 250,
        "languages": ["de", "en"],
    },
    {
        "version": {"value": "1.28"},
        "phpVersion": {"value": "8.2"},
        "mysqlVersion": {"value": "VALUE_MARIADB", "version": "10.11"},
        "webServer": {"value": "VALUE_NGINX", "version": "1.22"},
        "serverOs": {"value": "VALUE_LINUX"},
        "multisite": {"value": False},
        "coreModules": {"values": ["VALUE_OTHER", "VALUE_NODE", "VALUE_VIEWS"]},
        "contentItems": {"value": "100"},
        "languages": {"values": ["VALUE_DE", "VALUE_EN"]},
    },
    "What a Backdrop site knows of itself.",
)
