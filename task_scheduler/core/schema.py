"""The JSON schema of the frontmatter, for editors: the rules of `declaration`, as far as a schema can say them.

Whether a schedule, a zone or a package can be meant is for `check` to say: here they are texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from task_scheduler.core.declaration import (
    DEFAULTS,
    KEYS,
    LONGEST_RETRY_DELAY,
    LONGEST_TIMEOUT,
    LONGEST_TITLE,
    MOST_RETRIES,
)
from task_scheduler.core.tasks import StartMethod

Schema = dict[str, object]

# Begins with a look-ahead, so that it means the same where `$` also matches before a last line break.
_ONE_LINE = r"^(?![\s\S]*[\u0000-\u001f\u007f-\u009f\u2028\u2029])[\s\S]*\S"
_TEXT = r"^(?![\s\S]*[\u0000-\u0008\u000b-\u001f\u007f-\u009f])"
_ZONE = r"^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*(?![\s\S])"
_WORDS: Schema = {"type": "string", "pattern": r"\S"}


def frontmatter_schema() -> Schema:
    """Return the schema, draft 2020-12, with the keys in the order of `TaskDeclaration`."""
    rules = _rules()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Frontmatter of a task file",
        "description": "What a Python file in tasks/ says of itself; every key may be left out.",
        "type": "object",
        "properties": {key: rules[key] | _default(key) for key in KEYS},
        "additionalProperties": False,
    }


def _rules() -> Mapping[str, Schema]:
    return {
        "title": {
            "description": "The task's name in lists and alerts; recommended. The file's name stands in for it.",
            "type": "string",
            "pattern": _ONE_LINE,
            "maxLength": LONGEST_TITLE,
            "examples": ["Nightly backup"],
        },
        "description": {
            "description": "What the task is for, for others; recommended.",
            "type": "string",
            "pattern": _TEXT,
            "examples": ["Copies the photos to the second disk"],
        },
        "dependencies": {
            "description": "The packages it needs, as PEP 508 requirements; it runs in an environment with these alone.",
            "type": "array",
            "items": {"type": "string", "pattern": r"^ *[^-\s]"},
            "examples": [["requests>=2.25", "pandas"]],
        },
        "python_version": {
            "description": "The lowest Python it runs with, or a range of versions; in quotes, since 3.10 is a number.",
            "type": "string",
            "pattern": "[0-9]",
            "examples": ["3.11", ">=3.9,<3.13"],
        },
        "enabled": {"description": "Whether it is scheduled.", "type": "boolean"},
        "timeout": _whole_number(
            "Seconds one attempt may take; then it is ended with all its processes.", 1, LONGEST_TIMEOUT
        ),
        "retry_count": _whole_number("Further attempts after one that failed.", 0, MOST_RETRIES),
        "retry_delay": _whole_number("Seconds between the end of an attempt and the next.", 0, LONGEST_RETRY_DELAY),
        "schedule": {
            "description": "When it runs: words or cron text, one or a list, beside the schedules of its decorators.",
            "anyOf": [_WORDS, {"type": "array", "items": _WORDS, "minItems": 1}],
            "examples": ["every 5 minutes", "daily at 10:30", ["0 9 * * 1-5", "saturday at 11:00"]],
        },
        "timezone": {
            "description": "The IANA name of the time zone of its schedules; that of the scheduler by default.",
            "type": "string",
            "pattern": _ZONE,
            "examples": ["Europe/Berlin", "UTC"],
        },
        "arguments": {
            "description": "The command line of its runs, sys.argv[1:], one item for each argument.",
            "type": "array",
            "items": {"type": "string", "pattern": "^[^\\u0000\\ud800-\\udfff]*$"},
            "examples": [["--days", "7"]],
        },
        "preload": {
            "description": "Whether its packages may be imported ahead, once for many runs.",
            "type": "boolean",
        },
        "start_method": {
            "description": "How its process starts: a fork of one that has the packages loaded, or a fresh interpreter.",
            "enum": [method.value for method in StartMethod],
        },
    }


def _whole_number(description: str, least: int, most: int) -> Schema:
    return {"description": description, "type": "integer", "minimum": least, "maximum": most}


def _default(key: str) -> Schema:
    """Return what holds where the key is missing; nothing for one whose default comes from elsewhere."""
    value = getattr(DEFAULTS, key)
    if key in {"title", "timezone", "schedule"}:
        return {}
    if isinstance(value, StrEnum):
        return {"default": value.value}
    return {"default": list(value) if isinstance(value, tuple) else value}
