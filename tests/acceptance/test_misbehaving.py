"""Tasks that do what no task should, beside neighbours that are due each second.

Each ends in the right outcome, leaves nothing alive and no file behind, and the neighbours start on time all the while.
TASK_SCHEDULER_FULL_SIZE=1 gives them their full size: 5 GB of output, a line of 1 GB, ten thousand threads.
"""

from __future__ import annotations

import os
import textwrap
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from task_scheduler.core.runs import AttemptId
from task_scheduler.execution import processes, settlement
from task_scheduler.execution.cards import HostCard
from task_scheduler.testing.running import RunningProject, ledger_faults, running_project

pytestmark = pytest.mark.slow

FULL_SIZE = bool(os.environ.get("TASK_SCHEDULER_FULL_SIZE"))
FLOOD = 5_000_000_000 if FULL_SIZE else 300_000_000
LONG_LINE = 1_000_000_000 if FULL_SIZE else 100_000_000
THREADS = 10_000 if FULL_SIZE else 3_000
OUTPUT_LIMIT = 1_000_000
#: Seconds after its instant within which a neighbour starts.
LATEST = 1.0
NEIGHBOURS = ("first", "second")
NEIGHBOUR = "\n\n@repeat(every(1).seconds)\ndef start():\n    print('on time')\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A task that misbehaves, and what is on record of it."""

    name: str
    source: str
    state: str
    reason: str = ""  #: a part of it
    fields: str = ""  #: lines of frontmatter
    left_behind: int = 0  #: at least


CASES = (
    Case(
        name="ignores_term",
        fields="timeout: 1\nkill_grace: 1\n",
        source="""
            import signal, time
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            while True: time.sleep(60)
        """,
        state="timed_out",
        reason="its time limit of 1 s",
    ),
    Case(
        name="swallows_every_exception",
        fields="timeout: 1\nkill_grace: 1\n",
        source="""
            import time
            while True:
                try: time.sleep(60)
                except BaseException: pass
        """,
        state="timed_out",
        reason="its time limit of 1 s",
    ),
    Case(
        name="leaves_demons",
        source="""
            import os, resource, signal, subprocess, sys
            code = 'import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True); time.sleep(600)'
            read, write = os.pipe()
            for _ in range(3):
                if os.fork() == 0:
                    os.setsid()
                    try: resource.setrlimit(10, (resource.RLIM_INFINITY,) * 2)
                    except (OSError, ValueError): pass
                    if os.fork() == 0:
                        os.dup2(write, 1)
                        os.execvp('env', ['env', '-i', sys.executable, '-c', code])
                    os._exit(0)
            for _ in range(3): os.read(read, 2)
        """,
        state="succeeded",
        left_behind=3,
    ),
    Case(
        name="fork_bomb",
        fields="max_processes: 20\n",
        source="""
            import os
            while True:
                try: os.fork()
                except OSError: pass
        """,
        state="failed",
        reason="of 20 it may have",
    ),
    Case(
        name="flood",
        fields=f"output_limit: {OUTPUT_LIMIT}\n",
        source=f"""
            import os
            line = b'the same line, again and again and again and again\\n' * 20_000
            left = {FLOOD}
            while left > 0: left -= os.write(1, line[:left])
        """,
        state="succeeded",
    ),
    Case(
        name="flood_of_tellings",
        fields=f"output_limit: {OUTPUT_LIMIT}\n",
        source=f"""
            import os
            line = b'::task-scheduler:: progress 3/10 again\\n' * 20_000
            left = {FLOOD // 3}
            while left > 0: left -= os.write(1, line)
        """,
        state="succeeded",
    ),
    Case(
        name="endless_line",
        fields=f"output_limit: {OUTPUT_LIMIT}\n",
        source=f"""
            import os
            part = b'x' * 1_000_000
            left = {LONG_LINE}
            while left > 0: left -= os.write(1, part)
        """,
        state="succeeded",
    ),
    Case(
        name="prints_for_ever",
        fields="timeout: 2\nkill_grace: 1\n",
        source="""
            while True: print('.', end='', flush=True)
        """,
        state="timed_out",
    ),
    Case(
        name="memory_bomb",
        fields="memory_limit: 200 MB\n",
        source="""
            held = []
            while True: held.append(bytearray(b'x' * 10_000_000))
        """,
        state="failed",
        reason="of the 200 MB of memory it may take",
    ),
    Case(
        name="memory_bomb_of_many",
        fields="memory_limit: 200 MB\n",
        source="""
            import os, time
            for _ in range(10):
                if os.fork() == 0:
                    held = bytearray(b'x' * 60_000_000)
                    time.sleep(60)
            time.sleep(60)
        """,
        state="failed",
        reason="of the 200 MB of memory it may take",
    ),
    Case(
        name="closes_its_pipes",
        source="""
            import os, time
            for descriptor in (0, 1, 2): os.close(descriptor)
            time.sleep(0.5)
            os._exit(0)
        """,
        state="succeeded",
    ),
    Case(
        name="keeps_its_pipes",
        source="""
            import subprocess
            subprocess.Popen(['sleep', '600'])
            print('over')
        """,
        state="succeeded",
        left_behind=1,
    ),
    Case(
        name="kills_its_host",
        source="""
            import os, signal, time
            os.kill(os.getppid(), signal.SIGKILL)
            time.sleep(60)
        """,
        state="interrupted",
        reason="its host ended",
    ),
    Case(
        name="kills_its_session",
        source="""
            import os, signal, subprocess
            subprocess.Popen(['sleep', '600'])
            os.killpg(0, signal.SIGKILL)
        """,
        state="failed",
        reason="SIGKILL (9)",
    ),
    Case(
        name="kills_whoever_it_may",
        fields="timeout: 20\n",
        source="""
            import os, signal, subprocess
            if os.fork() == 0:
                os.kill(os.getppid(), signal.SIGKILL)
                os._exit(0)
            os.wait()
        """,
        state="failed",
        reason="SIGKILL (9)",
    ),
    Case(
        name="removes_its_output",
        source="""
            import os, pathlib, shutil, time
            folder = pathlib.Path('logs/runs/removes_its_output')
            print('gone', flush=True)
            while not folder.exists(): time.sleep(0.01)
            shutil.rmtree(folder)
            print('late', flush=True)
        """,
        state="succeeded",
    ),
    Case(
        name="changes_its_surroundings",
        source="""
            import os, resource, sys
            os.chdir('/')
            os.umask(0o777)
            os.environ.clear()
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
            resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            sys.setrecursionlimit(50)
            sys.modules.clear()
            sys.path.clear()
        """,
        state="succeeded",
    ),
    Case(
        name="reads_its_input",
        source="""
            input('What is your name? ')
        """,
        state="failed",
        reason="EOFError",
    ),
    Case(
        name="opens_all_it_can",
        source="""
            import os, resource
            most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 100_000), most))
            opened = 0
            try:
                while True: os.open('/dev/null', os.O_RDONLY); opened += 1
            except OSError: pass
            print(opened)
        """,
        state="succeeded",
    ),
    Case(
        name="thousands_of_threads",
        source=f"""
            import threading
            threading.stack_size(65536)
            go = threading.Event()
            threads = []
            try:
                while len(threads) < {THREADS}:
                    thread = threading.Thread(target=go.wait)
                    thread.start()
                    threads.append(thread)
            except (RuntimeError, MemoryError): pass
            go.set()
            for thread in threads: thread.join()
            print(len(threads))
        """,
        state="succeeded",
    ),
    Case(
        name="storm_of_files",
        source="""
            import pathlib
            folder = pathlib.Path('tasks/__pycache__')
            folder.mkdir(exist_ok=True)
            for number in range(3000):
                file = folder / f'x{number}.cpython-311.pyc'
                file.write_bytes(b'')
                file.unlink()
        """,
        state="succeeded",
    ),
    Case(
        name="stands_nowhere",
        source="""
            import os, tempfile
            folder = tempfile.mkdtemp()
            os.chdir(folder)
            os.rmdir(folder)
        """,
        state="succeeded",
    ),
)


@pytest.fixture(scope="module")
def project() -> Iterator[RunningProject]:
    """One project for all of them, with its neighbours at work; its record is checked at the end."""
    with running_project() as made:
        made.start()
        for name in NEIGHBOURS:
            made.write_task(name, NEIGHBOUR)
        for name in NEIGHBOURS:
            made.wait_for_run(name, "succeeded", count=2)
        yield made
        assert ledger_faults(made) == []


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_task_that_misbehaves_harms_itself_alone(project: RunningProject, case: Case) -> None:
    newest = project.rows("SELECT max(id) AS id FROM runs")[0]["id"]

    attempt = _run(project, case)

    assert attempt["run_state"] == case.state, attempt
    assert case.reason in attempt["run_reason"]
    assert (attempt["left_behind"] or 0) >= case.left_behind
    _assert_nothing_left(project, attempt)
    _assert_neighbours_were_on_time(project, newest)


def test_what_was_flooded_is_counted_and_kept_within_its_limit(project: RunningProject) -> None:
    for name, written in (("flood", FLOOD), ("endless_line", LONG_LINE)):
        [attempt] = project.rows(
            "SELECT a.* FROM attempts a JOIN runs r ON r.id = a.run_id WHERE r.task_id = ?", name
        ) or pytest.skip("needs the test of it")

        assert attempt["output_bytes"] == written
        assert attempt["output_dropped"] >= written - OUTPUT_LIMIT
        assert (project.root / "logs" / "runs" / attempt["output"]).stat().st_size < OUTPUT_LIMIT * 1.1


def _run(project: RunningProject, case: Case) -> dict[str, Any]:
    """Run a case to its end, and return what is on record of its attempt."""
    head = f'"""\n---\ntitle: {case.name}\ndescription: It misbehaves\nschedule: daily\n{case.fields}---\n"""\n'
    project.write_file(case.name, head + textwrap.dedent(case.source))
    project.wait_for_task(case.name, "active")
    project.ask("start", task=case.name)
    project.wait_for_run(case.name, case.state, "succeeded", "failed", "timed_out", "interrupted", seconds=120)
    (project.root / "tasks" / f"{case.name}.py").unlink()
    [attempt] = project.rows(
        "SELECT a.*, r.state AS run_state, r.reason AS run_reason FROM attempts a JOIN runs r ON r.id = a.run_id "
        "WHERE r.task_id = ?",
        case.name,
    )
    return attempt


def _assert_nothing_left(project: RunningProject, attempt: dict[str, Any]) -> None:
    host = HostCard.parse(attempt["placement"]).host
    id_ = AttemptId(run_id=attempt["run_id"], number=attempt["number"])
    folder = project.root / "data" / "run" / "hosts" / host

    assert processes.marked({settlement.mark_of(str(project.root), host, id_)}) == {}
    project.wait_for("its files go", lambda: not list(folder.glob(f"{id_}.*")))
    assert not [pid for pid in _descendants_of_hosts(project) if b"sleep\x00600" in _command_line(pid)]


def _assert_neighbours_were_on_time(project: RunningProject, newest: int) -> None:
    """Check every slot since; the last one may still be ahead."""
    deadline = time.monotonic() + 5
    while True:
        slots = project.rows(
            "SELECT r.task_id, r.state, r.reason, "
            "(julianday(r.started_at) - julianday(r.scheduled_for)) * 86400 AS late FROM runs r "
            "WHERE r.id > ? AND r.task_id IN ('first', 'second') ORDER BY r.id",
            newest,
        )
        ended = [slot for slot in slots if slot["state"] in {"succeeded", "interrupted"}]
        if len(ended) >= len(NEIGHBOURS) or time.monotonic() > deadline:
            break
        time.sleep(0.05)  # noqa: TID251 - facts in other processes are looked for

    assert ended
    assert [slot for slot in slots if slot["state"] not in {"succeeded", "interrupted", "running", "queued"}] == []
    assert [slot for slot in ended if slot["late"] > LATEST] == []


def _descendants_of_hosts(project: RunningProject) -> set[int]:
    found = set(project.host_pids())
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and _parent_of(int(entry.name)) in found:
            found.add(int(entry.name))
    return found


def _parent_of(pid: int) -> int | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return int(stat.rpartition(")")[2].split()[1])


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
