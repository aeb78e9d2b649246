"""Whether the modules of a task file can be found."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from task_scheduler.core.environments import Requirements
from task_scheduler.core.errors import EnvironmentFailed
from task_scheduler.environments.provider import Environments
from task_scheduler.testing.wheels import build_wheel
from tests.integration.environments.bench import Bench


async def key_of(provider: Environments, *packages: str) -> str:
    lock = await provider.resolve(Requirements(packages=packages))
    await provider.ensure(lock)
    return lock.key


def missing(bench: Bench, modules: Sequence[str], *packages: str, path: str = "tasks/report.py") -> tuple[str, ...]:
    provider = bench.provider(folder=bench.shared)

    async def scenario() -> tuple[str, ...]:
        return await provider.missing_modules(await key_of(provider, *packages), modules, path)

    return asyncio.run(scenario())


def test_the_standard_library_and_installed_packages_are_found(bench: Bench) -> None:
    build_wheel(bench.wheels, "hello", modules={"greeting/__init__.py": "", "greeting/polite.py": ""})

    assert missing(bench, ["sys", "os.path", "xml.dom", "greeting.polite"], "hello") == ()


def test_what_is_nowhere_is_told_as_it_was_written_and_in_order(bench: Bench) -> None:
    assert missing(bench, ["zebra.stripes", "sys", "apple"]) == ("zebra.stripes", "apple")


def test_the_schedulers_own_packages_are_not_there(bench: Bench) -> None:
    assert missing(bench, ["sqlalchemy", "loguru", "pytest"]) == ("sqlalchemy", "loguru", "pytest")


def test_the_project_the_scheduler_and_the_files_own_folder_are_looked_in(bench: Bench) -> None:
    (bench.root / "local_module.py").touch()
    (bench.root / "local_package").mkdir()
    (bench.root / "tasks" / "reports").mkdir()
    (bench.root / "tasks" / "reports" / "neighbour.py").touch()
    (bench.root / "tasks" / "reports" / "fast.cpython-311-x86_64-linux-gnu.so").touch()
    modules = ["local_module", "local_package", "task_scheduler.decorators", "tasks.other", "neighbour", "fast"]

    assert missing(bench, modules, path="tasks/reports/daily.py") == ()
    assert missing(bench, modules, path="tasks/daily.py") == ("neighbour", "fast")


def test_the_folder_of_tasks_is_looked_in_from_a_folder_below_it_and_from_elsewhere(bench: Bench) -> None:
    (bench.root / "tasks" / "lib.py").touch()

    assert missing(bench, ["lib"], path="tasks/reports/daily.py") == ()

    elsewhere = bench.folder / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "other.py").touch()
    provider = bench.provider(folder=bench.shared, tasks=elsewhere)

    async def scenario() -> tuple[str, ...]:
        path = str(elsewhere / "reports" / "daily.py")
        return await provider.missing_modules(await key_of(provider), ["lib", "other"], path)

    assert asyncio.run(scenario()) == ("lib",)


def test_nothing_is_imported_to_find_out(bench: Bench) -> None:
    trap = f"open({str(bench.folder / 'imported')!r}, 'w')\n"
    build_wheel(bench.wheels, "hello", modules={"hello/__init__.py": trap, "hello/part.py": trap})
    (bench.root / "local_module.py").write_text(trap)
    (bench.root / "tasks" / "report.py").write_text(trap)

    assert missing(bench, ["hello", "hello.part", "local_module", "report"], "hello") == ()
    assert not (bench.folder / "imported").exists()


def test_a_local_module_is_found_and_lost_without_a_restart(bench: Bench) -> None:
    provider = bench.provider()

    async def scenario() -> list[tuple[str, ...]]:
        key = await key_of(provider)
        answers = [await provider.missing_modules(key, ["later"], "tasks/a.py")]
        (bench.root / "later.py").touch()
        answers.append(await provider.missing_modules(key, ["later"], "tasks/a.py"))
        (bench.root / "later.py").unlink()
        return [*answers, await provider.missing_modules(key, ["later"], "tasks/a.py")]

    assert asyncio.run(scenario()) == [("later",), (), ("later",)]


def test_answers_about_an_environment_are_remembered(bench: Bench) -> None:
    provider = bench.provider()

    async def scenario() -> None:
        key = await key_of(provider)
        assert await provider.missing_modules(key, ["json", "nosuch"], "tasks/a.py") == ("nosuch",)
        provider.interpreter(key).unlink()
        assert await provider.missing_modules(key, ["nosuch", "json"], "tasks/b.py") == ("nosuch",)

    asyncio.run(scenario())


def test_a_package_that_prints_or_lies_at_the_start_of_python_cannot_forge_an_answer(bench: Bench) -> None:
    noise = {"noise.pth": "import sys; sys.stdout.write('missing json\\ndone\\n')\n", "hello.py": ""}
    build_wheel(bench.wheels, "hello", modules=noise)

    assert missing(bench, ["json", "hello", "nosuch"], "hello") == ("nosuch",)


def test_a_package_that_breaks_the_start_of_python_is_a_failure(bench: Bench) -> None:
    build_wheel(bench.wheels, "hello", modules={"broken.pth": "import os; os._exit(9)\n"})

    with pytest.raises(EnvironmentFailed, match="the environment's Python does not work"):
        missing(bench, ["json"], "hello")


def test_an_environment_that_is_not_there_is_a_failure(bench: Bench) -> None:
    with pytest.raises(EnvironmentFailed, match="the environment's Python does not work"):
        asyncio.run(bench.provider().missing_modules("0" * 32, ["json"], "tasks/a.py"))
