"""The keys of a task file's frontmatter, and what people write for them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from types import MappingProxyType

from task_scheduler.core.errors import did_you_mean
from task_scheduler.core.excerpts import quoted
from task_scheduler.core.tasks import TaskDeclaration

#: Every key a frontmatter may have.
KEYS = tuple(field.name for field in fields(TaskDeclaration))

#: What holds where the frontmatter is silent; only the title comes from elsewhere.
DEFAULTS = TaskDeclaration(title="")

#: A value longer than this is cut where a message shows it.
LONGEST_SHOWN = 60

#: What to do about a key that is like none of these.
REMOVE_IT = ": remove it; docs/task-files.md lists the keys"

#: What people write for a key, in the spelling that `_plain` gives it.
_OTHER_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "name": "title",
        **dict.fromkeys(("desc", "doc", "summary"), "description"),
        **dict.fromkeys(
            ("dependency", "deps", "install_requires", "packages", "requirements", "requires"), "dependencies"
        ),
        **dict.fromkeys(("python", "requires_python"), "python_version"),
        **dict.fromkeys(("active", "disabled", "enable"), "enabled"),
        **dict.fromkeys(
            ("execution_timeout", "limit", "max_duration", "max_runtime", "max_time", "time_limit", "timeout_seconds"),
            "timeout",
        ),
        **dict.fromkeys(("attempts", "max_retries", "retries", "retry"), "retry_count"),
        **dict.fromkeys(("delay", "retry_interval", "retry_wait"), "retry_delay"),
        **dict.fromkeys(
            ("at", "cron", "crontab", "every", "interval", "repeat", "schedules", "when"),
            "schedule",
        ),
        **dict.fromkeys(("tz", "zone"), "timezone"),
        **dict.fromkeys(("args", "argv", "parameters"), "arguments"),
        "preloading": "preload",
        **dict.fromkeys(("fork", "spawn"), "start_method"),
        **dict.fromkeys(("job_timeout", "max_total_time", "run_timeout", "total_timeout"), "deadline"),
        **dict.fromkeys(
            ("grace", "grace_period", "kill_after", "kill_timeout", "stop_grace_period", "stop_timeout", "term_grace"),
            "kill_grace",
        ),
        **dict.fromkeys(
            (
                "backoff",
                "backoff_factor",
                "backoff_multiplier",
                "back_off",
                "exponential_backoff",
                "retry_exponential_backoff",
                "retry_factor",
            ),
            "retry_backoff",
        ),
        **dict.fromkeys(("max_backoff", "max_delay", "max_retry_delay", "retry_delay_max"), "retry_max_delay"),
        **dict.fromkeys(("random_delay", "randomized_delay", "splay", "spread"), "jitter"),
        **dict.fromkeys(("catch_up", "catchup", "misfire", "misfire_policy", "on_missed"), "missed"),
        **dict.fromkeys(
            ("catchup_window", "grace_time", "max_lateness", "misfire_grace_time", "starting_deadline"), "missed_window"
        ),
        **dict.fromkeys(("begin", "begins", "from", "start", "start_date", "starting", "valid_from"), "starts"),
        **dict.fromkeys(("end", "end_date", "expires", "till", "until", "valid_until"), "ends"),
        **dict.fromkeys(("business_days", "country", "workdays"), "calendar"),
        **dict.fromkeys(("holiday_policy", "on_holidays"), "on_holiday"),
        **dict.fromkeys(
            ("retry_exceptions", "retry_for", "retry_if", "retry_on_exceptions", "retry_when", "retryable"), "retry_on"
        ),
        **dict.fromkeys(
            (
                "allow_overlap",
                "concurrency",
                "concurrency_policy",
                "coalesce",
                "max_instances",
                "on_overlap",
                "overlap_policy",
                "overlapping",
                "parallel",
            ),
            "overlap",
        ),
        **dict.fromkeys(("max_memory", "mem", "mem_limit", "memory", "memory_max", "ram"), "memory_limit"),
        **dict.fromkeys(("cpu", "cpu_seconds", "cpu_time", "max_cpu"), "cpu_limit"),
        **dict.fromkeys(
            ("max_children", "max_procs", "nproc", "pids_limit", "process_limit", "processes"), "max_processes"
        ),
        **dict.fromkeys(("log_limit", "max_log_size", "max_output", "output_size"), "output_limit"),
        **dict.fromkeys(("file_mask", "mask"), "umask"),
        **dict.fromkeys(("niceness", "nice_level", "renice"), "nice"),
        **dict.fromkeys(("run_as", "run_as_user", "runas", "uid", "username"), "user"),
        **dict.fromkeys(
            ("chdir", "cwd", "directory", "folder", "work_dir", "workdir", "working_dir", "working_folder"),
            "working_directory",
        ),
        **dict.fromkeys(
            ("environ", "environment", "environment_variables", "env_vars", "envs", "variables", "vars"), "env"
        ),
    }
)

#: What may mean either of two keys: whose holidays, and what happens on them.
_HOLIDAYS = frozenset({"holiday", "holidays"})
_SHORT = 6
_NO_LETTER = re.compile(r"[-\s.]+")


def meant_key(wrong: str) -> str:
    """Return `, did you mean 'timeout'?` for what seems to mean a known key, else an empty string."""
    plain = _plain(wrong)
    if plain in _HOLIDAYS:
        return ", did you mean 'calendar'? What happens on a holiday says 'on_holiday', such as next_workday"
    if plain in _OTHER_NAMES:
        return f", did you mean {_OTHER_NAMES[plain]!r}?"
    # A short key is like many a word: `task` would pass for `umask`.
    return did_you_mean(plain, [key for key in KEYS if len(key) > _SHORT or key[0] == plain[:1]])


def shown_key(key: str) -> str:
    """Return a key as a message names it, with a remark on letters that only look like those of a known key."""
    text = quoted(key, LONGEST_SHOWN)
    foreign = next((letter for letter in key if not letter.isascii()), None)
    if foreign is None or not foreign.isprintable() or not meant_key(key):
        return text
    return f"{text} ({foreign!r} is the character U+{ord(foreign):04X})"


def _plain(key: str) -> str:
    return _NO_LETTER.sub("_", key.strip().lower())
