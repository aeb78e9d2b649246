"""Public holidays of countries and their parts, from the package holidays, which is imported when one is used."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

from task_scheduler.core.errors import TriggerError, did_you_mean

if TYPE_CHECKING:
    from holidays import HolidayBase

_EPOCH = date(1970, 1, 1).toordinal()

#: The letters of a part of a country; the package knows a few by longer names too, which no schedule can say.
PART = "[A-Z0-9]{1,4}"


def country_calendar(country: str, part: str | None) -> CountryCalendar:
    """Return the calendar of a country by its two letters, or of a part of it; raises TriggerError."""
    try:
        import holidays
    except ModuleNotFoundError:
        raise TriggerError(
            f"calendar '{_name(country, part)}' needs the package holidays: install requirements.txt"
        ) from None
    parts = holidays.list_supported_countries(include_aliases=False)
    if country not in parts:
        countries = [name for name in parts if len(name) == _LETTERS]
        raise TriggerError(
            f"no calendar '{_name(country, part)}'{did_you_mean(country, countries)}: "
            f"{country_stamp()} has no country '{country}'"
        )
    if part is not None and part not in parts[country]:
        there = ", ".join(f"'{name}'" for name in parts[country] if re.fullmatch(PART, name))
        raise TriggerError(
            f"no calendar '{country}-{part}': "
            + (f"the parts of '{country}' are {there}" if there else f"'{country}' has no parts")
        )
    return CountryCalendar(country, part)


def country_stamp() -> str:
    """Return what the holidays of all countries depend on."""
    return f"holidays {importlib.metadata.version('holidays')}"


_LETTERS = 2
#: Any year tells a country's weekend of today.
_RECENT = 2026


def _name(country: str, part: str | None) -> str:
    return country if part is None else f"{country}-{part}"


class CountryCalendar:
    """The public holidays of a country or a part of it, found year by year."""

    def __init__(self, country: str, part: str | None) -> None:
        self._country = country
        self._part = part
        self._years: dict[int, tuple[frozenset[int], Mapping[int, str]]] = {}
        #: The days of the week on which nobody works, 0 for Monday: where the country rests on other days, those.
        self.weekend = frozenset(self._holidays(_RECENT).weekend)

    def days_off(self, year: int) -> frozenset[int]:
        """Return the public holidays of a year, as days since 1970-01-01; a year nobody knows has none."""
        return self._days_off(year)[0]

    def names(self, day: int) -> str:
        """Return what the holiday of a day is called; empty: it is none."""
        year = date.fromordinal(day + _EPOCH).year
        return self._days_off(year)[1].get(day, "")

    def _days_off(self, year: int) -> tuple[frozenset[int], Mapping[int, str]]:
        if year not in self._years:
            found = self._holidays(year).items()
            names = {day.toordinal() - _EPOCH: name for day, name in found if day.year == year}
            self._years[year] = (frozenset(names), names)
        return self._years[year]

    def _holidays(self, year: int) -> HolidayBase:
        import holidays

        return holidays.country_holidays(self._country, subdiv=self._part, years=year, expand=False)
