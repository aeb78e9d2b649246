"""Telling what becomes of few files, and of very many."""

from __future__ import annotations

from task_scheduler.core.events import Event, Level
from task_scheduler.services.announcer import COUNTED_AT_MOST, FLOOD_IS_OVER, TOLD_ONE_BY_ONE, Announcer
from task_scheduler.testing.clock import FakeClock
from task_scheduler.testing.loops import in_event_loop


class Told:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.events: list[Event] = []
        self.announcer = Announcer(clock=self.clock, publish=self.events.append)

    def flood(self, count: int, name: str = "task.admitted", level: Level = Level.INFO) -> None:
        for number in range(count):
            self.announcer.tell(name, f"t{number}", "in force", level)

    def loud(self) -> list[str]:
        return [event.message for event in self.events if event.level is not Level.DEBUG]


def test_a_few_are_told_one_by_one() -> None:
    told = Told()

    told.flood(TOLD_ONE_BY_ONE)
    told.announcer.tell_numbers()

    assert len(told.loud()) == TOLD_ONE_BY_ONE
    assert told.events[3].message == "t3: in force"
    assert told.events[3].fields == {"task": "t3"}


def test_of_very_many_the_rest_is_a_number_and_nobody_is_lost() -> None:
    told = Told()

    told.flood(TOLD_ONE_BY_ONE + 1_234)
    told.announcer.tell_numbers()

    assert told.loud()[TOLD_ONE_BY_ONE:] == ["1,234 more tasks are in force"]
    assert {f"t{number}: in force" for number in range(1_284)} < {event.message for event in told.events}


def test_a_flood_that_goes_on_is_heard_of() -> None:
    told = Told()

    told.flood(TOLD_ONE_BY_ONE + COUNTED_AT_MOST)

    assert told.loud()[TOLD_ONE_BY_ONE:] == ["2,000 more tasks are in force"]


def test_the_number_is_as_loud_as_what_it_stands_for() -> None:
    told = Told()

    told.flood(TOLD_ONE_BY_ONE + 7, "task.invalid", Level.ERROR)
    told.announcer.tell_numbers()

    last = told.events[-1]
    assert (last.level, last.message) == (Level.ERROR, "7 more problems of task files: `list` and `show` tell them")


def test_each_kind_is_counted_by_itself() -> None:
    told = Told()

    told.flood(TOLD_ONE_BY_ONE + 1)
    told.flood(1, "task.deleted")

    assert told.loud()[-1] == "t0: in force"


@in_event_loop
async def test_after_a_pause_each_is_told_by_itself_again() -> None:
    told = Told()
    told.flood(TOLD_ONE_BY_ONE + 1)

    await told.clock.advance(FLOOD_IS_OVER)
    told.flood(1)

    assert told.events[-1].level is Level.INFO
