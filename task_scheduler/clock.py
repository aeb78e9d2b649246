"""The real clock."""

from __future__ import annotations

import asyncio
import select
import time
from datetime import UTC, datetime

#: How much too late an event loop may wake, in seconds: it counts milliseconds, and rounds up.
_COARSE = 0.002


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

    async def sleep(self, seconds: float, *, exact: bool = False) -> None:
        """Return after `seconds` of monotonic time; at once for zero or less; `exact` to some ten microseconds."""
        if not exact:
            await asyncio.sleep(max(0.0, seconds))
            return
        end = time.monotonic() + seconds
        await asyncio.sleep(max(0.0, seconds - _COARSE))
        # So short that nobody else would get on. Not time.sleep(), which waits for an instant: where the clocks of a test
        # are shifted, that may be far off.
        select.select([], [], [], min(max(0.0, end - time.monotonic()), _COARSE))
