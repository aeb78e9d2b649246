"""The JSON schema of the frontmatter, for editors: the rules of `declaration`, as far as a schema can say them.

Whether a schedule, a zone or a package can be meant is for `check` to say: here they are texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from task_scheduler.core.declaration import DEFAULTS, KEYS
from task_scheduler.core.declaration.declaring import (
    LARGEST,
    LEAST_MEMORY,
    LEAST_NICE,
    LEAST_OUTPUT,
    LONGEST_CPU_TIME,
    LONGEST_DEADLINE,
    LONGEST_GRACE,
    LONGEST_MAX_DELAY,
    LONGEST_RETRY_DELAY,
    LONGEST_TIMEOUT,
    LONGEST_TITLE,
    MOST_BACKOFF,
    MOST_NICE,
    MOST_PROCESSES,
    MOST_RETRIES,
)
from task_scheduler.core.declaration.retries import MOST_EXIT_CODE
from task_scheduler.core.declaration.surroundings import LONGEST_PATH, LONGEST_USER, RESERVED, UMASK, USER, VARIABLE
from task_scheduler.core.declaration.timing_keys import CALENDAR_FILE, COUNTRY, LONGEST_JITTER, LONGEST_WINDOW, MOMENT
from task_scheduler.core.quantities import parse_size
from task_scheduler.core.tasks import Missed, OnHoliday, Overlap, StartMethod

Schema = dict[str, object]

# Begins with a look-ahead, so that it means the same where `$` also matches before a last line break.
_ONE_LINE = r"^(?![\s\S]*[\u0000-\u001f\u007f-\u009f\u2028\u2029])[\s\S]*\S"
_TEXT = r"^(?![\s\S]*[\u0000-\u0008\u000b-\u001f\u007f-\u009f])"
_ZONE = r"^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*(?![\s\S])"
_SIZE = r"^\s*[0-9]+(\.[0-9]+)?\s*[A-Za-z]+\s*(?![\s\S])"
_DURATION = r"^\s*[0-9]+(\.[0-9]+)?\s*[A-Za-z]+\s*(?![\s\S])"
_SYSTEM_TEXT = r"^[^\u0000\ud800-\udfff]*(?![\s\S])"
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
    return {**_rules_of_a_task(), **_rules_of_timing(), **_rules_of_ends(), **_rules_of_surroundings()}


def _rules_of_a_task() -> Mapping[str, Schema]:
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
            "items": {"type": "string", "pattern": _SYSTEM_TEXT},
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
        "overlap": {
            "description": "What happens to a slot while an earlier run of the same job is at work.",
            "enum": [way.value for way in Overlap],
        },
    }


def _rules_of_timing() -> Mapping[str, Schema]:
    seconds = {"type": "integer", "minimum": 0, "maximum": LONGEST_JITTER}
    return {
        "jitter": {
            "description": "Seconds by which its slots are later at most: one delay for each job, or a fresh one each time.",
            "anyOf": [
                seconds,
                {
                    "type": "object",
                    "properties": {"up_to": seconds, "fresh": {"type": "boolean", "default": False}},
                    "required": ["up_to"],
                    "additionalProperties": False,
                },
            ],
            "examples": [60, {"up_to": 60, "fresh": True}],
        },
        "missed": {
            "description": "What happens to slots that could not run in time; as scheduler.missed says by default.",
            "enum": [way.value for way in Missed],
        },
        "missed_window": {
            "description": "How old a missed slot may be to be made up for; scheduler.missed_window by default.",
            "anyOf": [
                {"type": "string", "pattern": _DURATION},
                {"type": "integer", "minimum": 0, "maximum": LONGEST_WINDOW},
            ],
            "examples": ["36 h", 3600],
        },
        "starts": _moment("The first day, or moment, of its schedules, by the clock of its time zone."),
        "ends": _moment("The last day, or moment, of its schedules; a day is meant to its end."),
        "calendar": {
            "description": "Whose holidays count: a country's code, or a file of the project that ends in .ics or .txt.",
            "type": "string",
            "pattern": f"^({COUNTRY}|(?!(.*/)?\\.\\.(/|$)){CALENDAR_FILE})(?![\\s\\S])",
            "examples": ["DE-BY", "config/holidays.txt"],
        },
        "on_holiday": {
            "description": "What happens to a slot on a holiday: none, or on another day.",
            "enum": [way.value for way in OnHoliday],
        },
    }


def _rules_of_ends() -> Mapping[str, Schema]:
    return {
        "deadline": _whole_number(
            "Seconds a run may take with all its retries, counted from its first start.", 1, LONGEST_DEADLINE
        ),
        "kill_grace": _whole_number(
            "Seconds a process that is being ended has to clean up, before it is killed.", 0, LONGEST_GRACE
        ),
        "retry_backoff": _number("Each delay between attempts is the one before times this.", 1, MOST_BACKOFF),
        "retry_max_delay": _whole_number("Seconds, the longest a delay grows to.", 0, LONGEST_MAX_DELAY),
        "retry_jitter": _number("Each delay is longer by up to this part of itself.", 0, 1),
        "retry_on": {
            "description": "What is retried: exceptions, exit codes, signals, timed_out and the like; by default all.",
            "type": "array",
            "items": {"anyOf": [_WORDS, {"type": "integer", "minimum": 1, "maximum": MOST_EXIT_CODE}]},
            "minItems": 1,
            "uniqueItems": True,
            "examples": [["TimeoutError", 75, "timed_out"]],
        },
    }


def _rules_of_surroundings() -> Mapping[str, Schema]:
    return {
        "memory_limit": _size("The memory all processes of an attempt may take together.", LEAST_MEMORY, "512 MB"),
        "cpu_limit": _whole_number(
            "Seconds of processor time all processes of an attempt may use together.", 1, LONGEST_CPU_TIME
        ),
        "max_processes": _whole_number("How many processes an attempt may have at once.", 1, MOST_PROCESSES),
        "output_limit": _size("The output that is kept of an attempt, its head and its tail.", LEAST_OUTPUT, "10 MB"),
        "nice": _whole_number("The niceness its processes run with; below 0 needs root.", LEAST_NICE, MOST_NICE),
        "user": {
            "description": "The name of the user it runs as; needs a scheduler that is root.",
            "type": "string",
            "pattern": f"^{USER}(?![\\s\\S])",
            "maxLength": LONGEST_USER,
            "examples": ["reports"],
        },
        "umask": {
            "description": "The permissions taken from new files, three octal digits in quotes.",
            "type": "string",
            "pattern": f"^({UMASK})(?![\\s\\S])",
            "examples": ["027"],
        },
        "working_directory": {
            "description": "The folder it starts in: inside the project, or absolute; the project folder by default.",
            "type": "string",
            "pattern": r"^(?!~)(?=[\s\S]*\S)" + _SYSTEM_TEXT.removeprefix("^"),
            "maxLength": LONGEST_PATH,
            "examples": ["data/reports"],
        },
        "env": {
            "description": "Further environment variables, names with their texts.",
            "type": "object",
            "propertyNames": {"pattern": f"^(?!{RESERVED}){VARIABLE}(?![\\s\\S])"},
            "additionalProperties": {"type": "string", "pattern": _SYSTEM_TEXT},
            "examples": [{"STAGE": "test"}],
        },
    }


def _whole_number(description: str, least: int, most: int) -> Schema:
    return {"description": description, "type": "integer", "minimum": least, "maximum": most}


def _number(description: str, least: int, most: int) -> Schema:
    return {"description": description, "type": "number", "minimum": least, "maximum": most}


def _size(description: str, least: str, example: str) -> Schema:
    in_bytes = {"type": "integer", "minimum": parse_size(least), "maximum": parse_size(LARGEST)}
    return {
        "description": description,
        "anyOf": [{"type": "string", "pattern": _SIZE}, in_bytes],
        "examples": [example],
    }


def _moment(description: str) -> Schema:
    return {
        "description": description,
        "type": "string",
        "pattern": f"^{MOMENT}(?![\\s\\S])",
        "examples": ["2027-01-01", "2027-01-01 09:00"],
    }


def _default(key: str) -> Schema:
    """Return what holds where the key is missing; nothing for one whose default comes from elsewhere."""
    value = getattr(DEFAULTS, key)
    if value is None or key in {"title", "schedule", "retry_on"}:
        return {}
    if isinstance(value, StrEnum):
        return {"default": value.value}
    if isinstance(value, Mapping):
        return {"default": dict(value)}
    return {"default": list(value) if isinstance(value, tuple) else value}
