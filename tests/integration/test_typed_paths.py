"""Paths that nothing can have are answered with a sentence, whichever verb they are given to."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from task_scheduler.cli.main import main
from task_scheduler.cli.program import Program
from task_scheduler.starting.program import prepare
from task_scheduler.typed_paths import UnusablePath, typed_path

REPOSITORY = Path(__file__).resolve().parents[2]
LONG = "n" * 300

VERBS = (
    ["run-file"],
    ["python"],
    ["explain-env"],
    ["env", "build"],
    ["lock"],
    ["fmt", "--to", "pep723"],
    ["init"],
    ["new"],
    ["check"],
    ["show"],
    ["start"],
    ["history", "--task"],
    ["logs"],
)
ODD = (
    "~nosuchuser/x.py",
    f"{LONG}.py",
    LONG,
    f"tasks/{LONG}.py",
    f"{'n' * 253}",
    f"{'d/' * 3000}x.py",
    "a\0b.py",
    "loop/x.py",
)
#: What can be made with such a name.
POSSIBLE = {("init", "n" * 253), ("new", "loop/x.py")}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "tasks").mkdir()
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.yaml").write_text("{}\n")
    (tmp_path / "loop").symlink_to("loop")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_every_verb_answers_an_odd_path_with_a_sentence(
    project: Path, capsys: pytest.CaptureFixture[str], verb: list[str]
) -> None:
    del project

    for text in ODD:
        code = main([*verb, text], Program(name="task-scheduler", folder=None))

        if (*verb, text) not in POSSIBLE:
            assert code in {1, 2, 4, 6}, text
            assert capsys.readouterr().err.count("error: ") == 1, text


@pytest.mark.parametrize("verb", [["run-file"], ["python"], ["lock"], ["fmt", "--to", "bare"], ["init"]], ids=" ".join)
def test_a_home_folder_that_is_none_is_a_slip_in_the_command(
    project: Path, capsys: pytest.CaptureFixture[str], verb: list[str]
) -> None:
    del project

    code = main([*verb, "~nosuchuser/x.py"], Program(name="task-scheduler", folder=None))

    assert code == 2
    assert (
        "error: '~nosuchuser/x.py' cannot be found: ~nosuchuser stands for a home folder, and there is none; "
        "write ./~nosuchuser for a file of that name\n" in capsys.readouterr().err
    )


@pytest.mark.parametrize("option", ["--root", "--config"])
@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("~nosuchuser/x", "~nosuchuser stands for a home folder, and there is none"),
        (LONG, "it has a name longer than any file can have"),
        ("loop", "its symbolic links lead in a circle"),
        ("a\0b", "it holds a character that no path can have"),
    ],
)
def test_the_project_is_named_by_a_path_that_can_be(
    project: Path, capsys: pytest.CaptureFixture[str], option: str, text: str, sentence: str
) -> None:
    code = main([option, text, "list"], Program(name="task-scheduler", folder=None))
    with pytest.raises(SystemExit) as caught:
        prepare(project, [option, text, "list"])

    assert (code, caught.value.code) == (2, 2)
    assert capsys.readouterr().err.count(sentence) == 2


@pytest.mark.parametrize(
    "line",
    ["tasks: {directory: '~nosuchuser/t'}", f"database: {{path: {LONG}}}", f"logging: {{file: logs/{LONG}}}"],
)
def test_a_path_in_the_settings_is_refused_with_its_key(
    project: Path, capsys: pytest.CaptureFixture[str], line: str
) -> None:
    (project / "config" / "config.yaml").write_text(f"{line}\n")

    code = main(["check"], Program(name="task-scheduler", folder=None))

    assert code == 3
    assert ".directory: '~" in (said := capsys.readouterr().err) or ".path: '" in said or ".file: '" in said
    assert " cannot be " in said


def test_a_path_that_can_be_is_made_whole_and_need_not_be_there(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")

    assert typed_path("~/x.py", project) == Path("/home/me/x.py")
    assert typed_path("x.py", project) == project / "x.py"
    assert typed_path("./~/x.py", project) == project / "~" / "x.py"
    with pytest.raises(UnusablePath, match="longer than any file"):
        typed_path(LONG, project)


@pytest.mark.slow
def test_a_dangling_link_in_place_of_the_tasks_is_said_plainly(project: Path) -> None:
    (project / "new").mkdir()
    (project / "new" / "tasks").symlink_to("gone")

    said = subprocess.run(
        [sys.executable, "-m", "task_scheduler", "init", "new"],
        cwd=project,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert said.stderr == (
        f"error: {project}/new/tasks is a link to gone, which is not there: make that folder, or remove the link\n"
    )
    assert said.returncode == 1
