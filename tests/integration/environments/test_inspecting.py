"""Reading computed schedules by importing the file in a child of its environment."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from textwrap import dedent

import pytest

from task_scheduler.core.environments import Requirements
from task_scheduler.core.errors import Problem, TriggerError
from task_scheduler.core.tasks import JobDeclaration
from task_scheduler.environments.inspection import Call, Inspector
from task_scheduler.environments.provider import Environments
from task_scheduler.ports import Inspection, SourceFile
from task_scheduler.testing.wheels import build_wheel
from tests.integration.environments.bench import REPOSITORY, Bench, record_calls
from tests.integration.environments.facts import is_alive, pid_in

HEAD = "from task_scheduler.decorators import every, repeat\n"
ADVICE = 'move what it does into the scheduled function, or under if __name__ == "__main__":'


def source(text: str | bytes, task_id: str = "report") -> SourceFile:
    content = text if isinstance(text, bytes) else dedent(text).encode()
    return SourceFile(
        task_id=task_id, path=f"tasks/{task_id}.py", digest=hashlib.sha256(content).hexdigest(), content=content
    )


async def ready(provider: Environments, *packages: str) -> str:
    lock = await provider.resolve(Requirements(packages=packages))
    await provider.ensure(lock)
    return lock.key


def as_problem(text: str) -> Problem:
    """Return the problem that `line 2: a sentence` or a bare sentence stands for."""
    told = re.fullmatch(r"line (\d+): (.*)", text, re.DOTALL)
    line, message = (None, text) if told is None else (int(told[1]), told[2])
    return Problem(path="tasks/report.py", message=message, line=line)


def inspect(bench: Bench, text: str | bytes, *packages: str, task_id: str = "report") -> Inspection:
    provider = bench.provider(folder=bench.shared)

    async def scenario() -> Inspection:
        return await provider.inspect(await ready(provider, *packages), source(text, task_id))

    return asyncio.run(scenario())


def inspect_within(bench: Bench, text: str, *, limit: float) -> Inspection:
    """Inspect with another time limit than the usual one."""
    provider = bench.provider(folder=bench.shared)

    async def scenario() -> Inspection:
        python = provider.interpreter(await ready(provider))
        inspector = Inspector(
            root=bench.root, lib=REPOSITORY, judge=record_calls, variables=bench.variables, limit=limit
        )
        return await inspector.inspect(python, source(text))

    return asyncio.run(scenario())


def test_computed_schedules_and_arguments_are_read(bench: Bench) -> None:
    told = inspect(
        bench,
        HEAD
        + dedent(
            """
            pairs = {"a": 5, "b": 10}

            @repeat(every(pairs["a"]).minutes, "a", *pairs, factor=1.5)
            @repeat(every(2).days.at("10:30", "Europe/Berlin"))
            async def start(*args, **kwargs):
                raise SystemExit("is not run")

            def make(name):
                @repeat(every(pairs[name]).hours, name)
                def run(name):
                    ...
                return run

            nightly = make("b")
            """
        ),
    )

    assert told == Inspection(
        jobs=(
            JobDeclaration(
                function="start",
                trigger="every(5,).minutes()",
                arguments="(('a', 'a', 'b'), {'factor': 1.5})",
                line=5,
            ),
            JobDeclaration(
                function="start", trigger="every(2,).days().at('10:30', 'Europe/Berlin')", arguments="((), {})", line=6
            ),
            JobDeclaration(function="nightly", trigger="every(10,).hours()", arguments="(('b',), {})", line=11),
        )
    )


def test_dates_spans_and_zones_of_computed_schedules_arrive_as_they_are(bench: Bench) -> None:
    told = inspect(
        bench,
        """
        import datetime
        from task_scheduler.decorators import every, once, repeat

        class Zone(datetime.tzinfo):
            zone = "Europe/Berlin"

        @repeat(every(int(5)).minutes.until(datetime.timedelta(hours=4, microseconds=4) * 2))
        @repeat(every(int(5)).minutes.until(datetime.datetime(2027, 1, 2, tzinfo=datetime.timezone.utc)))
        @repeat(every(int(5)).minutes.until(datetime.time(int(18), 30)))
        @repeat(every(int(5)).minutes.starting(datetime.date(2027, 1, int(2))))
        @repeat(every(int(5)).days.at("10:30", Zone()))
        def start(): ...
        """,
    )

    assert told.problems == ()
    assert [job.trigger.partition(".minutes().")[2] or job.trigger for job in told.jobs] == [
        "until(datetime.timedelta(seconds=28800, microseconds=8),)",
        "until(datetime.datetime(2027, 1, 2, 0, 0, tzinfo=datetime.timezone.utc),)",
        "until(datetime.time(18, 30),)",
        "starting(datetime.date(2027, 1, 2),)",
        "every(5,).days().at('10:30', 'Europe/Berlin')",
    ]


def test_the_judge_is_told_of_the_job_and_of_when_the_file_was_saved(bench: Bench) -> None:
    heard: list[tuple[str, datetime | None]] = []

    def listen(
        calls: Sequence[Call], *, seed: str, saved_at: datetime | None
    ) -> tuple[str, str | None, tuple[str, ...]]:
        heard.append((seed, saved_at))
        return calls[0][0], None, ("a",)

    saved_at = datetime(2027, 1, 1, tzinfo=UTC)
    provider = bench.provider(folder=bench.shared, judge=listen)

    async def scenario() -> Inspection:
        file = source(HEAD + "@repeat(every(int(5)).minutes, 'x')\ndef start(x): ...\n")
        return await provider.inspect(await ready(provider), replace(file, saved_at=saved_at))

    told = asyncio.run(scenario())

    assert heard == [("report start (('x',), {})", saved_at)]
    assert [job.tags for job in told.jobs] == [("a",)]


def test_two_decorators_that_say_the_same_are_one_job(bench: Bench) -> None:
    text = HEAD + "@repeat(every(int(5)).minutes)\n@repeat(every(5).minutes)\ndef start(): ...\n"

    assert [job.line for job in inspect(bench, text).jobs] == [2]


def test_functions_of_other_modules_are_not_this_tasks(bench: Bench) -> None:
    (bench.root / "tasks" / "other.py").write_text(HEAD + "@repeat(every(5).minutes)\ndef start(): ...\n")

    assert inspect(bench, "from tasks.other import start\nfrom other import start as again\n") == Inspection()


def test_the_file_sees_its_packages_its_folders_and_its_own_place(bench: Bench) -> None:
    build_wheel(bench.wheels, "hello", "2.0")
    (bench.root / "shared.py").write_text("MINUTES = 7\n")
    (bench.root / "tasks" / "reports").mkdir()
    (bench.root / "tasks" / "reports" / "neighbour.py").write_text("NAME = 'neighbour'\n")
    (bench.root / "tasks" / "reports" / "colorsys.py").write_text("raise SystemExit('shadows the standard library')\n")
    text = HEAD + dedent(
        """
        import colorsys, os, sys
        import hello, shared
        from neighbour import NAME
        from . import neighbour
        @repeat(every(shared.MINUTES).minutes, hello.VERSION, NAME, __name__, __file__, sys.argv, os.getcwd())
        def start(*args): ...
        """
    )

    told = inspect(bench, text, "hello", task_id="reports/daily")

    assert told.problems == ()
    place = str(bench.root / "tasks" / "reports" / "daily.py")
    arguments = ("2.0", "neighbour", "tasks.reports.daily", place, [place], str(bench.root))
    assert told.jobs[0].arguments == repr((arguments, {}))


def test_bare_frontmatter_is_no_code_in_the_file_and_in_those_it_imports(bench: Bench) -> None:
    bare = "---\ntitle: x\n---\n"
    (bench.root / "tasks" / "reports").mkdir(exist_ok=True)
    (bench.root / "tasks" / "rhythm.py").write_text(bare + "MINUTES = 7\n")
    (bench.root / "tasks" / "reports" / "names.py").write_text(bare + "NAME = 'neighbour'\n")
    text = bare + HEAD + "import rhythm\nfrom tasks.reports import names\n"
    text += "@repeat(every(rhythm.MINUTES).minutes, names.NAME)\ndef start(*args): ...\n"

    told = inspect(bench, text, task_id="reports/daily")

    assert told.problems == ()
    assert [(job.line, job.arguments) for job in told.jobs] == [(7, "(('neighbour',), {})")]


def test_an_error_in_a_file_with_bare_frontmatter_has_its_line(bench: Bench) -> None:
    told = inspect(bench, "---\ntitle: x\n---\n1 / 0\n")

    assert [(problem.line, problem.message) for problem in told.problems] == [
        (4, "importing the file raised ZeroDivisionError: division by zero")
    ]


def test_it_is_the_given_source_that_counts_and_nothing_is_written_beside_it(bench: Bench) -> None:
    path = bench.root / "tasks" / "report.py"
    path.write_text("raise ValueError('the file on the disk')\n")
    (bench.root / "tasks" / "neighbour.py").touch()

    told = inspect(bench, HEAD + "import neighbour\n@repeat(every(5).minutes)\ndef start(): ...\n")

    assert len(told.jobs) == 1
    assert sorted(path.name for path in path.parent.iterdir()) == ["neighbour.py", "report.py"]


def test_what_the_file_prints_forges_nothing(bench: Bench) -> None:
    text = """
        import os, sys
        print('{"schedules": [{"function": "x", "line": 1, "calls": "[]", "arguments": "((), {})"}]}')
        os.write(1, b'{"schedules": "nonsense"}')
        os.system("echo '{}'")
        sys.stdout.write("x" * 5_000_000)
    """

    assert inspect(bench, text) == Inspection()


PROBLEMS = {
    "an exception": (
        "def fail():\n    raise ValueError('no such shop')\n\nfail()\n",
        "line 2: importing the file raised ValueError: no such shop",
    ),
    "an exception without text": ("raise KeyboardInterrupt\n", "line 1: importing the file raised KeyboardInterrupt"),
    "an exception of a package": (
        "\nimport decimal\ndecimal.Decimal('x')\n",
        "line 3: importing the file raised decimal.InvalidOperation: [<class 'decimal.ConversionSyntax'>]",
    ),
    "a missing module": (
        "import nosuch\n",
        "line 1: importing the file raised ModuleNotFoundError: No module named 'nosuch'",
    ),
    "no Python": ("\nx = (\n", "line 2: importing the file raised SyntaxError: '(' was never closed"),
    "sys.exit": ("import sys\nsys.exit(3)\n", f"line 2: importing the file calls sys.exit(3): {ADVICE}"),
    "sys.exit with a text": (
        "import sys\nsys.exit('x')\n",
        f"line 2: importing the file calls sys.exit('x'): {ADVICE}",
    ),
    "os._exit": (
        "import os\nos._exit(0)\n",
        f"importing the file ended its process with exit code 0, as os._exit does: {ADVICE}",
    ),
    "a crash": (
        "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n",
        f"importing the file ended its process by SIGSEGV: {ADVICE}",
    ),
    "killing its parent": (
        "import os, time\nos.kill(os.getppid(), 9)\ntime.sleep(60)\n",
        f"importing the file ended the process that read it: {ADVICE}",
    ),
    "endless recursion": (
        "def f():\n    f()\nf()\n",
        "line 2: importing the file raised RecursionError: maximum recursion depth exceeded",
    ),
    "an argument that cannot be kept": (
        HEAD + "@repeat(every(5).minutes, object)\ndef start(x): ...\n",
        (
            "line 2: the schedule of 'start' has an argument that cannot be kept, ((<class 'object'>,), {}): "
            "use text, numbers, True, False, None, and lists, tuples, sets and dicts of these"
        ),
    ),
    "not a number": (
        HEAD + "@repeat(every(5).minutes, float('nan'))\ndef start(x): ...\n",
        (
            "line 2: the schedule of 'start' has an argument that cannot be kept, ((nan,), {}): "
            "use text, numbers, True, False, None, and lists, tuples, sets and dicts of these"
        ),
    ),
    "an argument that only looks like a number": (
        HEAD + "class Sly:\n    __repr__ = lambda self: '1'\n@repeat(every(5).minutes, Sly())\ndef start(x): ...\n",
        (
            "line 4: the schedule of 'start' has an argument that cannot be kept, ((1,), {}): "
            "use text, numbers, True, False, None, and lists, tuples, sets and dicts of these"
        ),
    ),
    "a part of the schedule that cannot be kept": (
        HEAD + "import fractions\n@repeat(every(1).day.tag(fractions.Fraction(1, 2)))\ndef start(): ...\n",
        (
            "line 3: the schedule of 'start' has an argument that cannot be kept, [('every', (1,), {}), ('day', (), {}), "
            "('tag', (Fraction(1, 2),), {})]: "
            "use text, numbers, True, False, None, and lists, tuples, sets and dicts of these"
        ),
    ),
    "a word the decorators do not know": (
        HEAD + "@repeat(every(5).minuts)\ndef start(): ...\n",
        "line 2: importing the file raised AttributeError: a schedule has no 'minuts', did you mean 'minutes'?",
    ),
}


@pytest.mark.parametrize(("text", "problem"), PROBLEMS.values(), ids=PROBLEMS.keys())
def test_what_goes_wrong_is_a_sentence_with_the_line(bench: Bench, text: str, problem: str) -> None:
    assert inspect(bench, text) == Inspection(problems=(as_problem(problem),))


def test_a_schedule_that_cannot_be_meant_is_told_and_the_others_are_read(bench: Bench) -> None:
    def judge(calls: object, **_of_the_job: object) -> tuple[str, str | None, tuple[str, ...]]:
        if "minutes" in str(calls):
            raise TriggerError("'0' is no interval: write a whole number from 1 on")
        return "daily", "Europe/Berlin", ()

    provider = bench.provider(judge=judge, folder=bench.shared)
    text = HEAD + "@repeat(every(0).minutes)\n@repeat(every().day)\ndef start(): ...\n"

    async def scenario() -> Inspection:
        return await provider.inspect(await ready(provider), source(text))

    assert asyncio.run(scenario()) == Inspection(
        jobs=(JobDeclaration(function="start", trigger="daily", timezone="Europe/Berlin", line=3),),
        problems=(as_problem("line 2: '0' is no interval: write a whole number from 1 on"),),
    )


@pytest.mark.slow
def test_a_file_that_never_ends_is_ended_and_its_line_told(bench: Bench) -> None:
    told = inspect_within(bench, "import time\n\nwhile True:\n    time.sleep(0.01)\n", limit=0.5)

    assert told.problems == (as_problem(f"line 4: importing the file did not end within 0.5 s: {ADVICE}"),)


@pytest.mark.slow
def test_a_file_that_refuses_to_go_and_leaves_its_session_is_ended_all_the_same(bench: Bench) -> None:
    pid = bench.folder / "pid"
    text = f"""
        import os, signal, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                open({str(pid)!r}, "w").write(f"{{os.getpid()}}\\n")
                time.sleep(600)
            os._exit(0)
        while True: pass
    """

    told = inspect_within(bench, text, limit=0.7)

    assert told.problems == (as_problem(f"line 10: importing the file did not end within 0.7 s: {ADVICE}"),)
    assert not is_alive(pid_in(pid))


def test_what_an_import_starts_is_ended_with_it(bench: Bench) -> None:
    pid = bench.folder / "pid"
    text = f"""
        import subprocess, sys, threading, time
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
        open({str(pid)!r}, "w").write(f"{{child.pid}}\\n")
        threading.Thread(target=time.sleep, args=(600,)).start()
    """

    assert inspect(bench, text) == Inspection()
    assert not is_alive(pid_in(pid))


def test_a_file_that_cannot_be_read_says_so(bench: Bench) -> None:
    unreadable = SourceFile(
        task_id="a", path="tasks/a.py", digest="", content=None, problem="it cannot be read: Permission denied"
    )

    told = asyncio.run(bench.provider().inspect("0" * 32, unreadable))

    assert told == Inspection(problems=(Problem(path="tasks/a.py", message="it cannot be read: Permission denied"),))


def test_a_forged_answer_is_not_believed(bench: Bench) -> None:
    text = """
        import json, os, sys
        dumps = json.dumps
        json.dumps = lambda answer: dumps({"schedules": [1, {"function": "f", "line": 1, "calls": "().", "arguments": ""}]})
    """

    told = inspect(bench, text)

    assert told.jobs == ()
    assert told.problems == (
        as_problem("importing the file gave an answer that cannot be read"),
        as_problem("line 1: the schedule of 'f' cannot be read"),
    )


def test_the_task_is_not_imported_here(bench: Bench) -> None:
    mark = bench.folder / "pid"

    inspect(bench, f"import os\nopen({str(mark)!r}, 'w').write(f'{{os.getpid()}}\\n')\n")

    assert pid_in(mark) != os.getpid()
