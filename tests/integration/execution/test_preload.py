"""Which modules a host imports ahead, and what becomes of those that make a fork unsafe."""

from __future__ import annotations

import asyncio
import shutil
import sys
import venv
from pathlib import Path

import pytest

from task_scheduler.core.requests import ExecutionProfile, Finished, NotStarted
from task_scheduler.execution.unsafe import UnsafeModules
from tests.integration.execution.project import Project, Scheduler, until

IS_AHEAD = "import sys; print(*(name for name in ('quick', 'bad') if name in sys.modules))"


@pytest.fixture
def packages(project: Project, tmp_path: Path) -> Path:
    """The site-packages of an environment of the project's own, with one harmless module."""
    venv.create(tmp_path / "environment", with_pip=False, symlinks=True)
    project.interpreter = tmp_path / "environment" / "bin" / "python"
    folder = next((tmp_path / "environment" / "lib").glob("python*")) / "site-packages"
    (folder / "quick.py").write_text("value = 1\n")
    return folder


def _profile(*modules: str) -> ExecutionProfile:
    return ExecutionProfile(environment="own", preload=modules)


async def _run_at_last(scheduler: Scheduler, profile: ExecutionProfile) -> list[str]:
    """Run until an attempt begins, as the services do, and return what it said is imported."""
    while True:
        attempt = scheduler.launch(scheduler.project.request(IS_AHEAD, profile=profile))
        if isinstance(await scheduler.end_of(attempt), Finished):
            return scheduler.project.texts(attempt)[0].split()


def test_a_safe_module_is_imported_ahead(project: Project, packages: Path) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            assert await _run_at_last(scheduler, _profile("quick")) == ["quick"]
            assert project.said == []

    asyncio.run(scenario())


def test_profiles_have_hosts_of_their_own(project: Project, packages: Path) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            assert await _run_at_last(scheduler, _profile("quick")) == ["quick"]
            assert await _run_at_last(scheduler, _profile()) == []

    asyncio.run(scenario())


def test_a_module_that_cannot_be_imported_is_no_obstacle(project: Project, packages: Path) -> None:
    (packages / "bad.py").write_text("raise SystemExit('not here')\n")

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            assert await _run_at_last(scheduler, _profile("bad", "nowhere", "quick")) == ["quick"]
            assert project.said == []

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n", "starts a thread"),
        ("import socket\nkept = socket.socket()\n", "keeps a file or a connection open"),
        ("import os\nos._exit(9)\n", "ended the process"),
        ("import os\nos.abort()\n", "ended the process"),
    ],
)
def test_a_module_that_makes_a_fork_unsafe_is_left_out_and_said_once(
    project: Project, packages: Path, source: str, reason: str
) -> None:
    (packages / "bad.py").write_text(source)

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            assert await _run_at_last(scheduler, _profile("quick", "bad")) == ["quick"]
            assert await _run_at_last(scheduler, _profile("bad")) == []
            assert len(project.said) == 1
            assert project.said[0].startswith("bad is not imported ahead any more: ")
            assert reason in project.said[0]

    asyncio.run(scenario())


def test_what_was_found_out_is_remembered_by_the_next_scheduler(project: Project, packages: Path) -> None:
    (packages / "bad.py").write_text("import os\nos._exit(9)\n")

    async def scenario() -> None:
        async with project.scheduler() as before:
            assert await _run_at_last(before, _profile("quick", "bad")) == ["quick"]
        project.said.clear()
        shutil.rmtree(project.run_folder)
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request(IS_AHEAD, profile=_profile("bad", "quick")))

            assert isinstance(await scheduler.end_of(attempt), Finished)
            assert project.said == []
            assert project.texts(attempt) == ["quick"]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "remembered", ["", "nonsense", "[]", '{"own": 1}', '{"own": {"bad": "x"}}', '{"own": {"bad": 1.0}}']
)
def test_what_is_remembered_wrongly_or_long_ago_does_not_count(tmp_path: Path, remembered: str) -> None:
    file = tmp_path / "remembered.json"
    file.write_text(remembered)
    unsafe = UnsafeModules(file)

    assert list(unsafe.of("own")) == []
    assert unsafe.add("own", "bad")
    assert not unsafe.add("own", "bad")
    assert list(UnsafeModules(file).of("own")) == ["bad"]
    assert list(UnsafeModules(file).of("another")) == []


def test_modules_are_left_out_where_nothing_can_be_remembered(tmp_path: Path) -> None:
    unsafe = UnsafeModules(tmp_path / "nowhere" / "remembered.json")

    assert unsafe.add("own", "bad")
    assert list(unsafe.of("own")) == ["bad"]


@pytest.mark.slow
def test_a_module_that_hangs_is_left_out(project: Project, packages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("task_scheduler.execution.fleet.IMPORT_PATIENCE", 0.5)
    (packages / "bad.py").write_text("while True: pass\n")

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request(IS_AHEAD, profile=_profile("bad")))
            end = await scheduler.end_of(attempt)

            assert isinstance(end, NotStarted)
            assert await _run_at_last(scheduler, _profile("bad")) == []
            assert "takes more than" in project.said[0]

    asyncio.run(scenario())


def test_attempts_wait_for_a_host_that_is_still_importing(project: Project, packages: Path) -> None:
    (packages / "bad.py").write_text(
        f"import os, time\nwhile not os.path.exists({str(project.root / 'go')!r}): time.sleep(0.01)\n"
    )

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            scheduler.executor.prepare(_profile("bad"))
            attempt = scheduler.launch(project.request(IS_AHEAD, profile=_profile("bad")))
            (project.root / "go").touch()
            await scheduler.exit_of(attempt)

            assert project.texts(attempt) == ["bad"]

    asyncio.run(scenario())


def test_the_number_of_hosts_is_bounded(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler(most_hosts=2, reserved=0.0) as scheduler:
            for number in range(4):
                await scheduler.run("pass", profile=ExecutionProfile(environment=str(number)))

            def living() -> int:
                return sum(host.is_alive for host in scheduler.executor._fleet._hosts.values())

            await until(lambda: living() == 2, "the idle ones to leave")

    asyncio.run(scenario())


def test_a_host_that_was_asked_for_stays_until_its_attempt_is_launched_however_many_there_are(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler(most_hosts=2) as scheduler:
            requests = [project.request("pass", profile=ExecutionProfile(environment=str(n))) for n in range(5)]
            placements = [scheduler.executor.place(request.profile) for request in requests]
            for request, placement in zip(requests, placements, strict=True):
                scheduler.placements[request.id] = placement
                scheduler.executor.launch(request, placement)

            ends = [await scheduler.end_of(request.id) for request in requests]

            assert not [end for end in ends if isinstance(end, NotStarted)]

    asyncio.run(scenario())


def test_an_environment_whose_python_fails_is_said_and_not_tried_in_a_rush(project: Project, tmp_path: Path) -> None:
    project.interpreter = tmp_path / "broken"
    project.interpreter.write_text("#!/bin/sh\necho 'no such encoding' >&2\nexit 1\n")
    project.interpreter.chmod(0o755)

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            for _ in range(3):
                end = await scheduler.end_of(scheduler.launch(project.request("pass")))
                assert isinstance(end, NotStarted)

            assert project.said[0] == "a host ended before it could serve: no such encoding"

    asyncio.run(scenario())


@pytest.mark.slow
@pytest.mark.parametrize("version", ["3.8", "3.13"])
def test_other_pythons_host_as_well(project: Project, version: str) -> None:
    found = _another_python(version)
    if found is None:
        pytest.skip(f"no Python {version} on this machine")
    project.interpreter = found

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request("import sys; print('%d.%d' % sys.version_info[:2])"))
            await scheduler.exit_of(attempt)

            assert project.texts(attempt) == [version]

    asyncio.run(scenario())


def _another_python(version: str) -> Path | None:
    import shutil

    beside = Path(sys.base_prefix).parent
    candidates = [*beside.glob(f"{version}.*/bin/python"), shutil.which(f"python{version}")]
    return next((Path(candidate) for candidate in candidates if candidate), None)
