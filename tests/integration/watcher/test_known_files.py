"""Files that need not be read, files that must be read again, and files that somebody is still writing."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from task_scheduler.ports import KnownFile, SourceChanges, SourceFile
from task_scheduler.watcher import confirming, scanning
from tests.integration.watcher.watched import SETTLE, in_loop, save, watched

pytestmark = pytest.mark.slow


async def known_after(root: Path) -> dict[str, KnownFile]:
    """Watch until every file is known by its looks, and return what is known then."""
    async with watched(root) as seen:
        count = len(seen.reports[0].files)
        await seen.until(lambda: len(confirmed(seen.reports)) == count)
        return {
            task_id: KnownFile(digest=file.digest, stamp=file.stamp)
            for task_id, file in confirmed(seen.reports).items()
        }


def confirmed(reports: list[SourceChanges]) -> dict[str, SourceFile]:
    """Return the files whose stamps can be trusted, as last reported."""
    return {file.task_id: file for report in reports for file in report.confirmed}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust stamps sooner: the file systems of tests have fine clocks."""
    monkeypatch.setattr(confirming.Confirming.__init__, "__kwdefaults__", {"grain": 0.1})


@in_loop
async def test_a_file_that_looks_as_it_did_is_not_read(root: Path) -> None:
    (root / "tasks" / "a.py").write_text("1")
    known = await known_after(root)

    async with watched(root, known=known) as seen:
        (file,) = seen.reports[0].files

    assert file.is_unread
    assert (file.digest, file.stamp) == (known["a"].digest, known["a"].stamp)
    assert seen.reports[0].complete


@in_loop
async def test_a_file_that_changed_meanwhile_is_read(root: Path) -> None:
    (root / "tasks" / "a.py").write_text("1")
    known = await known_after(root)
    before = (root / "tasks" / "a.py").stat()
    (root / "tasks" / "a.py").write_text("2")
    os.utime(root / "tasks" / "a.py", ns=(before.st_atime_ns, before.st_mtime_ns))

    async with watched(root, known=known) as seen:
        assert seen.contents() == {"a": b"2"}


@in_loop
async def test_a_file_put_in_place_of_another_is_read(root: Path) -> None:
    (root / "tasks" / "a.py").write_text("1")
    known = await known_after(root)
    save(root / "tasks" / "a.py", "2")

    async with watched(root, known=known) as seen:
        assert seen.contents() == {"a": b"2"}


@in_loop
async def test_a_stamp_of_another_version_of_the_program_tells_nothing(root: Path) -> None:
    (root / "tasks" / "a.py").write_text("1")
    known = await known_after(root)
    older = KnownFile(digest=known["a"].digest, stamp=known["a"].stamp.replace(known["a"].stamp.split()[0], "0.0.1"))

    async with watched(root, known={"a": older}) as seen:
        assert seen.contents() == {"a": b"1"}


@in_loop
async def test_a_file_that_was_only_touched_is_known_again_without_a_change(root: Path) -> None:
    (root / "tasks" / "a.py").write_text("1")

    async with watched(root) as seen:
        await seen.until(lambda: len(confirmed(seen.reports)) == 1)
        first = confirmed(seen.reports)["a"].stamp
        os.utime(root / "tasks" / "a.py", (1, 1))
        await seen.source.rescan()
        await seen.until(lambda: confirmed(seen.reports)["a"].stamp != first)

    assert [len(report.files) for report in seen.reports if report.files] == [1]


@in_loop
async def test_a_second_change_within_the_grain_of_the_clock_is_found(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file system whose clock has a grain of a day: an edit that keeps the size does not show in the stamp."""
    monkeypatch.setattr(scanning, "_stamp", lambda info: (info.st_ino, info.st_size, 0, 0))
    file = root / "tasks" / "a.py"
    file.write_text("1")

    async with watched(root) as seen:
        with file.open("r+") as same:
            same.write("2")
        await seen.until(lambda: seen.contents() == {"a": b"2"})
        await seen.until(lambda: bool(confirmed(seen.reports)))


# --- contents that are fetched ----------------------------------------------------------------------------


@in_loop
async def test_of_very_many_files_most_are_reported_without_content_and_can_be_fetched(root: Path) -> None:
    for number in range(300):
        (root / "tasks" / f"t{number}.py").write_text(str(number))

    async with watched(root) as seen:
        unread = [file for file in seen.reports[0].files if file.is_unread]
        fetched = await seen.source.fetch(unread)

    assert len(seen.reports[0].files) == 300
    assert len(unread) == 200
    assert [file and file.content for file in fetched] == [file.task_id.removeprefix("t").encode() for file in unread]
    assert all(file is not None and file.digest for file in fetched)


@in_loop
async def test_what_changed_before_it_was_fetched_is_reported_anew(root: Path) -> None:
    for name in ("a", "b", "c"):
        (root / "tasks" / f"{name}.py").write_text("1")
    known = await known_after(root)

    async with watched(root, known=known) as seen:
        save(root / "tasks" / "a.py", "22")
        (root / "tasks" / "b.py").unlink()
        fetched = await seen.source.fetch(seen.reports[0].files)
        assert {file.task_id: file.content for file in fetched if file is not None} == {"c": b"1"}
        await seen.until(lambda: "b" not in seen.contents() and seen.contents().get("a") == b"22")


@in_loop
async def test_what_was_only_touched_before_it_was_fetched_is_reported_anew_too(root: Path) -> None:
    (root / "tasks" / "a.py").write_text("1")
    known = await known_after(root)

    async with watched(root, known=known) as seen:
        os.utime(root / "tasks" / "a.py", (1, 1))
        assert await seen.source.fetch(seen.reports[0].files) == [None]
        await seen.until(lambda: seen.contents() == {"a": b"1"})


# --- files that are still written --------------------------------------------------------------------------


@in_loop
async def test_a_file_that_somebody_has_open_for_writing_is_not_taken_before_it_is_closed(root: Path) -> None:
    async with watched(root) as seen:
        with (root / "tasks" / "a.py").open("w") as file:
            file.write("half")
            file.flush()
            await asyncio.sleep(SETTLE * 6)
            save(root / "tasks" / "b.py", "1")
            await seen.until(lambda: "b" in seen.contents())
            early = seen.contents()
            file.write(" and whole")
        await seen.until(lambda: seen.contents() == {"a": b"half and whole", "b": b"1"})

    assert early == {"b": b"1"}
    assert len(seen.reports) == 3


@in_loop
async def test_a_reader_holds_nothing_up(root: Path) -> None:
    async with watched(root) as seen:
        save(root / "tasks" / "a.py", "1")
        with (root / "tasks" / "a.py").open():
            await seen.until(lambda: seen.contents() == {"a": b"1"})


@in_loop
async def test_writing_in_several_goes_is_one_change(root: Path) -> None:
    async with watched(root) as seen:
        for number in range(8):
            with (root / "tasks" / "a.py").open("a") as file:
                file.write(f"{number}\n")
            await asyncio.sleep(0.01)
        await seen.until(lambda: "a" in seen.contents())

    assert [len(report.files) for report in seen.reports] == [0, 1]
    assert (seen.contents()["a"] or b"").endswith(b"7\n")


# --- a folder that is utterly empty ------------------------------------------------------------------------

EMPTIED = (
    "the folder tasks/ is empty and held 3 task files: mount its disk or put them back; if you removed them all, "
    "put any file there, such as tasks/.empty"
)


def fill(root: Path, count: int = 3) -> list[Path]:
    files = [root / "tasks" / f"t{number}.py" for number in range(count)]
    for number, file in enumerate(files):
        file.write_text(str(number))
    return files


@in_loop
async def test_a_folder_that_is_suddenly_empty_suspends_and_deletes_nothing(root: Path) -> None:
    files = fill(root)

    async with watched(root, check_interval=0.1) as seen:
        for file in files:
            file.unlink()
        await seen.until(lambda: seen.reports[-1].suspended is not None)
        fill(root)
        await seen.until(lambda: seen.reports[-1].complete)

    assert [report.suspended for report in seen.reports] == [None, EMPTIED, None]
    assert all(report.removed == () for report in seen.reports)
    assert len(seen.contents()) == 3


@in_loop
async def test_a_folder_that_comes_back_empty_is_still_not_believed(root: Path) -> None:
    fill(root)

    async with watched(root, check_interval=0.1) as seen:
        (root / "tasks").rename(root / "away")
        await seen.until(lambda: seen.reports[-1].suspended is not None)
        (root / "tasks").mkdir()
        await seen.until(lambda: seen.reports[-1].suspended == EMPTIED)
        (root / "tasks" / ".empty").touch()
        await seen.until(lambda: seen.reports[-1].complete)

    assert seen.contents() == {}


@in_loop
async def test_a_folder_that_is_empty_at_the_start_is_not_believed_where_the_record_knows_better(root: Path) -> None:
    known = {name: KnownFile(digest="0" * 64, stamp="") for name in ("a", "b", "c")}

    async with watched(root, known=known) as seen:
        assert [report.suspended for report in seen.reports] == [EMPTIED]


@in_loop
async def test_removing_all_files_is_believed_where_anything_else_is_left(root: Path) -> None:
    files = fill(root)
    (root / "tasks" / ".gitkeep").touch()

    async with watched(root) as seen:
        for file in files:
            file.unlink()
        await seen.until(lambda: seen.contents() == {})

    assert all(report.suspended is None for report in seen.reports)


@in_loop
async def test_removing_the_only_files_one_has_is_believed(root: Path) -> None:
    files = fill(root, 2)

    async with watched(root) as seen:
        for file in files:
            file.unlink()
        await seen.until(lambda: seen.contents() == {})

    assert all(report.suspended is None for report in seen.reports)
