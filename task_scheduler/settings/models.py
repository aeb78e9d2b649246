"""The settings themselves: one frozen model a section, strictly typed.

Each field's title says what it is for: the comment of its line in config/config.yaml, and its row in docs/settings.md.
Its description ends the sentence "KEY must be …", which is what a person reads about a bad value.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta, tzinfo
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr

from task_scheduler.core.errors import TriggerError
from task_scheduler.core.events import Level
from task_scheduler.core.policies import MisfirePolicy, RetentionPolicy
from task_scheduler.core.quantities import parse_duration, parse_size
from task_scheduler.core.tasks import Missed
from task_scheduler.core.triggers import read_zone
from task_scheduler.machine_zone import machine_zone


class Rotation(StrEnum):
    """When a log file is put aside, besides when it reaches `max_size`."""

    DAILY = "daily"  # at midnight
    WEEKLY = "weekly"  # at midnight before Monday
    SIZE = "size"  # at no time of day


class EnvironmentMode(StrEnum):
    """How tasks share environments."""

    ISOLATED = "isolated"  # equal sets of packages share one; others live side by side
    SHARED = "shared"  # all tasks in one


class OnInvalid(StrEnum):
    """What a broken edit of a task file does to the version in force."""

    KEEP = "keep"  # it goes on running
    STOP = "stop"  # its schedule ends until the file is mended


class Quantity(StrEnum):
    """What a number counts, and so how a person writes it."""

    SECONDS = "seconds"
    BYTES = "bytes"


class Explained(ValueError):
    """Says more about a bad value than its field's description does."""


def _known_zone(name: str) -> str:
    try:
        read_zone(name)
    except TriggerError as error:
        raise Explained(str(error)) from error
    return name


def _bare_pattern(pattern: str) -> str:
    if "/" in pattern or not pattern.endswith(".py"):
        raise ValueError(pattern)
    return pattern


def _megabytes(value: object) -> int:
    return parse_size(value, bare="MB")


#: Where a value came from that nobody gave.
DEFAULT = "default"

_DURATION = "a duration above zero and up to a year, such as 10 (seconds) or '2 minutes'"
_SIZE = "a size above zero, such as '10 MB' or 500000 (bytes)"
_WHOLE = "a whole number of at least 1"
_YEAR = 366 * 86_400

#: Seconds.
Duration = Annotated[float, Quantity.SECONDS, BeforeValidator(parse_duration), Field(ge=0, le=_YEAR)]
#: Seconds, and not none.
Interval = Annotated[float, Quantity.SECONDS, BeforeValidator(parse_duration), Field(gt=0, le=_YEAR)]
#: Bytes.
Size = Annotated[int, Quantity.BYTES, BeforeValidator(parse_size), Field(gt=0)]
Text = Annotated[str, Field(min_length=1, pattern=r"^[^\x00-\x1f\x7f]+$")]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


class SchedulerSettings(_Section):
    """`scheduler:`."""

    loop_interval: Interval = Field(
        10.0,
        title="the longest sleep: how often the scheduler looks at the clock when nothing is due",
        description=_DURATION,
    )
    task_check_interval: Interval = Field(
        5.0,
        title="how often tasks/ is looked at besides the events the system sends",
        description=_DURATION,
    )
    memory_cleanup_interval: Interval = Field(
        300.0,
        title="how often memory is given back, and held against the limit",
        description=_DURATION,
    )
    #: Bytes, though a bare number in the file counts megabytes.
    max_memory_usage: Annotated[int, Quantity.BYTES, BeforeValidator(_megabytes), Field(gt=0)] = Field(
        500 * 10**6,
        title="megabytes, or a size: above it the scheduler restarts itself; running tasks go on",
        description="a size above zero, such as 500 (megabytes) or '1 GB'",
    )
    timezone: Annotated[str, AfterValidator(_known_zone)] | None = Field(
        None,
        title="the zone of schedules, such as Europe/Berlin; null: the machine's",
        description="the name of a time zone, such as Europe/Berlin, or null for the machine's",
    )
    max_concurrent: Annotated[int, Field(ge=1)] | None = Field(
        None,
        title="how many tasks may run at once; null: four times the cores, at least 16",
        description=f"{_WHOLE}, or null for four times the cores of the processor, at least 16",
    )
    missed: Missed = Field(
        Missed.ONCE,
        strict=False,
        title="schedules missed while the scheduler was down: once, skip or all",
        description="once, skip or all",
    )
    missed_window: Duration = Field(
        86_400.0,
        title="missed schedules older than this are recorded and not run",
        description="a duration, such as 86400 (seconds), '24 hours' or 0 for none",
    )

    @property
    def concurrency_limit(self) -> int:
        """How many attempts may run at once."""
        return self.max_concurrent or max(16, 4 * (os.cpu_count() or 1))

    @property
    def zone(self) -> tzinfo:
        """The zone of schedules that name none."""
        return machine_zone() if self.timezone is None else read_zone(self.timezone)

    @property
    def misfire(self) -> MisfirePolicy:
        """What happens to slots that could not run in time."""
        return MisfirePolicy(missed=self.missed, window=timedelta(seconds=self.missed_window))


class DatabaseSettings(_Section):
    """`database:`."""

    path: Text = Field(
        "data/scheduler.db",
        title="the record of all runs; a bare name is put into data/",
        description="the path of a file, such as data/scheduler.db",
    )
    backup_interval: Interval = Field(
        3_600.0,
        title="how often the database is copied to data/backups/",
        description=_DURATION,
    )
    backup_keep: Interval = Field(
        7 * 86_400.0,
        title="how long these copies are kept; automatic ones are thinned out to each hour's, after a day each day's",
        description="a duration above zero, such as '7 days'",
    )


class LoggingSettings(_Section):
    """`logging:`."""

    level: Level = Field(
        Level.INFO,
        strict=False,
        title="DEBUG, INFO, WARNING or ERROR: of the scheduler, and of what tasks log",
        description="DEBUG, INFO, WARNING or ERROR",
    )
    file: Text = Field(
        "scheduler.log",
        title="the scheduler's own log; a bare name is put into logs/",
        description="the name of a file in logs/, such as scheduler.log, or a path",
    )
    max_size: Size = Field(
        10 * 10**6,
        title="a log file that reaches this is put aside, compressed",
        description=_SIZE,
    )
    retention: Interval = Field(
        7 * 86_400.0,
        title="how long log files put aside are kept; tasks.log and errors.log: 30 days",
        description="a duration above zero, such as '7 days'",
    )
    rotation: Rotation = Field(
        Rotation.DAILY,
        strict=False,
        title="log files are put aside at midnight as well; or weekly, or size: only at max_size",
        description="daily, weekly or size",
    )


class VirtualEnvSettings(_Section):
    """`virtual_env:`; the first two are read by main.py before any of this can be imported."""

    path: Text = Field(
        "venv",
        title="the scheduler's own packages, made by main.py; relative to the folder of main.py",
        description="the path of a folder, such as venv",
    )
    python_executable: Text = Field(
        "python3",
        title="what venv/ is made from; python3: the one that started main.py",
        description="the name or path of an interpreter, such as python3.12",
    )
    mode: EnvironmentMode = Field(
        EnvironmentMode.ISOLATED,
        strict=False,
        title="environments of tasks: isolated, or shared (one for all)",
        description="isolated or shared",
    )


class TasksSettings(_Section):
    """`tasks:`."""

    directory: Text = Field(
        "tasks",
        title="the folder of task files",
        description="the path of a folder, such as tasks",
    )
    file_pattern: Annotated[Text, AfterValidator(_bare_pattern)] = Field(
        "*.py",
        title="which names task files have",
        description="a pattern of file names that ends in .py and holds no slash, such as *.py or job_*.py",
    )
    reload_on_change: bool = Field(
        True,  # noqa: FBT003
        title="edited task files come into force at once; false: after a restart",
        description="true or false",
    )
    include_example_tasks: bool = Field(
        False,  # noqa: FBT003
        title="task files whose names begin with example_ count too",
        description="true or false",
    )
    on_invalid: OnInvalid = Field(
        OnInvalid.KEEP,
        strict=False,
        title="after a broken edit: keep the last good version running, or stop",
        description="keep or stop",
    )
    kill_grace: Duration = Field(
        5.0,
        title="seconds between the request to end and the end by force",
        description="a duration, such as 5 (seconds) or 0 for none",
    )
    output_limit: Size = Field(
        10 * 10**6,
        title="so much is kept of what one attempt writes: the first and the last half",
        description=_SIZE,
    )


class HistorySettings(_Section):
    """`history:`."""

    keep_days: Annotated[int, Field(ge=1, le=36_500)] | None = Field(
        90,
        title="finished runs and their output are kept so many days; null: for ever",
        description=f"{_WHOLE}, or null for all",
    )
    keep_runs: Annotated[int, Field(ge=1)] | None = Field(
        10_000,
        title="and so many runs of each task; null: all",
        description=f"{_WHOLE}, or null for all",
    )

    @property
    def retention(self) -> RetentionPolicy:
        """How long finished runs are kept."""
        age = None if self.keep_days is None else timedelta(days=self.keep_days)
        return RetentionPolicy(age=age, runs_per_task=self.keep_runs)


class EnvironmentsSettings(_Section):
    """`environments:`."""

    build_timeout: Interval = Field(
        600.0,
        title="how long installing a task's packages may take",
        description=_DURATION,
    )
    allow_direct_references: bool = Field(
        False,  # noqa: FBT003
        title='true: dependencies may name addresses too, "NAME @ https://…/NAME-1.0.whl"',
        description="true or false",
    )


class Settings(_Section):
    """Everything that can be set."""

    scheduler: SchedulerSettings = SchedulerSettings()
    database: DatabaseSettings = DatabaseSettings()
    logging: LoggingSettings = LoggingSettings()
    virtual_env: VirtualEnvSettings = VirtualEnvSettings()
    tasks: TasksSettings = TasksSettings()
    history: HistorySettings = HistorySettings()
    environments: EnvironmentsSettings = EnvironmentsSettings()

    _sources: Mapping[str, str] = PrivateAttr(default_factory=dict)

    def source_of(self, key: str) -> str:
        """Tell where `section.key` got its value: `default`, `config.yaml:4`, an environment variable's name or `command line`.

        Raises KeyError for a key that does not exist.
        """
        section, _, name = key.partition(".")
        if name not in known_keys().get(section, ()):
            raise KeyError(key)
        return self._sources.get(key, DEFAULT)

    def with_sources(self, sources: Mapping[str, str]) -> Self:
        """Return the same settings, knowing where each value came from, by `section.key`; those left out are defaults."""
        copied = self.model_copy()
        copied._sources = MappingProxyType(dict(sources))  # noqa: SLF001 - a part of making the object
        return copied


def section_model(section: str) -> type[BaseModel]:
    """Return the model of a section; raises KeyError."""
    model: type[BaseModel] | None = Settings.model_fields[section].annotation  # type: ignore[assignment]
    assert model is not None  # noqa: S101 - every field above is annotated; this tells the type checker
    return model


def known_keys() -> Mapping[str, tuple[str, ...]]:
    """Return the keys of every section."""
    return {section: tuple(section_model(section).model_fields) for section in Settings.model_fields}
