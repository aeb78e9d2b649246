"""Watching real folders: every change is reported once, when it is over, and nothing else is."""

from __future__ import annotations

import asyncio
import ctypes
import hashlib
import os
import shutil
import socket
from pathlib import Path

import pytest

from task_scheduler.watcher.folder import FolderSource
from task_scheduler.watcher.scanning import LARGEST
from task_scheduler.watcher.settling import REMOVAL
from tests.integration.watcher.watched import SETTLE, in_loop, save, watched

pytestmark = pytest.mark.slow


@in_loop
async def test_the_first_report_is_everything(root: Path) -> None:
    (root / "tasks" / "sub").mkdir()
    (root / "tasks" / "a.py").write_bytes(b"a = 1\n")
    (root / "tasks" / "sub" / "b.c.py").write_bytes(b"b = 1\n")

    async with watched(root) as seen:
        (report,) = seen.reports

    assert report.complete
    assert report.suspended is None
    assert sorted((file.task_id, file.path, file.digest, file.content, file.problem) for file in report.files) == [
        ("a", "tasks/a.py", hashlib.sha256(b"a = 1\n").hexdigest(), b"a = 1\n", ""),
        ("sub/b.c", "tasks/sub/b.c.py", hashlib.sha256(b"b = 1\n").hexdigest(), b"b = 1\n", ""),
    ]


@in_loop
async def test_a_dropped_file_an_edit_and_a_removal_are_reported(root: Path) -> None:
    file = root / "tasks" / "a.py"

    async with watched(root) as seen:
        file.write_text("1")
        await seen.until(lambda: seen.contents() == {"a": b"1"})
        file.write_text("22")
        await seen.until(lambda: seen.contents() == {"a": b"22"})
        save(file, "333")
        await seen.until(lambda: seen.contents() == {"a": b"333"})
        file.unlink()
        await seen.until(lambda: seen.contents() == {})

    assert len(seen.reports) == 5


@in_loop
async def test_files_in_new_folders_are_found(root: Path) -> None:
    async with watched(root) as seen:
        (root / "tasks" / "x" / "y").mkdir(parents=True)
        (root / "tasks" / "x" / "y" / "a.py").write_text("1")
        await seen.until(lambda: seen.contents() == {"x/y/a": b"1"})
        (root / "tasks" / "x" / "y" / "b.py").write_text("2")
        await seen.until(lambda: seen.contents() == {"x/y/a": b"1", "x/y/b": b"2"})
        (root / "tasks" / "x").rename(root / "tasks" / "z")
        await seen.until(lambda: seen.contents() == {"z/y/a": b"1", "z/y/b": b"2"})
        shutil.rmtree(root / "tasks" / "z")
        await seen.until(lambda: seen.contents() == {})


@in_loop
async def test_a_folder_moved_in_with_files_is_found(root: Path) -> None:
    outside = root / "elsewhere"
    outside.mkdir()
    (outside / "a.py").write_text("1")

    async with watched(root) as seen:
        outside.rename(root / "tasks" / "inside")
        await seen.until(lambda: seen.contents() == {"inside/a": b"1"})


@in_loop
async def test_a_file_written_in_pieces_is_one_change(root: Path) -> None:
    async with watched(root) as seen:
        with (root / "tasks" / "a.py").open("w") as file:
            for number in range(20):
                file.write(f"line {number}\n")
                file.flush()
                await asyncio.sleep(SETTLE / 5)
        await seen.until(lambda: "a" in seen.contents())

    assert [len(report.files) for report in seen.reports] == [0, 1]
    assert (seen.contents()["a"] or b"").endswith(b"line 19\n")


@in_loop
async def test_delete_and_create_is_one_change(root: Path) -> None:
    file = root / "tasks" / "a.py"
    file.write_text("1")

    async with watched(root) as seen:
        file.unlink()
        await asyncio.sleep(SETTLE * 3)
        file.write_text("2")
        await seen.until(lambda: seen.contents() == {"a": b"2"})
        await seen.source.rescan()

    assert [report.removed for report in seen.reports] == [(), ()]


@in_loop
async def test_the_same_content_again_is_no_change(root: Path) -> None:
    file = root / "tasks" / "a.py"
    file.write_text("1")

    async with watched(root) as seen:
        os.utime(file, (1, 1))
        await seen.source.rescan()
        save(file, "1")
        await seen.source.rescan()
        file.unlink()
        file.write_text("1")
        await seen.source.rescan()

    assert len(seen.reports) == 1


@in_loop
async def test_an_edit_that_keeps_size_and_time_is_a_change(root: Path) -> None:
    file = root / "tasks" / "a.py"
    file.write_text("1")
    os.utime(file, ns=(10**18, 10**18))

    async with watched(root) as seen:
        file.write_text("2")
        os.utime(file, ns=(10**18, 10**18))
        await seen.until(lambda: seen.contents() == {"a": b"2"})


@in_loop
async def test_what_is_no_task_file_is_left_out(root: Path) -> None:
    tasks = root / "tasks"
    for name in (".hidden.py", "__init__.py", "a.py.tmp", "a.py~", ".#a.py", "#a.py#", "4913", ".a.py.swp", "a.txt"):
        (tasks / name).write_text("1")
    for folder in ("__pycache__", ".git", "venv"):
        (tasks / folder).mkdir()
        (tasks / folder / "a.py").write_text("1")
    (tasks / "venv" / "pyvenv.cfg").write_text("")
    (tasks / "example_a.py").write_text("1")
    (tasks / "folder.py").mkdir()
    os.mkfifo(tasks / "pipe.py")
    (tasks / "nothing.py").symlink_to("nowhere")
    (tasks / "itself.py").symlink_to("itself.py")
    (tasks / "loop").symlink_to(tasks)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tasks / "s.py"))
        async with watched(root) as seen:
            (tasks / ".hidden.py").write_text("2")
            (tasks / "venv" / "b.py").write_text("2")
            (tasks / "__pycache__" / "b.py").write_text("2")
            (tasks / "pipe2.py").symlink_to("pipe.py")
            (tasks / "real.py").write_text("2")
            await seen.until(lambda: seen.contents() == {"real": b"2"})

    assert [len(report.files) for report in seen.reports] == [0, 1]


@in_loop
async def test_links_to_files_and_folders_are_followed(root: Path) -> None:
    outside = root / "outside"
    outside.mkdir()
    (outside / "a.py").write_text("1")
    (outside / "back").symlink_to(root / "tasks")
    (root / "tasks" / "linked.py").symlink_to(outside / "a.py")
    (root / "tasks" / "folder").symlink_to(outside)
    (root / "tasks" / "again").symlink_to(outside)

    async with watched(root, check_interval=0.1) as seen:
        assert len(seen.contents()) == 2
        (outside / "a.py").write_text("22")
        await seen.until(lambda: set(seen.contents().values()) == {b"22"})


@in_loop
async def test_changes_that_no_event_announces_are_found_and_said_once(root: Path) -> None:
    outside = root / "outside"
    outside.mkdir()
    (root / "tasks" / "folder").symlink_to(outside)

    async with watched(root, check_interval=0.1) as seen:
        for number in range(4):
            (outside / "a.py").write_text(str(number))
            await seen.until(lambda: seen.contents() == {"folder/a": str(number).encode()})  # noqa: B023 - awaited here

    assert seen.notices == [
        (
            "changes in tasks/ come without file events, as in network folders and behind links: "
            "it is looked at every 0.1 s"
        )
    ]


@in_loop
async def test_a_folder_of_tasks_that_is_a_link_is_watched(root: Path) -> None:
    (root / "tasks").rename(root / "real")
    (root / "tasks").symlink_to("real")

    async with watched(root) as seen:
        (root / "real" / "a.py").write_text("1")
        await seen.until(lambda: seen.contents() == {"a": b"1"})


@in_loop
async def test_examples_and_patterns_are_options(root: Path) -> None:
    (root / "tasks" / "example_job.py").write_text("1")
    (root / "tasks" / "other.py").write_text("1")

    async with watched(root, pattern="*_job.py", include_examples=True) as seen:
        assert list(seen.contents()) == ["example_job"]


@in_loop
async def test_a_file_that_is_too_large_is_not_read(root: Path) -> None:
    (root / "tasks" / "a.py").write_bytes(b"#" * (LARGEST + 1))

    async with watched(root) as seen:
        (file,) = seen.reports[0].files

    assert (file.content, file.digest, file.problem) == (
        None,
        "",
        "it is larger than 1,000,000 bytes: move data and generated code into files of their own",
    )


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that opens and cannot be read")
@in_loop
async def test_a_file_that_cannot_be_read_is_reported_so(root: Path) -> None:
    (root / "tasks" / "a.py").symlink_to("/proc/self/mem")

    async with watched(root) as seen:
        (file,) = seen.reports[0].files

    assert file.content is None
    assert file.problem.startswith("it cannot be read (")


@in_loop
async def test_a_name_that_is_not_utf_8_is_left_out_and_said_once(root: Path) -> None:
    (root / "tasks" / os.fsdecode(b"\xff.py")).touch()

    async with watched(root) as seen:
        await seen.source.rescan()

    assert seen.contents() == {}
    assert seen.notices == ["'\\udcff.py' in tasks/ is left out: its name is not UTF-8, rename it"]


@in_loop
async def test_a_vanished_folder_suspends_and_a_returned_one_is_looked_at_completely(root: Path) -> None:
    (root / "tasks" / "a.py").write_text("1")
    (root / "tasks" / "b.py").write_text("1")

    async with watched(root, check_interval=0.1) as seen:
        (root / "tasks").rename(root / "away")
        await seen.until(lambda: seen.reports[-1].suspended is not None)
        (root / "away" / "b.py").unlink()
        (root / "away").rename(root / "tasks")
        await seen.until(lambda: seen.reports[-1].complete)
        (root / "tasks" / "c.py").write_text("1")
        await seen.until(lambda: seen.contents() == {"a": b"1", "c": b"1"})

    assert seen.reports[1].suspended == "the folder tasks/ is not there: put it back"
    assert all(report.removed == () for report in seen.reports)
    assert seen.reports[2].suspended is None


@in_loop
async def test_a_folder_that_is_replaced_at_once_is_not_suspended(root: Path) -> None:
    (root / "tasks" / "a.py").write_text("1")
    (root / "next").mkdir()
    (root / "next" / "a.py").write_text("2")

    async with watched(root, check_interval=0.1) as seen:
        shutil.rmtree(root / "tasks")
        (root / "next").rename(root / "tasks")
        await seen.until(lambda: seen.contents() == {"a": b"2"})
        (root / "tasks" / "b.py").write_text("3")
        await seen.until(lambda: seen.contents() == {"a": b"2", "b": b"3"})

    assert all(report.suspended is None and report.removed == () for report in seen.reports)


@in_loop
async def test_a_folder_that_is_missing_at_the_start_suspends(root: Path) -> None:
    (root / "tasks").rmdir()

    async with watched(root, check_interval=0.1) as seen:
        assert [report.suspended for report in seen.reports] == ["the folder tasks/ is not there: put it back"]
        (root / "tasks").mkdir()
        (root / "tasks" / "a.py").write_text("1")
        await seen.until(lambda: seen.contents() == {"a": b"1"})


@in_loop
async def test_a_changed_helper_changes_the_local_digest_alone(root: Path) -> None:
    (root / "helpers" / "a.py").write_text("1")

    async with watched(root) as seen:
        first = seen.reports[0].local_digest
        (root / "helpers" / "a.py").write_text("2")
        await seen.until(lambda: len(seen.reports) == 2)
        (root / "helpers" / "a.py").write_text("1")
        await seen.until(lambda: len(seen.reports) == 3)
        (root / "helpers" / "a.txt").write_text("1")
        (root / "helpers" / "a.py").rename(root / "helpers" / "b.py")
        await seen.until(lambda: seen.reports[-1].local_digest not in {first, seen.reports[1].local_digest})

    assert seen.reports[2].local_digest == first
    assert not any(report.files or report.removed for report in seen.reports)


@in_loop
async def test_helpers_that_appear_later_are_noticed(root: Path) -> None:
    (root / "helpers").rmdir()

    async with watched(root, check_interval=0.1) as seen:
        (root / "helpers").mkdir()
        (root / "helpers" / "a.py").write_text("2")
        await seen.until(lambda: seen.reports[-1].local_digest != seen.reports[0].local_digest)


@in_loop
async def test_a_listener_that_fails_gets_everything_again(root: Path) -> None:
    (root / "tasks" / "a.py").write_text("1")

    async with watched(root, check_interval=0.1) as seen:
        seen.listener_fails = True
        (root / "tasks" / "b.py").write_text("1")
        await seen.until(lambda: len(seen.reports) == 2)

    assert seen.reports[-1].complete
    assert seen.contents() == {"a": b"1", "b": b"1"}
    assert seen.notices == ["looking at tasks/ failed (RuntimeError: the listener failed), trying again"]


@in_loop
async def test_nothing_is_reported_after_the_stop(root: Path) -> None:
    async with watched(root) as seen:
        pass

    (root / "tasks" / "a.py").write_text("1")
    await asyncio.sleep(SETTLE * 4)

    assert len(seen.reports) == 1


@in_loop
async def test_stopping_twice_or_before_the_start_does_nothing(root: Path) -> None:
    source = FolderSource(root=root, tasks=root / "tasks", helpers=root / "helpers", notice=print)

    await source.stop()
    await source.rescan()
    await source.start(lambda _: None, {})
    await source.stop()
    await source.stop()


@in_loop
async def test_many_files_at_once_are_all_reported(root: Path) -> None:
    async with watched(root) as seen:
        for number in range(2_000):
            (root / "tasks" / f"t{number}.py").write_text(str(number))
        await seen.until(lambda: len(seen.contents()) == 2_000)
        for number in range(0, 2_000, 2):
            (root / "tasks" / f"t{number}.py").unlink()
        await seen.until(lambda: len(seen.contents()) == 1_000)


@in_loop
async def test_a_folder_inside_that_cannot_be_read_keeps_its_tasks(ordinary_user: Path) -> None:
    inside = ordinary_user / "tasks" / "inside"
    inside.mkdir()
    (inside / "a.py").write_text("1")

    async with watched(ordinary_user, check_interval=0.1) as seen:
        inside.chmod(0)
        (ordinary_user / "tasks" / "b.py").write_text("1")
        await seen.until(lambda: seen.contents() == {"inside/a": b"1", "b": b"1"})
        await asyncio.sleep(REMOVAL)
        await seen.source.rescan()
        inside.chmod(0o700)
        (inside / "a.py").write_text("2")
        await seen.until(lambda: seen.contents() == {"inside/a": b"2", "b": b"1"})

    assert all(report.removed == () for report in seen.reports)
    assert seen.notices == ["the folder tasks/inside/ cannot be read (Permission denied): its tasks stay as they are"]


@in_loop
async def test_a_look_with_a_folder_that_cannot_be_read_is_not_called_complete(ordinary_user: Path) -> None:
    inside = ordinary_user / "tasks" / "inside"
    inside.mkdir()
    (inside / "a.py").write_text("1")
    (ordinary_user / "tasks" / "b.py").write_text("1")
    inside.chmod(0)

    async with watched(ordinary_user, check_interval=0.1) as seen:
        first = seen.reports[0]
        inside.chmod(0o700)
        await seen.until(lambda: seen.reports[-1].complete)

    assert (first.complete, first.suspended, [file.task_id for file in first.files]) == (False, None, ["b"])
    assert seen.contents() == {"inside/a": b"1", "b": b"1"}


@in_loop
async def test_a_file_without_permission_is_reported_so_and_read_once_it_can_be(ordinary_user: Path) -> None:
    file = ordinary_user / "tasks" / "a.py"
    file.write_text("1")
    file.chmod(0)

    async with watched(ordinary_user, check_interval=0.1) as seen:
        problem = seen.reports[0].files[0].problem
        file.chmod(0o600)
        await seen.until(lambda: seen.contents() == {"a": b"1"})

    assert problem == "it cannot be read (Permission denied): let the scheduler's user read it"


@in_loop
async def test_a_folder_without_permission_suspends(ordinary_user: Path) -> None:
    (ordinary_user / "tasks" / "a.py").write_text("1")

    async with watched(ordinary_user, check_interval=0.1) as seen:
        (ordinary_user / "tasks").chmod(0)
        await seen.until(lambda: seen.reports[-1].suspended is not None)
        (ordinary_user / "tasks").chmod(0o700)
        await seen.until(lambda: seen.reports[-1].complete)

    assert [report.suspended for report in seen.reports] == [
        None,
        "the folder tasks/ cannot be read (Permission denied): let the scheduler's user read it",
        None,
    ]


@pytest.mark.skipif(os.geteuid() != 0, reason="would use up the file events of the user who runs the tests")
@in_loop
async def test_without_events_looking_carries_on_and_is_said_once(ordinary_user: Path) -> None:
    file = ordinary_user / "tasks" / "a.py"
    used_up = use_up_file_events()

    try:
        async with watched(ordinary_user, check_interval=0.1) as seen:
            file.write_text("1")
            await seen.until(lambda: seen.contents() == {"a": b"1"})
            await seen.source.rescan()
            file.write_text("2")
            await seen.until(lambda: seen.contents() == {"a": b"2"})
            assert [sentence.partition(" (")[0] for sentence in seen.notices] == [
                "the system gives no file events for tasks/"
            ]
            assert seen.notices[0].endswith("): it is looked at every 0.1 s instead")

            for descriptor in used_up:
                os.close(descriptor)
            used_up.clear()
            await seen.source.rescan()
            await seen.source.rescan()
            assert seen.notices[1:] == ["file events for tasks/ arrive again"]
    finally:
        for descriptor in used_up:
            os.close(descriptor)


def use_up_file_events() -> list[int]:
    """Open as many watchers as the system gives one user."""
    create = ctypes.CDLL(None).inotify_init1
    descriptors: list[int] = []
    while (descriptor := create(os.O_CLOEXEC)) >= 0:
        descriptors.append(descriptor)
    return descriptors
