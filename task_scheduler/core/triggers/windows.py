"""Windows: the part of each day in which a schedule may be due."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

from task_scheduler.core.triggers.pattern import DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Times of day from `begin` through `end`, in seconds after midnight, both included.

    With a begin after its end it wraps around midnight: both parts of the calendar day are in it.
    """

    begin: int
    end: int

    def first_from(self, wall: int) -> int:
        """Return the first wall reading in the window that is `wall` or later."""
        if self.has(wall):
            return wall
        day, second = divmod(wall, DAY)
        return (day if second <= self.begin else day + 1) * DAY + self.begin

    def last_until(self, wall: int) -> int:
        """Return the last wall reading in the window that is `wall` or earlier."""
        if self.has(wall):
            return wall
        day, second = divmod(wall, DAY)
        return (day if second >= self.end else day - 1) * DAY + self.end

    def has(self, wall: int) -> bool:
        """Whether a wall reading is in the window."""
        second = wall % DAY
        if self.begin <= self.end:
            return self.begin <= second <= self.end
        return second >= self.begin or second <= self.end

    def parts(self) -> Sequence[tuple[int, int]]:
        """Return the window within one calendar day as ranges of seconds [begin, end), ascending."""
        if self.begin <= self.end:
            return ((self.begin, self.end + 1),)
        return ((0, self.end + 1), (self.begin, DAY)) if self.begin > self.end + 1 else ((0, DAY),)

    def cut(self, times: Sequence[int]) -> Sequence[int]:
        """Return those of ascending times of day that are in the window."""
        if self.begin <= self.end:
            return _Chosen(times, range(bisect_left(times, self.begin), bisect_right(times, self.end)), range(0))
        head = bisect_right(times, self.end)
        return _Chosen(times, range(head), range(bisect_left(times, self.begin, head), len(times)))


class _Chosen(Sequence[int]):
    """Two pieces of a sequence as one; the items are not copied, for they may be all seconds of a day."""

    __slots__ = ("_first", "_second", "_times")

    def __init__(self, times: Sequence[int], first: range, second: range) -> None:
        self._times = times
        self._first = first
        self._second = second

    def __len__(self) -> int:
        return len(self._first) + len(self._second)

    @overload
    def __getitem__(self, index: int) -> int: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[int]: ...
    def __getitem__(self, index: int | slice) -> int | Sequence[int]:
        if isinstance(index, slice):
            return tuple(self[place] for place in range(len(self))[index])
        place = range(len(self))[index]
        first = len(self._first)
        return self._times[self._first[place] if place < first else self._second[place - first]]
