"""Bounds a person sets for all runs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerLimits:
    """Bounds that hold for every run whose task declares no other."""

    max_concurrent: int  #: attempts executing at once, of all tasks
    kill_grace: float  #: seconds between TERM and KILL
    output_limit: int  #: bytes of output kept of one attempt
    log_level: str = "INFO"  #: what the helpers of tasks leave out is below it
