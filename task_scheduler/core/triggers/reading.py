"""From text to trigger: one grammar for what people write and for what the record keeps."""

from __future__ import annotations

from datetime import tzinfo
from functools import lru_cache

from task_scheduler.core.errors import TriggerError
from task_scheduler.core.excerpts import quoted
from task_scheduler.core.triggers.cron import read_cron
from task_scheduler.core.triggers.pattern import Pattern
from task_scheduler.core.triggers.plain import tidy
from task_scheduler.core.triggers.trigger import Trigger, WallClockTrigger
from task_scheduler.core.triggers.words import about_numbers, is_words, read_words


def read_schedule(words: str) -> str:
    """Return the canonical text of a schedule in words, cron text or a nickname; raises TriggerError.

    Equal meanings in words have equal texts; a canonical text is its own.
    """
    return _read(words)[0]


def parse_trigger(text: str, zone: tzinfo) -> Trigger:
    """Return the trigger that a canonical text means in a zone; raises TriggerError."""
    return _trigger(text, zone)


@lru_cache(maxsize=4_096)
def _trigger(text: str, zone: tzinfo) -> Trigger:
    canonical, pattern = _read(text)
    return WallClockTrigger(canonical, zone, pattern)


@lru_cache(maxsize=1_024)
def _read(words: str) -> tuple[str, Pattern]:
    text = tidy(words)
    if is_words(text):
        every = read_words(text)
        return every.text, every.pattern()
    hint = about_numbers(text)
    if hint:
        raise TriggerError(f"{quoted(text)} cannot be read{hint}")
    cron = read_cron(text)
    return cron.text, cron.pattern
