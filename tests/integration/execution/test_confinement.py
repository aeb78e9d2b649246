"""What an attempt's process takes upon itself before the task's code, and what becomes of one that cannot."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
from pathlib import Path

import pytest

from task_scheduler import composition
from task_scheduler.execution import cgroups, confinement, processes
from task_scheduler.project import Project as Folder
from task_scheduler.settings import Paths, Settings
from tests.integration.execution.project import EITHER_START_METHOD, Project, until

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may take on another user")
SOMEBODY = "nobody"


@EITHER_START_METHOD
def test_an_attempt_has_the_niceness_umask_and_folder_its_task_declares(project: Project) -> None:
    source = "import os; print(os.nice(0), oct(os.umask(0)), os.getcwd())"
    (project.root / "work").mkdir()

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            own = os.nice(0)
            attempt = scheduler.launch(
                project.request(source, nice=min(own + 3, 19), umask=0o027, working_directory="work")
            )
            await scheduler.exit_of(attempt)
            assert project.texts(attempt) == [f"{min(own + 3, 19)} 0o27 {project.root / 'work'}"]

            # And the next one has nothing of it.
            attempt = scheduler.launch(project.request(source))
            await scheduler.exit_of(attempt)
            assert project.texts(attempt)[0].split()[::2] == [str(own), str(project.root)]

    asyncio.run(scenario())


@EITHER_START_METHOD
def test_a_folder_that_is_not_there_is_told(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request("print('ran')", working_directory="/no/such/folder"))
            exit_ = await scheduler.exit_of(attempt)

            assert exit_.exit_code == 125
            assert exit_.error is not None
            assert exit_.error.message == (
                "working_directory: /no/such/folder cannot be entered: No such file or directory"
            )
            assert project.texts(attempt) == []
            assert project.texts(attempt, "stderr") == [exit_.error.message]

    asyncio.run(scenario())


@EITHER_START_METHOD
def test_a_user_nobody_knows_is_told(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            exit_ = await scheduler.run("print('ran')", user="no-such-user")

            assert exit_.exit_code == 125
            assert exit_.error is not None
            assert exit_.error.message == "user: no-such-user is no user of this system"

    asyncio.run(scenario())


@EITHER_START_METHOD
def test_the_own_user_needs_no_rights(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            exit_ = await scheduler.run("pass", user=pwd.getpwuid(os.geteuid()).pw_name)

            assert exit_.exit_code == 0

    asyncio.run(scenario())


@as_root
@pytest.mark.usefixtures("_open")
@EITHER_START_METHOD
def test_another_user_is_taken_on_for_good(project: Project) -> None:
    source = (
        "import os\n"
        "print(*os.getresuid(), *os.getresgid(), *os.getgroups())\n"
        "print(os.environ['HOME'], os.environ['USER'], os.environ['LOGNAME'])\n"
        "for back in (lambda: os.setuid(0), lambda: os.seteuid(0), lambda: os.setgid(0)):\n"
        "    try: back()\n"
        "    except PermissionError: print('no')\n"
        "open('/dev/stdout', 'w').write('opened anew\\n')\n"
        "raise KeyError('told all the same')\n"
    )

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request(source, user=SOMEBODY, memory_limit=1 << 30))
            exit_ = await scheduler.exit_of(attempt)
            entry = pwd.getpwnam(SOMEBODY)
            ids, variables, *no, anew = project.texts(attempt)

            assert ids.split()[:6] == [str(entry.pw_uid)] * 3 + [str(entry.pw_gid)] * 3
            assert set(ids.split()[6:]) <= {str(group) for group in os.getgrouplist(SOMEBODY, entry.pw_gid)}
            assert variables.split() == [entry.pw_dir, SOMEBODY, SOMEBODY]
            assert (no, anew) == (["no"] * 3, "opened anew")
            assert exit_.error is not None
            assert (exit_.error.kind, exit_.error.message) == ("KeyError", "'told all the same'")

    asyncio.run(scenario())


@as_root
@pytest.mark.usefixtures("_open")
@EITHER_START_METHOD
def test_another_users_task_has_the_helpers_and_what_it_may_tell(project: Project) -> None:
    # One this user surely may start: the Python of the tests may be in somebody's home.
    python = shutil.which("python3", path=os.defpath)
    if python is None:
        pytest.skip("the system has no Python of its own")
    project.interpreter = Path(python)
    paths = Paths.of(Folder(root=project.root, config=project.root / "config.yaml", config_required=False), Settings())
    project.lib = composition.task_side_library(composition.run_folder(paths) / "lib", paths)
    paths.logs.mkdir(exist_ok=True)
    (paths.logs / "tasks.log").touch(mode=0o644)
    source = (
        "import subprocess, sys\n"
        "from helpers import log_info, progress\n"
        "log_info('one')\n"
        "log_info('two')\n"
        "progress(1, 2)\n"
        "told = 'from task_scheduler.this_run import run_id; print(run_id())'\n"
        "subprocess.run([sys.executable, '-c', told], check=True)\n"
    )

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request(source, user=SOMEBODY))
            exit_ = await scheduler.exit_of(attempt)

            assert exit_.exit_code == 0, project.texts(attempt, "stderr")
            assert project.texts(attempt)[:2] == ["INFO one", "INFO two"]
            assert project.texts(attempt)[-1] == str(attempt.run_id)
            # The log is its owner's to write: said once, and no failure.
            (complaint,) = project.texts(attempt, "stderr")
            assert complaint.startswith("logs/tasks.log cannot be written: ")

    asyncio.run(scenario())


@as_root
@pytest.mark.usefixtures("_open")
@EITHER_START_METHOD
def test_another_users_task_learns_why_it_is_to_end(project: Project) -> None:
    source = (
        "import os, signal, sys, time\n"
        "def tell(*_):\n"
        "    os.write(1, open(os.environ['TASK_SCHEDULER_STOP_NOTE'], 'rb').read() + b'\\n')\n"
        "    sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, tell)\n"
        "os.write(1, b'here\\n')\n"
        "time.sleep(60)\n"
    )

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request(source, user=SOMEBODY))
            await until(lambda: project.texts(attempt))
            scheduler.executor.terminate(attempt, "time to go")
            await scheduler.exit_of(attempt)

            assert project.texts(attempt) == ["here", "time to go"]
            assert [path.name for path in project.run_folder.rglob(f"{attempt}.*")] == [f"{attempt}.attempt"]

    asyncio.run(scenario())


@as_root
@pytest.mark.usefixtures("_open")
@EITHER_START_METHOD
def test_what_a_task_opens_in_place_of_what_it_closed_is_not_written_to(project: Project) -> None:
    source = (
        "import os\n"
        "os.closerange(3, 256)\n"
        "path = '/proc/self/fd/{}'.format(os.memfd_create('own'))\n"
        "kept = [os.open(path, os.O_RDWR) for _ in range(30)]\n"
        "os.write(kept[0], b'its own')\n"
        "from task_scheduler import this_run\n"
        "print('reason:', repr(this_run.stop_reason()))\n"
        "import atexit\n"
        "atexit.register(lambda: print(os.pread(kept[0], 100, 0).decode()))\n"
        "raise KeyError('lost')\n"
    )

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request(source, user=SOMEBODY))
            exit_ = await scheduler.exit_of(attempt)

            assert project.texts(attempt) == ["reason: ''", "its own"]
            assert (exit_.exit_code, exit_.error) == (1, None)
            assert "how it ended could not be put on record: [Errno 9] its file was closed by the task" in (
                project.texts(attempt, "stderr")
            )

    asyncio.run(scenario())


@as_root
@pytest.mark.usefixtures("_open")
@EITHER_START_METHOD
def test_another_users_task_ends_with_its_host(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request("import time; print('here'); time.sleep(60)", user=SOMEBODY))
            await until(lambda: project.texts(attempt))
            host = scheduler.host_of(attempt).pid
            assert host is not None
            main = next(iter(scheduler.living(attempt)))
        # Nobody is left who would end it, but the kernel.
        os.kill(host, 9)
        await until(lambda: processes.start_time(main) is None, "the kernel to end it")

    asyncio.run(scenario())


@as_root
@pytest.mark.usefixtures("_open")
@EITHER_START_METHOD
def test_whoever_sheds_the_mark_is_ended_all_the_same(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cgroups.VARIABLE, "off")
    source = (
        "import os, resource, signal, time\n"
        "if os.fork() == 0:\n"
        "    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "    os.setsid()\n"
        "    resource.setrlimit(10, (1, 1))\n"
        "    print(os.getpid(), flush=True)\n"
        "    time.sleep(60)\n"
        "time.sleep(60)\n"
    )

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request(source, user=SOMEBODY, kill_grace=0.2))
            runaway = int((await until(lambda: project.texts(attempt)))[0])
            scheduler.executor.terminate(attempt, "enough")
            await scheduler.exit_of(attempt)

            assert processes.start_time(runaway) is None

    asyncio.run(scenario())


def test_less_niceness_than_one_may_have_is_refused_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: int) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "setpriority", refuse)

    with pytest.raises(confinement.CannotConfine, match=r"^nice: -5 is not allowed \(Permission denied\)"):
        confinement.enter({"nice": -5}, "")


def test_another_user_without_root_is_refused_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 12_345)

    with pytest.raises(
        confinement.CannotConfine, match=r"^user: nobody needs a scheduler that runs as root; .* 12345$"
    ):
        confinement.enter({"user": SOMEBODY}, "")
