"""`main.py` on a machine where nothing is installed: how venv/ is made, mended, shared and left alone."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import uv

from tests.integration.starting.clones import PROJECT, STAMP, Clone, Ending


@pytest.mark.slow
def test_a_fresh_machine_gets_a_venv_by_pip_and_goes_on_inside_it(clone: Clone) -> None:
    ending = clone.start("--status", "--json")

    assert ending.seen == {
        "prefix": str(clone.venv),
        "arguments": ["--root", str(clone.folder), "--status", "--json"],
        "version": "1.5",
    }
    assert clone.stamp["state"] == "complete"
    assert "making venv/" in ending.errors
    assert "by pip" in ending.errors
    assert "needed-by-main" in ending.errors


@pytest.mark.slow
def test_uv_on_the_path_is_used(clone: Clone) -> None:
    clone.offer_uv()

    ending = clone.start()

    assert ending.seen["prefix"] == str(clone.venv)
    assert "by uv" in ending.errors


@pytest.mark.slow
def test_the_second_start_installs_nothing(clone: Clone) -> None:
    clone.offer_uv()
    clone.start()

    ending = clone.start()

    assert ending.seen["prefix"] == str(clone.venv)
    assert ending.errors == ""


def test_an_interpreter_that_has_everything_is_used_as_it_is(clone: Clone) -> None:
    clone.require("pytest>=1")
    (clone.folder / "task_scheduler/cli/main.py").write_text("def main(argv): return 5")

    ending = clone.start()

    assert ending.code == 5
    assert not clone.venv.exists()


@pytest.mark.slow
def test_changed_requirements_are_installed_into_the_same_venv(clone: Clone) -> None:
    clone.offer_uv()
    clone.require("needed-by-main<1.5")
    assert clone.start().seen["version"] == "1.0"
    (clone.venv / "witness").touch()

    clone.require("needed-by-main>=1.5")
    ending = clone.start()

    assert ending.seen["version"] == "1.5"
    assert "up to date" in ending.errors
    assert (clone.venv / "witness").exists()


@pytest.mark.slow
def test_what_somebody_uninstalled_comes_back(clone: Clone) -> None:
    clone.offer_uv()
    clone.start()
    for path in clone.venv.glob("lib/python*/site-packages/needed_by_main-*"):
        shutil.rmtree(path)

    ending = clone.start()

    assert ending.seen["version"] == "1.5"


@pytest.mark.slow
def test_an_update_that_fails_leaves_what_worked(clone: Clone) -> None:
    clone.offer_uv()
    clone.start()
    before = clone.stamp

    clone.require("needed-by-main>=99")
    failed = clone.start()
    clone.require("needed-by-main>=1.0,<2")
    mended = clone.start()

    assert failed.code == 1
    assert "uv could not prepare venv/" in failed.errors
    assert "needed-by-main" in failed.errors
    assert clone.stamp == before
    assert mended.seen["version"] == "1.5"
    assert mended.errors == ""


@pytest.mark.slow
def test_an_unfinished_venv_is_made_anew(clone: Clone) -> None:
    clone.offer_uv()
    clone.venv.mkdir()
    (clone.venv / "leftover").mkdir()
    (clone.venv / STAMP).write_text('{"state": "unfin')

    ending = clone.start()

    assert ending.seen["prefix"] == str(clone.venv)
    assert "left unfinished" in ending.errors
    assert not (clone.venv / "leftover").exists()


@pytest.mark.slow
def test_a_venv_that_lost_its_python_is_made_anew(clone: Clone) -> None:
    clone.offer_uv()
    clone.start()
    (clone.venv / "bin/python").unlink()

    ending = clone.start()

    assert ending.seen["prefix"] == str(clone.venv)
    assert "lost its Python" in ending.errors


@pytest.mark.slow
def test_a_damaged_venv_is_a_sentence_and_no_endless_loop(clone: Clone) -> None:
    clone.offer_uv()
    clone.start()
    (clone.venv / "pyvenv.cfg").unlink()

    ending = clone.start()

    assert ending.code == 1
    assert f"{clone.venv} is damaged" in ending.errors


@pytest.mark.slow
def test_an_installer_that_installs_nothing_is_a_sentence_and_no_endless_loop(clone: Clone) -> None:
    clone.offer_uv(f'#!/bin/sh\n[ "$1" = venv ] && exec "{uv.find_uv_bin()}" "$@"\nexit 0\n')

    ending = clone.start()

    assert ending.code == 1
    assert f"{clone.venv} was just prepared and still lacks needed-by-main>=1.0,<2 (not installed)" in ending.errors


@pytest.mark.slow
def test_a_persons_venv_that_lacks_something_is_left_alone(clone: Clone) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", clone.venv], check=True)
    (clone.venv / "mine").touch()

    ending = clone.start()

    assert ending.code == 1
    assert "was not made by this program" in ending.errors
    assert "needed-by-main>=1.0,<2 (not installed)" in ending.errors
    assert f"{clone.venv}/bin/python -m pip install -r {clone.folder}/requirements.txt" in ending.errors
    assert "Traceback" not in ending.errors
    assert (clone.venv / "mine").exists()
    assert not (clone.venv / STAMP).exists()


@pytest.mark.slow
def test_a_persons_venv_that_serves_is_used(clone: Clone) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", clone.venv], check=True)
    [packages] = clone.venv.glob("lib/python*/site-packages")
    with zipfile.ZipFile(clone.wheels / "needed_by_main-1.0-py3-none-any.whl") as wheel:
        wheel.extractall(packages)

    ending = clone.start()

    assert ending.seen == {
        "prefix": str(clone.venv),
        "arguments": ["--root", str(clone.folder)],
        "version": "1.0",
    }
    assert not (clone.venv / STAMP).exists()


def test_a_folder_that_is_no_venv_is_not_touched(clone: Clone) -> None:
    clone.venv.mkdir()
    (clone.venv / "thesis.tex").touch()

    ending = clone.start()

    assert ending.code == 1
    assert "has no working Python in it: move it away" in ending.errors
    assert (clone.venv / "thesis.tex").exists()


@pytest.mark.slow
def test_two_starts_at_once_build_once(clone: Clone) -> None:
    clone.offer_uv()
    lock = os.open(clone.folder / "venv.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    starts = [clone.begin(), clone.begin()]
    try:
        for start in starts:
            assert start.stderr is not None
            assert "waiting for it" in start.stderr.readline()
        os.close(lock)
        endings = [Ending(start.wait(60), *start.communicate()) for start in starts]
    finally:
        for start in starts:
            start.kill()
            start.communicate()

    assert [ending.seen["prefix"] for ending in endings] == [str(clone.venv)] * 2
    assert sum(ending.errors.count("venv/ is ready") for ending in endings) == 1


@pytest.fixture
def endless_uv(clone: Clone, tmp_path: Path) -> Path:
    """An installer that works until somebody opens this pipe for writing."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    clone.offer_uv(f'#!/bin/sh\n[ "$1" = --version ] && exit 0\necho "Installing forever"\nexec cat "{pipe}"\n')
    return pipe


@pytest.mark.usefixtures("endless_uv")
def test_an_interrupted_preparation_is_unfinished(clone: Clone) -> None:
    start = clone.begin()
    try:
        assert start.stderr is not None
        assert "making venv/" in start.stderr.readline()
        assert "Installing forever" in start.stderr.readline()
        start.send_signal(signal.SIGINT)
        _, errors = start.communicate(timeout=30)
    finally:
        start.kill()
        start.communicate()

    assert start.returncode == 130
    assert "Traceback" not in errors
    assert clone.stamp["state"] == "unfinished"
    with (clone.folder / "venv.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_an_installer_that_outlives_its_start_keeps_the_lock(clone: Clone, endless_uv: Path) -> None:
    start = clone.begin()
    try:
        assert start.stderr is not None
        assert "making venv/" in start.stderr.readline()
        assert "Installing forever" in start.stderr.readline()
    finally:
        start.kill()
        start.wait()

    with (clone.folder / "venv.lock").open() as lock:
        with pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        endless_uv.open("w").close()
        # Returns once the installer is gone.
        fcntl.flock(lock, fcntl.LOCK_EX)
    start.communicate()


@pytest.mark.slow
def test_an_installer_that_fails_is_quoted(clone: Clone) -> None:
    clone.offer_uv()
    clone.require("needed-by-nobody>=1")

    ending = clone.start()

    assert ending.code == 1
    assert "uv could not prepare venv/" in ending.errors
    assert "needed-by-nobody" in ending.errors
    assert "Traceback" not in ending.errors
    assert clone.stamp["state"] == "unfinished"


def test_a_full_disk_is_told_as_one(clone: Clone) -> None:
    clone.offer_uv('#!/bin/sh\n[ "$1" = --version ] && exit 0\necho "cause: No space left on device"\nexit 2\n')

    ending = clone.start()

    assert ending.code == 1
    assert ending.errors.endswith("\n\nhint: make room on the disk and start again\n")


def test_a_name_on_the_path_that_runs_nothing_is_not_uv(clone: Clone) -> None:
    clone.offer_uv("#!/bin/sh\nexit 127\n")
    python = clone.folder.parent / "python-without-ensurepip"
    python.write_text('#!/bin/sh\ncase "$*" in *ensurepip*) exit 1 ;; esac\nexit 0\n')
    python.chmod(0o755)
    (clone.folder / "config").mkdir()
    (clone.folder / "config/config.yaml").write_text(f'virtual_env:\n  python_executable: "{python}"  # mine\n')

    ending = clone.start()

    assert ending.code == 1
    assert f"{python} comes without ensurepip" in ending.errors
    assert "apt install python3-venv" in ending.errors
    assert "install uv" in ending.errors
    assert not clone.venv.exists()


def test_a_folder_that_cannot_be_written_is_a_sentence(clone: Clone) -> None:
    (clone.folder / "config").mkdir()
    (clone.folder / "config/config.yaml").write_text("virtual_env:\n  path: /proc/nowhere/venv\n")

    ending = clone.start()

    assert ending.code == 1
    assert ending.errors.startswith("error: /proc/nowhere/venv cannot be prepared (")
    assert "-m pip install -r" in ending.errors


@pytest.mark.parametrize(
    ("config", "sentence", "code"),
    [
        ("virtual_env: {path: x}\n", "config.yaml:1: write virtual_env as a block", 3),
        ("virtual_env:\n  python_executable: python9.9\n", "no 'python9.9' on PATH", 1),
        ("virtual_env:\n  python_executable: /bin/false\n", "/bin/false is not a working Python 3.11 or later", 1),
    ],
)
def test_a_configuration_that_cannot_be_followed_is_a_sentence(
    clone: Clone, config: str, sentence: str, code: int
) -> None:
    (clone.folder / "config").mkdir()
    (clone.folder / "config/config.yaml").write_text(config)

    ending = clone.start()

    assert ending.code == code
    assert sentence in ending.errors
    assert "Traceback" not in ending.errors


@pytest.mark.slow
def test_the_configuration_names_the_venv(clone: Clone, tmp_path: Path) -> None:
    clone.offer_uv()
    config = tmp_path / "elsewhere/config/config.yaml"
    config.parent.mkdir(parents=True)
    config.write_text(
        "# mine\ntasks:\n  path: wrong\n\nvirtual_env:\n  # here\n  path: 'my venv' # relative\nlogging:\n  path: x\n"
    )

    ending = clone.start("--config", str(config))

    assert ending.seen["prefix"] == str(clone.folder / "my venv")
    assert ending.seen["arguments"] == ["--config", str(config)]


def test_a_requirement_that_cannot_be_read_names_its_line(clone: Clone) -> None:
    clone.require("needed-by-main[extra]>=1")

    ending = clone.start()

    assert ending.code == 1
    assert "requirements.txt:2: not a plain requirement: 'needed-by-main[extra]>=1'" in ending.errors


def test_main_py_can_be_read_by_any_old_python() -> None:
    """The check of the version is worth nothing when an old Python stops at the syntax."""
    import ast

    for name in ("main.py", "scripts/run_tests.py", "scripts/check.py"):
        source = (PROJECT / name).read_text()
        ast.parse(source, feature_version=(3, 4))
        assert not any(isinstance(node, ast.JoinedStr | ast.AnnAssign) for node in ast.walk(ast.parse(source))), name


def test_the_shipped_requirements_can_be_read() -> None:
    from task_scheduler.starting.requirements import RequirementFiles

    files = RequirementFiles.read([PROJECT / "requirements.txt", PROJECT / "requirements-dev.txt"])

    assert {"loguru", "pytest"} <= {requirement.name for requirement in files.requirements}
