"""What a frontmatter says of the process an attempt runs in: its user, folder, permissions and variables."""

from __future__ import annotations

import re
from collections.abc import Mapping

from task_scheduler.core.declaration.form import MISSING, Form, holds_impossible_letter, shown
from task_scheduler.core.excerpts import quoted

LONGEST_USER = 32
LONGEST_PATH = 4_000
#: Variables whose names begin so tell a run of itself.
RESERVED = "TASK_SCHEDULER"

USER = r"[A-Za-z_][A-Za-z0-9_.-]*"
VARIABLE = r"[A-Za-z_][A-Za-z0-9_]*"
UMASK = r"0?[0-7]{3}"

_USER = re.compile(USER)
_VARIABLE = re.compile(VARIABLE)
_UMASK = re.compile(UMASK)
_ASSIGNMENT = re.compile(rf"({VARIABLE})=(.*)", re.DOTALL)
#: Without these, a process cannot read or write what it made itself.
_OWNERS_OWN = 0o600


def user(form: Form) -> str | None:
    """Return the name of the user to run as."""
    key = "user"
    value = form.value(key)
    if value is MISSING:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        form.error(key, f"{key} must be a user's name, not {shown(value)}: `id -un {abs(value)}` tells the name")
        return None
    name = form.as_text(key, value, example="reports")
    if name is None:
        return None
    if not name.strip():
        form.error(key, f"{key} is empty: write a user's name, or remove the line")
    elif len(name) > LONGEST_USER:
        form.error(key, f"{key} must be at most {LONGEST_USER} characters, not {len(name)}")
    elif not _USER.fullmatch(name):
        form.error(
            key,
            f"{key} must be a user's name of letters, digits, '_', '-' and '.', which begins with no digit, "
            f"not {shown(name)}",
        )
    return name


def umask(form: Form) -> int | None:
    """Return the permissions that are taken from new files."""
    key = "umask"
    value = form.value(key)
    if value is MISSING:
        return None
    text = form.as_text(key, value, example="027")
    if text is None:
        return None
    if not _UMASK.fullmatch(text):
        form.error(key, f'{key} must be three octal digits, such as "027", not {shown(text)}')
        return None
    mask = int(text, 8)
    if mask & _OWNERS_OWN:
        form.warning(
            key,
            f"{key} {text} takes permissions from the owner, too: it names what new files may not have, "
            "such as 022 or 077",
        )
    return mask


def working_directory(form: Form) -> str | None:
    """Return the folder that is the current one when an attempt begins."""
    key = "working_directory"
    text = form.text(key)
    if text is None:
        return None
    if not text.strip():
        form.error(key, f"{key} is empty: write a path, or remove the line to have the project folder")
    elif len(text) > LONGEST_PATH:
        form.error(key, f"{key} must be at most {LONGEST_PATH:,} characters, not {len(text):,}")
    elif holds_impossible_letter(text):
        form.error(key, f"{key}: {shown(text)} holds a character that no path can")
    elif text.startswith("~"):
        form.error(key, f"{key}: ~ is not expanded in {shown(text)}: write the whole path, or one inside the project")
    elif not text.startswith("/") and _leads_out(text):
        form.error(key, f"{key}: {shown(text)} leads out of the project folder: write an absolute path")
    return text


def env(form: Form) -> dict[str, str]:
    """Return the further environment variables."""
    key = "env"
    value = form.value(key)
    if value is MISSING:
        return {}
    if not isinstance(value, Mapping):
        form.error(key, f"{key} must be names with their texts, not {shown(value)}: write {_instead(form, value)}")
        return {}
    found = {}
    for name, given in value.items():
        place = f"{key}.{name}"
        if not _VARIABLE.fullmatch(name):
            form.error(
                place,
                f"{key}: a variable's name is letters, digits and '_' and begins with no digit, not {quoted(name)}",
            )
        elif name.startswith(RESERVED):
            form.error(place, f"{key}: names that begin with {RESERVED} are the scheduler's own: rename {quoted(name)}")
        elif (text := _variable(form, place, given)) is not None:
            found[name] = text
    return found


def _variable(form: Form, place: str, value: object) -> str | None:
    if value is None:
        form.error(place, f'{place} has no value: give it one, "" for an empty text, or remove the line')
        return None
    text = form.as_text(place, value)
    if text is not None and holds_impossible_letter(text):
        form.error(place, f"{place}: {shown(text)} holds a character that no variable can")
    return text


def _instead(form: Form, value: object) -> str:
    """Return how to write variables, those of a list such as `- NAME=text` if there is one."""
    items = value if isinstance(value, list) else [value]
    pairs = [found for item in items if isinstance(item, str) and (found := _ASSIGNMENT.fullmatch(item))]
    name, text = (pairs[0][1], pairs[0][2]) if pairs else ("STAGE", "test")
    text = text if text.isprintable() and len(text) <= LONGEST_USER and not {'"', "\\"} & set(text) else "…"
    return f'{{{name}{form.assigns}"{text}"}}'


def _leads_out(path: str) -> bool:
    depth = 0
    for part in path.split("/"):
        if part == "..":
            depth -= 1
        elif part not in {"", "."}:
            depth += 1
        if depth < 0:
            return True
    return False
