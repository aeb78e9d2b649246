"""Makes and mends a virtual environment of ours.

Without a stamp inside, a person made it, and it is only ever used, never changed. The stamp is `unfinished` from
before the first file is written until after the last, so a start that was cut short is made anew; one lock file
beside it, never removed, makes a second start wait for the first.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from task_scheduler.starting.errors import CannotStart
from task_scheduler.starting.installer import Installer, located, runs, succeeds
from task_scheduler.starting.recipe import STAMP, Recipe, Stamp, State
from task_scheduler.starting.requirements import RequirementFiles
from task_scheduler.starting.streams import say

LEAST_PYTHON = (3, 11)


def prepare(recipe: Recipe, wanted: RequirementFiles, lacking: Sequence[str]) -> bool:
    """Make the venv fit to be entered; return whether anything was installed. Raises CannotStart and OSError."""
    if _is_ready(recipe, wanted):
        return False
    with _locked(recipe) as lock:
        # The one that held the lock may have done all the work.
        if _is_ready(recipe, wanted):
            return False
        stamp = Stamp.read(recipe.folder)
        if not recipe.folder.exists() or (recipe.folder.is_dir() and not any(recipe.folder.iterdir())):
            _build(recipe, wanted, lock)
            return True
        if stamp is None:
            _check_a_persons(recipe, lacking)
            return False
        if stamp.state is State.UNFINISHED:
            say(f"{recipe.name} was left unfinished: making it anew")
            _build(recipe, wanted, lock)
        elif not runs(recipe.interpreter):
            say(f"{recipe.name} has lost its Python: making it anew")
            _build(recipe, wanted, lock)
        else:
            _update(recipe, wanted, stamp, lock)
        return True


def _is_ready(recipe: Recipe, wanted: RequirementFiles) -> bool:
    """Whether it is ours, complete and current; once inside, this process knows better: something is lacking."""
    complete = Stamp.read(recipe.folder) == Stamp(State.COMPLETE, wanted.digest)
    return complete and recipe.interpreter.exists() and not recipe.is_entered


def _check_a_persons(recipe: Recipe, lacking: Sequence[str]) -> None:
    """Raise CannotStart when a venv that a person made does not serve; what it lacks is known only inside it."""
    if recipe.is_entered:
        raise CannotStart(
            f"{recipe.folder} was not made by this program, so nothing is installed into it, and it lacks "
            f"{', '.join(lacking)}: run {recipe.by_hand(recipe.interpreter)}, or move it away"
        )
    if not runs(recipe.interpreter):
        raise CannotStart(
            f"{recipe.folder} was not made by this program and has no working Python in it: "
            "move it away, or set virtual_env.path to another folder"
        )


def _build(recipe: Recipe, wanted: RequirementFiles, lock: int) -> None:
    try:
        str(recipe.folder).encode()
    except UnicodeEncodeError:
        raise CannotStart(
            f"{recipe.folder} has a name that is not UTF-8, which virtual environments cannot note down: rename the folder"
        ) from None
    python = _base_python(recipe)
    installer = Installer.choose(recipe, python)
    recipe.folder.mkdir(parents=True, exist_ok=True)
    if os.statvfs(recipe.folder).f_flag & os.ST_NOEXEC:
        raise CannotStart(
            f"{recipe.folder} is on a file system mounted noexec, which compiled packages cannot be loaded from: "
            "set virtual_env.path to a folder elsewhere"
        )
    Stamp(State.UNFINISHED, wanted.digest).write(recipe.folder)
    for entry in recipe.folder.iterdir():
        if entry.name == STAMP:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    say(f"making {recipe.name} with {python}, by {installer.name}; this happens once")
    installer.create(lock)
    installer.install(lock)
    _complete(recipe, wanted)


def _update(recipe: Recipe, wanted: RequirementFiles, before: Stamp, lock: int) -> None:
    installer = Installer.choose(recipe, str(recipe.interpreter))
    say(f"bringing {recipe.name} up to date, by {installer.name}")
    Stamp(State.UNFINISHED, wanted.digest).write(recipe.folder)
    try:
        installer.add_itself(lock)
        installer.install(lock)
    except CannotStart:
        # Installers resolve and download first: one that gave up by itself has changed nothing, and what worked
        # before must not be made anew, least of all while the index is out of reach.
        before.write(recipe.folder)
        raise
    _complete(recipe, wanted)


def _complete(recipe: Recipe, wanted: RequirementFiles) -> None:
    # The stamp must not reach the disk before what it vouches for.
    os.sync()
    Stamp(State.COMPLETE, wanted.digest).write(recipe.folder)
    say(f"{recipe.name} is ready")


@contextmanager
def _locked(recipe: Recipe) -> Iterator[int]:
    """Hold the lock beside the folder; yields its descriptor."""
    recipe.folder.parent.mkdir(parents=True, exist_ok=True)
    path = recipe.folder.with_name(f"{recipe.folder.name}.lock")
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"another start is preparing {recipe.name}: waiting for it")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def _base_python(recipe: Recipe) -> str:
    """Return the interpreter to make the venv from; raises CannotStart when the one asked for does not serve."""
    if recipe.python is None:
        # Never a venv's own: making venv/ from inside venv/ would chain it to what is being replaced.
        # Nothing tells where a Python is that was found without a PATH; the system still knows what it runs.
        return str(getattr(sys, "_base_executable", None) or sys.executable or Path("/proc/self/exe").resolve())
    found = located(str(Path(recipe.python).expanduser()))
    if found is None:
        raise CannotStart(
            f"virtual_env.python_executable: no {recipe.python!r} on PATH; name one that is, or give its path"
        )
    if not succeeds([found, "-c", f"import sys; sys.exit(sys.version_info < {LEAST_PYTHON!r})"]):
        least = ".".join(map(str, LEAST_PYTHON))
        raise CannotStart(f"virtual_env.python_executable: {found} is not a working Python {least} or later")
    return found
