"""The schema for editors says what the rules in force say, as far as a schema can."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from task_scheduler.core.declaration import DEFAULTS, KEYS, declare
from task_scheduler.core.declaration.declaring import LONGEST_TITLE
from task_scheduler.core.schema import frontmatter_schema
from task_scheduler.watcher.python_versions import python_fault
from task_scheduler.watcher.requirements import requirement_fault

VALIDATOR = Draft202012Validator(frontmatter_schema())

#: Keys whose texts a schema cannot judge: it may accept what the rules refuse, never the other way round.
JUDGED_BY_CHECK = frozenset(
    {
        "dependencies",
        "python_version",
        "schedule",
        "timezone",
        "retry_on",
        "working_directory",
        "starts",
        "ends",
        "calendar",
    }
)
#: Keys whose sizes a schema cannot compare, since they are texts.
SIZES = frozenset({"memory_limit", "output_limit", "missed_window"})
#: Keys whose default comes from elsewhere, or cannot be written out.
NO_DEFAULT = frozenset({"title", "schedule", "retry_on"})

GOOD = {
    "title": st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=LONGEST_TITLE),
    "description": st.sampled_from(["", "two\nlines", "\ttab"]),
    "dependencies": st.lists(st.sampled_from(["requests", "pandas>=2,<3", "a[b]; python_version>'3'"]), max_size=3),
    "python_version": st.sampled_from(["3.8", "3.11", ">=3.9,<3.13", "==3.12.*"]),
    "enabled": st.booleans(),
    "timeout": st.integers(1, 604_800),
    "retry_count": st.integers(0, 100),
    "retry_delay": st.integers(0, 86_400),
    "schedule": st.sampled_from(["every 5 minutes", "0 9 * * 1-5", ["hourly", "daily at 10:30"]]),
    "timezone": st.sampled_from(["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires"]),
    "arguments": st.lists(st.sampled_from(["--days", "7", "", "two words"]), max_size=3),
    "preload": st.booleans(),
    "start_method": st.sampled_from(["fork", "spawn"]),
    "deadline": st.integers(1, 2_592_000),
    "kill_grace": st.integers(0, 86_400),
    "retry_backoff": st.floats(1, 10) | st.integers(1, 10),
    "retry_max_delay": st.integers(86_400, 604_800),
    "retry_jitter": st.floats(0, 1) | st.integers(0, 1),
    "retry_on": st.lists(
        st.sampled_from(["TimeoutError", "a.B", "SIGKILL", "timed_out", 1, 255]), min_size=1, unique=True
    ),
    "overlap": st.sampled_from(["skip", "queue", "queue_one", "parallel", "replace"]),
    "jitter": st.integers(0, 86_400)
    | st.fixed_dictionaries({"up_to": st.integers(0, 86_400)}, optional={"fresh": st.booleans()}),
    "missed": st.sampled_from(["once", "skip", "all"]),
    "missed_window": st.sampled_from([0, 3_600, "36 h", "90 minutes", "2 weeks"]),
    "starts": st.sampled_from(["2027-01-01", "2027-01-01 9:00"]),
    "ends": st.sampled_from(["2028-02-29", "2028-02-29T09:00:30"]),
    "calendar": st.sampled_from(["DE", "DE-BY", "config/holidays.ics", "days.txt"]),
    "on_holiday": st.sampled_from(["skip", "next_workday", "previous_workday"]),
    "memory_limit": st.sampled_from(["512 MB", "1.5GiB", 16_000_000, " 20 mb "]),
    "cpu_limit": st.integers(1, 2_592_000),
    "max_processes": st.integers(1, 100_000),
    "output_limit": st.sampled_from(["1 kB", 1_000]),
    "nice": st.integers(-20, 19),
    "user": st.sampled_from(["reports", "www-data", "a" * 32]),
    "umask": st.sampled_from(["027", "0777"]),
    "working_directory": st.sampled_from(["data", "/tmp", "a/../b", "a~"]),
    "env": st.dictionaries(st.sampled_from(["A", "_b1", "PATH", "TASK"]), st.sampled_from(["", "x\ny", "é"])),
}
#: Whole numbers as floats are one thing to a schema and two to the rules.
ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1, 700_000),
    st.floats(allow_nan=False, allow_infinity=False).filter(lambda number: not number.is_integer()),
    st.sampled_from(
        [
            "",
            " ",
            "yes",
            "60",
            "fork",
            "forkserver",
            "3.11",
            "x\n",
            "a\x00b",
            "x" * 201,
            "-r file",
            "UTC",
            "027",
            "77",
            "0999",
            "~/x",
            "../x",
            "www-data",
            "1 kB",
            "2 XB",
            "skip",
            "a\n",
        ]
    ),
    st.text(max_size=5),
    st.lists(st.one_of(st.none(), st.integers(), st.sampled_from(["", "hourly", "requests"])), max_size=2),
    st.dictionaries(
        st.text(max_size=3) | st.sampled_from(["A", "A\n", "TASK_SCHEDULER_X", "a-b"]),
        st.integers() | st.none() | st.sampled_from(["x", "a\x00b"]),
        max_size=2,
    ),
)


def accepts(data: Mapping[str, object]) -> bool:
    declaration, _ = declare(
        data,
        path="tasks/x.py",
        lines={},
        default_title="x",
        requirement_fault=requirement_fault,
        python_fault=python_fault,
    )
    return declaration is not None


def test_it_is_a_schema_with_every_key_in_order_and_no_other() -> None:
    schema = frontmatter_schema()

    Draft202012Validator.check_schema(schema)
    properties = json.loads(json.dumps(schema))["properties"]
    assert tuple(properties) == KEYS
    assert schema["additionalProperties"] is False
    assert all(rule["description"].endswith(".") for rule in properties.values())


@pytest.mark.parametrize(
    "key",
    [key for key in KEYS if key not in NO_DEFAULT and getattr(DEFAULTS, key) is not None],
)
def test_it_tells_the_defaults_in_force(key: str) -> None:
    rule = json.loads(json.dumps(frontmatter_schema()))["properties"][key]

    told = tuple(rule["default"]) if isinstance(rule["default"], list) else rule["default"]

    assert told == getattr(DEFAULTS, key)


@given(st.fixed_dictionaries({}, optional=GOOD))
def test_it_accepts_every_good_frontmatter(data: dict[str, object]) -> None:
    assert accepts(data)
    assert VALIDATOR.is_valid(data), [error.message for error in VALIDATOR.iter_errors(data)]


@given(st.sampled_from(KEYS), ANYTHING)
@example("title", "x\n")
@example("title", "x" * 201)
@example("timeout", True)  # noqa: FBT003 - a value of the wrong type
@example("timeout", 0)
@example("timeout", 604_801)
@example("retry_count", -1)
@example("retry_count", 101)
@example("retry_delay", -1)
@example("retry_delay", 86_401)
@example("deadline", 2_592_001)
@example("kill_grace", -1)
@example("retry_backoff", 10.5)
@example("retry_backoff", True)  # noqa: FBT003
@example("retry_jitter", 1.5)
@example("retry_max_delay", 604_801)
@example("retry_on", [])
@example("retry_on", [256])
@example("memory_limit", 15_999_999)
@example("memory_limit", 10**15 + 1)
@example("output_limit", 999)
@example("nice", -21)
@example("nice", 20)
@example("user", "a" * 33)
@example("user", "")
@example("max_processes", 0)
@example("cpu_limit", 2_592_001)
@example("working_directory", "x" * 4_001)
@example("jitter", {"up_to": 5, "fresch": True})
@example("jitter", {"up_to": 86_401})
@example("jitter", {"up_to": 5, "fresh": 1})
@example("jitter", {})
@example("jitter", -1)
@example("missed", "never")
@example("missed_window", -1)
@example("missed_window", 31_622_401)
@example("starts", "2027-02-30")
@example("starts", "2027-01-01T00:00:00Z")
@example("calendar", "../days.txt")
@example("calendar", "de")
@example("env", {"A": None})
@example("env", [])
@example("schedule", [])
@example("python_version", "\x1f")
@example("python_version", ",")
def test_it_judges_each_value_as_the_rules_do(key: str, value: object) -> None:
    # The longest delay is judged beside the usual one, which a schema cannot.
    beside: dict[str, object] = {"retry_delay": 0} if key == "retry_max_delay" else {}
    by_rules, by_schema = accepts({key: value, **beside}), VALIDATOR.is_valid({key: value})

    if (key in JUDGED_BY_CHECK and isinstance(value, str | list)) or (key in SIZES and isinstance(value, str)):
        assert by_schema or not by_rules
    else:
        assert by_schema == by_rules


@given(st.text(max_size=12).filter(lambda key: key not in KEYS))
def test_it_refuses_every_other_key(key: str) -> None:
    assert not accepts({key: 1})
    assert not VALIDATOR.is_valid({key: 1})


def test_every_example_is_accepted_by_the_rules() -> None:
    for key, rule in json.loads(json.dumps(frontmatter_schema()))["properties"].items():
        for each in rule.get("examples", []):
            assert accepts({key: each})
