"""A file that is watched: noticed by its content, however it comes to be there."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

import pytest

from task_scheduler.clock import SystemClock
from task_scheduler.process import watched_file
from task_scheduler.process.watched_file import Seen, WatchedFile


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watched_file, "SETTLE", 0.02)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "config" / "config.yaml"
    file.parent.mkdir()
    file.write_text("a: 1\n")
    return file


def watch(path: Path) -> WatchedFile:
    return WatchedFile(path, clock=SystemClock())


def is_old(path: Path) -> None:
    """Have a file look as if nobody had touched it for long."""
    os.utime(path, (1_000_000_000, 1_000_000_000))


def news(file: WatchedFile) -> Seen | None:
    return asyncio.run(file.news())


def content(file: WatchedFile) -> bytes | None:
    seen = news(file)
    return None if seen is None else seen.content


def test_the_first_look_and_each_change_is_news_and_nothing_else_is(path: Path) -> None:
    file = watch(path)

    first, none = content(file), content(file)
    path.write_text("a: 2\n")
    second = content(file)
    path.touch()

    assert (first, none, second) == (b"a: 1\n", None, b"a: 2\n")
    assert news(file) is None


def test_a_change_of_the_same_length_within_one_tick_of_the_file_systems_clock_is_noticed(path: Path) -> None:
    file = watch(path)
    news(file)
    before = path.stat()

    path.write_text("a: 2\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert content(file) == b"a: 2\n"


def test_a_file_that_was_changed_a_moment_ago_is_read_whatever_its_stamp_says(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two changes within one tick of a file system's clock look like one."""
    monkeypatch.setattr(watched_file, "_stamp", lambda _found: (1,))
    file = watch(path)
    news(file)
    path.write_text("a: 2\n")

    assert content(file) == b"a: 2\n"


def test_what_is_renamed_into_its_place_is_noticed_also_with_its_folder(path: Path, tmp_path: Path) -> None:
    file = watch(path)
    news(file)
    other = path.with_name("new")
    other.write_text("a: 2\n")
    is_old(other)
    other.rename(path)
    renamed = content(file)

    (tmp_path / "next").mkdir()
    (tmp_path / "next" / "config.yaml").write_text("a: 3\n")
    shutil.rmtree(path.parent)
    gone = news(file)
    (tmp_path / "next").rename(path.parent)

    assert renamed == b"a: 2\n"
    assert gone == Seen(content=None, is_missing=True)
    assert content(file) == b"a: 3\n"


def test_a_link_that_leads_elsewhere_is_noticed(path: Path, tmp_path: Path) -> None:
    """As configuration maps are replaced in containers."""
    for name in ("one", "two"):
        (tmp_path / name).write_text(name)
    path.unlink()
    path.symlink_to(tmp_path / "one")
    file = watch(path)
    first = content(file)
    path.with_name("next").symlink_to(tmp_path / "two")
    path.with_name("next").rename(path)

    assert (first, content(file)) == (b"one", b"two")


def test_a_file_that_is_still_written_is_left_until_it_is_closed(path: Path) -> None:
    file = watch(path)
    news(file)
    with path.open("w") as writing:
        writing.write("a: 2\n")
        writing.flush()
        half = news(file)
        writing.write("b: 3\n")

    assert half is None
    assert content(file) == b"a: 2\nb: 3\n"


def test_a_file_that_cannot_be_read_says_why(path: Path) -> None:
    file = watch(path)
    news(file)
    path.unlink()
    path.mkdir()

    assert news(file) == Seen(content=None, reason="Is a directory")
    assert news(file) is None


def test_what_can_be_read_once_is_not_looked_at_again(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    assert news(watch(tmp_path / "pipe")) is None
    assert news(watch(Path(os.devnull))) is None


def test_a_file_that_stands_still_is_not_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watched_file, "_GRAIN", -1.0)
    file = watch(path)
    news(file)
    path.chmod(0)
    reads: list[object] = []
    monkeypatch.setattr(file, "_stamp", watched_file._stamp(path.stat()))
    monkeypatch.setattr(WatchedFile, "_read", reads.append)

    assert news(file) is None
    assert reads == []


def test_a_huge_file_is_refused_and_not_taken_in_part(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watched_file, "_MOST", 4)

    assert news(watch(path)) == Seen(content=None, reason="it holds more than 4 bytes")
