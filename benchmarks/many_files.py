"""Thousands of task files: read at a start, known at the next, dropped and removed again; and one file among them."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from bench_project import Bench, bench
from table import Row, within

from task_scheduler.testing.running import HEAD, IMPORTS

MANY = 10_000
#: Due once a day, at an hour when nobody measures.
SLEEPING = '@repeat(every().day.at("{hour:02d}:17"))\ndef start():\n    print("done")\n'
#: Prints when its first line runs, each second.
PULSE = "import time\n\nBORN = time.time()\n\n\n" + IMPORTS + "@repeat(every().second)\ndef start():\n    print(BORN)\n"
SOME = 20


def scan(_seconds: int) -> list[Row]:
    """Measure a first start on 1,000 and on 10,000 files, then a drop and a removal beside a task due each second."""
    rows = [_first_start(1_000, budget=None), _first_start(MANY, budget=10.0)]
    with bench() as measured:
        rows += _drop_and_remove(measured)
    return rows


def _first_start(count: int, *, budget: float | None) -> Row:
    with bench() as measured:
        _write(measured.project.root / "tasks", count)
        began = time.monotonic()
        measured.start()
        first = _seconds_until(lambda: measured.count_active() > 0, began)
        measured.wait_admitted(count, 300)
        seconds = time.monotonic() - began
        seen = (
            f"{seconds:.1f} s, the first after {first:.1f} s; {measured.cpu().scheduler:.1f} s of CPU, "
            f"{measured.peak_memory() / 1e6:.0f} MB at most"
        )
        what = f"{count:,} files: started to all in force"
        return (
            Row(what=what, seen=seen, figure=seconds)
            if budget is None
            else within(what, seen, figure=seconds, budget=budget, unit="s")
        )


def _drop_and_remove(measured: Bench) -> list[Row]:
    root = measured.project.root
    staging = root / "staging"
    _write(staging, MANY)
    measured.project.write_file("pulse", HEAD.format(title="Pulse", fields="") + PULSE)
    measured.start()
    measured.wait_finished(5)
    quiet = measured.finished()
    began = time.monotonic()
    staging.rename(root / "tasks" / "dropped")
    measured.wait_admitted(MANY + 1, 300)
    dropped = time.monotonic() - began
    late = _lateness(measured, quiet)
    storm = measured.finished()
    began = time.monotonic()
    (root / "tasks" / "dropped").rename(staging)
    measured.wait_admitted(1, 300)
    removed = time.monotonic() - began
    late_again = _lateness(measured, storm)
    return [
        within(
            f"{MANY:,} files dropped at once into a running scheduler",
            f"{dropped:.1f} s",
            figure=dropped,
            budget=10.0,
            unit="s",
        ),
        _late_row("meanwhile, lateness of a task due each second", late),
        within(f"{MANY:,} files removed at once", f"{removed:.1f} s", figure=removed, budget=10.0, unit="s"),
        _late_row("meanwhile, lateness of a task due each second (removal)", late_again),
    ]


def restart(_seconds: int) -> list[Row]:
    """Measure a start where nothing has changed."""
    with _many_in_force() as measured:
        project = measured.project
        project.wait_for(
            "the files known by their looks",
            lambda: measured.one("SELECT count(*) AS n FROM tasks WHERE stamp IS NULL") == 0,
            120,
        )
        seconds = []
        for _ in range(3):
            project.stop()
            project.start()
            seconds.append(_logged_start(project.log()))
        best = min(seconds)
        return [
            within(
                f"{MANY:,} files, restart with nothing changed",
                f"{best:.2f} s at best of {', '.join(f'{each:.2f}' for each in seconds)}; "
                f"{measured.peak_memory() / 1e6:.0f} MB",
                figure=best,
                budget=1.0,
                unit="s",
            )
        ]


def change(_seconds: int) -> list[Row]:
    """Measure one edit among 10,000 files, saved as editors do and written in place, until its version is in force."""
    with _many_in_force() as measured:
        tasks = measured.project.root / "tasks"
        renamed = sorted(_change_one(measured, number, _save) for number in range(SOME))
        written = sorted(
            _change_one(measured, number, lambda path, text: path.write_text(text, encoding="utf-8"))
            for number in range(SOME, 2 * SOME)
        )
        dropped = sorted(_appear(measured, tasks / f"new{number}.py") for number in range(SOME))
    return [
        _spread(f"one of {MANY:,} files edited, saved by a rename, to in force", renamed, 100),
        _spread(f"one of {MANY:,} files edited, written in place, to in force", written, 100),
        _spread(f"one new file beside {MANY:,} to in force", dropped, 300),
    ]


def drop(_seconds: int) -> list[Row]:
    """Measure a new file until it is in force: without packages, and with some from a warm cache."""
    with bench() as measured:
        measured.project.write_task("first", SLEEPING.format(hour=4))
        measured.start()
        measured.wait_admitted(1)
        tasks = measured.project.root / "tasks"
        plain = sorted(_appear(measured, tasks / f"new{number}.py") for number in range(SOME))
    rows = [_spread("a new file without new packages to in force", plain, 300)]
    packages = ("requests", "rich")
    seconds = [_ready_with(packages) for _ in range(2)][-1]
    by_hand = [_by_hand(packages) for _ in range(2)][-1]
    rows.append(
        Row(
            what=f"a new file with {' and '.join(packages)}, warm cache, to in force",
            seen=f"{seconds:.2f} s of {by_hand:.1f} s of python -m venv and pip install = 1/{by_hand / seconds:.1f}",
            figure=seconds / by_hand,
        )
    )
    return rows


def _ready_with(packages: Sequence[str]) -> float:
    with bench() as measured:
        measured.project.write_task("first", SLEEPING.format(hour=4))
        measured.start()
        measured.wait_admitted(1)
        path = measured.project.root / "tasks" / "new.py"
        return _appear(measured, path, fields=f"dependencies: [{', '.join(packages)}]\n", seconds=300) / 1e3


def _by_hand(packages: Sequence[str]) -> float:
    with bench() as measured:
        place = measured.project.root / "by-hand"
        began = time.monotonic()
        subprocess.run([sys.executable, "-m", "venv", place], check=True)
        subprocess.run(
            [place / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages],
            check=True,
            stderr=subprocess.DEVNULL,
        )
        return time.monotonic() - began


@contextmanager
def _many_in_force() -> Iterator[Bench]:
    with bench() as measured:
        _write(measured.project.root / "tasks", MANY)
        measured.start()
        measured.wait_admitted(MANY, 300)
        yield measured


def _write(folder: Path, count: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        (folder / f"bench{number}.py").write_text(_source(number), encoding="utf-8")


def _source(number: int, *, fields: str = "", edition: int = 1) -> str:
    head = HEAD.format(title=f"Bench {number}", fields=fields)
    return f"{head}# edition {edition}\n{IMPORTS}{SLEEPING.format(hour=number % 24)}"


def _save(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.rename(path)


def _change_one(measured: Bench, number: int, save: Callable[[Path, str], object]) -> float:
    """Return the milliseconds from saving an edit to its version being in force."""
    task_id = f"bench{number}"
    before = measured.version_of(task_id)
    began = time.monotonic()
    save(measured.project.root / "tasks" / f"{task_id}.py", _source(number, edition=2))
    return _seconds_until(lambda: measured.version_of(task_id) != before, began) * 1e3


def _appear(measured: Bench, path: Path, *, fields: str = "", seconds: float = 30) -> float:
    """Return the milliseconds from saving a new file to its being in force."""
    began = time.monotonic()
    _save(path, _source(0, fields=fields))
    return _seconds_until(lambda: measured.version_of(path.stem) is not None, began, seconds) * 1e3


def _seconds_until(holds: Callable[[], object], began: float, seconds: float = 60) -> float:
    """Return the seconds from `began` until something holds, to 2 ms."""
    while not holds():
        if time.monotonic() - began > seconds:
            raise TimeoutError(f"not within {seconds:g} s")
        time.sleep(0.002)
    return time.monotonic() - began


def _lateness(measured: Bench, after: int) -> list[float]:
    """Return how late, in milliseconds, the first lines of the pulse ran, but for its first `after` runs."""
    return sorted(measured.late("pulse")[after:])


def _late_row(what: str, late: Sequence[float]) -> Row:
    return Row(
        what=what, seen=f"p50 {late[len(late) // 2]:.1f} ms, most {late[-1]:.1f} ms ({len(late)} runs)", figure=late[-1]
    )


def _spread(what: str, values: Sequence[float], budget: float) -> Row:
    middle = values[len(values) // 2]
    return within(
        what, f"p50 {middle:.0f} ms, most {values[-1]:.0f} ms ({len(values)})", figure=middle, budget=budget, unit="ms"
    )


def _logged_start(log: str) -> float:
    """Return the seconds between the last two lines that tell of a start."""
    moments = [
        datetime.fromisoformat(re.findall(rf"^(\S+ \S+) \|[^|]*\| {name} ", log, re.MULTILINE)[-1])
        for name in (r"scheduler\.starting", r"scheduler\.started")
    ]
    return (moments[1] - moments[0]).total_seconds()
