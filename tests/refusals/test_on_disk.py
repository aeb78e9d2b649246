"""The whole table on a disk, as the person meets it: `check` on a folder that holds every mistake at once."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from task_scheduler.checking import TaskChecker
from task_scheduler.cli.text import escape
from task_scheduler.project import Project
from task_scheduler.testing.fork_server import carry_out
from tests.refusals.entries import ENTRIES, SILENT
from tests.refusals.row import Entry
from tests.refusals.table import ROWS
from tests.refusals.test_reading import same

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).resolve().parents[2]
#: That of nobody, as a rule; it need not have a name.
PLAIN_USER = 65_534


@pytest.fixture
def root() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="refusals-") as folder:
        made = Path(folder).resolve()
        (made / "tasks").mkdir()
        yield made
        for path in made.rglob("*"):
            if not path.is_symlink() and path.is_dir():
                path.chmod(0o700)


def put(root: Path, *entries: Entry) -> None:
    for entry in entries:
        place = root / "tasks" / entry.name
        place.parent.mkdir(exist_ok=True)
        entry.make(place)


def problems_in(root: Path) -> list[str]:
    project = Project(root=root, config=root / "config" / "config.yaml", config_required=False)
    checker = TaskChecker(project, here=root)
    found = [problem for checked in checker.check_folder(root / "tasks") for problem in checked.problems]
    return [f"{problem.path}: {problem.severity.value}: {problem.message}" for problem in found]


def as_plain_user(action: Callable[[], list[str]]) -> tuple[str, ...]:
    """Return what an action gives where files may be closed to it: in a fork, since root gives its rights up for good."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if os.geteuid() == 0:
                os.setuid(PLAIN_USER)
            os.write(writing, json.dumps(action()).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, encoding="utf-8") as answer:  # noqa: PTH123 - a descriptor
        said = json.load(answer)
    os.waitpid(child, 0)
    return tuple(said)


def check(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    variables = {"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY), "TZ": "UTC"}
    return carry_out("check", *arguments, "--root", str(root), cwd=root, variables=variables)


def placed(name: str, said: str) -> str:
    """Return a line of the table as it is told of a file of some name."""
    line, separator, rest = said.partition(": ")
    return f"{name}:{line}: {rest}" if line.isdigit() and separator else f"{name}: {said}"


def test_check_says_all_of_the_table_at_once(root: Path) -> None:
    for row in ROWS:
        (root / "tasks" / f"{row.id}.py").write_bytes(row.content)

    done = check(root)

    expected = [
        placed(f"tasks/{row.id}.py", said) for row in sorted(ROWS, key=lambda row: f"{row.id}.py") for said in row.said
    ]
    lines = done.stdout.splitlines()
    assert done.returncode == 1, done.stderr
    assert len(lines) == len(expected)
    wrong = [pair for pair in zip(lines, map(escape, expected), strict=True) if not same(*pair)]
    assert not wrong, wrong
    assert done.stderr.startswith(f"{len(ROWS)} files checked: ")


def test_every_odd_entry_is_told_of_and_none_is_waited_for(root: Path) -> None:
    entries = [entry for entry in ENTRIES if not entry.needs_plain_user]
    put(root, *entries)

    done = check(root)

    assert sorted(done.stdout.splitlines()) == sorted(line for entry in entries for line in entry.said)
    assert done.returncode == 1


def test_nothing_is_said_of_what_is_there_as_a_matter_of_course(root: Path) -> None:
    put(root, *SILENT)

    done = check(root, "--strict")

    assert (done.stdout, done.returncode) == ("", 0)


@pytest.mark.parametrize("entry", [entry for entry in ENTRIES if entry.needs_plain_user], ids=lambda entry: entry.id)
def test_what_cannot_be_read_is_told_of(root: Path, entry: Entry) -> None:
    root.chmod(0o755)
    put(root, entry)

    said = as_plain_user(lambda: problems_in(root))

    assert said == entry.said


def test_odd_names_are_spelled_out_in_documents_too(root: Path) -> None:
    put(root, *(entry for entry in ENTRIES if not entry.needs_plain_user and "name" in entry.did))

    done = check(root, "--json")

    assert done.stdout.isascii()
    told = {file["path"] for file in json.loads(done.stdout)["files"]}
    assert "tasks/two\nlines.py" in told
    assert os.fsdecode(b"tasks/caf\xff.py") in told
