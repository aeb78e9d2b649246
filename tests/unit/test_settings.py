"""Settings: what is accepted, what is refused and how it is said; tests/integration/test_settings_file.py has the file."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from task_scheduler.core.errors import SettingsError
from task_scheduler.core.events import Level
from task_scheduler.core.policies import MisfirePolicy, RetentionPolicy
from task_scheduler.core.tasks import Missed
from task_scheduler.project import Project, locate_project
from task_scheduler.settings import EnvironmentMode, OnInvalid, Paths, Rotation, Settings, load_settings
from task_scheduler.settings.models import known_keys, section_model

PROJECT = Project(root=Path("/nowhere"), config=Path("/nowhere/config/config.yaml"), config_required=False)


def load(*, environ: dict[str, str] | None = None, **flags: Any) -> Settings:
    given = {name.replace("__", ".", 1): value for name, value in flags.items()}
    settings, _ = load_settings(PROJECT, environ=environ or {}, flags=given)
    return settings


def complaint(*, environ: dict[str, str] | None = None, **flags: Any) -> str:
    with pytest.raises(SettingsError) as caught:
        load(environ=environ, **flags)
    [line] = caught.value.lines
    return line


def test_the_defaults_are_those_the_documentation_promises() -> None:
    settings = load()

    assert settings.scheduler.loop_interval == 10
    assert settings.scheduler.task_check_interval == 5
    assert settings.scheduler.memory_cleanup_interval == 300
    assert settings.scheduler.max_memory_usage == 500_000_000
    assert settings.scheduler.timezone is None
    assert settings.scheduler.missed is Missed.ONCE
    assert settings.scheduler.missed_window == 86_400
    assert settings.database.path == "data/scheduler.db"
    assert settings.database.backup_interval == 3_600
    assert settings.logging.level is Level.INFO
    assert settings.logging.file == "scheduler.log"
    assert settings.logging.max_size == 10_000_000
    assert settings.logging.retention == 7 * 86_400
    assert settings.logging.rotation is Rotation.DAILY
    assert settings.virtual_env.path == "venv"
    assert settings.virtual_env.python_executable == "python3"
    assert settings.virtual_env.mode is EnvironmentMode.ISOLATED
    assert settings.tasks.directory == "tasks"
    assert settings.tasks.file_pattern == "*.py"
    assert settings.tasks.reload_on_change is True
    assert settings.tasks.include_example_tasks is False
    assert settings.tasks.on_invalid is OnInvalid.KEEP
    assert settings.tasks.kill_grace == 5
    assert settings.tasks.output_limit == 10_000_000
    assert settings.history.keep_days == 90
    assert settings.history.keep_runs == 10_000
    assert settings.environments.build_timeout == 600
    assert settings.environments.allow_direct_references is False


def test_later_sources_win_and_are_remembered() -> None:
    name = "TASK_SCHEDULER_SCHEDULER__LOOP_INTERVAL"

    by_default = load()
    by_environment = load(environ={name: "3"})
    by_flag = load(environ={name: "3"}, scheduler__loop_interval=1)

    key = "scheduler.loop_interval"
    assert (by_default.scheduler.loop_interval, by_default.source_of(key)) == (10, "default")
    assert (by_environment.scheduler.loop_interval, by_environment.source_of(key)) == (3, name)
    assert (by_flag.scheduler.loop_interval, by_flag.source_of(key)) == (1, "command line")


@pytest.mark.parametrize("key", ["scheduler.x", "x.loop_interval", "scheduler", ""])
def test_asking_for_the_source_of_no_key_is_a_mistake(key: str) -> None:
    with pytest.raises(KeyError):
        load().source_of(key)


@pytest.mark.parametrize(("text", "expected"), [("false", False), ("true", True)])
def test_the_environments_text_is_read_as_the_files_would_be(text: str, expected: bool) -> None:
    assert load(environ={"TASK_SCHEDULER_TASKS__RELOAD_ON_CHANGE": text}).tasks.reload_on_change is expected


def test_a_pattern_in_the_environment_needs_no_quotes() -> None:
    assert load(environ={"TASK_SCHEDULER_TASKS__FILE_PATTERN": "*_job.py"}).tasks.file_pattern == "*_job.py"


def test_variables_without_a_section_are_none_of_its_business() -> None:
    environ = {"TASK_SCHEDULER_ROOT": "/x", "TASK_SCHEDULER_TITLE": "a__b", "OTHER__THING": "1"}

    assert load(environ=environ).scheduler == Settings().scheduler


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        (
            "scheduler.loop_interval",
            0,
            "a duration above zero and up to a year, such as 10 (seconds) or '2 minutes', not 0",
        ),
        ("scheduler.loop_interval", True, ", not true"),
        ("scheduler.loop_interval", "ten", ", not 'ten'"),
        ("scheduler.loop_interval", "2 years", ", not '2 years'"),
        ("scheduler.loop_interval", None, ", not nothing"),
        ("scheduler.loop_interval", [1], ", not a list"),
        ("scheduler.loop_interval", {"a": 1}, ", not a block of keys"),
        ("scheduler.loop_interval", float("nan"), ", not nan"),
        ("scheduler.loop_interval", float("inf"), ", not inf"),
        (
            "scheduler.max_concurrent",
            0,
            "a whole number of at least 1, or null for four times the cores of the processor, at least 16, not 0",
        ),
        ("scheduler.max_concurrent", 2.5, ", not 2.5"),
        ("scheduler.max_concurrent", "2", ", not '2'"),
        ("scheduler.max_concurrent", True, ", not true"),
        ("scheduler.missed", "never", "scheduler.missed must be once, skip or all, not 'never'"),
        ("scheduler.missed_window", -1, "or 0 for none, not -1"),
        (
            "scheduler.timezone",
            "Europe/Berln",
            "not 'Europe/Berln': no time zone 'Europe/Berln', did you mean 'Europe/Berlin'?",
        ),
        ("scheduler.max_memory_usage", "5 XB", "such as 500 (megabytes) or '1 GB', not '5 XB'"),
        ("database.path", "", "must be the path of a file, such as data/scheduler.db, not ''"),
        ("database.path", "a\0b", r"not 'a\x00b'"),
        ("logging.level", "info", "must be DEBUG, INFO, WARNING or ERROR, not 'info'"),
        ("logging.rotation", "hourly", "must be daily, weekly or size, not 'hourly'"),
        ("tasks.file_pattern", "sub/*.py", "holds no slash, such as *.py or job_*.py, not 'sub/*.py'"),
        ("tasks.reload_on_change", "yes", "tasks.reload_on_change must be true or false, not 'yes'"),
        ("tasks.reload_on_change", 1, ", not 1"),
        ("tasks.on_invalid", "go", "tasks.on_invalid must be keep or stop, not 'go'"),
        ("tasks.output_limit", 0, ", not 0"),
        ("history.keep_days", 0, ", or null for all, not 0"),
        ("virtual_env.mode", "none", "must be isolated or shared, not 'none'"),
        ("logging.level", "x" * 200, "x" * 59 + "…"),
    ],
)
def test_a_bad_value_is_refused_with_the_way_out(key: str, value: Any, sentence: str) -> None:
    line = complaint(**{key.replace(".", "__"): value})

    assert line.startswith(f"command line: {key} must be ")
    assert line.endswith(sentence)


def test_an_unknown_key_gets_a_guess() -> None:
    assert complaint(environ={"TASK_SCHEDULER_TASKS__DIRECTRY": "x"}) == (
        "TASK_SCHEDULER_TASKS__DIRECTRY: unknown key tasks.directry, did you mean 'directory'?"
    )
    assert complaint(environ={"TASK_SCHEDULER_TASK__DIRECTORY": "x"}) == (
        "TASK_SCHEDULER_TASK__DIRECTORY: unknown key 'task', did you mean 'tasks'?"
    )
    assert complaint(scheduler__level="INFO") == (
        "command line: unknown key scheduler.level, it belongs below logging:"
    )


def test_null_is_a_value_where_it_means_something() -> None:
    settings = load(scheduler__timezone=None, scheduler__max_concurrent=None, history__keep_days=None)

    assert settings.scheduler.concurrency_limit >= 2
    assert settings.history.retention == RetentionPolicy(age=None, runs_per_task=10_000)


def test_settings_become_policies() -> None:
    settings = load(
        scheduler__missed="skip",
        scheduler__missed_window="2 hours",
        history__keep_days=3,
        scheduler__max_concurrent=7,
        scheduler__timezone="Asia/Tokyo",
    )

    assert settings.scheduler.misfire == MisfirePolicy(missed=Missed.SKIP, window=timedelta(hours=2))
    assert settings.history.retention == RetentionPolicy(age=timedelta(days=3), runs_per_task=10_000)
    assert settings.scheduler.concurrency_limit == 7
    assert settings.scheduler.zone == ZoneInfo("Asia/Tokyo")


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        setattr(load().scheduler, "loop_interval", 1)  # noqa: B010 - the type checker refuses the plain way


def test_every_key_says_what_it_must_be() -> None:
    for section, keys in known_keys().items():
        for key in keys:
            assert section_model(section).model_fields[key].description, f"{section}.{key}"


@pytest.mark.parametrize(
    ("config", "root", "expected"),
    [
        (None, None, ("/default", "/default/config/config.yaml")),
        (None, "/srv/jobs", ("/srv/jobs", "/srv/jobs/config/config.yaml")),
        ("/srv/jobs/config/other.yaml", None, ("/default", "/srv/jobs/config/other.yaml")),
        ("/etc/jobs.yaml", None, ("/default", "/etc/jobs.yaml")),
        ("/config/config.yaml", None, ("/default", "/config/config.yaml")),
        ("/srv/config/config/c.yaml", "/x", ("/x", "/srv/config/config/c.yaml")),
    ],
)
def test_the_options_tell_where_the_project_is(config: str | None, root: str | None, expected: tuple[str, str]) -> None:
    project = locate_project(config=config, root=root, default_root=Path("/default"))

    assert (str(project.root), str(project.config)) == expected
    assert project.config_required is (config is not None)


@pytest.mark.parametrize("begun", ["tasks", "data", "config/config.yaml"])
def test_a_configuration_in_a_project_means_that_project(tmp_path: Path, begun: str) -> None:
    (tmp_path / begun).parent.mkdir(exist_ok=True)
    (tmp_path / begun).mkdir() if "." not in begun else (tmp_path / begun).touch()

    named = locate_project(config=tmp_path / "config/other.yaml", root=None, default_root=Path("/default"))
    beside = locate_project(config=tmp_path / "other.yaml", root=None, default_root=Path("/default"))
    told = locate_project(config=tmp_path / "config/other.yaml", root="/x", default_root=Path("/default"))

    assert [str(project.root) for project in (named, beside, told)] == [str(tmp_path), "/default", "/x"]


@pytest.mark.parametrize(
    ("database", "log", "expected"),
    [
        ("scheduler.db", "s.log", ("/nowhere/data/scheduler.db", "/nowhere/logs/s.log")),
        ("db/s.db", "l/s.log", ("/nowhere/db/s.db", "/nowhere/l/s.log")),
        ("./s.db", "./s.log", ("/nowhere/s.db", "/nowhere/s.log")),
        ("/var/s.db", "/var/s.log", ("/var/s.db", "/var/s.log")),
    ],
)
def test_bare_names_go_to_their_folders_and_paths_start_at_the_project(
    database: str, log: str, expected: tuple[str, str]
) -> None:
    paths = Paths.of(PROJECT, load(database__path=database, logging__file=log))

    assert (str(paths.database), str(paths.log)) == expected
