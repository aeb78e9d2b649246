"""What is said of a record that is damaged while no scheduler runs: whatever a start would do about it."""

import asyncio
import re
from pathlib import Path

import pytest

from task_scheduler.cli.phrases import hint_of
from task_scheduler.core.errors import AlreadyRunning, DatabaseDamaged, RecordGone, RecordLost
from task_scheduler.project import Project
from task_scheduler.record import Record
from task_scheduler.safekeeping import Safekeeping
from task_scheduler.store.locks import ProjectLock
from task_scheduler.store.sqlite import SqliteStore
from task_scheduler.testing.clock import NOON, FakeClock

NAME = "scheduler-20260301T120000Z.db"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with a record, and one backup of it."""
    data = tmp_path / "data"
    data.mkdir()
    with SqliteStore.open(
        data / "scheduler.db", clock=FakeClock(), sources=data / "run" / "sources", backups=data / "backups"
    ) as store:
        asyncio.run(store.backup(why="a test"))
    return Project(root=tmp_path, config=tmp_path / "config" / "config.yaml", config_required=False)


@pytest.fixture
def damaged(project: Project) -> Project:
    (project.root / "data" / "scheduler.db").write_bytes(b"no database at all" * 500)
    return project


def _nothing(_: object) -> None:
    pass


def test_nothing_is_said_of_a_record_that_is_whole_nor_where_there_is_none_yet(
    project: Project, tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()

    assert Safekeeping(project).foretold() == ""
    assert Safekeeping(Project(root=empty, config=empty / "c.yaml", config_required=False)).foretold() == ""


def test_a_start_is_foretold_that_restores_and_how_many_outputs_are_without_a_run(damaged: Project) -> None:
    outputs = damaged.root / "logs" / "runs"
    outputs.mkdir(parents=True)
    (outputs / "7.1.log").touch()

    said = Safekeeping(damaged).foretold()

    assert re.fullmatch(
        rf"the record .*scheduler\.db is damaged: .*; a start restores it from the backup of 2026-03-01 \d\d:\d\d:00 \S+ "
        rf"\({NAME}\); 1 output would be without a run",
        said,
    )


def test_a_record_that_is_gone_is_foretold_too(project: Project) -> None:
    (project.root / "data" / "scheduler.db").unlink()

    assert (
        "is gone, although one was made there; a start restores it from the backup of "
        in Safekeeping(project).foretold()
    )


def test_a_start_that_would_be_refused_is_an_error(damaged: Project) -> None:
    (damaged.root / "data" / "backups" / NAME).write_bytes(b"nor this")

    with pytest.raises(RecordLost, match=r"no backup in .* can be restored"):
        Safekeeping(damaged).foretold()


def test_who_asks_of_a_damaged_record_is_told_which_backup_is_whole(damaged: Project) -> None:
    with pytest.raises(DatabaseDamaged) as asked:
        Record(damaged)
    with pytest.raises(DatabaseDamaged) as backed_up:
        Safekeeping(damaged).back_up(pause=_nothing, note=_nothing)

    hints = [hint_of(caught.value, "scheduler") for caught in (asked, backed_up)]
    assert hints[0] == hints[1]
    assert re.fullmatch(
        rf"a start restores {NAME} of 2026-03-01 \S+ by itself; or `scheduler backup restore {NAME}`", hints[0]
    )


def test_a_new_record_is_named_only_where_no_backup_is_whole(damaged: Project) -> None:
    (damaged.root / "data" / "backups" / NAME).unlink()

    with pytest.raises((DatabaseDamaged, RecordGone)) as caught:
        Record(damaged)

    assert "run --new-record" in hint_of(caught.value, "scheduler")


def test_a_scheduler_that_runs_is_called_the_projects_own(project: Project) -> None:
    lock = ProjectLock(project.root / "data" / "run" / "scheduler.lock", "it", since=NOON)
    with (
        lock,
        pytest.raises(AlreadyRunning, match=rf"^the scheduler of {project.root} is running \(pid \d+ on "),
        Safekeeping(project).restoring("latest", pause=_nothing, note=_nothing),
    ):
        pass
