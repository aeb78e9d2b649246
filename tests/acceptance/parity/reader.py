"""A person who follows the original's documentation in a fresh clone: a shell, an editor, and a second terminal."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from task_scheduler.core.errors import TaskSchedulerError
from task_scheduler.testing.running import RunningProject, is_living


class Reader:
    """Types what the text says, in the clone's folder with its venv activated, and looks at what comes of it."""

    def __init__(self, clone: Path, commands: Path, address: str) -> None:
        """`commands` is a folder of programs that come first on PATH; `address` is a web server's that stands for others."""
        self.root = clone
        self.address = address
        self.project = RunningProject(clone)
        self.commands = commands
        self.notified = clone.parent / "notified"
        self._in_background: list[subprocess.Popen[bytes]] = []
        self._path = f"{commands}:{os.environ['PATH']}"

    # --- the shell ----------------------------------------------------------------------------------------

    def shell(
        self,
        text: str,
        *,
        code: int = 0,
        activated: bool = True,
        seconds: float = 60,
        variables: Mapping[str, str] | None = None,
    ) -> str:
        """Type lines into bash; return what they print. An exit code other than `code` is a failure."""
        done = subprocess.run(
            self._bash(text, activated=activated),
            cwd=self.root,
            env=self._variables(variables or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            timeout=seconds,
            check=False,
        )
        assert done.returncode == code, f"`{text}` ended with {done.returncode}\n{done.stdout}"
        return done.stdout

    def python(self, text: str, *, variables: Mapping[str, str] | None = None) -> str:
        """Run Python of the activated venv in the project's folder; return what it prints."""
        script = self.root.parent / "typed.py"
        script.write_text(f"import sys\nsys.path.append('.')\n{text}", encoding="utf-8")
        return self.shell(f"python '{script}'", variables=variables)

    def in_background(self, text: str) -> subprocess.Popen[bytes]:
        """Type a command that goes on for ever into a second terminal."""
        with (self.root / "terminal.log").open("ab") as terminal:
            process = subprocess.Popen(
                self._bash(f"exec {text}", activated=True),
                cwd=self.root,
                env=self._variables({}),
                stdin=subprocess.DEVNULL,
                stdout=terminal,
                stderr=terminal,
            )
        self._in_background.append(process)
        return process

    def at_a_desktop(self) -> Mapping[str, str]:
        """Return the variables of a desktop whose notifications end in the file `self.notified`."""
        path = self.commands / "notify-send"
        path.write_text('#!/bin/sh\nprintf "%s\\n" "$@" >> "$NOTIFIED"\n', encoding="utf-8")
        path.chmod(0o755)
        return {"NOTIFIED": str(self.notified), "DISPLAY": ":0"}

    # --- the scheduler ------------------------------------------------------------------------------------

    def start_in_foreground(self, text: str) -> int:
        """Start the scheduler by the text's own command; return its process id once it answers."""
        self.project.take_over(self.in_background(text))
        self.project.wait_until_it_answers()
        return self.pid()

    def is_served(self) -> bool:
        """Whether a scheduler works for the clone."""
        try:
            return bool(self.status()["running"])
        except TaskSchedulerError:
            return False

    def pid(self) -> int:
        """Return the process id of the scheduler that answers."""
        return int(self.status()["scheduler"]["pid"])

    def status(self) -> dict[str, Any]:
        """Return what `--status` knows, as a document."""
        return dict(self.project.ask("status"))

    def wait_until_started(self) -> int:
        """Return the process id once any scheduler answers."""
        self.project.wait_until_it_answers()
        return self.pid()

    def shut_down(self) -> None:
        """End the scheduler, however it was started."""
        self.shell("python main.py shutdown")

    def kill(self) -> None:
        """End the scheduler without its knowing."""
        pid = self.pid()
        os.kill(pid, signal.SIGKILL)
        self.project.wait_for("the scheduler is dead", lambda: not is_living(pid))

    def close(self) -> None:
        """End what was started, by process id."""
        with suppress(Exception):
            os.kill(self.pid(), signal.SIGKILL)
        self.project.close()
        for process in self._in_background:
            process.kill()
            process.wait()

    # --- tasks --------------------------------------------------------------------------------------------

    def drop(self, name: str, text: str, *, seconds: float = 60) -> dict[str, Any]:
        """Save a task file; return what `list` tells of it once it is in force."""
        self.project.write_file(name, text)
        found = self.project.wait_for(
            f"{name} in force",
            lambda: task if (task := self.project.task(name)).get("status") in {"active", "invalid"} else None,
            seconds,
        )
        assert found["status"] == "active", found
        return dict(found)

    def run(self, name: str) -> str:
        """Start a task now, and return what it printed; it has to succeed."""
        self.shell(f"python main.py start {name} --wait", seconds=100)
        return self.shell(f"python main.py logs {name} 2>/dev/null")

    def next_instants(self, name: str) -> dict[str, str]:
        """Return, for each function of a task, its next instant in UTC, as `2026-11-23T01:00:00Z`."""
        return {job["function"]: str(job["next_run"]) for job in self.project.task(name)["jobs"]}

    # --- files --------------------------------------------------------------------------------------------

    def read(self, path: str) -> str:
        """Return the text of a file of the clone."""
        return (self.root / path).read_text(encoding="utf-8")

    def write(self, path: str, text: str) -> None:
        """Save a file as an editor does."""
        target = self.root / path
        partial = target.with_name(f".{target.name}.partial")
        partial.write_text(text, encoding="utf-8")
        partial.rename(target)

    def wait_for_text(self, path: str, text: str, seconds: float = 30) -> str:
        """Return a log once it holds this text."""
        return str(
            self.project.wait_for(
                f"{text!r} in {path}", lambda: found if text in (found := self.read(path)) else "", seconds
            )
        )

    def _bash(self, text: str, *, activated: bool) -> list[str]:
        first = "source venv/bin/activate\n" if activated else ""
        # The venv comes first in PATH when it is activated; what stands in for the desktop comes before.
        return ["bash", "-eu", "-o", "pipefail", "-c", f'{first}PATH="{self.commands}:$PATH"\n{text}']

    def _variables(self, further: Mapping[str, str]) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "PYTHONPATH"}}
        return {**own, "PATH": self._path, "COLUMNS": "120", **further}
