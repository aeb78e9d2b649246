"""Values that last from one run to the next, whoever else writes and whatever ends a run."""

from __future__ import annotations

import json
import os
import random
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from helpers import forget, recall, remember
from task_scheduler.task_side import whole_files
from tests.integration.helpers.conftest import REPOSITORY, Plain


@pytest.fixture
def state(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a task that runs now."""
    monkeypatch.setenv("TASK_SCHEDULER_TASK", "reports/daily")
    return root / "data" / "state" / "reports" / "daily.json"


def test_what_was_never_remembered_is_the_default(state: Path) -> None:
    assert recall("since") is None
    assert recall("since", 5) == 5
    assert not state.exists()


def test_a_value_lasts_until_it_is_replaced_or_forgotten(state: Path) -> None:
    remember("since", "2026-11-01")
    remember("rows", [1, {"ünï": None}])
    remember("since", "2026-11-02")

    assert (recall("since"), recall("rows")) == ("2026-11-02", [1, {"ünï": None}])
    assert forget("since") is True
    assert forget("since") is False
    assert recall("since", "none") == "none"
    assert json.loads(state.read_text()) == {"rows": [1, {"ünï": None}]}


def test_nothing_that_was_remembered_is_the_same_as_none(state: Path) -> None:
    remember("last", None)

    assert recall("last", "default") is None


def test_only_the_owner_can_read_it(state: Path, root: Path) -> None:
    remember("token", "x")

    modes = [stat.S_IMODE(path.stat().st_mode) for path in (state, state.parent, root / "data" / "state")]
    assert modes == [0o600, 0o700, 0o700]


def test_each_task_has_its_own_and_may_ask_for_another_s(state: Path, root: Path) -> None:
    remember("n", 1)
    remember("n", 2, task_name="other")

    assert (recall("n"), recall("n", task_name="other"), recall("n", task_name="reports/daily")) == (1, 2, 1)
    assert (root / "data" / "state" / "other.json").exists()


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a//b", "a/./b", "a\0b", "a/"])
def test_what_is_no_task_s_id_is_refused(root: Path, name: str) -> None:
    with pytest.raises(ValueError, match="task_name must be the id of a task"):
        remember("n", 1, task_name=name)
    with pytest.raises(ValueError, match="task_name must be the id of a task"):
        recall("n", task_name=name)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({1, 2}, "it is of type set, which JSON does not know; use sorted(…)"),
        ({"a": [object()]}, "['a'][0] is of type object, which JSON does not know"),
        (float("nan"), "it is nan, and JSON has no such number"),
        (
            "x" * 64_000,
            "it takes 64,002 characters of JSON, and 64,000 are kept; write it to a file and remember its path",
        ),
    ],
)
def test_a_value_that_cannot_be_kept_is_refused_and_changes_nothing(state: Path, value: Any, reason: str) -> None:
    remember("rows", 1)

    with pytest.raises(ValueError, match="not kept") as caught:
        remember("rows", value)

    assert str(caught.value).startswith(f"remember('rows', …): it is not kept: {reason}")
    assert recall("rows") == 1


def test_a_task_cannot_fill_the_disk(state: Path) -> None:
    for number in range(15):
        remember(f"key {number}", "x" * 63_000)

    with pytest.raises(ValueError, match=r"1,000,000 are the most; forget\(\) what is no longer needed"):
        remember("key 15", "x" * 63_000)

    assert recall("key 15") is None
    assert recall("key 14") == "x" * 63_000


@pytest.mark.parametrize("key", ["", "x" * 201])
def test_a_name_that_is_none_is_refused(state: Path, key: str) -> None:
    for use in (lambda: remember(key, 1), lambda: recall(key), lambda: forget(key)):
        with pytest.raises(ValueError, match="must have 1 to 200 characters"):
            use()
    with pytest.raises(TypeError, match=r"^key must be a text, and is 3 \(int\)$"):
        recall(3)  # type: ignore[arg-type] # wrong on purpose


@pytest.mark.parametrize("name", [5, b"reports/daily", ["reports/daily"]])
def test_a_task_of_a_wrong_type_is_named(state: Path, name: Any) -> None:
    for use in (lambda: remember("a", 1, name), lambda: recall("a", task_name=name), lambda: forget("a", name)):
        with pytest.raises(TypeError, match=r"^task_name must be the id of a task, such as 'reports/daily', or None"):
            use()


def test_a_task_whose_id_is_longer_than_a_file_s_name_is_refused(state: Path) -> None:
    with pytest.raises(ValueError, match=r"^task_name must be the id of a task, such as 'reports/daily', and is 'xxx"):
        recall("a", task_name="x" * 100_000)


@pytest.mark.parametrize("text", ["{", "[]", ""])
def test_a_damaged_file_is_said_and_never_taken_for_an_empty_one(state: Path, text: str) -> None:
    state.parent.mkdir(parents=True)
    state.write_text(text)

    for use in (lambda: recall("a"), lambda: remember("a", 1)):
        with pytest.raises(ValueError, match=r"reports/daily\.json is damaged, mend or delete it"):
            use()
    assert state.read_text() == text


def test_a_lock_that_is_never_given_back_is_said(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    remember("a", 1)
    monkeypatch.setattr(whole_files, "PATIENCE", 0.1)

    with whole_files.locked(f"{state}.lock"), pytest.raises(OSError, match=r"somebody has held its lock for 0\.1 s"):
        remember("a", 2)

    remember("a", 3)
    assert recall("a") == 3


def test_by_hand_it_is_the_task_of_the_file(root: Path) -> None:
    (root / "tasks" / "reports").mkdir(parents=True)
    (root / "elsewhere").mkdir()
    code = "from helpers import remember\ndef start(): remember('n', 1)\nif __name__ == '__main__': start()\n"
    for path in ("tasks/reports/daily.py", "tasks/hourly.py", "elsewhere/script.py"):
        (root / path).write_text(code)

    variables = {**os.environ, "PYTHONPATH": str(REPOSITORY), "TASK_SCHEDULER_ROOT": str(root)}
    for command in (
        ["tasks/reports/daily.py"],
        ["-c", "import tasks.hourly as task; task.start()"],
        ["elsewhere/script.py"],
    ):
        subprocess.run([sys.executable, *command], cwd=root, env=variables, check=True)

    found = sorted(path.relative_to(root / "data" / "state").as_posix() for path in root.rglob("*.json"))
    assert found == ["hourly.json", "reports/daily.json", "script.json"]


def test_at_a_prompt_it_must_be_said_whose_value_it_is(plain: Plain) -> None:
    said = plain(
        "from helpers import remember\ntry:\n    remember('n', 1)\nexcept ValueError as error:\n    print(error)\n"
        "remember('n', 1, task_name='x')"
    )

    assert said == "nobody knows whose value this is: say it, as in remember(…, task_name='reports/daily')\n"


def begin(code: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", code, *arguments], cwd=REPOSITORY, stdout=-1, text=True)


@pytest.mark.slow
def test_many_processes_at_once_lose_nothing(state: Path) -> None:
    code = (
        "import sys\nfrom helpers import recall, remember\nname = sys.argv[1]\n"
        "for number in range(1, 41):\n    remember(f'{name}.{number}', number)\n    assert recall(f'{name}.{number}') == number\n"
    )

    writers = [begin(code, name) for name in "abcd"]
    try:
        assert [writer.wait(60) for writer in writers] == [0] * 4
    finally:
        for writer in writers:
            writer.kill()
            writer.communicate()

    assert json.loads(state.read_text()) == {f"{name}.{n}": n for name in "abcd" for n in range(1, 41)}
    assert sorted(path.name for path in state.parent.iterdir()) == ["daily.json", "daily.json.lock"]


@pytest.mark.slow
def test_what_was_remembered_survives_a_kill_at_any_instant(state: Path) -> None:
    """Each number is printed once it is kept; whatever is killed later, no printed one may be gone, and none is torn."""
    code = (
        "from helpers import recall, remember\nnumber = recall('number', 0)\n"
        "while True:\n    number += 1\n    remember('number', number)\n    remember('rows', [number] * 200)\n    print(number, flush=True)\n"
    )
    chance = random.Random(20261123)  # noqa: S311 - the same instants each time
    last = 0
    for _ in range(12):
        writer = begin(code)
        try:
            assert writer.stdout is not None
            first = int(writer.stdout.readline())
            assert first > last
            deadline = time.monotonic() + chance.random() * 0.03
            while time.monotonic() < deadline:
                pass
        finally:
            writer.send_signal(signal.SIGKILL)
            printed, _ = writer.communicate()
        last = max(int(line) for line in [str(first), *printed.split()])
        assert recall("number") in {last, last + 1}
        rows = recall("rows")
        assert rows == [rows[0]] * 200
        assert rows[0] in {recall("number"), recall("number") - 1}
