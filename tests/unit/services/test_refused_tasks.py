"""What the catalog tells of tasks that cannot be made ready, for those who expect them at a start."""

from __future__ import annotations

import pytest

from task_scheduler.core.errors import EnvironmentFailed
from task_scheduler.core.tasks import JobDeclaration
from task_scheduler.testing.builders import a_job_declaration
from task_scheduler.testing.fakes import a_reading
from task_scheduler.testing.loops import in_event_loop
from tests.unit.services.world import World

JOB = a_job_declaration(trigger="at startup")


@pytest.mark.parametrize(
    ("temporary", "refused", "preparing"),
    [(False, {"report": ((JOB,), "no such package")}, set()), (True, {}, {"report"})],
)
@in_event_loop
async def test_a_task_without_its_environment_is_refused_or_still_expected(
    *, temporary: bool, refused: dict[str, tuple[tuple[JobDeclaration, ...], str]], preparing: set[str]
) -> None:
    world = World()
    async with world.running(catalog=True):
        world.environments.failures["requests"] = EnvironmentFailed("no such package", temporary=temporary)
        world.folder.write("report", a_reading(dependencies=("requests",), jobs=(JOB,)))
        await _quiet(world)
        assert (world.catalog.refused(), world.catalog.preparing()) == (refused, preparing)

        world.environments.failures.clear()
        world.folder.write("report", a_reading(jobs=(JOB,)), text="mended")
        await _quiet(world)
        assert (world.catalog.refused(), world.catalog.preparing()) == ({}, set())

        world.environments.failures["requests"] = EnvironmentFailed("no such package", temporary=temporary)
        world.folder.write("report", a_reading(dependencies=("requests",), jobs=(JOB,)), text="broken")
        await _quiet(world)
        assert (world.catalog.refused(), world.catalog.preparing()) == ({}, set())  # the version before it is in force


async def _quiet(world: World) -> None:
    await world.clock.settle()
    await world.until(lambda: not world.catalog.is_preparing and world.catalog._changes.empty())
