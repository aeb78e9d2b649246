"""The program as a package: what is in the wheel, and that it works where it is installed."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import uv

from task_scheduler import __version__
from task_scheduler.testing.running import REPOSITORY, RunningProject

pytestmark = [pytest.mark.slow, pytest.mark.network]

NOT_COPIED = frozenset({".git", ".venv-tests", "venv", "data", "logs", "build", "dist"})


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An sdist of a copy of the repository, and the wheel built from that sdist."""
    folder = tmp_path_factory.mktemp("dist")
    clone = tmp_path_factory.mktemp("repository") / "clone"
    caches = shutil.ignore_patterns("__pycache__", ".*_cache", ".hypothesis")
    shutil.copytree(
        REPOSITORY,
        clone,
        ignore=lambda where, names: (
            caches(where, names) | (NOT_COPIED & {*names} if Path(where) == REPOSITORY else set())
        ),
    )
    built = subprocess.run(
        [uv.find_uv_bin(), "build", "--python", sys.executable, "--out-dir", folder, clone],
        capture_output=True,
        text=True,
        check=False,
    )
    if "Failed to fetch" in built.stderr or "resolve requirements from" in built.stderr:
        pytest.skip(f"the package index is out of reach: {built.stderr[-300:]}")
    assert built.returncode == 0, built.stderr
    return folder


@pytest.fixture(scope="module")
def program(dist: Path) -> Iterator[Path]:
    """The command of an installation of that wheel, which finds its packages where these tests have theirs."""
    with tempfile.TemporaryDirectory(prefix="task-scheduler-") as name:
        venv = Path(name) / "an installation"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
        [wheel] = dist.glob("*.whl")
        subprocess.run(
            [uv.find_uv_bin(), "pip", "install", "--quiet", "--no-deps", "--python", venv / "bin/python", wheel],
            check=True,
        )
        [packages] = venv.glob("lib/python*/site-packages")
        (packages / "of-the-tests.pth").write_text(sysconfig.get_path("purelib"))
        yield venv / "bin" / "task-scheduler"


def say(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(
        command,
        cwd=cwd,
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_wheel_holds_what_the_program_needs_and_nothing_else(dist: Path) -> None:
    [wheel] = dist.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())

    assert names >= {
        "task_scheduler/py.typed",
        "task_scheduler/store/migrations/env.py",
        *(f"task_scheduler/store/migrations/versions/{path.name}" for path in _migrations()),
        "task_scheduler/shipped/config/config.yaml",
        "task_scheduler/shipped/config/secrets.yaml.example",
        *(f"task_scheduler/shipped/helpers/{path.name}" for path in (REPOSITORY / "helpers").glob("*.py")),
    }
    assert {name.partition("/")[0] for name in names} == {
        "task_scheduler",
        f"task_scheduler-{__version__}.dist-info",
    }
    assert not [name for name in names if "__pycache__" in name or "test_" in name]


def test_every_module_of_the_program_is_in_the_wheel(dist: Path) -> None:
    [wheel] = dist.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())

    modules = {path.relative_to(REPOSITORY).as_posix() for path in (REPOSITORY / "task_scheduler").rglob("*.py")}
    assert modules - names == set()


def test_the_sdist_holds_what_a_clone_needs(dist: Path) -> None:
    [sdist] = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}

    assert names >= {
        "main.py",
        "requirements.txt",
        "pyproject.toml",
        "LICENSE",
        "config/config.yaml",
        "helpers/__init__.py",
        "task_scheduler/__init__.py",
    }


def test_the_wheel_says_what_it_needs(dist: Path) -> None:
    [wheel] = dist.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        [path] = [name for name in archive.namelist() if name.endswith("METADATA")]
        told = archive.read(path).decode().partition("\n\n")[0].splitlines()

    lines = (REPOSITORY / "requirements.txt").read_text().splitlines()
    required = {_name(line) for line in lines if line.strip() and not line.startswith("#")}
    needed = [line.partition(": ")[2] for line in told if line.startswith("Requires-Dist: ")]
    assert {_name(line) for line in needed if "extra ==" not in line} == required
    assert "Requires-Python: >=3.11" in told


def test_an_installation_makes_a_project_and_runs_a_task_in_it(program: Path, tmp_path: Path) -> None:
    version = say(program, "--version", cwd=tmp_path)
    by_module = say(program.with_name("python"), "-m", "task_scheduler", "--version", cwd=tmp_path)
    nowhere = say(program, cwd=tmp_path)
    made = say(program, "init", "jobs", cwd=tmp_path)
    project = tmp_path / "jobs"
    written = say(program, "new", "tick", "--schedule", "every second", cwd=project)
    assert (version.stdout, by_module.stdout) == (f"task-scheduler {__version__}\n", f"task-scheduler {__version__}\n")
    assert (nowhere.returncode, nowhere.stdout) == (2, "")
    assert made.returncode == 0, made.stderr
    assert written.returncode == 0, written.stderr

    with (tmp_path / "terminal.log").open("w") as log:
        scheduler = subprocess.Popen(
            [program], cwd=project, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=_without_python(os.environ)
        )
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            told = say(program, "history", "--state", "succeeded", "--json", cwd=project)
            if told.returncode == 0 and json.loads(told.stdout):
                break
            assert scheduler.poll() is None, (tmp_path / "terminal.log").read_text()
        else:
            pytest.fail((tmp_path / "terminal.log").read_text())
    finally:
        scheduler.send_signal(signal.SIGTERM)
        scheduler.wait(30)
        RunningProject(project).close()
    assert "[Tick] Hello from tick" in (project / "logs/tasks.log").read_text()


def _name(requirement: str) -> str:
    return re.split("[<>=]", requirement)[0].strip().lower()


def _without_python(variables: os._Environ[str]) -> dict[str, str]:
    return {name: value for name, value in variables.items() if not name.startswith("PYTHON")}


def _migrations() -> list[Path]:
    return list((REPOSITORY / "task_scheduler/store/migrations/versions").glob("*.py"))
