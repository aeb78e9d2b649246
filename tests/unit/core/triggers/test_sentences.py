"""Every notation in a person's words."""

from __future__ import annotations

import pytest

from task_scheduler.core.triggers import read_schedule
from task_scheduler.core.triggers.sentences import in_words


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        ("30 2 * * *", "at 02:30 each day"),
        ("0 9 * * 1-5", "at 09:00 on Monday to Friday"),
        ("0 9 * * sat,0", "at 09:00 on Saturday and Sunday"),
        ("* * * * *", "every minute"),
        ("*/15 9-17 * * mon-fri", "every 15 minutes from 09:00 to 17:59 on Monday to Friday"),
        ("*/7 * * * *", "at the minutes 0, 7 … 56 of each hour"),
        ("0,30 1,5,9,13 * * *", "every 30 minutes of the hours 1, 5, 9 and 13"),
        ("*/5 */6 * * *", "every 5 minutes of every 6 hours from 00:00"),
        ("0 */2 * * *", "every 2 hours"),
        ("15 * * * *", "every hour, 15 min after the full hour"),
        ("*/20 2 * * *", "at 02:00, 02:20 and 02:40 each day"),
        ("0 8,12,18 * 6-8 *", "at 08:00, 12:00 and 18:00 each day in June to August"),
        ("@yearly", "at 00:00 on the day 1 of January"),
        ("0 0 1,15 * *", "at 00:00 on the days 1 and 15 of each month"),
        ("0 0 l * *", "at 00:00 on the last day of each month"),
        ("0 0 15w,lw * *", "at 00:00 on the workday nearest to day 15 and the last workday of each month"),
        ("0 0 * * fri#2,1l", "at 00:00 on the second Friday of the month and the last Monday of the month"),
        ("0 0 13 * fri", "at 00:00 on the day 13 of the month and also on Friday"),
        ("0 16 */2 * sat", "at 16:00 on the days 1, 3 … 31 of the month if that is Saturday"),
        (
            "0 16 1-7 * */2",
            "at 16:00 on the days 1 to 7 of the month if that is Tuesday, Thursday, Saturday and Sunday",
        ),
        ("15 0-3,5,7,9,11 * * *", "at the minute 15 of the hours 0 to 3, 5, 7, 9 and 11"),
        (
            f"0 0 {','.join(f'{day}w' for day in range(1, 11))} * *",
            f"at 00:00 on {', '.join(f'the workday nearest to day {day}' for day in range(1, 8))} and 3 more of each month",
        ),
        ("0 30 9 * * *", "at 09:30 each day"),
        ("*/10 * * * * *", "every 10 seconds"),
        ("*/10 * 9 * * *", "every 10 seconds from 09:00 to 09:59"),
        ("5,7 */4 * * * *", "at the seconds 5 and 7 of each minute that is due every 4 minutes of each hour"),
        ("every minute", "every minute"),
        ("every 7 minutes", "every 7 minutes, anew from the start of each hour"),
        ("every 90 minutes", "every 90 minutes, counted from midnight"),
        ("every hour at 15:30", "every hour, 15 min 30 s after the full hour"),
        ("every minute at :30", "every minute, 30 s after the full minute"),
        ("daily at 10:30", "at 10:30 each day"),
        ("every 3 days at 10:30", "at 10:30 every 3 days, counted from 1970-01-01"),
        ("every 2 weeks", "at 00:00 on Monday every 2 weeks, counted from 1970-01-05"),
        ("monday at 09:00", "at 09:00 each Monday"),
        ("once at 2027-03-01 09:00", "once, on Monday 2027-03-01 09:00"),
        ("once at 2027-03-01 00:00", "once, on Monday 2027-03-01 00:00"),
        (
            "every hour plus up to 3599 s by 0123abcd",
            "every hour, each time up to 3599 s later, but before the next",
        ),
        (
            "every hour plus up to 7200 s by 0123abcd",
            "every hour, each time up to 7200 s later, but before the next, which may be due 3600 s after it",
        ),
        (
            "0 9,10,18 * * * plus up to 3600 s by 0123abcd",
            (
                "at 09:00, 10:00 and 18:00 each day, each time up to 3600 s later, but before the next, "
                "which may be due 3600 s after it"
            ),
        ),
        (
            "once at 2027-03-01 09:00 plus up to 60 s by 0123abcd",
            "once, on Monday 2027-03-01 09:00, each time up to 60 s later, but before the next",
        ),
        ("every 5 to 10 minutes", "every 5 to 10 minutes, another distance each time"),
        ("every 2 to 4 days at 02:30", "at 02:30, 2 to 4 days apart, another distance each time"),
        ("every 1 to 3 weeks", "at 00:00 on a Monday, 1 to 3 weeks apart, another distance each time"),
        ("every 1 to 3 tuesdays at 09:00", "at 09:00 on a Tuesday, 1 to 3 weeks apart, another distance each time"),
        ("every hour on weekdays", "every hour, on Monday to Friday only"),
        ("every hour on mon,thu", "every hour, on Monday and Thursday only"),
        ("every hour between 22:00 and 06:00", "every hour, between 22:00 and 06:00"),
        ("daily from 2027-01-01 until 2027-06-30", "at 00:00 each day, from 2027-01-01 on, until 2027-06-30"),
        ("daily until 2027-06-30 18:00", "at 00:00 each day, until 2027-06-30 18:00"),
        ("daily calendar DE", "at 00:00 each day, not on holidays of DE"),
        (
            "daily calendar DE-BY previous_workday",
            "at 00:00 each day, moved from holidays of DE-BY to the workday before",
        ),
        ("daily plus 17 s", "at 00:00 each day, 17 s later than that"),
        ("daily plus up to 60 s", "at 00:00 each day, each time up to 60 s later, but before the next"),
        ("at startup", "once at each start of the scheduler"),
        ("at boot", "once at the first start of the scheduler after the machine's"),
        ("after Load", "whenever a run of Load succeeds"),
        ("after Load on failure", "whenever a run of Load fails, times out or is interrupted"),
        ("after Load on any", "whenever a run of Load ends"),
        ("on change of inbox/*.csv", "whenever a file of inbox/*.csv comes or changes"),
    ],
)
def test_says_what_is_meant(schedule: str, words: str) -> None:
    assert in_words(read_schedule(schedule)) == words
