"""What a function is given because it names it as a parameter."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.integration.execution.project import EITHER_START_METHOD, Project

#: The second 02:30 of the night when Berlin's clocks go back, and the slot before it.
SLOT, BEFORE = datetime(2026, 10, 25, 1, 30, tzinfo=UTC), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
_TELL = """
import json

def tell(**given):
    print(json.dumps({name: str(value) for name, value in given.items()}, sort_keys=True), flush=True)
"""
_ALL = (
    _TELL
    + """
async def start(scheduled_time, window_start, window_end, attempt, reason):
    tell(scheduled_time=scheduled_time, window_start=window_start, window_end=window_end, attempt=attempt, reason=reason)
"""
)


def _told(project: Project, sources: list[tuple[str, dict[str, Any]]]) -> list[dict[str, str] | str]:
    """Return what each source prints when its `start` is run for the slot; its complaint when it prints nothing."""

    async def scenario() -> list[dict[str, str] | str]:
        async with project.scheduler() as scheduler:
            told: list[dict[str, str] | str] = []
            for source, wanted in sources:
                attempt = scheduler.launch(project.request(source, function="start", **wanted))
                await scheduler.exit_of(attempt)
                texts = project.texts(attempt)
                told.append(json.loads(texts[0]) if texts else project.texts(attempt, "stderr")[-1])
            return told

    return asyncio.run(scenario())


def _scheduled(**further: Any) -> dict[str, Any]:
    return {"scheduled_for": SLOT, "window_start": BEFORE, "zone": "Europe/Berlin", "reason": "catch-up", **further}


@EITHER_START_METHOD
def test_a_function_is_given_what_it_names(project: Project) -> None:
    by_schedule, by_hand = _told(project, [(_ALL, _scheduled()), (_ALL, {})])

    assert by_schedule == {
        "scheduled_time": "2026-10-25 02:30:00+01:00",
        "window_start": "2026-10-25 02:30:00+02:00",
        "window_end": "2026-10-25 02:30:00+01:00",
        "attempt": "1",
        "reason": "catch-up",
    }
    assert by_hand == {
        "scheduled_time": "None",
        "window_start": "None",
        "window_end": "None",
        "attempt": "1",
        "reason": "manual",
    }


def test_what_the_schedule_gives_itself_stays(project: Project) -> None:
    source = (
        _TELL
        + "def start(reason, attempt=7, *, scheduled_time=None):\n    tell(r=reason, a=attempt, s=scheduled_time)\n"
    )

    told = _told(
        project,
        [
            (source, _scheduled(arguments="(('mine',), {'scheduled_time': 1})")),
            (source, _scheduled(arguments="(('mine', 2), {})", zone="UTC")),
            (source, _scheduled(zone="Mars/Olympus")),
        ],
    )

    assert told == [
        {"r": "mine", "a": "1", "s": "1"},
        {"r": "mine", "a": "2", "s": "2026-10-25 01:30:00+00:00"},
        {"r": "catch-up", "a": "1", "s": "2026-10-25 01:30:00+00:00"},
    ]


_WRAPPED = """
import functools

def kept(function):
    @functools.wraps(function)
    def wrapper(*arguments, **keywords):
        return function(*arguments, **keywords)
    return wrapper

def hidden(function):
    @functools.wraps(function)
    def wrapper():
        return function("nothing")
    return wrapper
"""


@pytest.mark.parametrize(
    ("definition", "told"),
    [
        ("@kept\ndef start(reason):\n    tell(r=reason)\n", {"r": "catch-up"}),
        ("@hidden\ndef start(reason):\n    tell(r=reason)\n", {"r": "nothing"}),
        ("def body(word, reason):\n    tell(r=reason)\n\nstart = functools.partial(body, 'w')\n", {"r": "catch-up"}),
        ("def start(**others):\n    tell(r=others)\n", {"r": "{}"}),
        ("def start(reason='none', /):\n    tell(r=reason)\n", {"r": "none"}),
        ("class Whole:\n    def __call__(self, attempt):\n        tell(a=attempt)\n\nstart = Whole()\n", {"a": "1"}),
        ("start = type('Odd', (), {'__signature__': 1, '__call__': lambda self: tell(r='odd')})()\n", {"r": "odd"}),
    ],
    ids=["wrapper", "wrapper without", "partial", "any names", "by position alone", "object", "no signature"],
)
def test_only_what_can_be_named_is_given(project: Project, definition: str, told: dict[str, str]) -> None:
    assert _told(project, [(_TELL + _WRAPPED + definition, _scheduled())]) == [told]


def test_a_name_nobody_knows_is_the_tasks_own_mistake(project: Project) -> None:
    [told] = _told(project, [("def start(scheduled_tme):\n    pass\n", _scheduled())])

    assert told == "TypeError: start() missing 1 required positional argument: 'scheduled_tme'"
