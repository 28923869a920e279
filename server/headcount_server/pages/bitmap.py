"""Draws the picture of a question as PNG: the same picture gives the same bytes.

The letters are those of the font beside this module, so none has to be installed. Pillow's own
font has no umlauts and no dash. Text is laid out from left to right; the name of a key stands
for a label in other letters.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageColor, ImageDraw, ImageFont

from headcount_server.pages.picture import SIZE, Line, Picture

WIDTH, HEIGHT = SIZE
MARGIN = 64
RIGHT = WIDTH - MARGIN
ROOM = RIGHT - MARGIN
ANSWERS = 430
"""Width of the answers; the bars begin after it."""
GAP = 24
LARGE, MIDDLE, SMALL = 54, 30, 26
"""Sizes of letters: of the question, of the project, and of all else."""
PAPER, INK, TRACK, ACCENT, QUIET = "#fdfdfb", "#1d2329", "#eef1ef", "#0f6b62", "#a3adb3"
"""The light colors of style.css."""
LABEL_LINES, TOLD_LINES = 2, 4

# Places in the palette: a ramp from paper to ink, as the edges of letters need it, and bars.
_PAPER, _SOFT, _INK = 0, 186, 252
_TRACK, _ACCENT, _QUIET = 253, 254, 255
_FONT = Path(__file__).parent / "fonts" / "DejaVuSans.ttf"
_ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
_ROW = 54
_TO_THE_LEFT = frozenset({"R", "AL", "AN"})


def png(shown: Picture) -> bytes:
    """Return a picture of `SIZE` as the bytes of a PNG file."""
    image = Image.new("L", SIZE, _PAPER)
    draw = ImageDraw.Draw(image)
    _head(draw, legible(shown.title, shown.project))
    label = wrapped(legible(shown.label, shown.name), font(LARGE), ROOM, LABEL_LINES)
    top = _write(draw, label, 112, LARGE, _INK) + 28
    told = legible(shown.told, _ELLIPSIS)
    if shown.lines:
        _answers(draw, shown.lines, top)
        _write(draw, [cut(told, font(SMALL), ROOM)], HEIGHT - 70, SMALL, _SOFT)
    else:
        _write(draw, wrapped(told, font(MIDDLE), ROOM, TOLD_LINES), top, MIDDLE, _SOFT)
    image.putpalette(palette())
    file = BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


@cache
def palette() -> bytes:
    """Return red, green and blue of each place in the palette."""
    paper, ink, *bars = map(ImageColor.getrgb, (PAPER, INK, TRACK, ACCENT, QUIET))
    ramp = (
        round(light + (dark - light) * step / _INK)
        for step in range(_INK + 1)
        for light, dark in zip(paper, ink, strict=True)
    )
    return bytes([*ramp, *(part for color in bars for part in color)])


def _write(draw: ImageDraw.ImageDraw, lines: Sequence[str], top: int, size: int, color: int) -> int:
    """Draw lines below each other; return where the next one would begin."""
    for line in lines:
        draw.text((MARGIN, top), line, color, font(size), anchor="la")
        top += round(1.26 * size)
    return top


def _head(draw: ImageDraw.ImageDraw, title: str) -> None:
    """Draw the project, and our name and mark."""
    name = "headcount"
    left = RIGHT - font(SMALL).getlength(name)
    draw.text((left, 64), name, _SOFT, font(SMALL), anchor="lm")
    left -= 48
    draw.rounded_rectangle((left, 46, left + 35, 81), 9, _ACCENT)
    for x in (10, 15, 20, 25):
        draw.line((left + x, 55, left + x, 72), _PAPER, 2)
    draw.line((left + 7, 70, left + 28, 57), _PAPER, 2)
    title = cut(title, font(MIDDLE), left - GAP - MARGIN)
    draw.text((MARGIN, 64), title, _SOFT, font(MIDDLE), anchor="lm")


def _answers(draw: ImageDraw.ImageDraw, lines: Sequence[Line], top: int) -> None:
    """Draw a row for each answer: its text, its bar, and its share at the right."""
    width = max(font(SMALL).getlength(line.told) for line in lines)
    left, right = MARGIN + ANSWERS + GAP, RIGHT - width - GAP
    for line in lines:
        middle = top + _ROW // 2
        answer = cut(legible(line.answer, _ELLIPSIS), font(SMALL), ANSWERS)
        draw.text((MARGIN, middle), answer, _INK, font(SMALL), anchor="lm")
        draw.text((RIGHT, middle), line.told, _INK, font(SMALL), anchor="rm")
        unit = (right - left) / 100
        draw.rectangle((left, middle - 13, right, middle + 13), _TRACK)
        if line.bar.length:
            fill = _QUIET if line.rest else _ACCENT
            draw.rectangle((left, middle - 13, left + unit * line.bar.length, middle + 13), fill)
        if line.bar.lower < line.bar.upper:
            ends = (left + unit * line.bar.lower, middle, left + unit * line.bar.upper, middle)
            draw.line(ends, _INK, 3)
        top += _ROW


@cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """Return the font in a size in pixels."""
    # The other layout needs a library of the system, and places letters by its version.
    return ImageFont.truetype(_FONT, size, layout_engine=ImageFont.Layout.BASIC)


def cut(text: str, its: ImageFont.FreeTypeFont, width: float) -> str:
    """Return a text that is at most `width` pixels wide; an ellipsis stands for what is cut off."""
    if its.getlength(text) <= width:
        return text
    return text[: _fitting(text, its, width - its.getlength(_ELLIPSIS))].rstrip() + _ELLIPSIS


def wrapped(text: str, its: ImageFont.FreeTypeFont, width: float, most: int) -> list[str]:
    """Return a text in at most `most` lines of `width` pixels.

    A line ends between words, or within a word that fills it alone; the last line is cut.
    """
    lines: list[str] = []
    while len(lines) < most - 1 and its.getlength(text) > width:
        fitting = _fitting(text, its, width)
        end = text.rfind(" ", 0, fitting + 1)
        end = end if end > 0 else fitting
        lines.append(text[:end])
        text = text[end:].lstrip()
    return [*lines, cut(text, its, width)]


def _fitting(text: str, its: ImageFont.FreeTypeFont, width: float) -> int:
    """Return how many letters from the beginning of a text fit."""
    return bisect_right(range(1, len(text) + 1), width, key=lambda end: its.getlength(text[:end]))


def legible(text: str, instead: str) -> str:
    """Return a text in one line; another text if the font lacks one of its letters."""
    printed = "".join(each if each.isprintable() else " " for each in text)
    plain = " ".join(unicodedata.normalize("NFC", printed).split())
    return plain if all(map(_drawable, plain)) else instead


@lru_cache(maxsize=4096)
def _drawable(letter: str) -> bool:
    """Return whether the font has a letter, of a script that runs from left to right."""
    if unicodedata.bidirectional(letter) in _TO_THE_LEFT:
        return False
    return letter == " " or _shape(letter) != _shape("\uffff")


def _shape(letter: str) -> tuple[tuple[int, int], bytes]:
    mask = font(20).getmask(letter)
    return mask.size, bytes(mask)
