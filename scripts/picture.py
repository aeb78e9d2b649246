"""Draw docs/terminal.svg: what a terminal shows of a small project, really run for it. `python3 scripts/picture.py`.

Needs what the tests need (requirements-dev.txt). Takes some ten seconds.
"""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from rich.console import Console
from rich.text import Text

from task_scheduler.testing.running import RunningProject, running_project

PICTURE = ROOT / "docs" / "terminal.svg"
WIDTH = 118

TASKS = {
    "backup": ("schedule: daily at 02:30\n", "print('3 folders, 41 files')\n"),
    "report": (
        'schedule: "0 9 * * 1-5"\nretry_count: 1\nretry_delay: 1\n',
        "raise SystemExit('no figures for today')\n",
    ),
    "sync": ("schedule: every 10 minutes\ntimeout: 2\n", "import time\n\ntime.sleep(60)\n"),
    "hello": ("", "@repeat(every(5).seconds)\ndef start():\n    print('hello')\n"),
}
COMMANDS = (
    ("list",),
    ("history", "--limit", "5"),
    ("logs", "2"),
)


def draw() -> str:
    """Run the project and return the picture."""
    with running_project() as project:
        project.start()
        for name, (fields, body) in TASKS.items():
            project.write_task(name, body, fields=fields)
        for name in TASKS:
            project.wait_for_task(name, "active")
        for name in ("backup", "report", "sync"):
            project.command("start", name, "--wait")
        project.wait_for_run("hello", "succeeded")
        project.write_task("sync", "pass\n", fields="schedule: every 10 minutes\ntimeuot: 2\n")
        project.wait_for_task("sync", "invalid")
        console = Console(record=True, width=WIDTH, file=Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - ends with this process
        for number, command in enumerate(COMMANDS):
            if number:
                console.print()
            console.print(Text.assemble(("$ ", "bold green"), ("python3 main.py " + " ".join(command), "bold")))
            console.print(Text.from_ansi(_shown(project, command)))
        return console.export_svg(title="tasks/", code_format=_FORMAT)


def _shown(project: RunningProject, command: tuple[str, ...]) -> str:
    """Return what a terminal gets from a command, colours and all."""
    here, there = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "task_scheduler", *command, "--root", str(project.root)],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": str(WIDTH), "TERM": "xterm-256color"},
        stdin=subprocess.DEVNULL,
        stdout=there,
        stderr=there,
    ):
        os.close(there)
        seen = b""
        with suppress(OSError):  # the other end is closed
            while chunk := os.read(here, 65_536):
                seen += chunk
    os.close(here)
    return seen.decode().replace("\r\n", "\n").rstrip("\n")


#: As the library draws it, but with the fonts of whoever looks: nothing is fetched from elsewhere.
_FORMAT = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
    <style>
    .{unique_id}-matrix {{
        font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
        font-size: {char_height}px;
        line-height: {line_height}px;
    }}
    .{unique_id}-title {{ font: bold 18px sans-serif; }}
    {styles}
    </style>
    <defs>
    <clipPath id="{unique_id}-clip-terminal">
      <rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
    </clipPath>
    {lines}
    </defs>
    {chrome}
    <g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
    {backgrounds}
    <g class="{unique_id}-matrix">
    {matrix}
    </g>
    </g>
</svg>
"""


if __name__ == "__main__":
    PICTURE.write_text(draw(), encoding="utf-8")
    print(PICTURE)
