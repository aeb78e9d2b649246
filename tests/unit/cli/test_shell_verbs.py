"""`run-file`, `python`, `explain-env`: their command lines, and what they make of the scheduler's answers."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from task_scheduler.cli.arguments import read
from task_scheduler.cli.explain_env import Difference, differences, only_here
from task_scheduler.cli.following import end_note, exit_code
from task_scheduler.cli.task_file import NotInForce, TaskFile, bring_into_force
from task_scheduler.control.errors import NoAnswer
from task_scheduler.core.errors import NotRunning, TaskSchedulerError, UnknownTask
from tests.unit.cli.documents import FakeDoor, Turns, attempt, run, say, task

DIGEST = "d" * 64
SHORT = DIGEST[:12]
PROJECT = {"reload_on_change": True}


# --- command lines ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "given"),
    [
        ("run-file hello", []),
        ("run-file hello a -b --root /x --help", ["a", "-b", "--root", "/x", "--help"]),
        ("run-file --function f -q hello --function g", ["--function", "g"]),
        ("run-file hello -- --", ["--"]),
        ("run-file hello a -- b", ["a", "--", "b"]),
        ("run-file --function=f hello -x", ["-x"]),
        ("start hello -- a -- b", ["a", "--", "b"]),
        ("--root /srv run-file hello --config x", ["--config", "x"]),
        ("python hello", []),
        ("python hello -c pass -v", ["-c", "pass", "-v"]),
        ("python hello -m pytest --root /x", ["-m", "pytest", "--root", "/x"]),
        ("start hello", []),
        ("start hello --wait", []),
        ("start --wait hello -- --wait --root x", ["--wait", "--root", "x"]),
        ("start hello --root /srv --", []),
    ],
)
def test_what_follows_the_file_is_the_tasks(line: str, given: list[str]) -> None:
    options = read(line.split())

    assert [*options.arguments] == given
    assert getattr(options, "file", getattr(options, "task", None)) == "hello"
    assert options.config is None


def test_start_sends_the_command_line_on() -> None:
    door = FakeDoor({"start": run(state="queued", final=False)})

    say("start report --request-id r -- -v 2026", door)

    assert door.asked == [("start", {"task": "report", "request_id": "r", "argv": ["-v", "2026"]})]


def test_a_run_is_listed_with_its_command_line() -> None:
    given = run(argv=["-v", "two words"])

    assert "report -v 'two words'  " in say("history", FakeDoor({"history": [given]})).lines[1]
    assert json.loads(say("history --json", FakeDoor({"history": [given]})).out)[0]["argv"] == ["-v", "two words"]


# --- into force -------------------------------------------------------------------------------------------


class FakeEngine(FakeDoor):
    """A scheduler that answers in turns."""

    def allow_beside(self) -> None:
        """Double nothing: it has nothing to double."""

    is_alone = False
    is_gone = False

    def look_at(self, task_id: str) -> None:
        self.asked.append(("look at", {"task": task_id}))

    def end(self, run_id: int, reason: str, *, now: bool = False) -> bool:
        raise AssertionError("nothing is ended")


class FakeFile(TaskFile):
    """A file that stays as it is."""

    def has_changed(self) -> bool:
        return False


FILE = FakeFile(task_id="report", path=Path("/srv/jobs/tasks/report.py"), digest=DIGEST)
IN_FORCE = task(version=SHORT)
EARLIER = task(version="a" * 12)


def preparing(detail: str) -> dict[str, Any]:
    return task(status="preparing", pending_digest=SHORT, detail=detail)


def bring(*answers: object, file: TaskFile = FILE, **others: Any) -> tuple[Any, list[str], list[float]]:
    notes, pauses = list[str](), list[float]()
    engine = FakeEngine({"show": Turns(*answers), "surroundings": {**PROJECT, **others}})
    return bring_into_force(engine, file, note=notes.append, pause=pauses.append), notes, pauses


def test_a_file_that_is_in_force_already_is_not_waited_for() -> None:
    assert bring(IN_FORCE) == (IN_FORCE, [], [])


def test_what_is_being_done_is_told_once_for_each_thing() -> None:
    brought, notes, pauses = bring(
        UnknownTask("report"),
        EARLIER,
        preparing("locking requests\nmore"),
        preparing("locking requests\nmore"),
        preparing("building"),
        IN_FORCE,
    )

    assert brought == IN_FORCE
    assert notes == ["report: locking requests", "report: building"]
    assert len(pauses) == 5


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        ("invalid", "report cannot be put in force as it stands"),
        ("disabled", "report is disabled (enabled: false): set enabled: true, and give it no schedule"),
        ("module", "report is a module: it has neither frontmatter nor a schedule; to make it a task, give it "),
    ],
)
def test_a_file_that_cannot_be_put_in_force_is_not_waited_for(status: str, sentence: str) -> None:
    with pytest.raises(NotInForce) as caught:
        bring(task(status=status, pending_digest=SHORT))

    assert str(caught.value).startswith(sentence)


def test_a_scheduler_that_does_not_take_an_edit_up_is_not_waited_for_for_ever() -> None:
    with pytest.raises(TaskSchedulerError, match="is not taken up by the scheduler as it stands now: its log"):
        bring(EARLIER)
    with pytest.raises(TaskSchedulerError, match=r"tasks\.reload_on_change is false, so an edit waits for"):
        bring(EARLIER, reload_on_change=False)


def test_a_question_that_a_scheduler_leaves_unanswered_is_asked_again() -> None:
    hung_up = NoAnswer("the scheduler hung up without an answer")

    assert bring(preparing(""), hung_up, IN_FORCE)[0] == IN_FORCE


def test_what_a_scheduler_that_is_gone_was_preparing_is_not_waited_for_for_ever() -> None:
    engine = FakeEngine({"show": preparing("building"), "surroundings": NotRunning("/srv/jobs")})
    engine.is_gone = True

    with pytest.raises(NotRunning):
        bring_into_force(engine, FILE, note=list[str]().append, pause=float)


def test_a_file_that_changes_while_it_is_waited_for_is_another_request() -> None:
    gone = TaskFile(task_id="report", path=Path("/there/is/no/such/file.py"), digest=DIGEST)

    with pytest.raises(TaskSchedulerError, match="was changed meanwhile: try again"):
        bring(EARLIER, file=gone)


# --- how it ended -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ended", "code", "note"),
    [
        ({}, 0, "run 7 succeeded in 2.0 s"),
        ({"state": "failed", "exit_code": 3, "reason": "exit code 3"}, 3, "run 7 failed in 2.0 s: exit code 3"),
        ({"state": "failed", "exit_code": None, "signal": 15, "reason": "x\ny"}, 143, "run 7 failed in 2.0 s: x"),
        ({"state": "timed_out", "exit_code": None, "signal": 9}, 124, "run 7 timed out in 2.0 s"),
        ({"state": "failed", "exit_code": None, "duration": None}, 1, "run 7 failed"),
        ({"state": "skipped", "exit_code": None, "duration": None}, 1, "run 7 was skipped"),
        ({"state": "skipped", "attempts": [attempt(state="skipped")]}, 0, "run 7 was skipped in 2.0 s"),
        ({"duration": 11.7, "duration_paused": 8.0}, 0, "run 7 succeeded in 3.7 s + 8.0 s paused"),
    ],
)
def test_the_exit_code_and_the_last_line_tell_how_the_run_ended(ended: dict[str, Any], code: int, note: str) -> None:
    document = run(**ended)

    assert (exit_code(document), end_note(document)) == (code, note)


# --- differences ------------------------------------------------------------------------------------------


def gathered(**changes: Any) -> dict[str, Any]:
    return {"facts": {}, "limits": {}, "variables": {}, "path": [], "packages": {}, **changes}


def test_equal_surroundings_have_no_difference() -> None:
    same = gathered(facts={"umask": "0022"}, limits={"nofile": "1"}, variables={"PATH": "/bin", "A": "1"})

    assert list(differences(same, same)) == []


def test_each_entry_of_path_is_a_difference_of_its_own() -> None:
    here = gathered(variables={"PATH": "/home/me/bin:/bin:/usr/bin"})
    there = gathered(variables={"PATH": "/usr/bin:/bin:/opt/bin"})

    found = [(each.name, each.here, each.run) for each in differences(here, there)]

    assert found == [
        ("PATH has", "/home/me/bin", None),
        ("PATH has", None, "/opt/bin"),
        ("PATH's order", "another", "another"),
    ]


def test_what_most_often_matters_comes_first() -> None:
    here = gathered(
        facts={"umask": "0022", "python": "3.12.1"}, limits={"nofile": "9"}, variables={"A": "1", "LANG": "C"}
    )
    there = gathered(facts={"umask": "0077", "python": "3.11.2"}, limits={"nofile": "8"}, variables={"LANG": "de_DE"})

    found = list(differences(here, there))

    assert [(each.name, each.likely) for each in found] == [
        ("python", True),
        ("LANG", True),
        ("umask", False),
        ("A", False),
        ("limit of nofile", False),
    ]
    assert found[3] == Difference(kind="variable", name="A", here="1", run=None, likely=False)


def test_what_is_written_to_a_stream_that_is_no_file_is_text() -> None:
    from task_scheduler.cli.following import _write

    out = StringIO()
    _write(out, b"caf\xc3\xa9\xff")

    assert out.getvalue() == "café�"


def test_of_the_packages_a_run_lacks_those_are_named_that_the_task_imports() -> None:
    here = {"PyYAML": "6.0", "pillow": "10.0", "requests": "2.31"}

    assert only_here(here, {"requests": "2.31"}, {"yaml", "json"}) == "PyYAML 6.0, and 1 the task does not import"
    assert only_here(here, {}, {"json"}) == "3, none of which the task imports"
    assert only_here({}, {}, {"json"}) == ""
