"""Declarations generated, and written in each dialect by hand-made rules: not by the code under test."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

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
        "deadline": st.integers(1, 2_592_000),
        "kill_grace": st.integers(0, 86_400),
        "retry_backoff": st.integers(1, 10) | st.integers(100, 1_000).map(lambda number: number / 100),
        "retry_max_delay": st.integers(86_400, 604_800),
        "retry_jitter": st.sampled_from([0, 1, 0.5, 0.0001]),
        "retry_on": st.lists(
            st.sampled_from(["TimeoutError", "requests.exceptions.Timeout", "SIGSEGV", "timed_out", 1, 75, 255]),
            min_size=1,
            max_size=4,
            unique=True,
        ),
        "overlap": st.sampled_from(["skip", "queue", "queue_one", "parallel", "replace"]),
        "memory_limit": st.sampled_from(["512 MB", "1.5 GiB", 16_000_000]),
        "cpu_limit": st.integers(1, 2_592_000),
        "max_processes": st.integers(1, 100_000),
        "output_limit": st.sampled_from(["1 kB", "20 MB", 1_000]),
        "nice": st.integers(-20, 19),
        "user": st.sampled_from(["reports", "www-data", "_x.y"]),
        "umask": st.sampled_from(["022", "0077", "000"]),
        "working_directory": st.sampled_from(["data/reports", "/var/tmp", ".", "a b"]),
        "env": st.dictionaries(
            st.sampled_from(["STAGE", "_x", "NO", "null", "HTTP_PROXY"]), LINES | TEXTS | st.just(""), max_size=3
        ),
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
    return "".join(f"{key}:{_yaml_value(value)}\n" for key, value in values.items())


def _yaml_value(value: object) -> str:
    """Return a value as it stands after its colon; every other mapping has lines of its own."""
    if isinstance(value, dict) and len(value) % 2:
        return "".join(f"\n  {name}: {_quoted(text)}" for name, text in value.items())
    return f" {_quoted(value)}"


def _toml(values: Values) -> str:
    """Return the keys of the PEP above the table, whatever their order among the values."""
    lines = []
    if "dependencies" in values:
        lines.append(f"dependencies = {_quoted(values['dependencies'])}\n")
    if "python_version" in values:
        version = str(values["python_version"])
        lines.append(f'requires-python = "{version if version[0] in "<>=" else ">=" + version}"\n')
    lines.append("[tool.task-scheduler]\n")
    variables = values.get("env")
    for key, value in values.items():
        if key not in {"dependencies", "python_version", "env"}:
            lines.append(f"{key} = {_quoted(value)}\n")
        elif key == "env":
            lines += _inside_the_table(variables)
    return "".join([*lines, *_below_the_table(variables)])


def _inside_the_table(variables: object) -> Iterator[str]:
    """Yield one variable by a dotted key, two as a table within its line; more have a table of their own."""
    assert isinstance(variables, dict)
    if len(variables) == 1:
        yield from (f"env.{name} = {_quoted(text)}\n" for name, text in variables.items())
    elif len(variables) == 2:
        yield "env = {" + ", ".join(f"{name} = {_quoted(text)}" for name, text in variables.items()) + "}\n"


def _below_the_table(variables: object) -> Iterator[str]:
    if isinstance(variables, dict) and len(variables) not in {1, 2}:
        yield "[tool.task-scheduler.env]\n"
        yield from (f"{name} = {_quoted(text)}\n" for name, text in variables.items())


def _quoted(value: object) -> str:
    """Return a value as JSON, which YAML and TOML both read, but for characters beyond U+FFFF."""
    return json.dumps(value, ensure_ascii=False)
