"""What every setting is, why, and when a change of it counts, as JSON documents for those who show it."""

from __future__ import annotations

from typing import Any

from task_scheduler.settings.models import Settings, section_model
from task_scheduler.settings.reload import EFFECTS, all_keys
from task_scheduler.settings.sources import variable_of
from task_scheduler.settings.spelling import default_of, spelled, value_of


def account(in_force: Settings, on_disk: Settings) -> list[dict[str, Any]]:
    """Return one document for each setting; values are texts as a person writes them, `json` the value itself.

    `next` is the value the next start will take, where that is another one.
    """
    return [_of_key(key, in_force, on_disk) for key in all_keys()]


def _of_key(key: str, in_force: Settings, on_disk: Settings) -> dict[str, Any]:
    section, _, name = key.partition(".")
    field = section_model(section).model_fields[name]
    value, later = value_of(in_force, key), value_of(on_disk, key)
    return {
        "key": key,
        "value": spelled(key, value),
        "json": value,
        "from": in_force.source_of(key),
        "next": None if later == value else spelled(key, later),
        "next_from": None if later == value else on_disk.source_of(key),
        "default": spelled(key, default_of(key)),
        "meaning": field.title,
        "must_be": field.description,
        "takes_effect": EFFECTS[key].value,
        "variable": variable_of(key),
    }
