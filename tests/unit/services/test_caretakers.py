"""The janitor, the memory guard and the custody of locks and database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pytest

from task_scheduler.core.errors import StoreError
from task_scheduler.core.events import Event
from task_scheduler.core.policies import RetentionPolicy
from task_scheduler.ports import Pruned
from task_scheduler.services import janitor as janitor_module
from task_scheduler.services.custody import Custody
from task_scheduler.services.janitor import Janitor
from task_scheduler.testing.clock import FakeClock
from task_scheduler.testing.fakes import FakeEnvironments, FakeOutputs
from task_scheduler.testing.loops import in_event_loop
from tests.unit.services.world import FlakyStore, World


class OldRuns(FlakyStore):
    """A store with runs the policy no longer keeps, given as the outputs of each."""

    def __init__(self, runs: Sequence[Sequence[str]]) -> None:
        super().__init__()
        self.runs_left = list(runs)
        self.rounds = 0

    async def prune(self, policy: RetentionPolicy, now: datetime, limit: int) -> Pruned:
        if "prune" in self.failing:
            raise StoreError("the disk is full")
        self.rounds += 1
        gone, self.runs_left = self.runs_left[:limit], self.runs_left[limit:]
        return Pruned(runs=len(gone), outputs=tuple(name for outputs in gone for name in outputs))


def a_janitor(
    store: OldRuns, *, clock: FakeClock, outputs: FakeOutputs, environments: FakeEnvironments, events: list[Event]
) -> Janitor:
    return Janitor(
        state=store,
        catalogue=store,
        outputs=outputs,
        environments=environments,
        environments_in_use=lambda: {"env-used"},
        may_collect=lambda: "busy" not in environments.missing,
        clock=clock,
        policy=RetentionPolicy(),
        publish=events.append,
    )


@in_event_loop
async def test_old_runs_go_in_batches_with_their_output(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(janitor_module, "BATCH", 2)
    store, outputs, events = OldRuns([["a"], ["b", "c"], ["d"], ["e"], ["f"]]), FakeOutputs(), []  # type: ignore[var-annotated]
    outputs.texts = dict.fromkeys("abcdefg", b"x" * 1_000_000)
    janitor = a_janitor(store, clock=FakeClock(), outputs=outputs, environments=FakeEnvironments(), events=events)

    removed = await janitor.prune()

    assert removed == 5
    assert list(outputs.texts) == ["g"]
    assert [event.message for event in events] == ["history: 5 old runs removed, 6.0 MB freed"]


@in_event_loop
async def test_runs_without_output_do_not_hide_those_behind_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(janitor_module, "BATCH", 2)
    store = OldRuns([[], [], [], [], ["a"]])
    outputs, environments, events = FakeOutputs(), FakeEnvironments(), []  # type: ignore[var-annotated]

    await a_janitor(store, clock=FakeClock(), outputs=outputs, environments=environments, events=events).prune()

    assert store.runs_left == []


@in_event_loop
async def test_unused_environments_go_and_those_in_use_stay() -> None:
    environments, events = FakeEnvironments(), []  # type: ignore[var-annotated]
    environments.built = {"env-used", "env-old"}
    janitor = a_janitor(OldRuns([]), clock=FakeClock(), outputs=FakeOutputs(), environments=environments, events=events)

    await janitor.collect()
    await janitor.collect()

    assert environments.built == {"env-used"}
    assert [event.message for event in events] == ["1 unused environments removed, 1.0 MB freed"]


@in_event_loop
async def test_nothing_is_collected_while_a_file_is_brought_into_force() -> None:
    environments = FakeEnvironments()
    environments.built, environments.missing = {"env-old"}, {"busy"}
    janitor = a_janitor(OldRuns([]), clock=FakeClock(), outputs=FakeOutputs(), environments=environments, events=[])

    await janitor.collect()

    assert environments.built == {"env-old"}


@in_event_loop
async def test_on_a_persons_word_what_is_unused_goes_at_once_or_is_only_told() -> None:
    environments, events = FakeEnvironments(), []  # type: ignore[var-annotated]
    environments.built, environments.missing = {"env-used", "env-old"}, {"busy"}
    janitor = a_janitor(OldRuns([]), clock=FakeClock(), outputs=FakeOutputs(), environments=environments, events=events)

    rehearsed = await janitor.collect_all(dry_run=True)
    untouched = set(environments.built)
    done = await janitor.collect_all(dry_run=False)

    assert rehearsed.keys == done.keys == ("env-old",)
    assert untouched == {"env-used", "env-old"}
    assert environments.built == {"env-used"}
    assert [event.name for event in events] == ["environments.collected"]


@in_event_loop
async def test_a_round_that_fails_is_told_and_the_next_one_comes() -> None:
    clock, store, events = FakeClock(), OldRuns([]), []  # type: ignore[var-annotated]
    janitor = a_janitor(store, clock=clock, outputs=FakeOutputs(), environments=FakeEnvironments(), events=events)
    store.failing = {"prune"}
    await janitor.start()

    await clock.advance(600)
    await clock.settle()
    store.failing = set()
    assert [event.name for event in events] == ["janitor.failed"]
    assert janitor.is_running
    await janitor.stop()


def test_worlds_share_nothing() -> None:
    assert World().store is not World().store


@in_event_loop
async def test_the_scheduler_ends_once_when_a_lock_or_the_database_is_taken_away() -> None:
    clock = FakeClock()
    events: list[Event] = []
    ended: list[str] = []
    gone: list[str | None] = [None]
    custody = Custody(
        checks=[lambda: None, lambda: gone[0]], end=ended.append, clock=clock, interval=10.0, publish=events.append
    )

    await custody.start()
    await clock.advance(25)
    before = list(ended)
    gone[0] = "the database /data/scheduler.db"
    await clock.advance(40)
    await custody.stop()

    assert before == []
    assert len(ended) == 1
    assert "the database /data/scheduler.db was moved or deleted" in ended[0]
    assert [event.name for event in events] == ["custody.lost"]


@in_event_loop
async def test_the_scheduler_ends_once_when_its_record_is_found_damaged() -> None:
    clock = FakeClock()
    events: list[Event] = []
    ended: list[str] = []
    damage: list[str | None] = [None]
    custody = Custody(
        checks=[lambda: None],
        damage=lambda: damage[0],
        end=ended.append,
        clock=clock,
        interval=10.0,
        publish=events.append,
    )

    await custody.start()
    await clock.advance(25)
    damage[0] = "database disk image is malformed"
    await clock.advance(40)
    await custody.stop()

    assert [event.name for event in events] == ["record.damaged"]
    assert ended == [events[0].message]
    assert "(database disk image is malformed): the scheduler stops" in ended[0]
