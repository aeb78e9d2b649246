"""The adapters as the settings want them: what the composition roots share.

Each root (`bootstrap` for the scheduler, others for commands that work without one) takes from here what it needs.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import task_scheduler
from task_scheduler.api import Policies
from task_scheduler.core.errors import TaskSchedulerError
from task_scheduler.environments.provider import Environments, environments
from task_scheduler.services.runner import RunnerLimits
from task_scheduler.settings import EnvironmentMode, OnInvalid, Paths, Settings
from task_scheduler.watcher.chains import judge
from task_scheduler.watcher.reader import TaskFileReader

#: The folder of this package: what tasks import `task_scheduler.decorators` from.
PACKAGE = Path(task_scheduler.__file__).resolve().parent


def run_folder(paths: Paths) -> Path:
    """Make the folder of what a working scheduler keeps on disk, and return it; raises TaskSchedulerError."""
    return private_folder(paths.data / "run")


def environment_provider(settings: Settings, paths: Paths, lib: Path, notice: Callable[[str], None]) -> Environments:
    """Return what locks and builds environments; `lib` is the folder of `task_side_library`."""
    return environments(
        folder=paths.data / "environments",
        root=paths.root,
        lib=lib,
        judge=judge,
        timeout=settings.environments.build_timeout,
        notice=notice,
    )


def task_reader(paths: Paths) -> TaskFileReader:
    """Return what reads task files."""
    return TaskFileReader(root=paths.root, helpers=helpers_folder(paths))


def helpers_folder(paths: Paths) -> Path:
    """Return the folder that `import helpers` means in tasks: the project's, else the one that comes with the program."""
    shipped = shipped_helpers()
    return paths.helpers if paths.helpers.is_dir() or shipped is None else shipped


def shipped_helpers() -> Path | None:
    """Return the folder of helpers that comes with the program, None where it was left out."""
    places = (PACKAGE / "shipped" / "helpers", PACKAGE.parent / "helpers")
    return next((place for place in places if place.is_dir()), None)


def policies(settings: Settings) -> Policies:
    """Return what a person decided."""
    return Policies(
        misfire=settings.scheduler.misfire,
        retention=settings.history.retention,
        limits=RunnerLimits(
            max_concurrent=settings.scheduler.concurrency_limit,
            kill_grace=settings.tasks.kill_grace,
            output_limit=settings.tasks.output_limit,
        ),
        loop_interval=settings.scheduler.loop_interval,
        stop_on_invalid=settings.tasks.on_invalid is OnInvalid.STOP,
        shared_environment=settings.virtual_env.mode is EnvironmentMode.SHARED,
        reload_on_change=settings.tasks.reload_on_change,
    )


def task_side_library(folder: Path, paths: Paths) -> Path:
    """Make the folder that gives tasks `task_scheduler`, and `helpers` where the project has none of its own.

    Links, since a task must never see the scheduler's own site-packages.
    """
    private_folder(folder)
    _link(folder / "task_scheduler", PACKAGE)
    shipped = shipped_helpers()
    if shipped is not None and not paths.helpers.is_dir():
        _link(folder / "helpers", shipped)
    else:
        (folder / "helpers").unlink(missing_ok=True)
    return folder


def private_folder(folder: Path) -> Path:
    """Make a folder only its owner may enter: who can write there can start processes."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        raise TaskSchedulerError(f"{folder} cannot be used: {error.strerror}") from error
    return folder


def _link(link: Path, target: Path) -> None:
    if link.is_symlink() and link.readlink() == target:
        return
    partial = link.with_name(f"{link.name}.new")
    partial.unlink(missing_ok=True)
    partial.symlink_to(target)
    partial.replace(link)
