"""Schedules read from decorators, without running anything."""

from __future__ import annotations

import ast
import textwrap
from datetime import UTC, datetime

import pytest

from task_scheduler.core.errors import Severity
from task_scheduler.core.triggers import read_schedule
from task_scheduler.watcher.imports import all_nodes
from task_scheduler.watcher.schedules import DecoratedFunctions, read_decorators

IMPORT = "from task_scheduler.decorators import repeat, every, cron\n"


def read(text: str) -> DecoratedFunctions:
    tree = ast.parse(textwrap.dedent(text))
    return read_decorators(tree, all_nodes(tree), path="tasks/report.py")


def decorated(decorator: str) -> DecoratedFunctions:
    return read(f"{IMPORT}@{decorator}\ndef start(*args, **kwargs): pass\n")


@pytest.mark.parametrize(
    ("imports", "decorator"),
    [
        ("from task_scheduler.decorators import repeat, every", "repeat(every(5).minutes)"),
        ("from task_scheduler.decorators import repeat as again, every as each", "again(each(5).minutes)"),
        ("from task_scheduler.decorators import *", "repeat(every(5).minutes)"),
        ("import task_scheduler.decorators as d", "d.repeat(d.every(5).minutes)"),
        (
            "import task_scheduler.decorators",
            "task_scheduler.decorators.repeat(task_scheduler.decorators.every(5).minutes)",
        ),
        ("from task_scheduler import decorators", "decorators.repeat(decorators.every(5).minutes)"),
        ("from task_scheduler import decorators as d", "d.repeat(d.every(5).minutes)"),
    ],
)
def test_the_decorators_are_known_by_any_import(imports: str, decorator: str) -> None:
    found = read(f"{imports}\n@{decorator}\ndef start(): pass\n")

    assert [(job.function, job.trigger) for job in found.jobs] == [("start", "every 5 minutes")]
    assert not found.computed


def test_a_function_of_that_name_from_elsewhere_is_not_ours() -> None:
    assert (
        read("from schedule import repeat, every\n@repeat(every(5).minutes)\ndef start(): pass\n")
        == DecoratedFunctions()
    )


def test_an_unused_import_schedules_nothing() -> None:
    assert read(f"{IMPORT}\ndef start(): pass\n") == DecoratedFunctions()


def test_each_decorator_of_each_function_is_a_job() -> None:
    found = read(
        """
        from task_scheduler.decorators import every, repeat
        from functools import cache

        @repeat(every(5).minutes)
        @cache
        @repeat(every().day.at("10:30", "Europe/Berlin"))
        def one(): pass

        @repeat(every().monday)
        async def two(): pass
        """
    )

    assert [(job.function, job.trigger, job.timezone, job.line) for job in found.jobs] == [
        ("one", "every 5 minutes", None, 5),
        ("one", "every day at 10:30", "Europe/Berlin", 7),
        ("two", "every monday at 00:00", None, 10),
    ]


def test_arguments_are_kept_as_literals() -> None:
    found = decorated("repeat(every(5).minutes, 'a', -1, [1.5, {'k': None}], z=True, b=(1,))")

    assert [job.arguments for job in found.jobs] == ["(('a', -1, [1.5, {'k': None}]), {'b': (1,), 'z': True})"]


def test_cron_text_is_a_schedule() -> None:
    found = decorated("repeat(cron('0 9 * * 1-5', timezone='Europe/Berlin'))")

    assert [(job.trigger, job.timezone) for job in found.jobs] == [("0 9 * * 1-5", "Europe/Berlin")]


EVERYTHING = "from task_scheduler.decorators import *\n"
SAVED_AT = datetime(2027, 1, 1, 12, tzinfo=UTC)


def declared(imports: str, chain: str) -> DecoratedFunctions:
    """Read one decorated function of a file that was saved at a known moment."""
    tree = ast.parse(f"{EVERYTHING}{imports}\n@repeat({chain})\ndef start(): pass\n")
    return read_decorators(tree, all_nodes(tree), path="tasks/report.py", task_id="report", saved_at=SAVED_AT)


@pytest.mark.parametrize(
    ("chain", "text"),
    [
        ("once('2027-03-01 09:00')", "once at 2027-03-01 09:00"),
        ("at_startup()", "at startup"),
        ("at_boot()", "at boot"),
        ("after('other', on='any')", "after other on any"),
        ("on_change('inbox/*.csv')", "on change of inbox/*.csv"),
        ("every(5).minutes.between('08:00', '18:00').on('mon')", "every 5 minutes on mon between 08:00 and 18:00"),
        ("every(5).minutes.until('18:30')", "every 5 minutes until 2027-01-01 18:30"),
    ],
)
def test_all_decorators_are_read(chain: str, text: str) -> None:
    found = declared("", chain)

    assert [(job.trigger, job.line) for job in found.jobs] == [(text, 3)]
    assert (found.computed, found.problems) == (False, ())


@pytest.mark.parametrize(
    ("imports", "value", "text"),
    [
        ("import datetime", "datetime.timedelta(hours=8)", "2027-01-01 20:00"),
        ("import datetime as d", "d.datetime(2027, 1, 2, 3, 4, 5)", "2027-01-02 03:04:05"),
        ("from datetime import timedelta", "timedelta(days=1, minutes=-1)", "2027-01-02 11:59"),
        ("from datetime import time as t", "t(18, 30)", "2027-01-01 18:30"),
        ("from datetime import datetime", "datetime(2027, 1, 2)", "2027-01-02 00:00"),
    ],
)
def test_dates_times_and_spans_are_read_where_they_are_written_out(imports: str, value: str, text: str) -> None:
    found = declared(imports, f"every(5).minutes.until({value})")

    assert [job.trigger for job in found.jobs] == [f"every 5 minutes until {text}"]


@pytest.mark.parametrize(
    ("imports", "value"),
    [
        ("import datetime", "datetime.datetime.now()"),
        ("import datetime", "datetime.timedelta(hours=HOURS)"),
        ("import datetime", "datetime.timezone(1)"),
        ("import datetime", "datetime.datetime(2027, 1, 1, tzinfo=ZONE)"),
        ("from other import timedelta", "timedelta(hours=8)"),
        ("import datetime\nfrom other import datetime", "datetime.timedelta(hours=8)"),
        ("from datetime import timedelta\ntimedelta = print", "timedelta(hours=8)"),
        ("from datetime import timedelta\ndef timedelta(): pass", "timedelta(hours=8)"),
        ("", "datetime.timedelta(hours=8)"),
        ("", "print(1)"),
        ("from .datetime import timedelta", "timedelta(hours=8)"),
    ],
)
def test_other_values_are_left_to_an_import(imports: str, value: str) -> None:
    found = declared(imports, f"every(5).minutes.until({value})")

    assert found.computed
    assert (found.jobs, found.problems) == ((), ())


def test_a_date_that_cannot_be_made_is_refused() -> None:
    (problem,) = declared("import datetime", "every(5).minutes.until(datetime.datetime(2027, 13, 1))").problems

    assert str(problem).startswith(
        "tasks/report.py:3: @repeat on 'start': datetime.datetime(2027, 13, 1) cannot be made: month must be in 1..12"
    )


def test_what_is_chosen_is_chosen_for_the_job() -> None:
    (job,) = declared("", "every(5).to(10).minutes, 'a'").jobs

    assert job.trigger == read_schedule("every 5 to 10 minutes", seed="report start (('a',), {})")


def test_tags_are_kept() -> None:
    assert [job.tags for job in declared("", "every(5).minutes.tag('a', 'b', 'a')").jobs] == [("a", "b")]


@pytest.mark.parametrize(
    "text",
    [
        "N = 5\n@repeat(every(N).minutes)\ndef start(): pass\n",
        "@repeat(every(2 * 3).minutes)\ndef start(): pass\n",
        "@repeat(every(5).minutes, *ARGUMENTS)\ndef start(): pass\n",
        "@repeat(every(5).minutes, **OPTIONS)\ndef start(): pass\n",
        "@repeat(every(5).minutes, datetime.now())\ndef start(): pass\n",
        "WHEN = every(5).minutes\n@repeat(WHEN)\ndef start(): pass\n",
        "@repeat(getattr(every(5), unit))\ndef start(): pass\n",
        "@repeat(every(5).minutes, f'{x}')\ndef start(): pass\n",
        "@repeat(every(5).minutes, {[]: 1})\ndef start(): pass\n",
        "def start(): pass\nrepeat(every(5).minutes)(start)\n",
        "again = repeat\n@again(every(5).minutes)\ndef start(): pass\n",
        "if WEEKLY:\n    @repeat(every().week)\n    def start(): pass\n",
        "try:\n    import x\nexcept ImportError:\n    @repeat(every().week)\n    def start(): pass\n",
        "for n in range(3):\n    @repeat(every(n).hours)\n    def start(): pass\n",
        "def make():\n    @repeat(every().week)\n    def inner(): pass\n    return inner\nstart = make()\n",
        "def every(n): return n\n@repeat(every(5).minutes)\ndef start(): pass\n",
        "from elsewhere import every\n@repeat(every(5).minutes)\ndef start(): pass\n",
    ],
)
def test_what_is_computed_is_left_to_an_import(text: str) -> None:
    found = read(IMPORT + text)

    assert found.computed
    assert (found.jobs, found.problems) == ((), ())


def test_a_literal_schedule_is_read_beside_a_computed_one() -> None:
    found = read(f"{IMPORT}@repeat(every(5).minutes)\n@repeat(every(N).hours)\ndef start(): pass\n")

    assert found.computed
    assert [job.trigger for job in found.jobs] == ["every 5 minutes"]


@pytest.mark.parametrize("decorator", ["repeat", "repeat()", "repeat(n=1)"])
def test_repeat_without_a_schedule_is_refused(decorator: str) -> None:
    (problem,) = decorated(decorator).problems

    assert str(problem) == "tasks/report.py:2: @repeat needs a schedule: write @repeat(every(5).minutes)"


@pytest.mark.parametrize(
    ("chain", "named"),
    [
        ("every(0).minutes", "every(0).minutes"),
        ("every(-5).minutes", "every(-5).minutes"),
        ("every(True).minutes", "every(True).minutes"),
        ("every(5).minuets", "minuets"),
        ("every().day.at('25:00')", "25:00"),
        ("every(5)", "every(5)"),
        ("cron('61 * * * *')", "61"),
        ("every().day.at('10:30', 'Europe/Berlim')", "Europe/Berlin"),
    ],
)
def test_a_schedule_that_cannot_be_meant_is_refused_with_its_line(chain: str, named: str) -> None:
    found = decorated(f"repeat({chain})")

    (problem,) = found.problems
    assert (problem.line, problem.severity, found.jobs) == (2, Severity.ERROR, ())
    assert problem.message.startswith("@repeat on 'start': ")
    assert named in problem.message


def test_an_endless_chain_is_refused_in_no_time() -> None:
    (problem,) = decorated(f"repeat(every(5){'.minutes' * 300})").problems

    assert problem.message == "@repeat on 'start': a schedule of more than 20 parts cannot be meant"


def test_an_argument_that_cannot_be_kept_is_refused() -> None:
    (problem,) = decorated("repeat(every(5).minutes, 1e999)").problems

    assert str(problem) == (
        "tasks/report.py:2: @repeat on 'start': inf cannot be written as a literal: "
        "pass text, numbers, lists or mappings of these"
    )


def test_a_decorated_method_is_said_to_have_no_effect() -> None:
    found = read(f"{IMPORT}class Report:\n    @repeat(every(5).minutes)\n    def start(self): pass\n")

    assert not found.computed
    assert [(str(problem), problem.severity) for problem in found.problems] == [
        (
            (
                "tasks/report.py:4: @repeat on the method Report.start has no effect: "
                "decorate a function at the top level of the file"
            ),
            Severity.WARNING,
        )
    ]


def test_a_name_that_is_defined_again_is_refused() -> None:
    found = read(f"{IMPORT}@repeat(every(5).minutes)\ndef start(): pass\n\ndef start(): pass\n")

    assert [str(problem) for problem in found.problems] == [
        "tasks/report.py:3: the function 'start' is defined again in line 5: give each function its own name"
    ]
