"""Files by pattern, in real folders."""

from __future__ import annotations

import asyncio
import os
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
        ("in", []),
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


def test_a_file_that_is_not_there_is_simply_none(project: Path) -> None:
    assert look(project, "in/gone.csv") == FoundFiles(files={})
