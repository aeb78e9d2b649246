"""What a person is told when packages cannot be had, by each installer against a real index of this machine."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from task_scheduler.core.environments import Lock, Requirements
from task_scheduler.core.errors import EnvironmentFailed
from task_scheduler.environments.provider import Environments
from task_scheduler.testing.wheels import build_source_archive, build_wheel
from tests.integration.environments.bench import Bench
from tests.integration.environments.index_server import LocalIndex, local_index

pytestmark = pytest.mark.slow

#: One try, and no long patience: tests are not there to wait.
IMPATIENT = {"UV_HTTP_RETRIES": "0", "UV_HTTP_TIMEOUT": "1", "PIP_RETRIES": "0", "PIP_DEFAULT_TIMEOUT": "1"}
UNREACHABLE = "the package index cannot be reached ({}): this is tried again, and what is built keeps running"

Make = Callable[..., Environments]


@pytest.fixture
def index(bench: Bench) -> Iterator[LocalIndex]:
    build_wheel(bench.wheels, "hello", "1.0")
    build_wheel(bench.wheels, "hello", "2.0")
    with local_index(bench.wheels) as index:
        yield index


def provider_of(
    bench: Bench, make: Make, url: str, variables: Mapping[str, str] = {}, **options: object
) -> Environments:
    return make(
        index_arguments=["--index-url", url], variables={**bench.variables, **IMPATIENT, **variables}, **options
    )


async def built(provider: Environments, *packages: str) -> Lock:
    lock = await provider.resolve(Requirements(packages=packages))
    await provider.ensure(lock)
    return lock


def refusal(provider: Environments, *packages: str) -> EnvironmentFailed:
    with pytest.raises(EnvironmentFailed) as refused:
        asyncio.run(built(provider, *packages))
    return refused.value


# --- the index --------------------------------------------------------------------------------------------


def test_an_index_with_a_fault_of_its_own(bench: Bench, make: Make, index: LocalIndex) -> None:
    index.status = 500

    error = refusal(provider_of(bench, make, index.url), "hello")

    assert str(error) in {
        UNREACHABLE.format("500 Internal Server Error"),
        UNREACHABLE.format("500 error responses"),
    }
    assert error.temporary


@pytest.mark.parametrize("status", [401, 403])
def test_an_index_that_refuses_access(bench: Bench, make: Make, index: LocalIndex, status: int) -> None:
    index.status = status

    error = refusal(provider_of(bench, make, index.url), "hello")

    assert str(error).startswith(f"the package index refuses access ({status}")
    assert str(error).endswith(": check its address and credentials")
    assert not error.temporary


def test_an_index_that_never_answers(bench: Bench, make: Make, index: LocalIndex) -> None:
    index.hangs = True

    error = refusal(provider_of(bench, make, index.url), "hello")

    assert str(error) in {UNREACHABLE.format("operation timed out"), UNREACHABLE.format("timed out")}
    assert error.temporary


def test_an_index_that_drips_is_ended_at_the_time_limit(bench: Bench, make: Make, index: LocalIndex) -> None:
    index.drips = True

    error = refusal(provider_of(bench, make, index.url, timeout=2.0), "hello")

    assert str(error) == "resolving the packages took longer than 2 s (environments.build_timeout) and was ended"
    assert error.temporary


def test_a_host_that_nobody_knows(bench: Bench, make: Make) -> None:
    error = refusal(provider_of(bench, make, "https://nosuch.invalid/simple"), "hello")

    assert str(error).startswith("the package index cannot be reached (")
    assert error.temporary


def test_a_proxy_that_is_not_there(bench: Bench, make: Make, index: LocalIndex) -> None:
    proxy = dict.fromkeys(("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"), "http://127.0.0.1:9")

    error = refusal(provider_of(bench, make, index.url, {**proxy, "NO_PROXY": "", "no_proxy": ""}), "hello")

    assert str(error) in {UNREACHABLE.format("Connection refused"), UNREACHABLE.format("Cannot connect to proxy")}
    assert error.temporary
    assert index.requests == []


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes its certificate by openssl")
def test_a_certificate_that_nobody_vouches_for(bench: Bench, make: Make, tmp_path: Path) -> None:
    key, certificate, both = (tmp_path / name for name in ("key.pem", "certificate.pem", "both.pem"))
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    subprocess.run([*request, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    both.write_text(key.read_text() + certificate.read_text())

    with local_index(bench.wheels, certificate=both) as index:
        error = refusal(provider_of(bench, make, index.url), "hello")

    assert str(error) in {
        UNREACHABLE.format("invalid peer certificate"),
        UNREACHABLE.format("certificate verify failed"),
    }


# --- what was asked for -----------------------------------------------------------------------------------


def test_a_module_named_in_place_of_its_package(bench: Bench, make: Make, index: LocalIndex) -> None:
    error = refusal(provider_of(bench, make, index.url), "sklearn")

    assert str(error) == "no package 'sklearn' on the index, did you mean 'scikit-learn'?"


def test_versions_that_were_taken_back(bench: Bench, make: Make, index: LocalIndex) -> None:
    index.yanked["hello-2.0-py3-none-any.whl"] = "it broke"

    error = refusal(provider_of(bench, make, index.url), "hello>=2")

    # Older pips say only that nothing satisfies it.
    assert str(error) in {
        "hello==2.0 was taken back by its authors (it broke): ask for another version",
        "hello>=2 is satisfied only by versions that were taken back by their authors (2.0): ask for another version",
        "no version of hello satisfies hello>=2: ask for one that exists",
    }


def test_a_package_for_another_python(bench: Bench, make: Make, index: LocalIndex) -> None:
    build_wheel(bench.wheels, "newer", requires_python=">=3.99")

    error = refusal(provider_of(bench, make, index.url), "newer")

    assert str(error).startswith("newer")
    assert "needs Python >=3.99" in str(error)
    assert str(error).endswith(": raise python_version, or choose another version of it")


def test_a_package_for_another_platform(bench: Bench, make: Make, index: LocalIndex) -> None:
    wheel = build_wheel(bench.wheels, "native")
    wheel.rename(wheel.with_name("native-1.0-cp311-cp311-win_amd64.whl"))

    error = refusal(provider_of(bench, make, index.url), "native")

    assert str(error).startswith("native")
    assert str(error).endswith(
        " has no file for this Python and platform: choose another version, or another python_version"
    )


def test_a_package_that_needs_what_does_not_exist(bench: Bench, make: Make, index: LocalIndex) -> None:
    build_wheel(bench.wheels, "outdated", requires=["hello<1"])

    error = refusal(provider_of(bench, make, index.url), "outdated")

    assert str(error) == (
        "outdated needs hello<1, and no version of hello satisfies that: choose another version of outdated"
    )


def test_two_wishes_that_exclude_each_other(bench: Bench, make: Make, index: LocalIndex) -> None:
    error = refusal(provider_of(bench, make, index.url), "hello<2", "hello>=2")

    assert str(error) in {
        "hello<2 and hello>=2 exclude each other: choose one of them",
        "these packages cannot be installed together: hello<2 and hello>=2",
    }


# --- building ---------------------------------------------------------------------------------------------

BACKENDS = {
    "no compiler": (
        "import subprocess\ndef build_wheel(*_, **__):\n    subprocess.run(['/nowhere/x86_64-linux-gnu-gcc'])\n",
        "for x86_64-linux-gnu-gcc is missing: install it, or choose a version that has a wheel",
    ),
    "no memory": (
        "import os\ndef build_wheel(*_, **__):\n    os.kill(os.getpid(), 9)\n",
        "for memory ran out: choose a version that has a wheel, or build it where there is more",
    ),
}


@pytest.mark.parametrize(("backend", "why"), BACKENDS.values(), ids=BACKENDS.keys())
def test_a_build_that_fails_says_what_is_missing(
    bench: Bench, make: Make, index: LocalIndex, backend: str, why: str
) -> None:
    build_source_archive(bench.wheels, "broken", backend=backend)

    error = refusal(provider_of(bench, make, index.url), "broken")

    assert str(error).replace("broken-1.0", "broken==1.0") == f"broken==1.0 does not build on this machine, {why}"
    assert not error.temporary


def test_another_file_than_the_index_promises_is_refused(bench: Bench, make: Make, index: LocalIndex) -> None:
    index.hashes["hello-2.0-py3-none-any.whl"] = "0" * 64

    error = refusal(provider_of(bench, make, index.url), "hello")

    assert "the index has another file for hello" in str(error)


# --- sharing and caching ----------------------------------------------------------------------------------


def test_twenty_tasks_with_the_same_new_set_resolve_and_build_once(bench: Bench, make: Make, index: LocalIndex) -> None:
    provider = provider_of(bench, make, index.url)

    async def scenario() -> set[str]:
        return {lock.key for lock in await asyncio.gather(*(built(provider, "Hello>=1.0") for _ in range(20)))}

    keys = asyncio.run(scenario())

    assert len(keys) == 1
    assert len([notice for notice in bench.notices if notice.startswith("resolving")]) == 1
    assert len([notice for notice in bench.notices if notice.startswith("building")]) == 1
    # One look for the lock and one for the installation.
    assert len(index.pages_asked_for()) <= 2


def test_without_its_index_uv_resolves_and_installs_from_its_cache(bench: Bench, index: LocalIndex) -> None:
    variables = {**bench.variables, **IMPATIENT}
    arguments = ["--index-url", index.url]
    online = bench.provider(installer="uv", index_arguments=arguments, variables=variables)
    lock = asyncio.run(built(online, "hello"))
    index.status = 503
    bench.notices.clear()
    later = bench.provider(
        installer="uv", index_arguments=arguments, variables=variables, folder=bench.folder / "other"
    )

    again = asyncio.run(built(later, "hello>=1"))

    assert again.key == lock.key
    assert later.is_ready(again.key)
    assert (
        "resolving the packages went without the package index, which gives no answer, from uv's cache" in bench.notices
    )


def test_what_the_cache_does_not_hold_fails_for_the_first_reason(bench: Bench, index: LocalIndex) -> None:
    index.status = 503
    provider = bench.provider(
        installer="uv", index_arguments=["--index-url", index.url], variables={**bench.variables, **IMPATIENT}
    )

    error = refusal(provider, "hello")

    assert str(error) == UNREACHABLE.format("503 Service Unavailable")
    assert error.temporary


# --- the disk ---------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system of 200 kB, where this user may."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=200k", "none", folder], check=False, capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("only root may mount")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_full_disk(bench: Bench, make: Make, index: LocalIndex, small_disk: Path) -> None:
    build_wheel(bench.wheels, "large", modules={"large.py": "TEXT = '''" + "x" * 3_000_000 + "'''\n"})
    provider = provider_of(bench, make, index.url, {"UV_LINK_MODE": "copy"}, folder=small_disk / "environments")

    error = refusal(provider, "large")

    assert str(error) == "the disk is full: free some space"
    assert error.temporary


def test_a_disk_that_takes_nothing(bench: Bench, make: Make, index: LocalIndex, small_disk: Path) -> None:
    provider = provider_of(bench, make, index.url, folder=small_disk / "environments")
    lock = asyncio.run(provider.resolve(Requirements(packages=("hello",))))
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)

    with pytest.raises(EnvironmentFailed, match=r"the environment cannot be written: .*Read-only file system"):
        asyncio.run(provider.ensure(lock))
