"""Which settings a running scheduler takes over when they change, and which wait for its next start."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from task_scheduler.settings.models import Settings, known_keys
from task_scheduler.settings.spelling import spelled, value_of


class Effect(StrEnum):
    """When a changed setting takes effect."""

    LIVE = "at once"  # within some seconds of the change
    RESTART = "at the next start"


#: Every setting there is; tests/unit/test_settings_reload.py holds the two lists against each other.
EFFECTS: Mapping[str, Effect] = MappingProxyType(
    {
        "scheduler.loop_interval": Effect.LIVE,
        "scheduler.task_check_interval": Effect.LIVE,
        "scheduler.memory_cleanup_interval": Effect.LIVE,
        "scheduler.max_memory_usage": Effect.LIVE,
        # Every schedule would have to be computed anew, and slots that are owed already would have no instant.
        "scheduler.timezone": Effect.RESTART,
        "scheduler.max_concurrent": Effect.LIVE,
        "scheduler.missed": Effect.LIVE,
        "scheduler.missed_window": Effect.LIVE,
        # The record, with its locks, is what a scheduler holds as long as it lives.
        "database.path": Effect.RESTART,
        "database.backup_interval": Effect.LIVE,
        "database.backup_keep": Effect.LIVE,
        "logging.level": Effect.LIVE,
        "logging.file": Effect.LIVE,
        "logging.max_size": Effect.LIVE,
        "logging.retention": Effect.LIVE,
        "logging.rotation": Effect.LIVE,
        # The first two are of the interpreter this program runs in; the third decides about every environment there is.
        "virtual_env.path": Effect.RESTART,
        "virtual_env.python_executable": Effect.RESTART,
        "virtual_env.mode": Effect.RESTART,
        "tasks.directory": Effect.LIVE,
        "tasks.file_pattern": Effect.LIVE,
        "tasks.reload_on_change": Effect.LIVE,
        "tasks.include_example_tasks": Effect.LIVE,
        "tasks.on_invalid": Effect.LIVE,
        "tasks.kill_grace": Effect.LIVE,
        "tasks.output_limit": Effect.LIVE,
        "history.keep_days": Effect.LIVE,
        "history.keep_runs": Effect.LIVE,
        "environments.build_timeout": Effect.LIVE,
        "environments.allow_direct_references": Effect.LIVE,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One setting with another value."""

    key: str
    before: str  #: as a person writes it
    after: str

    @property
    def effect(self) -> Effect:
        """When it takes effect."""
        return EFFECTS[self.key]

    def __str__(self) -> str:
        """Return `scheduler.max_memory_usage: 500 MB -> 800 MB`."""
        return f"{self.key}: {self.before} -> {self.after}"


def changes(before: Settings, after: Settings) -> Iterator[Change]:
    """Yield each setting that has another value, in the order of the file that comes with the program."""
    for key in all_keys():
        earlier, later = value_of(before, key), value_of(after, key)
        if earlier != later:
            yield Change(key=key, before=spelled(key, earlier), after=spelled(key, later))


def all_keys() -> Iterator[str]:
    """Yield `section.key` of every setting."""
    for section, keys in known_keys().items():
        for key in keys:
            yield f"{section}.{key}"


def taken_over(in_force: Settings, on_disk: Settings) -> Settings:
    """Return the settings in force once a running scheduler has taken over what it can."""
    kept = [key for key, effect in EFFECTS.items() if effect is Effect.RESTART]
    sections: dict[str, dict[str, object]] = {}
    for key in kept:
        section, _, name = key.partition(".")
        sections.setdefault(section, {})[name] = value_of(in_force, key)
    # Copied and not validated anew: a bare number of megabytes would be taken for one of bytes.
    mixed = on_disk.model_copy(
        update={name: getattr(on_disk, name).model_copy(update=values) for name, values in sections.items()}
    )
    return mixed.with_sources({key: (in_force if key in kept else on_disk).source_of(key) for key in all_keys()})
