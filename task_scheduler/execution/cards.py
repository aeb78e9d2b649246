"""The card of a host: what proves which process it is; the text of every attempt's placement."""

from __future__ import annotations

import json
from dataclasses import dataclass

from task_scheduler.execution import processes


@dataclass(frozen=True, slots=True, kw_only=True)
class HostCard:
    """Who a host is, for as long as its attempts are on record."""

    host: str  #: its id, and the name of its folder; unique for ever
    pid: int | None  #: None: it could not be started
    start: int | None  #: of the process, in clock ticks since the boot
    boot: str

    @classmethod
    def parse(cls, text: str) -> HostCard:
        """Read what `text` wrote; raises ValueError for anything else."""
        said = json.loads(text)
        if not isinstance(said, dict) or not isinstance(said.get("host"), str):
            raise ValueError(f"not the placement of an attempt: {text!r}")  # noqa: TRY004 - of text, not of a type
        return cls(host=said["host"], pid=said.get("pid"), start=said.get("start"), boot=said.get("boot", ""))

    def text(self) -> str:
        """Return it as one line of JSON."""
        return json.dumps({"host": self.host, "pid": self.pid, "start": self.start, "boot": self.boot})

    def is_alive(self) -> bool:
        """Whether this very process lives; a zombie is dead, and so is all of another boot."""
        if self.pid is None or self.start is None or self.boot != processes.boot_id():
            return False
        return processes.is_alive(self.pid, self.start)
