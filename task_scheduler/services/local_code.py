"""Which code of the project a task may import, and whether it is still what it was at the task's admission.

Helpers are one thing, the modules in the folder of tasks another: a change of either concerns the tasks that
import it. A `local_digest` is `HELPERS`, `/MODULES` or `HELPERS/MODULES`, by what a task imports; empty: neither.
"""

from __future__ import annotations

import hashlib
from collections.abc import Container

from task_scheduler.core.tasks import TaskReading
from task_scheduler.services.preparation import LOCAL_PACKAGES, top_level


class LocalCode:
    """The digests of the project's own code as it stands now."""

    def __init__(self, *, known: Container[str]) -> None:
        """`known` are the ids of all files in the folder of tasks."""
        self._known = known
        #: Folders that hold task files, as the beginning of their ids.
        self._folders: set[str] = set()
        self._helpers = ""
        self._modules: dict[str, str] = {}
        self._modules_digest: str | None = None

    def note_file(self, task_id: str) -> None:
        """Take note that there is a file."""
        while (task_id := task_id.rpartition("/")[0]) and task_id not in self._folders:
            self._folders.add(task_id)

    def note_helpers(self, digest: str) -> bool:
        """Take note of the helpers as they stand; return whether they changed."""
        changed, self._helpers = digest != self._helpers, digest
        return changed

    def note_module(self, task_id: str, digest: str | None) -> bool:
        """Take note of a module in the folder of tasks, None: the file is none; return whether that is a change."""
        if self._modules.get(task_id) == digest:
            return False
        if digest is None:
            del self._modules[task_id]
        else:
            self._modules[task_id] = digest
        self._modules_digest = None
        return True

    def digest_for(self, task_id: str, reading: TaskReading) -> str:
        """Return the digest of what a task may import; empty: nothing of the project."""
        tops = {top_level(name) for name in reading.imports}
        helpers = self._helpers if reading.helper_names or "helpers" in tops else ""
        uses_modules = "tasks" in tops or any(self.is_local(task_id, name) for name in tops - LOCAL_PACKAGES)
        return f"{helpers}/{self._digest_of_modules()}" if uses_modules else helpers

    def is_current(self, local_digest: str) -> bool:
        """Whether what a digest was made of is still so."""
        helpers, _, modules = local_digest.partition("/")
        return helpers in {"", self._helpers} and modules in {"", self._digest_of_modules()}

    def is_local(self, task_id: str, module: str) -> bool:
        """Whether a file of the folder of tasks may answer to a module's name in this task."""
        beside = task_id.rpartition("/")[0]
        names = {f"{beside}/{module}" if beside else module, module}  # both folders are searched
        return any(name in self._folders or name in self._known for name in names)

    def _digest_of_modules(self) -> str:
        if self._modules_digest is None:
            lines = (f"{task_id}\0{digest}\0" for task_id, digest in sorted(self._modules.items()))
            text = "".join(lines).encode("utf-8", "surrogateescape")
            self._modules_digest = hashlib.sha256(text).hexdigest()
        return self._modules_digest
