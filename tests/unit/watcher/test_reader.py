"""Reading task files: what they declare, and a sentence with a line for everything that is wrong."""

from __future__ import annotations

import textwrap
import warnings
from datetime import UTC, date, datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from task_scheduler.core.errors import Severity, TriggerError
from task_scheduler.core.tasks import FileKind, JobDeclaration, TaskDeclaration, TaskReading
from task_scheduler.core.triggers import Calendar, read_schedule
from task_scheduler.ports import SourceFile
from task_scheduler.watcher.reader import MOST_PROBLEMS, TaskFileReader
from task_scheduler.watcher.scanning import LARGEST
from tests.unit.core.triggers.days_off import DaysOff, OneCalendar

READER = TaskFileReader(root=Path("nowhere"), helpers=Path("nowhere/helpers"))
NAMED = "title: Report\ndescription: Counts\n"


def read(text: str | bytes) -> TaskReading:
    content = text if isinstance(text, bytes) else text.encode()
    return READER.read(SourceFile(task_id="report", path="tasks/report.py", digest="", content=content))


def task(frontmatter: str, code: str = "") -> TaskReading:
    return read(f'"""\n---\n{frontmatter}---\n"""\n{code}')


def errors(reading: TaskReading) -> list[str]:
    return [str(problem) for problem in reading.problems if problem.severity is Severity.ERROR]


def remarks(reading: TaskReading) -> list[str]:
    return [str(problem) for problem in reading.problems if problem.severity is Severity.WARNING]


def test_the_documented_example_is_a_task() -> None:
    reading = read(
        textwrap.dedent(
            '''\
            """
            ---
            title: "Hello World Task"
            description: "A simple example task"
            dependencies: []
            enabled: true
            timeout: 60
            ---
            """

            from task_scheduler.decorators import repeat, every
            from collections import Counter

            @repeat(every(10).minutes)
            def start():
                """This function will be called every 10 minutes at clock boundaries"""
            '''
        )
    )

    assert reading == TaskReading(
        kind=FileKind.TASK,
        declaration=TaskDeclaration(title="Hello World Task", description="A simple example task", timeout=60),
        jobs=(JobDeclaration(function="start", trigger="every 10 minutes", line=14),),
        has_start=True,
        imports=("collections",),
        import_lines={"collections": 12},
    )


@pytest.mark.parametrize(
    "text",
    [
        '#!/usr/bin/env python3\n# -*- coding: utf-8 -*-\n\n# words\n"""\n---\ntitle: x\ndescription: y\n---\n"""\n',
        'r"""---\ntitle: x\ndescription: y\n---"""\n',
        "'''\n---\ntitle: x\ndescription: y\n---\nSome more words.\n'''\n",
        '"""\n\n    ---\n    title: x\n    description: y\n    ---\n    """\n',
        '"""\r\n---\r\ntitle: x\r\ndescription: y\r\n---\r\n"""\r\n',
        '\ufeff"""\n---\ntitle: x\ndescription: y\n---\n"""\n',
        '"---\\ntitle: x\\ndescription: y\\n---\\n"\n',
        '"""\n---   \ntitle: x\ndescription: y\n---\t\n"""\n',
    ],
)
def test_frontmatter_is_found_at_the_beginning_of_any_docstring(text: str) -> None:
    reading = read(text)

    assert errors(reading) == []
    assert reading.declaration == TaskDeclaration(title="x", description="y")


def test_schedules_of_the_frontmatter_run_start_where_there_is_one() -> None:
    schedule = f"{NAMED}schedule: [every 5 minutes, daily at 10:30]\ntimezone: Europe/Berlin\n"

    with_start = task(schedule, "async def start(): pass\n")
    without = task(schedule, "print('hello')\n")

    assert [job.function for job in with_start.jobs] == ["start", "start"]
    assert without.jobs == (
        JobDeclaration(function=None, trigger="every 5 minutes", timezone="Europe/Berlin", line=5),
        JobDeclaration(function=None, trigger="every day at 10:30", timezone="Europe/Berlin", line=5),
    )
    assert (errors(without), remarks(without)) == ([], [])


def test_a_job_keeps_its_own_zone() -> None:
    reading = task(
        f"{NAMED}timezone: Europe/Berlin\n",
        "from task_scheduler.decorators import every, repeat\n"
        "@repeat(every().day.at('10:30', 'UTC'))\n@repeat(every().hour)\ndef start(): pass\n",
    )

    assert [job.timezone for job in reading.jobs] == ["UTC", "Europe/Berlin"]


def test_the_same_schedule_twice_is_one_job_and_said() -> None:
    reading = task(
        f"{NAMED}schedule: every 5 minutes\n",
        "from task_scheduler.decorators import every, repeat\n"
        "@repeat(every(5).minutes)\n@repeat(every(5).minutes, 1)\ndef start(): pass\n",
    )

    assert [(job.arguments, job.line) for job in reading.jobs] == [("((), {})", 5), ("((1,), {})", 10)]
    assert remarks(reading) == [
        "tasks/report.py:9: 'start' has the schedule 'every 5 minutes' already in line 5: it runs once for both"
    ]


def test_a_decorated_function_without_frontmatter_has_the_defaults() -> None:
    reading = read("from task_scheduler.decorators import every, repeat\n@repeat(every().hour)\ndef work(): pass\n")

    assert reading.declaration == TaskDeclaration(title="report")
    assert [job.function for job in reading.jobs] == ["work"]
    assert reading.problems == ()


@pytest.mark.parametrize(
    "text", ["", "import os\n", '"""Words."""\ndef start(): pass\n', '"""\nwords\n---\na: b\n---\n"""']
)
def test_neither_frontmatter_nor_schedule_is_a_module(text: str) -> None:
    reading = read(text)

    assert (reading.kind, reading.declaration, reading.problems) == (FileKind.MODULE, None, ())


def test_a_task_without_schedule_is_admitted_and_said() -> None:
    reading = task(NAMED, "def start(): pass\n")

    assert reading.kind is FileKind.TASK
    assert reading.declaration is not None
    assert remarks(reading) == [
        (
            "tasks/report.py:2: no schedule: it runs only when started by hand; "
            "add `schedule: every 5 minutes`, or @repeat on a function"
        )
    ]


def test_a_computed_schedule_is_no_missing_one() -> None:
    reading = task(
        NAMED, "from task_scheduler.decorators import every, repeat\n@repeat(every(N).hours)\ndef start(): pass\n"
    )

    assert (reading.computed, reading.jobs, reading.problems) == (True, (), ())


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "# words\n---\ntitle: x\nimport os\n",
            "tasks/report.py:2: the frontmatter opened here is never closed: end it with a line of only ---",
        ),
        (
            'b"""\n---\ntitle: x\n---\n"""\n',
            "tasks/report.py:1: the frontmatter stands in a bytes literal, which is no docstring: remove the b",
        ),
        (
            '---\ntitle: x\n---\n"""\n---\ntitle: x\n---\n"""\n',
            (
                "tasks/report.py:5: the frontmatter is given more than once, before the code (line 1) and "
                "in the docstring (line 5): keep one of them"
            ),
        ),
        (
            '"""\n---\ntitle: x\n---\n"""\n# /// script\n# dependencies = []\n# ///\n',
            (
                "tasks/report.py:6: the frontmatter is given more than once, in the docstring (line 2) and "
                "as # /// script (line 6): keep one of them"
            ),
        ),
        (
            '---\ntitle: x\n---\n"""\n---\ntitle: x\n---\n"""\n# /// script\n# dependencies = []\n# ///\n',
            (
                "tasks/report.py:5: the frontmatter is given more than once, before the code (line 1), "
                "in the docstring (line 5) and as # /// script (line 9): keep one of them"
            ),
        ),
        ("a = 1\n".encode("utf-16"), "tasks/report.py: it is saved as UTF-16 or UTF-32: save it as UTF-8"),
        ("a = 1\n".encode("utf-16-le"), "tasks/report.py: it is saved as UTF-16 or UTF-32: save it as UTF-8"),
        ("a = 1\n".encode("utf-16-be"), "tasks/report.py: it is saved as UTF-16 or UTF-32: save it as UTF-8"),
        ("a = 1\n".encode("utf-32"), "tasks/report.py: it is saved as UTF-16 or UTF-32: save it as UTF-8"),
        (b"a = 1\rb = 2\rc = '\xe9'\r", "tasks/report.py:3: the byte 0xe9 is not UTF-8: save the file as UTF-8"),
        (
            b"x = " + b"(" * 100_000,
            "tasks/report.py:1: syntax error: too many nested parentheses: " + "x = " + "(" * 56,
        ),
        (
            '"""\n---\ntitle: x\n"""\n',
            "tasks/report.py:1: the frontmatter opened here is never closed: end it with a line of only ---",
        ),
        (
            'import os\n"""\n---\ntitle: x\n---\n"""\n',
            "tasks/report.py:2: the frontmatter must be the first thing in the file: move this docstring above all code",
        ),
        (
            'f"""\n---\ntitle: x\n---\n"""\n',
            "tasks/report.py:1: the frontmatter stands in an f-string, which is no docstring: remove the f",
        ),
        (
            '"""\n---\ntitle: {}\n---\n""".format(1)\n',
            (
                "tasks/report.py:1: the frontmatter stands in a text that is computed, which is no docstring: "
                "write it out"
            ),
        ),
        (
            "# x\r# coding: latin-1\r",
            "tasks/report.py:2: its encoding is latin-1: save it as UTF-8 and remove this line",
        ),
        ("def f(:\n", "tasks/report.py:1: syntax error: invalid syntax: def f(:"),
        ("x = [1,\ny = 2\n", "tasks/report.py:1: syntax error: '[' was never closed: x = [1,"),
        (
            "def f():\nreturn 1\n",
            "tasks/report.py:2: syntax error: expected an indented block after function definition on line 1: return 1",
        ),
        (b"a = 1\nb = '\xff'\n", "tasks/report.py:2: the byte 0xff is not UTF-8: save the file as UTF-8"),
        (b"a = 1\nb = 2\0\n", "tasks/report.py:2: it holds a null byte: save it as UTF-8 text"),
        (
            b"#!/usr/bin/python\n# vim: set fileencoding=latin-1 :\nx = '\xe9'\n",
            "tasks/report.py:2: its encoding is latin-1: save it as UTF-8 and remove this line",
        ),
        (
            b"#" * (LARGEST + 1),
            "tasks/report.py: it is larger than 1,000,000 bytes: move data and generated code into files of their own",
        ),
        ("-" * 50_000 + "1", "tasks/report.py: its code is nested too deeply to be read: split the expression up"),
    ],
)
def test_an_unreadable_file_is_one_sentence(text: str | bytes, sentence: str) -> None:
    reading = read(text)

    assert errors(reading) == [sentence]
    assert (reading.kind, reading.declaration) == (FileKind.TASK, None)


def test_a_file_that_could_not_be_opened_says_why() -> None:
    reading = READER.read(
        SourceFile(task_id="report", path="tasks/report.py", digest="", content=None, problem="it cannot be read")
    )

    assert errors(reading) == ["tasks/report.py: it cannot be read"]


def test_every_problem_of_a_file_comes_at_once_with_its_line() -> None:
    reading = read(
        textwrap.dedent(
            '''\
            # A remark above.
            """
            ---
            titel: x
            title: 5
            description: y
            dependencies:
              - requests
              - -r other.txt
            timeout: "60"
            timeout: 70
            schedule: every fortnight
            ---
            """
            from task_scheduler.decorators import every, repeat
            @repeat(every(0).minutes)
            def start(): pass
            '''
        )
    )

    assert reading.declaration is None
    assert [(problem.line, problem.message.partition(":")[0]) for problem in reading.problems] == [
        (4, "unknown key 'titel', did you mean 'title'?"),
        (5, "title must be text, not the number 5"),
        (9, "dependencies"),
        (10, "timeout must be a whole number, not the text '60'"),
        (11, "the key 'timeout' is given twice, first in line 10"),
        (12, "schedule"),
        (16, "@repeat on 'start'"),
    ]


def test_the_frontmatter_of_a_file_with_a_syntax_error_is_judged_too() -> None:
    reading = task("title: 5\ndescription: y\n", "def f(:\n")

    assert errors(reading) == [
        "tasks/report.py:3: title must be text, not the number 5: put it in quotes",
        "tasks/report.py:7: syntax error: invalid syntax: def f(:",
    ]


def test_a_file_for_a_newer_python_is_told_which_one_reads_it() -> None:
    reading = task(f'{NAMED}python_version: "3.99"\n', "def f(:\n")

    assert errors(reading)[0].endswith(", so run the scheduler with 3.99")


def test_broken_yaml_hides_nothing_else_behind_warnings() -> None:
    reading = task("title: a: b\n")

    assert [str(problem) for problem in reading.problems] == [
        "tasks/report.py:3: put a value that holds ': ' in quotes, and begin every key in the same column: title: a: b"
    ]


def test_lines_fall_back_to_the_docstring_where_an_escape_moves_them() -> None:
    reading = read('"""\\\n---\ntitle: 5\ndescription: y\n---\n"""\n')

    assert errors(reading) == ["tasks/report.py:1: title must be text, not the number 5: put it in quotes"]


def test_many_problems_are_counted_and_the_first_shown() -> None:
    text = "".join(f"@repeat(every({number}).parsecs)\ndef f{number}(): pass\n" for number in range(2, 122))

    reading = read(f"from task_scheduler.decorators import every, repeat\n{text}")

    assert len(reading.problems) == MOST_PROBLEMS + 1
    assert str(reading.problems[-1]) == "tasks/report.py: 70 more problems are not shown: mend these first"
    assert reading.errors == reading.problems


def test_many_warnings_hide_no_error_and_make_none() -> None:
    schedules = "@repeat(every(5).minutes)\n" * 100 + "def f(): pass\n"
    code = f"from task_scheduler.decorators import every, repeat\n{schedules}"

    fine = read(code)
    broken = read(f"{code}@repeat(every(0).minutes)\ndef g(): pass\n")

    assert (len(fine.problems), fine.errors) == (MOST_PROBLEMS + 1, ())
    assert [problem.line for problem in broken.errors] == [103, None]


@pytest.mark.parametrize(
    "opened",
    [
        '"""  ---\n  {}\n  ---\n"""',
        '"""---\n    {}\n    ---\n    """',
        "'''\n\t---\n\t{}\n\t---\n'''",
        'u"""---\n{}\n---"""',
    ],
)
def test_indented_frontmatter_is_read_wherever_the_quotes_are(opened: str) -> None:
    text = opened.format("title: 5")

    reading = read(text)

    (error,) = reading.errors
    assert error.message == "title must be text, not the number 5: put it in quotes"
    assert text.split("\n")[(error.line or 0) - 1].strip() == "title: 5"


def test_what_python_takes_for_utf_8_is_no_other_encoding() -> None:
    names = ["utf-8", "UTF8", "utf_8", "utf-8-unix", "us-ascii", "utf-8-sig"]

    assert [read(f"# coding: {name}\n").problems for name in names] == [()] * len(names)


def test_python_s_own_remarks_do_not_reach_our_stderr() -> None:
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        reader = TaskFileReader(root=Path("nowhere"), helpers=Path("nowhere/helpers"))
        source = b'import re\nre.compile("\\d+ \\w")\nx = 1if x else 0x1for\n'
        reader.read(SourceFile(task_id="a", path="tasks/a.py", digest="", content=source))

    assert [str(warning.message) for warning in seen] == []


PIECES = st.sampled_from(
    [
        '"""',
        "'''",
        "---",
        "\n",
        "title: x",
        "schedule:",
        "every 5 minutes",
        "- ",
        "@repeat(",
        "every(5)",
        ".minutes",
        ")",
        "def start():",
        "    pass",
        "from task_scheduler.decorators import *",
        "import helpers",
        "\\",
        "\t",
        "\x00",
        "#",
        "coding: latin-1",
        "é",
        "\ud7ff",
        "{",
        "[",
        "f",
        "class A:",
        "lambda",
        ":",
        "*a",
        "# /// script",
        "\x0c",
    ]
)


@settings(max_examples=300)
@example(
    b"from task_scheduler.decorators import *\n@repeat(every(5).minutes" + b",[" * 80 + b"]" * 80 + b")\ndef f(): 0"
)
@example(b"x = " + b"(" * 300)
@example(b"a" + b".b" * 30_000)
@example(b"coding: \xff")
@example(b'"""\n---\n' + b"[" * 20_000 + b'\n---\n"""')
@given(st.lists(PIECES, max_size=30).map("".join).map(str.encode) | st.binary(max_size=60))
def test_no_file_raises(content: bytes) -> None:
    reading = read(content)

    assert reading.kind is FileKind.MODULE or reading.declaration is not None or reading.errors


def test_packages_that_exclude_each_other_are_told_beside_other_mistakes() -> None:
    text = '"""\n---\ntitel: x\ndependencies: [2, "urllib3<2", "urllib3>=2.5"]\n---\n"""\n'

    said = errors(read(text))

    assert any("unknown key 'titel'" in sentence for sentence in said)
    assert any("exclude each other" in sentence for sentence in said)


def saved(text: str, zone: tzinfo = UTC) -> TaskReading:
    """Read a file that was saved on 30 June 2027 at 17:00 UTC."""
    reader = TaskFileReader(root=Path("nowhere"), helpers=Path("nowhere/helpers"), zone=zone)
    source = SourceFile(
        task_id="report",
        path="tasks/report.py",
        digest="",
        content=text.encode(),
        saved_at=datetime(2027, 6, 30, 17, tzinfo=UTC),
    )
    return reader.read(source)


UNTIL = "from task_scheduler.decorators import *\n@repeat(every(5).minutes.until('18:30'))\ndef start(): pass\n"


def test_an_end_today_is_told_by_the_clock_of_the_task() -> None:
    front = f'"""\n---\n{NAMED}timezone: Asia/Tokyo\n---\n"""\n'

    assert [job.trigger for job in saved(UNTIL, ZoneInfo("Europe/Berlin")).jobs] == [
        "every 5 minutes until 2027-06-30 18:30"
    ]
    assert [job.trigger for job in saved(front + UNTIL).jobs] == ["every 5 minutes until 2027-07-01 18:30"]


def test_a_schedule_that_has_come_to_its_end_is_told_and_read() -> None:
    text = f'"""\n---\n{NAMED}timezone: Europe/Berlin\nschedule: [once at 2027-06-30 19:00, once at 2027-06-30 18:59]\n---\n"""\n'

    reading = saved(text)

    assert len(reading.jobs) == 2
    assert remarks(reading) == [
        "tasks/report.py:6: the schedule 'once at 2027-06-30 18:59' has come to its end: it will not run"
    ]
    assert remarks(saved(UNTIL.replace("18:30", "2027-06-29"))) == [
        "tasks/report.py:2: the schedule 'every 5 minutes until 2027-06-29' has come to its end: it will not run"
    ]


@pytest.mark.parametrize(
    "schedule",
    [
        "every day at 10:30 on mon from 2027-07-06 until 2027-07-07",
        "0 0 29 2 * from 2027-01-01 until 2027-12-31",
        "every day at 10:30 on wed until 2027-06-30",  # 10:30 is past at 19:00 in Berlin, a Wednesday
    ],
)
def test_a_schedule_without_a_slot_is_told_and_read(schedule: str) -> None:
    reading = saved(f'"""\n---\n{NAMED}timezone: Europe/Berlin\nschedule: "{schedule}"\n---\n"""\n')

    (job,) = reading.jobs
    assert remarks(reading)[:1] == [
        f"tasks/report.py:6: the schedule {job.trigger!r} has no instant any more: it will not run"
    ]


def test_slots_are_looked_for_in_the_zone_of_the_task() -> None:
    """Saved at 17:00 UTC, which is 19:00 in Berlin and 02:00 of the next day in Tokyo."""
    text = f'"""\n---\n{NAMED}schedule: every day at 18:00 on wed until 2027-06-30\n---\n"""\n'

    assert remarks(saved(text)) == []
    assert len(remarks(saved(text, ZoneInfo("Europe/Berlin")))) == 1


def test_a_schedule_that_only_its_calendar_leaves_without_a_slot_is_told(tmp_path: Path) -> None:
    source = f'"""\n---\n{NAMED}schedule: "0 0 25 12 *"\ncalendar: DE\n---\n"""\n'.encode()
    file = SourceFile(
        task_id="a", path="tasks/a.py", digest="", content=source, saved_at=datetime(2027, 6, 30, 17, tzinfo=UTC)
    )
    calendars = OneCalendar(DaysOff(single=[date(year, 12, 25) for year in range(1990, 2200)]))

    judged = TaskFileReader(root=tmp_path, helpers=tmp_path, calendars=calendars).read(file)
    not_judged = TaskFileReader(root=tmp_path, helpers=tmp_path).read(file)

    assert remarks(judged) == [
        "tasks/a.py:5: the schedule '0 0 25 12 * calendar DE skip' has no instant any more: it will not run"
    ]
    assert remarks(not_judged) == []
    assert len(judged.jobs) == 1


@pytest.mark.parametrize("schedule", ["once at 2027-06-30 19:00", "every day at 10:00 until 2027-06-30"])
def test_a_file_saved_before_the_first_year_of_schedules_is_read(schedule: str) -> None:
    """What an archive restores is of 1970-01-01 00:00 UTC, which is 1969 in New York."""
    source = f'"""\n---\n{NAMED}timezone: America/New_York\nschedule: {schedule}\n---\n"""\n'.encode()
    file = SourceFile(
        task_id="a", path="tasks/a.py", digest="", content=source, saved_at=datetime(1970, 1, 1, tzinfo=UTC)
    )

    reading = READER.read(file)

    assert reading.problems == ()
    assert len(reading.jobs) == 1


def test_an_event_is_not_told_to_have_no_slot() -> None:
    assert remarks(saved(f'"""\n---\n{NAMED}schedule: on change of inbox/*.csv\n---\n"""\n')) == []


@pytest.mark.parametrize(
    ("schedule", "told"),
    [
        (
            "at startup",
            [
                "tasks/report.py:6: jitter has no effect: 'at startup' has no slots by the clock to delay",
                "tasks/report.py:7: calendar has no effect: 'at startup' has no slots by the clock to leave out or move",
            ],
        ),
        ("[at startup, every day at 10:30]", []),
    ],
)
def test_keys_that_change_nothing_of_an_event_are_told(schedule: str, told: list[str]) -> None:
    keys = "jitter: 60\ncalendar: DE\nstarts: 2020-01-01\n"
    source = f'"""\n---\n{NAMED}schedule: {schedule}\n{keys}---\n"""\n'
    assert remarks(read(source)) == told


def test_without_knowing_when_it_was_saved_an_end_today_is_refused() -> None:
    (problem,) = errors(read(UNTIL))

    assert "an end at 18:30 names no day" in problem


def test_jobs_that_differ_in_their_tags_alone_are_one() -> None:
    decorators = "".join(f"@repeat(every(5).minutes.tag('{tag}'))\n" for tag in "ab")

    reading = read(f"from task_scheduler.decorators import *\n{decorators}def start(): pass\n")

    assert [job.tags for job in reading.jobs] == [("a",)]
    assert len(remarks(reading)) == 1


def test_varying_schedules_of_the_key_are_drawn_for_their_job() -> None:
    front = f'"""\n---\n{NAMED}schedule: every 5 to 10 minutes\n---\n"""\n'

    (job,) = read(front).jobs

    assert job.trigger == read_schedule("every 5 to 10 minutes", seed="report  ((), {})")


def test_a_calendar_that_cannot_be_had_is_an_error_of_the_file(tmp_path: Path) -> None:
    class Known:
        def holidays(self, name: str) -> Calendar:
            raise TriggerError(f"no calendar {name!r}")

    source = b'"""\n---\ntitle: A\ndescription: B\nschedule: [hourly, daily]\ncalendar: days.txt\n---\n"""\n'
    file = SourceFile(task_id="a", path="tasks/a.py", digest="", content=source)

    judged = TaskFileReader(root=tmp_path, helpers=tmp_path, calendars=Known()).read(file)
    not_judged = TaskFileReader(root=tmp_path, helpers=tmp_path).read(file)

    assert [str(problem) for problem in judged.problems] == ["tasks/a.py:6: no calendar 'days.txt'"]
    assert not_judged.problems == ()
    assert [job.trigger for job in not_judged.jobs] == [
        "every hour calendar days.txt skip",
        "every day at 00:00 calendar days.txt skip",
    ]
