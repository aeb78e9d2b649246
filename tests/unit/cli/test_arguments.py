"""Reading the command line, in all the ways it may be spelled."""

from pathlib import Path

import pytest

from task_scheduler.cli.arguments import VERBS, UsageError, read
from task_scheduler.cli.exit_codes import ExitCode
from task_scheduler.cli.program import Program, program_of


@pytest.mark.parametrize(
    ("line", "verb", "root", "config"),
    [
        ("", "run", None, None),
        ("run", "run", None, None),
        ("--root /srv", "run", "/srv", None),
        ("--config=/etc/x.yaml", "run", None, "/etc/x.yaml"),
        ("--status", "status", None, None),
        ("--daemon", "run", None, None),
        ("--root /srv --daemon --config c.yaml", "run", "/srv", "c.yaml"),
        ("--daemon --drain 50 --root /srv", "run", "/srv", None),
        ("--drain --set scheduler.loop_interval=5 --root /srv", "run", "/srv", None),
        ("--drain 5m", "run", None, None),
        ("--root /srv --status", "status", "/srv", None),
        ("--root /srv list", "list", "/srv", None),
        ("list --root /srv", "list", "/srv", None),
        ("--root /old list --root /new", "list", "/new", None),
        ("--root /srv history --config c.yaml", "history", "/srv", "c.yaml"),
        ("--root list list", "list", "list", None),
        ("show --root /srv status", "show", "/srv", None),
    ],
)
def test_takes_the_project_before_or_after_the_verb(line: str, verb: str, root: str | None, config: str | None) -> None:
    options = read(line.split())

    assert (options.verb, options.root, options.config) == (verb, root, config)


@pytest.mark.parametrize(
    ("line", "sentence", "hint"),
    [
        (
            "lst",
            "no verb 'lst', did you mean 'list'?",
            "the verbs are run, status, alive, list, ",
        ),
        (
            "show",
            "the following arguments are required: TASK",
            "`task-scheduler show --help` tells what can be said",
        ),
        ("run-file", "the following arguments are required: FILE", "`task-scheduler run-file --help` tells what"),
        ("python", "the following arguments are required: TASK", "`task-scheduler python --help` tells what"),
        ("list hello", "unrecognized arguments: hello", "`task-scheduler show hello` tells of one task"),
        ("history hello", "unrecognized arguments: hello", "`task-scheduler history --task hello` tells of one"),
        (
            "logs 0",
            "argument RUN: '0': give a whole number from 1 on",
            "`task-scheduler logs --help` tells what can be said",
        ),
        ("history --limit 0", "argument --limit: '0': give a number from 1 to 1,000", "`task-scheduler history"),
        ("history --limit 1001", "argument --limit: '1001': give a number from 1 to 1,000", "`task-scheduler history"),
        ("history --state faild", "argument --state: no state 'faild', did you mean 'failed'?: ", "`task-scheduler"),
        (
            "restart --daemon --timeout -1",
            "argument --timeout: '-1': give a number of seconds, such as 30, or",
            "`task-scheduler restart --help` tells what can be said",
        ),
        (
            "alive --within 5",
            "argument --within: '5': give at least 15: one that is well may be",
            "`task-scheduler alive",
        ),
        (
            "--daemon --drain --kill",
            "argument --kill: not allowed with argument --drain",
            "`task-scheduler run --help`",
        ),
        ("list --jso", "unrecognized arguments: --jso", "`task-scheduler list --help` tells what can be said"),
    ],
)
def test_says_what_is_wrong_with_a_command_line(line: str, sentence: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(line.split())

    assert str(caught.value).startswith(sentence)
    assert caught.value.hint.startswith(hint)


@pytest.mark.parametrize("line", ["--help", "--version", *(f"{verb} --help" for verb in VERBS)])
def test_help_and_version_are_answered_on_standard_output(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as asked:
        read(line.split())

    assert asked.value.code == 0
    assert "task-scheduler" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("started", "program"),
    [
        ("/usr/local/bin/task-scheduler", Program(name="task-scheduler")),
        ("main.py", Program(name="python3 main.py", folder=Path.cwd())),
        ("/srv/my jobs/main.py", Program(name="python3 '/srv/my jobs/main.py'", folder=Path("/srv/my jobs"))),
        ("/usr/lib/python3/task_scheduler/__main__.py", Program(name="python3 -m task_scheduler")),
        ("/usr/lib/python3/pytest/__main__.py", Program()),
    ],
)
def test_knows_how_the_program_was_started(started: str, program: Program) -> None:
    assert program_of(started) == program


def test_the_command_beside_an_installed_program_is_what_hints_begin_with(tmp_path: Path) -> None:
    command = tmp_path / "task-scheduler"
    command.touch(mode=0o755)

    assert program_of(str(tmp_path / "main.py")) == Program(name=str(command), folder=tmp_path)


def test_help_and_hints_name_the_program_as_it_was_started(capsys: pytest.CaptureFixture[str]) -> None:
    program = program_of("main.py")

    with pytest.raises(SystemExit):
        read(["--help"], program)
    with pytest.raises(UsageError) as caught:
        read(["show"], program)

    told = capsys.readouterr().out
    assert told.startswith("usage: python3 main.py [-h]")
    assert "else the folder main.py is in." in told
    assert "upwards from here" not in told
    assert caught.value.hint == "`python3 main.py show --help` tells what can be said"


def test_help_names_every_exit_code_a_script_can_meet(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        read(["--help"])

    told = capsys.readouterr().out
    assert all(f"{code.value} " in told for code in ExitCode if code < 10)


def test_exit_codes_are_frozen() -> None:
    assert {code.name: code.value for code in ExitCode} == {
        "OK": 0,
        "FAILURE": 1,
        "USAGE": 2,
        "CONFIGURATION": 3,
        "NOT_RUNNING": 4,
        "ALREADY_RUNNING": 5,
        "NOT_FOUND": 6,
        "HUNG": 7,
        "RECORD": 8,
        "INTERRUPTED": 130,
        "BROKEN_PIPE": 141,
    }


@pytest.mark.parametrize(
    "line",
    [
        "config show scheduler.timezone --json",
        "config show --json scheduler.timezone",
        "config --json show scheduler.timezone",
        "--root /srv/jobs config show --json --changed scheduler.timezone",
    ],
)
def test_a_word_that_may_be_left_out_stands_before_or_behind_options(line: str) -> None:
    options = read(line.split())

    assert (options.doing, options.what, options.json) == ("show", "scheduler.timezone", True)


@pytest.mark.parametrize("line", ["config show --json a b", "history --task a b", "list --json --all x"])
def test_a_word_too_many_is_refused_wherever_it_stands(line: str) -> None:
    with pytest.raises(UsageError, match="unrecognized arguments"):
        read(line.split())


def test_a_start_and_a_look_at_once_are_refused_in_a_sentence() -> None:
    with pytest.raises(UsageError, match=r"^--status only tells how the scheduler is, and --daemon starts one"):
        read(["--daemon", "--status"])
