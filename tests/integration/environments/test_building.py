"""Resolving and building environments, by each installer."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from task_scheduler.core.environments import Lock, Requirements
from task_scheduler.core.errors import EnvironmentFailed
from task_scheduler.environments.file_locks import try_lock
from task_scheduler.environments.inspection import Inspector
from task_scheduler.environments.interpreters import Interpreter, Interpreters
from task_scheduler.environments.modules import ModuleFinder
from task_scheduler.environments.provider import Environments
from task_scheduler.environments.shelf import MARKER, Shelf
from task_scheduler.testing.wheels import build_source_archive, build_wheel
from tests.integration.environments.bench import REPOSITORY, Bench, record_calls
from tests.integration.environments.facts import end, is_alive, parent_of, pid_in, tree, until, wait_until

Make = Callable[..., Environments]

#: A build backend that says where it runs and waits until a file tells it to go on.
HANGING_BACKEND = """
import os, shutil, time
def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    with open({pid!r}, "w") as file:
        print(os.getpid(), file=file)
    while not os.path.exists({go_on!r}):
        time.sleep(0.02)
    return os.path.basename(shutil.copy({wheel!r}, wheel_directory))
"""


async def built(provider: Environments, *packages: str) -> Lock:
    lock = await provider.resolve(Requirements(packages=packages))
    await provider.ensure(lock)
    return lock


def output_of(provider: Environments, lock: Lock, code: str) -> str:
    told = subprocess.run([provider.interpreter(lock.key), "-c", code], check=True, capture_output=True, text=True)
    return told.stdout.strip()


def refusal(provider: Environments, *packages: str) -> EnvironmentFailed:
    with pytest.raises(EnvironmentFailed) as refused:
        asyncio.run(built(provider, *packages))
    return refused.value


@pytest.mark.slow
def test_conflicting_versions_live_side_by_side(bench: Bench, make: Make) -> None:
    build_wheel(bench.wheels, "hello", "1.0")
    build_wheel(bench.wheels, "hello", "2.0")
    provider = make()

    async def scenario() -> Sequence[Lock]:
        return await asyncio.gather(built(provider, "hello<2"), built(provider, "hello>=2"))

    old, new = asyncio.run(scenario())

    assert output_of(provider, old, "import hello; print(hello.VERSION)") == "1.0"
    assert output_of(provider, new, "import hello; print(hello.VERSION)") == "2.0"


@pytest.mark.slow
def test_a_lock_names_every_package_exactly_and_with_hashes(bench: Bench, make: Make) -> None:
    build_wheel(bench.wheels, "hello", "1.0", requires=["greeting>=2"])
    build_wheel(bench.wheels, "greeting", "2.5")

    lock = asyncio.run(make().resolve(Requirements(packages=("hello",))))

    lines = lock.text.replace("\\\n", " ").splitlines()
    assert [re.sub(r"\s+", " ", re.sub(r"[0-9a-f]{64}", "…", line)) for line in lines] == [
        "greeting==2.5 --hash=sha256:…",
        "hello==1.0 --hash=sha256:…",
    ]


@pytest.mark.slow
def test_installed_commands_work_and_modules_are_compiled(bench: Bench, make: Make) -> None:
    text = "def main():\n    print('hello')\n"
    build_wheel(bench.wheels, "hello", modules={"hello.py": text}, scripts={"say-hello": "hello:main"})
    provider = make()

    lock = asyncio.run(built(provider, "hello"))

    python = provider.interpreter(lock.key)
    assert subprocess.run([python.with_name("say-hello")], check=True, capture_output=True).stdout == b"hello\n"
    assert list(python.parents[1].glob("lib/*/site-packages/__pycache__/hello.*.pyc"))


@pytest.mark.slow
def test_the_environment_is_made_of_the_real_interpreter_and_holds_nothing_else(bench: Bench, make: Make) -> None:
    provider = make()

    lock = asyncio.run(built(provider))

    assert lock.text == ""
    assert output_of(provider, lock, "import sys; print(sys.base_prefix)") == sys.base_prefix
    assert not any(folder in provider.interpreter(lock.key).readlink().parents for folder in [Path(sys.prefix)])
    site = next((bench.environments / lock.key / "lib").glob("*/site-packages"))
    assert [path.name for path in site.iterdir() if not path.name.startswith("_virtualenv")] == []


def test_a_task_without_packages_needs_no_installer(bench: Bench) -> None:
    provider = bench.provider(index_arguments=["--no-such-option"])

    lock = asyncio.run(built(provider))

    assert provider.is_ready(lock.key)
    assert bench.notices == []


def test_an_environment_is_ready_only_with_its_marker(bench: Bench) -> None:
    provider = bench.provider()
    lock = asyncio.run(provider.resolve(Requirements()))
    assert not provider.is_ready(lock.key)

    asyncio.run(provider.ensure(lock))

    assert provider.is_ready(lock.key)
    marker = json.loads((bench.environments / lock.key / MARKER).read_text())
    assert marker["key"] == lock.key
    assert marker["lock"] == ""
    assert marker["python"] == ".".join(map(str, sys.version_info[:3]))
    (bench.environments / lock.key / MARKER).unlink()
    assert not provider.is_ready(lock.key)


def test_a_ready_environment_is_not_touched_again(bench: Bench) -> None:
    build_wheel(bench.wheels, "hello")
    lock = asyncio.run(built(bench.provider(), "hello"))
    before = tree(bench.environments / lock.key)

    asyncio.run(built(bench.provider(), "hello"))

    assert tree(bench.environments / lock.key) == before


def test_what_a_broken_off_build_left_is_replaced(bench: Bench) -> None:
    build_wheel(bench.wheels, "hello")
    lock = asyncio.run(built(bench.provider(), "hello"))
    (bench.environments / lock.key / MARKER).unlink()
    (bench.environments / lock.key / "half-written").write_text("…")

    provider = bench.provider()
    asyncio.run(provider.ensure(lock))

    assert provider.is_ready(lock.key)
    assert not (bench.environments / lock.key / "half-written").exists()
    assert not list(bench.environments.glob("removed-*"))


def test_an_environment_whose_python_is_gone_is_not_ready(bench: Bench) -> None:
    provider = bench.provider()
    lock = asyncio.run(built(provider))
    python = provider.interpreter(lock.key)
    python.unlink()
    python.symlink_to("/nosuch/python3")

    assert not provider.is_ready(lock.key)

    asyncio.run(bench.provider().ensure(lock))
    assert output_of(provider, lock, "print('works')") == "works"


def test_a_lock_made_for_another_machine_is_refused(bench: Bench) -> None:
    provider = bench.provider()
    lock = asyncio.run(provider.resolve(Requirements()))

    with pytest.raises(EnvironmentFailed) as refused:
        asyncio.run(provider.ensure(replace(lock, key="0" * 32, platform="linux-riscv64")))

    assert str(refused.value) == (
        f"the lock was made for a Python {lock.python} on linux-riscv64 that is not on this machine: "
        "install it, or save the task file to lock it again"
    )


@pytest.mark.parametrize(
    "package",
    [
        "-r other.txt",
        "--index-url=http://example.org",
        "hello\n--pre",
        "./folder",
        "hello @ file:///x",
        "",
        "a b",
        "${HOME}",
    ],
)
def test_what_is_no_name_with_versions_never_reaches_the_installer(bench: Bench, package: str) -> None:
    error = refusal(bench.provider(), package)

    assert str(error) == (
        f"{package!r} is no requirement that can be installed: write a package's name with its versions, "
        "such as 'requests>=2.31'"
    )
    assert not error.temporary


@pytest.mark.slow
def test_an_unknown_package_is_named(make: Make) -> None:
    error = refusal(make(), "nosuch")

    assert str(error) == "no package 'nosuch' on the index: check its spelling in dependencies"
    assert "nosuch" in error.detail


@pytest.mark.slow
def test_an_unknown_version_is_named(bench: Bench, make: Make) -> None:
    build_wheel(bench.wheels, "hello")

    assert str(refusal(make(), "hello==9")) == "no version of hello satisfies hello==9: ask for one that exists"


@pytest.mark.slow
def test_packages_that_contradict_each_other_are_explained(bench: Bench, make: Make) -> None:
    build_wheel(bench.wheels, "alpha", requires=["gamma==1.0"])
    build_wheel(bench.wheels, "beta", requires=["gamma==2.0"])
    build_wheel(bench.wheels, "gamma", "1.0")
    build_wheel(bench.wheels, "gamma", "2.0")

    error = refusal(make(), "alpha", "beta")

    said = str(error).replace("alpha 1.0", "alpha").replace("beta 1.0", "beta")
    halves = said.partition(", which exclude each other: choose other versions of them")[0].split(" and ")
    assert sorted(halves) == ["alpha needs gamma==1.0", "beta needs gamma==2.0"]
    assert "gamma==1.0" in error.detail
    assert not error.temporary


@pytest.mark.slow
def test_an_index_out_of_reach_is_worth_another_try_and_gives_up_in_time(bench: Bench, make: Make) -> None:
    closed = ["--index-url", "http://127.0.0.1:9/simple"]
    once = {**bench.variables, "UV_HTTP_RETRIES": "1", "PIP_RETRIES": "1"}

    error = refusal(make(index_arguments=closed, variables=once), "hello")

    assert str(error) == (
        "the package index cannot be reached (Connection refused): this is tried again, and what is built keeps running"
    )
    assert error.temporary


@pytest.mark.slow
def test_a_package_that_does_not_build_is_told_with_its_last_lines(bench: Bench, make: Make) -> None:
    backend = "def build_wheel(*_, **__):\n    raise RuntimeError('no compiler here')\n"
    build_source_archive(bench.wheels, "broken", backend=backend)
    provider = make()

    error = refusal(provider, "broken")

    assert re.fullmatch(
        r"broken(==|-)1\.0 does not build on this machine: choose a version that has a wheel, "
        r"or install what it misses",
        str(error),
    )
    assert "no compiler here" in error.detail
    assert not error.temporary
    assert [path.name for path in bench.environments.glob("*") if path.name != "locks"] == []


@pytest.mark.slow
def test_another_file_under_the_same_name_is_not_installed(bench: Bench, make: Make) -> None:
    wheel = build_wheel(bench.wheels, "hello")
    provider = make()
    lock = asyncio.run(provider.resolve(Requirements(packages=("hello",))))
    wheel.unlink()
    shutil.rmtree(bench.folder / "uv-cache", ignore_errors=True)
    build_wheel(bench.wheels, "hello", modules={"hello.py": "print('not what was locked')\n"})

    with pytest.raises(EnvironmentFailed, match="the index has another file for hello"):
        asyncio.run(provider.ensure(lock))

    assert not provider.is_ready(lock.key)


class Hanging:
    """A source package whose build waits until it is told to go on."""

    def __init__(self, bench: Bench) -> None:
        self.pid = bench.folder / "backend.pid"
        self.go_on = bench.folder / "go-on"
        wheel = build_wheel(bench.folder / "made", "hello")
        backend = HANGING_BACKEND.format(go_on=str(self.go_on), pid=str(self.pid), wheel=str(wheel))
        build_source_archive(bench.wheels, "hello", backend=backend)


@pytest.mark.slow
def test_a_build_is_ended_with_its_whole_tree_at_the_time_limit(bench: Bench) -> None:
    hanging = Hanging(bench)
    provider = bench.provider(timeout=1.5)

    error = refusal(provider, "hello")

    assert re.fullmatch(
        r"(resolving|installing) the packages took longer than 1\.5 s \(environments\.build_timeout\) and was ended",
        str(error),
    )
    assert error.temporary
    assert not is_alive(pid_in(hanging.pid))


@pytest.mark.slow
def test_a_cancelled_build_is_ended_and_a_later_one_works(bench: Bench) -> None:
    hanging = Hanging(bench)
    provider = bench.provider()

    async def scenario() -> Lock:
        lock = await provider.resolve(Requirements(packages=("hello",)))
        building = asyncio.create_task(provider.ensure(lock))
        await until(hanging.pid.exists)
        building.cancel()
        with pytest.raises(asyncio.CancelledError):
            await building
        assert not is_alive(pid_in(hanging.pid))
        hanging.go_on.touch()
        await provider.ensure(lock)
        return lock

    lock = asyncio.run(scenario())

    assert output_of(provider, lock, "import hello; print(hello.VERSION)") == "1.0"


#: Builds an environment in a process of its own.
BUILDER = """
import asyncio, os, sys
from pathlib import Path
from task_scheduler.core.environments import Requirements
from tests.integration.environments.bench import Bench

async def main():
    provider = Bench(Path(sys.argv[1])).provider()
    lock = await provider.resolve(Requirements(packages=("hello",)))
    await provider.ensure(lock)
    print(lock.key)

asyncio.run(main())
"""


def start_builder(bench: Bench) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", BUILDER, bench.folder], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    )


@pytest.mark.slow
def test_a_builder_killed_in_the_middle_leaves_nothing_that_hinders_the_next(bench: Bench) -> None:
    hanging = Hanging(bench)
    builder = start_builder(bench)
    try:
        backend = pid_in(hanging.pid)
        builder.kill()
        builder.communicate()
        hanging.go_on.touch()
        provider = bench.provider()

        lock = asyncio.run(built(provider, "hello"))

        assert output_of(provider, lock, "import hello; print(hello.VERSION)") == "1.0"
        wait_until(lambda: not is_alive(backend))
    finally:
        end(builder.pid)


@pytest.mark.slow
def test_two_processes_build_one_environment_once(bench: Bench) -> None:
    hanging = Hanging(bench)
    provider = bench.provider()
    lock = asyncio.run(provider.resolve(Requirements(packages=("hello",))))
    builder = start_builder(bench)
    try:
        pid_in(hanging.pid)
        bench.notices.clear()

        async def scenario() -> None:
            waiting = asyncio.create_task(provider.ensure(lock))
            await until(lambda: bool(bench.notices))
            hanging.go_on.touch()
            await waiting

        asyncio.run(scenario())

        assert builder.communicate()[0].split() == [lock.key]
        assert bench.notices == [f"environment {lock.key[:8]} is being built by another process"]
        assert provider.is_ready(lock.key)
    finally:
        end(builder.pid)


@pytest.mark.slow
def test_the_lock_lasts_as_long_as_any_process_of_a_build(bench: Bench) -> None:
    hanging = Hanging(bench)
    builder = start_builder(bench)
    leash = None
    try:
        installer = parent_of(pid_in(hanging.pid))
        leash = parent_of(installer)
        (lock,) = (bench.environments / "locks").iterdir()
        os.kill(leash, signal.SIGSTOP)
        builder.kill()
        builder.communicate()

        assert try_lock(lock) is None

        os.kill(leash, signal.SIGCONT)
        wait_until(lambda: not is_alive(installer) and not is_alive(leash))
        held = try_lock(lock)
        assert held is not None
        os.close(held)
    finally:
        for pid in (builder.pid, *([leash] if leash else [])):
            end(pid)


class CountingInstaller:
    """Resolves to what it was asked for, makes environments of one file, and counts."""

    def __init__(self) -> None:
        self.locked: list[tuple[str, ...]] = []
        self.built: list[str] = []

    async def lock(self, packages: Sequence[str], interpreter: Interpreter, *, deadline: float) -> str:
        self.locked.append(tuple(packages))
        await asyncio.sleep(0.01)
        return "".join(f"{package}\n" for package in packages)

    async def build(self, folder: Path, text: str, interpreter: Interpreter, *, deadline: float, hold: int) -> None:
        self.built.append(text)
        await asyncio.sleep(0.01)
        (folder / "bin").mkdir(parents=True)
        (folder / "lib").mkdir()
        (folder / "bin" / "python").symlink_to(interpreter.path)


def counted(bench: Bench, installer: CountingInstaller) -> Environments:
    shared: dict[str, Any] = {"root": bench.root, "lib": None, "variables": {}}
    return Environments(
        shelf=Shelf(bench.environments),
        installer=installer,
        interpreters=Interpreters(base=Path(sys.executable), variables=os.environ),
        finder=ModuleFinder(**shared),
        inspector=Inspector(judge=record_calls, **shared),
        timeout=20.0,
        notice=bench.notices.append,
        variables=os.environ,
    )


def test_equal_sets_asked_for_at_once_are_resolved_and_built_once(bench: Bench) -> None:
    installer = CountingInstaller()
    provider = counted(bench, installer)
    sets = [("a", "b>=1"), ("b>=1", "a"), ("a", "b >= 1", "a")]

    async def scenario() -> Sequence[Lock]:
        return await asyncio.gather(*(built(provider, *packages) for packages in sets * 7))

    locks = asyncio.run(scenario())

    assert installer.locked == [("a", "b>=1")]
    assert installer.built == ["a\nb>=1\n"]
    assert len({lock.key for lock in locks}) == 1


def test_equal_sets_asked_for_soon_after_are_resolved_once(bench: Bench) -> None:
    installer = CountingInstaller()
    provider = counted(bench, installer)

    async def scenario() -> Sequence[Lock]:
        return [await built(provider, "a"), await built(provider, "a"), await built(provider, "b")]

    locks = asyncio.run(scenario())

    assert installer.locked == [("a",), ("b",)]
    assert locks[0] == locks[1] != locks[2]


def test_a_failed_resolution_is_not_remembered(bench: Bench) -> None:
    class FailingOnce(CountingInstaller):
        async def lock(self, packages: Sequence[str], interpreter: Interpreter, *, deadline: float) -> str:
            text = await super().lock(packages, interpreter, deadline=deadline)
            if len(self.locked) == 1:
                raise EnvironmentFailed("no network", temporary=True)
            return text

    installer = FailingOnce()
    provider = counted(bench, installer)

    async def scenario() -> Lock:
        with pytest.raises(EnvironmentFailed, match="no network"):
            await built(provider, "a")
        return await built(provider, "a")

    assert asyncio.run(scenario()).text == "a\n"
    assert len(installer.locked) == 2


def test_an_environment_that_cannot_be_written_is_a_failure_with_a_reason(bench: Bench) -> None:
    provider = bench.provider()
    lock = asyncio.run(provider.resolve(Requirements()))
    bench.environments.parent.mkdir()
    bench.environments.write_text("a file where the folder should be")

    with pytest.raises(EnvironmentFailed, match="the environment cannot be written: ") as refused:
        asyncio.run(provider.ensure(lock))

    assert refused.value.temporary
