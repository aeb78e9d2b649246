"""Removing environments that nobody refers to."""

from __future__ import annotations

import asyncio
import fcntl

import pytest

from task_scheduler.core.environments import Lock, Requirements
from task_scheduler.environments.provider import Environments
from task_scheduler.environments.shelf import MARKER
from task_scheduler.testing.wheels import build_wheel
from tests.integration.environments.bench import Bench


async def built(provider: Environments, *packages: str) -> Lock:
    lock = await provider.resolve(Requirements(packages=packages))
    await provider.ensure(lock)
    return lock


@pytest.fixture
def two(bench: Bench) -> tuple[Lock, Lock]:
    """Build two environments by a provider that is gone since."""
    build_wheel(bench.wheels, "hello", modules={"hello.py": "TEXT = '''" + "x" * 100_000 + "'''\n"})
    provider = bench.provider()
    return asyncio.run(built(provider)), asyncio.run(built(provider, "hello"))


def test_only_what_is_kept_stays_and_the_bytes_are_told(bench: Bench, two: tuple[Lock, Lock]) -> None:
    kept, dropped = two
    provider = bench.provider()

    collected = asyncio.run(provider.collect([kept.key]))

    assert provider.is_ready(kept.key)
    assert sorted(path.name for path in bench.environments.iterdir()) == sorted([kept.key, "locks"])
    assert [path.name for path in (bench.environments / "locks").iterdir()] == [kept.key]
    assert collected.environments == 1
    assert 100_000 <= collected.bytes <= 2_000_000, dropped


def test_a_collected_environment_can_be_built_again(bench: Bench, two: tuple[Lock, Lock]) -> None:
    provider = bench.provider()
    asyncio.run(provider.collect([]))

    asyncio.run(provider.ensure(two[1]))

    assert provider.is_ready(two[1].key)


def test_what_was_asked_for_a_moment_ago_stays_though_no_task_is_on_record_yet(bench: Bench) -> None:
    provider = bench.provider()
    lock = asyncio.run(built(provider))

    collected = asyncio.run(provider.collect([]))

    assert collected.environments == 0
    assert provider.is_ready(lock.key)


def test_what_another_process_is_building_stays(bench: Bench, two: tuple[Lock, Lock]) -> None:
    (bench.environments / two[0].key / MARKER).unlink()
    with (bench.environments / "locks" / two[0].key).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        collected = asyncio.run(bench.provider().collect([two[1].key]))

    assert collected.environments == 0
    assert (bench.environments / two[0].key).exists()


def test_half_built_leftovers_go_even_when_their_key_is_kept(bench: Bench, two: tuple[Lock, Lock]) -> None:
    (bench.environments / two[0].key / MARKER).unlink()
    (bench.environments / "removed-before-a-crash").mkdir()

    collected = asyncio.run(bench.provider().collect([lock.key for lock in two]))

    assert collected.environments == 1
    assert sorted(path.name for path in bench.environments.iterdir()) == sorted([two[1].key, "locks"])


def test_files_of_people_are_left_alone(bench: Bench, two: tuple[Lock, Lock]) -> None:
    (bench.environments / "README").write_text("mine")
    (bench.environments / "notes").mkdir()

    asyncio.run(bench.provider().collect([lock.key for lock in two]))

    assert (bench.environments / "README").exists()
    assert (bench.environments / "notes").exists()


def test_a_folder_that_does_not_exist_yet_has_nothing_to_collect(bench: Bench) -> None:
    collected = asyncio.run(bench.provider().collect([]))

    assert (collected.environments, collected.bytes) == (0, 0)


def test_collecting_while_building_harms_neither(bench: Bench) -> None:
    build_wheel(bench.wheels, "hello")
    provider = bench.provider()

    async def scenario() -> Lock:
        lock = await provider.resolve(Requirements(packages=("hello",)))
        building = asyncio.create_task(provider.ensure(lock))
        while not building.done():
            await provider.collect([])
        await building
        return lock

    assert provider.is_ready(asyncio.run(scenario()).key)


def test_a_rehearsal_tells_what_would_go_and_removes_nothing(bench: Bench, two: tuple[Lock, Lock]) -> None:
    kept, dropped = two
    provider = bench.provider()

    told = asyncio.run(provider.collect([kept.key], dry_run=True))

    assert told.keys == (dropped.key,)
    assert 100_000 <= told.bytes <= 2_000_000
    assert provider.is_ready(dropped.key)
    assert asyncio.run(provider.collect([kept.key])).keys == told.keys


def test_on_a_persons_word_even_what_was_just_asked_for_goes(bench: Bench) -> None:
    provider = bench.provider()
    lock = asyncio.run(built(provider))

    collected = asyncio.run(provider.collect([], even_recent=True))

    assert collected.keys == (lock.key,)
    assert not provider.is_ready(lock.key)


def test_a_survey_tells_states_packages_and_sizes(bench: Bench, two: tuple[Lock, Lock]) -> None:
    empty, hello = two
    (bench.environments / empty.key / MARKER).unlink()

    survey = asyncio.run(bench.provider().survey())

    told = {facts.key: facts for facts in survey.environments}
    assert told.keys() == {empty.key, hello.key}
    assert (told[hello.key].state, told[empty.key].state) == ("ready", "broken")
    assert told[hello.key].lock == hello.text
    assert told[hello.key].python.startswith(hello.python)
    assert told[empty.key].python == ""
    assert 100_000 <= told[hello.key].bytes <= survey.bytes


def test_a_file_with_other_names_elsewhere_is_not_the_environments_own(bench: Bench, two: tuple[Lock, Lock]) -> None:
    key = two[1].key
    large = bench.environments / key / "large"
    large.write_bytes(b"x" * 1_000_000)
    before = asyncio.run(bench.provider().survey())
    (bench.folder / "cached").hardlink_to(large)
    (bench.environments / two[0].key / "shared").hardlink_to(large)

    after = asyncio.run(bench.provider().survey())

    own = {facts.key: facts.own_bytes for facts in before.environments}
    assert {facts.key: own[facts.key] - facts.own_bytes for facts in after.environments} == {
        key: 1_003_520,
        two[0].key: 0,
    }
    assert after.bytes == before.bytes


def test_an_environment_that_somebody_builds_is_told_so(bench: Bench, two: tuple[Lock, Lock]) -> None:
    (bench.environments / two[0].key / MARKER).unlink()
    with (bench.environments / "locks" / two[0].key).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        survey = asyncio.run(bench.provider().survey())
        told = asyncio.run(bench.provider().collect([two[1].key], dry_run=True))

    assert {facts.key: facts.state for facts in survey.environments}[two[0].key] == "building"
    assert told.keys == ()
