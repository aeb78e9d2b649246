"""config/config.yaml: read strictly, refused with line, key, value and the way out, all at once."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from task_scheduler.core.errors import SettingsError
from task_scheduler.project import Project, locate_project
from task_scheduler.settings import Settings, load_settings
from task_scheduler.settings.models import known_keys

SHIPPED = Path(__file__).resolve().parents[2] / "config/config.yaml"


def project(root: Path, text: str) -> Project:
    file = root / "config/config.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    return locate_project(config=None, root=root, default_root=root)


def complaints(root: Path, text: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load_settings(project(root, text), environ={})
    return str(caught.value).replace(f"{root}/config/", "").splitlines()


def test_the_shipped_file_says_every_default() -> None:
    settings, _ = load_settings(
        locate_project(config=SHIPPED, root=None, default_root=SHIPPED.parent.parent), environ={}
    )

    assert settings.model_dump() == Settings().model_dump()
    for section, keys in known_keys().items():
        for key in keys:
            assert settings.source_of(f"{section}.{key}").startswith("config.yaml:"), f"{section}.{key} is not in it"


def test_a_value_remembers_its_line(tmp_path: Path) -> None:
    settings, _ = load_settings(project(tmp_path, "\n# x\nscheduler:\n  loop_interval: 2 minutes\n"), environ={})

    assert settings.scheduler.loop_interval == 120
    assert settings.source_of("scheduler.loop_interval") == "config.yaml:4"
    assert settings.source_of("scheduler.missed") == "default"


@pytest.mark.parametrize("text", ["", "# nothing\n", "scheduler:\n", "scheduler:\ntasks:\n"])
def test_what_is_not_said_is_the_default(tmp_path: Path, text: str) -> None:
    settings, _ = load_settings(project(tmp_path, text), environ={})

    assert settings.model_dump() == Settings().model_dump()


def test_everything_wrong_is_said_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    lines = complaints(
        tmp_path,
        "scheduler:\n"
        "  loop_intervl: 3\n"
        "tasks:\n  reload_on_change: yes\n"
        "database: 3\n"
        "logging:\n"
        "  rotation: hourly\n"
        "  level: INFO\n"
        "  level: DEBUG\n"
        "missed: all\n"
        "schedular:\n"
        "  missed: all\n",
    )

    assert lines == [
        "config.yaml: line 2: unknown key scheduler.loop_intervl, did you mean 'loop_interval'?",
        "config.yaml: line 4: tasks.reload_on_change must be true or false, not 'yes'",
        "config.yaml: line 5: database must be a block of keys, not 3",
        "config.yaml: line 7: logging.rotation must be daily, weekly or size, not 'hourly'",
        "config.yaml: line 9: the key 'level' is given twice, first in line 8: keep one of them",
        "config.yaml: line 10: 'missed' belongs below scheduler:, indented",
        "config.yaml: line 11: unknown key 'schedular', did you mean 'scheduler'?",
    ]


@pytest.mark.parametrize(
    "text",
    ["scheduler: [", "- a\n- b\n", "scheduler: &a {}\n", "!!python/object:os.system {}", "a: 1\n---\nb: 1\n", "\x00"],
)
def test_what_is_no_plain_yaml_is_refused(tmp_path: Path, text: str) -> None:
    [first, *_] = complaints(tmp_path, text)

    assert re.match(r"config\.yaml: line \d: ", first)


def test_a_missing_file_is_an_error_only_when_somebody_named_it(tmp_path: Path) -> None:
    unnamed = locate_project(config=None, root=tmp_path, default_root=tmp_path)
    named = locate_project(config=tmp_path / "gone.yaml", root=None, default_root=tmp_path)

    settings, _ = load_settings(unnamed, environ={})
    with pytest.raises(SettingsError, match="there is no such file") as caught:
        load_settings(named, environ={})

    assert settings.model_dump() == Settings().model_dump()
    assert str(caught.value).startswith(f"{tmp_path}/gone.yaml: ")


def test_a_file_that_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "config/config.yaml").mkdir(parents=True)
    folder = locate_project(config=None, root=tmp_path, default_root=tmp_path)

    with pytest.raises(SettingsError, match="it is a folder: make it a YAML file"):
        load_settings(folder, environ={})
    (tmp_path / "config/config.yaml").rmdir()
    os.mkfifo(tmp_path / "config/config.yaml")
    with pytest.raises(SettingsError, match="it is a pipe or a device"):
        load_settings(folder, environ={})
    (tmp_path / "config/config.yaml").unlink()
    (tmp_path / "config/config.yaml").symlink_to("nowhere")
    with pytest.raises(SettingsError, match="it is a link that leads nowhere"):
        load_settings(folder, environ={})
    (tmp_path / "config/config.yaml").unlink()
    (tmp_path / "config/config.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="it cannot be read"):
        load_settings(folder, environ={})


def test_missing_folders_are_made(tmp_path: Path) -> None:
    _, paths = load_settings(project(tmp_path, "database:\n  path: deep/er/s.db\n"), environ={})

    paths.create_folders()

    assert {path.name for path in tmp_path.iterdir()} == {"config", "tasks", "logs", "data", "deep"}
    assert paths.database.parent.is_dir()


def test_a_folder_of_tasks_that_was_named_wrongly_is_told_and_not_made(tmp_path: Path) -> None:
    folder = project(tmp_path, "tasks:\n  directory: nosuch\n")
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks" / "report.py").touch()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "scheduler.db").touch()
    _, paths = load_settings(folder, environ={})

    with pytest.raises(
        SettingsError, match=r"changed from tasks/, which holds 1 task file, to nosuch/, which is not there"
    ):
        paths.create_folders()
    assert not (tmp_path / "nosuch").exists()

    (tmp_path / "tasks" / "report.py").unlink()
    paths.create_folders()
    assert not (tmp_path / "nosuch").exists(), "an empty one would pass for the loss of all tasks"

    (tmp_path / "data" / "scheduler.db").unlink()
    paths.create_folders()
    assert (tmp_path / "nosuch").is_dir(), "a first start makes it"


def test_a_key_whose_name_is_begun_only_is_suggested(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"unknown key scheduler\.looop, did you mean 'loop_interval'\?"):
        load_settings(project(tmp_path, ""), environ={}, flags={"scheduler.looop": 1})
    with pytest.raises(SettingsError, match=r"unknown key scheduler\.zzz$"):
        load_settings(project(tmp_path, ""), environ={}, flags={"scheduler.zzz": 1})
