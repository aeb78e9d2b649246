"""Install the program in every way there is, with every Python found, and see a task run on record each time.

    python3 scripts/install_matrix.py [--only TEXT]...

Everything happens in one temporary folder that is removed at the end; packages come from the index that pip is set up for.
As root, each Python that everybody may run is tried for a plain user too. Exits with 0 when everything worked.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOBODY = 65534
#: Seconds for one command, and for a task to run once the scheduler was started.
PATIENCE, FIRST_RUN = 300, 90
#: What a person's clone has beside the program; the second only at its top.
NOT_COPIED = shutil.ignore_patterns("__pycache__", ".*_cache")
NOT_COPIED_FROM_TOP = frozenset({".git", ".venv-tests", "venv", "data", "logs", ".hypothesis", "build", "dist"})


class Failed(Exception):
    """A step did not work; the message is for the table, `detail` goes below it."""

    def __init__(self, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.detail = detail


@dataclass(frozen=True, kw_only=True)
class Python:
    """An interpreter, and who is to use it."""

    path: Path
    version: str
    user: str  #: `root`, `plain`, or the name of whoever runs this


@dataclass(frozen=True, kw_only=True)
class Kit:
    """What is made once for all cells."""

    folder: Path
    clone: Path
    wheel: Path
    sdist: Path
    uv: Path
    pipx: Path


@dataclass(kw_only=True)
class Cell:
    """One way of installing, with one Python, by one user, in a folder of its own."""

    kit: Kit
    python: Python
    folder: Path
    variables: dict[str, str] = field(default_factory=dict)

    def run(self, *command: str | Path, folder: Path | None = None) -> str:
        """Run a command to its end and return what it printed; raises Failed."""
        shown = " ".join([Path(command[0]).name, *(str(part) for part in command[1:4])])
        try:
            done = subprocess.run(
                [str(part) for part in command],
                cwd=folder or self.folder,
                env=self.variables,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=PATIENCE,
                check=False,
                user=self.user,
                group=self.user,
                extra_groups=None if self.user is None else [],
            )
        except subprocess.TimeoutExpired:
            raise Failed(f"{shown}: not done within {PATIENCE} s") from None
        if done.returncode != 0:
            raise Failed(f"{shown}: exit code {done.returncode}", done.stdout)
        return done.stdout

    @property
    def user(self) -> int | None:
        """Whose processes its commands are; None: those of whoever runs this."""
        return NOBODY if self.python.user == "plain" else None


#: Installs in a cell and returns how the command line of the program begins.
Way = Callable[[Cell], Sequence[str | Path]]


def clone_with_uv(cell: Cell) -> Sequence[str | Path]:
    """`python3 main.py` with uv on PATH."""
    offered = cell.folder / "bin"
    offered.mkdir()
    (offered / "uv").symlink_to(cell.kit.uv)
    cell.variables["PATH"] = f"{offered}{os.pathsep}{cell.variables['PATH']}"
    return clone_without_uv(cell)


def clone_without_uv(cell: Cell) -> Sequence[str | Path]:
    """`python3 main.py`, by venv and pip."""
    clone = cell.folder / "clone"
    shutil.copytree(cell.kit.clone, clone)
    give(clone, cell)
    begin = (cell.python.path, clone / "main.py")
    cell.run(*begin, "list")  # the first command that needs packages installs them
    return begin


def pip_install_folder(cell: Cell) -> Sequence[str | Path]:
    """`pip install .` in a clone."""
    return _pip_install(cell, cell.kit.clone)


def pip_install_sdist(cell: Cell) -> Sequence[str | Path]:
    """`pip install task_scheduler-….tar.gz`."""
    return _pip_install(cell, cell.kit.sdist)


def pipx_install(cell: Cell) -> Sequence[str | Path]:
    """`pipx install` of the wheel."""
    cell.variables |= {"PIPX_HOME": str(cell.folder / "pipx"), "PIPX_BIN_DIR": str(cell.folder / "bin")}
    cell.run(cell.kit.pipx, "install", "--python", cell.python.path, cell.kit.wheel)
    return (cell.folder / "bin" / "task-scheduler",)


def uv_tool_install(cell: Cell) -> Sequence[str | Path]:
    """`uv tool install` of the wheel."""
    cell.variables |= {"UV_TOOL_DIR": str(cell.folder / "tools"), "UV_TOOL_BIN_DIR": str(cell.folder / "bin")}
    cell.run(cell.kit.uv, "tool", "install", "--python", cell.python.path, cell.kit.wheel)
    return (cell.folder / "bin" / "task-scheduler",)


def _pip_install(cell: Cell, what: Path) -> Sequence[str | Path]:
    venv = cell.folder / "venv"
    cell.run(cell.python.path, "-m", "venv", venv)
    cell.run(venv / "bin" / "pip", "install", "--quiet", what)
    return (venv / "bin" / "task-scheduler",)


WAYS: Mapping[str, Way] = {
    "clone, uv": clone_with_uv,
    "clone, venv + pip": clone_without_uv,
    "pip install .": pip_install_folder,
    "pip install sdist": pip_install_sdist,
    "pipx, wheel": pipx_install,
    "uv tool, wheel": uv_tool_install,
}


def see_a_task_run(begin: Sequence[str | Path], cell: Cell) -> None:
    """Make a project, drop a task and wait until it has succeeded on record; raises Failed."""
    project = cell.folder / "a project"
    cell.run(*begin, "--version")
    cell.run(*begin, "init", project)
    cell.run(*begin, "--root", project, "new", "tick", "--schedule", "every 2 seconds", folder=project)
    with scheduler([*begin, "--root", project, "run"], cell, project) as ended:
        deadline = time.monotonic() + FIRST_RUN
        while not _has_run(begin, cell, project):
            if ended() is not None or time.monotonic() > deadline:
                log = (cell.folder / "scheduler.log").read_text(encoding="utf-8", errors="replace")
                raise Failed("the task did not run", log)
            time.sleep(0.2)  # noqa: TID251 - a fact in another process is looked for


def _has_run(begin: Sequence[str | Path], cell: Cell, project: Path) -> bool:
    try:
        told = cell.run(*begin, "--root", project, "history", "--state", "succeeded", "--json")
    except Failed:
        # The record is just being made.
        return False
    # Without a scheduler yet, a note about that stands before the document.
    return bool(json.loads(told[told.index("[") :]))


@contextmanager
def scheduler(command: Sequence[str | Path], cell: Cell, project: Path) -> Iterator[Callable[[], int | None]]:
    """Run a scheduler meanwhile; yields what tells whether it has ended. Its hosts are ended with it."""
    with (cell.folder / "scheduler.log").open("w") as log:
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=project,
            env=cell.variables,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            user=cell.user,
            group=cell.user,
            extra_groups=None if cell.user is None else [],
        )
    try:
        yield process.poll
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        end_hosts(project)


def end_hosts(project: Path) -> None:
    """End the hosts of a project, which outlive its scheduler by design."""
    for card in project.glob("data/run/hosts/*/host.json"):
        with suppress(OSError, ValueError, KeyError):
            pid = int(json.loads(card.read_text())["pid"])
            if str(project).encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(pid, signal.SIGKILL)


def give(folder: Path, cell: Cell) -> None:
    """Make a folder the user's own."""
    if cell.python.user == "plain":
        for path in (folder, *folder.rglob("*")):
            os.chown(path, NOBODY, NOBODY, follow_symlinks=False)


def pythons() -> Iterator[Python]:
    """Yield each Python from 3.11 on that can make virtual environments, for each user it can be tried for."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    found = [Path(place) for minor in range(11, 20) if (place := shutil.which(f"python3.{minor}", path="/usr/bin"))]
    seen: set[str] = set()
    is_root = os.geteuid() == 0
    for path in [*found, *sorted(root.glob("versions/3.*/bin/python3")), Path(sys.executable)]:
        asked = [str(path), "-c", "import ensurepip, sys; print('%d.%d' % sys.version_info[:2])"]
        told = subprocess.run(asked, capture_output=True, text=True, check=False)
        version = told.stdout.strip()
        if told.returncode != 0 or version in seen or tuple(map(int, version.split("."))) < (3, 11):
            continue
        seen.add(version)
        yield Python(path=path, version=version, user="root" if is_root else "you")
        if is_root and _runs_for_nobody(path):
            yield Python(path=path, version=version, user="plain")


def _runs_for_nobody(python: Path) -> bool:
    with suppress(OSError):
        done = subprocess.run(
            [python, "-c", ""], user=NOBODY, group=NOBODY, extra_groups=[], cwd="/", capture_output=True, check=False
        )
        return done.returncode == 0
    return False


def make_kit(folder: Path, python: Path) -> Kit:
    """Copy the repository, build it, and install the tools; raises Failed."""
    clone, tools, dist = folder / "clone", folder / "tools", folder / "dist"
    shutil.copytree(ROOT, clone, ignore=_not_copied)
    cell = Cell(
        kit=Kit(folder=folder, clone=clone, wheel=dist, sdist=dist, uv=tools, pipx=tools),
        python=Python(path=python, version="", user="you"),
        folder=folder,
        variables=dict(os.environ),
    )
    cell.run(python, "-m", "venv", tools)
    cell.run(tools / "bin/pip", "install", "--quiet", "build", "pipx", "uv")
    # The wheel is built from the sdist: what is not in the second cannot be in the first.
    cell.run(tools / "bin/python", "-m", "build", "--outdir", dist, clone)
    return Kit(
        folder=folder,
        clone=clone,
        wheel=next(dist.glob("*.whl")),
        sdist=next(dist.glob("*.tar.gz")),
        uv=tools / "bin/uv",
        pipx=tools / "bin/pipx",
    )


def _not_copied(folder: str, names: list[str]) -> set[str]:
    return NOT_COPIED(folder, names) | (NOT_COPIED_FROM_TOP.intersection(names) if Path(folder) == ROOT else set())


def fill(name: str, way: Way, python: Python, kit: Kit) -> tuple[str, Failed | None]:
    """Return the row of one cell, and why it failed."""
    with tempfile.TemporaryDirectory(dir=kit.folder, prefix="cell ", ignore_cleanup_errors=True) as made:
        folder = Path(made)
        folder.chmod(0o755)
        (folder / "home").mkdir()
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
        kept |= {"HOME": str(folder / "home"), "PATH": "/usr/bin:/bin", "UV_PYTHON_DOWNLOADS": "never"}
        cell = Cell(kit=kit, python=python, folder=folder, variables=kept)
        give(folder, cell)
        began = time.monotonic()
        installed = ran = None
        failed = None
        try:
            begin = way(cell)
            installed = time.monotonic()
            see_a_task_run(begin, cell)
            ran = time.monotonic()
        except Failed as error:
            failed = error
        times = [
            "-" if installed is None else f"{installed - began:.1f} s",
            "-" if ran is None or installed is None else f"{ran - installed:.1f} s",
        ]
        verdict = f"FAILED: {failed}" if failed else "ok"
        return f"| {name} | {python.version} | {python.user} | {times[0]} | {times[1]} | {verdict} |", failed


def main() -> int:
    """Fill the table and print it row by row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--only", action="append", metavar="TEXT", help="rows that hold this text alone, such as pipx or 3.13"
    )
    wanted = parser.parse_args().only or []
    failures: list[tuple[str, Failed]] = []
    with tempfile.TemporaryDirectory(prefix="install-matrix-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        found = list(pythons())
        print(
            f"preparing in {folder}: a copy of the repository, a wheel, an sdist, pipx and uv",
            file=sys.stderr,
            flush=True,
        )
        tools_python = next((python.path for python in found if python.user == "plain"), Path(sys.executable))
        try:
            kit = make_kit(folder, tools_python)
        except Failed as error:
            print(f"error: {error}\n{error.detail}", file=sys.stderr)
            return 1
        print("| installed by | Python | user | installing | until a run is on record | verdict |")
        print("|---|---|---|---|---|---|", flush=True)
        for title, way in WAYS.items():
            for python in found:
                label = f"{title} {python.version} {python.user}"
                if not all(text in label for text in wanted):
                    continue
                row, failed = fill(title, way, python, kit)
                print(row, flush=True)
                if failed:
                    failures.append((label, failed))
    for label, failed in failures:
        print(f"\n{label}: {failed}\n{failed.detail[-3000:]}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
