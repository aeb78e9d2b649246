"""Times of day that need not be written out one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload


@dataclass(frozen=True, slots=True)
class TimesOfDay(Sequence[int]):
    """Each of some hours with each of some minutes and seconds, in seconds after midnight, ascending.

    Each is worked out when asked for: all 86,400 of them take no more room than the three fields.
    """

    hours: Sequence[int]  #: ascending, at least one, and so the minutes and the seconds
    minutes: Sequence[int]
    seconds: Sequence[int]

    @overload
    def __getitem__(self, index: int) -> int: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[int]: ...
    def __getitem__(self, index: int | slice) -> int | Sequence[int]:
        places = range(len(self))[index]
        if isinstance(places, range):
            return tuple(self[place] for place in places)
        minute_of_day, second = divmod(places, len(self.seconds))
        hour, minute = divmod(minute_of_day, len(self.minutes))
        return self.hours[hour] * 3_600 + self.minutes[minute] * 60 + self.seconds[second]

    def __len__(self) -> int:
        return len(self.hours) * len(self.minutes) * len(self.seconds)
