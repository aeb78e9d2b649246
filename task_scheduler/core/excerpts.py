"""A piece of somebody's text inside a sentence of ours."""

from __future__ import annotations

LONGEST = 60


def excerpt(text: str, longest: int = LONGEST) -> str:
    r"""Return the beginning of a line, short and on one line: what cannot be seen is spelled out, such as `\xa0`."""
    return "".join(map(_visible, text.strip()[:longest]))[:longest].strip()


def quoted(value: object, longest: int = 100) -> str:
    """Return a value as Python writes it, cut where it is too long for a sentence."""
    text = repr(value)
    return text if len(text) <= longest else f"{text[:longest]}…{text[-1]}"


def _visible(letter: str) -> str:
    return letter if letter.isprintable() else letter.encode("unicode_escape", "surrogatepass").decode("ascii")
