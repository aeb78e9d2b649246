"""A package index that is down, slow or hanging hurts no task whose environment is built."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from task_scheduler.testing.running import RunningProject, running_project
from task_scheduler.testing.wheels import build_wheel
from tests.integration.environments.index_server import LocalIndex, local_index

pytestmark = pytest.mark.slow

BODY = "import hello\n@repeat(every(1).second)\ndef start():\n    print(hello.VERSION)\n"
OTHER = "import other\n@repeat(every(1).second)\ndef start():\n    print(other.VERSION)\n"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[LocalIndex]:
    build_wheel(tmp_path / "packages", "hello")
    build_wheel(tmp_path / "packages", "other")
    with local_index(tmp_path / "packages") as index:
        yield index


@pytest.fixture
def project(index: LocalIndex, tmp_path: Path) -> Iterator[RunningProject]:
    variables = {
        "UV_DEFAULT_INDEX": index.url,
        "UV_CACHE_DIR": str(tmp_path / "uv-cache"),
        "UV_NO_CONFIG": "1",
        "UV_HTTP_TIMEOUT": "600",
        "UV_HTTP_RETRIES": "0",
    }
    with running_project(variables=variables) as project:
        yield project


def test_a_task_in_force_runs_on_time_while_the_build_of_another_hangs(
    project: RunningProject, index: LocalIndex
) -> None:
    project.configure("environments:\n  build_timeout: 4\n")
    project.write_task("steady", BODY, fields='dependencies: ["hello"]\n')
    project.start()
    project.wait_for_run("steady", "succeeded")
    index.hangs = True
    project.write_task("newcomer", OTHER, fields='dependencies: ["other"]\n')
    project.wait_for_task("newcomer", "preparing")
    before = len(project.runs("steady", "succeeded"))

    told = project.wait_for_task("newcomer", "invalid")

    runs = project.runs("steady")
    assert len([run for run in runs if run["state"] == "succeeded"]) >= before + 2
    assert {run["state"] for run in runs} <= {"succeeded", "running", "queued"}
    assert max(_lateness(run) for run in runs if run["started_at"]) < 1.0
    assert "took longer than 4 s (environments.build_timeout) and was ended" in told["problems"][0]["text"]
    # An edit of its code needs no index, and is in force at once.
    project.write_task("steady", BODY.replace("print(", "print('edited', "), fields='dependencies: ["hello"]\n')
    edited = project.wait_for("an edited run", lambda: _edited(project))
    assert "edited 1.0" in edited
    # It was tried again after a pause, not in a loop.
    assert len([path for path in index.requests if path == "/simple/other/"]) <= 2


def test_a_restart_needs_no_index(project: RunningProject, index: LocalIndex) -> None:
    project.write_task("steady", BODY, fields='dependencies: ["hello"]\n')
    project.start()
    project.wait_for_run("steady", "succeeded")
    index.status = 503
    asked = len(index.requests)

    project.stop()
    before = len(project.runs("steady", "succeeded"))
    project.start()
    project.wait_for_run("steady", "succeeded", count=before + 1)

    assert len(index.requests) == asked


def test_twenty_files_dropped_at_once_with_one_new_set_build_it_once(
    project: RunningProject, index: LocalIndex
) -> None:
    project.start()

    for number in range(20):
        project.write_task(
            f"task{number}", BODY.replace("every(1).second", "every().day"), fields='dependencies: ["hello>=1"]\n'
        )
    for number in range(20):
        project.wait_for_task(f"task{number}", "active")

    assert len({project.ask("show", task=f"task{number}")["environment"] for number in range(20)}) == 1
    assert len([line for line in project.log().splitlines() if "resolving hello" in line]) == 1
    assert len([line for line in project.log().splitlines() if "building environment" in line]) == 1
    assert len(index.pages_asked_for()) <= 2


def _lateness(run: dict[str, str]) -> float:
    started, due = (datetime.fromisoformat(run[name]) for name in ("started_at", "scheduled_for"))
    return (started - due).total_seconds()


def _edited(project: RunningProject) -> str:
    newest = project.runs("steady", "succeeded")[-1]
    output = project.output(newest["id"])
    return output if "edited" in output else ""
