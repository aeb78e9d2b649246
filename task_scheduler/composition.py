"""The adapters as the settings want them: what the composition roots share.

Each root (`bootstrap` for the scheduler, others for commands that work without one) takes from here what it needs.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from task_scheduler import known_secrets
from task_scheduler.api import Policies
from task_scheduler.calendars.holiday_calendars import HolidayCalendars
from task_scheduler.core.errors import TaskSchedulerError
from task_scheduler.core.events import Event, Level
from task_scheduler.core.requests import AttemptRequest
from task_scheduler.core.runs import AttemptId, output_name
from task_scheduler.core.secrets import Secrets
from task_scheduler.core.tasks import NO_ARGUMENTS
from task_scheduler.environments.provider import Environments, environments
from task_scheduler.execution import surroundings as execution_surroundings
from task_scheduler.execution.executor import HostExecutor
from task_scheduler.private_files import tighten
from task_scheduler.scaffolding.shipped import PACKAGE, shipped
from task_scheduler.secrets_file import read_secrets
from task_scheduler.services.event_bus import EventBus
from task_scheduler.services.register import Admitted
from task_scheduler.services.runner import RunnerLimits
from task_scheduler.settings import EnvironmentMode, OnInvalid, Paths, Settings
from task_scheduler.watcher.chains import judge
from task_scheduler.watcher.folder import FolderSource
from task_scheduler.watcher.reader import TaskFileReader

#: The folder beside hosts and sources that tasks import from.
_LIB = "lib"


def run_folder(paths: Paths) -> Path:
    """Make the folder of what a working scheduler keeps on disk, and return it; raises TaskSchedulerError.

    Tasks of other users reach `lib` in it by its name. Nobody else can list it, and all the rest is its owner's alone.
    """
    folder = _folder(paths.data / "run", 0o711)
    for name in ("hosts", "sources"):
        private_folder(folder / name)
    for path in folder.iterdir():
        if path.name != _LIB:
            tighten(path)
    return folder


def learn_secrets(paths: Paths) -> Secrets:
    """Read what is to be hidden, and have this process hide it from now on; to be done before anything is logged."""
    secrets = read_secrets(paths.root)
    known_secrets.know(secrets.values)
    return secrets


def hosts_folder(paths: Paths) -> Path:
    """Return where hosts keep what they and a scheduler must both know."""
    return paths.data / "run" / "hosts"


def host_executor(
    paths: Paths,
    lib: Path,
    *,
    interpreter_of: Callable[[str], Path],
    source_of: Callable[[str], Path],
    notice: Callable[[str], None],
    on_fault: Callable[[Exception], None],
) -> HostExecutor:
    """Return what executes task files; `interpreter_of` takes an environment's key, `source_of` a version's digest.

    `on_fault` is given what the program raised where nobody else would hear of it.
    """
    return HostExecutor(
        root=paths.root,
        run_folder=hosts_folder(paths),
        outputs=outputs_folder(paths),
        lib=lib,
        interpreter_of=interpreter_of,
        source_of=source_of,
        project=str(paths.root),
        notice=notice,
        on_fault=on_fault,
    )


def outputs_folder(paths: Paths) -> Path:
    """Return where the output of runs is kept."""
    return paths.logs / "runs"


def task_source(
    settings: Settings,
    paths: Paths,
    *,
    pattern: str,
    notice: Callable[[str], None],
    include_examples: bool | None = None,
) -> FolderSource:
    """Return what watches the folder of tasks for files whose names match; `include_examples` None: as settings say."""
    return FolderSource(
        root=paths.root,
        tasks=paths.tasks,
        helpers=helpers_folder(paths),
        pattern=pattern,
        include_examples=settings.tasks.include_example_tasks if include_examples is None else include_examples,
        check_interval=settings.scheduler.task_check_interval,
        notice=notice,
    )


def configure_files(
    settings: Settings, paths: Paths, *, source: FolderSource, reader: TaskFileReader, environments: Environments
) -> bool:
    """Have what finds, reads and judges task files work by these settings from now on.

    Return whether other files than before may be task files, so that all of them have to be looked at anew.
    """
    environments.configure(
        timeout=settings.environments.build_timeout,
        allow_direct_references=settings.environments.allow_direct_references,
        tasks=paths.tasks,
    )
    is_judged_otherwise = reader.configure(allow_direct_references=settings.environments.allow_direct_references)
    are_others = source.configure(
        tasks=paths.tasks,
        pattern=settings.tasks.file_pattern,
        include_examples=settings.tasks.include_example_tasks,
        check_interval=settings.scheduler.task_check_interval,
    )
    return is_judged_otherwise or are_others


def teller(events: EventBus, name: str, level: Level = Level.INFO) -> Callable[[str], None]:
    """Return what an adapter tells a person through."""
    return lambda message: events.publish(Event(name=name, message=message, level=level))


def environment_provider(settings: Settings, paths: Paths, lib: Path, notice: Callable[[str], None]) -> Environments:
    """Return what locks and builds environments; `lib` is the folder of `task_side_library`."""
    return environments(
        folder=paths.data / "environments",
        root=paths.root,
        lib=lib,
        tasks=paths.tasks,
        judge=judge,
        timeout=settings.environments.build_timeout,
        allow_direct_references=settings.environments.allow_direct_references,
        notice=notice,
    )


def task_reader(settings: Settings, paths: Paths, *, recommends: bool = False) -> TaskFileReader:
    """Return what reads task files; with `recommends` it also says which keys would do good."""
    return TaskFileReader(
        root=paths.root,
        helpers=helpers_folder(paths),
        allow_direct_references=settings.environments.allow_direct_references,
        recommends=recommends,
        zone=settings.scheduler.zone,
        calendars=HolidayCalendars(paths.root),
    )


def helpers_folder(paths: Paths) -> Path:
    """Return the folder that `import helpers` means in tasks: the project's, else the one that comes with the program."""
    ours = shipped("helpers")
    return paths.helpers if paths.helpers.is_dir() or ours is None else ours


def policies(settings: Settings) -> Policies:
    """Return what a person decided."""
    return Policies(
        misfire=settings.scheduler.misfire,
        retention=settings.history.retention,
        limits=RunnerLimits(
            max_concurrent=settings.scheduler.concurrency_limit,
            kill_grace=settings.tasks.kill_grace,
            output_limit=settings.tasks.output_limit,
            log_level=settings.logging.level,
        ),
        loop_interval=settings.scheduler.loop_interval,
        stop_on_invalid=settings.tasks.on_invalid is OnInvalid.STOP,
        shared_environment=settings.virtual_env.mode is EnvironmentMode.SHARED,
        reload_on_change=settings.tasks.reload_on_change,
    )


def whereabouts(settings: Settings, paths: Paths) -> dict[str, Any]:
    """Return, as a JSON document, where task files are and which of them count."""
    return {
        "root": str(paths.root),
        "tasks": str(paths.tasks),
        "pattern": settings.tasks.file_pattern,
        "include_examples": settings.tasks.include_example_tasks,
        "reload_on_change": settings.tasks.reload_on_change,
    }


def surroundings(
    in_force_now: Callable[[], tuple[Settings, Paths]],
    lib: Path,
    *,
    interpreter_of: Callable[[str], Path],
    in_force: Callable[[str], Admitted],
) -> Callable[[str | None], Awaitable[dict[str, Any]]]:
    """Return what tells, as JSON documents, what a run of a task finds around it; of no task, where task files are.

    `in_force` raises UnknownTask and Refused.
    """

    async def tell(task_id: str | None) -> dict[str, Any]:
        settings, paths = in_force_now()
        project = whereabouts(settings, paths)
        if task_id is None:
            return project
        admitted = in_force(task_id)
        file, interpreter = paths.root / admitted.path, interpreter_of(admitted.version.environment)
        given = execution_surroundings.of_task(_request_of(admitted, settings), root=paths.root, source=file)
        return {
            **project,
            "task": task_id,
            "file": str(file),
            "version": admitted.version.digest,
            "interpreter": str(interpreter),
            "lib": str(lib),
            "given": given,
            "seen": await execution_surroundings.of_a_run(
                interpreter=interpreter, root=paths.root, lib=lib, task_id=task_id, file=file, given=given
            ),
        }

    return tell


def _request_of(admitted: Admitted, settings: Settings) -> AttemptRequest:
    """Return what an execution of this version would be asked for, of no run in particular."""
    version, none = admitted.version, AttemptId(run_id=0, number=0)
    return AttemptRequest(
        id=none,
        task_id=version.task_id,
        title=version.declaration.title,
        path=admitted.path,
        digest=version.digest,
        function=None,
        arguments=NO_ARGUMENTS,
        profile=admitted.profile,
        output=output_name(version.task_id, none),
        timeout=None,
        kill_grace=0,
        output_limit=0,
        log_level=settings.logging.level,
    )


def task_side_library(folder: Path, paths: Paths) -> Path:
    """Make the folder that gives tasks `task_scheduler`, and `helpers` where the project has none of its own.

    Links, since a task must never see the scheduler's own site-packages.
    """
    _folder(folder, 0o755)
    _link(folder / "task_scheduler", PACKAGE)
    ours = shipped("helpers")
    if ours is not None and not paths.helpers.is_dir():
        _link(folder / "helpers", ours)
    else:
        (folder / "helpers").unlink(missing_ok=True)
    return folder


def private_folder(folder: Path) -> Path:
    """Make a folder only its owner may enter: who can write there can start processes."""
    return _folder(folder, 0o700)


def _folder(folder: Path, mode: int) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(mode)
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
