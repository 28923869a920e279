"""Values: how a host's answer is cut before it leaves."""

from __future__ import annotations

from conformance.cases import Json, Source

VALUES = Source(
    "values",
    "What a host's collector answers is cut to the declared bounds on the installation: whatever"
    " a closed set does not contain becomes other, versions lose components, of a number only its"
    " range is kept. No answer, and an answer of the wrong kind, leave the key out.",
    {
        "cut": "given project, key and answer (of the collector): value, which is null for no"
        " answer, and else by the key's type: boolean true or false; choice, version, text a"
        " text; product [name, version], the version empty if none is known; count the lower"
        " bound of its range; list its items, each once, sorted by code point"
    },
)
KINDS: dict[str, str] = {}
"""The type of each key that has cases; a test compares it with the types that there are."""


def _cut(kind: str, key: str, why: str, answer: Json, value: Json) -> None:
    KINDS[key] = kind
    number = sum(case["given"]["key"] == key for case in VALUES.cases) + 1
    given = {"project": "survey", "key": key, "answer": answer}
    VALUES.add(f"{key}-{number}", "cut", given, {"value": value}, why)


def _all(kind: str, key: str, why: str, pairs: list[tuple[Json, Json]]) -> None:
    for answer, value in pairs:
        _cut(kind, key, why, answer, value)


# versions
_all(
    "version",
    "php_version",
    "The first two components are kept, fewer stay as they are.",
    [("8.2.7", "8.2"), ("8.2", "8.2"), ("8", "8"), ("10.11.19", "10.11"), ("8.0", "8.0")],
)
_all(
    "version",
    "php_version",
    "Everything from the first character that is neither digit nor dot is cut off.",
    [
        ("8.2.7-1+deb12u1", "8.2"),
        ("8.4.0RC4", "8.4"),
        ("8.2_1", "8.2"),
        ("10.11.19-MariaDB-0+deb12u1", "10.11"),
        ("8.0.mysql_aurora.3.04.0", "8.0"),
    ],
)
_all(
    "version",
    "php_version",
    "A core prefix and a leading v are cut off first.",
    [("1.x-1.2.3", "1.2"), ("v10.11.3", "10.11"), ("V1.2.3", "1.2"), ("1.x-v2.3", "2.3")],
)
_all(
    "version",
    "php_version",
    "A component x ends the version.",
    [("1.28.x-dev", "1.28"), ("1.x", "1"), ("1.x.3", "1")],
)
_all(
    "version",
    "php_version",
    "MariaDB once put 5.5.5- before its version; that is cut off if MariaDB follows.",
    [("5.5.5-10.4.32-MariaDB", "10.4"), ("5.5.5-log", "5.5"), ("5.5.5", "5.5")],
)
_all(
    "version",
    "php_version",
    "If nothing is left, the answer is other: the host has a version, and it tells nothing.",
    [("PHP 8.2", "other"), ("x", "other"), ("unknown", "other"), (".8", "other"), ("-", "other")],
)
_all(
    "version",
    "php_version",
    "Digits are those of ASCII, an empty component ends the version, and one of more than nine"
    " digits is a timestamp or a serial number.",
    [
        ("\uff18.\uff12", "other"),
        ("8..2", "8"),
        ("20231107123456.1", "other"),
        ("8.1234567890", "8"),
        ("8.123456789", "8.123456789"),
    ],
)
_all(
    "version",
    "php_version",
    "Blanks around it say nothing, and blanks alone are no answer.",
    [(" 8.2.7 ", "8.2"), ("", None), ("  ", None), (None, None)],
)
_all(
    "version",
    "php_version",
    "A number is no version: 8.10 would be read as 8.1.",
    [(8.2, None), (8, None), (True, None), (["8", "2"], None)],
)
_all("version", "kernel", "One component is kept.", [("6.1.0-18-amd64", "6"), ("6", "6")])

# products
_all(
    "product",
    "database",
    "A pair is name and version; the version is cut.",
    [
        (["MariaDB", "10.11.19"], ["MariaDB", "10.11"]),
        (["PostgreSQL", "16"], ["PostgreSQL", "16"]),
        (["MariaDB", "5.5.5-10.4.32-MariaDB"], ["MariaDB", "10.4"]),
    ],
)
_all(
    "product",
    "database",
    "One text is taken apart behind the name.",
    [
        ("MariaDB 10.11.19", ["MariaDB", "10.11"]),
        ("PostgreSQL/16.1", ["PostgreSQL", "16.1"]),
        ("MySQL-8.0.36", ["MySQL", "8.0"]),
        ("MariaDB", ["MariaDB", ""]),
        ("MariaDB (10.5)", ["MariaDB", "10.5"]),
    ],
)
_all(
    "product",
    "web_server",
    "The longest name that fits is meant, with what may follow it.",
    [
        ("Apache Tomcat/9.0.83", ["Apache Tomcat", "9.0.83"]),
        ("Apache/2.4.57 (Debian)", ["Apache", "2.4.57"]),
        ("nginx/1.22.1.5", ["nginx", "1.22.1"]),
        ("nginxplus/1.2", ["other", ""]),
    ],
)
_all(
    "product",
    "database",
    "The version of a product that nobody declared would tell which it is.",
    [(["Oracle", "19.3"], ["other", ""]), ("Oracle 19.3", ["other", ""]), ("other", ["other", ""])],
)
_all(
    "product",
    "database",
    "Names are taken letter by letter; another spelling needs an alias.",
    [
        (["mariadb", "10.5"], ["other", ""]),
        (["Percona Server", "8.0.35-27"], ["MySQL", "8.0"]),
        ("Percona Server 8.0.35", ["MySQL", "8.0"]),
    ],
)
_all(
    "product",
    "database",
    "A version that tells nothing leaves the bare product.",
    [
        (["MySQL", None], ["MySQL", ""]),
        (["MySQL", ""], ["MySQL", ""]),
        (["MySQL", "unknown"], ["MySQL", ""]),
        (["MySQL", 8], ["MySQL", ""]),
    ],
)
_all(
    "product",
    "database",
    "Without a name there is no answer, and neither in a value of another kind.",
    [(["", "8.0"], None), ("", None), ("  ", None), (None, None), (8, None), (["MySQL"], None)],
)

# choices
_all(
    "choice",
    "system",
    "A declared value stays as it is, blanks around it apart.",
    [("Linux", "Linux"), ("macOS", "macOS"), (" Windows ", "Windows")],
)
_all(
    "choice",
    "system",
    "An alias is another spelling of a declared value.",
    [("Darwin", "macOS"), ("WINNT", "Windows")],
)
_all(
    "choice",
    "system",
    "Anything else is other: its name does not leave the installation.",
    [("Plan 9", "other"), ("linux", "other"), ("LINUX", "other"), ("other", "other")],
)
_all(
    "choice",
    "system",
    "No text is no answer.",
    [("", None), (" ", None), (None, None), (1, None), (True, None), (["Linux"], None)],
)

# booleans
_all(
    "boolean",
    "multisite",
    "A truth value is one.",
    [(True, True), (False, False)],
)
_all(
    "boolean",
    "multisite",
    "Hosts have many words for it, in capitals or not.",
    [
        ("Yes", True),
        ("No", False),
        ("yes", True),
        ("NO", False),
        ("TRUE", True),
        ("False", False),
        ("On", True),
        ("off", False),
        ("Enabled", True),
        ("disabled", False),
        (" yes ", True),
    ],
)
_all(
    "boolean",
    "multisite",
    "A word that the client's own language knows otherwise is a word like any other.",
    [("constructor", None), ("__proto__", None), ("null", None)],
)
_all(
    "choice",
    "system",
    "A word that the client's own language knows otherwise is a word like any other.",
    [("constructor", "other"), ("__proto__", "other"), ("null", "other")],
)
_all(
    "boolean",
    "multisite",
    "An alias is another word for yes or no, letter by letter.",
    [("Ja", True), ("Nein", False), (" Ja ", True), ("ja", None)],
)
_all(
    "boolean",
    "multisite",
    "1 and 0 are meant so, as numbers and as texts; other numbers are not.",
    [(1, True), (0, False), ("1", True), ("0", False), (2, None), (-1, None), ("2", None)],
)
_all(
    "boolean",
    "multisite",
    "What says neither is no answer. An empty text is false only at the door for Backdrop's own"
    " requests, which send false so.",
    [("", None), ("maybe", None), ("y", None), (None, None), ([], None), ({}, None)],
)

# counts
_all(
    "count",
    "pages",
    "Only the lower bound of the range leaves: 0 to 0, 1 to 9, 10 to 99, 100 and more.",
    [
        (0, 0),
        (1, 1),
        (9, 1),
        (10, 10),
        (99, 10),
        (100, 100),
        (10**12, 100),
    ],
)
_all(
    "count",
    "pages",
    "A text of digits is a number; up to 18 of them are read.",
    [("12", 10), (" 7 ", 1), ("0", 0), ("9" * 18, 100), ("9" * 19, None)],
)
_all(
    "count",
    "pages",
    "What is no whole number of things is no answer, a truth value included.",
    [
        (-1, None),
        (2.5, None),
        ("2.5", None),
        ("1,234", None),
        ("-1", None),
        ("+1", None),
        ("1e3", None),
        ("\u0661\u0662", None),
        ("", None),
        (True, None),
        (None, None),
        ([1], None),
    ],
)

# lists
_all(
    "list",
    "layouts",
    "Declared items, each once, sorted; an alias is the value that it means.",
    [
        (["two_columns", "one_column"], ["one_column", "two_columns"]),
        (["2-columns", "two_columns"], ["two_columns"]),
        ([" one_column "], ["one_column"]),
    ],
)
_all(
    "list",
    "layouts",
    "Everything that is not declared is other, once.",
    [
        (["one_column", "my_own", "my_second"], ["one_column", "other"]),
        (["One_Column"], ["other"]),
    ],
)
_all(
    "list",
    "layouts",
    "The empty list is an answer: nothing applies. What is no text in a list says nothing.",
    [([], []), (["", " "], []), ([1, None, True, "one_column"], ["one_column"])],
)
_all(
    "list",
    "layouts",
    "Of more items than the key allows, the first in the order of code points are kept, so that"
    " one installation gives one report however its host orders them.",
    [
        (
            ["two_columns", "three_columns", "one_column", "my_own"],
            ["one_column", "other", "three_columns"],
        ),
    ],
)
_all(
    "list",
    "layouts",
    "What is no list is no answer; a text is not taken apart.",
    [("one_column", None), (None, None), (1, None), (True, None)],
)
_all(
    "list",
    "modules",
    "Items of the catalogue keep their names; any other name never leaves, it is other.",
    [
        (["views", "ctools"], ["ctools", "views"]),
        (["views", "acme_internal", "acme_secret"], ["other", "views"]),
        (["webform", "views", "rules", "panels", "ctools"], ["ctools", "panels", "rules", "views"]),
        (["Views"], ["other"]),
    ],
)

# texts
_all(
    "text",
    "language",
    "A text keeps its words; runs of blanks, line feeds among them, are one blank.",
    [("de", "de"), ("  pt   br ", "pt br"), ("pt\nbr", "pt br"), ("pt\u00a0br", "pt br")],
)
_all(
    "text",
    "language",
    "64 characters leave; a longer text is refused, not cut: half a text is nobody's value.",
    [("x" * 64, "x" * 64), ("x" * 65, None), ("\u00e9" * 64, "\u00e9" * 64)],
)
_all(
    "text",
    "language",
    "A text with signs that cannot be seen is refused, and so is what is no text.",
    [
        *((text, None) for text in ("a\u0000b", "a\u007fb", "a\u200bb", "", " ")),
        *((odd, None) for odd in (1, True, None, ["de"])),
    ],
)
