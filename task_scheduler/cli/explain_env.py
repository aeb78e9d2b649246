"""`explain-env TASK`: what is different in a run of a task from the shell at hand."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from task_scheduler import known_secrets, surroundings
from task_scheduler.cli.door import Door
from task_scheduler.cli.exit_codes import ExitCode
from task_scheduler.cli.tables import Cell, Column
from task_scheduler.cli.task_file import engine_of, locate, prepare
from task_scheduler.cli.terminal import Terminal
from task_scheduler.cli.text import width
from task_scheduler.cli.verbs import add_json
from task_scheduler.core.known_modules import package_of, seems_provided

HELP = "show what is different in a run of a task from this shell"
DESCRIPTION = """\
The interpreter, the working folder, PATH, variables, limits, locale and the rest, as a run finds them, beside what
python3 finds in this shell; what most often makes a script work here and not there comes first. Only differences are
shown; --json tells everything. Values of variables that look secret are hidden, and those of config/secrets.yaml."""

#: Seconds python3 may take to answer.
_PATIENCE = 20.0
#: Rather too much than too little; an author and an authority are no authorization.
_SECRET = re.compile(
    r"key|token|passw|passphrase|secret|credential|pwd|auth(?!or(?!iz))|cookie|session|bearer|dsn|salt|private|signature"
    r"|(?:^|_)(?:pw|pass)(?:$|_)",
    re.IGNORECASE,
)
#: Names that look so and hold a path or a word that a person needs to see.
_NO_SECRET = frozenset(
    {"PWD", "OLDPWD", "SSH_AUTH_SOCK", "SESSION_MANAGER", "DESKTOP_SESSION", "DBUS_SESSION_BUS_ADDRESS",
     "XDG_SESSION_ID", "XDG_SESSION_TYPE", "XDG_SESSION_CLASS", "XDG_SESSION_DESKTOP", "TERM_SESSION_ID"}
)  # fmt: skip
#: All before the last @ of the host's part: people leave the @ of a password as it is.
_LOGIN_IN_URL = re.compile(r"(?<=://)[^/?#\s]*(?=@)")
_HIDDEN = "(hidden)"
#: A shell's own book-keeping, and what names one terminal or login, which mean nothing to a script; and what a fact
#: above tells already. SSH_AUTH_SOCK is none of them: without it, what needs an agent fails.
_NOISE = frozenset(
    {"_", "SHLVL", "PWD", "OLDPWD", "PS1", "PS2", "PROMPT_COMMAND", "LS_COLORS", "LSCOLORS", "COLORTERM", "COLORFGBG",
     "WINDOWID", "WINDOW", "STY", "TMUX", "TMUX_PANE", "TERM_PROGRAM", "TERM_PROGRAM_VERSION", "TERM_SESSION_ID",
     "VTE_VERSION", "SSH_CLIENT", "SSH_CONNECTION", "SSH_TTY", "XDG_SESSION_ID", "PYTHONPATH", "VIRTUAL_ENV"}
)  # fmt: skip
_LIKELY_FACTS = (
    "python",
    "interpreter",
    "virtual environment",
    "working folder",
    "user",
    "home folder",
    "locale",
    "text encoding",
    "file name encoding",
    "time zone",
    "standard input",
)
_LIKELY_VARIABLES = frozenset({"HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "USER", "SHELL", "DISPLAY", "SSH_AUTH_SOCK"})
_COLUMNS = (
    Column(title="WHAT"),
    Column(title="HERE"),
    Column(title="IN A RUN"),
)
_ABSENT = "-"
#: Columns of the longest value that stands in the table; longer ones stand below each other, to be compared.
_LONG = 26
#: Packages named in one line.
_NAMED = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that is not in a run what it is here; None: it is not there at all."""

    kind: str  #: `fact`, `limit`, `path` (an entry of PATH) or `variable`
    name: str
    here: str | None
    run: str | None
    likely: bool  #: one of those that most often matter


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the task."""
    parser.add_argument("task", metavar="TASK", help="a task's id, or a file in the folder of tasks")
    add_json(parser)


def execute(options: Namespace, door: Door, terminal: Terminal) -> int:
    """Compare, and show what is different."""
    with engine_of(door, terminal.note, verb=options.verb, pause=terminal.pause) as engine:
        project = engine.ask("surroundings")
        _learn_secrets(Path(project["root"]))
        file = locate(options.task, project, Path.cwd())
        prepare(engine, file, terminal)
        run = engine.ask("surroundings", task=file.task_id)["seen"]
        is_alone = engine.is_alone
    here = _here()
    found = [_harmless_difference(each) for each in differences(here, run)]
    here, run = _harmless(here), _harmless(run)
    if is_alone:
        terminal.note("no scheduler is running: this is how a run would be, were one started from here")
    if options.json:
        terminal.document(
            {
                "task": file.task_id,
                "running": not is_alone,
                "here": here,
                "run": run,
                "differences": [
                    {name: getattr(each, name) for name in ("kind", "name", "here", "run", "likely")} for each in found
                ],
            }
        )
        return ExitCode.OK
    _show(found, here, run, _imports(file.path), terminal)
    return ExitCode.OK


def differences(here: Mapping[str, Any], run: Mapping[str, Any]) -> Iterator[Difference]:
    """Yield what is not the same, likely culprits first; both are what `task_scheduler.surroundings` gathers."""
    found = [*_facts(here, run), *_path(here, run), *_variables(here, run), *_limits(here, run)]
    yield from sorted(found, key=lambda each: not each.likely)


def _facts(here: Mapping[str, Any], run: Mapping[str, Any]) -> Iterator[Difference]:
    names = [*_LIKELY_FACTS, *(name for name in run["facts"] if name not in _LIKELY_FACTS)]
    for name in names:
        ours, theirs = here["facts"].get(name), run["facts"].get(name)
        if ours != theirs:
            yield Difference(kind="fact", name=name, here=ours, run=theirs, likely=name in _LIKELY_FACTS)


def _path(here: Mapping[str, Any], run: Mapping[str, Any]) -> Iterator[Difference]:
    ours, theirs = (each["variables"].get("PATH", "").split(os.pathsep) for each in (here, run))
    for entry in dict.fromkeys(ours):
        if entry not in theirs:
            yield Difference(kind="path", name="PATH has", here=entry, run=None, likely=True)
    for entry in dict.fromkeys(theirs):
        if entry not in ours:
            yield Difference(kind="path", name="PATH has", here=None, run=entry, likely=True)
    both = [entry for entry in dict.fromkeys(ours) if entry in theirs]
    if both != [entry for entry in dict.fromkeys(theirs) if entry in ours]:
        yield Difference(kind="path", name="PATH's order", here="another", run="another", likely=True)


def _variables(here: Mapping[str, Any], run: Mapping[str, Any]) -> Iterator[Difference]:
    ours, theirs = here["variables"], run["variables"]
    for name in sorted({*ours, *theirs} - {"PATH"}):
        if ours.get(name) != theirs.get(name):
            likely = name in _LIKELY_VARIABLES
            yield Difference(kind="variable", name=name, here=ours.get(name), run=theirs.get(name), likely=likely)


def _limits(here: Mapping[str, Any], run: Mapping[str, Any]) -> Iterator[Difference]:
    for name in sorted({*here["limits"], *run["limits"]}):
        ours, theirs = here["limits"].get(name), run["limits"].get(name)
        if ours != theirs:
            yield Difference(kind="limit", name=f"limit of {name}", here=ours, run=theirs, likely=False)


def _learn_secrets(root: Path) -> None:
    from task_scheduler.secrets_file import read_secrets

    known_secrets.know(read_secrets(root).values)


# --- asking -----------------------------------------------------------------------------------------------


def _here() -> dict[str, Any]:
    """Return what python3 finds in this shell; where it does not answer, what this program's own Python finds."""
    python = shutil.which("python3") or shutil.which("python") or sys.executable
    by_path = "import runpy, sys; runpy.run_path(sys.argv[1], run_name='__main__')"
    try:
        answer = subprocess.run(
            [python, "-c", by_path, str(surroundings.__file__)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE,
            check=True,
        )
        told: dict[str, Any] = json.loads(answer.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        told = surroundings.gather()
    # Variables and streams are those of this command: python3 was given others, by a shim for one.
    names = ("standard input", "standard output", "standard error")
    facts = {**told["facts"], **{name: surroundings.stream(number) for number, name in enumerate(names)}}
    return {**told, "facts": facts, "variables": dict(os.environ)}


def _harmless(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was gathered, with what looks secret hidden."""
    variables = {name: masked(name, value) for name, value in sorted(told["variables"].items())}
    return {**told, "variables": variables}


def _harmless_difference(each: Difference) -> Difference:
    if each.kind != "variable":
        return each
    here, run = (None if value is None else masked(each.name, value) for value in (each.here, each.run))
    if run is not None and here == run:
        run = f"{run}, and not the same"
    return replace(each, here=here, run=run)


def masked(name: str, value: str) -> str:
    """Return the value of a variable, with what looks secret hidden, and what is known to be."""
    if value and name not in _NO_SECRET and _SECRET.search(name):
        return _HIDDEN
    return _LOGIN_IN_URL.sub("…", known_secrets.hide(value))


# --- showing ----------------------------------------------------------------------------------------------


def _show(
    found: list[Difference],
    here: Mapping[str, Any],
    run: Mapping[str, Any],
    imported: Collection[str],
    terminal: Terminal,
) -> None:
    shown = [each for each in found if not _is_expected(each, run)]
    for title, likely in (("most likely to matter", True), ("further differences", False)):
        those = [each for each in shown if each.likely is likely]
        if those:
            terminal.say(title, "heading")
            below = {place: _below(each) for place, each in enumerate(those) if _is_long(each)}
            terminal.table(_COLUMNS, [_row(each) for each in those], below)
            terminal.say()
    same = [name for name in run["facts"] if here["facts"].get(name) == run["facts"][name] and run["facts"][name]]
    terminal.fields(
        {
            "the same": ", ".join(same),
            "given to runs": ", ".join(sorted(name for name in run["variables"] if name.startswith("TASK_SCHEDULER_"))),
            "packages in a run": _packages(run["packages"]) or "none",
            "packages only here": only_here(here["packages"], run["packages"], imported),
        }
    )


def _is_expected(each: Difference, run: Mapping[str, Any]) -> bool:
    """Whether a difference is there for every task, and says nothing."""
    if each.kind == "variable":
        return each.name in _NOISE or each.name.startswith("TASK_SCHEDULER_")
    own = Path(run["facts"]["interpreter"]).parent
    return each.kind == "path" and each.run is not None and Path(each.run) == own


def _row(each: Difference) -> list[Cell]:
    values = ("", "") if _is_long(each) else (_shown(each.here), _shown(each.run))
    return [Cell(each.name), *map(Cell, values)]


def _below(each: Difference) -> list[Cell]:
    return [Cell(f"here      {_shown(each.here)}"), Cell(f"in a run  {_shown(each.run)}")]


def _is_long(each: Difference) -> bool:
    return any(width(_shown(value)) > _LONG for value in (each.here, each.run))


def _shown(value: str | None) -> str:
    return _ABSENT if value is None else value or "(empty)"


def only_here(here: Mapping[str, str], run: Mapping[str, str], imported: Collection[str]) -> str:
    """Return the packages a run lacks: by name those the task imports, and how many others there are."""
    lacking = {name: version for name, version in here.items() if name not in run}
    needed = {
        name: version
        for name, version in lacking.items()
        if any(seems_provided(module, [package_of(name)]) for module in imported)
    }
    others = len(lacking) - len(needed)
    if not needed:
        return f"{others:,}, none of which the task imports" if others else ""
    return ", ".join(f"{name} {version}" for name, version in needed.items()) + (
        f", and {others:,} the task does not import" if others else ""
    )


def _imports(file: Path) -> frozenset[str]:
    """Return the modules a file imports by name, each by its first part."""
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return frozenset()
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.append(node.module)
    return frozenset(name.partition(".")[0] for name in names)


def _packages(packages: Mapping[str, str]) -> str:
    named = [f"{name} {version}" for name, version in packages.items()]
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    return ", ".join(named[:_NAMED]) + more
