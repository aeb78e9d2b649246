"""A real folder that is watched, and what was reported about it."""

from __future__ import annotations

import asyncio
import functools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from task_scheduler.ports import KnownFile, SourceChanges
from task_scheduler.watcher.folder import FolderSource

DEADLINE = 10.0
SETTLE = 0.05
NEVER = 3600.0
NOBODY = 65534


def in_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test in an event loop of its own."""

    @functools.wraps(test)
    def run(*args: object, **kwargs: object) -> None:
        asyncio.run(test(*args, **kwargs))

    return run


class Watched:
    """A project's folders, watched, and what was reported about them."""

    def __init__(self, root: Path, **options: Any) -> None:
        self.reports: list[SourceChanges] = []
        self.notices: list[str] = []
        self.source = FolderSource(
            root=root,
            tasks=root / "tasks",
            helpers=root / "helpers",
            settle=SETTLE,
            notice=self.notices.append,
            **options,
        )
        self.listener_fails = False
        self._news = asyncio.Event()

    def hear(self, changes: SourceChanges) -> None:
        if self.listener_fails:
            self.listener_fails = False
            raise RuntimeError("the listener failed")
        self.reports.append(changes)
        self._news.set()

    def contents(self) -> dict[str, bytes | None]:
        """Return how the reports say the files stand now."""
        standing: dict[str, bytes | None] = {}
        for report in self.reports:
            if report.complete:
                standing.clear()
            standing.update((file.task_id, file.content) for file in report.files)
            for task_id in report.removed:
                del standing[task_id]
        return standing

    async def until(self, fact: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE):
            while not fact():
                self._news.clear()
                await self._news.wait()


@asynccontextmanager
async def watched(
    root: Path, *, check_interval: float = NEVER, known: Mapping[str, KnownFile] | None = None, **options: Any
) -> AsyncIterator[Watched]:
    seen = Watched(root, check_interval=check_interval, **options)
    await seen.source.start(seen.hear, known or {})
    try:
        yield seen
    finally:
        await seen.source.stop()


def save(path: Path, text: str) -> None:
    """Save as careful editors do: another file, then a rename."""
    aside = path.with_name(f"{path.name}.tmp")
    aside.write_text(text)
    aside.rename(path)


@contextmanager
def ordinary_user() -> Iterator[Path]:
    """Be a user whom permissions and limits bind, in a project folder of that user's own."""
    folder = Path(tempfile.mkdtemp())
    for name in ("tasks", "helpers"):
        (folder / name).mkdir()
    was_root = os.geteuid() == 0
    if was_root:
        for path in (folder, folder / "tasks", folder / "helpers"):
            os.chown(path, NOBODY, NOBODY)
        os.seteuid(NOBODY)
    try:
        yield folder
    finally:
        if was_root:
            os.seteuid(0)
        shutil.rmtree(folder)
