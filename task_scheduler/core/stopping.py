"""How a scheduler is told to end, and what a second telling makes of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never


class StopMode(StrEnum):
    """What becomes of the runs under way when the scheduler ends."""

    LEAVE = "leave"  # they go on without it, and the next one takes them over
    DRAIN = "drain"  # it waits for them, and starts nothing meanwhile
    KILL = "kill"  # it ends them first


@dataclass(frozen=True, slots=True, kw_only=True)
class StopOrder:
    """How to end."""

    mode: StopMode = StopMode.LEAVE
    patience: float | None = None  #: seconds a drain waits before the runs are left; None: as long as it takes
    grace: float | None = None  #: of a kill, seconds between TERM and KILL; None: each run's own
    is_restart: bool = False  #: whether a new program takes this one's place afterwards

    @property
    def about_runs(self) -> str:
        """What becomes of the runs under way, as part of a sentence."""
        match self.mode:
            case StopMode.LEAVE:
                return "runs under way go on"
            case StopMode.DRAIN:
                limit = "" if self.patience is None else f", at most {self.patience:g} s"
                return f"runs under way are waited for{limit}"
            case StopMode.KILL:
                return "runs under way are ended"
            case _:
                assert_never(self.mode)

    def hurried(self) -> StopOrder | None:
        """Return what is left to do when it is told again to end; None: nothing, it ends at once."""
        match self.mode:
            case StopMode.DRAIN:
                return replace(self, mode=StopMode.LEAVE, patience=None)
            case StopMode.KILL if self.grace is None or self.grace > 0:
                return replace(self, grace=0.0)
            case StopMode.KILL:
                return replace(self, mode=StopMode.LEAVE, grace=None)
            case StopMode.LEAVE:
                return None
            case _:
                assert_never(self.mode)
