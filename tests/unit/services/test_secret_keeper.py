"""When the file of secrets changes: what is hidden from then on, and what a person hears of it."""

from __future__ import annotations

from collections.abc import Collection

from task_scheduler.core.events import Event, Level
from task_scheduler.core.secrets import Secrets
from task_scheduler.services.secret_keeper import INTERVAL, SecretKeeper
from task_scheduler.testing.clock import FakeClock
from task_scheduler.testing.loops import in_event_loop

OPEN = (
    "config/secrets.yaml is not yours alone, other users of this machine can read it: `chmod 600 config/secrets.yaml`"
)
BROKEN = "config/secrets.yaml:1: this is not YAML"


class File:
    """The file of secrets as a test wants it, a keeper of it, and what the keeper did."""

    def __init__(self, **first: object) -> None:
        self.now = Secrets(**first)  # type: ignore[arg-type]
        self.hidden: list[Collection[str]] = []
        self.events: list[Event] = []
        self.clock = FakeClock()
        self.keeper = SecretKeeper(
            first=self.now,
            read=lambda: self.now,
            hide=self.hidden.append,
            clock=self.clock,
            publish=self.events.append,
        )

    async def becomes(self, **content: object) -> list[str]:
        """Have it changed and looked at; return what is told."""
        self.now = Secrets(**content)  # type: ignore[arg-type]
        self.events.clear()
        await self.keeper.look()
        return [f"{event.name}: {event.message}" for event in self.events]


@in_event_loop
async def test_a_start_tells_what_is_hidden_and_who_else_may_read_it() -> None:
    file = File(values=frozenset({"one-of-them", "another"}), short=1, warnings=(OPEN,))

    await file.keeper.start()
    await file.keeper.stop()

    assert [(event.name, event.message) for event in file.events] == [
        (
            "secrets.known",
            (
                "config/secrets.yaml: 2 values of it are hidden in what runs and scheduler write, "
                "1 shorter than 6 characters is not"
            ),
        ),
        ("secrets.exposed", OPEN),
    ]
    assert file.events[1].level is Level.WARNING


@in_event_loop
async def test_without_secrets_nothing_is_told() -> None:
    file = File()

    await file.keeper.start()
    await file.keeper.look()
    await file.keeper.stop()

    assert file.events == []
    assert file.hidden == []


@in_event_loop
async def test_what_comes_is_hidden_and_what_goes_stays_hidden() -> None:
    file = File(values=frozenset({"old-secret"}))

    told = await file.becomes(values=frozenset({"new-secret"}))

    assert file.hidden == [{"old-secret", "new-secret"}]
    assert told == [
        (
            "secrets.changed: config/secrets.yaml has changed: 1 value of it is hidden in what runs and scheduler write, "
            "and 1 that is gone from it until the next start"
        )
    ]
    assert await file.becomes() != []
    assert file.hidden == [{"old-secret", "new-secret"}]


@in_event_loop
async def test_a_file_that_stays_broken_is_told_of_once_and_what_it_seems_to_hold_is_hidden_at_once() -> None:
    file = File(values=frozenset({"old-secret"}))
    broken = {"values": frozenset({"half-a-secr"}), "fault": BROKEN}

    assert await file.becomes(**broken) == []
    assert file.hidden == [{"old-secret", "half-a-secr"}]
    assert await file.becomes(**broken) == [
        f"secrets.invalid: {BROKEN}; what looks like a value in it is hidden, and what was known before"
    ]
    assert await file.becomes(**broken) == []
    [mended] = await file.becomes(values=frozenset({"old-secret"}))
    assert mended.startswith("secrets.changed: config/secrets.yaml has changed: 1 value of it is hidden")


@in_event_loop
async def test_what_is_wrong_is_known_as_long_as_it_is() -> None:
    file = File(values=frozenset({"old-secret"}))
    assert file.keeper.trouble() is None

    await file.becomes(fault=BROKEN, warnings=(OPEN,))
    await file.becomes(fault=BROKEN, warnings=(OPEN,))
    assert file.keeper.trouble() == {"fault": BROKEN, "warnings": [OPEN]}

    await file.becomes(warnings=(OPEN,))
    assert file.keeper.trouble() == {"fault": None, "warnings": [OPEN]}
    await file.becomes()
    assert file.keeper.trouble() is None


@in_event_loop
async def test_a_file_that_is_broken_at_the_start_is_an_error() -> None:
    file = File(fault=BROKEN)

    await file.keeper.start()
    await file.keeper.stop()

    assert [(event.name, event.level) for event in file.events] == [("secrets.invalid", Level.ERROR)]


@in_event_loop
async def test_a_warning_is_told_again_only_after_it_was_gone() -> None:
    file = File()

    assert await file.becomes(warnings=(OPEN,)) == [f"secrets.exposed: {OPEN}"]
    assert await file.becomes(warnings=(OPEN,)) == []
    assert await file.becomes() == []
    assert await file.becomes(warnings=(OPEN,)) == [f"secrets.exposed: {OPEN}"]


@in_event_loop
async def test_it_looks_now_and_then() -> None:
    file = File()
    await file.keeper.start()
    file.now = Secrets(values=frozenset({"new-secret"}))

    await file.clock.advance(INTERVAL)
    await _until_hidden(file)
    await file.keeper.stop()

    assert file.hidden == [{"new-secret"}]


async def _until_hidden(file: File) -> None:
    """Let the keeper's look, which happens in a thread, come to its end."""
    import asyncio

    for _ in range(1000):
        if file.hidden:
            return
        await asyncio.sleep(0.005)
