"""`start_method: spawn`: what a fresh interpreter gives a task that a fork of its host does not."""

from __future__ import annotations

import asyncio
import json
import re
import resource
import shutil
import sys
from pathlib import Path

import pytest

from task_scheduler.core.requests import ExecutionProfile, NotStarted, Started
from task_scheduler.core.runs import ErrorSummary
from task_scheduler.core.tasks import StartMethod
from tests.integration.execution.project import EITHER_START_METHOD, Project, until

SPAWN = StartMethod.SPAWN
PRELOADED = ExecutionProfile(environment="own", preload=("born", "threads"))


@pytest.fixture
def packages(project: Project, tmp_path: Path) -> Path:
    """The site-packages of an environment of the project's own: `born` keeps its process, `threads` has a thread."""
    import venv

    venv.create(tmp_path / "environment", with_pip=False, symlinks=True)
    project.interpreter = tmp_path / "environment" / "bin" / "python"
    folder = next((tmp_path / "environment" / "lib").glob("python*")) / "site-packages"
    (folder / "born.py").write_text("import os\nin_process = os.getpid()\n")
    (folder / "threads.py").write_text(
        "import queue, threading\n"
        "asked, told = queue.Queue(), queue.Queue()\n"
        "threading.Thread(target=lambda: told.put(asked.get() * 2), daemon=True).start()\n"
    )
    return folder


def test_a_module_is_imported_in_the_process_that_uses_it(project: Project, packages: Path) -> None:
    source = (
        "import os, sys\nahead = 'born' in sys.modules\nimport born\nprint(ahead, born.in_process == os.getpid())\n"
    )
    profile = ExecutionProfile(environment="own", preload=("born",))

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            forked = scheduler.launch(project.request(source, profile=profile))
            spawned = scheduler.launch(project.request(source, profile=profile, start_method=SPAWN))
            await scheduler.exit_of(forked)
            await scheduler.exit_of(spawned)

            assert project.texts(forked) == ["True False"]
            assert project.texts(spawned) == ["False True"]
            assert scheduler.host_of(forked) == scheduler.host_of(spawned)

    asyncio.run(scenario())


def test_a_module_that_starts_a_thread_has_it_where_it_is_used(project: Project, packages: Path) -> None:
    source = "import threads\nthreads.asked.put(21)\nprint(threads.told.get(timeout=10))\n"

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            profile = ExecutionProfile(environment="own")
            attempt = scheduler.launch(project.request(source, profile=profile, start_method=SPAWN))
            await scheduler.exit_of(attempt)

            assert project.texts(attempt) == ["42"]
            assert project.said == []

    asyncio.run(scenario())


def test_it_is_the_process_the_marker_and_the_record_name(project: Project) -> None:
    source = (
        "import json, os\n"
        "start = open('/proc/self/stat').read().rpartition(')')[2].split()[19]\n"
        "print(json.dumps({'pid': os.getpid(), 'start': int(start), 'called': open('/proc/self/cmdline').read()}))\n"
    )

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request(source, start_method=SPAWN))
            await scheduler.exit_of(attempt)
            facts = json.loads(project.texts(attempt)[0])
            (began,) = scheduler.of(attempt, Started)
            first = project.marker(scheduler, attempt).read_bytes().split(b"\n")[0]

            assert re.search(rf"pid={facts['pid']} start={facts['start']} ", began.process)
            assert first.startswith(b"%d " % facts["pid"])
            assert facts["called"].split("\0")[-4:-1][1:] == [str(attempt), "tasks/report.py"]
            assert facts["called"].split("\0")[2].endswith("/fresh.py")

    asyncio.run(scenario())


@EITHER_START_METHOD
def test_a_task_that_does_nothing_has_next_to_no_memory_of_its_own(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            exit_ = await scheduler.run("pass")

            assert exit_.peak_memory is not None
            assert exit_.peak_memory < 3_000_000

    asyncio.run(scenario())


@EITHER_START_METHOD
def test_arguments_may_be_long(project: Project) -> None:
    source = "import sys\ndef start(text): print(len(text), len(sys.argv[1]))\n"

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            text = "ä" * 300_000
            attempt = scheduler.launch(
                project.request(source, function="start", arguments=repr(((text,), {})), argv=(text,))
            )
            await scheduler.exit_of(attempt)

            assert project.texts(attempt) == ["300000 300000"]

    asyncio.run(scenario())


def test_an_interpreter_that_is_gone_is_a_failure_that_says_so(project: Project, tmp_path: Path) -> None:
    project.interpreter = tmp_path / "python"
    project.interpreter.symlink_to(sys.executable)

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            await scheduler.run("pass")
            project.interpreter.unlink()
            attempt = scheduler.launch(project.request("pass", start_method=SPAWN))
            exit_ = await scheduler.exit_of(attempt)

            assert exit_.exit_code == 125
            assert exit_.error is not None
            assert exit_.error == ErrorSummary(kind="EnvironmentGone", message=exit_.error.message, place="")
            assert "cannot be run: [Errno 2] No such file or directory" in exit_.error.message
            assert project.texts(attempt, "stderr") == [exit_.error.message]

    asyncio.run(scenario())


def test_an_order_that_cannot_be_handed_over_is_no_start(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            warm = scheduler.launch(project.request("pass"))
            await scheduler.exit_of(warm)
            host = scheduler.host_of(warm)
            assert host.pid is not None
            resource.prlimit(host.pid, resource.RLIMIT_FSIZE, (0, 0))
            refused = scheduler.launch(project.request("open('ran.txt', 'w').close()", start_method=SPAWN))
            end = await scheduler.end_of(refused)

            assert isinstance(end, NotStarted)
            assert "its host could not start it" in end.reason
            assert not (project.root / "ran.txt").exists()

    asyncio.run(scenario())


def test_nothing_is_left_in_the_folder_of_its_host(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request("pass", start_method=SPAWN))
            await scheduler.exit_of(attempt)
            folder = project.marker(scheduler, attempt).parent
            scheduler.executor.forget([attempt])

            await until(lambda: not project.marker(scheduler, attempt).exists())
            own = {"host.json", "host.log", "preload.json", "settings.json", "socket"}
            assert {entry.name for entry in folder.iterdir()} == own

    asyncio.run(scenario())


def test_a_program_that_is_gone_is_a_failure_and_ends_no_other(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            await scheduler.run("pass")
            library = project.lib / "task_scheduler"
            kept = library.readlink()
            library.unlink()
            exit_ = await scheduler.run("pass", start_method=SPAWN)
            library.symlink_to(kept)

            assert exit_.exit_code == 2
            assert (await scheduler.run("pass")).exit_code == 0

    asyncio.run(scenario())


@pytest.mark.slow
@pytest.mark.parametrize("version", ["3.8", "3.13"])
def test_other_pythons_start_afresh_as_well(project: Project, version: str) -> None:
    beside = Path(sys.base_prefix).parent
    found = next((str(path) for path in beside.glob(f"{version}.*/bin/python")), shutil.which(f"python{version}"))
    if found is None:
        pytest.skip(f"no Python {version} on this machine")
    project.interpreter = Path(found)

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            source = "---\ntitle: x\n---\nimport sys; print('%d.%d' % sys.version_info[:2])"
            attempt = scheduler.launch(project.request(source, start_method=SPAWN))
            await scheduler.exit_of(attempt)

            assert project.texts(attempt) == [version], project.texts(attempt, "stderr")

    asyncio.run(scenario())
