"""Declarations generated, and written in each dialect by hand-made rules: not by the code under test."""

from __future__ import annotations

import json
from collections.abc import Mapping

from hypothesis import strategies as st

from task_scheduler.watcher.frontmatter import Dialect

Values = Mapping[str, object]

_TEXT = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Cn", "Zl", "Zp"), exclude_characters="\ufeff"),
    min_size=1,
    max_size=40,
).filter(str.strip)
_SPECIAL = st.sampled_from(
    [
        '"',
        "'",
        '"""',
        "'''",
        "\\",
        "\\n",
        "# no comment",
        ": ",
        "---",
        "///",
        "# ///",
        "# /// script",
        "é",
        "🙂",
        "{x}",
        "%s",
    ]
)
LINES = st.lists(_TEXT | _SPECIAL, min_size=1, max_size=4).map(" ".join).filter(str.strip)
TEXTS = st.lists(LINES | st.just(""), min_size=1, max_size=4).map("\n".join)

DECLARATIONS: st.SearchStrategy[Values] = st.fixed_dictionaries(
    {},
    optional={
        "title": LINES.map(lambda text: text[:100]).filter(str.strip),
        "description": TEXTS,
        "dependencies": st.lists(
            st.sampled_from(["requests>=2.25", "six", 'tomli; python_version < "3.11"', "a[b]~=1.0"]), max_size=3
        ),
        "python_version": st.sampled_from(["3.8", "3.11", ">=3.9,<3.13", "==3.12.*", ">=3.10"]),
        "enabled": st.booleans(),
        "timeout": st.integers(1, 604_800),
        "retry_count": st.integers(0, 100),
        "retry_delay": st.integers(0, 86_400),
        "schedule": st.sampled_from(
            ["every 5 minutes", "0 9 * * 1-5", "daily at 10:30", ["*/5 * * * *"], ["every hour", "@daily"]]
        ),
        "timezone": st.sampled_from(["UTC", "Europe/Berlin"]),
        "arguments": st.lists(LINES, max_size=3),
        "preload": st.booleans(),
        "start_method": st.sampled_from(["fork", "spawn"]),
    },
)


def in_dialect(values: Values, dialect: Dialect, code: str = "") -> str:
    """Return a file that declares some values."""
    match dialect:
        case Dialect.DOCSTRING:
            escaped = _yaml(values).replace("\\", "\\\\").replace('"', '\\"')
            return f'"""\n---\n{escaped}---\n"""\n{code}'
        case Dialect.BARE:
            return f"---\n{_yaml(values)}---\n{code}"
        case Dialect.PEP723:
            commented = "".join(f"# {line}\n" if line else "#\n" for line in _toml(values).split("\n")[:-1])
            return f"# /// script\n{commented or '#' + chr(10)}# ///\n{code}"


def _yaml(values: Values) -> str:
    return "".join(f"{key}: {_quoted(value)}\n" for key, value in values.items())


def _toml(values: Values) -> str:
    """Return the keys of the PEP above the table, whatever their order among the values."""
    lines = []
    if "dependencies" in values:
        lines.append(f"dependencies = {_quoted(values['dependencies'])}\n")
    if "python_version" in values:
        version = str(values["python_version"])
        lines.append(f'requires-python = "{version if version[0] in "<>=" else ">=" + version}"\n')
    lines.append("[tool.task-scheduler]\n")
    lines += [
        f"{key} = {_quoted(value)}\n" for key, value in values.items() if key not in {"dependencies", "python_version"}
    ]
    return "".join(lines)


def _quoted(value: object) -> str:
    """Return a value as JSON, which YAML and TOML both read, but for characters beyond U+FFFF."""
    return json.dumps(value, ensure_ascii=False)
