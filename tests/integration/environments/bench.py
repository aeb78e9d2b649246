"""What tests of environments work on."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from task_scheduler.environments.inspection import Call
from task_scheduler.environments.provider import Environments, environments

REPOSITORY = Path(__file__).parents[3]


def record_calls(
    calls: Sequence[Call],
    *,
    seed: str,
    saved_at: datetime | None,
) -> tuple[str, str | None, tuple[str, ...]]:
    """Judge a chain by writing it down, so that tests see what arrived."""
    return ".".join(name + repr((*args, *kwargs.items())) for name, args, kwargs in calls), None, ()


@dataclass
class Bench:
    """A project folder, a folder of tiny wheels, and providers that see nothing else."""

    folder: Path
    shared: Path = Path("/nowhere")  #: environments that several tests use, and none changes
    notices: list[str] = field(default_factory=list)

    @property
    def root(self) -> Path:
        return self.folder / "project"

    @property
    def wheels(self) -> Path:
        return self.folder / "wheels"

    @property
    def environments(self) -> Path:
        return self.root / "data" / "environments"

    @property
    def variables(self) -> dict[str, str]:
        """Variables without any index setting of the machine, and with caches of their own."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_"))}
        caches = {"UV_CACHE_DIR": str(self.folder / "uv-cache"), "PIP_CACHE_DIR": str(self.folder / "pip-cache")}
        return {**kept, **caches, "PIP_CONFIG_FILE": os.devnull, "UV_NO_CONFIG": "1"}

    def provider(self, **options: Any) -> Environments:
        """Make a provider whose only index is the folder of wheels, unless an option says otherwise."""
        defaults: dict[str, Any] = {
            "folder": self.environments,
            "root": self.root,
            "lib": REPOSITORY,
            "judge": record_calls,
            "variables": self.variables,
            "index_arguments": ["--no-index", "--find-links", str(self.wheels)],
            "notice": self.notices.append,
        }
        return environments(**(defaults | options))
