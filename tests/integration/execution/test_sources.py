"""What a task is given and finds: bare frontmatter, command-line arguments, and the modules around it."""

from __future__ import annotations

import asyncio
import os

import pytest

from task_scheduler.core.runs import ErrorSummary
from tests.integration.execution.project import EITHER_START_METHOD, Project

pytestmark = EITHER_START_METHOD

BARE = "---\ntitle: Report\ndependencies: []\n---\n"


def _said(project: Project, source: str, **wanted: object) -> list[str]:
    """Return the lines a task wrote to its standard output; fail with those of the other when it wrote none."""

    async def scenario() -> list[str]:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request(source, **wanted))  # type: ignore[arg-type]
            await scheduler.exit_of(attempt)
            return project.texts(attempt) or project.texts(attempt, "stderr")

    return asyncio.run(scenario())


# --- bare frontmatter -------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", ["start", None])
@pytest.mark.parametrize("before", ["", "\ufeff", "#!/usr/bin/env python3\n# a comment\n\n"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_file_with_bare_frontmatter_runs(project: Project, function: str | None, before: str, newline: str) -> None:
    source = before + BARE + "def start():\n    print('here', __name__)\nif __name__ == '__main__': start()\n"
    name = "__main__" if function is None else "tasks.report"

    assert _said(project, source.replace("\n", newline), function=function) == [f"here {name}"]


@pytest.mark.parametrize("padding", [0, 70_000])
def test_its_traceback_has_the_lines_of_the_file(project: Project, padding: int) -> None:
    source = BARE + "def start():\n    this_fails = 1 / 0\n#" + "x" * padding

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request(source, function="start"))
            exit_ = await scheduler.exit_of(attempt)
            printed = project.texts(attempt, "stderr")

            assert exit_.error == ErrorSummary(
                kind="ZeroDivisionError",
                message="division by zero",
                place="tasks/report.py:6 in start",
                bases=("ArithmeticError", "Exception", "BaseException"),
            )
            assert printed[1:3] == [f'  File "{project.tasks}/report.py", line 6, in start', "    this_fails = 1 / 0"]

    asyncio.run(scenario())


def test_an_error_of_its_syntax_has_the_line_of_the_file(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            exit_ = await scheduler.run(BARE + "def f(:\n")

            assert exit_.error is not None
            assert (exit_.error.kind, exit_.error.place) == ("SyntaxError", "tasks/report.py:5")

    asyncio.run(scenario())


def test_inspect_finds_its_source(project: Project) -> None:
    source = BARE + "import inspect\ndef start():\n    print(inspect.getsource(start).splitlines()[0])\n"
    (project.tasks / "report.py").write_text(source)

    assert _said(project, source, function="start") == ["def start():"]


def test_another_task_with_bare_frontmatter_can_be_imported_and_is_never_stale(project: Project) -> None:
    other = project.tasks / "other.py"
    source = (
        "import inspect, traceback\n"
        "from tasks import other\n"
        "print(other.WORD, inspect.getsource(other.fail).splitlines()[0], inspect.getsource(other).splitlines()[0])\n"
        "try: other.fail()\n"
        "except ZeroDivisionError as error: print(*traceback.format_tb(error.__traceback__)[-1].splitlines()[:2])\n"
    )
    seen: list[list[str]] = []
    for word in ("one", "one", "two"):
        other.write_text(BARE + f"WORD = {word!r}\ndef fail():\n    return 1 / 0\n")
        os.utime(other, ns=(0, 1_700_000_000_000_000_000 + len(seen) // 2))
        seen.append(_said(project, source))

    place = f'  File "{other}", line 7, in fail     return 1 / 0'
    assert seen == [[f"{word} def fail(): ---", place] for word in ("one", "one", "two")]
    assert list((project.tasks / "__pycache__").glob("other.*.pyc"))


@pytest.mark.slow
@pytest.mark.parametrize("method", ["spawn", "forkserver"])
@pytest.mark.parametrize("function", ["start", None])
def test_multiprocessing_works_in_it(project: Project, method: str, function: str | None) -> None:
    (project.tasks / "other.py").write_text(BARE + "def square(number): return number * number\n")
    source = BARE + (
        "import multiprocessing, sys\n"
        "def work(number):\n"
        "    from tasks.other import square\n"
        "    return square(number), sys.argv[1:]\n"
        "def start():\n"
        f"    with multiprocessing.get_context({method!r}).Pool(1) as pool:\n"
        "        print(pool.map(work, [3]))\n"
        "if __name__ == '__main__': start()\n"
    )
    (project.tasks / "report.py").write_text("raise RuntimeError('the file, and not what was admitted')\n")

    assert _said(project, source, function=function, argv=("x",)) == ["[(9, ['x'])]"]


# --- command-line arguments -------------------------------------------------------------------------------


@pytest.mark.parametrize("function", ["start", None])
def test_command_line_arguments_follow_the_path_of_the_file(project: Project, function: str | None) -> None:
    source = "import sys\ndef start(): print(ascii(sys.argv))\nif __name__ == '__main__': start()\n"
    argv = ("--since", "2026-11-01", "", "ä b\n", "\udcff")

    said = _said(project, source, function=function, argv=argv)

    assert said == [ascii([str(project.tasks / "report.py"), *argv])]


def test_arguments_of_one_attempt_do_not_reach_the_next(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            await scheduler.run("pass", argv=("--all",))
            attempt = scheduler.launch(project.request("import sys; print(sys.argv[1:])"))
            await scheduler.exit_of(attempt)

            assert project.texts(attempt) == ["[]"]

    asyncio.run(scenario())


# --- the modules around it --------------------------------------------------------------------------------


@pytest.mark.parametrize("function", ["start", None])
def test_a_task_in_a_folder_imports_what_lies_beside_it_and_in_the_folder_of_tasks(
    project: Project, function: str | None
) -> None:
    (project.tasks / "reports").mkdir()
    (project.tasks / "reports" / "neighbour.py").write_text("NAME = 'neighbour'\n")
    (project.tasks / "lib.py").write_text(BARE + "NAME = 'lib'\n")
    (project.tasks / "both.py").write_text("NAME = 'of all'\n")
    (project.tasks / "reports" / "both.py").write_text("NAME = 'beside'\n")
    source = (
        "import both, lib, neighbour\n"
        "from tasks import lib as again\n"
        "def start(): print(lib.NAME, again.NAME, neighbour.NAME, both.NAME)\n"
        "if __name__ == '__main__': start()\n"
    )

    said = _said(project, source, task_id="reports/daily", function=function)

    assert said == ["lib lib neighbour beside"]


def test_what_lies_in_the_folder_of_tasks_hides_no_module_of_the_standard_library(project: Project) -> None:
    (project.tasks / "reports").mkdir()
    (project.tasks / "calendar.py").write_text("raise RuntimeError('the wrong calendar')\n")

    said = _said(project, "import calendar, sys; print(sys.path[-2:])", task_id="reports/daily")

    assert said == [repr([str(project.tasks / "reports"), str(project.tasks)])]


def test_the_folder_of_one_task_is_not_on_the_search_path_of_the_next(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            await scheduler.run("pass", task_id="reports/daily")
            attempt = scheduler.launch(project.request("import sys; print(*sys.path, sep='\\n')"))
            await scheduler.exit_of(attempt)

            assert str(project.tasks) in project.texts(attempt)
            assert str(project.tasks / "reports") not in project.texts(attempt)

    asyncio.run(scenario())


def test_tasks_may_lie_outside_the_project(project: Project, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "lib.py").write_text(BARE + "NAME = 'lib'\n")

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            request = project.request("import lib; print(lib.NAME)", path=f"{elsewhere}/report.py")
            attempt = scheduler.launch(request)
            await scheduler.exit_of(attempt)

            assert project.texts(attempt) == ["lib"]

    asyncio.run(scenario())
