"""The language of a page: our sentences, numbers and days in it.

A page is rendered in one language, `speaking`, from the first sentence to the last. Sentences
in code and templates are English, and catalogues have them in other languages.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

from markupsafe import Markup, escape

from headcount_server.errors import ConfigError

_FOLDER = Path(__file__).parent.parent / "locales"
_RIGHT_TO_LEFT = frozenset({"ar", "ckb", "dv", "fa", "he", "ks", "ps", "sd", "ug", "ur", "yi"})


@dataclass(frozen=True, slots=True)
class Language:
    """A language that pages are in."""

    tag: str
    """Its tag (BCP 47), such as `de`."""
    name: str
    """Its own name for itself."""
    group: str = ","
    """Sign between thousands."""
    decimal: str = "."
    ungrouped: int = 3
    """Most digits that are written without a sign between thousands."""
    percent: str = "%"
    """Sign that follows a percentage, with the blank before it."""
    catalogue: NullTranslations = field(default_factory=NullTranslations, compare=False)
    _sentences: dict[str, Markup] = field(default_factory=dict, compare=False, repr=False)
    """The sentences without values that templates asked for, which a page has dozens of."""

    @property
    def direction(self) -> str:
        """The direction of its script, `ltr` or `rtl`."""
        return direction(self.tag)

    def sentence(self, text: str) -> Markup:
        """Return a sentence of a template that has no values."""
        known = self._sentences.get(text)
        if known is None:
            known = self._sentences[text] = _markup(self.catalogue.gettext(text)) % {}
        return known


ENGLISH = Language("en", "English")

_FORMS = {
    "en": ENGLISH,
    "de": Language("de", "Deutsch", ".", ",", 3, "\N{NO-BREAK SPACE}%"),
    "es": Language("es", "Español", ".", ",", 4, "\N{NO-BREAK SPACE}%"),
}
"""Names and forms as the Unicode CLDR has them."""

_current: ContextVar[Language] = ContextVar("language", default=ENGLISH)


class Foreign(str):
    """A text in another language than its page; in HTML, an element tells which."""

    __slots__ = ("lang",)
    lang: str

    def __html__(self) -> str:
        """Return the text as an element with its language."""
        turned = ' dir="rtl"' if direction(self.lang) == "rtl" else ""
        return f'<span lang="{escape(self.lang)}"{turned}>{escape(str(self))}</span>'


def like(text: str, more: str) -> str:
    """Return a longer text in the language of the text that it begins with."""
    return in_language(text.lang, more) if isinstance(text, Foreign) else more


def in_language(tag: str, text: str) -> Foreign:
    """Return a text that is in another language than the page."""
    foreign = Foreign(text)
    foreign.lang = tag
    return foreign


def direction(tag: str) -> str:
    """Return the direction of a language's script, `ltr` or `rtl`."""
    return "rtl" if tag.partition("-")[0] in _RIGHT_TO_LEFT else "ltr"


@cache
def language(tag: str) -> Language:
    """Return a language with its catalogue. Raises ConfigError if there is none."""
    if tag not in _FORMS:
        msg = f"--languages {tag}: there are {', '.join(sorted(_FORMS))}"
        raise ConfigError(msg)
    known = _FORMS[tag]
    if known is ENGLISH:
        return ENGLISH
    with (_FOLDER / f"{tag}.mo").open("rb") as file:
        its = GNUTranslations(file)
    return Language(
        tag, known.name, known.group, known.decimal, known.ungrouped, known.percent, its
    )


def spoken() -> Language:
    """Return the language of the page that is being rendered."""
    return _current.get()


@contextmanager
def speaking(its: Language) -> Iterator[None]:
    """Render what follows in a language."""
    token = _current.set(its)
    try:
        yield
    finally:
        _current.reset(token)


def marked(text: str) -> str:
    """Return a sentence as it is, which `say` will translate later."""
    return text


def say(text: str, **values: object) -> str:
    """Return a sentence in the language of the page, with values in the place of their names."""
    return _current.get().catalogue.gettext(text).format(**values)


def say_many(one: str, many: str, number: int, **values: object) -> str:
    """Return a sentence about a number of things; `{number}` is the number."""
    its = _current.get()
    text = its.catalogue.ngettext(one, many, number)
    return text.format(number=grouped(number), **values)


def translated(text: str, /, **values: object) -> Markup:
    """Return a sentence of a template in the language of the page, with escaped values."""
    its = _current.get()
    return its.sentence(text) if not values else _markup(its.catalogue.gettext(text)) % values


def translated_many(one: str, many: str, number: int, /, **values: object) -> Markup:
    """Return a sentence of a template about a number of things; `num` is the number."""
    text = _current.get().catalogue.ngettext(one, many, number)
    return _markup(text) % {"num": number, **values}


def _markup(sentence: str) -> Markup:
    return Markup(sentence)  # noqa: S704 - templates and catalogues are ours; `%` escapes values


def grouped(number: int) -> str:
    """Return a whole number, with signs between its thousands."""
    text = f"{number:,}"
    its = _current.get()
    if its is ENGLISH:
        return text
    return str(number) if len(str(abs(number))) <= its.ungrouped else text.replace(",", its.group)


def percentage(text: str) -> str:
    """Return a number or range in digits and points as a percentage."""
    its = _current.get()
    return f"{text}%" if its is ENGLISH else f"{text.replace('.', its.decimal)}{its.percent}"
