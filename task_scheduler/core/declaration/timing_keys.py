"""What a frontmatter says of when its jobs run, beside their schedules: jitter, holidays, first and last day, missed slots."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType

from task_scheduler.core.declaration.form import DAY, MISSING, Form, shown
from task_scheduler.core.declaration.keys import DEFAULTS
from task_scheduler.core.errors import did_you_mean
from task_scheduler.core.excerpts import quoted
from task_scheduler.core.tasks import Jitter, Missed, OnHoliday

LONGEST_JITTER = DAY
LONGEST_WINDOW = 366 * DAY
MOMENT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{1,2}:[0-9]{2}(:[0-9]{2})?)?"
COUNTRY = r"[A-Z]{2}(-[A-Z0-9]{1,4})?"
CALENDAR_FILE = r"(?!/)(?!~)[^\s\u0000-\u001f\u007f]+\.(ics|txt)"

#: What people write for a way to treat missed slots, and days off.
_OTHER_MISSED: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("coalesce", "latest", "last", "one", "true", "yes", "run", "run_once"), "once"),
        **dict.fromkeys(("drop", "false", "forget", "ignore", "never", "no", "none"), "skip"),
        **dict.fromkeys(("backfill", "catch_up", "catchup", "each", "every"), "all"),
    }
)
_OTHER_HOLIDAY: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("drop", "false", "ignore", "never", "no", "none"), "skip"),
        **dict.fromkeys(("after", "following", "next", "next_day", "next_business_day", "postpone"), "next_workday"),
        **dict.fromkeys(
            ("before", "preceding", "previous", "previous_day", "previous_business_day"), "previous_workday"
        ),
    }
)
_MOMENT = re.compile(MOMENT)
_CALENDAR = re.compile(f"{COUNTRY}|{CALENDAR_FILE}")
_PARTS_OF_JITTER = ("up_to", "fresh")


def jitter(form: Form) -> Jitter | None:
    """Return how much later than its schedule says a slot is due."""
    key = "jitter"
    value = form.value(key)
    if not isinstance(value, Mapping):
        return _jitter(form.whole_number(key, 0, 0, LONGEST_JITTER, "seconds (1 day)", example=60), fresh=False)
    for name in value:
        if name not in _PARTS_OF_JITTER:
            hint = did_you_mean(name, _PARTS_OF_JITTER)
            form.error(f"{key}.{name}", f"{key}: unknown part {quoted(name)}{hint}: it has up_to and fresh")
    seconds, fresh = value.get("up_to", MISSING), value.get("fresh", False)
    if not isinstance(fresh, bool):
        form.error(f"{key}.fresh", f"{key}.fresh must be true or false, not {shown(fresh)}")
    if seconds is MISSING:
        form.error(key, f"{key} has no up_to: write {{up_to{form.assigns}60, fresh{form.assigns}true}}")
    elif isinstance(seconds, bool) or not isinstance(seconds, int) or not 0 <= seconds <= LONGEST_JITTER:
        form.error(
            f"{key}.up_to",
            f"{key}.up_to must be a whole number from 0 to {LONGEST_JITTER:,} seconds (1 day), not {shown(seconds)}",
        )
    else:
        return _jitter(seconds, fresh=fresh is True)
    return None


def missed(form: Form) -> Missed | None:
    """Return what happens to slots that could not run in time; None: as the scheduler's setting says."""
    word = form.choice("missed", Missed, _OTHER_MISSED)
    return None if word is None else Missed(word)


def missed_window(form: Form) -> int | None:
    """Return the seconds for which missed slots are made up for; None: as the scheduler's setting says."""
    return form.duration("missed_window", LONGEST_WINDOW, "366 days", "36 h")


def first_and_last(form: Form) -> tuple[str | None, str | None]:
    """Return the wall readings before and after which there is no slot, as canonical texts."""
    starts, ends = _moment(form, "starts"), _moment(form, "ends")
    if starts is not None and ends is not None and ends < starts[: len(ends)]:
        form.error("ends", f"ends is before starts: {ends} comes before {starts}")
    return starts, ends


def calendar(form: Form) -> str | None:
    """Return whose holidays count: a country's code, or a file inside the project."""
    key = "calendar"
    name = form.text(key)
    if name is None:
        return None
    if not _CALENDAR.fullmatch(name) or ".." in name.split("/"):
        first, _, rule = name.strip().rpartition(" ")
        if first and rule in list(OnHoliday):
            # As the clause of a schedule has it.
            quote = '"' if form.assigns == " = " else ""
            calendar_line, rule_line = (
                f"`{name}{form.assigns}{quote}{value}{quote}`"
                for name, value in ((key, first.strip()), ("on_holiday", rule))
            )
            form.error(
                key,
                f"{key} is a country or a file alone, not {shown(name)}: write {calendar_line} and, "
                f"in a line of its own, {rule_line}",
            )
            return name
        meant = name.strip().upper().replace("_", "-")
        hint = f": did you mean {meant}?" if name != meant and re.fullmatch(COUNTRY, meant) else ""
        form.error(
            key,
            f"{key} must be a country's code such as DE or DE-BY, or a file of the project that ends in .ics or .txt "
            f"and has no space in its path, not {shown(name)}{hint}",
        )
    return name


def on_holiday(form: Form) -> OnHoliday:
    """Return what happens to a slot on a day off."""
    key = "on_holiday"
    word = form.choice(key, OnHoliday, _OTHER_HOLIDAY)
    if word is None:
        return DEFAULTS.on_holiday
    if not form.has("calendar"):
        form.warning(key, f"{key} has no effect without a calendar: add `calendar{form.assigns}…`, such as DE-BY")
    return OnHoliday(word)


def _jitter(seconds: int, *, fresh: bool) -> Jitter | None:
    return Jitter(up_to=seconds, fresh=fresh) if seconds else None


def _moment(form: Form, key: str) -> str | None:
    """Return `2027-01-01`, or `2027-01-01 09:00` with seconds where there are any."""
    value = form.value(key)
    if value is MISSING:
        return None
    if isinstance(value, datetime):
        if value.tzinfo is None:
            return _written(value, has_time=True)
        form.error(
            key, f"{key} is the reading of the clock in the task's time zone: leave out the zone, and see timezone"
        )
        return None
    if isinstance(value, date):
        return value.isoformat()
    example = "2027-01-01 or 2027-01-01 09:00"
    if not isinstance(value, str):
        form.error(key, f"{key} must be a date, such as {example}, not {shown(value)}")
        return None
    moment = _read_moment(value)
    if moment is None:
        form.error(key, f"{key} must be a date that there is, such as {example}, not {shown(value)}")
        return None
    return _written(moment, has_time=":" in value)


def _read_moment(text: str) -> datetime | None:
    if _MOMENT.fullmatch(text) is None:
        return None
    day, _, time = text.replace("T", " ").partition(" ")
    hour, _, rest = time.partition(":")
    try:
        return datetime.fromisoformat(f"{day} {hour:0>2}:{rest}" if time else day)
    except ValueError:
        return None


def _written(moment: datetime, *, has_time: bool) -> str:
    if not has_time:
        return f"{moment:%Y-%m-%d}"
    return f"{moment:%Y-%m-%d %H:%M:%S}" if moment.second else f"{moment:%Y-%m-%d %H:%M}"
