"""Holidays that a file lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date

_EPOCH = date(1970, 1, 1).toordinal()

#: The holidays of a year with their names; a name may be empty.
DaysOfYear = Callable[[int], Mapping[date, str]]


class FileCalendar:
    """The holidays of a file, by year; its weekend is Saturday and Sunday."""

    weekend = frozenset({5, 6})

    def __init__(self, sources: Sequence[DaysOfYear]) -> None:
        self._sources = sources
        self._years: dict[int, tuple[frozenset[int], Mapping[int, str]]] = {}

    def days_off(self, year: int) -> frozenset[int]:
        """Return the holidays of a year, as days since 1970-01-01."""
        return self._days_off(year)[0]

    def names(self, day: int) -> str:
        """Return what the holidays of a day are called; empty: it is none, or has no name."""
        return self._days_off(date.fromordinal(day + _EPOCH).year)[1].get(day, "")

    def _days_off(self, year: int) -> tuple[frozenset[int], Mapping[int, str]]:
        if year not in self._years:
            names: dict[int, list[str]] = {}
            for source in self._sources:
                for day, name in source(year).items():
                    names.setdefault(day.toordinal() - _EPOCH, []).append(name)
            said = {day: ", ".join(dict.fromkeys(filter(None, called))) for day, called in names.items()}
            self._years[year] = (frozenset(said), said)
        return self._years[year]
