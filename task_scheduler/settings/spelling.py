"""Values of settings as a person writes them: `10 s`, `500 MB`, `null`."""

from __future__ import annotations

from task_scheduler.core.quantities import spell_duration, spell_exact_size
from task_scheduler.settings.models import Quantity, Settings, section_model


def spelled(key: str, value: object) -> str:
    """Return a value of `section.key` such that the file may say it so, quotes apart."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case int() | float():
            return _number(key, value)
        case _:
            return str(value)


def value_of(settings: Settings, key: str) -> object:
    """Return the value of `section.key`."""
    section, _, name = key.partition(".")
    return getattr(getattr(settings, section), name)


def default_of(key: str) -> object:
    """Return what `section.key` is where nobody says anything."""
    section, _, name = key.partition(".")
    return section_model(section).model_fields[name].default


def _number(key: str, value: float) -> str:
    section, _, name = key.partition(".")
    metadata = section_model(section).model_fields[name].metadata
    if Quantity.SECONDS in metadata:
        return spell_duration(value)
    if Quantity.BYTES in metadata:
        return spell_exact_size(int(value))
    return str(value)
