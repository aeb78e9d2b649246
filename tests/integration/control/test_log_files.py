"""`logs` without a run: log files while they are put aside, and the output of all runs as it is written."""

from __future__ import annotations

import gzip
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from task_scheduler.cli.log_tail import LogTail
from task_scheduler.core.errors import UnknownTask
from task_scheduler.log_lines import append, format_line
from task_scheduler.log_names import asides
from task_scheduler.logs.files import LogFile
from task_scheduler.project import locate_project
from task_scheduler.settings import Rotation
from task_scheduler.testing.running import RunningProject, running_project
from tests.unit.cli.documents import FakeDoor, Spoken, say, task

NOON = datetime(2026, 11, 22, 12).astimezone()


def line(text: str, level: str = "INFO") -> str:
    return format_line(seconds=NOON.timestamp(), level=level, text=text)


@pytest.fixture
def tasks_log(tmp_path: Path) -> Path:
    return tmp_path / "logs" / "tasks.log"


def log_file(path: Path, *, of_strangers: bool = False) -> LogFile:
    return LogFile(path, rotation=Rotation.SIZE, max_size=1, retention=timedelta(days=7), of_strangers=of_strangers)


def everything(_line: str) -> bool:
    return True


def texts(lines: Any) -> list[str]:
    return [found.rpartition(" | ")[2] for found in lines]


# --- one file ---------------------------------------------------------------------------------------------


def test_the_newest_lines_are_found_also_where_they_were_put_aside(tasks_log: Path) -> None:
    file = log_file(tasks_log)
    for number in range(6):
        append(str(tasks_log), line(f"{number}"))
        if number in {1, 3}:
            file.rotate_if_due(NOON)
    file.wait()

    def newest(count: int, wanted: Callable[[str], bool] = everything) -> list[str]:
        with closing(LogTail(tasks_log, wanted)) as tail:
            return texts(tail.newest(count))

    assert newest(3) == ["3", "4", "5"]
    assert newest(99) == ["0", "1", "2", "3", "4", "5"]
    assert newest(3, lambda found: found.endswith("1")) == ["1"]


def test_what_is_added_is_told_once_over_any_number_of_rotations(tasks_log: Path) -> None:
    file = log_file(tasks_log)
    tail = LogTail(tasks_log, everything)
    append(str(tasks_log), line("before"))
    seen = texts(tail.newest(1))

    for number in range(12):
        append(str(tasks_log), line(f"{number}"))
        if number % 2:
            file.rotate_if_due(NOON)
        if number % 5 == 0:  # whoever is stopped for long finds several files put aside meanwhile
            seen += texts(tail.new_lines())
    file.wait()
    append(str(tasks_log), line("after"))
    seen += texts(tail.new_lines())
    tail.close()

    assert seen == ["before", *map(str, range(12)), "after"]


def test_a_line_that_is_not_whole_yet_waits_and_a_file_that_was_emptied_is_begun_anew(tasks_log: Path) -> None:
    append(str(tasks_log), "one\ntw")
    tail = LogTail(tasks_log, everything)

    first = tail.newest(9)
    append(str(tasks_log), "o\n")
    second = list(tail.new_lines())
    tasks_log.write_text("x\n")
    third = list(tail.new_lines())
    tail.close()

    assert (first, second, third) == (["one"], ["two"], ["x"])


@pytest.mark.slow
def test_many_writers_lose_and_tear_no_line_while_the_file_is_put_aside_again_and_again(tasks_log: Path) -> None:
    writers, each = 6, 300
    code = (
        "import sys, time; from task_scheduler.log_lines import append\n"
        "for number in range(int(sys.argv[3])): time.sleep(0.001) or append(sys.argv[1], f'{sys.argv[2]}-{number} {\"x\" * 200}\\n')"
    )
    append(str(tasks_log), "first\n")
    file, tail, rotations = log_file(tasks_log), LogTail(tasks_log, everything), 0
    seen = tail.newest(1)
    processes = [
        subprocess.Popen([sys.executable, "-c", code, str(tasks_log), str(writer), str(each)])
        for writer in range(writers)
    ]
    while any(process.poll() is None for process in processes):
        rotations += file.rotate_if_due(datetime.now().astimezone())  # noqa: TID251 - beside real writers
        if rotations % 3 == 0:
            seen += tail.new_lines()
    seen += tail.new_lines()
    file.wait()
    tail.close()

    written = (f"{writer}-{number} {'x' * 200}" for writer in range(writers) for number in range(each))
    expected = sorted(["first", *written])
    kept = tasks_log.read_text() if tasks_log.exists() else ""
    for aside in asides(tasks_log):
        kept += gzip.decompress(aside.path.read_bytes()).decode() if aside.is_packed else aside.path.read_text()
    assert rotations > 3
    assert sorted(kept.splitlines()) == expected
    assert sorted(seen) == expected


def test_what_a_shell_still_writes_into_is_packed_only_once_it_is_still(tasks_log: Path) -> None:
    file = log_file(tasks_log, of_strangers=True)
    append(str(tasks_log), "2026-11-22 12:00:00 begun\n")
    now = datetime.now().astimezone()  # noqa: TID251 - the file's own time is real
    with tasks_log.open("a") as shell:
        file.rotate_if_due(now)
        file.wait()
        shell.write("2026-11-22 12:00:01 ended\n")
    [aside] = asides(tasks_log)
    before = aside.is_packed

    file.rotate_if_due(now + timedelta(minutes=5))
    file.wait()

    [packed] = asides(tasks_log)
    assert not before
    assert gzip.decompress(packed.path.read_bytes()).decode().splitlines() == [
        "2026-11-22 12:00:00 begun",
        "2026-11-22 12:00:01 ended",
    ]


# --- the verb ---------------------------------------------------------------------------------------------


def logs(
    root: Path, arguments: str = "", *, meanwhile: Callable[[], object] | None = None, **answers: object
) -> Spoken:
    project = locate_project(config=None, root=root, default_root=root)
    return say(f"logs {arguments}", FakeDoor(answers, project), meanwhile=meanwhile)


def test_shows_the_newest_lines_of_tasks_log(tmp_path: Path, tasks_log: Path) -> None:
    for number in range(30):
        append(str(tasks_log), line(f"[Report] {number}"))

    assert len(logs(tmp_path).lines) == 20
    assert texts(logs(tmp_path, "-n 2").lines) == ["[Report] 28", "[Report] 29"]


def test_chooses_the_lines_of_one_task_with_what_is_below_them(tmp_path: Path, tasks_log: Path) -> None:
    append(str(tasks_log), format_line(seconds=0, level="ERROR", text="[Report] failed", below="Traceback\nhere"))
    append(str(tasks_log), line("[Other] well"))

    said = logs(tmp_path, "--task report", show={**task(), "title": "Report"})

    assert [found.partition(" | ")[2] or found for found in said.lines] == [
        "ERROR    | [Report] failed",
        "    Traceback",
        "    here",
    ]


def test_chooses_another_file_and_says_where_there_is_none(tmp_path: Path) -> None:
    append(str(tmp_path / "logs" / "errors.log"), line("wrong", "ERROR"))

    assert texts(logs(tmp_path, "--errors").lines) == ["wrong"]
    assert logs(tmp_path, "--monitor").err == "logs/monitor.log is not there yet\n"
    assert logs(tmp_path).err == "logs/tasks.log is not there yet\n"


def test_control_characters_of_a_log_do_not_act(tmp_path: Path, tasks_log: Path) -> None:
    append(str(tasks_log), "\x1b[2J\x9bevil\n")

    assert logs(tmp_path).out == "\\x1b[2J\\x9bevil\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("7 --errors", "--errors is said without a RUN"),
        ("7 -n 3", "--lines is said without a RUN"),
        ("--stderr", "--stderr needs a RUN"),
        ("--errors --task report", "logs/errors.log is not written by tasks"),
        ("--json", "--json is said with --rotate"),
    ],
)
def test_says_what_does_not_go_together(tmp_path: Path, arguments: str, sentence: str) -> None:
    said = logs(tmp_path, arguments)

    assert said.code == 2
    assert sentence in said.err


def test_a_task_that_is_unknown_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UnknownTask):
        logs(tmp_path, "--task reprot", show=UnknownTask("reprot", ["report"]))


# --- in a real project ------------------------------------------------------------------------------------


@pytest.fixture
def project() -> Iterator[RunningProject]:
    with running_project() as running:
        yield running


class Followed:
    """A `logs --follow` in a process of its own."""

    def __init__(self, project: RunningProject, *arguments: str) -> None:
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            project.command_line("logs", "--follow", *arguments),
            cwd=project.program,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": ""},
        )
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for found in self.process.stdout:
            self.lines.append(found.rstrip("\n"))

    def end(self) -> tuple[int, str]:
        """End it as Ctrl-C does; return its exit code, and what it said beside the lines."""
        self.process.send_signal(signal.SIGINT)
        self._thread.join(30)
        assert self.process.stderr is not None
        assert self.process.stdout is not None
        with self.process.stderr, self.process.stdout:
            said = self.process.stderr.read()
        return self.process.wait(30), said


@pytest.mark.slow
def test_all_that_runs_write_is_told_once_and_in_order_over_retries_and_restarts(project: RunningProject) -> None:
    project.write_task(
        "counts",
        "import sys\nfrom helpers import recall, remember\n@repeat(every(1).seconds)\ndef start():\n"
        "    number = recall('number', 0) + 1\n    remember('number', number)\n"
        "    print('count', number)\n    print('error', number, file=sys.stderr)\n",
    )
    project.write_task(
        "fails",
        "def start():\n    print('tries')\n    raise SystemExit(1)\n",
        fields="retry_count: 1\nretry_delay: 1\n",
    )
    project.start()
    project.wait_for_task("fails", "active")
    followed = Followed(project, "-n", "0")
    try:
        project.wait_for_run("counts", "succeeded", count=2)
        project.command("start", "fails", "--wait")
        project.stop()
        project.start()
        project.wait_for_run("counts", "succeeded", count=len(project.runs("counts")) + 2)
        project.stop()
        ran = project.runs("counts", "succeeded")
        last = f"counts {ran[-1]['id']} | error {len(ran)}"
        project.wait_for("all is told", lambda: any(last in found for found in followed.lines))
    finally:
        code, _ = followed.end()

    said = [found.partition(" ")[2] for found in followed.lines]
    # A claim that a stop made void, and its run begun by the next start, is a second attempt.
    counted = [re.sub(r"^(counts \d+)\.\d+", r"\1", found) for found in said if found.startswith("counts ")]
    first = int(counted[0].rpartition(" ")[2])
    expected = [
        f"counts {run['id']} | {what} {number}"
        for number, run in enumerate(ran, start=1)
        for what in ("count", "error")
        if number >= first
    ]
    assert code == 130
    assert sorted(counted) == sorted(expected)
    [run] = project.runs("fails")
    assert [found for found in said if found.startswith("fails ")] == [
        f"fails {run['id']} | tries",
        f"fails {run['id']}.2 | tries",
    ]
