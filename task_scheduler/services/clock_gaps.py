"""Times at which nobody could look, on their way to the record: they explain slots that are late or missed."""

from __future__ import annotations

from task_scheduler.core.clocks import ClockGap, add_gap
from task_scheduler.core.errors import StoreError
from task_scheduler.ports import StateStore


class ClockGaps:
    """Puts gaps on record when the store takes them; nothing waits for them."""

    def __init__(self, state: StateStore) -> None:
        self._state = state
        self._noted: list[tuple[str, ClockGap]] = []

    def note(self, name: str, gap: ClockGap) -> None:
        """Have a gap put on record under this name, one of `core.clocks`."""
        self._noted.append((name, gap))

    async def record(self) -> None:
        """Put on record what was noted; what the store does not take is tried with the next call."""
        while self._noted:
            name, gap = self._noted[0]
            try:
                await self._state.put(name, add_gap(await self._state.get(name), gap))
            except StoreError:
                return
            del self._noted[0]
