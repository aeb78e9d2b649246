"""The scheduler's log files: their lines, and how they are put aside, compressed and deleted."""

from __future__ import annotations

import gzip
import io
import json
import logging
import os
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from loguru import logger

from task_scheduler.core.events import Event, Level
from task_scheduler.log_lines import append, format_line
from task_scheduler.logs import Logs, log_event, set_up_logging
from task_scheduler.logs.files import LogFile
from task_scheduler.project import locate_project
from task_scheduler.settings import LoggingSettings, Rotation, load_settings

NOON = datetime(2026, 11, 22, 12).astimezone()
DAY = timedelta(days=1)


class Terminal(io.StringIO):
    def __init__(self, *, is_terminal: bool) -> None:
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


class Begun:
    """Logging as the scheduler sets it up in a fresh project."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.logs: Logs | None = None

    def begin(self, *, foreground: bool = False, **flags: object) -> Logs:
        project = locate_project(config=None, root=self.root, default_root=self.root)
        given = {name.replace("__", "."): value for name, value in flags.items()}
        settings, paths = load_settings(project, environ={}, flags=given)
        self.logs = set_up_logging(settings, paths, foreground=foreground)
        return self.logs

    def lines(self, name: str) -> list[str]:
        return (self.root / "logs" / name).read_text().splitlines()


@pytest.fixture
def begun(tmp_path: Path) -> Iterator[Begun]:
    handlers, level = logging.root.handlers[:], logging.root.level
    begun = Begun(tmp_path)
    yield begun
    if begun.logs is not None:
        begun.logs.close()
    logger.configure(patcher=lambda _record: None)
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


def line_at(moment: datetime, text: str = "x") -> str:
    return format_line(seconds=moment.timestamp(), level="INFO", text=text)


def log_file(path: Path, *, rotation: Rotation = Rotation.DAILY, max_size: int = 10**6) -> LogFile:
    return LogFile(path, rotation=rotation, max_size=max_size, retention=timedelta(days=7))


def test_an_event_is_a_line_with_its_name_and_fields(begun: Begun) -> None:
    begun.begin()

    log_event(Event(name="run.started", message="run 42 of report started {}", fields={"run": 42, "message": "m"}))

    [line] = begun.lines("scheduler.log")
    _, level, name, message, fields = line.split(" | ")
    assert (level, name, message) == ("INFO    ", "run.started", "run 42 of report started {}")
    assert json.loads(fields) == {"run": 42, "message": "m"}


def test_errors_are_in_both_files(begun: Begun) -> None:
    begun.begin()

    log_event(Event(name="a", message="fine"))
    log_event(Event(name="b", message="not fine", level=Level.ERROR))

    assert len(begun.lines("scheduler.log")) == 2
    assert begun.lines("errors.log") == begun.lines("scheduler.log")[1:]


def test_a_traceback_follows_indented_and_without_values(begun: Begun) -> None:
    begun.begin()

    def fail() -> None:
        password = "hunter2"
        raise RuntimeError("line one\nline \x1b[2J two", len(password))

    try:
        fail()
    except RuntimeError:
        logger.exception("it failed")

    first, *rest = begun.lines("errors.log")
    assert first.endswith("| it failed")
    assert rest[0] == "    Traceback (most recent call last):"
    assert all(line.startswith("    ") for line in rest)
    assert not any("hunter2" in line and "password =" not in line for line in rest)
    assert "\x1b" not in "".join(rest)


def test_foreign_text_can_neither_act_on_a_terminal_nor_pass_for_a_line(
    begun: Begun, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal(is_terminal=True)
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.delenv("NO_COLOR", raising=False)
    begun.begin(foreground=True)

    log_event(Event(name="a", message="</red>evil\x1b[2J\n<level>2026 | ERROR | {x}", fields={"title": "\x9b\n"}))

    assert r"</red>evil\x1b[2J\n<level>2026 | ERROR | {x}" in terminal.getvalue()
    assert "\x1b[2J" not in terminal.getvalue()
    assert len(begun.lines("scheduler.log")) == 1
    assert begun.lines("scheduler.log")[0].isprintable()


@pytest.mark.parametrize(
    ("is_terminal", "no_color", "coloured"), [(True, "", True), (True, "1", False), (False, "", False)]
)
def test_colour_is_for_terminals_that_want_it(
    begun: Begun, monkeypatch: pytest.MonkeyPatch, is_terminal: bool, no_color: str, coloured: bool
) -> None:
    terminal = Terminal(is_terminal=is_terminal)
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("NO_COLOR", no_color)
    begun.begin(foreground=True)

    log_event(Event(name="a", message="hello"))

    assert "hello" in terminal.getvalue()
    assert ("\x1b[" in terminal.getvalue()) is coloured


def test_in_the_background_the_terminal_stays_silent(begun: Begun, capfd: pytest.CaptureFixture[str]) -> None:
    begun.begin(foreground=False)

    log_event(Event(name="a", message="hello", level=Level.ERROR))

    assert capfd.readouterr() == ("", "")


def test_the_level_of_the_settings_counts(begun: Begun) -> None:
    begun.begin(logging__level="WARNING")

    log_event(Event(name="a", message="quiet"))
    log_event(Event(name="b", message="loud", level=Level.WARNING))

    [line] = begun.lines("scheduler.log")
    assert "loud" in line


def test_what_libraries_log_is_there_too(begun: Begun) -> None:
    begun.begin()

    logging.getLogger("asyncio").error("never %s", "retrieved")
    logging.getLogger("x").warning("%d", "no number")
    logging.getLogger("x").info("too quiet")

    asyncios, wrong = begun.lines("scheduler.log")
    assert asyncios.endswith("| ERROR    | asyncio | never retrieved")
    assert "no number" in wrong


def test_a_disk_that_refuses_costs_lines_and_says_how_many(begun: Begun, capsys: pytest.CaptureFixture[str]) -> None:
    begun.begin()
    (begun.root / "logs").write_text("no folder")

    log_event(Event(name="a", message="lost"))
    log_event(Event(name="a", message="lost too"))
    (begun.root / "logs").unlink()
    log_event(Event(name="a", message="kept"))

    assert [line.partition("| ")[2] for line in begun.lines("scheduler.log")] == [
        "WARNING  | 2 lines could not be written here",
        "INFO     | a | kept",
    ]
    assert capsys.readouterr().err.count("cannot be written") == 1


def test_tasks_log_is_put_aside_by_the_scheduler(begun: Begun) -> None:
    logs = begun.begin()
    append(str(begun.root / "logs/tasks.log"), line_at(NOON - DAY))

    logs.rotate(NOON)
    logs.close()

    assert not (begun.root / "logs/tasks.log").exists()
    [aside] = (begun.root / "logs").glob("tasks.*.log.gz")
    assert gzip.decompress(aside.read_bytes()).decode() == line_at(NOON - DAY)


@pytest.mark.parametrize(
    ("rotation", "age", "due"),
    [
        (Rotation.DAILY, timedelta(hours=11), False),
        (Rotation.DAILY, timedelta(hours=13), True),
        (Rotation.WEEKLY, 5 * DAY, False),
        (Rotation.WEEKLY, 7 * DAY, True),
        (Rotation.SIZE, 400 * DAY, False),
    ],
)
def test_a_file_is_put_aside_when_its_time_has_come(
    tmp_path: Path, rotation: Rotation, age: timedelta, due: bool
) -> None:
    """2026-11-22 is a Sunday."""
    file = log_file(tmp_path / "a.log", rotation=rotation)
    file.append(line_at(NOON - age))
    file.append(line_at(NOON))

    assert file.rotate_if_due(NOON) is due
    file.wait()


def test_the_first_line_tells_the_day_across_a_restart(tmp_path: Path) -> None:
    log_file(tmp_path / "a.log").append(line_at(NOON - DAY))

    restarted = log_file(tmp_path / "a.log")

    assert restarted.rotate_if_due(NOON)
    restarted.append(line_at(NOON))
    assert not restarted.rotate_if_due(NOON + timedelta(hours=1))
    restarted.wait()


def test_a_full_file_is_put_aside_and_two_in_a_second_do_not_collide(tmp_path: Path) -> None:
    file = log_file(tmp_path / "a.log", max_size=10)
    for number in range(3):
        file.append(line_at(NOON, f"line {number}"))
        assert file.rotate_if_due(NOON)
    file.wait()

    texts = sorted(gzip.decompress(path.read_bytes()).decode().split()[-1] for path in tmp_path.glob("a.*.log.gz"))
    assert texts == ["0", "1", "2"]


def test_a_file_in_use_is_put_aside_later(tmp_path: Path) -> None:
    import fcntl

    file = log_file(tmp_path / "a.log", max_size=10)
    file.append(line_at(NOON))
    with (tmp_path / "a.log").open() as held:
        fcntl.flock(held, fcntl.LOCK_SH)
        assert not file.rotate_if_due(NOON)

    assert file.rotate_if_due(NOON)
    file.wait()


def test_only_old_files_of_its_own_are_deleted(tmp_path: Path) -> None:
    old, young = (NOON - 8 * DAY).timestamp(), (NOON - 6 * DAY).timestamp()
    for name, moment in {
        "a.2026-11-01_00-00-00.log.gz": old,
        "a.2026-11-02_00-00-00_2.log": old,
        "a.2026-11-16_00-00-00.log": young,
        "a.mine.log": old,
        "ba.2026-11-01_00-00-00.log.gz": old,
        "a.2026-11-01_00-00-00.log.gz.bak": old,
    }.items():
        (tmp_path / name).write_bytes(b"text")
        os.utime(tmp_path / name, (moment, moment))
    file = log_file(tmp_path / "a.log")

    file.tidy(NOON)
    file.wait()

    assert {path.name for path in tmp_path.iterdir()} == {
        "a.2026-11-16_00-00-00.log.gz",
        "a.mine.log",
        "ba.2026-11-01_00-00-00.log.gz",
        "a.2026-11-01_00-00-00.log.gz.bak",
    }
    assert (tmp_path / "a.2026-11-16_00-00-00.log.gz").stat().st_mtime == pytest.approx(young)


# --- other settings while it works ------------------------------------------------------------------------


def options(**given: object) -> LoggingSettings:
    return LoggingSettings.model_validate(given)


def say(level: Level, text: str) -> None:
    log_event(Event(name="a", message=text, level=level))


def test_another_level_counts_from_the_next_line_on_also_on_the_terminal(
    begun: Begun, capsys: pytest.CaptureFixture[str]
) -> None:
    logs = begun.begin(foreground=True)

    say(Level.DEBUG, "one")
    logs.configure(options(level="DEBUG"), begun.root / "logs" / "scheduler.log")
    say(Level.DEBUG, "two")
    logs.configure(options(level="ERROR"), begun.root / "logs" / "scheduler.log")
    say(Level.WARNING, "three")
    say(Level.ERROR, "four")

    assert [line.rpartition(" | ")[2] for line in begun.lines("scheduler.log")] == ["two", "four"]
    assert [line.rpartition(" | ")[2] for line in capsys.readouterr().err.splitlines()] == ["two", "four"]
    assert len(begun.lines("errors.log")) == 1


def test_another_file_takes_the_next_line_and_the_first_one_stays(begun: Begun) -> None:
    logs = begun.begin()

    say(Level.INFO, "one")
    logs.configure(options(file="other.log"), begun.root / "logs" / "other.log")
    say(Level.ERROR, "two")

    assert begun.lines("scheduler.log")[0].endswith("one")
    assert begun.lines("other.log")[0].endswith("two")
    assert len(begun.lines("scheduler.log")) == len(begun.lines("errors.log")) == 1


def test_another_size_and_rotation_decide_when_a_file_is_put_aside(begun: Begun) -> None:
    logs = begun.begin()
    log = begun.root / "logs" / "scheduler.log"
    log.parent.mkdir()
    log.write_text(line_at(NOON - DAY))
    (log.parent / "tasks.log").write_text(line_at(NOON, "x" * 200))

    logs.configure(options(rotation="size"), log)
    kept = list(logs.rotate(NOON))
    logs.configure(options(rotation="size", max_size=100), log)
    by_size = list(logs.rotate(NOON))
    logs.configure(options(rotation="daily"), log)

    assert (kept, by_size, list(logs.rotate(NOON))) == ([], ["tasks.log"], ["scheduler.log"])
