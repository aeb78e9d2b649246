"""Where holidays come from: countries, by the package holidays, and files of the project (.ics, .txt)."""

from task_scheduler.calendars.holiday_calendars import HolidayCalendars

__all__ = ["HolidayCalendars"]
