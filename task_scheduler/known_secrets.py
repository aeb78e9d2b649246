"""What a process knows to be secret, and hides in what it writes: it is told (`know`), or looks for itself.

The scheduler reads `config/secrets.yaml` and tells its hosts; their forks know what they knew. Another Python that
writes log lines of a project, such as a script that a task runs, reads the file for itself, without a reader of YAML.
Python 3.8 or later, standard library alone, and little of it.
"""

from __future__ import annotations

import os

from task_scheduler.masking import HIDDEN, Mask

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from typing import Any

#: Where a project keeps its secrets, from its folder.
SECRETS_FILE = "config/secrets.yaml"
#: More bytes of it are not read.
LONGEST = 65_536

#: What a value begins with that is more than the text it is.
_BEGINNINGS = "\"'{[&!#"

_mask: Mask | None = None
_is_told = False


def know(values: Collection[str]) -> None:
    """Have this process hide these values from now on, and no others."""
    global _mask, _is_told  # noqa: PLW0603 - what is secret is a fact of the whole process, and of its forks
    if frozenset(values) != (frozenset() if _mask is None else _mask.values):
        _mask = Mask(values) or None
    _is_told = True


def mask() -> Mask | None:
    """Return what hides what this process knows to be secret; None: it knows of nothing."""
    return _mask


def mask_around(project: str) -> Mask | None:
    """Return the same; a process that was told nothing looks into the file of this project folder, once."""
    if not _is_told:
        know(_values_in(f"{project}/{SECRETS_FILE}"))
    return _mask


def hide(text: str) -> str:
    """Return text with what this process knows to be secret hidden."""
    return text if _mask is None else _mask.hide_text(text)


def hide_in(data: Any, *, numbers: bool = False) -> Any:  # noqa: ANN401 - whatever JSON can hold
    """Return plain data with the secrets in each of its texts and keys hidden; with `numbers` a number may be one, too."""
    if _mask is None or data is None or isinstance(data, bool):
        return data
    if isinstance(data, str):
        return _mask.hide_text(data)
    if isinstance(data, (int, float)):
        return HIDDEN if numbers and _mask.spans(repr(data).encode()) else data
    if isinstance(data, dict):
        return {hide_in(name): hide_in(value, numbers=numbers) for name, value in data.items()}
    return [hide_in(value, numbers=numbers) for value in data]


def hide_in_json(text: str) -> str:
    """Return a JSON text with the secrets in it hidden: JSON still, and all of it hidden where that cannot be."""
    if hide(text) == text:
        return text
    import json

    try:
        hidden = json.dumps(hide_in(json.loads(text), numbers=True), ensure_ascii=False)
    except (ValueError, RecursionError):  # it is no JSON
        hidden = text
    # What is left then is a secret with quotes or brackets in it.
    return hidden if hide(hidden) == hidden else json.dumps(HIDDEN)


# --- the file, by the standard library alone --------------------------------------------------------------


def likely_values(text: str) -> set[str]:
    """Return what, read line by line and without a reader of YAML, is likely a value in a file of secrets."""
    return {value for line in text.splitlines() for value in _likely_in(line.strip()) if value}


def _values_in(path: str) -> set[str]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return set()
    try:
        return likely_values(os.read(descriptor, LONGEST).decode("utf-8-sig", "replace"))
    except OSError:
        return set()
    finally:
        os.close(descriptor)


def _likely_in(said: str) -> Iterator[str]:
    while said.startswith("- "):
        said = said[2:].lstrip()
    if not said or said[0] == "#" or said in ("---", "..."):
        return
    first = said[0]
    if first in "{[":
        for part in said.strip("{}[] ").split(","):
            yield from _likely_in(part.strip(" {}[]"))
    elif first in "\"'":
        text, rest = _unquoted(said)
        if rest[:1] == ":":
            yield from _likely_in(rest[1:].strip())
        else:
            yield text
    elif first in "&!":  # an anchor or a tag, or the beginning of a password
        yield from _likely_behind_a_sign(said)
    else:
        _, colon, value = said.partition(": ")
        value = value.strip()
        if colon:
            yield from _likely_in(value)
        plain = value if colon else said
        if plain and plain[0] not in _BEGINNINGS and not plain.endswith(":"):
            yield plain.split(" #")[0].rstrip()


def _likely_behind_a_sign(said: str) -> Iterator[str]:
    whole = said.split(" #", maxsplit=1)[0].rstrip()
    if not whole.startswith("!!"):
        yield whole
        yield whole[1:]
    yield from _likely_in(said.partition(" ")[2].strip())


def _unquoted(said: str) -> tuple[str, str]:
    """Return the text in the quotes that the line begins with, or all of it where they do not end, and what follows."""
    import re

    if said[0] == "'":
        found = re.match("'((?:[^']|'')*)'?", said)
        text = "" if found is None else found[1].replace("''", "'")
    else:
        found = re.match(r'"((?:[^"\\]|\\.)*)"?', said)
        text = "" if found is None else re.sub(r"\\(.)", r"\1", found[1])
    return text, "" if found is None else said[found.end() :]
