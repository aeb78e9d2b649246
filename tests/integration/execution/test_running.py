"""What a task file finds when it runs in a host, and how its end is told."""

from __future__ import annotations

import ast
import asyncio
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from task_scheduler.core.requests import ExecutionProfile, Finished, Started
from task_scheduler.core.runs import ErrorSummary
from tests.integration.execution.project import EITHER_START_METHOD, Project, until

pytestmark = EITHER_START_METHOD


def test_a_file_runs_and_its_facts_are_told(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request("import sys\nprint('out')\nprint('err', file=sys.stderr)\n"))
            exit_ = await scheduler.exit_of(attempt)

            assert [type(report) for report in scheduler.reports] == [Started, Finished]
            assert (exit_.exit_code, exit_.signal, exit_.stopped_for, exit_.error) == (0, None, None, None)
            assert project.texts(attempt, "stdout") == ["out"]
            assert project.texts(attempt, "stderr") == ["err"]
            assert exit_.output_bytes == 8
            assert exit_.output_dropped == exit_.left_behind == 0
            assert exit_.started_at is not None
            assert exit_.ended_at is not None
            assert exit_.started_at <= exit_.ended_at
            assert exit_.duration is not None
            assert 0 < exit_.duration < 20

    asyncio.run(scenario())


def test_cpu_time_and_peak_memory_are_those_of_the_attempt(project: Project) -> None:
    source = "import time\nheld = b'x' * 60_000_000\nwhile time.process_time() < 0.2: pass\n"

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            exit_ = await scheduler.run(source)

            assert exit_.cpu_seconds is not None
            assert 0.2 <= exit_.cpu_seconds < 5
            assert exit_.peak_memory is not None
            assert 55_000_000 < exit_.peak_memory < 80_000_000

    asyncio.run(scenario())


def test_a_function_is_called_with_its_arguments(project: Project) -> None:
    source = "def start(a, b=0):\n    print(__name__, a, b)\n"

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            request = project.request(
                source, task_id="sales/daily", function="start", arguments="(('x',), {'b': [1, 2]})"
            )
            await scheduler.exit_of(scheduler.launch(request))

            assert (project.outputs / request.output).read_text().endswith("F tasks.sales.daily x [1, 2]\n")

    asyncio.run(scenario())


def test_a_coroutine_function_is_run_to_its_end(project: Project) -> None:
    source = "import asyncio\nasync def start():\n    await asyncio.sleep(0)\n    print('awaited')\n"

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request(source, function="start"))
            await scheduler.exit_of(attempt)

            assert project.texts(attempt) == ["awaited"]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("source", "exit_code", "signal", "stderr"),
    [
        ("import sys; sys.exit()", 0, None, []),
        ("import sys; sys.exit(3)", 3, None, []),
        ("import sys; sys.exit(259)", 3, None, []),
        ("import sys; sys.exit('no funds')", 1, None, ["no funds"]),
        ("import os; os._exit(7)", 7, None, []),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", None, 15, []),
        ("import os; os.abort()", None, 6, []),
    ],
)
def test_the_end_is_told_as_it_was(
    project: Project, source: str, exit_code: int | None, signal: int | None, stderr: list[str]
) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request(source))
            exit_ = await scheduler.exit_of(attempt)

            assert (exit_.exit_code, exit_.signal) == (exit_code, signal)
            assert project.texts(attempt, "stderr") == stderr

    asyncio.run(scenario())


def test_an_exception_is_told_with_its_place_and_a_traceback_from_the_task_on(project: Project) -> None:
    source = "import json\n\ndef start():\n    json.loads('{')\n"

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request(source, function="start"))
            exit_ = await scheduler.exit_of(attempt)
            printed = project.texts(attempt, "stderr")

            assert exit_.exit_code == 1
            assert exit_.error == ErrorSummary(
                kind="json.decoder.JSONDecodeError",
                message="Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
                place="tasks/report.py:4 in start",
                bases=("ValueError", "Exception", "BaseException"),
            )
            assert printed[0] == "Traceback (most recent call last):"
            assert printed[1] == f'  File "{project.tasks}/report.py", line 4, in start'
            assert printed[2] == "    json.loads('{')"
            assert not [line for line in printed if "task_scheduler" in line]

    asyncio.run(scenario())


def test_a_traceback_shows_the_admitted_text_when_the_file_has_changed(project: Project) -> None:
    (project.tasks / "report.py").write_text("another_text = 1\n")

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request("this_was_admitted = 1 / 0\n"))
            await scheduler.exit_of(attempt)

            assert "    this_was_admitted = 1 / 0" in project.texts(attempt, "stderr")

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("source", "function", "error"),
    [
        (
            "x = 1\n",
            "start",
            ErrorSummary(kind="MissingFunction", message="tasks/report.py defines no function 'start'", place=""),
        ),
        ("def f(:\n", None, ErrorSummary(kind="SyntaxError", message="", place="tasks/report.py:1")),
        (
            "class Trouble(Exception): pass\nraise Trouble('a' * 5000)\n",
            None,
            ErrorSummary(kind="Trouble", message="a" * 2000, place="tasks/report.py:2"),
        ),
    ],
)
def test_what_was_raised_is_summed_up(project: Project, source: str, function: str | None, error: ErrorSummary) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            exit_ = await scheduler.run(source, function=function)

            assert exit_.error is not None
            assert (exit_.error.kind, exit_.error.place) == (error.kind, error.place)
            assert exit_.error.message == (error.message or exit_.error.message)

    asyncio.run(scenario())


def test_a_source_that_is_gone_is_a_failure_that_says_so(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            request = project.request("print('never')")
            (project.sources / request.digest).unlink()
            exit_ = await scheduler.exit_of(scheduler.launch(request))

            assert exit_.exit_code == 1
            assert exit_.error is not None
            assert "the admitted source is gone" in exit_.error.message

    asyncio.run(scenario())


FACTS = """
import json, os, resource, signal, sys
print(json.dumps({
    "argv": sys.argv,
    "cwd": os.getcwd(),
    "descriptors": [fd for fd in range(64) if os.path.exists(f"/proc/self/fd/{fd}")],
    "file": __file__,
    "name": __name__,
    "main": sys.modules["__main__"].__dict__ is globals(),
    "own_session": os.getsid(0) == os.getpid(),
    "path": sys.path,
    "oom": open("/proc/self/oom_score_adj").read().strip(),
    "stdin": sys.stdin.read(),
    "term": callable(signal.getsignal(signal.SIGTERM)),
    "seekable": sys.stdout.seekable(),
    "variables": {name: value for name, value in os.environ.items() if name.startswith(("TASK_", "PYTHON", "MINE"))},
}))
"""


def test_a_task_finds_itself_in_its_project_with_nothing_of_the_host(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            request = project.request(
                FACTS,
                scheduled_for=datetime(2026, 11, 22, 14, tzinfo=UTC),
                window_start=datetime(2026, 11, 22, 13, tzinfo=UTC),
                reason="schedule",
                variables={"MINE": "yes"},
            )
            attempt = scheduler.launch(request)
            await scheduler.exit_of(attempt)
            facts = json.loads(project.texts(attempt)[0])

            file = str(project.tasks / "report.py")
            assert facts["argv"] == [file]
            assert facts["file"] == file
            assert facts["name"] == "__main__"
            assert facts["main"] is True
            assert facts["cwd"] == str(project.root)
            assert facts["descriptors"] == [0, 1, 2]
            assert facts["own_session"] is True
            assert facts["stdin"] == ""
            assert facts["term"] is True
            assert facts["seekable"] is False
            assert int(facts["oom"]) >= 300
            assert facts["variables"] == {
                "MINE": "yes",
                "PYTHONPATH": f"{project.root}:{project.lib}",
                "TASK_SCHEDULER_ATTEMPT": "1",
                "TASK_SCHEDULER_FILE": file,
                "TASK_SCHEDULER_LOG_LEVEL": "INFO",
                "TASK_SCHEDULER_ROOT": str(project.root),
                "TASK_SCHEDULER_RUN": "1",
                "TASK_SCHEDULER_SCHEDULED_FOR": "2026-11-22T14:00:00+00:00",
                "TASK_SCHEDULER_SOURCE": str(project.sources / request.digest),
                "TASK_SCHEDULER_STOP_NOTE": str(project.marker(scheduler, attempt).with_suffix(".stop")),
                "TASK_SCHEDULER_TASK": "report",
                "TASK_SCHEDULER_REASON": "schedule",
                "TASK_SCHEDULER_TITLE": "Report",
                "TASK_SCHEDULER_WINDOW_END": "2026-11-22T14:00:00+00:00",
                "TASK_SCHEDULER_WINDOW_START": "2026-11-22T13:00:00+00:00",
            }
            stdlib = next(place for place, path in enumerate(facts["path"]) if path.endswith("lib-dynload"))
            packages = next(place for place, path in enumerate(facts["path"]) if path.endswith("site-packages"))
            assert stdlib < facts["path"].index(str(project.root)) < packages
            assert facts["path"].index(str(project.lib)) < packages
            assert facts["path"][-1] == str(project.tasks)

    asyncio.run(scenario())


def test_an_attempt_holds_no_descriptor_of_its_neighbours(project: Project) -> None:
    waiting = "import os, time\nprint('began')\nwhile not os.path.exists('go'): time.sleep(0.01)\n"

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            neighbours = [scheduler.launch(project.request(waiting)) for _ in range(8)]
            await until(lambda: all(project.texts(neighbour) for neighbour in neighbours), "all neighbours")
            attempt = scheduler.launch(project.request("import os; print(sorted(os.listdir('/proc/self/fd'))[:-1])"))
            await scheduler.exit_of(attempt)
            (project.root / "go").touch()

            assert project.texts(attempt) == ["['0', '1', '2']"]

    asyncio.run(scenario())


def test_variables_of_one_attempt_do_not_reach_the_next(project: Project) -> None:
    source = "import os; print(os.environ.get('MINE'))"

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            await scheduler.run(source, variables={"MINE": "yes"})
            second = scheduler.launch(project.request(source))
            await scheduler.exit_of(second)

            assert project.texts(second) == ["None"]

    asyncio.run(scenario())


def test_a_variable_that_one_attempt_replaced_is_as_before_for_the_next(project: Project) -> None:
    source = "import os; print(os.environ['PATH'])"

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            first = scheduler.launch(project.request(source))
            await scheduler.exit_of(first)
            await scheduler.run(source, variables={"PATH": "/nowhere"})
            third = scheduler.launch(project.request(source))
            await scheduler.exit_of(third)

            assert project.texts(third) == project.texts(first)

    asyncio.run(scenario())


def test_the_time_zone_of_a_task_is_that_of_its_variables(project: Project) -> None:
    source = "import time; print(time.localtime(0).tm_hour)"

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request(source, variables={"TZ": "UTC-5"}))
            await scheduler.exit_of(attempt)

            assert project.texts(attempt) == ["5"]

    asyncio.run(scenario())


def test_a_task_hides_no_module_of_the_standard_library(project: Project) -> None:
    (project.tasks / "calendar.py").write_text("raise RuntimeError('the wrong calendar')\n")

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            exit_ = await scheduler.run("import calendar; calendar.monthrange(2026, 2)")

            assert exit_.exit_code == 0

    asyncio.run(scenario())


def test_an_edit_of_a_local_module_within_the_same_second_is_seen(project: Project) -> None:
    helper = project.root / "helpers" / "__init__.py"
    helper.parent.mkdir()
    seen: list[str] = []

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            for text in ("one", "two", "six"):
                helper.write_text(f"word = {text!r}\n")
                os.utime(helper, ns=(0, 1_700_000_000_000_000_000 + len(seen) * 1_000_000))
                attempt = scheduler.launch(project.request("from helpers import word; print(word)"))
                await scheduler.exit_of(attempt)
                seen.extend(project.texts(attempt))

    asyncio.run(scenario())

    assert seen == ["one", "two", "six"]


def test_files_left_open_are_written_and_exit_handlers_run(project: Project) -> None:
    source = (
        "import atexit, threading, time\n"
        "kept = open('kept.txt', 'w')\n"
        "kept.write('written')\n"
        "class Last:\n    def __del__(self): print('finalized')\n"
        "last = Last()\n"
        "atexit.register(print, 'at exit')\n"
        "threading.Thread(target=lambda: (time.sleep(0.05), print('thread'))).start()\n"
        "print('no newline', end='')\n"
    )

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request(source))
            await scheduler.exit_of(attempt)

            assert (project.root / "kept.txt").read_text() == "written"
            assert "".join(project.texts(attempt)) == "no newlinethreadat exitfinalized"

    asyncio.run(scenario())


@pytest.mark.slow
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.parametrize("function", ["start", None])
def test_multiprocessing_works(project: Project, method: str, function: str | None) -> None:
    source = (
        "import multiprocessing\n"
        "def square(number): return number * number\n"
        "def start():\n"
        f"    with multiprocessing.get_context({method!r}).Pool(2) as pool:\n"
        "        print(pool.map(square, [1, 2, 3]))\n"
        "if __name__ == '__main__': start()\n"
    )
    (project.tasks / "report.py").write_text(source)

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request(source, function=function))
            exit_ = await scheduler.exit_of(attempt)

            assert project.texts(attempt) == ["[1, 4, 9]"], project.texts(attempt, "stderr")
            assert exit_.exit_code == 0

    asyncio.run(scenario())


def test_two_attempts_draw_different_random_numbers(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            drawn = []
            for _ in range(2):
                attempt = scheduler.launch(project.request("import random; print(random.random())"))
                await scheduler.exit_of(attempt)
                drawn.extend(project.texts(attempt))

            assert len(set(drawn)) == 2

    asyncio.run(scenario())


def test_nothing_of_an_attempt_stays_in_the_next(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            await scheduler.run("import sys, os; sys.leak = 1; os.chdir('/'); import calendar")
            attempt = scheduler.launch(
                project.request("import sys, os; print(hasattr(sys, 'leak'), os.getcwd(), 'calendar' in sys.modules)")
            )
            await scheduler.exit_of(attempt)

            assert project.texts(attempt) == [f"False {project.root} False"]

    asyncio.run(scenario())


@pytest.mark.slow
def test_a_hundred_at_once_all_run_once(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempts = [scheduler.launch(project.request("print('here')")) for _ in range(100)]
            for attempt in attempts:
                assert (await scheduler.exit_of(attempt)).exit_code == 0

            assert all(project.texts(attempt) == ["here"] for attempt in attempts)
            assert all(len(scheduler.ends(attempt)) == 1 for attempt in attempts)

    asyncio.run(scenario())


def test_markers_go_when_the_end_is_committed_and_not_before(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request("1 / 0"))
            await scheduler.exit_of(attempt)
            folder = project.marker(scheduler, attempt).parent

            assert project.marker(scheduler, attempt).exists()

            scheduler.executor.forget([attempt])

            own = {"host.json", "host.log", "preload.json", "settings.json", "socket"}
            assert {entry.name for entry in folder.iterdir()} == own

    asyncio.run(scenario())


def test_the_same_attempt_never_runs_twice(project: Project) -> None:
    source = "open('ran.txt', 'a').write('x')"

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            request = project.request(source)
            scheduler.launch(request)
            scheduler.launch(request)
            await scheduler.exit_of(request.id)
            scheduler.executor.forget([request.id])
            scheduler.executor.launch(request, scheduler.placements[request.id])
            await scheduler.run("pass")

            assert (project.root / "ran.txt").read_text() == "x"

    asyncio.run(scenario())


def test_an_interpreter_that_cannot_be_run_is_no_start(project: Project) -> None:
    project.interpreter = Path("/nowhere/python")

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            end = await scheduler.end_of(scheduler.launch(project.request("pass")))

            assert not isinstance(end, Finished)
            assert "could not be started" in getattr(end, "reason", "")

    asyncio.run(scenario())


def test_deep_folders_are_no_obstacle(tmp_path: Path, project: Project) -> None:
    project.run_folder = project.run_folder / "a-name-of-thirty-two-characters-" / ("x" * 100) / ("y" * 100)

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            assert (await scheduler.run("pass")).exit_code == 0

    asyncio.run(scenario())


def test_old_pythons_can_host(project: Project) -> None:
    """The modules of a host's side are read by the oldest Python an environment may have."""
    folder = Path(sys.modules["task_scheduler.execution"].__file__ or "").parent
    import ast

    own = (
        *("host", "serving", "beginning", "endings", "conversation", "newcomers", "poller", "hosted", "capture"),
        *("preload", "interpreter", "programs", "fresh", "child", "spawned", "spawned_file"),
        *("parentage", "faults", "markers", "processes", "complaints", "../local_imports", "../bare_frontmatter"),
        *("telling", "words", "raised", "stopping", "winding_up", "../this_run", "../json_values"),
        *("parameters", "confinement"),
    )
    for name in own:
        ast.parse((folder / f"{name}.py").read_text(), feature_version=(3, 8))


@pytest.mark.slow
def test_a_host_ends_when_it_is_idle(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler(idle_after=0.2) as scheduler:
            attempt = scheduler.launch(project.request("pass"))
            await scheduler.exit_of(attempt)
            scheduler.executor.forget([attempt])
            folder = project.marker(scheduler, attempt).parent

            await until(lambda: not folder.exists(), "the host to leave")

            assert not scheduler.host_of(attempt).is_alive()
            assert project.said == []

    asyncio.run(scenario())


def test_a_list_of_processes_tells_hosts_apart_in_a_line(project: Project) -> None:
    source = "import os\nprint(open(f'/proc/{os.getppid()}/cmdline').read().split(chr(0))[1:-1])\n"

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            profile = ExecutionProfile(environment="0123456789abcdef", preload=("json.tool", "sqlite3"))
            attempt = scheduler.launch(project.request(source, profile=profile))
            await scheduler.exit_of(attempt)
            folder = project.marker(scheduler, attempt).parent

            isolated, program, told, label = ast.literal_eval(project.texts(attempt)[0])
            assert (isolated, Path(program).name, told, label) == ("-I", "host.py", str(folder), "01234567")
            assert (folder / "settings.json").stat().st_mode & 0o777 == 0o600

    asyncio.run(scenario())
