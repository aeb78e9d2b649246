"""Reading and writing the files in config/."""

from __future__ import annotations

import datetime as dt
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import get_config_value, get_project_root, list_config_files, load_config, save_config
from helpers.config_loader import InvalidConfig
from tests.integration.helpers.conftest import REPOSITORY, Plain


@pytest.fixture
def config(root: Path) -> Path:
    folder = root / "config"
    folder.mkdir()
    (folder / "config.yaml").write_text("scheduler:\n  loop_interval: 10\ndatabase: {path: data/scheduler.db}\n")
    (folder / "my_task.yaml").write_text("timeout: 30\nservers:\n  - name: a\n  - name: b\nempty:\n2026: year\n")
    return folder


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_main_file_is_the_default(config: Path) -> None:
    assert load_config() == {"scheduler": {"loop_interval": 10}, "database": {"path": "data/scheduler.db"}}
    assert get_config_value("database.path") == "data/scheduler.db"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("timeout", 30),
        ("servers.1.name", "b"),
        ("servers.2.name", "default"),
        ("servers.-1.name", "default"),
        ("servers.x", "default"),
        ("timeout.deeper", "default"),
        ("2026", "year"),
        ("empty", None),
        ("nothing", "default"),
        ("", "default"),
    ],
)
def test_one_value_is_found_by_its_path(config: Path, key: str, value: object) -> None:
    assert get_config_value(key, "my_task.yaml", default="default") == value


def test_a_file_that_is_not_there_is_an_error_that_says_what_is(config: Path) -> None:
    (config / ".hidden.yaml").touch()
    (config / "notes.txt").touch()

    with pytest.raises(FileNotFoundError) as caught:
        load_config("my_tusk.yaml")

    assert str(caught.value) == f"there is no my_tusk.yaml in {config} (there: config.yaml, my_task.yaml)"


def test_secrets_that_are_not_there_say_how_to_make_them(config: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"copy config/secrets\.yaml\.example to it"):
        load_config("secrets.yaml")


def test_one_value_of_a_file_that_is_not_there_is_the_default(config: Path) -> None:
    assert get_config_value("api.key", "secrets.yaml", default="not-set") == "not-set"


def test_a_file_that_cannot_be_used_never_passes_for_a_default(config: Path) -> None:
    (config / "my_task.yaml").write_text("timeout: [\n")

    with pytest.raises(InvalidConfig, match=r"^config/my_task\.yaml:"):
        get_config_value("timeout", "my_task.yaml", default=30)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: 1\nb: 2\na: 3\n", "config/x.yaml:3: the key 'a' is given twice, first in line 1: keep one of them"),
        ("{a: 1, a: 2}", "config/x.yaml:1: the key 'a' is given twice, first in line 1: keep one of them"),
        ("a:\n  b: 1\n  b: 2\n", "config/x.yaml:3: the key 'b' is given twice, first in line 2: keep one of them"),
        ("- a\n- b\n", "config/x.yaml:1: it must be lines of 'key: value', and is a list"),
        (
            "a: 1\npassword: !hunter2\n",
            "config/x.yaml:2: a value that begins with one of ! * & @ ` % | > must be in quotes",
        ),
        ("password: *hunter2\n", "config/x.yaml:1: a value that begins with one of ! * & @ ` % | > must be in quotes"),
        ("password: @hunter2\n", "config/x.yaml:1: a value that begins with one of ! * & @ ` % | > must be in quotes"),
        ("password: &hunter2\n", "config/x.yaml:1: a value that begins with one of ! * & @"),
        ("password: |hunter2\n", "config/x.yaml:1: a value that begins with one of ! * & @"),
        ("password: %hunter2\n", "config/x.yaml:1: a value that begins with one of ! * & @"),
        ("password: !hunter2{x\n", "config/x.yaml:1: a value that begins with one of ! * & @"),
        ("a: 1\n%hunter2\n", "config/x.yaml:2: this is not YAML: put values in quotes"),
        ("a: }hunter2\n", "config/x.yaml:1: this is not YAML: put values in quotes"),
        ("a: !!python/object/apply:os.system [id]\n", "config/x.yaml:1: a value that begins with one of ! * & @"),
        ("password: hunter2: x\n", "config/x.yaml:1: put a value that holds ': ' in quotes"),
        ("a: 1\nhunter2\n", "config/x.yaml:3: write lines of 'key: value'"),
        ('a: 1\npassword: "hunter2\nb: c\n\n', "config/x.yaml:2: the quote that opens here is not closed"),
        ('a: 1\npassword: "hunter2\nb: "c"\n', "config/x.yaml:2: the quote that opens here is not closed"),
        ("a: 1\npassword: 'hunter2's'\n", "config/x.yaml:2: put all of a value in quotes"),
        ("a: 1\n\tpassword: hunter2\n", "config/x.yaml:2: begin lines with spaces, not with tabs"),
        ("a: [hunter2\nb: c\n", "config/x.yaml:2: a list or a dict that opens with [ or { is not closed"),
        ("? [hunter2]\n: c\n", "config/x.yaml:1: a key must be a text or a number"),
        ("a: 1\n---\nb: hunter2\n", "config/x.yaml:2: a file holds one document: take the line --- away"),
        ('a: "hunter2\\q"\n', "config/x.yaml:1: a backslash in double quotes begins a special character"),
        ("since: !!timestamp hunter2\n", "config/x.yaml:1: a value looks like a number or a date and is none"),
        ("since: 2026-13-45\n", "config/x.yaml:1: a value looks like a number or a date and is none"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_never_a_value(config: Path, text: str, sentence: str) -> None:
    (config / "x.yaml").write_text(text)

    with pytest.raises(InvalidConfig) as caught:
        load_config("x.yaml")

    assert str(caught.value).startswith(sentence)
    assert "hunter2" not in str(caught.value)


def test_a_name_without_its_ending_is_answered_with_the_whole_one(config: Path) -> None:
    (config / "servers.yml").write_text("a: 1\n")

    with pytest.raises(FileNotFoundError, match=rf"^there is no servers in {config}: did you mean servers\.yml\?$"):
        load_config("servers")


def test_a_name_or_a_path_of_a_wrong_type_is_named(config: Path) -> None:
    with pytest.raises(TypeError, match=r"^config_name must be a path, as a text or a Path, and is 5 \(int\)$"):
        load_config(5)  # type: ignore[arg-type] # wrong on purpose
    with pytest.raises(TypeError, match=r"^key_path must be a text, and is \['a'\] \(list\)$"):
        get_config_value(["a"])  # type: ignore[arg-type] # wrong on purpose
    with pytest.raises(TypeError, match=r"^config_name must be a path, as a text or a Path, and is None$"):
        save_config({}, None)  # type: ignore[arg-type] # wrong on purpose


def test_a_name_longer_than_any_file_s_is_refused_in_a_short_sentence(config: Path) -> None:
    with pytest.raises(ValueError, match=r"is no name of a file in config/") as caught:
        load_config("x" * 100_000)

    assert len(str(caught.value)) < 300


def test_a_folder_in_place_of_a_file_is_an_error_in_words(config: Path) -> None:
    (config / "x.yaml").mkdir()

    with pytest.raises(InvalidConfig, match=r"^config/x\.yaml cannot be read: Is a directory$"):
        load_config("x.yaml")


def test_a_file_in_another_encoding_is_told_with_its_line(config: Path) -> None:
    (config / "x.yaml").write_bytes(b"a: 1\nb: caf\xe9\n")

    with pytest.raises(InvalidConfig, match=r"^config/x\.yaml:2: it is not written in UTF-8"):
        load_config("x.yaml")


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "\ufeff", "---\n"])
def test_an_empty_file_says_nothing(config: Path, text: str) -> None:
    (config / "x.yaml").write_text(text)

    assert load_config("x.yaml") == {}


@pytest.mark.parametrize("name", ["../tasks/x.yaml", "a/../../x.yaml", "/etc/passwd", "", ".", "..", "x\0.yaml"])
def test_a_name_that_leads_out_of_the_folder_is_refused(config: Path, name: str) -> None:
    for use in (load_config, lambda named: save_config({}, named)):
        with pytest.raises(ValueError, match="is no name of a file in config/"):
            use(name)


@pytest.mark.parametrize("name", ["secrets.yaml/x", "a/b.yml/x.yaml", "notes/x.yaml"])
def test_a_name_that_takes_a_file_for_a_folder_is_refused(config: Path, name: str) -> None:
    (config / "notes").touch()
    before = sorted(config.rglob("*"))

    for use in (load_config, lambda named: save_config({}, named)):
        with pytest.raises(ValueError, match=r"is no name of a file in config/: [a-z/.]+ is one of a file, not of a f"):
            use(name)

    assert sorted(config.rglob("*")) == before


def test_a_file_in_a_folder_below_is_one_of_them(config: Path) -> None:
    assert save_config({"a": 1}, "clients/acme.yaml")

    assert load_config("clients/acme.yaml") == {"a": 1}
    assert list_config_files() == ["clients/acme.yaml", "config.yaml", "my_task.yaml"]


def test_what_is_saved_is_read_back_in_its_order(root: Path) -> None:
    data = {"zebra": 1, "apple": [1.5, None, True, "yes", "0100", "ünï", "a\nb"], "since": dt.date(2026, 1, 2)}

    assert save_config(data, "my_task.yaml") is True

    assert load_config("my_task.yaml") == data
    assert list(load_config("my_task.yaml")) == list(data)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.slow
@given(data=st.dictionaries(st.text(max_size=8), VALUES, max_size=4))
def test_whatever_can_be_saved_is_read_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, data: dict[str, Any]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TASK_SCHEDULER_ROOT", str(tmp_path_factory.getbasetemp()))
        name = f"{os.getpid()}.yaml"

        assert not save_config(data, name) or load_config(name) == data


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"a": Path("x")}, "it holds a value of type PosixPath, which YAML does not know"),
        ({"a": object()}, "it holds a value of type object, which YAML does not know"),
        (["a"], "its content must be a dict, and is of type list"),
    ],
)
def test_what_cannot_be_saved_is_said_and_changes_nothing(
    config: Path, capsys: pytest.CaptureFixture[str], data: Any, sentence: str
) -> None:
    before = (config / "my_task.yaml").read_bytes()

    assert save_config(data, "my_task.yaml") is False

    assert f"config/my_task.yaml is not saved: {sentence}" in capsys.readouterr().err
    assert (config / "my_task.yaml").read_bytes() == before
    assert sorted(path.name for path in config.iterdir()) == ["config.yaml", "my_task.yaml"]


def test_a_folder_that_cannot_be_written_is_said(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "config").write_text("no folder")

    assert save_config({"a": 1}, "x.yaml") is False
    assert "config/x.yaml is not saved: " in capsys.readouterr().err


def test_mode_and_link_stay(config: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.yaml"
    elsewhere.write_text("a: 1\n")
    elsewhere.chmod(0o640)
    (config / "linked.yaml").symlink_to(elsewhere)

    assert save_config({"a": 2}, "linked.yaml")

    assert (config / "linked.yaml").is_symlink()
    assert load_config("linked.yaml") == {"a": 2}
    assert mode_of(elsewhere) == 0o640


@pytest.mark.parametrize("before", [None, 0o644, 0o666])
def test_secrets_are_for_their_owner_alone(config: Path, before: int | None) -> None:
    secrets = config / "secrets.yaml"
    if before is not None:
        secrets.write_text("a: 1\n")
        secrets.chmod(before)

    assert save_config({"a": 2}, "secrets.yaml")

    assert mode_of(secrets) == 0o600


def test_what_a_killed_writer_left_is_removed_in_time(config: Path) -> None:
    old, new = config / ".x.yaml.1-aa.unfinished", config / ".x.yaml.2-bb.unfinished"
    for path in (old, new):
        path.touch()
    os.utime(old, (1, 1))

    assert save_config({}, "x.yaml")

    assert (old.exists(), new.exists()) == (False, True)


@pytest.mark.slow
def test_nobody_ever_reads_half_a_file_though_writers_are_killed(config: Path) -> None:
    code = (
        "import sys\nfrom helpers import save_config\nnumber = int(sys.argv[1])\n"
        "while True:\n    assert save_config({'who': number, 'rows': [number] * 500}, 'shared.yaml')\n"
    )
    assert save_config({"who": 0, "rows": [0] * 500}, "shared.yaml")
    writers: list[subprocess.Popen[bytes]] = []
    reads = 0
    try:
        for number in range(1, 7):
            writers.append(subprocess.Popen([sys.executable, "-c", code, str(number)], cwd=REPOSITORY))
            deadline = time.monotonic() + 20
            while load_config("shared.yaml")["who"] != number and time.monotonic() < deadline:
                found = load_config("shared.yaml")
                assert found["rows"] == [found["who"]] * 500
                reads += 1
            if number > 1:
                writers[number - 2].send_signal(signal.SIGKILL)
    finally:
        for writer in writers:
            writer.kill()
            writer.wait()
    assert reads > 6


def test_the_project_is_the_one_of_the_run_or_else_the_one_around_the_helpers(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert get_project_root() == root

    monkeypatch.delenv("TASK_SCHEDULER_ROOT")

    assert get_project_root() == REPOSITORY


def test_a_plain_python_without_yaml_says_how_to_get_it(plain: Plain, config: Path) -> None:
    said = plain(
        "from helpers import load_config\ntry:\n    load_config()\nexcept ImportError as error:\n    print(error)"
    )

    assert said.startswith(f"files in config/ are YAML, and {sys.executable} has no PyYAML to read them: run `")
