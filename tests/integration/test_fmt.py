"""`fmt`: files rewritten in another dialect, in place, as a whole or not at all."""

from __future__ import annotations

import io
import os
import stat
from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from task_scheduler.cli import fmt
from task_scheduler.cli.door import ProjectDoor
from task_scheduler.cli.terminal import Terminal
from task_scheduler.formatting import write
from task_scheduler.project import Project

BARE = "---\ntitle: Report  # the name\nschedule: every hour\n---\nprint('hello')\n"
PEP723 = (
    '# /// script\n# [tool.task-scheduler]\n# title = "Report"  # the name\n# schedule = "every hour"\n# ///\n'
    "print('hello')\n"
)


class Said:
    """What one command said and how it ended."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err


def run(*files: Path | str, to: str, diff: bool = False) -> Said:
    out, err = io.StringIO(), io.StringIO()
    terminal = Terminal(out=out, err=err, now=lambda: datetime.now(UTC), pause=lambda _: None)  # noqa: TID251
    door = ProjectDoor(
        project=Project(root=Path("nowhere"), config=Path("nowhere/config.yaml"), config_required=False),
        note=terminal.note,
    )
    options = Namespace(files=[str(file) for file in files], to=to, diff=diff, program="task-scheduler")
    code = fmt.execute(options, door, terminal)
    return Said(code, out.getvalue(), err.getvalue())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "report.py"
    path.write_text(BARE)
    return path


def test_a_file_is_rewritten_and_keeps_its_mode(file: Path) -> None:
    file.chmod(0o754)

    said = run(file, to="pep723")

    assert (said.code, said.out, said.err) == (0, "", f"{file}: bare -> pep723\n")
    assert file.read_text() == PEP723
    assert stat.S_IMODE(file.stat().st_mode) == 0o754
    assert list(file.parent.iterdir()) == [file]


def test_a_link_stays_a_link(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.py"
    link.symlink_to(file)

    run(link, to="pep723")

    assert link.is_symlink()
    assert file.read_text() == PEP723


def test_diff_shows_and_writes_nothing(file: Path) -> None:
    before = file.stat()

    said = run(file, to="docstring", diff=True)

    assert said.out.splitlines() == [
        f"--- {file}",
        f"+++ {file}",
        "@@ -1,5 +1,7 @@",
        '+"""',
        " ---",
        " title: Report  # the name",
        " schedule: every hour",
        " ---",
        '+"""',
        " print('hello')",
    ]
    assert (said.code, said.err) == (0, "")
    assert file.stat() == before


def test_what_is_in_the_dialect_already_is_said_and_left_alone(file: Path) -> None:
    before = file.stat()

    said = run(file, to="bare")

    assert (said.code, said.out, said.err) == (0, "", f"{file}: is bare already\n")
    assert file.stat() == before


def test_files_with_errors_are_told_and_harm_no_other(file: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("---\ntitle: 5\n---\n")
    plain = tmp_path / "plain.py"
    plain.write_text("import os\n")

    said = run(broken, plain, file, tmp_path / "missing.py", tmp_path, to="pep723")

    assert said.code == 1
    assert said.out.splitlines() == [
        f"{broken}:2: error: title must be text, not the number 5: put it in quotes",
        (
            f"{plain}: error: it has no frontmatter to convert: give it one, such as `schedule: daily` between two lines --- "
            "in its docstring, or begin with a file that `new` makes"
        ),
    ]
    assert said.err.splitlines() == [
        f"{file}: bare -> pep723",
        f"error: {tmp_path / 'missing.py'}: there is no such file",
        f"error: {tmp_path}: it is a folder",
        "`task-scheduler list` shows every task",
    ]
    assert broken.read_text() == "---\ntitle: 5\n---\n"
    assert file.read_text() == PEP723


def test_a_file_that_changed_meanwhile_is_not_overwritten(file: Path) -> None:
    with pytest.raises(OSError, match="it was changed meanwhile"):
        write(file, old=b"something else", new=b"new")

    assert file.read_text() == BARE
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_said(file: Path) -> None:
    file.parent.chmod(0o500)
    try:
        said = run(file, to="pep723")
    finally:
        file.parent.chmod(0o700)

    assert said.code == 1
    assert said.err == f"error: {file} cannot be written: Permission denied\n"
