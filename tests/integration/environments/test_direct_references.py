"""Packages from addresses, where settings allow them, by each installer."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
from collections.abc import Callable

import pytest

from task_scheduler.core.environments import Lock, Requirements, locked_packages
from task_scheduler.core.errors import EnvironmentFailed
from task_scheduler.environments.provider import Environments
from task_scheduler.testing.wheels import build_wheel
from tests.integration.environments.bench import Bench
from tests.integration.environments.index_server import local_index

pytestmark = pytest.mark.slow

Make = Callable[..., Environments]


async def built(provider: Environments, *packages: str) -> Lock:
    lock = await provider.resolve(Requirements(packages=packages))
    await provider.ensure(lock)
    return lock


def version_in(provider: Environments, lock: Lock) -> str:
    command = [str(provider.interpreter(lock.key)), "-c", "import hello; print(hello.VERSION)"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_an_address_is_locked_with_its_hash_and_installed(bench: Bench, make: Make) -> None:
    wheel = build_wheel(bench.folder / "served", "hello", "3.0", requires=["greeting"])
    build_wheel(bench.wheels, "greeting")
    with local_index(wheel.parent) as index:
        address = f"{index.url.removesuffix('/simple')}/files/{wheel.name}"
        provider = make(allow_direct_references=True)

        lock = asyncio.run(built(provider, f"hello @ {address}"))

    assert sorted(locked_packages(lock.text)) == ["greeting==1.0", f"hello @ {address}"]
    assert len(re.findall(r"--hash=sha256:[0-9a-f]{64}", lock.text)) == 2
    assert version_in(provider, lock) == "3.0"


def test_another_file_at_the_address_is_not_installed(bench: Bench, make: Make) -> None:
    wheel = build_wheel(bench.folder / "served", "hello", "3.0")
    provider = make(allow_direct_references=True)
    lock = asyncio.run(provider.resolve(Requirements(packages=(f"hello @ file://{wheel}",))))
    shutil.rmtree(bench.folder / "uv-cache", ignore_errors=True)
    build_wheel(wheel.parent, "hello", "3.0", modules={"hello.py": "VERSION = 'not what was locked'\n"})

    with pytest.raises(EnvironmentFailed, match="the index has another file for hello"):
        asyncio.run(provider.ensure(lock))

    assert not provider.is_ready(lock.key)


def test_a_marker_may_leave_an_address_out(bench: Bench, make: Make) -> None:
    provider = make(allow_direct_references=True)

    lock = asyncio.run(built(provider, "hello @ file:///nowhere/hello-1.0.zip ; python_version < '3'"))

    assert locked_packages(lock.text) == ()


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_a_repository_is_locked_to_its_commit(bench: Bench) -> None:
    wheel = build_wheel(bench.folder / "made", "hello", "4.0")
    repository = bench.folder / "repository"
    repository.mkdir()
    (repository / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        '[project]\nname = "hello"\nversion = "4.0"\n'
    )
    (repository / "backend.py").write_text(
        "import os, shutil\ndef build_wheel(folder, *_, **__):\n"
        f"    return os.path.basename(shutil.copy({str(wheel)!r}, folder))\n"
    )
    git = ["git", "-C", str(repository), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "first"]):
        subprocess.run([*git, *arguments], check=True, capture_output=True)
    commit = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    provider = bench.provider(installer="uv", allow_direct_references=True)

    lock = asyncio.run(built(provider, f"hello @ git+file://{repository}"))

    assert locked_packages(lock.text) == (f"hello @ git+file://{repository}@{commit}",)
    assert version_in(provider, lock) == "4.0"


def test_without_the_setting_no_address_reaches_the_installer(bench: Bench, make: Make) -> None:
    with pytest.raises(EnvironmentFailed, match="is no requirement that can be installed"):
        asyncio.run(make().resolve(Requirements(packages=("hello @ https://example.org/hello-1.0.zip",))))
