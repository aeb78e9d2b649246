"""docs/reference/fields.md, written from the schema of the frontmatter."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from task_scheduler.core.schema import frontmatter_schema

_HEAD = """\
# Every key of the frontmatter

Written by `python -m tests.reference` from the rules that the program holds task files to. Every key may be left out.
[Task files](../task-files.md) explains them together, with examples; [What is refused](../refusals.md) shows what is said about
a wrong value. The same rules for an editor: [frontmatter.schema.json](../frontmatter.schema.json), also written by `check --schema`.

"""
#: The largest value of a number that is bounded only because everything is.
_UNBOUNDED = 10**9
_TYPES: Mapping[str, str] = {
    "array": "a list",
    "boolean": "`true` or `false`",
    "integer": "a whole number",
    "number": "a number",
    "object": "names with their texts",
    "string": "text",
}
_GROUPS: Mapping[str, tuple[str, ...]] = {
    "What it is": ("title", "description", "enabled"),
    "When it runs": ("schedule", "timezone", "arguments", "overlap"),
    "Timing": ("starts", "ends", "calendar", "on_holiday", "jitter", "missed", "missed_window"),
    "With which packages": ("dependencies", "python_version", "preload", "start_method"),
    "Limits": ("timeout", "deadline", "kill_grace", "memory_limit", "cpu_limit", "max_processes", "output_limit"),
    "Retries": ("retry_count", "retry_delay", "retry_backoff", "retry_max_delay", "retry_jitter", "retry_on"),
    "Surroundings": ("env", "working_directory", "nice", "user", "umask"),
}


def page() -> str:
    """Return the page; raises AssertionError for a key that is in no group."""
    keys: dict[str, Any] = dict(frontmatter_schema()["properties"])  # type: ignore[call-overload]
    grouped = [key for group in _GROUPS.values() for key in group]
    assert sorted(grouped) == sorted(keys), "each key is in one group"
    sections = [
        f"## {name}\n\n" + "\n".join(_key(key, keys[key]) for key in members) for name, members in _GROUPS.items()
    ]
    return _HEAD + "\n".join(sections)


def _key(key: str, rule: Mapping[str, Any]) -> str:
    facts = [f"Value: {_value(rule)}"]
    if "default" in rule:
        facts.append(f"Default: `{json.dumps(rule['default'])}`")
    if "examples" in rule:
        facts.append("Such as: " + _joined(f"`{key}: {_written(example)}`" for example in rule["examples"]))
    return f"### `{key}`\n\n{rule['description']}\n\n" + "".join(f"- {fact}\n" for fact in facts)


def _value(rule: Mapping[str, Any]) -> str:
    if "enum" in rule:
        return _joined(f"`{word}`" for word in rule["enum"])
    if "anyOf" in rule:
        return _joined(dict.fromkeys(_value(way) for way in rule["anyOf"]))
    return _TYPES[rule["type"]] + _bounds(rule)


def _bounds(rule: Mapping[str, Any]) -> str:
    least, most = rule.get("minimum"), rule.get("maximum")
    if least is None:
        return f" of at most {rule['maxLength']} characters" if "maxLength" in rule else ""
    return f" of at least {least}" if most is None or most > _UNBOUNDED else f", {least} to {most}"


def _written(example: object) -> str:
    """Return a value as YAML of one line."""
    text = yaml.safe_dump(example, default_flow_style=True, allow_unicode=True, width=10_000)
    return text.removesuffix("...\n").strip()


def _joined(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last
