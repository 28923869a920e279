"""A terminal as two streams: what the program says, and what a person types."""

from __future__ import annotations

import os
import sys
from textwrap import fill
from typing import TYPE_CHECKING

from headcount.model.sentence import Sentence

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TextIO

    from headcount.asking.wording import Words

_TRIES = 3
_WIDTH = 78


class Screen:
    """Two streams that a person sits at, and the words for that person."""

    def __init__(self, reading: TextIO, writing: TextIO, words: Words) -> None:
        self._reading = reading
        self._writing = writing
        self._words = words

    @property
    def why_not(self) -> str:
        """Return why no person can read and answer here, `""` if one can."""
        try:
            if not (self._reading.isatty() and self._writing.isatty()):
                return Sentence("there is no terminal to ask in")
        except (AttributeError, ValueError):  # a host without streams, or with closed streams
            return Sentence("there is no terminal to ask in")
        if not (_in_foreground(self._reading) and _in_foreground(self._writing)):
            return Sentence("this job is in the background, where a question would stop it")
        return ""

    def say(self, text: str, *, wrapped: bool = True) -> None:
        """Print a paragraph, or a line that is to be copied as it is."""
        indent = text[: len(text) - len(text.lstrip())]
        clean = "".join(letter if letter.isprintable() else "?" for letter in text)
        if wrapped:
            clean = fill(clean, _WIDTH, subsequent_indent=f"{indent}  " if indent else "")
        self._writing.write(f"{clean}\n")
        self._writing.flush()

    def choice(
        self,
        answers: tuple[str, ...],
        details: Callable[[], list[dict[str, Any]]],
        *,
        empty: str = "",
    ) -> str:
        """Return the answer whose beginning was typed; `""` if only Enter was typed.

        People type answers in their own language, or in English. `empty` says the effect of
        Enter alone. EOFError if the terminal was closed.
        """
        words = self._words
        typed = {words.message(f"headcount.typed.{each}")["text"]: each for each in answers}
        listed = words.listed(list(typed))
        empty = empty or words.message("headcount.typed.nothing")["text"]
        prompt = words.message("headcount.typed.prompt", answers=listed, empty=empty)["text"]
        for _ in range(_TRIES):
            self._writing.write(f"{prompt} ")
            self._writing.flush()
            line = self._reading.readline()
            if not line:
                raise EOFError
            said = line.strip().lower()
            if not said:
                return ""
            if said == "?":
                self._explain(details())
                continue
            for word, each in (typed | {each: each for each in answers}).items():
                if word.casefold().startswith(said):
                    return each
            self.say(words.message("headcount.typed.again", answers=listed)["text"])
        return ""

    def _explain(self, details: list[dict[str, Any]]) -> None:
        for key in details:
            self.say("")
            self.say(f"{key['label']['text']} ({key['tells']['text']})")
            if "value" in key:
                said = self._words.message("headcount.value", value=key["value"])
                self.say(f"    {said['text']}")
            elif "note" in key:
                said = self._words.message("headcount.value.none", note=key["note"])
                self.say(f"    {said['text']}")
            for part in (key["description"]["text"], key["purpose"]["text"], key["issue"]):
                if part:
                    self.say(f"    {part}")
        self.say("")


def _in_foreground(stream: TextIO) -> bool:
    """Return whether this job owns the terminal; the system stops other jobs that read it."""
    if sys.platform == "win32":
        return True
    try:
        return os.tcgetpgrp(stream.fileno()) == os.getpgrp()
    except (OSError, ValueError):  # no file, or not the terminal that controls this session
        return True
