"""How a task's own code ends its attempt: what it returns, tells and asks for, and how it hears that it is to end."""

from __future__ import annotations

import asyncio
import json
import os
import signal

import pytest

from task_scheduler.core.happenings import GONE
from task_scheduler.core.requests import StillRunning, Told
from task_scheduler.core.runs import NOTHING_TOLD, Artifact, AttemptNotes, EndKind, EndRequest, Progress
from tests.integration.execution.project import EITHER_START_METHOD, Project, until

pytestmark = EITHER_START_METHOD

FROM = "from task_scheduler.this_run import *\n"


# --- results ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "result", "refused"),
    [
        ("def start(): return {'rows': (1, 2)}", '{"rows": [1, 2]}', ()),
        ("def start(): return False", "false", ()),
        ("def start(): return None", None, ()),
        ("async def start(): return 'awaited'", '"awaited"', ()),
        (FROM + "def start():\n    result('told')\n    return 'returned'", '"returned"', ()),
        (FROM + "def start():\n    result('told')", '"told"', ()),
        (
            "def start(): return {'all': [{1}]}",
            None,
            ("what start() returned is not kept: ['all'][0] is of type set, which JSON does not know; use sorted(…)",),
        ),
        (
            "def start(): yield 1",
            None,
            ("nothing of start() was run: it is a generator, since it has a `yield`; return a list instead",),
        ),
    ],
)
def test_what_a_function_returns_is_kept_and_decides_nothing(
    project: Project, source: str, result: str | None, refused: tuple[str, ...]
) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            exit_ = await scheduler.run(source, function="start")

            assert exit_.exit_code == 0
            assert (exit_.notes.result, exit_.notes.refused) == (result, refused)

    asyncio.run(scenario())


def test_a_file_that_returns_nothing_tells_nothing_and_leaves_no_file(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request("print('here')"))
            exit_ = await scheduler.exit_of(attempt)
            folder = project.marker(scheduler, attempt).parent

            assert exit_.notes == NOTHING_TOLD
            assert not [file for file in folder.iterdir() if file.suffix in {".words", ".stop"}]

    asyncio.run(scenario())


def test_what_is_left_for_the_host_is_not_believed(project: Project) -> None:
    words = {
        "error": {"kind": 3},
        "end_request": {"kind": "snooze", "reason": "x", "seconds": -5},
        "result": ["no text"],
        "refused": [1, "a sentence"],
    }
    source = (
        "import os, atexit\n"
        "def forge():\n"
        "    path = os.environ['TASK_SCHEDULER_STOP_NOTE'].replace('.stop', '.words')\n"
        f"    open(path, 'w').write({json.dumps(words)!r})\n"
        "atexit.register(forge)\n"
    )

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            exit_ = await scheduler.run(source)

            assert (exit_.exit_code, exit_.error, exit_.end_request) == (0, None, None)
            assert exit_.notes == AttemptNotes(refused=("a sentence",))

    asyncio.run(scenario())


@pytest.mark.parametrize("forgery", ["os.mkfifo(path)", "os.mkdir(path)", "os.symlink('/dev/zero', path)"])
def test_what_is_no_file_of_words_holds_up_nobody(project: Project, forgery: str) -> None:
    source = f"import os\npath = os.environ['TASK_SCHEDULER_STOP_NOTE'].replace('.stop', '.words')\n{forgery}\n"

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            exit_ = await scheduler.run(source)

            assert (exit_.exit_code, exit_.notes) == (0, NOTHING_TOLD)

    asyncio.run(scenario())


# --- telling ----------------------------------------------------------------------------------------------


def test_what_is_told_arrives_while_it_runs_and_with_the_end(project: Project) -> None:
    source = (
        FROM + "import os, time\n"
        "progress(1, 2, 'half')\nmetric('rows', 12)\n"
        "while not os.path.exists('go'): time.sleep(0.01)\n"
        "progress(2, 2)\nartifact('out.txt', 'All')\n"
    )

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request(source))
            await until(lambda: [told for told in scheduler.of(attempt, Told) if told.notes.metrics], "what it tells")
            told = scheduler.of(attempt, Told)[-1].notes
            (project.root / "go").touch()
            exit_ = await scheduler.exit_of(attempt)

            assert told == AttemptNotes(progress=Progress(done=1, total=2, text="half"), metrics={"rows": 12})
            assert exit_.notes == AttemptNotes(
                progress=Progress(done=2, total=2),
                metrics={"rows": 12},
                artifacts=(Artifact(path="out.txt", title="All"),),
            )

    asyncio.run(scenario())


@pytest.mark.slow
def test_what_is_told_is_handed_on_once_a_second_at_most(project: Project) -> None:
    source = "import time\nfor n in range(120):\n    print('::task-scheduler:: progress', n)\n    time.sleep(0.01)\n"

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request(source))
            exit_ = await scheduler.exit_of(attempt)

            assert exit_.duration is not None
            assert 1 <= len(scheduler.of(attempt, Told)) <= exit_.duration + 1
            assert exit_.notes.progress == Progress(done=119)

    asyncio.run(scenario())


def test_the_next_scheduler_hears_what_was_told(project: Project) -> None:
    source = FROM + "import os, time\nprogress(1, 2)\nwhile not os.path.exists('go'): time.sleep(0.01)\n"

    async def scenario() -> None:
        async with project.scheduler() as first:
            attempt = first.launch(project.request(source))
            await until(lambda: first.of(attempt, Told), "what it tells")
        async with project.scheduler() as second:
            [report] = await second.executor.settle(first.open(attempt))
            (project.root / "go").touch()
            exit_ = await second.exit_of(attempt)

            assert isinstance(report, StillRunning)
            assert report.notes == exit_.notes == AttemptNotes(progress=Progress(done=1, total=2))

    asyncio.run(scenario())


def test_a_shell_script_may_tell(project: Project) -> None:
    source = "import subprocess\nsubprocess.run(['sh', '-c', 'echo ::task-scheduler:: progress 40% copied'])\n"

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            exit_ = await scheduler.run(source)

            assert exit_.notes.progress == Progress(done=40, total=100, text="copied")

    asyncio.run(scenario())


@pytest.mark.slow
def test_a_line_that_comes_in_pieces_and_never_ends_is_told(project: Project) -> None:
    source = (
        "import os, time\n"
        "os.write(1, b'::task-sch')\ntime.sleep(0.7)\nos.write(1, b'eduler:: metric ro')\ntime.sleep(0.7)\n"
        "os.write(1, b'ws 12\\n::task-scheduler:: progress 1/2')\n"
    )

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            exit_ = await scheduler.run(source)

            assert exit_.notes == AttemptNotes(progress=Progress(done=1, total=2), metrics={"rows": 12})

    asyncio.run(scenario())


def test_a_result_longer_than_a_line_of_the_output_is_told_whole(project: Project) -> None:
    source = FROM + "result('x' * 99_000)\nprint('::task-scheduler:: result \"' + 'y' * 500_000 + '\"')\n"

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            exit_ = await scheduler.run(source)

            assert exit_.notes.result == '"' + "x" * 99_000 + '"'
            assert exit_.notes.refused == (
                "a line of more than 400,100 bytes is not read; of a result 100,000 characters are kept",
            )

    asyncio.run(scenario())


def test_standard_error_tells_nothing(project: Project) -> None:
    source = "import sys\nprint('::task-scheduler:: progress 1/2', file=sys.stderr)\n"

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            assert (await scheduler.run(source)).notes == NOTHING_TOLD

    asyncio.run(scenario())


# --- what it asks for -------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", ["start", None])
@pytest.mark.parametrize(
    ("request_", "asked", "line"),
    [
        ("Skip('no new files')", EndRequest(kind=EndKind.SKIP, reason="no new files"), "Skip: no new files (…)"),
        ("Skip", EndRequest(kind=EndKind.SKIP), "Skip (…)"),
        (
            "Snooze(90, 'busy')",
            EndRequest(kind=EndKind.SNOOZE, reason="busy", seconds=90.0),
            "Snooze: for 90 s: busy (…)",
        ),
        ("Cancel('two\\nlines')", EndRequest(kind=EndKind.CANCEL, reason="two\nlines"), "Cancel: two lines (…)"),
    ],
)
def test_a_task_may_say_how_it_is_to_be_judged(
    project: Project, request_: str, asked: EndRequest, line: str, function: str | None
) -> None:
    place = "tasks/report.py:2 in start" if function else "tasks/report.py:2"
    source = FROM + (f"def start(): raise {request_}\n" if function else f"raise {request_}\n")

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request(source, function=function))
            exit_ = await scheduler.exit_of(attempt)

            assert (exit_.exit_code, exit_.error, exit_.end_request) == (0, None, asked)
            assert project.texts(attempt, "stderr") == [line.replace("…", place)]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("needs", "asked"),
    [
        (None, None),
        ("tasks/report.csv", None),
        ("tasks/gone.csv", EndRequest(kind=EndKind.SKIP, reason=GONE)),
        ("tasks/report.csv/within", EndRequest(kind=EndKind.SKIP, reason=GONE)),
    ],
)
def test_the_code_is_not_begun_where_the_file_it_is_for_is_gone(
    project: Project, needs: str | None, asked: EndRequest | None
) -> None:
    (project.tasks / "report.csv").write_text("1")

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request("print('begun')", needs=needs))
            exit_ = await scheduler.exit_of(attempt)

            assert (exit_.exit_code, exit_.end_request) == (0, asked)
            assert project.texts(attempt) == (["begun"] if asked is None else [])

    asyncio.run(scenario())


def test_a_file_that_was_moved_is_not_taken_for_the_one_that_has_its_name_and_a_replaced_one_is(
    project: Project,
) -> None:
    (project.root / "inbox").mkdir()
    moved, replaced, rewritten = (project.root / "inbox" / f"{name}.csv" for name in ("moved", "replaced", "rewritten"))
    inodes = {}
    for file in (moved, replaced, rewritten):
        file.write_text("1")
        inodes[file] = file.stat().st_ino
    moved.rename(moved.with_name("away.csv"))
    for file in (moved, replaced):
        new = file.with_suffix(".new")
        new.write_text("2")
        new.replace(file)
    rewritten.write_text("3")

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            for file, texts in ((moved, []), (replaced, ["begun"]), (rewritten, ["begun"])):
                request = project.request("print('begun')", needs=f"inbox/{file.name}", needs_inode=inodes[file])
                attempt = scheduler.launch(request)
                exit_ = await scheduler.exit_of(attempt)

                asked = None if texts else EndRequest(kind=EndKind.SKIP, reason=GONE)
                assert (exit_.exit_code, exit_.end_request) == (0, asked)
                assert project.texts(attempt) == texts

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("source", "exit_code", "number"),
    [
        ("import threading\nthread = threading.Thread(target=start)\nthread.start()\nthread.join()\n", 0, None),
        ("import os\nif os.fork() == 0: start()\nelse: os.wait()\n", 0, None),
        ("import atexit, os\natexit.register(os._exit, 3)\nstart()\n", 3, None),
        ("import atexit, os\natexit.register(os.abort)\nstart()\n", None, 6),
    ],
)
def test_what_is_asked_elsewhere_or_before_a_crash_counts_for_nothing(
    project: Project, source: str, exit_code: int | None, number: int | None
) -> None:
    source = FROM + "def start(): raise Skip('no')\n" + source

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            exit_ = await scheduler.run(source)

            assert (exit_.exit_code, exit_.signal, exit_.end_request) == (exit_code, number, None)

    asyncio.run(scenario())


def test_a_request_of_a_spoiled_class_is_a_failure(project: Project) -> None:
    source = FROM + "class Later(Snooze):\n    def __init__(self): pass\nraise Later\n"

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            exit_ = await scheduler.run(source)

            assert (exit_.exit_code, exit_.end_request) == (1, None)
            assert exit_.error is not None
            assert exit_.error.kind == "Later"

    asyncio.run(scenario())


# --- being asked to end -----------------------------------------------------------------------------------

TIDY = FROM + (
    "import atexit, time\n"
    "atexit.register(print, 'at exit')\n"
    "try:\n    print('here'); time.sleep(60)\n"
    "except Stopped as stopped: print(stopped, '|', stop_reason()); raise\n"
    "finally: print('finally')\n"
)


def test_a_task_hears_why_it_is_to_end_and_tidies_up(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request(TIDY))
            await until(lambda: project.texts(attempt))
            scheduler.executor.terminate(attempt, "replaced by run 9")
            exit_ = await scheduler.exit_of(attempt)

            assert project.texts(attempt) == ["here", "replaced by run 9 | replaced by run 9", "finally", "at exit"]
            assert project.texts(attempt, "stderr") == []
            assert (exit_.signal, exit_.stopped_for, exit_.error) == (signal.SIGTERM, "replaced by run 9", None)

    asyncio.run(scenario())


def test_a_term_from_elsewhere_is_heard_and_told_as_it_was(project: Project) -> None:
    source = (
        FROM + "import os, signal\ntry: os.kill(os.getpid(), signal.SIGTERM)\nfinally: print(repr(stop_reason()))\n"
    )

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request(source))
            exit_ = await scheduler.exit_of(attempt)

            assert project.texts(attempt) == ["''"]
            assert (exit_.signal, exit_.stopped_for) == (signal.SIGTERM, None)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (
            (
                "import asyncio\n"
                "async def part():\n    try: await asyncio.sleep(60)\n    finally: print('part')\n"
                "async def start():\n"
                "    part_ = asyncio.create_task(part())\n    await asyncio.sleep(0)\n"
                "    try: print('here'); await asyncio.sleep(60)\n    finally: print('whole')\n"
            ),
            ["here", "part", "whole"],
        ),
        (
            (
                "import threading, time\n"
                "def start():\n    threading.Thread(target=time.sleep, args=(60,)).start()\n    print('here')\n"
                "import atexit; atexit.register(print, 'at exit')\n"
            ),
            ["here", "at exit"],
        ),
        (
            (
                "import atexit, time\natexit.register(print, 'the next')\n"
                "atexit.register(lambda: (print('here'), time.sleep(60)))\ndef start(): pass\n"
            ),
            ["here", "the next"],
        ),
        ("import time\ntry: print('here'); time.sleep(60)\nfinally: print('import')\n", ["here", "import"]),
        (
            (
                "import _signal, os, time\ndef start():\n    _signal.pthread_sigmask(_signal.SIG_BLOCK, [])\n"
                "    try: print('here'); time.sleep(60)\n    except SystemExit: _signal.pthread_sigmask(0, [15]); raise\n"
            ),
            ["here"],
        ),
        (
            (
                "import time\n"
                "class Slow:\n    def __del__(self):\n        print('here'); time.sleep(60)\n"
                "def start():\n    slow = Slow()\n    try:\n        del slow; time.sleep(60)\n    finally: print('tidy')\n"
            ),
            ["here", "tidy"],
        ),
    ],
    ids=["asyncio", "threads", "exit handlers", "import", "blocked afterwards", "finalizer"],
)
def test_a_stop_ends_whatever_the_main_thread_waits_for(project: Project, source: str, said: list[str]) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request(source, function="start", kill_grace=20.0))
            await until(lambda: project.texts(attempt))
            scheduler.executor.terminate(attempt, "enough")
            exit_ = await scheduler.exit_of(attempt)

            assert sorted(project.texts(attempt)) == sorted(said)
            assert project.texts(attempt, "stderr") == []
            assert exit_.signal == signal.SIGTERM
            assert exit_.duration is not None
            assert exit_.duration < 10

    asyncio.run(scenario())


def test_processes_a_task_forks_end_by_term_as_in_any_python(project: Project) -> None:
    source = (
        "import multiprocessing, os, signal, subprocess, time\n"
        "for _ in range(20):\n"
        "    process = multiprocessing.get_context('fork').Process(target=time.sleep, args=(60,))\n"
        "    process.start(); process.terminate(); process.join(); print(process.exitcode)\n"
        "process = subprocess.Popen(['sleep', '60']); process.terminate(); print(process.wait())\n"
        "signal.signal(signal.SIGTERM, lambda *_: os._exit(7))\n"
        "reading, writing = os.pipe()\n"
        "def work(): os.write(writing, b'.'); time.sleep(60)\n"
        "process = multiprocessing.get_context('fork').Process(target=work)\n"
        "process.start(); os.read(reading, 1); process.terminate(); process.join(); print(process.exitcode)\n"
    )

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request(source))
            await scheduler.exit_of(attempt)

            assert project.texts(attempt) == [*["-15"] * 21, "7"]

    asyncio.run(scenario())


def test_a_second_term_does_not_interrupt_the_tidying_up(project: Project) -> None:
    source = FROM + (
        "import os, signal\n"
        "try: os.kill(os.getpid(), signal.SIGTERM)\n"
        "finally:\n    for _ in range(3): os.kill(os.getpid(), signal.SIGTERM)\n    print('tidy')\n"
    )

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request(source))
            exit_ = await scheduler.exit_of(attempt)

            assert (project.texts(attempt), exit_.signal) == (["tidy"], signal.SIGTERM)

    asyncio.run(scenario())


def test_a_task_may_end_as_it_likes_after_a_stop(project: Project) -> None:
    source = FROM + "import time\ntry: print('here'); time.sleep(60)\nexcept Stopped: raise SystemExit(4)\n"

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request(source))
            await until(lambda: project.texts(attempt))
            os.kill(next(iter(scheduler.living(attempt))), signal.SIGTERM)

            assert (await scheduler.exit_of(attempt)).exit_code == 4

    asyncio.run(scenario())
