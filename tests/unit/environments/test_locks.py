"""Keys of locks: equal sets share an environment, anything that makes environments differ separates them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from task_scheduler.environments.installers import all_hashed
from task_scheduler.environments.interpreters import Interpreter
from task_scheduler.environments.provider import make_lock

HERE = Interpreter(
    path=Path("/usr/bin/python3.11"), version=(3, 11, 7), abi="cpython-311-x86_64-linux-gnu", platform="linux-x86_64"
)


def test_a_lock_says_what_it_was_made_for() -> None:
    lock = make_lock("six==1.17.0\n", HERE)

    assert lock.text == "six==1.17.0\n"
    assert lock.python == "3.11"
    assert lock.platform == "linux-x86_64"


def test_the_key_is_persisted_and_must_never_change() -> None:
    assert make_lock("six==1.17.0\n", HERE).key == "675bb49a2a35290cd37fa24ddcd8c4a1"


def test_a_new_patch_release_or_another_path_keeps_the_key() -> None:
    moved = replace(HERE, path=Path("/opt/python/bin/python3.11"), version=(3, 11, 9))

    assert make_lock("", moved).key == make_lock("", HERE).key


@pytest.mark.parametrize(
    "other",
    [
        replace(HERE, version=(3, 12, 0)),
        replace(HERE, abi="cpython-311-x86_64-linux-musl"),
        replace(HERE, platform="linux-aarch64"),
    ],
    ids=["minor version", "ABI", "platform"],
)
def test_another_interpreter_gives_another_key(other: Interpreter) -> None:
    assert make_lock("", other).key != make_lock("", HERE).key


def test_hashes_are_insisted_on_only_when_all_are_there() -> None:
    assert all_hashed("six==1.17.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\nidna==3 --hash=sha256:cc\n")
    assert not all_hashed("six==1.17.0 \\\n    --hash=sha256:aa\nidna==3\n")
