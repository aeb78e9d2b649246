"""`init` and `new` as a person types them, and what is said where there is no project."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from task_scheduler.starting.options import needs_no_packages
from task_scheduler.testing.fork_server import carry_out

REPOSITORY = Path(__file__).resolve().parents[3]
PROGRAM = "python3 -m task_scheduler"
MADE = [
    "tasks/",
    "tasks/example_hello.py",
    "tasks/.gitkeep",
    "helpers/__init__.py",
    "helpers/config_loader.py",
    "helpers/external_execution.py",
    "helpers/project.py",
    "helpers/state.py",
    "helpers/system_notifications.py",
    "helpers/task_logging.py",
    "helpers/this_run.py",
    "config/config.yaml",
    "config/secrets.yaml.example",
    ".gitignore",
    "README.md",
]

pytestmark = pytest.mark.slow


def say(
    *arguments: str, cwd: Path, start: Sequence[str | Path] = (), before: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    variables = {"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY), "HOME": str(cwd)}
    if not start and not before:
        return carry_out(*arguments, cwd=cwd, variables=variables)
    return subprocess.run(
        [*before, sys.executable, *(start or ("-m", "task_scheduler")), *arguments],
        cwd=cwd,
        env={**variables, "PYTHONWARNINGS": "error"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def content(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()
    }


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "jobs"
    assert say("init", "jobs", cwd=tmp_path).returncode == 0
    return folder


def test_init_makes_a_project_and_says_what_to_type_next(tmp_path: Path) -> None:
    said = say("init", "my jobs", cwd=tmp_path)

    folder = tmp_path / "my jobs"
    assert said.stdout.splitlines() == [*(f"made {path}" for path in MADE), f"{folder} is a project"]
    assert said.stderr.splitlines() == [
        "tasks/example_hello.py is there to be read; it runs with tasks.include_example_tasks: true in config/config.yaml",
        "",
        "next:",
        "  cd 'my jobs'",
        f'  {PROGRAM} new hello --schedule "every minute"',
        f"  {PROGRAM} run",
    ]
    assert sorted(content(folder)) == sorted(MADE[1:])


def test_init_by_main_py_names_the_project_in_what_to_type(tmp_path: Path) -> None:
    said = say("init", cwd=tmp_path, start=[REPOSITORY / "main.py"])

    assert said.stdout.splitlines()[-1] == f"{tmp_path} is a project"
    assert said.stderr.splitlines()[-1] == f"  python3 {REPOSITORY}/main.py --root . run"


def test_init_again_changes_nothing(project: Path) -> None:
    before = content(project)

    said = say("init", cwd=project)

    assert said.stdout == f"{project} is a project already: nothing was missing\n"
    assert content(project) == before


def test_init_adds_what_is_missing_and_leaves_what_is_there(tmp_path: Path) -> None:
    for name, text in {
        "tasks/mine.py": "x = 1\n",
        "helpers/__init__.py": "mine = 1\n",
        "README.rst": "mine\n",
        ".gitignore": "mine\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    before = content(tmp_path)

    said = say("init", ".", cwd=tmp_path)

    missing = ("helpers/", "config/")
    made = [path for path in MADE if path.startswith(missing) and path != "helpers/__init__.py"]
    assert said.stdout.splitlines()[:-1] == [f"made {name}" for name in made]
    assert "helpers/__init__.py differs from the one that comes with this version: left as it is" in said.stderr
    assert content(tmp_path).items() > before.items()


@pytest.mark.parametrize(
    ("folder", "sentence"),
    [
        (REPOSITORY, f"{REPOSITORY} is the program's own folder, and a project as it is"),
        (REPOSITORY / "task_scheduler/core", f"{REPOSITORY}/task_scheduler/core is the program's own folder"),
        ("jobs/tasks/reports", "is inside the tasks of the project"),
        ("jobs/README.md", "README.md is not a folder"),
        ("jobs/README.md/below", "cannot be made: Not a directory"),
        ("/proc/new", "/proc/new cannot be made: No such file or directory"),
    ],
)
def test_init_refuses_folders_that_cannot_be_projects(project: Path, folder: str | Path, sentence: str) -> None:
    before = content(project)

    said = say("init", str(folder), cwd=project.parent)

    assert (said.returncode, said.stdout) == (1, "")
    assert sentence in said.stderr
    assert "Traceback" not in said.stderr
    assert content(project) == before


@pytest.mark.parametrize("dialect", ["docstring", "bare", "pep723"])
def test_new_writes_a_file_about_which_there_is_nothing_to_say(project: Path, dialect: str) -> None:
    said = say("new", "reports/daily", "--to", dialect, "--package", "six", "--schedule", "0 9 * * 1-5", cwd=project)
    checked = say("check", "--strict", cwd=project)

    assert said.stdout == "made tasks/reports/daily.py\n"
    assert said.stderr == f"no scheduler is running: start it with `{PROGRAM} run`, and it takes the file up\n"
    assert checked.returncode == 0, checked.stdout
    assert "0 9 * * 1-5" in (project / "tasks/reports/daily.py").read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["daily-report"], 2, "error: 'daily-report' is no name for a task"),
        (
            ["example_of_mine"],
            2,
            "error: example_of_mine.py would never run: names that begin with example_ are passed",
        ),
        (["there"], 1, "error: tasks/there.py is there already: choose another name, or edit it"),
        (["x", "--schedule", "every now and then"], 1, "error: tasks/x.py:6: "),
        (["x", "--package", "--index-url=http://127.0.0.1"], 2, "error: argument --package: expected one argument"),
        (["x", "--package=--index-url=http://127.0.0.1"], 1, "error: tasks/x.py:5: "),
        (["x", "--title", 'a""" + b'], 1, "error: tasks/x.py:"),
        (["x", "--to", "toml"], 2, "error: argument --to: invalid choice: 'toml'"),
    ],
)
def test_new_refuses_what_would_not_work(project: Path, arguments: list[str], code: int, sentence: str) -> None:
    (project / "tasks/there.py").write_text("mine = 1\n")
    before = content(project)

    said = say("new", *arguments, cwd=project)

    assert (said.returncode, said.stdout) == (code, "")
    assert said.stderr.startswith(sentence)
    assert "hint: nothing was written" in said.stderr or code == 2 or "already" in sentence
    assert content(project) == before


def test_new_without_tasks_says_how_to_get_them(tmp_path: Path) -> None:
    said = say("new", "x", "--root", ".", cwd=tmp_path)

    assert (
        said.stderr
        == f"error: there is no folder {tmp_path}/tasks\n\nhint: `{PROGRAM} --root . init` makes what a project needs\n"
    )


@pytest.mark.parametrize("verb", ["run", "list", "status", "new x"])
def test_a_folder_that_is_no_project_is_not_made_one_by_accident(tmp_path: Path, verb: str) -> None:
    said = say(*verb.split(), cwd=tmp_path)

    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr == (
        f"error: no project in {tmp_path} or above it\n\n"
        f"hint: `{PROGRAM} init` makes one here; --root DIR names one that is elsewhere\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("trace", ["config/config.yaml", "data/run/scheduler.lock"])
def test_a_project_without_its_tasks_is_still_one(tmp_path: Path, trace: str) -> None:
    (tmp_path / trace).parent.mkdir(parents=True)
    (tmp_path / trace).touch()

    assert say("list", cwd=tmp_path).returncode == 0


def test_a_current_folder_that_is_gone_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()

    said = say("list", cwd=tmp_path / "gone", before=["/bin/sh", "-c", 'rmdir ../gone; exec "$@"', "sh"])

    assert said.returncode == 2
    assert said.stderr.startswith("error: the current folder is gone\n\nhint: go to a folder that is there")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_below_the_output_is_a_sentence(project: Path) -> None:
    said = say("check", "--schema", cwd=project, before=["/bin/sh", "-c", 'exec "$@" > /dev/full', "sh"])

    assert said.returncode == 1
    assert said.stderr == "error: standard output cannot be written: No space left on device\n"


def test_closed_streams_harm_no_command(project: Path) -> None:
    said = say("list", cwd=project, before=["/bin/sh", "-c", 'exec "$@" 0<&- 1>&- 2>&-', "sh"])

    assert said.returncode == 0


def test_a_package_that_is_missing_is_a_sentence(project: Path) -> None:
    start = ["-S", "-c", "import sys; from task_scheduler.cli.main import main; sys.exit(main())"]

    said = say("check", cwd=project, start=start)

    assert said.returncode == 1
    assert said.stderr.startswith("error: a package of the program is missing or broken: No module named ")
    assert "hint: `python3 main.py` in a clone installs them" in said.stderr


@pytest.mark.parametrize("question", [["--help"], ["--version"], ["list", "--help"], ["init"]])
def test_what_is_answered_before_anything_is_installed_needs_nothing_installed(
    tmp_path: Path, question: list[str]
) -> None:
    said = say(*question, cwd=tmp_path, start=["-S", "-m", "task_scheduler"])

    assert needs_no_packages(question)
    assert (said.returncode, "Traceback" in said.stderr) == (0, False), said.stderr
