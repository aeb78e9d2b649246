"""Text for terminals: made harmless, measured in columns, cut or wrapped to fit."""

from __future__ import annotations

import re
import unicodedata

#: Control characters, line separators, surrogates, and the marks that turn the direction of writing: any of them lets
#: the text of a task write somewhere else than where it is shown, or look like other text.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff]")
_UNSAFE_BUT_TAB = re.compile(_UNSAFE.pattern.replace(r"\x00-\x1f", r"\x00-\x08\x0a-\x1f"))
_ELLIPSIS = "…"
#: A word with the spaces before it.
_WORD = re.compile(r"( *)([^ ]+)")
#: Columns a line must offer for its text to be wrapped.
_LEAST = 20


def escape(text: str, *, keep_tabs: bool = False) -> str:
    r"""Return text with everything that acts on a terminal spelled out, such as `\x1b`."""
    return (_UNSAFE_BUT_TAB if keep_tabs else _UNSAFE).sub(_spell_out, text)


def _spell_out(match: re.Match[str]) -> str:
    return match.group().encode("unicode_escape", "surrogatepass").decode("ascii")


def width(text: str) -> int:
    """Return the columns that escaped text takes."""
    return len(text) if text.isascii() else sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def fit(text: str, columns: int) -> str:
    """Return text cut to at most `columns`, which is at least 1; what is cut is shown by an ellipsis."""
    if width(text) <= columns:
        return text
    kept, room = [], columns - 1
    for character in text:
        room -= _columns(character)
        if room < 0:
            break
        kept.append(character)
    return "".join(kept) + _ELLIPSIS


def pad(text: str, columns: int, *, right: bool = False) -> str:
    """Return text filled with spaces to `columns`, on the left of right-aligned text."""
    filling = " " * (columns - width(text))
    return filling + text if right else text + filling


def wrap(text: str, columns: int | None, *, hang: int = 0) -> list[str]:
    """Return escaped text as lines of at most `columns`, broken between words; further lines keep its indentation.

    `hang` is what they are indented by besides. A longer word stays whole, and None breaks nothing.
    """
    if columns is None or width(text) <= columns:
        return [text]
    indent = " " * (len(text) - len(text.lstrip(" ")) + hang)
    if columns - len(indent) < _LEAST:
        return [text]
    lines, line = [], ""
    for spaces, word in _WORD.findall(text):
        longer = f"{line}{spaces}{word}"
        # A word too long for any line is broken by the terminal wherever it stands.
        if line.strip() and width(longer) > columns >= width(indent + word):
            lines.append(line)
            line = indent + word
        else:
            line = longer
    return [*lines, line]
