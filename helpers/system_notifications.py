"""
---
title: "System notifications"
description: "Notifications on the desktop of the user the task runs as"
dependencies:
  - "plyer>=2.1.0"
---

By notify-send on Linux, osascript on macOS, plyer or PowerShell on Windows, and plyer elsewhere. Nothing here raises
because a notification cannot be shown: the result says so, and why. An argument that means nothing raises TypeError or
ValueError.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from task_scheduler.task_side import arguments as given
from task_scheduler.task_side.whereabouts import project_root

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_URGENCIES = ("low", "normal", "critical")
#: Characters that are shown; desktops cut off what is longer.
_MOST_TITLE = 200
_MOST_MESSAGE = 2000
_MOST_SECONDS = 86_400
#: Not printable by Unicode's own account, and harmless.
_HARMLESS = "\n\t\xa0\u200d\u202f\u3000"
#: Seconds a program of the desktop gets: it hands the notification over and does not wait until it was seen.
_PATIENCE = 10.0
_SOCKETS_OF_USERS = "/run/user"
_NO_DESKTOP = (
    "there is no desktop to show it on: {reason}. Run the scheduler as the user who is logged in, or write a file or send "
    "a mail instead"
)
_NO_PROGRAM = (
    "notify-send is not installed: `sudo apt install libnotify-bin`, or libnotify by your system's package manager"
)
#: Texts come as arguments and variables, never as a part of the script: what they hold cannot act.
_APPLE_SCRIPT = (
    "on run texts\n"
    "display notification (item 3 of texts) with title (item 2 of texts) subtitle (item 4 of texts)\n"
    "end run"
)
_POWERSHELL = """
Add-Type -AssemblyName System.Windows.Forms
Add-Type -AssemblyName System.Drawing
$icon = New-Object System.Windows.Forms.NotifyIcon
$icon.Icon = [System.Drawing.SystemIcons]::Information
$icon.Visible = $true
$icon.ShowBalloonTip([int]$env:NOTIFICATION_MS, $env:NOTIFICATION_TITLE, $env:NOTIFICATION_MESSAGE, 'Info')
Start-Sleep -Milliseconds ([int]$env:NOTIFICATION_MS)
$icon.Dispose()
"""


class _NotShown(Exception):
    """By this way it cannot be shown; the text says why."""

    def __init__(self, reason: str, *, method: str = "none") -> None:
        super().__init__(reason)
        self.method = method


class _Notification:
    """What is to be shown, made harmless."""

    def __init__(self, title: str, message: str, timeout: float, icon: str | None, urgency: str, app_name: str) -> None:
        self.app_name = _clean(app_name, _MOST_TITLE) or "Task Scheduler"
        self.title = " ".join(_clean(title, _MOST_TITLE).split()) or self.app_name
        self.message = _clean(message, _MOST_MESSAGE)
        if not 0 <= given.number("timeout", timeout, "a number of seconds") <= _MOST_SECONDS:
            raise ValueError(f"timeout must be from 0 to {_MOST_SECONDS:,} seconds, and is {timeout!r}")
        self.milliseconds = int(timeout * 1000)
        self.icon = "" if icon is None else _icon(given.path("icon", icon, or_none=True))
        if urgency not in _URGENCIES:
            raise ValueError(f"urgency must be low, normal or critical, and is {given.shown(urgency)}")
        self.urgency = urgency


def send_notification(
    title: str,
    message: str,
    timeout: float = 5,
    icon: str | None = None,
    urgency: str = "normal",
    app_name: str = "Task Scheduler",
) -> dict[str, Any]:
    """Show a notification for `timeout` seconds, 0 to 86,400; `urgency` is low, normal or critical.

    `icon` is the path of a picture, or the name of one the desktop knows. The message is plain text: markup in it is
    shown as it is. The result has `success`, `method` (what showed it, or was tried; `none` without a desktop), `error`
    (None for a success, else a sentence) and `timestamp`. Raises TypeError and ValueError for an argument that is none
    of these.
    """
    from datetime import datetime

    notification = _Notification(title, message, timeout, icon, urgency, app_name)
    result: dict[str, Any] = {
        "success": False,
        "method": "none",
        "error": None,
        "timestamp": datetime.now().astimezone().isoformat(),
    }
    try:
        send = {"linux": _by_notify_send, "darwin": _by_osascript, "win32": _on_windows}.get(sys.platform, _by_plyer)
        result["method"] = send(notification)
        result["success"] = True
    except _NotShown as error:
        result["method"] = error.method
        result["error"] = str(error)
    return result


def log_notification(title: str, message: str, result: Mapping[str, Any], log_dir: str = "data") -> Path:
    """Add a line of JSON to `notifications_DATE.jsonl` in a folder, and return that file's path.

    A relative folder is one in the project. Raises OSError where it cannot be written, and TypeError for a `result` that
    is no dict.
    """
    import json
    import platform
    from datetime import datetime

    from task_scheduler.log_lines import append

    known = given.mapping("result", result, "a dict, as send_notification returns it")
    now = datetime.now().astimezone()
    path = os.path.join(project_root(__file__), given.path("log_dir", log_dir), f"notifications_{now:%Y%m%d}.jsonl")
    entry = {
        "timestamp": now.isoformat(),
        "title": title,
        "message": message,
        "result": dict(known),
        "platform": platform.system(),
    }
    append(path, json.dumps(entry, default=repr) + "\n")
    return Path(path)


def send_and_log_notification(
    title: str,
    message: str,
    timeout: float = 5,
    urgency: str = "normal",
    app_name: str = "Task Scheduler",
    log_dir: str = "data",
) -> dict[str, Any]:
    """Show a notification and log how that went; the result has also `log_file`, the path it was written to."""
    given.path("log_dir", log_dir)
    result = send_notification(title, message, timeout=timeout, urgency=urgency, app_name=app_name)
    return {**result, "log_file": str(log_notification(title, message, result, log_dir))}


# --- ways to show it ----------------------------------------------------------------------------------------


def _by_notify_send(notification: _Notification) -> str:
    variables, lacking = _desktop()
    program = shutil.which("notify-send")
    if program is None:
        raise _NotShown(_NO_DESKTOP.format(reason=lacking) if lacking else _NO_PROGRAM)
    command = [program, "-u", notification.urgency, "-t", str(notification.milliseconds), "-a", notification.app_name]
    if notification.icon:
        command += ["-i", notification.icon]
    command += ["--", notification.title, _without_markup(notification.message)]
    try:
        _run(command, "notify-send", variables)
    except _NotShown as error:
        if lacking:
            raise _NotShown(_NO_DESKTOP.format(reason=f"{lacking} ({error})")) from None
        raise
    return "notify-send"


def _by_osascript(notification: _Notification) -> str:
    texts = [notification.title, notification.message, notification.app_name]
    # The first text ends osascript's own options, so that none of the others can be taken for one.
    _run(["osascript", "-e", _APPLE_SCRIPT, "texts", *texts], "osascript", {})
    return "osascript"


def _on_windows(notification: _Notification) -> str:
    try:
        return _by_plyer(notification)
    except _NotShown:
        variables = {
            "NOTIFICATION_TITLE": notification.title,
            "NOTIFICATION_MESSAGE": notification.message,
            "NOTIFICATION_MS": str(notification.milliseconds),
        }
        command = ["powershell", "-NoProfile", "-NonInteractive", "-Command", _POWERSHELL]
        _run_on_windows(command, variables, _PATIENCE + notification.milliseconds / 1000)
        return "powershell"


def _by_plyer(notification: _Notification) -> str:
    try:
        from plyer import notification as desktop  # type: ignore[import-not-found] # only where this helper is used
    except ImportError:
        raise _NotShown(f"{sys.executable} has no plyer: run `{sys.executable} -m pip install plyer`") from None
    try:
        desktop.notify(
            title=notification.title,
            message=notification.message,
            app_name=notification.app_name,
            timeout=notification.milliseconds // 1000,
        )
    except Exception as error:  # noqa: BLE001 - it raises whatever the desktop's own library does
        raise _NotShown(f"plyer cannot show it: {type(error).__name__}: {error}", method="plyer") from None
    return "plyer"


def _desktop() -> tuple[dict[str, str], str]:
    """Return the variables by which a desktop is reached, and what is lacking; empty: nothing is.

    A service of systemd and a cron job have none of them, though its user may be logged in.
    """
    if os.environ.get("DBUS_SESSION_BUS_ADDRESS"):
        return {}, ""
    folder = os.environ.get("XDG_RUNTIME_DIR") or os.path.join(_SOCKETS_OF_USERS, str(os.getuid()))
    bus = os.path.join(folder, "bus")
    try:
        is_ours = os.stat(bus).st_uid == os.getuid()
    except OSError:
        is_ours = False
    if is_ours:
        return {"DBUS_SESSION_BUS_ADDRESS": f"unix:path={bus}", "XDG_RUNTIME_DIR": folder}, ""
    return {}, f"user {os.getuid()} has no session, neither $DBUS_SESSION_BUS_ADDRESS nor {bus}"


def _run(command: list[str], name: str, variables: dict[str, str]) -> None:
    """Run a program of the desktop; raises _NotShown where it does not come to a good end in time."""
    from task_scheduler.task_side import commands

    try:
        ended = commands.run(command, cwd=None, environment={**os.environ, **variables}, timeout=_PATIENCE)
    except OSError as error:
        raise _NotShown(f"{name} cannot be run: {error.strerror}", method=name) from None
    if ended.code is None:
        raise _NotShown(f"{name} took more than {_PATIENCE:g} s: the desktop does not answer", method=name)
    if ended.code != 0:
        said = " ".join(ended.stderr.split())[:300]
        raise _NotShown(f"{name} failed with exit code {ended.code}: {said or 'it says no more'}", method=name)


def _run_on_windows(command: list[str], variables: dict[str, str], patience: float) -> None:
    import subprocess

    try:
        subprocess.run(command, env={**os.environ, **variables}, check=True, capture_output=True, timeout=patience)
    except (OSError, subprocess.SubprocessError) as error:
        raise _NotShown(f"neither plyer nor PowerShell can show it: {error}", method="powershell") from None


# --- making it harmless -------------------------------------------------------------------------------------


def _clean(text: object, most: int) -> str:
    """Return text without what no desktop shows and no command takes, shortened."""
    known = str(text).encode("utf-8", "replace").decode("utf-8")
    shown = "".join(character for character in known if character.isprintable() or character in _HARMLESS)
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def _without_markup(text: str) -> str:
    """Spell out what desktops take for markup in a message."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _icon(icon: str) -> str:
    """Return a picture that is there by its full path, a name as it is, and nothing for anything else."""
    if not icon:
        return ""
    path = os.path.abspath(icon)
    if os.path.exists(path):
        return path
    return "" if os.sep in icon or icon.startswith("-") else icon
