"""What stands in the folder of tasks and is no task file, or none that can be read."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from tests.refusals.row import CODE, Entry

_GOOD = f'"""\n---\ntitle: Report\ndescription: Counts\n---\n"""\n{CODE}'


def write(path: Path, text: str = _GOOD) -> None:
    """Make a file, with its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def write_both(path: Path, other: Path) -> None:
    """Make two files."""
    write(path)
    write(other)


def make_socket(path: Path) -> None:
    """Make a socket by a short relative path: paths of sockets have few characters."""
    here = Path.cwd()
    with socket.socket(socket.AF_UNIX) as made:
        os.chdir(path.parent)
        try:
            made.bind(path.name)
        finally:
            os.chdir(here)


def make_large(path: Path) -> None:
    """Make a file of 50 MB that takes no room."""
    with path.open("wb") as file:
        file.truncate(50_000_000)


def make_unreadable(path: Path) -> None:
    """Make a file nobody may read."""
    write(path)
    path.chmod(0)


def make_unreadable_folder(path: Path) -> None:
    """Make a folder nobody may list."""
    path.mkdir()
    path.chmod(0)


def make_environment(path: Path) -> None:
    """Make what marks a virtual environment, and a module in it."""
    write(path / "pyvenv.cfg", "home = /usr/bin\n")
    write(path / "lib" / "six.py")


ENTRIES: tuple[Entry, ...] = (
    Entry(
        id="pipe",
        did="a named pipe called `pipe.py`",
        name="pipe.py",
        make=os.mkfifo,
        said=("tasks/pipe.py: error: it is a named pipe, and a task is a file: put it elsewhere",),
    ),
    Entry(
        id="socket",
        did="a socket called `socket.py`",
        name="socket.py",
        make=make_socket,
        said=("tasks/socket.py: error: it is a socket, and a task is a file: put it elsewhere",),
    ),
    Entry(
        id="device",
        did="a link to `/dev/zero` called `device.py`",
        name="device.py",
        make=lambda path: path.symlink_to("/dev/zero"),
        said=("tasks/device.py: error: it is a device, and a task is a file: put it elsewhere",),
    ),
    Entry(
        id="broken-link",
        did="a link to a file that is gone",
        name="broken.py",
        make=lambda path: path.symlink_to("gone.py"),
        said=("tasks/broken.py: error: it is a link to nothing: mend the link or remove it",),
    ),
    Entry(
        id="link-to-itself",
        did="a link to itself",
        name="itself.py",
        make=lambda path: path.symlink_to("itself.py"),
        said=("tasks/itself.py: error: it is a link that leads to itself: mend the link or remove it",),
    ),
    Entry(
        id="link-back",
        did="a link to the folder it is in",
        name="back",
        make=lambda path: path.symlink_to("."),
        said=("tasks/back: warning: it is a link back into the folder, which is looked at anyway: remove it",),
    ),
    Entry(
        id="unreadable",
        did="a file without read permission",
        name="locked.py",
        make=make_unreadable,
        said=("tasks/locked.py: error: it cannot be read (Permission denied): let the scheduler's user read it",),
        needs_plain_user=True,
    ),
    Entry(
        id="unreadable-folder",
        did="a folder without read permission",
        name="closed",
        make=make_unreadable_folder,
        said=("tasks/closed/: error: the folder cannot be read (Permission denied): let the scheduler's user read it",),
        needs_plain_user=True,
    ),
    Entry(
        id="large",
        did="a file of 50 MB",
        name="large.py",
        make=make_large,
        said=(
            "tasks/large.py: error: it is larger than 1,000,000 bytes: move data and generated code into files of their own",
        ),
    ),
    Entry(
        id="capital-suffix",
        did="`REPORT.PY`",
        name="REPORT.PY",
        make=write,
        said=("tasks/REPORT.PY: error: the name of a task file ends with .py in small letters: rename it",),
    ),
    Entry(
        id="windows-suffix",
        did="`window.pyw`",
        name="window.pyw",
        make=write,
        said=("tasks/window.pyw: error: the name of a task file ends with .py: rename it",),
    ),
    Entry(
        id="text-suffix",
        did="`report.py.txt`",
        name="report.py.txt",
        make=write,
        said=("tasks/report.py.txt: error: the name of a task file ends with .py: rename it",),
    ),
    Entry(
        id="no-utf-8",
        did="a name with the byte 0xFF",
        name=os.fsdecode(b"caf\xff.py"),
        make=write,
        said=("tasks/caf\\udcff.py: error: its name is not UTF-8, rename it",),
    ),
    Entry(
        id="environment",
        did="a virtual environment in `tasks/`",
        name="venv",
        make=make_environment,
        said=("tasks/venv: warning: it is a virtual environment: what a task needs is named under 'dependencies'",),
    ),
    Entry(
        id="line-break",
        did="a line break in the name of a file with a syntax error",
        name="two\nlines.py",
        make=lambda path: write(path, "def (\n"),
        said=("tasks/two\\nlines.py:1: error: syntax error: invalid syntax: def (",),
    ),
    Entry(
        id="escape-sequence",
        did="an escape sequence in the name of a file with a syntax error",
        name="\x1b[31mred.py",
        make=lambda path: write(path, "def (\n"),
        said=("tasks/\\x1b[31mred.py:1: error: syntax error: invalid syntax: def (",),
    ),
    Entry(
        id="turned-letters",
        did="a mark that turns the direction of writing, in such a name",
        name="a\u202eb.py",
        make=lambda path: write(path, "def (\n"),
        said=("tasks/a\\u202eb.py:1: error: syntax error: invalid syntax: def (",),
    ),
    Entry(
        id="forged-line",
        did="a name made to look like another line",
        name="x.py:1: error: all is well\n.py",
        make=lambda path: write(path, "def (\n"),
        said=("tasks/x.py:1: error: all is well\\n.py:1: error: syntax error: invalid syntax: def (",),
    ),
    Entry(
        id="capitals-alone",
        did="`case.py` and `Case.py`",
        name="case.py",
        make=lambda path: write_both(path, path.with_name("Case.py")),
        said=(
            "tasks: warning: 'Case.py' and 'case.py' in tasks/ are two tasks whose names differ in capital letters alone: rename one, since other machines take them for one file",
        ),
    ),
    Entry(
        id="spelled-otherwise",
        did="`é.py` twice, spelled as one character and as two",
        name="\u00e9.py",
        make=lambda path: write_both(path, path.with_name("e\u0301.py")),
        said=(
            "tasks: warning: 'e\\u0301.py' and '\\xe9.py' in tasks/ look the same and are two tasks: their letters are spelled with different characters, rename one",
        ),
    ),
)

#: What is put there as a matter of course, or is odd and works: nothing is said of it.
SILENT: tuple[Entry, ...] = (
    Entry(id="hidden", did="a hidden file", name=".hidden.py", make=lambda path: write(path, "def (\n"), said=()),
    Entry(id="backup", did="an editor's backup", name="report.py~", make=lambda path: write(path, "def (\n"), said=()),
    Entry(
        id="swap", did="an editor's swap file", name=".report.py.swp", make=lambda path: write(path, "def (\n"), said=()
    ),
    Entry(id="cache", did="a cache", name="__pycache__/old.py", make=lambda path: write(path, "def (\n"), said=()),
    Entry(
        id="version-control",
        did="version control",
        name=".git/hook.py",
        make=lambda path: write(path, "def (\n"),
        said=(),
    ),
    Entry(id="notes", did="any other file", name="notes.md", make=write, said=()),
    Entry(id="folder-named-py", did="a folder called `folder.py`", name="folder.py", make=Path.mkdir, said=()),
    Entry(id="spaces", did="a name with spaces", name="my report.py", make=write, said=()),
    Entry(id="no-module-name", did="a name that is no module", name="my-report.2.py", make=write, said=()),
    Entry(id="foreign-letters", did="a name in Greek", name="αναφορά.py", make=write, said=()),
    Entry(
        id="file-and-folder",
        did="`both.py` beside `both/inner.py`",
        name="both.py",
        make=lambda path: write_both(path, path.with_suffix("") / "inner.py"),
        said=(),
    ),
    Entry(
        id="link-to-file",
        did="a link to a file elsewhere",
        name="linked.py",
        make=lambda path: path.symlink_to(Path(__file__)),
        said=(),
    ),
)
