"""Looking without events: what is believed when, and files that are no files."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from task_scheduler.ports import SourceChanges
from task_scheduler.watcher.events import FolderEvents
from task_scheduler.watcher.looking import Looking
from task_scheduler.watcher.scanning import read_file

DEADLINE = 10.0


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("tasks", "helpers"):
        (tmp_path / name).mkdir()
    (tmp_path / "tasks" / "a.py").write_text("1")
    return tmp_path


@pytest.fixture
def looking(root: Path) -> Looking:
    looking = Looking(
        root=root,
        tasks=root / "tasks",
        helpers=root / "helpers",
        pattern="*.py",
        include_examples=False,
        settle=0.0,
        known={},
    )
    report = looking.look(None).changes
    assert report is not None
    assert report.complete
    return looking


def until_reported(looking: Looking) -> SourceChanges:
    """Look at what is changing, as often as it takes."""
    while True:
        report = looking.look({}).changes
        if report is not None:
            return report
        assert looking.next_due() is not None


@pytest.mark.slow
def test_a_removal_seen_in_a_folder_that_vanished_is_not_believed(root: Path, looking: Looking) -> None:
    (root / "tasks").rename(root / "away")
    looking.look({(root / "tasks", "a.py"): False})

    report = until_reported(looking)

    assert (report.removed, report.suspended) == ((), "the folder tasks/ is not there: put it back")


@pytest.mark.slow
def test_a_removal_in_a_folder_that_is_there_is_believed(root: Path, looking: Looking) -> None:
    (root / "tasks" / "a.py").unlink()
    looking.look({(root / "tasks", "a.py"): False})

    report = until_reported(looking)

    assert (report.removed, report.suspended, report.complete) == (("a",), None, False)


def test_a_folder_that_is_gone_for_a_moment_is_not_suspended(root: Path, looking: Looking) -> None:
    (root / "tasks").rename(root / "away")
    while_gone = looking.look(None).changes
    (root / "away").rename(root / "tasks")

    assert while_gone is None
    assert looking.look(None).changes is None
    assert not looking.is_settling


@pytest.mark.slow
def test_what_was_there_is_not_forgotten_with_the_rest(root: Path, looking: Looking) -> None:
    """A report that got lost makes everything be looked at anew, and a folder that is empty then is still odd."""
    for name in ("b", "c"):
        (root / "tasks" / f"{name}.py").write_text("1")
    looking.look(None)
    until_reported(looking)
    looking.forget()
    for name in ("a", "b", "c"):
        (root / "tasks" / f"{name}.py").unlink()
    looking.look(None)

    report = until_reported(looking)

    assert report.suspended is not None
    assert "is empty and held 3 task files" in report.suspended


def test_a_pipe_in_place_of_a_file_does_not_hold_the_reader(root: Path) -> None:
    os.mkfifo(root / "tasks" / "pipe.py")

    content = read_file(root / "tasks" / "pipe.py")

    assert (content.stamp, content.content, content.problem) == (None, None, "it is no regular file")


def test_a_file_is_read_with_the_moment_it_was_saved(root: Path) -> None:
    file = root / "tasks" / "a.py"
    file.write_text("")
    os.utime(file, (1_000_000_000, 1_800_000_000))

    assert read_file(file).saved_at == datetime(2027, 1, 15, 8, tzinfo=UTC)
    os.utime(file, (0, 2**38))
    has_a_date = file.stat().st_mtime < datetime.max.replace(tzinfo=UTC).timestamp()  # not every disk keeps such years
    assert (read_file(file).saved_at is not None) == has_a_date


class Touches:
    """What a watch on two folders told."""

    def __init__(self, root: Path) -> None:
        self.places: set[tuple[str, str | None]] = set()
        self._news = threading.Condition()
        self.events = FolderEvents((root / "tasks", root / "helpers"), touched=self._touched)

    def _touched(self, folder: Path, relative: str | None, *, is_complete: bool) -> None:
        with self._news:
            self.places.add((folder.name, relative))
            self._news.notify_all()

    def until(self, place: tuple[str, str | None]) -> None:
        with self._news:
            assert self._news.wait_for(lambda: place in self.places, DEADLINE), self.places


@pytest.fixture
def touches(root: Path) -> Iterator[Touches]:
    touches = Touches(root)
    touches.events.ensure()
    yield touches
    touches.events.close()


def test_events_name_the_file(root: Path, touches: Touches) -> None:
    (root / "tasks" / "a.py").write_text("2")
    (root / "helpers" / "b.py").touch()

    touches.until(("tasks", "a.py"))
    touches.until(("helpers", "b.py"))


def test_a_folder_put_in_place_of_another_is_watched_instead(root: Path, touches: Touches) -> None:
    (root / "tasks").rename(root / "away")
    (root / "tasks").mkdir()

    touches.events.ensure()
    (root / "tasks" / "new.py").touch()

    touches.until(("tasks", "new.py"))


def test_reading_a_file_is_no_event(root: Path, touches: Touches) -> None:
    read_file(root / "tasks" / "a.py")
    (root / "tasks" / "later.py").touch()

    touches.until(("tasks", "later.py"))
    assert ("tasks", "a.py") not in touches.places


def test_what_was_closed_is_not_opened_again(root: Path, touches: Touches) -> None:
    touches.events.close()

    touches.events.ensure()

    assert not touches.events.is_watching
