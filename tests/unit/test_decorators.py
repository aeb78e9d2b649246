"""What the decorators of task files record, and what they leave alone."""

from __future__ import annotations

import ast
import functools
import inspect
from collections.abc import Callable
from typing import Any

import pytest

from task_scheduler import decorators
from task_scheduler.core.triggers import read_chain
from task_scheduler.decorators import after, at_boot, at_startup, cron, every, on_change, once, repeat


def schedules(function: Callable[..., Any]) -> list[dict[str, Any]]:
    """Return what is recorded at a function."""
    found: list[dict[str, Any]] = function.__task_schedules__  # type: ignore[attr-defined]
    return found


def test_a_chain_records_its_links_and_nothing_more() -> None:
    assert every(2).weeks.calls == (("every", (2,), {}), ("weeks", (), {}))
    assert every().day.at("10:30", "Europe/Berlin").calls == (
        ("every", (1,), {}),
        ("day", (), {}),
        ("at", ("10:30", "Europe/Berlin"), {}),
    )
    assert every().hour.at(":15").calls[-1] == ("at", (":15",), {})
    assert every(5).to(10).minutes.until("18:30").tag("a", "b").calls == (
        ("every", (5,), {}),
        ("to", (10,), {}),
        ("minutes", (), {}),
        ("until", ("18:30",), {}),
        ("tag", ("a", "b"), {}),
    )
    assert cron("0 9 * * 1-5").calls == (("cron", ("0 9 * * 1-5",), {}),)
    assert cron("0 9 * * 1-5", timezone="UTC").calls == (("cron", ("0 9 * * 1-5",), {"timezone": "UTC"}),)


def test_further_beginnings_and_links_are_recorded() -> None:
    assert once("2027-03-01 09:00").calls == (("once", ("2027-03-01 09:00",), {}),)
    assert once("2027-03-01 09:00", timezone="UTC").calls == (("once", ("2027-03-01 09:00",), {"timezone": "UTC"}),)
    assert at_startup().calls == (("at_startup", (), {}),)
    assert at_boot().calls == (("at_boot", (), {}),)
    assert after("other_task").calls == (("after", ("other_task",), {"on": "success"}),)
    assert on_change("inbox/*.csv").calls == (("on_change", ("inbox/*.csv",), {}),)
    assert cron("0 9 * * *").between("08:00", "18:00").on("mon", "fri").starting("2027-01-01").calls[1:] == (
        ("between", ("08:00", "18:00"), {}),
        ("on", ("mon", "fri"), {}),
        ("starting", ("2027-01-01",), {}),
    )


@pytest.mark.parametrize(
    ("chain", "text"),
    [
        (once("2027-03-01 09:00"), "once at 2027-03-01 09:00"),
        (at_startup().tag("a"), "at startup"),
        (at_boot(), "at boot"),
        (after("other_task", on="any"), "after other_task on any"),
        (on_change("inbox/*.csv"), "on change of inbox/*.csv"),
        (
            every(5).minutes.on("weekends").between("08:00", "18:00"),
            "every 5 minutes on sat,sun between 08:00 and 18:00",
        ),
    ],
)
def test_the_scheduler_reads_what_they_record(chain: decorators.Chain, text: str) -> None:
    assert read_chain(chain.calls) == (text, None)


def test_a_chain_may_be_shared_and_continued_twice() -> None:
    daily = every().day

    morning, evening = daily.at("08:00"), daily.at("20:00")

    assert repr(daily) == "every(1).day"
    assert repr(morning) == "every(1).day.at('08:00')"
    assert repr(evening) == "every(1).day.at('20:00')"


UNITS = ["second", "minute", "hour", "day", "week"]
WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


@pytest.mark.parametrize("name", [*UNITS, *[f"{unit}s" for unit in UNITS], *WEEKDAYS])
def test_every_unit_and_weekday_is_a_link_the_scheduler_reads(name: str) -> None:
    text, zone = read_chain(getattr(every(), name).calls)

    assert text.startswith("every ")
    assert zone is None


def test_a_wrong_interval_is_recorded_and_judged_later() -> None:
    """The schedule library loops for ever here: nothing may be computed while a task file is imported."""
    assert every(0).minutes.calls[0] == ("every", (0,), {})
    assert every("5").minutes.calls[0] == ("every", ("5",), {})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("minuts", "a schedule has no 'minuts', did you mean 'minutes'?"),
        ("wendesday", "a schedule has no 'wendesday', did you mean 'wednesday'?"),
        ("zzz", "a schedule has no 'zzz'"),
        ("do", "a schedule has no 'do': write @repeat(every(5)) above the function"),
    ],
)
def test_a_wrong_link_names_the_right_one(name: str, sentence: str) -> None:
    with pytest.raises(AttributeError) as caught:
        getattr(every(5), name)

    assert str(caught.value) == sentence


def test_the_function_stays_as_it_is() -> None:
    def start(name: str, *, count: int = 1) -> str:
        """Greet."""
        return name * count

    decorated = repeat(every(5).minutes, "a", count=3)(start)

    assert decorated is start
    assert start("b", count=2) == "bb"
    assert schedules(start) == [
        {
            "calls": [("every", (5,), {}), ("minutes", (), {})],
            "args": ("a",),
            "kwargs": {"count": 3},
            "line": schedules(start)[0]["line"],
        }
    ]


def test_a_record_names_the_line_of_its_decorator() -> None:
    @repeat(every(5).minutes)
    def start() -> None: ...

    source, first = inspect.getsourcelines(start)
    assert source[0].strip() == "@repeat(every(5).minutes)"
    assert schedules(start)[0]["line"] == first


def test_several_decorators_add_up() -> None:
    @repeat(every().day.at("08:00"))
    @repeat(cron("0 20 * * *"))
    def start() -> None: ...

    assert sorted(schedule["calls"][0][0] for schedule in schedules(start)) == ["cron", "every"]


def test_a_wrapper_does_not_add_to_the_function_it_wraps() -> None:
    @repeat(every(5).minutes)
    def start() -> None: ...

    @functools.wraps(start)
    def wrapper() -> None: ...

    repeat(every(7).minutes)(wrapper)

    assert len(schedules(start)) == 1
    assert len(schedules(wrapper)) == 2


def test_a_coroutine_function_stays_one() -> None:
    @repeat(every(5).minutes)
    async def start() -> None: ...

    assert inspect.iscoroutinefunction(start)
    assert len(schedules(start)) == 1


def test_repeat_without_a_schedule_is_refused() -> None:
    with pytest.raises(TypeError) as caught:
        repeat(5)  # type: ignore[arg-type]

    assert str(caught.value) == "repeat() takes a schedule such as every(5).minutes, not 5"


def test_a_schedule_as_decorator_is_refused() -> None:
    with pytest.raises(TypeError) as caught:
        every(5).minutes(len)

    assert str(caught.value) == "a schedule is not called: write @repeat(every(5).minutes) above the function"


def test_the_module_is_written_for_python_3_8() -> None:
    tree = ast.parse(inspect.getsource(decorators), feature_version=(3, 8))

    # Annotations may hold newer types as long as nobody evaluates them.
    assert any(isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in tree.body)


def test_importing_it_imports_nothing_else() -> None:
    """A task's environment has no packages of ours, and each run pays for what is imported here."""
    tree = ast.parse(inspect.getsource(decorators))

    imported = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]

    assert [ast.unparse(node) for node in imported] == ["from __future__ import annotations", "import sys"]
    assert decorators.TYPE_CHECKING is False
