"""What `config show` writes of the settings that are in force."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.cli.documents import FakeDoor, say

FILE = "/srv/jobs/config/config.yaml"


def setting(key: str, **changes: Any) -> dict[str, Any]:
    return {
        "key": key,
        "value": "10 s",
        "json": 10.0,
        "from": "default",
        "next": None,
        "next_from": None,
        "default": "10 s",
        "meaning": "the longest sleep",
        "must_be": "a duration",
        "takes_effect": "at once",
        "variable": "TASK_SCHEDULER_X",
        **changes,
    }


LOOP = setting("scheduler.loop_interval", value="5 s", **{"from": "config.yaml:2"})
CHECK = setting("scheduler.task_check_interval")
ZONE = setting("scheduler.timezone", value="null", default="null", next="Asia/Tokyo", next_from="config.yaml:3")
FOLDER = setting("tasks.directory", value="tasks", default="tasks")


def told(*settings: dict[str, Any], **changes: Any) -> FakeDoor:
    summary = {"file": FILE, "trouble": None, "since": None, "needs_restart": [], **changes}
    return FakeDoor({"settings": {**summary, "settings": list(settings)}})


def test_each_setting_is_a_line_with_its_value_and_where_that_came_from() -> None:
    said = say("config show", told(LOOP, CHECK, FOLDER))

    assert said.out == (
        "SETTING                        VALUE  FROM\n"
        "scheduler.loop_interval        5 s    config.yaml:2\n"
        "scheduler.task_check_interval  10 s   default\n"
        "tasks.directory                tasks  default\n"
    )
    assert (said.err, said.code) == ("", 0)


def test_what_waits_for_a_restart_stands_beside_what_is_in_force() -> None:
    said = say("config show --changed", told(LOOP, CHECK, ZONE, needs_restart=["scheduler.timezone"]))

    assert said.out == (
        "SETTING                  VALUE  FROM           AT THE NEXT START\n"
        "scheduler.loop_interval  5 s    config.yaml:2\n"
        "scheduler.timezone       null   default        Asia/Tokyo (config.yaml:3)\n"
    )
    assert said.err == "a restart is needed for scheduler.timezone\n"


def test_a_section_and_a_key_can_be_chosen() -> None:
    section = say("config show tasks", told(LOOP, FOLDER))
    one = say("config show scheduler.loop_interval", told(LOOP, FOLDER))

    assert [line.split()[0] for line in section.out.splitlines()] == ["SETTING", "tasks.directory"]
    assert one.out == (
        "setting          scheduler.loop_interval\n"
        "value            5 s\n"
        "from             config.yaml:2\n"
        "default          10 s\n"
        "what it is       the longest sleep\n"
        "may be           a duration\n"
        "a change counts  at once\n"
        "variable         TASK_SCHEDULER_X\n"
    )


@pytest.mark.parametrize(
    ("what", "guess"),
    [
        ("loop_interval", ", did you mean 'scheduler.loop_interval'?"),
        ("scheduler.loop_intervl", ", did you mean 'scheduler.loop_interval'?"),
        ("schedulr", ", did you mean 'scheduler'?"),
        ("zzz", ""),
    ],
)
def test_a_setting_that_there_is_not_gets_a_guess(what: str, guess: str) -> None:
    said = say(f"config show {what}", told(LOOP, FOLDER))

    assert said.err.splitlines()[0] == f"error: no setting '{what}'{guess}"
    assert (said.out, said.code) == ("", 2)


def test_a_file_that_is_not_followed_is_told() -> None:
    said = say("config show --changed", told(CHECK, trouble="line 2: unknown key 'x'"))

    assert said.err == f"every setting is its default\n{FILE} is not followed: line 2: unknown key 'x'\n"


def test_the_document_holds_values_as_they_are() -> None:
    document = json.loads(say("config show --json", told(LOOP)).out)

    assert document["in_force"] is True
    assert document["settings"] == [LOOP]
