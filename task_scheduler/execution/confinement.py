"""What an attempt's process takes upon itself before any code of the task: groups, limits, niceness, umask, user, folder.

Runs in hosts: standard library only, Python 3.8 or later.
"""

from __future__ import annotations

import os
from contextlib import suppress

from task_scheduler.execution import cgroups, markers, parentage
from task_scheduler.execution.words import OpenFile
from task_scheduler.this_run import OPEN_FILES, STOP_NOTE, STOP_NOTE_IS

TYPE_CHECKING = False
if TYPE_CHECKING:
    import pwd
    from typing import Any

#: A machine out of memory ends attempts before hosts, and hosts before the scheduler: so much more than the scheduler's.
_HOST_OOM_SCORE = 100
_ATTEMPT_OOM_SCORE = 300
_MOST_OOM_SCORE = 1000
_OOM_SCORE_FILE = "/proc/self/oom_score_adj"
#: Seconds of processor time one process gets above its tree's limit before the kernel ends it: the host is to be first.
_CPU_BESIDES = 2

_attempt_oom_score = b"%d" % _ATTEMPT_OOM_SCORE


class CannotConfine(Exception):
    """An attempt cannot be run the way its task asks for; the text says why."""


def precede_scheduler() -> None:
    """Have the kernel end this host before the scheduler that started it, and attempts before this host."""
    global _attempt_oom_score  # noqa: PLW0603 - told once, before the first fork, and read in every child
    try:
        with open(_OOM_SCORE_FILE, encoding="ascii") as file:
            own = int(file.read())
    except (OSError, ValueError):
        return
    _attempt_oom_score = b"%d" % min(own + _ATTEMPT_OOM_SCORE, _MOST_OOM_SCORE)
    _write_oom_score(b"%d" % min(own + _HOST_OOM_SCORE, _MOST_OOM_SCORE))


def offer_to_the_oom_killer() -> None:
    """Have the kernel end this attempt before its host."""
    _write_oom_score(_attempt_oom_score)


def enter(order: dict[str, Any], folder: str) -> None:
    """Take all of it upon this process, for good; raises CannotConfine when a part of it cannot be had.

    `folder` is the host's. Where the task has a user of its own, that user can read nothing in there: `order["words"]`
    and `order["stop note"]` are then what this process holds open, in place of the paths of `markers`.
    """
    groups = order.get("groups")
    if groups:
        cgroups.enter(groups)
    cpu = order.get("cpu")
    if cpu is not None:
        _limit_cpu(cpu)
    nice = order.get("nice")
    if nice is not None:
        _be_nice(nice)
    umask = order.get("umask")
    if umask is not None:
        os.umask(umask)
    user = order.get("user")
    if user is not None:
        _become(user, order, folder)
    directory = order.get("directory")
    if directory is not None:
        _go_to(directory)


def _write_oom_score(score: bytes) -> None:
    try:
        descriptor = os.open(_OOM_SCORE_FILE, os.O_WRONLY | os.O_CLOEXEC)
    except OSError:
        return
    try:
        os.write(descriptor, score)
    except OSError:
        return
    finally:
        os.close(descriptor)


def _limit_cpu(seconds: float) -> None:
    import resource

    allowed = int(seconds) + _CPU_BESIDES
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    hard = allowed + _CPU_BESIDES
    if most != resource.RLIM_INFINITY:
        hard = min(hard, most)
    resource.setrlimit(resource.RLIMIT_CPU, (min(allowed, hard), hard))


def _be_nice(nice: int) -> None:
    try:
        os.setpriority(os.PRIO_PROCESS, 0, nice)
    except OSError as error:
        own = os.getpriority(os.PRIO_PROCESS, 0)
        raise CannotConfine(
            f"nice: {nice} is not allowed ({error.strerror}): the scheduler runs at {own}, and only root may go below that"
        ) from error


def _go_to(directory: str) -> None:
    try:
        os.chdir(directory)
    except OSError as error:
        raise CannotConfine(f"working_directory: {directory} cannot be entered: {error.strerror}") from error


def _become(user: str, order: dict[str, Any], folder: str) -> None:
    """Run as another user from here on, with no way back."""
    import pwd

    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        raise CannotConfine(f"user: {user} is no user of this system") from None
    if os.geteuid() != 0:
        if entry.pw_uid == os.geteuid():
            return
        raise CannotConfine(f"user: {user} needs a scheduler that runs as root; this one runs as {_own_name()}")
    _hand_over(entry, order, folder)
    host = os.getppid()
    try:
        os.initgroups(entry.pw_name, entry.pw_gid)
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)
    except OSError as error:
        raise CannotConfine(f"user: {user} cannot be taken on: {error.strerror}") from error
    if entry.pw_uid != 0 and 0 in os.getresuid():
        raise CannotConfine(f"user: {user} would have kept the rights of root")
    if not parentage.die_with(host):  # once more: the kernel drops it with the change
        os._exit(1)
    own = {"HOME": entry.pw_dir, "USER": entry.pw_name, "LOGNAME": entry.pw_name}
    os.environ.update({name: value for name, value in own.items() if name not in order["environment"]})


def _hand_over(entry: pwd.struct_passwd, order: dict[str, Any], folder: str) -> None:
    """Keep open what the user will have no way to: what the attempt leaves for its host, and the other way round.

    The task may close any descriptor and open another under its number, so whoever uses one of these looks first whether
    it still is the file. They are this process's alone: an exec closes them.
    """
    words = os.open(
        markers.words_path(folder, order["attempt"]), os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600
    )
    os.fchown(words, entry.pw_uid, entry.pw_gid)
    note = os.open(markers.stop_path(folder, order["attempt"]), os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    os.fchown(note, entry.pw_uid, entry.pw_gid)
    order["words"] = OpenFile(words)
    order["stop note"] = os.environ[STOP_NOTE] = f"{OPEN_FILES}{note}"
    facts = os.fstat(note)
    os.environ[STOP_NOTE_IS] = f"{facts.st_dev}:{facts.st_ino}"
    for descriptor in (1, 2):  # for what opens /dev/stdout anew
        with suppress(OSError):
            os.fchown(descriptor, entry.pw_uid, entry.pw_gid)


def _own_name() -> str:
    import pwd

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
