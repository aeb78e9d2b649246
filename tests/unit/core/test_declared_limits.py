"""Limits, retries and surroundings: the sentence for each mistake, and what does not go together."""

from __future__ import annotations

import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_scheduler.core.declaration import declare
from task_scheduler.core.errors import Problem, Severity
from task_scheduler.core.policies import RETRY_WORDS
from task_scheduler.core.tasks import Overlap, TaskDeclaration

WORDS = "timed_out, interrupted, memory_limit, cpu_limit, max_processes"


def read(
    data: dict[str, object], lines: dict[str, int] | None = None, assigns: str = ": "
) -> tuple[TaskDeclaration | None, tuple[Problem, ...]]:
    return declare(
        {"title": "Report", "description": "Counts", **data},
        path="tasks/report.py",
        lines=lines or {},
        default_title="report",
        requirement_fault=lambda _: None,
        python_fault=lambda _: None,
        assigns=assigns,
    )


def good(data: dict[str, object]) -> TaskDeclaration:
    declaration, problems = read(data)
    assert problems == ()
    assert declaration is not None
    return declaration


def sentences(data: dict[str, object], severity: Severity = Severity.ERROR) -> list[str]:
    declaration, problems = read(data)
    assert (declaration is None) == (severity is Severity.ERROR)
    assert all(problem.severity is severity for problem in problems)
    return [problem.message for problem in problems]


@pytest.mark.parametrize(
    ("size", "meant"),
    [
        ("512 MB", 512_000_000),
        ("512MB", 512_000_000),
        (" 16 mb ", 16_000_000),
        ("1.5 GiB", 1_610_612_736),
        (16_000_000, 16_000_000),
        ("1000 TB", 10**15),
    ],
)
def test_a_size_is_a_text_with_a_unit_or_bytes(size: object, meant: int) -> None:
    assert good({"memory_limit": size}).memory_limit == meant


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (
            {"memory_limit": 512},
            'memory_limit must be at least 16 MB, not the number 512, which is bytes: write "512 MB"',
        ),
        ({"memory_limit": 15_999_999}, "memory_limit must be at least 16 MB, not the number 15999999"),
        ({"memory_limit": 0}, "memory_limit must be at least 16 MB, not the number 0"),
        ({"memory_limit": -512}, "memory_limit must be at least 16 MB, not the number -512"),
        ({"memory_limit": "15 MB"}, "memory_limit must be at least 16 MB, not the text '15 MB'"),
        ({"memory_limit": "512"}, 'memory_limit must be a size such as "512 MB", not the text \'512\': write "512 MB"'),
        (
            {"memory_limit": "512M"},
            (
                "memory_limit must be a size such as \"512 MB\", not the text '512M': "
                'write "512 MB" (of 1000) or "512 MiB" (of 1024)'
            ),
        ),
        (
            {"memory_limit": "64ki"},
            (
                "memory_limit must be a size such as \"512 MB\", not the text '64ki': "
                'write "64 kB" (of 1000) or "64 KiB" (of 1024)'
            ),
        ),
        ({"memory_limit": "half"}, "memory_limit must be a size such as \"512 MB\", not the text 'half'"),
        ({"memory_limit": "5 XB"}, "memory_limit must be a size such as \"512 MB\", not the text '5 XB'"),
        ({"memory_limit": True}, 'memory_limit must be a size such as "512 MB", not true'),
        ({"memory_limit": 1.5}, 'memory_limit must be a size such as "512 MB", not the number 1.5'),
        ({"memory_limit": ["1 GB"]}, 'memory_limit must be a size such as "512 MB", not a list'),
        ({"memory_limit": "1001 TB"}, "memory_limit must be at most 1000 TB, not the text '1001 TB'"),
        ({"memory_limit": None}, "memory_limit has no value: give it one, or remove the line"),
        (
            {"output_limit": 20},
            'output_limit must be at least 1 kB, not the number 20, which is bytes: write "20 MB"',
        ),
        ({"output_limit": "10"}, 'output_limit must be a size such as "10 MB", not the text \'10\': write "10 MB"'),
        ({"deadline": 0}, "deadline must be from 1 to 2,592,000 seconds (30 days), not 0"),
        ({"deadline": "2h"}, "deadline must be a whole number, not the text '2h': write 7200, in seconds"),
        ({"deadline": "x"}, "deadline must be a whole number, not the text 'x': write digits, such as 3600"),
        ({"kill_grace": -1}, "kill_grace must be from 0 to 86,400 seconds (1 day), not -1"),
        ({"cpu_limit": "1 min"}, "cpu_limit must be a whole number, not the text '1 min': write 60, in seconds"),
        ({"max_processes": 0}, "max_processes must be from 1 to 100,000, not 0"),
        ({"nice": 20}, "nice must be from -20 to 19, not 20"),
        ({"nice": "10"}, "nice must be a whole number, not the text '10': write 10 without quotes"),
    ],
)
def test_a_mistake_in_a_limit_is_named_with_its_value_and_the_way_out(data: dict[str, object], sentence: str) -> None:
    assert sentences(data) == [sentence]


@pytest.mark.parametrize(
    ("item", "sentence"),
    [
        (0, "exit code 0 is success, which is never retried: remove it"),
        (256, "an exit code is from 1 to 255, not 256"),
        (-9, "an exit code is from 1 to 255, not -9: a signal is named, write SIGKILL"),
        (-500, "an exit code is from 1 to 255, not -500"),
        (True, "true is no exception's name, exit code, signal or word"),
        (1.0, "the number 1.0 is no exception's name, exit code, signal or word: write 1"),
        (1.5, "the number 1.5 is no exception's name, exit code, signal or word"),
        (None, "nothing is no exception's name, exit code, signal or word"),
        (["a"], "a list is no exception's name, exit code, signal or word"),
        ("75", "'75' is an exit code in quotes: write 75 without them"),
        ("SIGSEVG", "no signal 'SIGSEVG', did you mean 'SIGSEGV'?"),
        ("sigkill", "no signal 'sigkill', did you mean 'SIGKILL'?"),
        ("SIG12345", "no signal 'SIG12345': signals are named as in SIGKILL or SIGSEGV"),
        ("timeout", f"'timeout' is no exception's name and none of {WORDS}, did you mean 'timed_out'?"),
        ("Timed-out", f"'Timed-out' is no exception's name and none of {WORDS}, did you mean 'timed_out'?"),
        ("memory", f"'memory' is no exception's name and none of {WORDS}, did you mean 'memory_limit'?"),
        ("interupted", f"'interupted' is no exception's name and none of {WORDS}, did you mean 'interrupted'?"),
        (
            "a problem",
            (
                f"'a problem' is no exception's name and none of {WORDS}: "
                "an exception is written as in TimeoutError or requests.exceptions.Timeout"
            ),
        ),
        ("failed", "'failed' needs no retry_on: without the line, every failure is retried"),
    ],
)
def test_each_thing_that_cannot_be_retried_on_is_named(item: object, sentence: str) -> None:
    assert sentences({"retry_count": 1, "retry_on": [item]}) == [f"retry_on: {sentence}"]


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ([], "retry_on is an empty list: name what is retried, or remove the line to retry every failure"),
        ("TimeoutError", "retry_on must be a list, not the text 'TimeoutError': write [\"TimeoutError\"]"),
        ("A, B", 'retry_on must be a list, not the text \'A, B\': write ["A", "B"]'),
        (75, 'retry_on must be a list, not the number 75: write ["TimeoutError", 75, "timed_out"]'),
        ([75, "A", 75], "retry_on: 75 stands there twice: keep one of them"),
        ([75, "75"], "retry_on: '75' is an exit code in quotes: write 75 without them"),
    ],
)
def test_what_is_retried_is_a_list_of_different_things(value: object, sentence: str) -> None:
    assert sentences({"retry_count": 1, "retry_on": value}) == [sentence]


@pytest.mark.parametrize("name", ["TimeoutError", "struct.error", "_Odd", "requests.exceptions.Timeout", "Überlauf"])
def test_an_exception_is_named_with_or_without_its_module(name: str) -> None:
    assert good({"retry_count": 1, "retry_on": [name]}).retry_on == (name,)


def test_every_word_signal_and_exit_code_is_accepted() -> None:
    items = [*RETRY_WORDS, *(each.name for each in signal.Signals), *range(1, 256)]

    assert good({"retry_count": 1, "retry_on": items}).retry_on == tuple(map(str, items))


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"retry_backoff": "2"}, "retry_backoff must be a number, not the text '2': write 2 without quotes"),
        ({"retry_backoff": "1.5"}, "retry_backoff must be a number, not the text '1.5': write 1.5 without quotes"),
        (
            {"retry_backoff": "twice"},
            "retry_backoff must be a number, not the text 'twice': write digits, such as 2 or 1.5",
        ),
        ({"retry_backoff": True}, "retry_backoff must be a number, not true: write digits, such as 2 or 1.5"),
        ({"retry_backoff": 0.5}, "retry_backoff must be from 1 to 10, not 0.5"),
        ({"retry_backoff": float("nan")}, "retry_backoff must be from 1 to 10, not nan"),
        ({"retry_backoff": float("inf")}, "retry_backoff must be from 1 to 10, not inf"),
        ({"retry_jitter": 20}, "retry_jitter must be from 0 to 1, not 20"),
        ({"retry_jitter": [1]}, "retry_jitter must be a number, not a list: write digits, such as 0.2"),
        ({"retry_max_delay": 30}, "retry_max_delay must be at least retry_delay, which is 60, not 30"),
        ({"retry_max_delay": 604_801}, "retry_max_delay must be from 0 to 604,800 seconds (7 days), not 604801"),
    ],
)
def test_a_mistake_in_a_delay_is_named(data: dict[str, object], sentence: str) -> None:
    assert sentences({"retry_count": 1, **data}) == [sentence]


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("allow", "parallel"),
        ("forbid", "skip"),
        ("buffer_one", "queue_one"),
        ("Queue One", "queue_one"),
        ("buffer-all", "queue"),
        ("terminate_other", "replace"),
        ("paralel", "parallel"),
        ("SKIP", "skip"),
    ],
)
def test_a_way_to_treat_overlaps_is_recognised_by_other_words(word: str, meant: str) -> None:
    assert sentences({"overlap": word}) == [
        f"overlap must be skip, queue, queue_one, parallel or replace, not the text {word!r}, did you mean {meant!r}?"
    ]


@pytest.mark.parametrize(
    ("value", "rest"),
    [
        (True, "true, did you mean 'parallel'?"),
        (False, "false, did you mean 'skip'?"),
        (2, "the number 2"),
        ("of course", "the text 'of course'"),
    ],
)
def test_an_overlap_that_is_none_is_named(value: object, rest: str) -> None:
    assert sentences({"overlap": value}) == [f"overlap must be skip, queue, queue_one, parallel or replace, not {rest}"]


@pytest.mark.parametrize("way", Overlap)
def test_each_way_to_treat_overlaps_is_read(way: Overlap) -> None:
    assert good({"overlap": way.value}).overlap is way


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"user": 1000}, "user must be a user's name, not the number 1000: `id -un 1000` tells the name"),
        ({"user": True}, 'user must be text, not true: put it in quotes, such as "reports"'),
        ({"user": " "}, "user is empty: write a user's name, or remove the line"),
        ({"user": "a" * 33}, "user must be at most 32 characters, not 33"),
        (
            {"user": "9 lives"},
            (
                "user must be a user's name of letters, digits, '_', '-' and '.', which begins with no digit, "
                "not the text '9 lives'"
            ),
        ),
        ({"umask": 27}, 'umask must be text, not the number 27: put it in quotes, such as "027"'),
        ({"umask": "27"}, "umask must be three octal digits, such as \"027\", not the text '27'"),
        ({"umask": "089"}, "umask must be three octal digits, such as \"027\", not the text '089'"),
        ({"umask": "7027"}, "umask must be three octal digits, such as \"027\", not the text '7027'"),
        (
            {"working_directory": ""},
            "working_directory is empty: write a path, or remove the line to have the project folder",
        ),
        (
            {"working_directory": "~/data"},
            "working_directory: ~ is not expanded in the text '~/data': write the whole path, or one inside the project",
        ),
        (
            {"working_directory": "data/../../x"},
            "working_directory: the text 'data/../../x' leads out of the project folder: write an absolute path",
        ),
        ({"working_directory": "a\0b"}, "working_directory: the text 'a\\x00b' holds a character that no path can"),
        ({"working_directory": "x" * 4_001}, "working_directory must be at most 4,000 characters, not 4,001"),
        ({"working_directory": 1}, "working_directory must be text, not the number 1: put it in quotes"),
        ({"env": ["A=1"]}, 'env must be names with their texts, not a list: write {A: "1"}'),
        ({"env": "A=1"}, "env must be names with their texts, not the text 'A=1': write {A: \"1\"}"),
        ({"env": 'A="1"'}, 'env must be names with their texts, not the text \'A="1"\': write {A: "…"}'),
        ({"env": True}, 'env must be names with their texts, not true: write {STAGE: "test"}'),
        ({"env": {"A": 5432}}, "env.A must be text, not the number 5432: put it in quotes"),
        ({"env": {"A": True}}, "env.A must be text, not true: put it in quotes"),
        ({"env": {"A": ["x"]}}, "env.A must be text, not a list"),
        ({"env": {"A": None}}, 'env.A has no value: give it one, "" for an empty text, or remove the line'),
        ({"env": {"A": "x\0"}}, "env.A: the text 'x\\x00' holds a character that no variable can"),
        (
            {"env": {"A-B": "x"}},
            "env: a variable's name is letters, digits and '_' and begins with no digit, not 'A-B'",
        ),
        ({"env": {"": "x"}}, "env: a variable's name is letters, digits and '_' and begins with no digit, not ''"),
        (
            {"env": {"TASK_SCHEDULER_RUN": "1"}},
            "env: names that begin with TASK_SCHEDULER are the scheduler's own: rename 'TASK_SCHEDULER_RUN'",
        ),
    ],
)
def test_a_mistake_in_the_surroundings_is_named(data: dict[str, object], sentence: str) -> None:
    assert sentences(data) == [sentence]


def test_variables_are_shown_as_the_dialect_writes_them() -> None:
    _, problems = read({"env": ["STAGE=live"]}, assigns=" = ")

    assert problems[0].message.endswith('write {STAGE = "live"}')


def test_a_variable_has_a_line_of_its_own() -> None:
    _, problems = read({"env": {"A": "x", "B": 1, "C": 2}}, {"env": 4, "env.A": 5, "env.B": 6})

    assert [problem.line for problem in problems] == [4, 6]


@pytest.mark.parametrize("path", ["data", ".", "/", "/var/tmp/..", "a/../b", "with blank", "./x/"])
def test_a_folder_inside_the_project_or_an_absolute_one_will_do(path: str) -> None:
    assert good({"working_directory": path}).working_directory == path


@pytest.mark.parametrize(
    ("data", "warnings"),
    [
        (
            {"retry_delay": 5},
            ["retry_delay has no effect, since retry_count is 0: give it the number of further attempts"],
        ),
        (
            {"retry_on": ["A"], "retry_jitter": 0.5, "retry_backoff": 2},
            [
                (
                    "retry_backoff, retry_jitter and retry_on have no effect, since retry_count is 0: "
                    "give it the number of further attempts"
                )
            ],
        ),
        ({"retry_delay": 60, "retry_count": 0}, []),
        ({"deadline": 60}, []),
        (
            {"deadline": 60, "timeout": 90},
            ["deadline is 60 and timeout 90: the deadline ends every attempt first"],
        ),
        ({"deadline": 90, "timeout": 90}, []),
        (
            {"deadline": 90, "retry_count": 1, "retry_delay": 90},
            ["deadline is 90 and retry_delay 90: no retry can begin before the deadline"],
        ),
        ({"deadline": 91, "retry_count": 1, "retry_delay": 90}, []),
        (
            {"umask": "750"},
            [
                (
                    "umask 750 takes permissions from the owner, too: it names what new files may not have, "
                    "such as 022 or 077"
                )
            ],
        ),
        ({"umask": "177"}, []),
    ],
)
def test_what_is_allowed_and_hardly_meant_is_a_warning(data: dict[str, object], warnings: list[str]) -> None:
    assert sentences(data, Severity.WARNING) == warnings


@pytest.mark.parametrize(
    "data",
    [
        {"retry_count": "x", "retry_delay": 5},
        {"retry_delay": "x", "retry_max_delay": 5, "retry_count": 1},
        {"deadline": 5, "timeout": "x"},
        {"retry_on": [0], "retry_delay": 1},
    ],
)
def test_nothing_is_concluded_from_a_value_that_cannot_be_used(data: dict[str, object]) -> None:
    assert len(sentences(data)) == 1


@given(st.dictionaries(st.from_regex(r"[A-Z_][A-Z0-9_]{0,8}", fullmatch=True), st.text(max_size=20)))
def test_any_texts_that_a_system_can_hold_become_variables(variables: dict[str, str]) -> None:
    declaration, problems = read({"env": variables})

    impossible = any("\0" in text or (not text.isascii() and _is_lonely(text)) for text in variables.values())
    reserved = any(name.startswith("TASK_SCHEDULER") for name in variables)
    assert (declaration is None) == (impossible or reserved) == bool(problems)
    assert declaration is None or declaration.env == variables


def _is_lonely(text: str) -> bool:
    return any("\ud800" <= letter <= "\udfff" for letter in text)
