"""From a mapping to a declaration: defaults, strict types, and a sentence for each mistake."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_scheduler.core.declaration import KEYS, declare, meant_key
from task_scheduler.core.errors import Problem, Severity
from task_scheduler.core.tasks import Jitter, Missed, OnHoliday, Overlap, StartMethod, TaskDeclaration

NAMED = {"title": "Report", "description": "Counts things"}


def fault_of(requirement: str) -> str | None:
    return f"{requirement!r} is refused" if requirement == "bad" else None


def fault_of_python(versions: str) -> str | None:
    return None if versions.startswith((">", "=")) else f"must not be {versions!r}"


def read(
    data: Mapping[str, object], lines: Mapping[str, int] | None = None, spelled: Mapping[str, str] | None = None
) -> tuple[TaskDeclaration | None, tuple[Problem, ...]]:
    return declare(
        data,
        path="tasks/report.py",
        lines=lines if lines is not None else {},
        default_title="report",
        requirement_fault=fault_of,
        python_fault=fault_of_python,
        spelled=spelled or {},
    )


def sentences(data: Mapping[str, object]) -> list[str]:
    declaration, problems = read({**NAMED, **data})
    assert declaration is None
    return [problem.message for problem in problems]


def test_silence_means_the_documented_defaults() -> None:
    declaration, problems = read(NAMED)

    assert problems == ()
    assert declaration == TaskDeclaration(
        title="Report",
        description="Counts things",
        dependencies=(),
        python_version="3.8",
        enabled=True,
        timeout=300,
        retry_count=0,
        retry_delay=60,
        schedule=(),
        timezone=None,
        preload=True,
        start_method=StartMethod.FORK,
        deadline=None,
        kill_grace=None,
        retry_backoff=1,
        retry_max_delay=86_400,
        retry_jitter=0,
        retry_on=(),
        overlap=Overlap.SKIP,
        jitter=None,
        missed=None,
        missed_window=None,
        starts=None,
        ends=None,
        calendar=None,
        on_holiday=OnHoliday.SKIP,
        memory_limit=None,
        cpu_limit=None,
        max_processes=None,
        output_limit=None,
        nice=None,
        user=None,
        umask=None,
        working_directory=None,
        env={},
    )


def test_every_key_is_read() -> None:
    declaration, problems = read(
        {
            "title": " Report ",
            "description": "Counts\nthings\n",
            "dependencies": ["requests>=2.25.0", " six "],
            "python_version": "3.11",
            "enabled": False,
            "timeout": 5,
            "retry_count": 2,
            "retry_delay": 0,
            "schedule": ["every 5 minutes", "0 9 * * 1-5"],
            "timezone": "Europe/Berlin",
            "preload": False,
            "start_method": "spawn",
            "arguments": ["--days", "7"],
            "deadline": 3_600,
            "kill_grace": 0,
            "retry_backoff": 2,
            "retry_max_delay": 900,
            "retry_jitter": 0.25,
            "retry_on": ["requests.exceptions.Timeout", "SIGSEGV", 75, "timed_out"],
            "overlap": "queue_one",
            "jitter": {"up_to": 60, "fresh": True},
            "missed": "all",
            "missed_window": "36 h",
            "starts": "2027-01-01",
            "ends": "2027-12-31 18:00",
            "calendar": "DE-BY",
            "on_holiday": "next_workday",
            "memory_limit": "512 MB",
            "cpu_limit": 60,
            "max_processes": 20,
            "output_limit": 1_000,
            "nice": -5,
            "user": "reports",
            "umask": "027",
            "working_directory": "data/reports",
            "env": {"STAGE": "test", "_EMPTY": ""},
        }
    )

    assert problems == ()
    assert declaration == TaskDeclaration(
        title="Report",
        description="Counts\nthings",
        dependencies=("requests>=2.25.0", "six"),
        python_version="3.11",
        enabled=False,
        timeout=5,
        retry_count=2,
        retry_delay=0,
        schedule=("every 5 minutes", "0 9 * * 1-5"),
        timezone="Europe/Berlin",
        preload=False,
        start_method=StartMethod.SPAWN,
        arguments=("--days", "7"),
        deadline=3_600,
        kill_grace=0,
        retry_backoff=2.0,
        retry_max_delay=900,
        retry_jitter=0.25,
        retry_on=("requests.exceptions.Timeout", "SIGSEGV", "75", "timed_out"),
        overlap=Overlap.QUEUE_ONE,
        jitter=Jitter(up_to=60, fresh=True),
        missed=Missed.ALL,
        missed_window=129_600,
        starts="2027-01-01",
        ends="2027-12-31 18:00",
        calendar="DE-BY",
        on_holiday=OnHoliday.NEXT_WORKDAY,
        memory_limit=512_000_000,
        cpu_limit=60,
        max_processes=20,
        output_limit=1_000,
        nice=-5,
        user="reports",
        umask=0o027,
        working_directory="data/reports",
        env={"STAGE": "test", "_EMPTY": ""},
    )


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({}, "title and description are missing: recommended, and 'report' stands in for the title"),
        ({"description": "Counts"}, "title is missing: recommended, and 'report' stands in for the title"),
        ({"title": "Report"}, "description is missing: recommended, to tell others what the task is for"),
    ],
)
def test_title_and_description_are_recommended_only(data: Mapping[str, object], sentence: str) -> None:
    declaration, problems = read(data, {"": 2})

    assert declaration is not None
    assert declaration.title == data.get("title", "report")
    assert [(str(problem), problem.severity) for problem in problems] == [
        (f"tasks/report.py:2: {sentence}", Severity.WARNING)
    ]


def test_nothing_is_recommended_where_nobody_wants_to_know() -> None:
    declaration, problems = declare(
        {},
        path="tasks/report.py",
        lines={},
        default_title="report",
        requirement_fault=fault_of,
        python_fault=fault_of_python,
        recommends=False,
    )

    assert (declaration, problems) == (TaskDeclaration(title="report"), ())


def test_a_single_schedule_may_be_plain_text() -> None:
    declaration, _ = read({**NAMED, "schedule": "daily at 10:30"})

    assert declaration is not None
    assert declaration.schedule == ("daily at 10:30",)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"titel": "x"}, "unknown key 'titel', did you mean 'title'?"),
        ({"retry-count": 1}, "unknown key 'retry-count', did you mean 'retry_count'?"),
        ({"colour": "x"}, "unknown key 'colour': remove it; docs/task-files.md lists the keys"),
        ({"title": 2024}, "title must be text, not the number 2024: put it in quotes"),
        ({"title": True}, "title must be text, not true: put it in quotes"),
        ({"title": ["a"]}, "title must be text, not a list"),
        ({"title": {"a": 1}}, "title must be text, not a mapping"),
        ({"title": None}, "title has no value: give it one, or remove the line"),
        ({"title": " "}, "title is empty: write a name, or remove the line"),
        ({"title": "a\nb"}, "title must be one line without control characters, not the text 'a\\nb'"),
        ({"title": "a" * 201}, "title must be at most 200 characters, not 201"),
        ({"description": 1.5}, "description must be text, not the number 1.5: put it in quotes"),
        ({"dependencies": "requests"}, "dependencies must be a list, not the text 'requests': write [\"requests\"]"),
        ({"dependencies": "a\nb"}, "dependencies must be a list, not the text 'a\\nb': write [\"requests>=2.25\"]"),
        ({"dependencies": {"a": "1"}}, 'dependencies must be a list, not a mapping: write ["requests>=2.25"]'),
        ({"dependencies": True}, 'dependencies must be a list, not true: write ["requests>=2.25"]'),
        ({"dependencies": None}, "dependencies has no value: give it one, or remove the line"),
        ({"dependencies": ["requests", None]}, "dependencies[1] has no value: give it one, or remove the line"),
        ({"dependencies": ["a", 5]}, "dependencies[1] must be text, not the number 5: put it in quotes"),
        ({"dependencies": ["bad"]}, "dependencies: 'bad' is refused"),
        ({"python_version": 3.1}, 'python_version must be text, not the number 3.1: put it in quotes, such as "3.11"'),
        ({"python_version": 3}, 'python_version must be text, not the number 3: put it in quotes, such as "3.11"'),
        ({"python_version": "2.7"}, "python_version must not be '2.7'"),
        ({"python_version": "3.11.2"}, "python_version must not be '3.11.2'"),
        ({"python_version": True}, "python_version must be text, not true: put it in quotes"),
        ({"arguments": ["a\0"]}, "arguments: the text 'a\\x00' holds a character that no command line can"),
        ({"enabled": "false"}, "enabled must be true or false, not the text 'false': write false without quotes"),
        ({"enabled": "yes"}, "enabled must be true or false, not the text 'yes': write true"),
        ({"enabled": "off"}, "enabled must be true or false, not the text 'off': write false"),
        ({"enabled": 1}, "enabled must be true or false, not the number 1: write true"),
        ({"enabled": 0}, "enabled must be true or false, not the number 0: write false"),
        ({"enabled": "maybe"}, "enabled must be true or false, not the text 'maybe'"),
        ({"timeout": True}, "timeout must be a whole number, not true: write digits, such as 300"),
        ({"timeout": "60"}, "timeout must be a whole number, not the text '60': write 60 without quotes"),
        ({"timeout": "0100"}, "timeout must be a whole number, not the text '0100': write digits, such as 300"),
        ({"timeout": "1:30"}, "timeout must be a whole number, not the text '1:30': write digits, such as 300"),
        (
            {"timeout": "10 minutes"},
            "timeout must be a whole number, not the text '10 minutes': write 600, in seconds",
        ),
        ({"timeout": "1h 30m"}, "timeout must be a whole number, not the text '1h 30m': write 5400, in seconds"),
        ({"timeout": "2 weeks"}, "timeout must be a whole number, not the text '2 weeks': write digits, such as 300"),
        ({"retry_delay": "90s"}, "retry_delay must be a whole number, not the text '90s': write 90, in seconds"),
        ({"retry_count": "3m"}, "retry_count must be a whole number, not the text '3m': write digits, such as 3"),
        ({"timeout": 60.0}, "timeout must be a whole number, not the number 60.0: write 60"),
        ({"timeout": 1.5}, "timeout must be a whole number, not the number 1.5: write digits, such as 300"),
        ({"timeout": [1]}, "timeout must be a whole number, not a list: write digits, such as 300"),
        ({"timeout": 0}, "timeout must be from 1 to 604,800 seconds (7 days), not 0"),
        ({"timeout": 604_801}, "timeout must be from 1 to 604,800 seconds (7 days), not 604801"),
        ({"retry_count": -1}, "retry_count must be from 0 to 100, not -1"),
        ({"retry_count": "x"}, "retry_count must be a whole number, not the text 'x': write digits, such as 3"),
        ({"retry_count": 101}, "retry_count must be from 0 to 100, not 101"),
        ({"retry_delay": 86_401}, "retry_delay must be from 0 to 86,400 seconds (1 day), not 86401"),
        ({"schedule": 5}, 'schedule must be text or a list of texts, not the number 5: write "every 5 minutes"'),
        ({"schedule": []}, "schedule is an empty list: write a schedule, or remove the line"),
        ({"schedule": [True]}, "schedule[0] must be text, not true: put it in quotes"),
        ({"title": "a\u2028b"}, "title must be one line without control characters, not the text 'a\\u2028b'"),
        ({"title": date(2024, 1, 2)}, "title must be text, not the date 2024-01-02: put it in quotes"),
        ({"timeout": time(1, 30)}, "timeout must be a whole number, not the time 01:30:00: write digits, such as 300"),
        ({"description": "a\x00b"}, "description holds the control character U+0000: remove it"),
        ({"preload": "no"}, "preload must be true or false, not the text 'no': write false"),
        (
            {"start_method": "Spwan"},
            "start_method must be fork or spawn, not the text 'Spwan', did you mean 'spawn'?",
        ),
        ({"start_method": "thread"}, "start_method must be fork or spawn, not the text 'thread'"),
        ({"start_method": True}, "start_method must be fork or spawn, not true"),
        ({"timezone": 1}, "timezone must be text, not the number 1: put it in quotes"),
        ({"timezone": "Europe/Berlim"}, "timezone: no time zone 'Europe/Berlim', did you mean 'Europe/Berlin'?"),
    ],
)
def test_a_mistake_is_named_with_its_value_and_the_way_out(data: Mapping[str, object], sentence: str) -> None:
    assert sentences(data) == [sentence]


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("Timeout", "timeout"),
        ("TIME_OUT", "timeout"),
        ("retry-count", "retry_count"),
        ("Retry Count", "retry_count"),
        ("start-method", "start_method"),
        ("deps", "dependencies"),
        ("requirements", "dependencies"),
        ("interval", "schedule"),
        ("every", "schedule"),
        ("cron", "schedule"),
        ("name", "title"),
        ("python", "python_version"),
        ("requires-python", "python_version"),
        ("tz", "timezone"),
        ("retries", "retry_count"),
        ("pre-load", "preload"),
        ("backoff", "retry_backoff"),
        ("splay", "jitter"),
        ("catchup", "missed"),
        ("misfire_grace_time", "missed_window"),
        ("start_date", "starts"),
        ("until", "ends"),
        ("country", "calendar"),
        ("max_delay", "retry_max_delay"),
        ("memory", "memory_limit"),
        ("mem-limit", "memory_limit"),
        ("max_memory", "memory_limit"),
        ("environment", "env"),
        ("env_vars", "env"),
        ("cwd", "working_directory"),
        ("workdir", "working_directory"),
        ("working_dir", "working_directory"),
        ("niceness", "nice"),
        ("concurrency", "overlap"),
        ("on_overlap", "overlap"),
        ("max_runtime", "timeout"),
        ("run_as", "user"),
        ("nproc", "max_processes"),
    ],
)
def test_a_key_by_another_name_is_recognised(wrong: str, meant: str) -> None:
    assert sentences({wrong: 1}) == [f"unknown key {wrong!r}, did you mean {meant!r}?"]


def test_a_letter_that_only_looks_right_is_named() -> None:
    assert sentences({"t\u0456tle": "x"}) == [
        "unknown key 't\u0456tle' ('\u0456' is the character U+0456), did you mean 'title'?"
    ]


def test_a_lowest_python_is_the_same_however_it_is_written() -> None:
    versions = [read({**NAMED, "python_version": text})[0] for text in ("3.11", ">=3.11", " >= 3.11 ")]

    assert [declaration and declaration.python_version for declaration in versions] == ["3.11"] * 3


def test_a_range_of_python_versions_is_kept_without_its_spaces() -> None:
    declaration, _ = read({**NAMED, "python_version": ">=3.9, <3.13"})

    assert declaration is not None
    assert declaration.python_version == ">=3.9,<3.13"


def test_a_key_is_named_as_the_file_spells_it() -> None:
    _, problems = read({**NAMED, "python_version": 3.11}, spelled={"python_version": "requires-python"})

    assert problems[0].message.startswith("requires-python must be text, not the number 3.11")


def test_an_impossible_schedule_is_named() -> None:
    (sentence,) = sentences({"schedule": ["daily", "every 0 minutes"]})

    assert sentence.startswith("schedule: ")
    assert "every 0 minutes" in sentence


def test_all_problems_come_at_once_in_the_order_of_their_lines() -> None:
    lines = {"": 2, "timeout": 5, "enabled": 3, "dependencies": 6, "dependencies[1]": 8}

    declaration, problems = read(
        {**NAMED, "timeout": 0, "enabled": "no", "dependencies": ["a", "bad"]}, {**lines, "title": 9}
    )

    assert declaration is None
    assert [problem.line for problem in problems] == [3, 5, 8]


def test_an_item_without_a_line_of_its_own_has_that_of_its_list() -> None:
    _, problems = read({**NAMED, "dependencies": ["bad"]}, {"dependencies": 7})

    assert problems[0].line == 7


def test_a_key_whose_value_was_lost_to_another_fault_is_not_called_missing() -> None:
    _, problems = read({}, {"title": 3, "description": 4})

    assert problems == ()


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(KEYS) | st.text(), VALUES, max_size=6))
def test_any_mapping_gives_a_declaration_or_an_error(data: dict[str, object]) -> None:
    declaration, problems = read(data)

    assert (declaration is None) == any(problem.severity is Severity.ERROR for problem in problems)
    assert all("\n" not in problem.message for problem in problems)


@pytest.mark.parametrize("wrong", ["holiday", "Holidays"])
def test_a_key_about_holidays_may_mean_either_of_two(wrong: str) -> None:
    told = meant_key(wrong)

    assert "did you mean 'calendar'?" in told
    assert "'on_holiday'" in told
