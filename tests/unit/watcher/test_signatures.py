"""Whether functions can be called as their schedules do, and names of ours that nothing binds; told without an import."""

from __future__ import annotations

import ast

import pytest

from task_scheduler.execution import parameters
from task_scheduler.watcher.imports import all_nodes
from task_scheduler.watcher.schedules import DecoratedFunctions, read_decorators
from task_scheduler.watcher.signatures import OFFERED

IMPORT = "from task_scheduler.decorators import every, on_change, repeat\n"


def read(text: str) -> DecoratedFunctions:
    tree = ast.parse(text)
    return read_decorators(tree, all_nodes(tree), path="tasks/report.py")


def faults(text: str) -> list[str]:
    return [problem.message for problem in read(text).problems]


def test_what_a_run_offers_is_what_the_table_of_parameters_has() -> None:
    assert set(OFFERED) == set(parameters._GIVEN)


@pytest.mark.parametrize(
    ("arguments", "signature"),
    [
        ("", ""),
        ("", "scheduled_time, window_start, window_end, attempt, changed, reason"),
        ("", "*, attempt"),
        ("", "x=1, *, y=2"),
        ("", "*args, **kwargs"),
        (", 1, 2, y=3", "*args, **kwargs"),
        (", 1, k=2", "x, attempt, *more, k, reason=None, **rest"),
        (", 1, 2", "x, /, y"),
        (", 1, x=2", "x, /, **rest"),
        (", 1", "attempt"),
        (", attempt=1", "attempt, reason"),
    ],
)
@pytest.mark.parametrize("kind", ["def", "async def"])
def test_what_can_be_called_is_no_fault(arguments: str, signature: str, kind: str) -> None:
    assert faults(f"{IMPORT}@repeat(every(5).minutes{arguments})\n{kind} start({signature}): pass\n") == []


@pytest.mark.parametrize(
    ("arguments", "signature", "fault"),
    [
        ("", "x", "the function asks for 'x', which nothing gives it: a run offers"),
        ("", "*, x", "the function asks for 'x', which nothing gives it: a run offers"),
        (
            "",
            "attempt, /",
            "the function takes 'attempt' by position alone, and a run gives it by name: leave out the /",
        ),
        ("", "scheduled_for", "which nothing gives it (did you mean 'scheduled_time'?)"),
        ("", "atempt", "which nothing gives it (did you mean 'attempt'?)"),
        ("", "path", "asks for 'path', which nothing gives it: a run offers"),
        (", 1", "", "the function takes no arguments by position, and its schedule gives 1"),
        (", 1, 2, 3", "x, y, *, z=1", "the function takes 2 arguments by position, and its schedule gives 3"),
        (", y=3", "x=1", "the function takes no 'y', which its schedule gives"),
        (", 1, x=2", "x", "the function is given 'x' twice by its schedule"),
        (", x=2", "x, /", "the function takes 'x' by position alone, and its schedule gives it by name"),
    ],
)
def test_what_fails_each_time_is_told_in_the_line_of_its_schedule(arguments: str, signature: str, fault: str) -> None:
    (problem,) = read(f"{IMPORT}@repeat(every(5).minutes{arguments})\ndef start({signature}): pass\n").problems

    assert (problem.line, fault in problem.message) == (2, True), problem.message


@pytest.mark.parametrize(
    "text",
    [
        "@repeat(every(5).minutes)\n@other\ndef start(x): pass\n",
        "@other\n@repeat(every(5).minutes)\ndef start(x): pass\n",
        "@repeat(every(5).minutes)\ndef start(x): pass\nstart = partial(start, 1)\n",
        "@repeat(every(5).minutes)\ndef start(x): pass\nfrom other import start\n",
        "@repeat(every(5).minutes)\ndef start(x): pass\nfrom other import *\n",
        "@repeat(every(5).minutes)\ndef start(x): pass\nif True:\n    def start(): pass\n",
        "@repeat(every(5).minutes)\ndef start(x): pass\nglobals()['start'] = partial(start, 1)\n",
        "@repeat(every(5).minutes)\ndef start(x): pass\nsetattr(sys.modules[__name__], 'start', other)\n",
        "@repeat(every(5).minutes)\ndef start(x): pass\nfrom sys import modules as m\nm[__name__].start = other\n",
        "@repeat(every(5).minutes)\ndef start(x): pass\nimport __main__ as me\nme.start = other\n",
        "@repeat(every(5).minutes)\ndef start(x): pass\nstart(sys.argv)\nsys.exit()\n",
        "@repeat(every(5).minutes)\ndef start(x): pass\nif __name__ == '__main__': pass\nelse: raise SystemExit\n",
        "from os import _exit as leave\nleave(0)\n@repeat(every(5).minutes)\ndef start(x): pass\n",
        "@repeat(every(5).minutes)\ndef start(x): pass\nstart.__defaults__ = (1,)\n",
        "@repeat(every(5).minutes)\ndef start(x): pass\nwith_defaults(start)\n",
        "@repeat(every(5).minutes)\ndef start(x): pass\nfor each in [start]: each.__defaults__ = (1,)\n",
        "@repeat(every(5).minutes)\ndef start(x): pass\nmatch other:\n    case start: pass\n",
        "@repeat(every(5).minutes)\ndef start(x): pass\nmatch other:\n    case [*start]: pass\n",
        "@repeat(every(5).minutes)\ndef start(x): pass\ntry: other()\nexcept OSError as start: pass\n",
        "@repeat(every(5).minutes, *many)\ndef start(x): pass\n",
        "@repeat(every(minutes).minutes)\ndef start(x): pass\n",
        "class Report:\n    def start(self): pass\n\n\n@repeat(every(5).minutes)\ndef begin(): pass\n",
    ],
)
def test_nothing_is_said_where_a_function_may_be_another_one(text: str) -> None:
    assert faults(IMPORT + text) == []


@pytest.mark.parametrize(
    "text",
    [
        "def other(): start(3)\n",
        "def other(): sys.exit()\n",
        "if __name__ == '__main__':\n    sys.exit(start(3))\n",
    ],
)
def test_who_calls_a_function_or_ends_the_run_elsewhere_changes_nothing(text: str) -> None:
    (fault,) = faults(f"{IMPORT}@repeat(every(5).minutes)\ndef start(x): pass\n{text}")

    assert "asks for 'x', which nothing gives it" in fault


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("@repeat(every(5).minutes)\ndef start(): pass\n", {"repeat": 1, "every": 1}),
        (f"{IMPORT}\n@repeat(after('other'))\ndef start(): pass\n", {"after": 3}),
        ("import task_scheduler.decorators as d\n@d.repeat(every(5).minutes)\ndef start(): pass\n", {"every": 2}),
        ("@repeat\ndef start(): pass\n", {"repeat": 1}),
        ("@repeat\ndef start(): sys.exit()\n", {"repeat": 1}),
    ],
)
def test_a_name_that_nothing_binds_is_told_once(text: str, lines: dict[str, int]) -> None:
    found = read(text).problems

    assert [(problem.message, problem.line) for problem in found if "not imported" in problem.message] == [
        (f"{name!r} is not imported: write from task_scheduler.decorators import {name}", line)
        for name, line in lines.items()
    ]


@pytest.mark.parametrize(
    "text",
    [
        "from other import *\n@repeat(every(5).minutes)\ndef start(): pass\n",
        "from other import repeat, every\n@repeat(every(5).minutes)\ndef start(): pass\n",
        "def repeat(x): return x\nevery = 1\n@repeat(every)\ndef start(): pass\n",
        "globals().update(load())\n@repeat(every(5).minutes)\ndef start(): pass\n",
        "locals().update(load())\n@repeat(every(5).minutes)\ndef start(): pass\n",
        "sys.modules[__name__].__dict__.update(load())\n@repeat(every(5).minutes)\ndef start(): pass\n",
        "match load():\n    case {'every': every, **repeat}: pass\n@repeat(every(5).minutes)\ndef start(): pass\n",
        "import sys\nif True: sys.exit()\n@repeat(every(5).minutes)\ndef start(): pass\n",
        "raise SystemExit\n@repeat(every(5).minutes)\ndef start(): pass\n",
        "from task_scheduler import Skip\nraise Skip('no')\n@repeat(every(5).minutes)\ndef start(): pass\n",
        "os.execv(PROGRAM, [])\n@repeat(every(5).minutes)\ndef start(): pass\n",
        "@other.repeat(after_all())\ndef start(): pass\n",
        "@other(3)\ndef start(): pass\n",
    ],
)
def test_a_name_that_may_be_bound_is_nobodys_mistake(text: str) -> None:
    assert faults(text) == []
