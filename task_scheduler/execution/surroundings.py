"""What a run of a task would find around it, asked of an interpreter that was started as one for runs is."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from task_scheduler.core.errors import EnvironmentFailed
from task_scheduler.core.requests import AttemptRequest
from task_scheduler.execution import spawning
from task_scheduler.execution.orders import start_order

PROBE = Path(__file__).with_name("as_a_run.py")
#: Seconds the interpreter may take to answer: it imports nothing of anybody's, though `.pth` files may.
PATIENCE = 20.0
#: Variables that name one execution; what is asked here is none.
_OF_ONE_ATTEMPT = frozenset({"TASK_SCHEDULER_RUN", "TASK_SCHEDULER_ATTEMPT"})


def of_task(request: AttemptRequest, *, root: Path, source: Path) -> dict[str, str]:
    """Return the environment variables that runs of a task are given beside those of their host."""
    order = start_order(request, root=root, outputs=root, source=source, mark=0)
    given: Mapping[str, str] = order["environment"]
    return {name: value for name, value in given.items() if name not in _OF_ONE_ATTEMPT}


async def of_a_run(
    *, interpreter: Path, root: Path, lib: Path, task_id: str, file: Path, given: Mapping[str, str]
) -> dict[str, Any]:
    """Return what `task_scheduler.surroundings` gathers in the place of a run; raises EnvironmentFailed.

    It inherits what a host would inherit now. `given` is what `of_task` tells.
    """
    order = json.dumps({"root": str(root), "lib": str(lib), "task_id": task_id, "file": str(file)})
    probe = lib / "task_scheduler" / "execution" / PROBE.name
    return await asyncio.to_thread(
        _ask,
        [str(interpreter), "-I", str(probe), order],
        root,
        {**spawning.variables(interpreter, root, lib), **given},
    )


def _ask(command: list[str], folder: Path, variables: Mapping[str, str]) -> dict[str, Any]:
    try:
        answer = subprocess.run(
            command,
            cwd=folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            start_new_session=True,
            timeout=PATIENCE,
            check=True,
        )
        # A `.pth` file of some package may print lines of its own before.
        told = json.loads(answer.stdout.splitlines()[-1])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError) as error:
        said = getattr(error, "stderr", None) or b""
        raise EnvironmentFailed(
            f"the environment's Python does not answer: {error}", detail=said.decode(errors="replace")
        ) from error
    if not isinstance(told, dict):
        raise EnvironmentFailed(f"the environment's Python does not answer: it said {told!r:.80}")
    return told
