"""`config check` and `config show` where no scheduler runs: the file, the environment and the secrets as they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from task_scheduler.cli.main import main
from task_scheduler.cli.program import Program


class Said:
    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


class Person:
    """Someone with a project, who types commands."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root = root
        self._capsys = capsys
        for name in ("config", "tasks"):
            (root / name).mkdir()

    def write(self, text: str | bytes, name: str = "config/config.yaml") -> Path:
        file = self.root / name
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    def types(self, *words: str, root: bool = True) -> Said:
        self._capsys.readouterr()
        code = main([*(["--root", str(self.root)] if root else []), *words], Program())
        told = self._capsys.readouterr()
        return Said(code, told.out, told.err)


@pytest.fixture
def person(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Person:
    return Person(tmp_path, capsys)


def test_a_good_file_is_fine(person: Person) -> None:
    person.write("scheduler:\n  loop_interval: 5\n")

    said = person.types("config", "check")

    assert (said.code, said.out, said.err) == (0, "config/config.yaml: fine\n", "")


def test_all_that_is_wrong_is_said_at_once_with_its_line(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    person.write("scheduler:\n  loop_intervl: 5\ntasks:\n  kill_grace: soon\n")
    monkeypatch.setenv("TASK_SCHEDULER_LOGGING__LEVEL", "loud")

    said = person.types("config", "check")

    assert said.out.splitlines() == [
        "config/config.yaml:2: error: unknown key scheduler.loop_intervl, did you mean 'loop_interval'?",
        "config/config.yaml:4: error: tasks.kill_grace must be a duration, such as 5 (seconds) or 0 for none, not 'soon'",
        "error: TASK_SCHEDULER_LOGGING__LEVEL: logging.level must be DEBUG, INFO, WARNING or ERROR, not 'loud'",
    ]
    assert said.err == "3 errors: a scheduler does not start by this\n"
    assert said.code == 3


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"scheduler:\n\tloop_interval: 5\n", "2: error: a tab stands where only spaces may: replace it with spaces"),
        (b"a: [", "1: error: "),
        (b"scheduler:\n  missed: once\n  missed: all\n", "3: error: the key 'missed' is given twice, first in line 2"),
        (b"just words\n", "1: error: "),
        (b"\xff\xfea\x00", " error: it cannot be read: byte 1 is no text in UTF-8; save it as UTF-8"),
    ],
)
def test_what_is_no_configuration_is_a_sentence(person: Person, content: bytes, sentence: str) -> None:
    person.write(content)

    said = person.types("config", "check")

    assert said.out.startswith(f"config/config.yaml:{sentence}")
    assert said.code == 3


@pytest.mark.parametrize(
    "content",
    [
        b"# nothing\n",
        b"\xef\xbb\xbfscheduler:\r\n  loop_interval: 5\r\n",
        b"---\nscheduler:\n",
        b'logging:\r\n  file: "s.log"\r\n',
    ],
)
def test_empty_files_marks_of_windows_and_of_yaml_are_fine(person: Person, content: bytes) -> None:
    person.write(content)

    assert person.types("config", "check").out == "config/config.yaml: fine\n"


@pytest.mark.parametrize("content", [b"", b" \n\n"])
def test_an_empty_file_starts_a_scheduler_and_does_not_change_one(person: Person, content: bytes) -> None:
    person.write(content)

    said = person.types("config", "check")

    assert said.out == (
        "config/config.yaml: warning: it is empty: a start takes the defaults, and a scheduler at work keeps the settings "
        "it has, since it may have been emptied by accident; a comment in it is enough to mean the defaults\n"
        "config/config.yaml: fine, but for 1 warning\n"
    )
    assert said.code == 0


def test_another_file_can_be_checked_from_anywhere(
    person: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = person.write("tsks:\n  directory: x\n", "other.yaml")
    monkeypatch.chdir("/")

    said = person.types("config", "check", str(file), root=False)
    missing = person.types("config", "check", str(tmp_path / "gone.yaml"), root=False)

    assert said.out == "other.yaml:1: error: unknown key 'tsks', did you mean 'tasks'?\n"
    assert missing.out.startswith("gone.yaml: error: there is no such file")
    assert (said.code, missing.code) == (3, 3)


def test_config_really_uses_the_file_it_names(person: Person, tmp_path: Path) -> None:
    file = person.write("scheduler:\n  loop_interval: 7\n", "elsewhere.yaml")

    said = person.types("--config", str(file), "config", "show", "scheduler.loop_interval")

    assert "value            7 s\nfrom             elsewhere.yaml:2\n" in said.out


def test_what_works_and_is_probably_not_meant_is_a_warning(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASK_SCHEDULER_SCHEDULER__TASK_CHECK_INTERVAL", "9")
    person.write(
        "scheduler:\n  loop_interval: 0.01\n  task_check_interval: 4\n  max_memory_usage: 20\n"
        "database:\n  path: ../jobs.db\n  backup_keep: 10 minutes\n"
        "logging:\n  file: tasks.log\n"
        "tasks:\n  directory: .\n"
    )

    said = person.types("config", "check")

    root = person.root
    assert said.out.splitlines() == [
        (
            "config/config.yaml:2: warning: scheduler.loop_interval: a look each 0.01 s keeps a processor busy, and nothing "
            "starts sooner for it"
        ),
        (
            "config/config.yaml:3: warning: scheduler.task_check_interval is 9 s here, whatever this line says: "
            "TASK_SCHEDULER_SCHEDULER__TASK_CHECK_INTERVAL says so"
        ),
        (
            "config/config.yaml:4: warning: scheduler.max_memory_usage: 20 MB is hardly more than an idle scheduler needs: "
            "give it 100 MB at least"
        ),
        f"config/config.yaml:6: warning: database.path leads out of the project folder, to {root.parent}/jobs.db",
        (
            "config/config.yaml:7: warning: database.backup_keep is shorter than database.backup_interval: there is never "
            "more than one backup"
        ),
        (
            "config/config.yaml:9: warning: logging.file: others write to logs/tasks.log: give the scheduler's own log "
            "another name"
        ),
        (
            f"config/config.yaml:11: warning: tasks.directory: {root} holds data/, helpers/, logs/, scripts/, tests/, venv/ "
            "too: every .py file there would be a task"
        ),
        "config/config.yaml: fine, but for 7 warnings",
    ]
    assert said.code == 0


def test_missing_folders_are_errors_where_a_start_would_not_make_them(person: Person) -> None:
    person.write("tasks:\n  directory: jobs\n")
    inside = person.types("config", "check")
    person.write("tasks:\n  directory: /gone/away\nlogging:\n  file: ./config\n")
    outside = person.types("config", "check")

    assert f"tasks.directory: there is no folder {person.root}/jobs yet: a start makes it" in inside.out
    assert (inside.code, outside.code) == (0, 3)
    assert outside.out.splitlines() == [
        "config/config.yaml: error: tasks.directory: there is no folder /gone/away: create it, or name another",
        f"config/config.yaml: error: logging.file: {person.root}/config is a folder: name a file",
    ]


def test_secrets_that_others_may_read_are_told(person: Person) -> None:
    person.write("a: 1\n", "config/secrets.yaml").chmod(0o644)
    person.write("")

    said = person.types("config", "check")

    assert "warning: config/secrets.yaml is not yours alone" in said.out
    assert said.code == 0


def test_secrets_that_tasks_cannot_read_are_an_error_though_a_scheduler_starts(person: Person) -> None:
    person.write("# nothing\n")
    person.write('a: "hidden\nb: c\n', "config/secrets.yaml").chmod(0o600)

    said = person.types("config", "check")

    assert said.out.splitlines() == [
        "config/secrets.yaml:1: error: this is not YAML: the quote that opens here is not closed"
    ]
    assert "1 error: a scheduler starts, without tasks' secrets" in said.err
    assert said.code == 3


def test_a_project_without_a_file_has_the_defaults(person: Person) -> None:
    checked = person.types("config", "check")
    shown = person.types("config", "show", "--changed")

    assert "config/config.yaml: warning: there is no such file: every setting is its default" in checked.out
    assert shown.out == ""
    assert "no scheduler is running" in shown.err


def test_the_document_names_each_finding(person: Person) -> None:
    person.write("tsks: 1\n")

    said = person.types("config", "check", "--json")

    [finding] = json.loads(said.out)["findings"]
    assert (finding["severity"], finding["place"]) == ("error", "config/config.yaml:1")
    assert said.code == 3


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("x=5", "'x=5' is no setting: write SECTION.KEY=VALUE, such as logging.level=DEBUG"),
        ("loop_interval=5", "is no setting: write SECTION.KEY=VALUE, such as scheduler.loop_interval=5"),
        ("scheduler.loop_interval", "is no setting: write SECTION.KEY=VALUE, such as scheduler.loop_interval=10 s"),
        ("scheduler.loop_intervl=5", "command line: unknown key scheduler.loop_intervl, did you mean 'loop_interval'?"),
        ("schedulr.loop_interval=5", "command line: unknown key 'schedulr', did you mean 'scheduler'?"),
        ("scheduler.loop_interval=soon", "command line: scheduler.loop_interval must be a duration"),
        ("virtual_env.path=x", "is read before the command line"),
    ],
)
def test_a_setting_on_the_command_line_is_judged_as_one_of_the_file(person: Person, given: str, sentence: str) -> None:
    said = person.types("run", "--check", "--set", given)

    assert sentence in said.err
    assert said.code == (2 if "is no setting" in sentence else 3)
