"""Intervals that vary: `every 5 to 10 minutes`, `every 2 to 4 days at 10:30`.

The calendar is cut into blocks, each of which begins with a slot; the gaps within are drawn from a hash of the
seed and the block's number. So what is due at a moment depends on the moment alone: not on when a process
started, nor on what ran before. Every gap is a whole number of units from the least to the most, also the last
of a block.

- Seconds, minutes and hours have blocks of an hour where the longest gap fits into it at least four times, of a
  day where it fits so into that, and of 64 times the longest gap otherwise or where no sum of gaps is a whole
  block (every 11 to 11 minutes).
- Days have blocks of 64 times the longest gap from 1970-01-01, weeks from Monday 1970-01-05.

A seed has 64 layouts of a block, between which a block's number decides: enough that no person sees a pattern,
and few enough to count the slots of years.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b, shake_128

from task_scheduler.core.triggers.days import FIRST_DAY, LAST_DAY
from task_scheduler.core.triggers.pattern import DAY, Pattern, Readings

_HOUR = 3_600
#: The longest gap fits at least so often into a block of an hour or a day.
_FITS = 4
#: Longer blocks are so many of the longest gap.
_LONG_BLOCK = 64
_LAYOUTS = 64
#: Blocks that are counted together.
_ROW = 256
#: The day 1970-01-05 was the first Monday.
_FIRST_MONDAY = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class VaryingGrid:
    """Whole numbers with gaps from `low` to `high` between neighbours."""

    low: int  #: 1 or more
    high: int  #: `low` or more
    block: int  #: length of a block; a sum of such gaps
    seed: str

    def first_from(self, place: int) -> int:
        """Return the first number of the grid that is `place` or later."""
        number, inside = divmod(place, self.block)
        layout = self._layout(number)
        position = bisect_left(layout, inside)
        return number * self.block + layout[position] if position < len(layout) else (number + 1) * self.block

    def last_until(self, place: int) -> int:
        """Return the last number of the grid that is `place` or earlier."""
        number, inside = divmod(place, self.block)
        layout = self._layout(number)
        return number * self.block + layout[bisect_right(layout, inside) - 1]

    def count(self, begin: int, end: int) -> int:
        """Return how many numbers of the grid are in [begin, end)."""
        if begin >= end:
            return 0
        first, inside = divmod(begin, self.block)
        last, inside_last = divmod(end, self.block)
        total = self._count_by_rows(first, last)
        return total - bisect_left(self._layout(first), inside) + bisect_left(self._layout(last), inside_last)

    def _layout(self, number: int) -> Sequence[int]:
        [choice] = _choices(self.seed, number, number + 1)
        return self._laid_out(choice)

    def _laid_out(self, choice: int) -> Sequence[int]:
        return _lay_out(self.low, self.high, self.block, f"{self.seed} {choice}")

    def _count_by_rows(self, first: int, end: int) -> int:
        """Return the same as `count_blocks`; what rows of them have is kept at hand."""
        begin_row, end_row = -(-first // _ROW), end // _ROW
        if begin_row >= end_row:
            return self.count_blocks(first, end)
        rows = sum(_count_row(self, row) for row in range(begin_row, end_row))
        return self.count_blocks(first, begin_row * _ROW) + rows + self.count_blocks(end_row * _ROW, end)

    def count_blocks(self, first: int, end: int) -> int:
        """Return how many numbers of the grid the blocks from `first` to before `end` have."""
        whole = Counter(_choices(self.seed, first, end))
        return sum(times * len(self._laid_out(choice)) for choice, times in whole.items())


def _choices(seed: str, first: int, end: int) -> list[int]:
    """Return which layout each block from `first` to before `end` has."""
    key = seed.encode()[:64]
    return [blake2b(b"%d" % number, digest_size=1, key=key).digest()[0] % _LAYOUTS for number in range(first, end)]


@lru_cache(maxsize=8_192)
def _count_row(grid: VaryingGrid, row: int) -> int:
    """Return how many numbers of a grid a row of blocks has: years of hours are counted again and again."""
    return grid.count_blocks(row * _ROW, (row + 1) * _ROW)


@lru_cache(maxsize=1_024)
def _lay_out(low: int, high: int, block: int, seed: str) -> Sequence[int]:
    """Return the places within a block, from 0 on, at which something is due."""
    places = array("I")
    draws = shake_128(f"{seed} {low} {high} {block}".encode()).digest(4 * (block // low + 1))
    place = 0
    while place < block:
        drawn = int.from_bytes(draws[4 * len(places) : 4 * len(places) + 4])
        places.append(place)
        place += _gap(low, high, block - place, drawn)
    return places


def _gap(low: int, high: int, rest: int, drawn: int) -> int:
    """Return the drawn gap, or the next one that leaves a rest which is a sum of gaps."""
    choices = high - low + 1
    return next(
        gap for gap in (low + (drawn + more) % choices for more in range(choices)) if _is_sum(low, high, rest - gap)
    )


def _is_sum(low: int, high: int, length: int) -> bool:
    """Whether some number of gaps from `low` to `high` makes a length."""
    return length >= 0 and -(-length // high) * low <= length


@dataclass(frozen=True, slots=True, kw_only=True)
class VaryingDays:
    """Days with gaps of so many days or weeks as a grid says."""

    grid: VaryingGrid
    unit: int  #: days: 1 or 7
    phase: int  #: the day that is number 0

    def first_from(self, day: int) -> int | None:
        """Return the first day of the set that is `day` or later; None past LAST_DAY."""
        found = self.grid.first_from(-((self.phase - max(day, FIRST_DAY)) // self.unit)) * self.unit + self.phase
        return found if found <= LAST_DAY else None

    def last_until(self, day: int) -> int | None:
        """Return the last day of the set that is `day` or earlier; None before FIRST_DAY."""
        found = self.grid.last_until((min(day, LAST_DAY) - self.phase) // self.unit) * self.unit + self.phase
        return found if found >= FIRST_DAY else None

    def count(self, first: int, end: int) -> int:
        """Return how many days of the set are in [first, end)."""
        first, end = max(first, FIRST_DAY), min(end, LAST_DAY + 1)
        return self.grid.count(-((self.phase - first) // self.unit), -((self.phase - end) // self.unit))


@dataclass(frozen=True, slots=True, kw_only=True)
class VaryingParts:
    """Wall readings with gaps of so many seconds, minutes or hours as a grid says."""

    grid: VaryingGrid
    unit: int  #: seconds
    at: int  #: seconds after each whole unit

    @property
    def is_fixed(self) -> bool:
        """They follow the wall clock through time changes, as all parts of a day do."""
        return False

    def first_from(self, wall: int) -> int | None:
        """Return the first due reading that is `wall` or later; None when the calendar ends before."""
        found = self.grid.first_from(-((self.at - max(wall, FIRST_DAY * DAY)) // self.unit)) * self.unit + self.at
        return found if found < (LAST_DAY + 1) * DAY else None

    def last_until(self, wall: int) -> int | None:
        """Return the last due reading that is `wall` or earlier; None when the calendar begins after."""
        found = self.grid.last_until((min(wall, (LAST_DAY + 1) * DAY - 1) - self.at) // self.unit) * self.unit + self.at
        return found if found >= FIRST_DAY * DAY else None

    def count(self, begin: int, end: int) -> int:
        """Return how many due readings are in [begin, end)."""
        begin, end = max(begin, FIRST_DAY * DAY), min(end, (LAST_DAY + 1) * DAY)
        return self.grid.count(-((self.at - begin) // self.unit), -((self.at - end) // self.unit))


def varying_days(low: int, high: int, *, week: bool, at: int, seed: str, weekday: int = 0) -> Readings:
    """Return the readings of `every LOW to HIGH days at TIME` or, with `week`, `weeks`.

    `at` is the time of day in seconds. Weeks are counted from Mondays, or from another `weekday` (0 = Monday).
    """
    grid = VaryingGrid(low=low, high=high, block=_LONG_BLOCK * high, seed=seed)
    days = VaryingDays(grid=grid, unit=7 if week else 1, phase=_FIRST_MONDAY + weekday if week else 0)
    return Pattern(times=(at,), days=days, is_fixed=True)


def varying_parts(low: int, high: int, unit: int, *, at: int = 0, seed: str) -> Readings:
    """Return the readings of `every LOW to HIGH units`, with a unit of 1, 60 or 3,600 seconds.

    `at` is counted in seconds from each whole unit on and is less than a unit.
    """
    blocks = (length // unit for length in (_HOUR, DAY))
    fitting = (block for block in blocks if block >= _FITS * high and _is_sum(low, high, block))
    grid = VaryingGrid(low=low, high=high, block=next(fitting, _LONG_BLOCK * high), seed=seed)
    return VaryingParts(grid=grid, unit=unit, at=at)
