"""Notifications by programs that only pretend to be a desktop's, and by none."""

from __future__ import annotations

import json
import os
import platform
import socket
import stat
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers import log_notification, send_and_log_notification, send_notification, system_notifications
from task_scheduler.task_side import commands
from task_scheduler.testing.running import is_living
from tests.integration.helpers.conftest import Plain

KEYS = ["success", "method", "error", "timestamp"]
#: Writes down what it was called with, and what it could reach a desktop by.
RECORDER = 'printf "%s\\0" "$@" > "$RECORD"; printf "%s" "${DBUS_SESSION_BUS_ADDRESS-}" > "$RECORD.bus"'


class Desktop:
    """A folder of programs, the only ones there are, and what they were called with."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        self._record = folder / "record"
        self.patch = monkeypatch
        folder.mkdir()
        monkeypatch.setenv("PATH", f"{folder}:{os.defpath}")
        monkeypatch.setenv("RECORD", str(self._record))
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/a/bus")

    def add(self, name: str, script: str = RECORDER) -> None:
        path = self._folder / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    @property
    def called_with(self) -> list[str]:
        return self._record.read_text().split("\0")[:-1]

    @property
    def bus(self) -> str:
        return self._record.with_suffix(".bus").read_text()


@pytest.fixture
def desktop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desktop:
    monkeypatch.setattr(sys, "platform", "linux")
    return Desktop(tmp_path / "bin", monkeypatch)


def test_on_linux_notify_send_shows_it(desktop: Desktop) -> None:
    desktop.add("notify-send")

    result = send_notification("Task Complete", "Your task finished", timeout=7, urgency="critical", app_name="Backup")

    assert list(result) == KEYS
    assert (result["success"], result["method"], result["error"]) == (True, "notify-send", None)
    assert desktop.called_with == [
        *("-u", "critical", "-t", "7000", "-a", "Backup", "--", "Task Complete", "Your task finished")
    ]


@pytest.mark.parametrize(
    ("title", "message", "shown"),
    [
        ("--help", "-u", ["--help", "-u"]),
        ('"; touch made #', "$(touch x) `touch x`", ['"; touch made #', "$(touch x) `touch x`"]),
        ("a\nb", "one\ntwo", ["a b", "one\ntwo"]),
        ("a\0b", "c\x1b[2J\u202e\0", ["ab", "c[2J"]),
        ("half \ud800", "\udcff", ["half ?", "?"]),
        ("<b>", "a < b & <img src=x>", ["<b>", "a &lt; b &amp; &lt;img src=x&gt;"]),
        ("", "", ["Task Scheduler", ""]),
        ("t" * 300, "m" * 200_000, ["t" * 199 + "…", "m" * 1999 + "…"]),
        ("👩\u200d💻", "ünï", ["👩\u200d💻", "ünï"]),
    ],
)
def test_no_text_can_act(desktop: Desktop, title: str, message: str, shown: list[str]) -> None:
    desktop.add("notify-send")

    assert send_notification(title, message)["success"]
    assert desktop.called_with[-3:] == ["--", *shown]


@pytest.mark.parametrize(
    ("icon", "given"),
    [("{there}", True), ("/not/there.png", False), ("dialog-warning", True), ("--help", False), (None, False)],
)
def test_an_icon_is_a_picture_that_is_there_or_a_name(
    desktop: Desktop, tmp_path: Path, icon: str | None, given: bool
) -> None:
    desktop.add("notify-send")
    (tmp_path / "there.png").touch()
    icon = str(tmp_path / "there.png") if icon == "{there}" else icon

    assert send_notification("t", "m", icon=icon)["success"]
    assert (["-i", icon] == desktop.called_with[6:8]) is given


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"urgency": "typo"}, "urgency must be low, normal or critical, and is 'typo' (str)"),
        ({"urgency": None}, "urgency must be low, normal or critical, and is None"),
        ({"urgency": ["low"]}, "urgency must be low, normal or critical, and is ['low'] (list)"),
        ({"timeout": "5"}, "timeout must be a number of seconds, and is '5' (str)"),
        ({"timeout": None}, "timeout must be a number of seconds, and is None"),
        ({"timeout": -1}, "timeout must be from 0 to 86,400 seconds, and is -1"),
        ({"timeout": float("inf")}, "timeout must be from 0 to 86,400 seconds, and is inf"),
        ({"timeout": float("nan")}, "timeout must be from 0 to 86,400 seconds, and is nan"),
        ({"icon": 5}, "icon must be a path, as a text or a Path, or None, and is 5 (int)"),
    ],
)
def test_an_argument_that_means_nothing_is_named_with_what_it_may_be(
    desktop: Desktop, arguments: dict[str, Any], sentence: str
) -> None:
    desktop.add("notify-send")

    with pytest.raises((TypeError, ValueError)) as caught:
        send_notification("t", "m", **arguments)

    assert str(caught.value) == sentence


def test_what_is_no_result_is_not_logged(root: Path) -> None:
    with pytest.raises(TypeError, match=r"^result must be a dict, as send_notification returns it, and is 5 \(int\)$"):
        log_notification("t", "m", 5)  # type: ignore[arg-type] # wrong on purpose
    with pytest.raises(TypeError, match=r"^log_dir must be a path, as a text or a Path, and is None$"):
        send_and_log_notification("t", "m", log_dir=None)  # type: ignore[arg-type] # wrong on purpose

    assert not (root / "data").exists()


def test_a_desktop_that_refuses_is_said_in_its_words(desktop: Desktop) -> None:
    desktop.add("notify-send", "echo 'The name org.freedesktop.Notifications\nwas not provided' >&2; exit 1")

    result = send_notification("t", "m")

    assert (result["success"], result["method"]) == (False, "notify-send")
    assert result["error"] == (
        "notify-send failed with exit code 1: The name org.freedesktop.Notifications was not provided"
    )


@pytest.mark.slow
def test_a_desktop_that_hangs_does_not_hold_up_the_task_and_nothing_of_it_is_left(desktop: Desktop) -> None:
    desktop.add("notify-send", 'sleep 60 & echo $! > "$RECORD"; wait')
    desktop.patch.setattr(system_notifications, "_PATIENCE", 0.5)
    desktop.patch.setattr(commands, "GRACE", 0.3)

    result = send_notification("t", "m")

    assert (result["success"], result["method"]) == (False, "notify-send")
    assert result["error"] == "notify-send took more than 0.5 s: the desktop does not answer"
    assert not is_living(int((desktop._folder / "record").read_text()))


def test_without_notify_send_it_is_said_how_to_get_it(desktop: Desktop) -> None:
    desktop.patch.setenv("PATH", str(desktop._folder))

    result = send_notification("t", "m")

    assert (result["success"], result["method"]) == (False, "none")
    assert "sudo apt install libnotify-bin" in result["error"]


@pytest.mark.parametrize("script", [None, "echo 'Cannot autolaunch D-Bus' >&2; exit 1"])
def test_where_there_is_no_desktop_it_is_said_with_the_way_out(
    desktop: Desktop, tmp_path: Path, script: str | None
) -> None:
    if script:
        desktop.add("notify-send", script)
    else:
        desktop.patch.setenv("PATH", str(desktop._folder))
    desktop.patch.delenv("DBUS_SESSION_BUS_ADDRESS")
    desktop.patch.setenv("XDG_RUNTIME_DIR", str(tmp_path))

    result = send_notification("t", "m")

    assert (result["success"], result["method"]) == (False, "none")
    assert result["error"].startswith(f"there is no desktop to show it on: user {os.getuid()} has no session")
    assert "Run the scheduler as the user who is logged in" in result["error"]


@pytest.mark.parametrize("is_named", [True, False])
def test_the_session_of_the_user_is_found_from_a_service(desktop: Desktop, tmp_path: Path, is_named: bool) -> None:
    desktop.add("notify-send")
    desktop.patch.delenv("DBUS_SESSION_BUS_ADDRESS")
    folder = tmp_path / "user" / str(os.getuid())
    folder.mkdir(parents=True)
    desktop.patch.delenv("XDG_RUNTIME_DIR", raising=False)
    if is_named:
        desktop.patch.setenv("XDG_RUNTIME_DIR", str(folder))
    desktop.patch.setattr(system_notifications, "_SOCKETS_OF_USERS", str(tmp_path / "user"))

    with socket.socket(socket.AF_UNIX) as bus:
        bus.bind(str(folder / "bus"))

        assert send_notification("t", "m")["success"]
    assert desktop.bus == f"unix:path={folder}/bus"


def test_a_task_on_linux_does_not_need_plyer(plain: Plain, desktop: Desktop) -> None:
    desktop.add("notify-send")
    code = "from helpers import send_notification\nprint(send_notification('a', 'b')['success'])"

    assert plain(code, PATH=os.environ["PATH"], RECORD=os.environ["RECORD"]) == "True\n"


def test_on_macos_texts_are_arguments_and_no_script(desktop: Desktop) -> None:
    desktop.patch.setattr(sys, "platform", "darwin")
    desktop.add("osascript")
    hostile = '" & (do shell script "touch x") & "'

    assert send_notification("-e", hostile)["method"] == "osascript"

    option, script, *texts = desktop.called_with
    assert option == "-e"
    assert hostile not in script
    assert texts == ["texts", "-e", hostile, "Task Scheduler"]


class Plyer:
    """A plyer that shows nothing."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.shown: dict[str, Any] = {}

    def notify(self, **what: Any) -> None:
        if self.error:
            raise self.error
        self.shown = what


@pytest.fixture
def with_plyer(monkeypatch: pytest.MonkeyPatch) -> Callable[[Plyer], None]:
    def put(plyer: Plyer) -> None:
        module = types.ModuleType("plyer")
        module.notification = plyer  # type: ignore[attr-defined] # as the real one has it
        monkeypatch.setitem(sys.modules, "plyer", module)

    return put


@pytest.mark.parametrize("platform", ["win32", "freebsd14"])
def test_elsewhere_plyer_shows_it(desktop: Desktop, with_plyer: Callable[[Plyer], None], platform: str) -> None:
    desktop.patch.setattr(sys, "platform", platform)
    plyer = Plyer()
    with_plyer(plyer)

    assert send_notification("t", "m", timeout=3)["method"] == "plyer"
    assert plyer.shown == {"title": "t", "message": "m", "app_name": "Task Scheduler", "timeout": 3}


def test_what_plyer_raises_is_a_result(desktop: Desktop, with_plyer: Callable[[Plyer], None]) -> None:
    desktop.patch.setattr(sys, "platform", "freebsd14")
    with_plyer(Plyer(NotImplementedError("no usable implementation")))

    result = send_notification("t", "m")

    assert (result["success"], result["method"]) == (False, "plyer")
    assert result["error"] == "plyer cannot show it: NotImplementedError: no usable implementation"


def test_on_windows_powershell_stands_in_for_plyer(desktop: Desktop) -> None:
    desktop.patch.setattr(sys, "platform", "win32")
    desktop.patch.setitem(sys.modules, "plyer", None)
    desktop.add("powershell", 'printf "%s|%s|%s" "$NOTIFICATION_TITLE" "$NOTIFICATION_MESSAGE" "$*" > "$RECORD.ps"')
    hostile = "'; Remove-Item x; '"

    assert send_notification("t", hostile)["method"] == "powershell"

    title, message, arguments = (desktop._folder / "record.ps").read_text().split("|", 2)
    assert (title, message) == ("t", hostile)
    assert "Remove-Item" not in arguments


def test_without_plyer_it_is_said_how_to_get_it(desktop: Desktop) -> None:
    desktop.patch.setattr(sys, "platform", "freebsd14")
    desktop.patch.setitem(sys.modules, "plyer", None)

    result = send_notification("t", "m")

    assert (result["method"], result["error"]) == (
        "none",
        f"{sys.executable} has no plyer: run `{sys.executable} -m pip install plyer`",
    )


def test_what_was_shown_is_logged_in_a_file_for_each_day(desktop: Desktop, root: Path) -> None:
    desktop.add("notify-send")

    first = send_and_log_notification("a", "one\ntwo")
    second = send_and_log_notification("b", "three", log_dir="data/notes")

    path = Path(first["log_file"])
    assert list(first) == [*KEYS, "log_file"]
    assert path.parent == root / "data"
    assert path.name == f"notifications_{first['timestamp'][:10].replace('-', '')}.jsonl"
    assert Path(second["log_file"]).parent == root / "data" / "notes"
    [entry] = map(json.loads, path.read_text().splitlines())
    assert list(entry) == ["timestamp", "title", "message", "result", "platform"]
    assert (entry["title"], entry["message"], entry["platform"]) == ("a", "one\ntwo", platform.system())
    assert entry["result"] == {key: first[key] for key in KEYS}


def test_an_absolute_folder_is_taken_as_it_is(root: Path, tmp_path: Path) -> None:
    path = log_notification("a", "b", {"success": False}, log_dir=str(tmp_path / "there"))

    assert isinstance(path, Path)
    assert path.parent == tmp_path / "there"
    assert stat.S_ISREG(path.stat().st_mode)
    assert root.exists()
