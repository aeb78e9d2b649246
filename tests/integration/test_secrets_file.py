"""`config/secrets.yaml` on disk: what counts as a value, who may read it, and what is said of a file that is broken."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from task_scheduler.known_secrets import LONGEST, likely_values
from task_scheduler.secrets_file import read_secrets

REPOSITORY = Path(__file__).resolve().parents[2]
NOT_YAML = "this is not YAML: put values in quotes, and begin keys that belong together in the same column"
NOT_CLOSED = "this is not YAML: the quote that opens here is not closed"
IN_QUOTES = "a value that begins with one of ! * & @ ` % | > must be in quotes"
EXAMPLE = REPOSITORY / "config" / "secrets.yaml.example"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "config").mkdir()
    file = tmp_path / "config" / "secrets.yaml"
    file.touch(0o600)
    return file


def written(file: Path, text: str | bytes) -> Path:
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file.parent.parent


def test_every_text_and_number_that_is_long_enough_counts_and_no_key(file: Path) -> None:
    project = written(
        file,
        """
api_keys: {openai: "sk-12345", list: [first-one, {deep: second-one}]}
a_rather_long_key: &anchor anchored
again: *anchor
number: 1234567
odd: 0123456
port: 5432
yes: true
nothing:
  text: |
    line one
    line two
""",
    )

    secrets = read_secrets(project)

    assert secrets.values == {
        "sk-12345", "first-one", "second-one", "anchored", "1234567", "0123456", "line one\nline two\n",
    }  # fmt: skip
    assert (secrets.short, secrets.fault, secrets.warnings) == (1, "", ())


def test_the_example_is_read_by_it_and_has_what_the_original_documents() -> None:
    text = EXAMPLE.read_text()

    assert EXAMPLE.stat().st_mode & 0o777 == 0o644
    assert [line.rstrip(":\n") for line in text.splitlines() if line and line[0] not in "# "] == [
        "api_keys", "database", "email", "services", "tasks",
    ]  # fmt: skip
    assert {"  aws:", "  telegram:", "  example_config_usage:"} <= set(text.splitlines())


def test_the_page_shows_a_file_as_it_is_read(file: Path) -> None:
    page = (REPOSITORY / "docs" / "secrets.md").read_text()

    secrets = read_secrets(written(file, page.partition("```yaml\n")[2].partition("```")[0]))

    assert secrets.values == {"sk-4f9a1b77e2", "correct horse battery staple"}


def test_no_file_is_no_secret(tmp_path: Path) -> None:
    assert read_secrets(tmp_path) == read_secrets(tmp_path / "nowhere")
    assert read_secrets(tmp_path).values == frozenset()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('a: "hidden-value\nb: other-value\n', f"config/secrets.yaml:1: {NOT_CLOSED}"),
        ('a: b\nc: "hidden-value\nd: "other"\ne: f\n', f"config/secrets.yaml:2: {NOT_CLOSED}"),
        ('a: b\nc: "hidden-value" and\nd: e\n', f"config/secrets.yaml:2: {NOT_YAML}"),
        (
            "a: hidden-value\nb: *hidden-value\n",
            f"config/secrets.yaml:2: {IN_QUOTES}",
        ),
        ("a: 1\nb: &hidden-value\n", f"config/secrets.yaml:2: {IN_QUOTES}"),
        ("a: 1\nb: !hidden-value\n", f"config/secrets.yaml:2: {IN_QUOTES}"),
        ("a: fine-value\nb: c: hidden-value\n", f"config/secrets.yaml:2: {NOT_YAML}"),
        ("a: 1\n\tb: hidden-value\n", f"config/secrets.yaml:2: {NOT_YAML}"),
        ("- hidden-value\n", "config/secrets.yaml:1: a file of secrets holds lines of `key: value`"),
        ("\nhidden-value\n", "config/secrets.yaml:2: a file of secrets holds lines of `key: value`"),
        (
            b"a: one\nb: hidden-value\nc: \xff\n",
            "config/secrets.yaml:3: a character is not UTF-8: save the file as UTF-8",
        ),
        ("[" * 60_000 + "\n- hidden-value", None),
        (
            "a: hidden-value\n" + "b: c\n" * LONGEST,
            "config/secrets.yaml is longer than 65,536 bytes: what follows is not hidden",
        ),
    ],
    ids=[
        "quote",
        "quote that another one ends",
        "quotes around a part",
        "star",
        "name",
        "tag",
        "colons",
        "tab",
        "list",
        "text",
        "bytes",
        "deep",
        "long",
    ],
)
def test_what_is_broken_is_told_without_a_value_and_its_values_are_hidden(
    file: Path, text: str | bytes, fault: str | None
) -> None:
    secrets = read_secrets(written(file, text))

    assert fault is None or secrets.fault == fault
    assert secrets.fault
    assert "hidden" not in secrets.fault.replace("is not hidden", "")
    assert "other" not in secrets.fault
    assert "hidden-value" in secrets.values


def test_a_password_that_yaml_takes_for_a_name_or_a_tag_is_hidden_whole(file: Path) -> None:
    secrets = read_secrets(written(file, "one: &hunter2 xyz # mine\ntwo: !swordfish\nthree: !!str 1234567\n"))

    assert secrets.fault == f"config/secrets.yaml:1: {IN_QUOTES}"
    assert {"&hunter2 xyz", "!swordfish", "1234567"} <= secrets.values


def test_who_else_may_read_it_is_told_with_the_way_out(file: Path) -> None:
    project = written(file, "a: b\n")
    end = "`chmod 600 config/secrets.yaml`"

    file.chmod(0o644)
    assert read_secrets(project).warnings == (
        f"config/secrets.yaml is not yours alone, other users of this machine can read it: {end}",
    )
    file.chmod(0o660)
    assert read_secrets(project).warnings == (
        (
            f"config/secrets.yaml is not yours alone, the members of its group ({file.stat().st_gid}) "
            f"can read and change it: {end}"
        ),
    )
    file.chmod(0o400)
    assert read_secrets(project).warnings == ()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away")
def test_the_file_of_another_user_is_told(file: Path) -> None:
    project = written(file, "a: b\n")
    somebody = pwd.getpwnam("nobody")
    os.chown(file, somebody.pw_uid, somebody.pw_gid)

    assert read_secrets(project).warnings == (
        "config/secrets.yaml belongs to nobody, who can read and change it: `chown root config/secrets.yaml`",
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")
@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (
            0o600,
            "('config/secrets.yaml cannot be read: Permission denied: it belongs to root, and the scheduler runs as nobody', ())",
        ),
        (0o640, "('', ())"),
        (0o644, "other users of this machine can read it"),
    ],
)
def test_what_root_hands_to_the_group_of_the_scheduler_is_in_order(tmp_path: Path, mode: int, expected: str) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "config").mkdir()
    file = tmp_path / "config" / "secrets.yaml"
    file.write_text("a: b\n")
    file.chmod(mode)
    somebody = pwd.getpwnam("nobody")
    os.chown(file, 0, somebody.pw_gid)
    reading, writing = os.pipe()
    folder = os.open(tmp_path, os.O_RDONLY)
    if (pid := os.fork()) == 0:
        os.fchdir(folder)
        os.setgid(somebody.pw_gid)
        os.setgroups([])
        os.setuid(somebody.pw_uid)
        secrets = read_secrets(Path())
        os.write(writing, repr((secrets.fault, secrets.warnings)).encode())
        os._exit(0)
    os.waitpid(pid, 0)
    os.close(writing)
    os.close(folder)
    with os.fdopen(reading) as told:
        assert expected in told.read()


def test_a_folder_or_a_pipe_in_its_place_is_told(file: Path) -> None:
    project = file.parent.parent
    file.unlink()
    file.mkdir()
    assert read_secrets(project).fault == "config/secrets.yaml is a folder: put the secrets into a file of this name"

    file.rmdir()
    os.mkfifo(file)
    assert read_secrets(project).fault == "config/secrets.yaml is no file: put the secrets into a file of this name"


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("key: plain value  # told", "plain value"),
        ('key: "in \\"quotes\\": # \\\\"', 'in "quotes": # \\'),
        ('key: "never closed', "never closed"),
        ("key: 'it''s'", "it's"),
        ("  - - item", "item"),
        ("- key: value", "value"),
        ("key: &name anchored", "anchored"),
        ("key: !!str tagged", "tagged"),
        ('"quoted key": value', "value"),
        ("url: postgres://me:pass@host/db", "postgres://me:pass@host/db"),
        ("MIIEvQIBADANBg", "MIIEvQIBADANBg"),
    ],
)
def test_a_value_is_found_without_a_reader_of_yaml(line: str, value: str) -> None:
    assert likely_values(line) - {"&name anchored", "name anchored"} == {value}


@pytest.mark.parametrize("line", ["", "# key: value", "---", "key:", "nested:  ", "[]"])
def test_where_there_is_no_value_none_is_found(line: str) -> None:
    assert likely_values(line) == set()


def test_values_between_brackets_are_found_one_by_one() -> None:
    assert likely_values("key: {one: first, two: [second, 'third']}") == {"first", "second", "third"}


@pytest.mark.slow
def test_another_python_that_logs_hides_them_without_being_told(file: Path) -> None:
    project = written(file, "token: hidden-value\n")
    code = "import sys; from helpers import log_error; log_error('it is ' + sys.argv[1], pin=1234567)"
    environment = {"PYTHONPATH": str(REPOSITORY), "TASK_SCHEDULER_ROOT": str(project)}

    subprocess.run([sys.executable, "-S", "-c", code, "hidden-value"], env=environment, check=True, capture_output=True)

    for name in ("tasks.log", "errors.log"):
        text = (project / "logs" / name).read_text()
        assert "it is ***" in text
        assert "hidden-value" not in text
