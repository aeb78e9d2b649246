"""Schedules that cannot be meant, in words, in cron text and by decorators."""

from __future__ import annotations

from tests.refusals.row import Row, code, key

#: How a sentence about parameters ends.
_OFFERED = (
    "a run offers scheduled_time, window_start, window_end, attempt, changed and reason, and other arguments stand in "
    "@repeat(…, name=value)"
)


def words(row_id: str, text: str, *said: str, did: str = "") -> Row:
    """A schedule in the frontmatter."""
    quote = "'" if "'" not in text else '"'
    return key(row_id, f"schedule: {quote}{text}{quote}", *said, did=did)


def chain(row_id: str, schedule: str, *said: str) -> Row:
    """A schedule by decorator, in line 8."""
    return code(row_id, f"@repeat({schedule})\ndef start():\n    pass", *said)


TYPES: tuple[Row, ...] = (
    key(
        "schedule-number",
        "schedule: 5",
        '5: error: schedule must be text or a list of texts, not the number 5: write "every 5 minutes"',
    ),
    key(
        "schedule-true",
        "schedule: true",
        '5: error: schedule must be text or a list of texts, not true: write "every 5 minutes"',
    ),
    key("schedule-empty", "schedule:", "5: error: schedule has no value: give it one, or remove the line"),
    key(
        "schedule-empty-text",
        'schedule: ""',
        "5: error: schedule: the schedule is empty: write words such as 'every 5 minutes', or cron text",
    ),
    key(
        "schedule-empty-list",
        "schedule: []",
        "5: error: schedule is an empty list: write a schedule, or remove the line",
    ),
    key(
        "schedule-list-of-numbers",
        "schedule: [5]",
        "5: error: schedule[0] must be text, not the number 5: put it in quotes",
    ),
    key(
        "schedule-list-of-null", "schedule:\n  -", "6: error: schedule[0] has no value: give it one, or remove the line"
    ),
    key(
        "schedule-mapping",
        "schedule: {every: 5 minutes}",
        '5: error: schedule must be text or a list of texts, not a mapping: write "every 5 minutes"',
    ),
    key(
        "schedule-list-of-mappings",
        "schedule:\n  - every: 5 minutes",
        "6: error: schedule[0] must be text, not a mapping",
    ),
    key(
        "schedule-one-of-two",
        "schedule: [hourly, every fortnight]",
        "5: error: schedule: 'every fortnight': unknown word 'fortnight': write words such as 'every 5 minutes' or 'daily at 10:30', or cron text",
    ),
    key(
        "schedule-twice",
        "schedule: [daily, every day]",
        "5: warning: 'start' has the schedule 'every day at 00:00' already in line 5: it runs once for both",
    ),
    key(
        "schedule-time", "schedule: 10:30", "5: error: schedule: '10:30' cannot be read, did you mean 'daily at 10:30'?"
    ),
)

WORDS: tuple[Row, ...] = (
    words(
        "words-unknown",
        "every fortnight",
        "5: error: schedule: 'every fortnight': unknown word 'fortnight': write words such as 'every 5 minutes' or 'daily at 10:30', or cron text",
    ),
    words(
        "words-slip",
        "every 5 minuts",
        "5: error: schedule: 'every 5 minuts': unknown word 'minuts', did you mean 'minutes'?",
    ),
    words(
        "words-german",
        "jeden Tag um 10:30",
        "5: error: schedule: 'jeden Tag um 10:30': unknown word 'jeden': write words such as 'every 5 minutes' or 'daily at 10:30', or cron text",
    ),
    words(
        "words-zero",
        "every 0 minutes",
        "5: error: schedule: 'every 0 minutes': an interval is a whole number, 1 or more",
    ),
    words(
        "words-negative",
        "every -5 minutes",
        "5: error: schedule: 'every -5 minutes': an interval is a whole number, 1 or more",
    ),
    words(
        "words-fraction",
        "every 1.5 hours",
        "5: error: schedule: 'every 1.5 hours': an interval is a whole number, 1 or more",
    ),
    words(
        "words-comma",
        "every 1,5 hours",
        "5: error: schedule: 'every 1,5 hours': an interval is a whole number, 1 or more",
    ),
    words(
        "words-no-unit",
        "every 5",
        "5: error: schedule: 'every 5' cannot be read: write words such as 'every 5 minutes' or 'daily at 10:30', or cron text",
    ),
    words(
        "words-no-every", "5 minutes", "5: error: schedule: '5 minutes' cannot be read, did you mean 'every 5 minutes'?"
    ),
    words(
        "words-short-unit",
        "every 5m",
        "5: error: schedule: 'every 5m': unknown word '5m': write words such as 'every 5 minutes' or 'daily at 10:30', or cron text",
    ),
    words("words-singular", "every 5 minute", "5: error: schedule: 'every 5 minute': write 'every 5 minutes'"),
    words(
        "words-plural",
        "every minutes",
        "5: error: schedule: 'every minutes': write 'every minute', or how many minutes",
    ),
    words(
        "words-too-many-hours",
        "every 48 hours",
        "5: error: schedule: 'every 48 hours': longer than a day, count in days: every 2 days",
    ),
    words(
        "words-too-many-minutes",
        "every 2000 minutes",
        "5: error: schedule: 'every 2000 minutes': longer than a day, count in days: every day or every 2 days",
    ),
    words(
        "words-enormous",
        "every 99999999999999999999 days",
        "5: error: schedule: 'every 99999999999999999999 days': more than a hundred years apart, write a shorter interval",
    ),
    words(
        "words-monthly",
        "monthly",
        "5: error: schedule: 'monthly': 'monthly' cannot be said in words, write cron text such as '@monthly'",
    ),
    words(
        "words-weekdays",
        "every weekend at 09:00",
        "5: error: schedule: 'every weekend at 09:00': write such as 'daily at 09:00 on weekends'",
    ),
    words(
        "words-clause-twice",
        "every 5 minutes on mon on fri",
        "5: error: schedule: 'every 5 minutes on mon on fri': 'on' is said twice: give each its own schedule",
    ),
    words(
        "words-until-time",
        "every 5 minutes until 18:30",
        "5: error: schedule: 'every 5 minutes until 18:30': an end at 18:30 names no day: write a date too, or for every day 'between 00:00 and 18:30'",
    ),
    words(
        "words-until-before-from",
        "every 5 minutes from 2027-06-01 until 2027-01-01",
        "5: error: schedule: 'every 5 minutes from 2027-06-01 until 2027-01-01': it never fires, for it ends (2027-01-01) before it begins (2027-06-01)",
    ),
    words(
        "words-calendar",
        "daily calendar germany",
        "5: error: schedule: 'daily calendar germany': 'germany' is no calendar: write a country such as DE or DE-BY, or the path inside the project folder, without spaces, of a file that ends in .ics or .txt",
    ),
    words(
        "words-after-nothing",
        "after",
        "5: error: schedule: 'after': write which task, such as 'other_task'",
    ),
    words("words-time", "10:30", "5: error: schedule: '10:30' cannot be read, did you mean 'daily at 10:30'?"),
    words("words-time-missing", "daily at", "5: error: schedule: 'daily at': a time is missing after 'at'"),
    words(
        "words-time-twelve",
        "daily at 9am",
        "5: error: schedule: 'daily at 9am': '9am' is no time of day, write HH:MM or HH:MM:SS, such as '09:30'",
    ),
    words(
        "words-time-beyond",
        "daily at 25:00",
        "5: error: schedule: 'daily at 25:00': '25:00' is no time of day, write HH:MM or HH:MM:SS, such as '09:30'",
    ),
    words(
        "words-time-minutes",
        "daily at 10:75",
        "5: error: schedule: 'daily at 10:75': '10:75' is no time of day, write HH:MM or HH:MM:SS, such as '09:30'",
    ),
    words(
        "words-time-point",
        "daily at 10.30",
        "5: error: schedule: 'daily at 10.30': '10.30' is no time of day, write HH:MM or HH:MM:SS, such as '09:30'",
    ),
    words(
        "words-time-zone",
        "daily at 10:30 Europe/Berlin",
        "5: error: schedule: 'daily at 10:30 Europe/Berlin': 'Europe/Berlin' cannot follow the time '10:30': hours are 00 to 23, a time zone goes into the key 'timezone'",
    ),
    words(
        "words-time-twice",
        "daily at 10:30 and 11:30",
        "5: error: schedule: 'daily at 10:30 and 11:30': 'and 11:30' cannot follow the time '10:30': a schedule has one time, write a list of schedules, one for each, or cron text such as '30 10,11 * * *'",
    ),
    words(
        "words-week-of-month",
        "first monday at 09:00",
        "5: error: schedule: 'first monday at 09:00': weeks of a month cannot be said in words, write cron text such as '0 9 * * mon#1'",
    ),
    words(
        "words-clause-slip",
        "every 5 minutes betwen 08:00 and 18:00",
        "5: error: schedule: 'every 5 minutes betwen 08:00 and 18:00': unknown word 'betwen', did you mean 'between'?",
    ),
    words(
        "words-time-of-minutes",
        "every 5 minutes at 10:30",
        "5: error: schedule: 'every 5 minutes at 10:30': '10:30' is no time within a minute, write :SS, such as ':30'",
    ),
    words(
        "words-weekday-slip",
        "tusday at 10:30",
        "5: error: schedule: 'tusday at 10:30': unknown word 'tusday', did you mean 'tuesday'?",
    ),
    words(
        "words-second-monday",
        "every second monday",
        "5: error: schedule: 'every second monday' cannot be read: write words such as 'every 5 minutes' or 'daily at 10:30', or cron text",
    ),
    words(
        "words-no-break-space",
        "every\u00a05\u00a0minutes",
        "5: error: schedule: 'every\\xa05\\xa0minutes' contains a no-break space (U+00A0): write plain letters, digits and spaces",
        did="`every 5 minutes` with no-break spaces",
    ),
)

CRON: tuple[Row, ...] = (
    words(
        "cron-four-fields",
        "0 9 * *",
        "5: error: schedule: cron text '0 9 * *' has 4 fields: write five (minute, hour, day of month, month, day of week), six with seconds first, or words such as 'every 5 minutes'",
    ),
    words(
        "cron-seven-fields",
        "0 0 9 * * 1 2026",
        "5: error: schedule: cron text '0 0 9 * * 1 2026' ends with '2026', and years are no field: leave it out and write 'from 2026-01-01 until 2026-12-31' (the keys 'starts' and 'ends' say the same), or for a single time 'once at 2026-01-01 09:00'",
    ),
    words(
        "cron-year",
        "0 9 1 1 * 2027",
        "5: error: schedule: cron text '0 9 1 1 * 2027' ends with '2027', and years are no field: leave it out and write 'from 2027-01-01 until 2027-12-31' (the keys 'starts' and 'ends' say the same), or for a single time 'once at 2027-01-01 09:00'",
    ),
    words(
        "cron-every-year",
        "0 0 9 * * 1 *",
        "5: error: schedule: cron text '0 0 9 * * 1 *' has seven fields: years cannot be given, write five fields, or six with seconds first",
    ),
    words(
        "words-longer-than-a-century",
        "every 99999999999999 seconds",
        "5: error: schedule: 'every 99999999999999 seconds': more than a hundred years apart, write a shorter interval",
    ),
    words(
        "cron-minute", "60 * * * *", "5: error: schedule: minute '60' in '60 * * * *' is out of range: write 0 to 59"
    ),
    words("cron-hour", "0 24 * * *", "5: error: schedule: hour '24' in '0 24 * * *' is out of range: write 0 to 23"),
    words(
        "cron-day", "0 0 32 * *", "5: error: schedule: day of month '32' in '0 0 32 * *' is out of range: write 1 to 31"
    ),
    words(
        "cron-day-zero",
        "0 0 0 * *",
        "5: error: schedule: day of month '0' in '0 0 0 * *' is out of range: write 1 to 31",
    ),
    words("cron-month", "0 0 * 13 *", "5: error: schedule: month '13' in '0 0 * 13 *' is out of range: write 1 to 12"),
    words(
        "cron-weekday", "0 0 * * 8", "5: error: schedule: day of week '8' in '0 0 * * 8' is out of range: write 0 to 7"
    ),
    words(
        "cron-month-name",
        "0 0 1 janu *",
        "5: error: schedule: month 'janu' in '0 0 1 janu *' cannot be read, did you mean 'jan'?",
    ),
    words(
        "cron-weekday-name",
        "0 0 * * monday",
        "5: error: schedule: day of week 'monday' in '0 0 * * monday' cannot be read, did you mean 'mon'?",
    ),
    words(
        "cron-backward-weekdays",
        "0 9 * * sat-sun",
        "5: error: schedule: day of week 'sat-sun' in '0 9 * * sat-sun' runs backwards: write 'sat,sun'",
    ),
    words(
        "cron-backward-hours",
        "0 22-2 * * *",
        "5: error: schedule: hour '22-2' in '0 22-2 * * *' runs backwards: write '22-23,0-2'",
    ),
    words(
        "cron-backward-months",
        "0 0 1 nov-feb *",
        "5: error: schedule: month 'nov-feb' in '0 0 1 nov-feb *' runs backwards: write 'nov-dec,jan-feb'",
    ),
    words(
        "cron-star-number",
        "*5 * * * *",
        "5: error: schedule: minute '*5' in '*5 * * * *' cannot be read: write '*', a number from 0 to 59, a range such as '1-5', a step such as '*/2', or a list of these",
    ),
    words(
        "cron-two-stars",
        "** * * * *",
        "5: error: schedule: minute '**' in '** * * * *' cannot be read: write '*', a number from 0 to 59, a range such as '1-5', a step such as '*/2', or a list of these",
    ),
    words(
        "cron-underscore",
        "1_0 * * * *",
        "5: error: schedule: minute '1_0' in '1_0 * * * *' cannot be read: write '*', a number from 0 to 59, a range such as '1-5', a step such as '*/2', or a list of these",
    ),
    words(
        "cron-fraction",
        "5.0 * * * *",
        "5: error: schedule: minute '5.0' in '5.0 * * * *' cannot be read: write '*', a number from 0 to 59, a range such as '1-5', a step such as '*/2', or a list of these",
    ),
    words(
        "cron-negative",
        "-5 * * * *",
        "5: error: schedule: minute '-5' in '-5 * * * *' cannot be read: write '*', a number from 0 to 59, a range such as '1-5', a step such as '*/2', or a list of these",
    ),
    words("cron-step-zero", "*/0 * * * *", "5: error: schedule: minute '*/0' in '*/0 * * * *': a step is 1 or more"),
    words(
        "cron-step-too-large",
        "*/90 * * * *",
        "5: error: schedule: minute '*/90' in '*/90 * * * *': a step above 60 selects only the first value, write every 90 minutes",
    ),
    words(
        "cron-step-hours",
        "0 */25 * * *",
        "5: error: schedule: hour '*/25' in '0 */25 * * *': a step above 24 selects only the first value, write every day or every 2 days",
    ),
    words(
        "cron-step-missing",
        "*/ * * * *",
        "5: error: schedule: minute '*/' in '*/ * * * *' cannot be read: write '*', a number from 0 to 59, a range such as '1-5', a step such as '*/2', or a list of these",
    ),
    words(
        "cron-empty-item",
        "1,,2 * * * *",
        "5: error: schedule: minute '' in '1,,2 * * * *' cannot be read: write '*', a number from 0 to 59, a range such as '1-5', a step such as '*/2', or a list of these",
    ),
    words(
        "cron-question-mark",
        "0 0 ? * 1",
        "5: error: schedule: day of month '?' in '0 0 ? * 1' cannot be read: write '*'",
    ),
    words(
        "cron-last",
        "0 0 L-1 * *",
        "5: error: schedule: day of month 'L-1' in '0 0 L-1 * *' cannot be read: write 'L' for the last day, or days that every month has, such as '25'",
    ),
    words(
        "cron-hash-range",
        "0 0 * * MON-FRI#1",
        "5: error: schedule: day of week 'MON-FRI#1' in '0 0 * * MON-FRI#1' cannot be read: write each day with its own number, such as 'mon#1,tue#1'",
    ),
    words(
        "cron-hash-six",
        "0 0 * * 1#6",
        "5: error: schedule: day of week '1#6' in '0 0 * * 1#6': a month has a weekday four or five times, write '#1' to '#5', or '5L' for the last",
    ),
    words(
        "cron-last-weekday",
        "0 0 * * FRIL",
        "5: error: schedule: day of week 'FRIL' in '0 0 * * FRIL' cannot be read: write '5L'",
    ),
    words(
        "cron-star-beside-hash",
        "0 0 * * *,sat#3",
        "5: error: schedule: day of week '*,sat#3' in '0 0 * * *,sat#3': programs differ on '*' in a list with L, W or #, write the days that are meant",
    ),
    words(
        "cron-hashed-every",
        "H/1 * * * *",
        "5: error: schedule: minute 'H/1' in 'H/1 * * * *': a step of 1 leaves nothing to choose, write '*' for all or 'H' for one of them",
    ),
    words(
        "cron-second",
        "60 0 9 * * *",
        "5: error: schedule: second '60' in '60 0 9 * * *' is out of range: write 0 to 59",
    ),
    words(
        "cron-never-workday",
        "0 0 31W 4 *",
        "5: error: schedule: cron text '0 0 31W 4 *' never fires: no month it names has day 31",
    ),
    words(
        "cron-never-both",
        "0 0 29W 2 */6",
        "5: error: schedule: cron text '0 0 29W 2 */6' never fires: no date fits both its day of month and its day of week",
    ),
    words(
        "cron-never-february",
        "0 0 30 2 *",
        "5: error: schedule: cron text '0 0 30 2 *' never fires: no month it names has day 30",
    ),
    words(
        "cron-never-short-months",
        "0 0 31 4,6,9,11 *",
        "5: error: schedule: cron text '0 0 31 4,6,9,11 *' never fires: no month it names has day 31",
    ),
    words(
        "cron-full-width",
        "\uff10 9 * * *",
        "5: error: schedule: '\uff10 9 * * *' contains the character U+FF10: write plain letters, digits and spaces",
        did="a full-width zero in `0 9 * * *`",
    ),
    words(
        "cron-no-break-space",
        "0\u00a09 * * *",
        "5: error: schedule: '0\\xa09 * * *' contains a no-break space (U+00A0): write plain letters, digits and spaces",
        did="a no-break space in `0 9 * * *`",
    ),
    words("cron-nickname-slip", "@dayly", "5: error: schedule: no nickname '@dayly', did you mean '@daily'?"),
    words(
        "cron-command",
        "0 9 * * * /usr/bin/python report.py",
        "5: error: schedule: cron text '0 9 * * * /usr/bin/python report.py': '/usr/bin/python report.py' is no part of a schedule: write '0 9 * * *' alone, for what is run is the task file itself",
    ),
    words(
        "cron-system",
        "0 5 * * * root /x/y.sh",
        "5: error: schedule: cron text '0 5 * * * root /x/y.sh': 'root /x/y.sh' is no part of a schedule: write '0 5 * * *' alone, for what is run is the task file itself",
    ),
    words(
        "cron-clause-slip",
        "0 9 * * 1 calender DE",
        "5: error: schedule: cron text '0 9 * * 1 calender DE': 'calender' cannot stand here, did you mean 'calendar'?",
    ),
    words(
        "cron-enormous",
        f"{'9' * 40} * * * *",
        "5: error: schedule: minute '9999999999999999999999999999999999999999' in '9999999999999999999999999999999999999999 * * * *' is out of range: write 0 to 59",
    ),
    words(
        "cron-very-long",
        f"{','.join(['1'] * 2_000)} * * * *",
        "5: error: schedule: the schedule has 4007 characters: write at most 500, or several schedules",
        did="a cron text of 4,000 characters",
    ),
)

DECORATORS: tuple[Row, ...] = (
    chain(
        "every-zero",
        "every(0).minutes",
        "8: error: @repeat on 'start': every(0).minutes: an interval is a whole number, 1 or more",
    ),
    chain(
        "every-negative",
        "every(-5).minutes",
        "8: error: @repeat on 'start': every(-5).minutes: an interval is a whole number, 1 or more",
    ),
    chain(
        "every-fraction",
        "every(1.5).hours",
        "8: error: @repeat on 'start': every(1.5).hours: an interval is a whole number, 1 or more",
    ),
    chain(
        "every-true",
        "every(True).minutes",
        "8: error: @repeat on 'start': every(True).minutes: an interval is a whole number, 1 or more",
    ),
    chain(
        "every-text",
        'every("5").minutes',
        "8: error: @repeat on 'start': every('5').minutes: an interval is a whole number, 1 or more",
    ),
    chain(
        "every-none",
        "every(None).minutes",
        "8: error: @repeat on 'start': every(None).minutes: an interval is a whole number, 1 or more",
    ),
    chain(
        "every-no-unit",
        "every(5)",
        "8: error: @repeat on 'start': every(5) has no unit: write every(5).minutes or every().monday, for example",
    ),
    chain(
        "every-number",
        "5",
        "8: error: @repeat on 'start': 5 is no schedule: write every(5).minutes or cron('0 9 * * *')",
    ),
    chain(
        "every-words",
        '"every 5 minutes"',
        "8: error: @repeat on 'start': 'every 5 minutes' is no schedule: write every(5).minutes or cron('0 9 * * *')",
    ),
    chain(
        "every-slip",
        "every(5).minuts",
        "8: error: @repeat on 'start': every(5).minuts(): unknown 'minuts', did you mean 'minutes'?",
    ),
    chain("every-singular", "every(5).minute", "8: error: @repeat on 'start': every(5).minute: write every(5).minutes"),
    chain(
        "every-hours-too-many",
        "every(48).hours",
        "8: error: @repeat on 'start': every(48).hours: longer than a day, count in days: every 2 days",
    ),
    chain(
        "every-second-monday",
        "every(2).monday",
        "8: error: @repeat on 'start': every(2).monday: a weekday comes every week, leave the interval out or count weeks",
    ),
    chain(
        "every-two-numbers",
        "every(5, 6).minutes",
        "8: error: @repeat on 'start': every(5, 6).minutes: every() takes at most one argument, 2 are given",
    ),
    chain(
        "every-keyword",
        "every(number=5).minutes",
        "8: error: @repeat on 'start': every(number=5).minutes: every() takes no 'number'",
    ),
    chain(
        "every-two-units",
        "every(5).minutes.hours",
        "8: error: @repeat on 'start': every(5).minutes.hours has more than one unit: write every(5).minutes or every().monday, for example",
    ),
    chain(
        "at-no-colon",
        'every().day.at("1030")',
        "8: error: @repeat on 'start': every().day.at('1030'): '1030' is no time of day, write HH:MM or HH:MM:SS, such as '09:30'",
    ),
    chain(
        "at-beyond",
        'every().day.at("25:00")',
        "8: error: @repeat on 'start': every().day.at('25:00'): '25:00' is no time of day, write HH:MM or HH:MM:SS, such as '09:30'",
    ),
    chain(
        "at-number",
        "every().day.at(1030)",
        "8: error: @repeat on 'start': every().day.at(1030): at() takes text such as '10:30'",
    ),
    chain("at-empty", "every().day.at()", "8: error: @repeat on 'start': every().day.at(): at() needs 'time_str'"),
    chain(
        "at-twice",
        'every().day.at("10:30").at("11:30")',
        "8: error: @repeat on 'start': every().day.at('10:30').at('11:30') has more than one time: give each its own decorator",
    ),
    chain(
        "at-zone",
        'every().day.at("10:30", "Mars/Base")',
        "8: error: @repeat on 'start': no time zone 'Mars/Base': write an IANA name such as Europe/Berlin, or UTC",
    ),
    chain(
        "at-minutes",
        'every(5).minutes.at("10:30")',
        "8: error: @repeat on 'start': every(5).minutes.at('10:30'): '10:30' is no time within a minute, write :SS, such as ':30'",
    ),
    chain(
        "chain-until",
        'every(5).minutes.until("tomorrow")',
        "8: error: @repeat on 'start': every(5).minutes.until('tomorrow'): 'tomorrow' is no date: write YYYY-MM-DD or YYYY-MM-DD HH:MM",
    ),
    chain(
        "chain-until-no-date",
        'every(5).minutes.until("2027-02-30")',
        "8: error: @repeat on 'start': every(5).minutes.until('2027-02-30'): there is no date 2027-02-30",
    ),
    chain(
        "chain-to",
        "every(10).to(5).minutes",
        "8: error: @repeat on 'start': every(10).to(5).minutes: the interval runs backwards, write 5 to 10",
    ),
    chain(
        "chain-tag",
        'every(5).minutes.tag(["a"])',
        "8: error: @repeat on 'start': every(5).minutes.tag(['a']): tags must be hashable, ['a'] is not",
    ),
    chain(
        "chain-between",
        'every(5).minutes.between("08:00", "25:00")',
        "8: error: @repeat on 'start': every(5).minutes.between('08:00', '25:00'): '25:00' is no time of day, write HH:MM or HH:MM:SS, such as '09:30'",
    ),
    chain(
        "chain-on",
        'every(5).minutes.on("weekday", "wendesday")',
        "8: error: @repeat on 'start': every(5).minutes.on('weekday', 'wendesday'): 'wendesday' is no day of the week, did you mean 'wednesday'?",
    ),
    chain(
        "chain-never",
        'every().day.at("20:00").between("08:00", "18:00")',
        "8: error: @repeat on 'start': every().day.at('20:00').between('08:00', '18:00'): it never fires: none of its times is between those after 'between'",
    ),
    chain(
        "once-date",
        'once("2027-03-01")',
        "8: error: @repeat on 'start': once('2027-03-01'): once() takes a date and a time, such as '2027-03-01 09:00'",
    ),
    chain(
        "after-ending",
        'after("other_task", on="succes")',
        "8: error: @repeat on 'start': after('other_task', on='succes'): 'succes' is no ending, did you mean 'success'?",
    ),
    chain(
        "on-change-above",
        'on_change("../inbox/*.csv")',
        "8: error: @repeat on 'start': on_change('../inbox/*.csv'): '../inbox/*.csv' leads out by '..': write the path from / instead",
    ),
    chain(
        "on-change-open-set",
        'on_change("inbox/[ab.csv")',
        "8: error: @repeat on 'start': on_change('inbox/[ab.csv'): '[ab.csv' opens a set of letters by '[' that no ']' closes: write such as '[a-c]*', or '[[]' for the letter itself",
    ),
    chain(
        "at-startup-more",
        'at_startup().between("08:00", "18:00")',
        "8: error: @repeat on 'start': at_startup().between('08:00', '18:00'): 'between' cannot follow at_startup(), only tag() can",
    ),
    chain(
        "chain-unknown",
        "every(5).minutes.sometimes()",
        "8: error: @repeat on 'start': every(5).minutes.sometimes(): unknown 'sometimes'",
    ),
    chain(
        "chain-long",
        "every(5)" + ".minutes" * 30,
        "8: error: @repeat on 'start': a schedule of more than 20 parts cannot be meant",
    ),
    chain(
        "cron-decorator-bad",
        'cron("60 * * * *")',
        "8: error: @repeat on 'start': minute '60' in '60 * * * *' is out of range: write 0 to 59",
    ),
    chain(
        "cron-decorator-never",
        'cron("0 0 30 2 *")',
        "8: error: @repeat on 'start': cron text '0 0 30 2 *' never fires: no month it names has day 30",
    ),
    chain("cron-decorator-empty", "cron()", "8: error: @repeat on 'start': cron(): cron() needs 'text'"),
    chain(
        "cron-decorator-number",
        "cron(5)",
        "8: error: @repeat on 'start': cron(5): cron() takes text such as '0 9 * * 1-5'",
    ),
    chain(
        "at-one-digit",
        'every().day.at("9:00")',
        "8: error: @repeat on 'start': every().day.at('9:00'): hours have two digits, as the schedule library has them: write at('09:00')",
    ),
    chain(
        "chain-weekday",
        "every().weekday",
        "8: error: @repeat on 'start': every().weekday(): unknown 'weekday': write .on('weekdays') after the unit, as in every().day.on('weekdays')",
    ),
    chain(
        "chain-calendar",
        'every().day.calendar("DE")',
        "8: error: @repeat on 'start': every().day.calendar('DE'): unknown 'calendar': that is a key of the frontmatter, `calendar: DE`",
    ),
    code(
        "parameter-nobody-gives",
        "@repeat(every(5).seconds)\ndef start(x):\n    pass",
        f"8: error: @repeat on 'start': the function asks for 'x', which nothing gives it: {_OFFERED}",
    ),
    code(
        "parameter-of-a-change",
        "@repeat(on_change('inbox/*.csv'))\ndef start(path):\n    pass",
        f"8: error: @repeat on 'start': the function asks for 'path', which nothing gives it (did you mean 'changed'?): {_OFFERED}",
    ),
    code(
        "parameter-by-position-alone",
        "@repeat(on_change('inbox/*.csv'))\ndef start(changed, /):\n    pass",
        "8: error: @repeat on 'start': the function takes 'changed' by position alone, and a run gives it by name: "
        "leave out the / of its parameters",
    ),
    code(
        "arguments-too-many",
        "@repeat(every(5).seconds, 1, 2, y=3)\ndef start(x):\n    pass",
        "8: error: @repeat on 'start': the function takes 1 argument by position, and its schedule gives 2",
    ),
    code(
        "argument-not-taken",
        "@repeat(every(5).seconds, copys=3)\ndef start(copies=1):\n    pass",
        "8: error: @repeat on 'start': the function takes no 'copys', which its schedule gives, did you mean 'copies'?",
    ),
    code(
        "name-not-imported",
        "@repeat(at_boot())\ndef start():\n    pass",
        "8: error: 'at_boot' is not imported: write from task_scheduler.decorators import at_boot",
    ),
    code(
        "repeat-without-call",
        "@repeat\ndef start():\n    pass",
        "8: error: @repeat needs a schedule: write @repeat(every(5).minutes)",
    ),
    code(
        "repeat-empty",
        "@repeat()\ndef start():\n    pass",
        "8: error: @repeat needs a schedule: write @repeat(every(5).minutes)",
    ),
    code(
        "schedule-decorates",
        "@every(5).minutes\ndef start():\n    pass",
        "8: error: @every(5).minutes on 'start': a schedule is not called: write @repeat(every(5).minutes) above the function",
    ),
    code(
        "schedule-decorates-beside-repeat",
        "@repeat(every().hour)\ndef start():\n    pass\n\n\n@cron('0 9 * * *')\ndef stop():\n    pass",
        "13: error: @cron('0 9 * * *') on 'stop': a schedule is not called: write @repeat(cron('0 9 * * *')) above the function",
    ),
    code(
        "repeat-method",
        "class Report:\n    @repeat(every().hour)\n    def start(self):\n        pass",
        "10: warning: @repeat on the method Report.start has no effect: decorate a function at the top level of the file",
    ),
    code(
        "repeat-twice",
        "@repeat(every().hour)\n@repeat(every(1).hours)\ndef start():\n    pass",
        "9: warning: 'start' has the schedule 'every hour' already in line 8: it runs once for both",
    ),
    code(
        "function-twice",
        "@repeat(every().hour)\ndef start():\n    pass\n\n\ndef start():\n    print()",
        "9: error: the function 'start' is defined again in line 13: give each function its own name",
    ),
    code(
        "no-schedule",
        "def start():\n    pass",
        "2: warning: no schedule: it runs only when started by hand; add `schedule: every 5 minutes`, or @repeat on a function",
    ),
    code(
        "no-schedule-script",
        "print('hello')",
        "2: warning: no schedule: it runs only when started by hand; add `schedule: every 5 minutes`, or @repeat on a function",
    ),
)

#: Cron text that is valid and may not mean what it seems to.
SURPRISES: tuple[Row, ...] = (
    words(
        "cron-both-days",
        "0 0 13 * fri",
        "5: warning: the schedule '0 0 13 * fri': day of month '13' and day of week 'fri': either is enough; days that fit both are written as in '0 0 13 * * on fri'",
    ),
    words(
        "cron-uneven-step",
        "*/7 * * * *",
        "5: warning: the schedule '*/7 * * * *': minute '*/7' starts anew: after minute 56 comes minute 0, 4 and not 7 minutes later",
    ),
    words(
        "cron-short-months",
        "0 9 31 * *",
        "5: warning: the schedule '0 9 31 * *': day of month '31': skipped in February, April, June, September and November; 'L' is the last day of each month",
    ),
    chain(
        "cron-uneven-step-decorated",
        "cron('0 */5 * * *')",
        "8: warning: the schedule '0 */5 * * *': hour '*/5' starts anew: after hour 20 comes hour 0, 4 and not 5 hours later",
    ),
)

ROWS: tuple[Row, ...] = (*TYPES, *WORDS, *CRON, *DECORATORS, *SURPRISES)
