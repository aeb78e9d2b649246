"""The pages for people, cut into their code blocks, and a project in which the blocks of one page are carried out in order.

A comment on the line above a block says what to do with it where its language does not:

- `<!-- task: hello -->`: Python, saved as `tasks/hello.py`, checked, and run once to success; `check:` does not run it
- `<!-- helper: greetings -->`: Python, saved as `helpers/greetings.py`
- `<!-- frontmatter -->`: YAML, lines of frontmatter; a key given again is another way to write it
- `<!-- config -->`: YAML, the text of config/config.yaml
- `<!-- elsewhere: tests/… -->`: what this block says is carried out by the named test

Without one, Python is a list of decorators, bash is carried out line by line and must succeed, and console is what a
person sees: commands after `$`, and what they print, in which times, spans and numbers may differ.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from task_scheduler.testing.running import REPOSITORY, RunningProject
from tests.acceptance.fresh_clone import make_clone

LANGUAGES = frozenset({"bash", "console", "python", "yaml", "text", "json"})
#: Commands that go on for ever: the session starts them by its own means.
_SCHEDULER = re.compile(r"(?:python3? main\.py|task-scheduler)(?: run)?")
_FENCE = re.compile(r"^```(\w*)\s*$")
_DIRECTIVE = re.compile(r"^<!-- (\w+)(?:: (.+?))? -->$")
#: What differs from run to run, longest first.
_CHANGING = (
    (re.compile(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})?"), "MOMENT"),
    (re.compile(r"\d{4}-\d{2}-\d{2}"), "DAY"),
    (re.compile(r"\d{2}:\d{2}(?::\d{2})?(?:\.\d+)?"), "MOMENT"),
    (re.compile(r"\b(?:in )?(?:[\d.,]+ ?(?:ms|s|min|h|d|B|KB|MB|GB)\b ?)+(?:ago)?|\bnow\b"), "SPAN"),
    (re.compile(r"\b[0-9a-f]{8,64}\b"), "DIGEST"),
    (re.compile(r"\d+(?:\.\d+)*"), "NUMBER"),
    (re.compile(r"\b(?:DAY )?MOMENT\b"), "MOMENT"),
    (re.compile(r"\s+"), " "),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One fenced block of a page."""

    page: str
    line: int
    language: str
    action: str  #: of the comment above it, empty without one
    subject: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(page: Path) -> Iterator[Block]:
    """Yield the fenced blocks of a page."""
    lines = page.read_text(encoding="utf-8").splitlines()
    number = 0
    while number < len(lines):
        fence = _FENCE.match(lines[number])
        if fence is None:
            number += 1
            continue
        first = number + 1
        end = lines.index("```", first)
        above = next((line for line in reversed(lines[:number]) if line.strip()), "")
        said = _DIRECTIVE.match(above)
        yield Block(
            page=page.relative_to(REPOSITORY).as_posix(),
            line=first,
            language=fence[1],
            action=said[1] if said else "",
            subject=(said[2] or "") if said else "",
            text="\n".join(lines[first:end]) + "\n",
        )
        number = end + 1


class Session:
    """A fresh clone in which the blocks of one page are carried out."""

    def __init__(self, folder: Path, variables: dict[str, str]) -> None:
        """`folder` is made; `variables` go to every command."""
        make_clone(folder)
        self.root = folder
        self.project = RunningProject(folder, variables=variables)
        self._variables = variables
        self._said: list[str] = []  #: files made of what pages say, not checked yet
        self._tasks: list[str] = []  #: task files of the page, not checked yet
        self._commands = folder.parent / "commands"
        self._commands.mkdir()
        for name in ("python3", "python"):
            self._command(name, f'exec "{sys.executable}" "$@"')
        self._command("task-scheduler", f'exec "{sys.executable}" -m task_scheduler "$@"')

    def carry_out(self, block: Block) -> None:
        """Do what a reader would; an assertion fails where the page is wrong."""
        match block.language, block.action:
            case _, "elsewhere":
                assert (REPOSITORY / block.subject).exists(), f"{block}: no {block.subject}"
            case "python", "task" | "check":
                self._task(block)
            case "python", "helper":
                (self.root / "helpers" / f"{block.subject}.py").write_text(block.text, encoding="utf-8")
            case "python", _:
                self._decorators(block)
            case "yaml", "frontmatter":
                self._frontmatter(block)
            case "yaml", "config":
                self._config(block)
            case "bash", _:
                for command in commands(block.text):
                    self._run(command, block)
            case "console", _:
                self._console(block)

    def check_what_was_said(self) -> None:
        """Check what was seen since the last time, all of a kind by one command; an assertion fails where the page is wrong.

        Task files must also be without a warning; of decorators and frontmatter alone that cannot be asked.
        """
        for files, options in ((self._tasks, "--strict "), (self._said, "")):
            if files:
                done = self._type(f"python3 main.py check {options}{' '.join(files)}")
                assert done.returncode == 0, done.stdout
                files.clear()

    def close(self) -> None:
        """End what was started."""
        self.project.close()

    def _command(self, name: str, line: str) -> None:
        path = self._commands / name
        path.write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
        path.chmod(0o755)

    def _task(self, block: Block) -> None:
        file = f"tasks/{block.subject}.py"
        if file in self._tasks:
            self.check_what_was_said()
        self.project.write_file(block.subject, block.text)
        self._tasks.append(file)
        if block.action == "task":
            self._run(f"python3 main.py run-file {file}", block)

    def _decorators(self, block: Block) -> None:
        functions = "".join(
            f"{line.partition('  #')[0]}\ndef function_{number}(*arguments, **named): ...\n\n\n"
            for number, line in enumerate(block.text.splitlines())
            if line.startswith("@")
        )
        assert functions, f"{block}: Python that is neither a file nor decorators needs a comment above it"
        imports = re.findall("^from task_scheduler.decorators import .*", block.text, re.MULTILINE)
        imports = imports or ["from task_scheduler.decorators import cron, every, repeat"]
        self._say("\n".join(imports) + f"\n\n\n{functions}", block)

    def _frontmatter(self, block: Block) -> None:
        for text in ways(block.text):
            needed = "" if re.search("^schedule:", text, re.MULTILINE) else "schedule: daily\n"
            self._say(f'"""\n---\n{text}{needed}---\n"""\n', block)

    def _say(self, text: str, block: Block) -> None:
        # The name tells where it is said.
        file = self.root.parent / f"{Path(block.page).stem}_{block.line}_{len(self._said)}.py"
        file.write_text(text, encoding="utf-8")
        self._said.append(str(file))

    def _config(self, block: Block) -> None:
        from task_scheduler.project import locate_project
        from task_scheduler.settings import load_settings

        file = self.root.parent / "config.yaml"
        file.write_text(block.text, encoding="utf-8")
        load_settings(locate_project(config=file, root=self.root, default_root=self.root))

    def _console(self, block: Block) -> None:
        seen = ""
        expected: list[str] = []
        for line in [*block.text.splitlines(), "$ true"]:
            if not line.startswith("$ "):
                expected.append(line)
                continue
            _assert_shown(expected, seen, block)
            expected = []
            seen = self._run(line.removeprefix("$ "), block, may_fail=True)

    def _run(self, command: str, block: Block, *, may_fail: bool = False) -> str:
        if _SCHEDULER.fullmatch(command):
            if not self.project.is_alive():
                self.project.start()
            return ""
        done = self._type(command)
        assert may_fail or done.returncode == 0, f"{block}: `{command}` ended with {done.returncode}\n{done.stdout}"
        return done.stdout

    def _type(self, command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            cwd=self.root,
            env={**os.environ, **self._variables, "PATH": f"{self._commands}:{os.environ['PATH']}", "COLUMNS": "120"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )


def commands(text: str) -> list[str]:
    """Return the commands of a block of bash, lines that go on joined, remarks left out."""
    joined = text.replace("\\\n", "")
    return [line for raw in joined.splitlines() if (line := raw.partition("  #")[0].strip()) and line[0] != "#"]


def ways(text: str) -> list[str]:
    r"""Return the frontmatters that lines with repeated keys stand for.

    >>> ways("schedule: daily\nschedule: hourly\n")
    ['schedule: daily\n', 'schedule: hourly\n']
    """
    found: list[dict[str, str]] = [{}]
    key = ""
    for line in text.splitlines(keepends=True):
        if line[0] not in " -#\n":
            key = line.partition(":")[0]
            if key in found[-1]:
                found.append({})
        found[-1][key] = found[-1].get(key, "") + line
    return ["".join(each.values()) for each in found]


def _assert_shown(expected: list[str], seen: str, block: Block) -> None:
    """Each line is there, in order; `…` at its end stands for anything."""
    shown = [_steady(line) for line in seen.splitlines()]
    place = 0
    for line in expected:
        wanted = _steady(line)
        if not wanted or wanted == "…":
            continue
        found = next((n for n in range(place, len(shown)) if _matches(wanted, shown[n])), None)
        assert found is not None, f"{block}: not shown: {line!r} (as {wanted!r})\nbut:\n{seen}"
        place = found + 1


def _matches(wanted: str, shown: str) -> bool:
    return shown.startswith(wanted[:-1].rstrip()) if wanted.endswith("…") else shown == wanted


def _steady(line: str) -> str:
    for pattern, name in _CHANGING:
        line = pattern.sub(name, line)
    return line.strip()
