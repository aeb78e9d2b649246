"""What stands in the folder of tasks and is no task: each is said once, in a sentence, and hinders nothing."""

from __future__ import annotations

import asyncio
import os
import socket
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from task_scheduler.watcher.scanning import LARGEST
from tests.integration.watcher.watched import in_loop, save, watched

pytestmark = pytest.mark.slow

PIPE = "it is a named pipe, and a task is a file: put it elsewhere"
NO_PY = "the name of a task file ends with .py: rename it"


def make_loop(tasks: Path) -> None:
    (tasks / "x.py").symlink_to("x.py")


def make_socket(tasks: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tasks / "x.py"))


def make_link_to_pipe(tasks: Path) -> None:
    os.mkfifo(tasks.parent / "pipe")
    (tasks / "x.py").symlink_to(tasks.parent / "pipe")


def make_virtual_environment(tasks: Path) -> None:
    (tasks / "x.py").mkdir()
    (tasks / "x.py" / "pyvenv.cfg").touch()
    (tasks / "x.py" / "inside.py").write_text("1")


def make_two_links(tasks: Path) -> None:
    (tasks.parent / "elsewhere").mkdir()
    (tasks / "a").symlink_to(tasks.parent / "elsewhere")
    (tasks / "x.py").symlink_to(tasks.parent / "elsewhere")


#: How to put an entry into the folder, and what is said of it.
ODD: dict[str, tuple[Callable[[Path], object], str]] = {
    "a pipe": (lambda tasks: os.mkfifo(tasks / "x.py"), f"'x.py' in tasks/ is left out: {PIPE}"),
    "a socket": (make_socket, "'x.py' in tasks/ is left out: it is a socket, and a task is a file: put it elsewhere"),
    "a device": (
        lambda tasks: (tasks / "x.py").symlink_to("/dev/null"),
        "'x.py' in tasks/ is left out: it is a device, and a task is a file: put it elsewhere",
    ),
    "a link to nothing": (
        lambda tasks: (tasks / "x.py").symlink_to("nowhere"),
        "'x.py' in tasks/ is left out: it is a link to nothing: mend the link or remove it",
    ),
    "a link to itself": (
        make_loop,
        "'x.py' in tasks/ is left out: it is a link that leads to itself: mend the link or remove it",
    ),
    "a link to a pipe": (
        make_link_to_pipe,
        f"'x.py' in tasks/ is left out: {PIPE}",
    ),
    "a link back": (
        lambda tasks: (tasks / "x").symlink_to(tasks),
        "'x' in tasks/ is left out: it is a link back into the folder, which is looked at anyway: remove it",
    ),
    "a name that is not UTF-8": (
        lambda tasks: (tasks / os.fsdecode(b"\xff.py")).touch(),
        r"'\udcff.py' in tasks/ is left out: its name is not UTF-8, rename it",
    ),
    "a suffix in capitals": (
        lambda tasks: (tasks / "x.PY").touch(),
        "'x.PY' in tasks/ is left out: the name of a task file ends with .py in small letters: rename it",
    ),
    "a file of Windows": (lambda tasks: (tasks / "x.pyw").touch(), f"'x.pyw' in tasks/ is left out: {NO_PY}"),
    "a text file": (lambda tasks: (tasks / "x.py.txt").touch(), f"'x.py.txt' in tasks/ is left out: {NO_PY}"),
    "a name of many lines": (
        lambda tasks: os.mkfifo(tasks / "x\n\x1b[31m.py"),
        rf"'x\n\x1b[31m.py' in tasks/ is left out: {PIPE}",
    ),
    "a virtual environment": (
        make_virtual_environment,
        "'x.py/' in tasks/ is left out: it is a virtual environment: what a task needs is named under 'dependencies'",
    ),
}


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_entry_is_said_once_and_hinders_nothing(root: Path, odd: str) -> None:
    make, sentence = ODD[odd]

    @in_loop
    async def scenario() -> None:
        make(root / "tasks")
        (root / "tasks" / "good.py").write_text("1")
        async with watched(root) as seen:
            await seen.source.rescan()
            await seen.source.rescan()

        assert seen.notices == [sentence]
        assert seen.contents() == {"good": b"1"}

    scenario()


@in_loop
async def test_two_links_to_one_folder_are_not_two_folders(root: Path) -> None:
    make_two_links(root / "tasks")

    async with watched(root) as seen:
        pass

    (notice,) = seen.notices
    assert notice.endswith("another link leads to the same folder, whose tasks would run twice: remove one of the two")


@pytest.mark.parametrize(
    "name", [".#x.py", "#x.py#", "x.py~", ".x.py.swp", "4913", "x.py.bak", "x.pyc", ".hidden.py", "__init__.py", "x.md"]
)
def test_of_what_tools_leave_there_nothing_is_said(root: Path, name: str) -> None:
    @in_loop
    async def scenario() -> None:
        (root / "tasks" / name).write_text("1")
        async with watched(root) as seen:
            await seen.source.rescan()

        assert (seen.notices, seen.contents()) == ([], {})

    scenario()


@in_loop
async def test_an_odd_entry_that_comes_back_is_said_again(root: Path) -> None:
    async with watched(root) as seen:
        for _ in range(2):
            os.mkfifo(root / "tasks" / "x.py")
            await seen.source.rescan()
            (root / "tasks" / "x.py").unlink()
            await seen.source.rescan()

    assert len(seen.notices) == 2


@in_loop
async def test_a_folder_of_something_else_does_not_flood_the_log(root: Path) -> None:
    for number in range(300):
        os.mkfifo(root / "tasks" / f"p{number}.py")

    async with watched(root) as seen:
        await seen.source.rescan()

    assert len(seen.notices) == 21
    assert seen.notices[-1] == "280 more entries of tasks/ are left out or odd"


@pytest.mark.parametrize(
    "name",
    [
        "my-report",
        "two words",
        "Ünïcödé",
        "報告",
        "a\nb",
        "tab\there",
        "bell\x07",
        "-rf",
        "quote'\"",
        "a.b.c",
        "*",
        "$HOME",
        "n" * 240,
        "\u202egnp",
    ],
)
def test_any_name_that_is_text_is_the_name_of_a_task(root: Path, name: str) -> None:
    @in_loop
    async def scenario() -> None:
        async with watched(root) as seen:
            (root / "tasks" / f"{name}.py").write_text("1")
            await seen.until(lambda: seen.contents() == {name: b"1"})

        assert seen.notices == []

    scenario()


@in_loop
async def test_names_that_look_alike_are_two_tasks_and_said_to_be(root: Path) -> None:
    for name in ("Report", "report", unicodedata.normalize("NFC", "café"), unicodedata.normalize("NFD", "café")):
        (root / "tasks" / f"{name}.py").write_text("1")

    async with watched(root) as seen:
        await seen.source.rescan()

    assert len(seen.contents()) == 4
    assert len(seen.notices) == 2
    assert any(notice.startswith("'Report.py' and 'report.py' in tasks/ are two tasks") for notice in seen.notices)


@in_loop
async def test_a_task_and_a_folder_of_one_name_are_two_things(root: Path) -> None:
    (root / "tasks" / "a").mkdir()
    (root / "tasks" / "a.py").write_text("1")
    (root / "tasks" / "a" / "b.py").write_text("2")
    (root / "tasks" / "c.py").mkdir()
    (root / "tasks" / "c.py" / "d.py").write_text("3")

    async with watched(root) as seen:
        assert seen.contents() == {"a": b"1", "a/b": b"2", "c.py/d": b"3"}


@in_loop
async def test_a_file_of_fifty_megabytes_is_refused_without_being_read(root: Path) -> None:
    with (root / "tasks" / "a.py").open("wb") as file:
        file.truncate(50_000_000)

    async with watched(root) as seen:
        (file_,) = seen.reports[0].files

    assert (file_.content, file_.problem) == (
        None,
        f"it is larger than {LARGEST:,} bytes: move data and generated code into files of their own",
    )


@in_loop
async def test_a_file_that_becomes_a_folder_and_back_is_followed(root: Path) -> None:
    file = root / "tasks" / "a.py"
    file.write_text("1")

    async with watched(root, check_interval=0.1) as seen:
        file.unlink()
        file.mkdir()
        (file / "b.py").write_text("2")
        await seen.until(lambda: seen.contents() == {"a.py/b": b"2"})
        (file / "b.py").unlink()
        file.rmdir()
        save(file, "3")
        await seen.until(lambda: seen.contents() == {"a": b"3"})


@in_loop
async def test_a_file_that_becomes_a_pipe_is_gone_and_holds_nobody(root: Path) -> None:
    file = root / "tasks" / "a.py"
    file.write_text("1")

    async with watched(root, check_interval=0.1) as seen:
        file.unlink()
        os.mkfifo(file)
        await seen.until(lambda: seen.contents() == {})

    assert seen.notices == [f"'a.py' in tasks/ is left out: {PIPE}"]


@in_loop
async def test_folders_deeper_than_the_system_can_name_are_said_and_the_rest_is_found(root: Path) -> None:
    (root / "tasks" / "a.py").write_text("1")
    here = os.open(root / "tasks", os.O_RDONLY | os.O_DIRECTORY)
    for _ in range(1_000):
        os.mkdir("deeper", dir_fd=here)
        deeper = os.open("deeper", os.O_RDONLY | os.O_DIRECTORY, dir_fd=here)
        os.close(here)
        here = deeper
    os.close(here)

    async with watched(root, check_interval=0.1) as seen:
        (root / "tasks" / "b.py").write_text("2")
        await seen.until(lambda: seen.contents() == {"a": b"1", "b": b"2"})

    # Python's own ways of removing a folder would fail here.
    removing = await asyncio.create_subprocess_exec("rm", "-rf", root / "tasks" / "deeper")
    assert await removing.wait() == 0
    assert any("File name too long" in notice for notice in seen.notices)


@in_loop
async def test_very_many_other_files_are_no_hindrance(root: Path) -> None:
    for number in range(20_000):
        os.close(os.open(root / "tasks" / f"{number}.txt", os.O_CREAT | os.O_WRONLY))

    async with watched(root) as seen:
        save(root / "tasks" / "a.py", "1")
        await seen.until(lambda: seen.contents() == {"a": b"1"})

    assert seen.notices == []


@in_loop
async def test_the_right_to_read_a_file_is_taken_and_given_back(ordinary_user: Path) -> None:
    file = ordinary_user / "tasks" / "a.py"
    file.write_text("1")

    async with watched(ordinary_user, check_interval=0.1) as seen:
        for _ in range(3):
            file.chmod(0)
            await seen.until(lambda: seen.contents() == {"a": None})
            file.chmod(0o600)
            await seen.until(lambda: seen.contents() == {"a": b"1"})

    assert all(report.removed == () for report in seen.reports)
