"""The real clock."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime


class SystemClock:
    """The machine's own clocks; implements `ports.Clock`."""

    def now(self) -> datetime:
        """Return the wall clock's moment, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that never run backwards and stand still in suspend."""
        return time.monotonic()

    def boottime(self) -> float:
        """Return seconds that never run backwards and go on in suspend, where the system tells."""
        boottime = getattr(time, "CLOCK_BOOTTIME", None)
        return time.monotonic() if boottime is None else time.clock_gettime(boottime)

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds` of monotonic time; at once for zero or less."""
        await asyncio.sleep(max(0.0, seconds))
