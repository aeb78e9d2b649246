"""One package from the index this machine really uses."""

from __future__ import annotations

import asyncio
import os
import subprocess

import pytest

from task_scheduler.core.environments import Lock, Requirements
from task_scheduler.core.errors import EnvironmentFailed
from tests.integration.environments.bench import Bench


@pytest.mark.slow
@pytest.mark.network
def test_a_package_of_the_real_index_is_locked_with_hashes_and_installed(bench: Bench) -> None:
    provider = bench.provider(index_arguments=[], variables=os.environ, timeout=60.0)

    async def scenario() -> Lock:
        lock = await provider.resolve(Requirements(packages=("six==1.16.0",)))
        await provider.ensure(lock)
        return lock

    try:
        lock = asyncio.run(scenario())
    except EnvironmentFailed as error:
        if error.temporary:
            pytest.skip(f"the package index is not within reach: {error}")
        raise

    assert "--hash=sha256:8abb2f1d86890a2dfb989f9a77cfcfd3e47c2a354b01111771326f8aa26e0254" in lock.text
    told = subprocess.run(
        [provider.interpreter(lock.key), "-c", "import six; print(six.__version__)"], check=True, capture_output=True
    )
    assert told.stdout == b"1.16.0\n"
