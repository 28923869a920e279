"""The catalogues of our own sentences: taken from the code, and compiled for the packages.

`python translations/catalogues.py` brings the catalogues (`translations/<package>/<tag>.po`)
up to date with the code, and compiles them into the packages. With `--check` it changes
nothing and says what is missing, left over, uncertain or broken.
"""

from __future__ import annotations

import io
import re
import string
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parent.parent
LANGUAGES = ("de", "es")
_KEYWORDS: dict[str, dict[str, tuple[int, ...] | None]] = {
    "client": {"marked": None, "said": None, "Sentence": None},
    "server": {
        "marked": None,
        "say": None,
        "say_many": (1, 2),
        "_": None,
        "gettext": None,
        "ngettext": (1, 2),
    },
}


_PERCENT = re.compile(r"%\([a-z_]+\)s|%%")
_ELEMENT = re.compile(r"</?[a-z]+[^>]*>")


@dataclass(frozen=True)
class Package:
    """A package with sentences of its own."""

    name: str
    sources: Path
    """The folder that is searched for sentences."""
    compiled: Path
    """The folder of the compiled catalogues."""

    def written(self, tag: str) -> Path:
        """Return the path of a catalogue that people edit."""
        return ROOT / "translations" / self.name / f"{tag}.po"


PACKAGES = (
    Package("client", ROOT / "client/headcount", ROOT / "client/headcount/locales"),
    Package(
        "server",
        ROOT / "server/headcount_server/pages",
        ROOT / "server/headcount_server/locales",
    ),
)


def extracted(package: Package) -> Catalog:
    """Return the sentences that the code of a package marks."""
    found = Catalog(charset="utf-8")
    for file, _, text, comments, context in extract_from_dir(
        package.sources,
        method_map=[("**.py", "python"), ("templates/**", "jinja2")],
        options_map={
            "templates/**": {"silent": "false", "trim_blocks": "true", "lstrip_blocks": "true"}
        },
        keywords=_KEYWORDS[package.name],
    ):
        place = package.sources.relative_to(ROOT) / file
        # Without line numbers, so that a catalogue changes only when a sentence does.
        found.add(text, None, [(place.as_posix(), 0)], auto_comments=comments, context=context)
    return found


def read(package: Package, tag: str) -> Catalog:
    """Return a catalogue as people wrote it; an empty one if there is none."""
    path = package.written(tag)
    if not path.exists():
        return Catalog(locale=tag, charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=tag)


class _Plain(Catalog):
    """A catalogue whose bytes depend on its sentences alone, and on no day or tool."""

    @property  # type: ignore[misc] # Babel lets readers of catalogues set the headers
    def mime_headers(self) -> list[tuple[str, str]]:
        """The headers that readers of a catalogue need."""
        return [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Language", str(self.locale).replace("_", "-")),
            ("Plural-Forms", self.plural_forms),
        ]


def renewed(package: Package, tag: str) -> bytes:
    """Return the text of a catalogue that has what the code marks, and nothing else."""
    known = read(package, tag)
    made = _Plain(locale=tag, charset="utf-8", fuzzy=False, header_comment="#")
    for each in sorted(_messages(extracted(package)), key=_first):
        told = known.get(each.id, each.context)
        places = [(place, 0) for place in sorted({place for place, _ in each.locations})]
        flags = each.flags | ({"fuzzy"} if told is not None and told.fuzzy else set())
        made.add(
            each.id, told.string if told is not None else each.string, places, flags,
            each.auto_comments, context=each.context,
        )  # fmt: skip
    file = io.BytesIO()
    write_po(file, made, width=100, include_lineno=False)
    return file.getvalue()


def compiled(package: Package, tag: str) -> bytes:
    """Return the bytes of the catalogue that the package carries."""
    made = _Plain(locale=tag, charset="utf-8", fuzzy=False)
    for each in _messages(read(package, tag)):
        made.add(each.id, each.string, context=each.context)
    file = io.BytesIO()
    write_mo(file, made)
    return file.getvalue()


def faults(package: Package, tag: str) -> Iterator[str]:
    """Say what is wrong with a catalogue: missing, left over, uncertain or broken sentences."""
    marked = {(each.context, _first(each)): each for each in _messages(extracted(package))}
    known = {(each.context, _first(each)): each for each in _messages(read(package, tag))}
    place = package.written(tag).relative_to(ROOT)
    for at in marked.keys() - known.keys():
        yield f"{place}: `{at[1]}` is missing; run make translations, and translate it"
    for at in known.keys() - marked.keys():
        yield f"{place}: `{at[1]}` is in no code any more; run make translations"
    for at, each in known.items():
        told = each.string or ""
        texts = [told] if isinstance(told, str) else list(told)
        ids = [each.id] if isinstance(each.id, str) else list(each.id)
        if not all(texts):
            yield f"{place}: `{at[1]}` is not translated"
        elif each.fuzzy:
            yield f"{place}: `{at[1]}` is marked as fuzzy; read it, and remove the mark"
        elif any(names(text) not in [names(each) for each in ids] for text in texts):
            yield f"{place}: `{at[1]}` and its translation name different values"


def names(text: str) -> set[str]:
    """Return the values that a sentence names, as `{value}` or `%(value)s`, and its elements."""
    if _PERCENT.search(text):
        return {*_PERCENT.findall(text), *_ELEMENT.findall(text)}
    named = {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
    return named | set(_ELEMENT.findall(text))


def _messages(catalogue: Catalog) -> Iterator[Message]:
    return (each for each in catalogue if each.id)


def _first(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def main(arguments: list[str]) -> int:
    """Bring the catalogues up to date, or with `--check` say what is not."""
    wrong: list[str] = []
    for package in PACKAGES:
        for tag in LANGUAGES:
            written, carried = package.written(tag), package.compiled / f"{tag}.mo"
            if "--check" not in arguments:
                written.parent.mkdir(parents=True, exist_ok=True)
                written.write_bytes(renewed(package, tag))
                carried.write_bytes(compiled(package, tag))
            elif not carried.exists() or carried.read_bytes() != compiled(package, tag):
                wrong.append(f"{carried.relative_to(ROOT)} is not current; run make translations")
            wrong += faults(package, tag)
    for fault in wrong:
        print(fault, file=sys.stderr)  # noqa: T201 - the output of a command
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
