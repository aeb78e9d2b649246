"""What a person is told who names a task or its file, and neither is there."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from task_scheduler.core.errors import NoSuchFile, UnknownTask
from task_scheduler.typed_paths import why_no_file

_SUFFIX = ".py"


def not_found(text: str, known: Iterable[str], *, here: Path, folders: Sequence[Path]) -> UnknownTask:
    """Return the error for what names neither a file, from `here` or one of `folders`, nor a task; `known` are ids."""
    for path in (here / text, *(folder / text for folder in folders)):
        if os.path.lexists(path):
            return NoSuchFile(text, why=why_no_file(path) or "its name does not end in .py")
    return NoSuchFile(text, known) if text.endswith(_SUFFIX) else UnknownTask(text, known)
