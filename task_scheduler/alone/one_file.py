"""A source of task files that knows of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from task_scheduler.ports import KnownFile, SourceChanges, SourceFile, TaskSource


class OneFile:
    """A source of one file: what it holds at the start is reported, and nothing else ever."""

    def __init__(self, source: TaskSource, task_id: str) -> None:
        self._source = source
        self._task_id = task_id

    async def start(self, listener: Callable[[SourceChanges], None], known: Mapping[str, KnownFile]) -> None:
        """Report the file as it stands."""
        reported = False

        def report(changes: SourceChanges) -> None:
            nonlocal reported
            if not reported:
                reported = True
                files = tuple(file for file in changes.files if file.task_id == self._task_id)
                # Not `complete`: of the other files nothing is said.
                listener(SourceChanges(files=files, local_digest=changes.local_digest, suspended=changes.suspended))

        ours = {task_id: file for task_id, file in known.items() if task_id == self._task_id}
        await self._source.start(report, ours)

    async def stop(self) -> None:
        """Report no more."""
        await self._source.stop()

    async def rescan(self) -> None:
        """Report nothing: another content is another request."""

    async def fetch(self, files: Sequence[SourceFile]) -> Sequence[SourceFile | None]:
        """Return files as they are now."""
        return await self._source.fetch(files)
