"""Compiling installed modules ahead, so that no task pays for it and nothing is written later."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from task_scheduler.environments.commands import run
from task_scheduler.environments.failures import failure
from task_scheduler.environments.interpreters import Interpreter


async def compile_modules(
    environment: Path, interpreter: Interpreter, *, deadline: float, hold: int, variables: Mapping[str, str]
) -> None:
    """Compile everything installed in an environment; raises EnvironmentFailed when time runs out.

    The interpreter it was made of does so, since `.pth` files of packages may print, hang or fail when the
    environment's own starts; installers that compile by that one fail with it. A file that is no
    valid Python, such as a template, is left as it is.
    """
    end = await run(
        [interpreter.path, "-I", "-S", "-m", "compileall", "-q", "-j", "0", environment / "lib"],
        deadline=deadline,
        folder=environment,
        variables=variables,
        hold=(hold,),
    )
    if end.timed_out:
        raise failure(end, doing="compiling the packages")
