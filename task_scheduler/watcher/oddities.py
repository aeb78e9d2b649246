"""Why an entry of the folder of tasks is no task, in sentences that say what to do.

Nothing is said of what tools put there as a matter of course: hidden files, caches, backups of editors.
"""

from __future__ import annotations

import stat
import unicodedata
from collections.abc import Iterable, Iterator

from task_scheduler.log_lines import escape

NOT_UTF_8 = "its name is not UTF-8, rename it"
BROKEN_LINK = "it is a link to nothing: mend the link or remove it"
LINK_TO_ITSELF = "it is a link that leads to itself: mend the link or remove it"
LINK_BACK = "it is a link back into the folder, which is looked at anyway: remove it"
LINK_TWICE = "another link leads to the same folder, whose tasks would run twice: remove one of the two"
VIRTUAL_ENVIRONMENT = "it is a virtual environment: what a task needs is named under 'dependencies'"
#: No task is lost by these.
HARMLESS = frozenset({LINK_BACK, LINK_TWICE, VIRTUAL_ENVIRONMENT})
WRONG_CASE = "the name of a task file ends with .py in small letters: rename it"
WRONG_SUFFIX = "the name of a task file ends with .py: rename it"

_KINDS = (
    (stat.S_ISFIFO, "it is a named pipe, and a task is a file: put it elsewhere"),
    (stat.S_ISSOCK, "it is a socket, and a task is a file: put it elsewhere"),
    (stat.S_ISCHR, "it is a device, and a task is a file: put it elsewhere"),
    (stat.S_ISBLK, "it is a device, and a task is a file: put it elsewhere"),
)
_MISTAKEN_SUFFIXES = (".pyw", ".py.txt", ".py.md")


def shown(name: str) -> str:
    """Return a name as it may stand in a sentence: nothing in it acts on a terminal, or passes for another line."""
    return f"'{escape(name)}'"


def why_no_file(mode: int) -> str | None:
    """Return why something with this mode is no task file, None when it is a regular file."""
    return next((reason for is_kind, reason in _KINDS if is_kind(mode)), None)


def near_miss(name: str) -> str | None:
    """Return why a file of this name is no task file although it may have been meant to be one; None: it was not."""
    small = name.lower()
    if small.endswith(".py") and not name.endswith(".py"):
        return WRONG_CASE
    return WRONG_SUFFIX if small.endswith(_MISTAKEN_SUFFIXES) else None


def look_alikes(names: Iterable[str], folder: str) -> Iterator[str]:
    """Yield a sentence for each two names that differ in capitals, or in the spelling of a letter, alone."""
    first: dict[str, str] = {}
    for name in sorted(names):
        other = first.setdefault(_as_seen(name), name)
        if other != name:
            yield _of_two(other, name, folder)


def _as_seen(name: str) -> str:
    return name.lower() if name.isascii() else unicodedata.normalize("NFC", name).casefold()


def _of_two(one: str, other: str, folder: str) -> str:
    if unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other):
        return (
            f"{one!a} and {other!a} in {folder}/ look the same and are two tasks: their letters are "
            "spelled with different characters, rename one"
        )
    return (
        f"{shown(one)} and {shown(other)} in {folder}/ are two tasks whose names differ in capital letters alone: "
        "rename one, since other machines take them for one file"
    )
