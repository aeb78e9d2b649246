"""Jitter, holidays, first and last days, and what becomes of missed slots."""

from __future__ import annotations

from tests.refusals.row import Row, block, file, key

_DATES = "such as 2027-01-01 or 2027-01-01 09:00"
_CALENDAR = (
    "calendar must be a country's code such as DE or DE-BY, or a file of the project that ends in .ics or .txt and has no "
    "space in its path"
)

ROWS: tuple[Row, ...] = (
    key(
        "jitter-words",
        "jitter: 5 minutes",
        "5: error: jitter must be a whole number, not the text '5 minutes': write 300, in seconds",
    ),
    key(
        "jitter-share",
        "jitter: 0.2",
        "5: error: jitter must be a whole number, not the number 0.2: write digits, such as 60",
    ),
    key("jitter-long", "jitter: 100000", "5: error: jitter must be from 0 to 86,400 seconds (1 day), not 100000"),
    key("jitter-fresh-alone", "jitter: {fresh: true}", "5: error: jitter has no up_to: write {up_to: 60, fresh: true}"),
    key(
        "jitter-part",
        "jitter: {up_to: 60, random: true}",
        "5: error: jitter: unknown part 'random': it has up_to and fresh",
    ),
    file(
        "jitter-of-an-event",
        '"""\n---\ntitle: Report\ndescription: Counts\nschedule: at startup\njitter: 60\n---\n"""\n',
        "6: warning: jitter has no effect: 'at startup' has no slots by the clock to delay",
        wrote="schedule: at startup\njitter: 60",
    ),
    key(
        "missed-word",
        "missed: catch_up",
        "5: error: missed must be once, skip or all, not the text 'catch_up', did you mean 'all'?",
    ),
    key("missed-truth", "missed: false", "5: error: missed must be once, skip or all, not false, did you mean 'skip'?"),
    key(
        "window-word",
        "missed_window: a day",
        "5: error: missed_window must be whole seconds or a duration such as \"36 h\", not the text 'a day'",
    ),
    key(
        "window-quoted",
        'missed_window: "3600"',
        (
            "5: error: missed_window must be whole seconds or a duration such as \"36 h\", not the text '3600': "
            "write 3600 without quotes"
        ),
    ),
    key(
        "window-long",
        "missed_window: 2 years",
        ("5: error: missed_window must be whole seconds or a duration such as \"36 h\", not the text '2 years'"),
    ),
    key(
        "starts-no-day",
        "starts: 2027-02-30",
        f"5: error: starts must be a date that there is, {_DATES}, not the text '2027-02-30'",
    ),
    key(
        "starts-other-order",
        "starts: 01.01.2027",
        f"5: error: starts must be a date that there is, {_DATES}, not the text '01.01.2027'",
    ),
    key("starts-year", "starts: 2027", f"5: error: starts must be a date, {_DATES}, not the number 2027"),
    key(
        "ends-before",
        "starts: 2027-06-01\nends: 2027-01-01",
        "6: error: ends is before starts: 2027-01-01 comes before 2027-06-01",
    ),
    key(
        "ends-before-its-schedule",
        "schedule: every 5 minutes from 2028-01-01\nends: 2027-01-01",
        "5: error: 'every 5 minutes from 2028-01-01', with 'until 2027-01-01': it never fires, for it ends (2027-01-01) before it begins (2028-01-01)",
    ),
    key("calendar-small", "calendar: de-by", f"5: error: {_CALENDAR}, not the text 'de-by': did you mean DE-BY?"),
    key("calendar-language", "calendar: Germany", f"5: error: {_CALENDAR}, not the text 'Germany'"),
    key("calendar-elsewhere", "calendar: ../days.txt", f"5: error: {_CALENDAR}, not the text '../days.txt'"),
    key(
        "calendar-with-rule",
        "calendar: config/h.ics next_workday",
        "5: error: calendar is a country or a file alone, not the text 'config/h.ics next_workday': write `calendar: config/h.ics` and, in a line of its own, `on_holiday: next_workday`",
    ),
    key(
        "calendar-twice",
        "schedule: daily calendar DE\ncalendar: US",
        "5: warning: the schedule 'every day at 00:00 calendar DE skip' goes by its own calendar DE, not by the key calendar US: write it in one place",
    ),
    key(
        "calendar-two-rules",
        "schedule: daily calendar DE\ncalendar: DE\non_holiday: next_workday",
        "5: warning: the schedule 'every day at 00:00 calendar DE skip' goes by its own DE skip, not by the key on_holiday next_workday: write it in one place",
    ),
    key(
        "holiday-key",
        "holiday: DE",
        "5: error: unknown key 'holiday', did you mean 'calendar'? What happens on a holiday says 'on_holiday', such as next_workday",
    ),
    key(
        "holiday-word",
        "calendar: DE\non_holiday: next",
        (
            "6: error: on_holiday must be skip, next_workday or previous_workday, not the text 'next', "
            "did you mean 'next_workday'?"
        ),
    ),
    key(
        "holiday-without-calendar",
        "on_holiday: next_workday",
        "5: warning: on_holiday has no effect without a calendar: add `calendar: …`, such as DE-BY",
    ),
    block(
        "starts-with-zone",
        "[tool.task-scheduler]\nstarts = 2027-01-01T09:00:00Z",
        ("6: error: starts is the reading of the clock in the task's time zone: leave out the zone, and see timezone"),
    ),
)
