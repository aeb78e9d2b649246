"""Which interpreter serves which `python_version`."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from task_scheduler.core.errors import EnvironmentFailed
from task_scheduler.environments.interpreters import Interpreter, Interpreters

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"


def pretend(folder: Path, number: str, **facts: object) -> Path:
    """Put a program on the path that describes itself as a Python of another version."""
    folder.mkdir(exist_ok=True)
    parts = [int(part) for part in number.split(".")]
    path = folder / f"python{parts[0]}.{parts[1]}"
    told = {
        "path": str(path),
        "version": [*parts, "final", 0],
        "implementation": "cpython",
        "abi": f"cpython-{parts[0]}{parts[1]}",
        "threaded": True,
        "platform": "linux-x86_64",
        **facts,
    }
    path.write_text(f"#!/bin/sh\n/bin/cat <<'END'\n{json.dumps(told)}\nEND\n")
    path.chmod(0o755)
    return path


def finder(base: Path, *folders: Path) -> Interpreters:
    path = os.pathsep.join([*map(str, folders), "/usr/bin", "/bin"]) if folders else ""
    return Interpreters(base=base, variables={"PATH": path})


def found(interpreters: Interpreters, version: str) -> Interpreter:
    return asyncio.run(interpreters.suiting(version))


def test_the_base_interpreter_is_taken_when_it_is_new_enough(tmp_path: Path) -> None:
    base = pretend(tmp_path / "base", "3.11.4")
    pretend(tmp_path / "others", "3.13.1")

    assert found(finder(base, tmp_path / "others"), "3.8").path == base
    assert found(finder(base, tmp_path / "others"), "3.11").path == base


def test_the_oldest_other_that_suffices_is_taken_when_the_base_is_too_old(tmp_path: Path) -> None:
    base = pretend(tmp_path / "base", "3.11.4")
    for version in ("3.97.0", "3.99.0", "3.98.2"):
        pretend(tmp_path / "others", version)

    chosen = found(finder(base, tmp_path / "others"), "3.98")

    assert chosen.version == (3, 98, 2)
    assert chosen.minor == "3.98"


def test_versions_are_compared_as_numbers(tmp_path: Path) -> None:
    base = pretend(tmp_path / "base", "3.9.18")

    with pytest.raises(EnvironmentFailed):
        found(finder(base), "3.10")


def test_what_does_not_work_or_cannot_be_used_is_passed_over(tmp_path: Path) -> None:
    base = pretend(tmp_path / "base", "3.11.4")
    others = tmp_path / "others"
    pretend(others, "3.95.0", threaded=False)
    pretend(others, "3.96.0", implementation="pypy")
    pretend(others, "3.97.0", version=[3, 97, 0, "candidate", 1])
    (others / "python3.98").write_text("#!/bin/sh\necho 'pyenv: python3.98: command not found'\nexit 127\n")
    (others / "python3.98").chmod(0o755)
    pretend(others, "3.99.0")

    assert found(finder(base, others), "3.95").version == (3, 99, 0)


def test_a_refusal_names_what_was_found(tmp_path: Path) -> None:
    base = pretend(tmp_path / "base", "3.11.4")

    with pytest.raises(EnvironmentFailed) as refused:
        found(finder(base), "3.999")

    assert str(refused.value) == (
        "no Python 3.999 or later is on this machine (found: 3.11.4): install one, or lower python_version"
    )
    assert not refused.value.temporary


def test_one_installed_after_a_refusal_is_found(tmp_path: Path) -> None:
    interpreters = finder(pretend(tmp_path / "base", "3.11.4"), tmp_path / "others")

    async def scenario() -> Interpreter:
        with pytest.raises(EnvironmentFailed):
            await interpreters.suiting("3.999")
        pretend(tmp_path / "others", "3.999.0")
        return await interpreters.suiting("3.999")

    assert asyncio.run(scenario()).version == (3, 999, 0)


def test_one_that_was_removed_is_not_given_again(tmp_path: Path) -> None:
    interpreters = finder(pretend(tmp_path / "base", "3.11.4"), tmp_path / "others")
    gone = pretend(tmp_path / "others", "3.998.0")
    pretend(tmp_path / "others", "3.999.0")

    async def scenario() -> Interpreter:
        assert (await interpreters.suiting("3.998")).path == gone
        gone.unlink()
        return await interpreters.suiting("3.998")

    assert asyncio.run(scenario()).version == (3, 999, 0)


@pytest.mark.slow
def test_the_interpreter_of_a_virtual_environment_is_seen_through(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)

    chosen = found(finder(tmp_path / "venv" / "bin" / "python"), "3.8")

    assert tmp_path not in chosen.path.parents
    assert chosen.path.name == f"python{HERE}"
    assert chosen.version == sys.version_info[:3]


@pytest.mark.parametrize(
    ("wanted", "version"),
    [
        (">=3.9,<3.13", "3.11.4"),
        (">=3.90,<3.99", "3.97.0"),
        ("==3.98.*", "3.98.2"),
        (">3.11.4", "3.97.0"),
        ("~=3.98", "3.98.2"),
        ("!=3.11.*,!=3.97.*", "3.98.2"),
    ],
)
def test_a_range_is_served_like_a_lowest_version(tmp_path: Path, wanted: str, version: str) -> None:
    base = pretend(tmp_path / "base", "3.11.4")
    for other in ("3.97.0", "3.99.0", "3.98.2"):
        pretend(tmp_path / "others", other)

    assert str(found(finder(base, tmp_path / "others"), wanted)) == version


def test_a_range_that_nothing_here_suits_names_what_was_found(tmp_path: Path) -> None:
    base = pretend(tmp_path / "base", "3.11.4")

    with pytest.raises(EnvironmentFailed) as refused:
        found(Interpreters(base=base, variables={"PATH": "/nowhere"}), ">=3.9,<3.11")

    assert str(refused.value) == (
        "no Python that suits >=3.9,<3.11 is on this machine (found: 3.11.4): install one, or change python_version"
    )
