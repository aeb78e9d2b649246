"""Files by pattern, in real folders."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from task_scheduler.inbox import ProjectFiles
from task_scheduler.ports import FoundFiles

FILES = ("a.csv", "in/a.csv", "in/b.txt", "in/.c.csv", "in/deep/d.csv", "in/deep/er/e.csv", "in/.git/f.csv")


def look(project: Path, pattern: str) -> FoundFiles:
    return asyncio.run(ProjectFiles(project).look(pattern))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in FILES:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path


@pytest.mark.parametrize(
    ("pattern", "files"),
    [
        ("*.csv", ["a.csv"]),
        ("in/*.csv", ["in/a.csv"]),
        ("in/[ab].*", ["in/a.csv", "in/b.txt"]),
        ("in/.*.csv", ["in/.c.csv"]),
        ("in/a.csv", ["in/a.csv"]),
        ("*/deep/*", ["in/deep/d.csv"]),
        ("**/*.csv", ["a.csv", "in/a.csv", "in/deep/d.csv", "in/deep/er/e.csv"]),
        ("in/**", ["in/a.csv", "in/b.txt", "in/deep/d.csv", "in/deep/er/e.csv"]),
        ("in/**/e.csv", ["in/deep/er/e.csv"]),
        ("in/*.CSV", []),
        ("in", ["in/a.csv", "in/b.txt"]),
        ("in/deep/", ["in/deep/d.csv"]),
        ("i*", []),
        ("**/deep", ["in/deep/d.csv"]),
    ],
)
def test_finds_what_a_shell_would(project: Path, pattern: str, files: list[str]) -> None:
    found = look(project, pattern)
    assert sorted(found.files) == files
    assert sorted(look(project, f"{project}/{pattern}").files) == [f"{project}/{name}" for name in files]


def test_an_identity_follows_a_file_to_another_name_and_changes_when_it_is_written(project: Path) -> None:
    before = look(project, "in/a.csv").files["in/a.csv"]
    (project / "in/a.csv").rename(project / "in/z.csv")
    assert look(project, "in/*.csv").files == {"in/z.csv": before}
    (project / "in/z.csv").write_text("longer than before")
    assert look(project, "in/*.csv").files["in/z.csv"] != before


def test_links_lead_to_files_and_to_no_endless_folders(project: Path) -> None:
    (project / "in/link.csv").symlink_to(project / "a.csv")
    (project / "in/broken.csv").symlink_to(project / "nowhere")
    (project / "in/deep/round").symlink_to(project / "in")
    os.mkfifo(project / "in/pipe.csv")
    found = look(project, "in/**/*.csv")
    assert sorted(found.files) == ["in/a.csv", "in/deep/d.csv", "in/deep/er/e.csv", "in/link.csv"]
    assert found.unseen == ()


def test_names_that_are_no_unicode_are_found(project: Path) -> None:
    (Path(os.fsdecode(os.fsencode(project) + b"/in/\xff.csv"))).write_text("x")
    assert sorted(look(project, "in/?.csv").files) == ["in/a.csv", "in/\udcff.csv"]


@pytest.mark.parametrize("pattern", ["gone/*.csv", "a.csv/*.csv", "gone/a.csv"])
def test_of_a_folder_that_is_not_there_nothing_is_known(project: Path, pattern: str) -> None:
    found = look(project, pattern)
    assert (found.files, found.unseen) == ({}, (pattern.partition("/")[0],))


def test_of_a_file_that_is_not_there_only_what_it_would_hold_as_a_folder_is_unknown(project: Path) -> None:
    assert look(project, "in/gone.csv") == FoundFiles(files={}, unseen=("in/gone.csv/",))


# --- what cannot be read ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("pattern", [f"{'x' * 300}/*.csv", f"in/{'x' * 300}/a.csv", f"in/{'x' * 300}"])
def test_a_name_that_is_too_long_is_told_and_nothing_is_known_of_it(project: Path, pattern: str) -> None:
    found = look(project, pattern)
    unseen = pattern.removesuffix("/*.csv").removesuffix("/a.csv")
    assert (found.files, found.unseen, found.unread) == ({}, (unseen,), (unseen,))
    assert found.trouble == f"{unseen}: {os.strerror(errno.ENAMETOOLONG)}"


@pytest.mark.parametrize(
    ("pattern", "unseen"),
    [("in/deep/er/*.csv", "in/deep/er"), ("in/deep/d.csv", "in/deep/d.csv"), ("in/**/*.csv", "in/deep/")],
)
def test_a_folder_that_may_not_be_searched_is_told_and_nothing_is_known_of_it(
    project: Path, monkeypatch: pytest.MonkeyPatch, pattern: str, unseen: str
) -> None:
    scandir = os.scandir

    def closed(call: Callable[..., object]) -> Callable[..., object]:
        def guarded(path: Path, **given: object) -> object:
            inside = str(path).startswith(f"{project}/in/deep/")
            if inside or (call is scandir and path == project / "in/deep"):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
            return call(path, **given)

        return guarded

    # Not with modes of real folders: the superuser searches all of them.
    monkeypatch.setattr(os, "stat", closed(os.stat))
    monkeypatch.setattr(os, "scandir", closed(os.scandir))
    found = look(project, pattern)
    assert (found.unseen, found.unread) == ((unseen,), (unseen,))
    assert found.trouble.endswith(f": {os.strerror(errno.EACCES)}")
    assert not any(path.startswith("in/deep/") for path in found.files)


def test_of_many_files_of_a_folder_that_cannot_be_looked_at_the_folder_is_named(project: Path) -> None:
    for number in range(150):
        (project / f"in/{number}.csv").symlink_to(f"{number}.csv")
    found = look(project, "in/*.csv")
    assert list(found.files) == ["in/a.csv"]
    assert len(found.unread) == 101
    assert "in/" in found.unread
    assert found.unseen == found.unread


def test_files_that_are_gone_are_told_from_those_that_cannot_be_looked_at(project: Path) -> None:
    (project / "in/round.csv").symlink_to("round.csv")
    files = ["in/a.csv", "in/gone.csv", "in/[ab].csv", "a.csv/within.csv", "in/round.csv", str(project / "none")]
    gone = asyncio.run(ProjectFiles(project).gone(files))
    assert list(gone) == ["in/gone.csv", "in/[ab].csv", "a.csv/within.csv", str(project / "none")]


def test_what_is_not_there_is_no_trouble(project: Path) -> None:
    found = [look(project, pattern) for pattern in ("gone/*.csv", "a.csv/*.csv", "in/gone.csv")]
    assert {(each.trouble, each.unread) for each in found} == {("", ())}


# --- many ways to the same folder ------------------------------------------------------------------------------


def test_each_folder_is_read_once_for_each_part_of_a_pattern_however_many_ways_lead_to_it(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "/".join("n" * 20)).mkdir(parents=True)
    (project / "/".join("n" * 20) / "a.csv").touch()
    read: list[Path] = []
    scandir = os.scandir

    def counted(path: Path) -> object:
        read.append(path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", counted)
    found = look(project, f"{'**/n/' * 8}**/*.csv")
    assert list(found.files) == ["/".join("n" * 20) + "/a.csv"]
    folders = 20 + 4  # all but the hidden one
    assert len(read) <= folders * len("**n" * 9)


@pytest.mark.slow
def test_folders_may_lie_deeper_than_calls_may(project: Path) -> None:
    depths = [f"{project}/in/{'d/' * depth}" for depth in range(1, 1011)]
    for folder in depths:
        os.mkdir(folder)  # noqa: PTH102 - it is much faster with so many parts
    Path(depths[-1], "a.csv").touch()
    try:
        assert f"in/{'d/' * 1010}a.csv" in look(project, "in/**/a.csv").files
    finally:  # whoever clears temporary folders may use calls
        Path(depths[-1], "a.csv").unlink()
        for folder in reversed(depths):
            os.rmdir(folder)  # noqa: PTH106 - as above
