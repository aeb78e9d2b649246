"""Limits, retries, overlaps, and what surrounds a task's process."""

from __future__ import annotations

from tests.refusals.row import Row, block, key

_WORDS = "timed_out, interrupted, memory_limit, cpu_limit, max_processes"
_EXCEPTION = "an exception is written as in TimeoutError or requests.exceptions.Timeout"
_WAYS = "skip, queue, queue_one, parallel or replace"


def _retried(row_id: str, wrote: str, sentence: str) -> Row:
    """Something in `retry_on`, which is line 6."""
    return key(row_id, f"retry_count: 1\nretry_on: {wrote}", f"6: error: {sentence}")


LIMITS: tuple[Row, ...] = (
    key(
        "memory-megabytes",
        "memory_limit: 512",
        '5: error: memory_limit must be at least 16 MB, not the number 512, which is bytes: write "512 MB"',
    ),
    key(
        "memory-quoted-number",
        'memory_limit: "512"',
        '5: error: memory_limit must be a size such as "512 MB", not the text \'512\': write "512 MB"',
    ),
    key(
        "memory-letter",
        "memory_limit: 512M",
        (
            "5: error: memory_limit must be a size such as \"512 MB\", not the text '512M': "
            'write "512 MB" (of 1000) or "512 MiB" (of 1024)'
        ),
    ),
    key(
        "memory-too-small",
        "memory_limit: 10 MB",
        "5: error: memory_limit must be at least 16 MB, not the text '10 MB'",
    ),
    key(
        "memory-share",
        "memory_limit: 50%",
        "5: error: memory_limit must be a size such as \"512 MB\", not the text '50%'",
    ),
    key(
        "memory-fraction",
        "memory_limit: 1.5",
        '5: error: memory_limit must be a size such as "512 MB", not the number 1.5',
    ),
    key(
        "output-too-large",
        "output_limit: 2000 TB",
        "5: error: output_limit must be at most 1000 TB, not the text '2000 TB'",
    ),
    key(
        "output-number",
        "output_limit: 10",
        '5: error: output_limit must be at least 1 kB, not the number 10, which is bytes: write "10 MB"',
    ),
    key(
        "deadline-words",
        "deadline: 2 hours",
        "5: error: deadline must be a whole number, not the text '2 hours': write 7200, in seconds",
    ),
    key("deadline-zero", "deadline: 0", "5: error: deadline must be from 1 to 2,592,000 seconds (30 days), not 0"),
    key(
        "deadline-below-timeout",
        "timeout: 600\ndeadline: 300",
        "6: warning: deadline is 300 and timeout 600: the deadline ends every attempt first",
    ),
    key(
        "kill-grace-negative",
        "kill_grace: -1",
        "5: error: kill_grace must be from 0 to 86,400 seconds (1 day), not -1",
    ),
    key(
        "cpu-limit-share",
        "cpu_limit: 0.5",
        "5: error: cpu_limit must be a whole number, not the number 0.5: write digits, such as 60",
    ),
    key("max-processes-zero", "max_processes: 0", "5: error: max_processes must be from 1 to 100,000, not 0"),
    key("nice-too-high", "nice: 25", "5: error: nice must be from -20 to 19, not 25"),
)

RETRIES: tuple[Row, ...] = (
    key(
        "retry-backoff-below-one",
        "retry_count: 1\nretry_backoff: 0.5",
        "6: error: retry_backoff must be from 1 to 10, not 0.5",
    ),
    key(
        "retry-backoff-word",
        "retry_count: 1\nretry_backoff: exponential",
        "6: error: retry_backoff must be a number, not the text 'exponential': write digits, such as 2 or 1.5",
    ),
    key(
        "retry-backoff-quoted",
        'retry_count: 1\nretry_backoff: "2"',
        "6: error: retry_backoff must be a number, not the text '2': write 2 without quotes",
    ),
    key(
        "retry-jitter-seconds",
        "retry_count: 1\nretry_jitter: 30",
        "6: error: retry_jitter must be from 0 to 1, not 30",
    ),
    key(
        "retry-max-delay-too-short",
        "retry_count: 1\nretry_max_delay: 30",
        "6: error: retry_max_delay must be at least retry_delay, which is 60, not 30",
    ),
    key(
        "retry-nothing",
        "retry_delay: 10\nretry_backoff: 2",
        "5: warning: retry_delay and retry_backoff have no effect, since retry_count is 0: give it the number of further attempts",
    ),
    key(
        "retry-after-deadline",
        "retry_count: 1\nretry_delay: 600\ndeadline: 600",
        "7: warning: deadline is 600 and retry_delay 600: no retry can begin before the deadline",
    ),
    _retried(
        "retry-on-text",
        "TimeoutError",
        "retry_on must be a list, not the text 'TimeoutError': write [\"TimeoutError\"]",
    ),
    _retried(
        "retry-on-empty",
        "[]",
        "retry_on is an empty list: name what is retried, or remove the line to retry every failure",
    ),
    _retried("retry-on-success", "[0]", "retry_on: exit code 0 is success, which is never retried: remove it"),
    _retried("retry-on-256", "[256]", "retry_on: an exit code is from 1 to 255, not 256"),
    _retried(
        "retry-on-negative",
        "[-11]",
        "retry_on: an exit code is from 1 to 255, not -11: a signal is named, write SIGSEGV",
    ),
    _retried("retry-on-quoted-code", '["75"]', "retry_on: '75' is an exit code in quotes: write 75 without them"),
    _retried(
        "retry-on-timeout",
        "[timeout]",
        f"retry_on: 'timeout' is no exception's name and none of {_WORDS}, did you mean 'timed_out'?",
    ),
    _retried(
        "retry-on-nothing-known",
        "[bad luck]",
        f"retry_on: 'bad luck' is no exception's name and none of {_WORDS}: {_EXCEPTION}",
    ),
    _retried("retry-on-signal", "[SIGSEVG]", "retry_on: no signal 'SIGSEVG', did you mean 'SIGSEGV'?"),
    _retried("retry-on-twice", "[75, 75]", "retry_on: 75 stands there twice: keep one of them"),
    _retried(
        "retry-on-everything", "[any]", "retry_on: 'any' needs no retry_on: without the line, every failure is retried"
    ),
    _retried("retry-on-true", "[true]", "retry_on: true is no exception's name, exit code, signal or word"),
)

OVERLAPS: tuple[Row, ...] = (
    key(
        "overlap-allow",
        "overlap: allow",
        f"5: error: overlap must be {_WAYS}, not the text 'allow', did you mean 'parallel'?",
    ),
    key(
        "overlap-false",
        "overlap: false",
        f"5: error: overlap must be {_WAYS}, not false, did you mean 'skip'?",
    ),
    key("overlap-number", "overlap: 2", f"5: error: overlap must be {_WAYS}, not the number 2"),
    key("overlap-concurrency", "concurrency: 1", "5: error: unknown key 'concurrency', did you mean 'overlap'?"),
)

SURROUNDINGS: tuple[Row, ...] = (
    key(
        "user-number",
        "user: 1000",
        "5: error: user must be a user's name, not the number 1000: `id -un 1000` tells the name",
    ),
    key(
        "user-blank",
        "user: two words",
        (
            "5: error: user must be a user's name of letters, digits, '_', '-' and '.', which begins with no digit, "
            "not the text 'two words'"
        ),
    ),
    key(
        "umask-number", "umask: 22", '5: error: umask must be text, not the number 22: put it in quotes, such as "027"'
    ),
    key(
        "umask-two-digits",
        'umask: "22"',
        "5: error: umask must be three octal digits, such as \"027\", not the text '22'",
    ),
    key(
        "umask-mode",
        'umask: "644"',
        (
            "5: warning: umask 644 takes permissions from the owner, too: it names what new files may not have, "
            "such as 022 or 077"
        ),
    ),
    key(
        "folder-home",
        "working_directory: ~/reports",
        (
            "5: error: working_directory: ~ is not expanded in the text '~/reports': "
            "write the whole path, or one inside the project"
        ),
    ),
    key(
        "folder-above",
        "working_directory: ../reports",
        "5: error: working_directory: the text '../reports' leads out of the project folder: write an absolute path",
    ),
    key(
        "env-list",
        "env: [STAGE=test]",
        '5: error: env must be names with their texts, not a list: write {STAGE: "test"}',
    ),
    key(
        "env-number",
        "env:\n  HOST: db\n  PORT: 5432",
        "7: error: env.PORT must be text, not the number 5432: put it in quotes",
    ),
    key("env-true", "env:\n  DEBUG: true", "6: error: env.DEBUG must be text, not true: put it in quotes"),
    key(
        "env-no-value",
        "env:\n  DEBUG:",
        '6: error: env.DEBUG has no value: give it one, "" for an empty text, or remove the line',
    ),
    key(
        "env-name",
        "env:\n  MY-STAGE: test",
        "6: error: env: a variable's name is letters, digits and '_' and begins with no digit, not 'MY-STAGE'",
    ),
    key(
        "env-reserved",
        "env:\n  TASK_SCHEDULER_RUN: none",
        "6: error: env: names that begin with TASK_SCHEDULER are the scheduler's own: rename 'TASK_SCHEDULER_RUN'",
    ),
    key("env-nested", "env:\n  A:\n    B: x", "6: error: env.A must be text, not a mapping"),
    key(
        "env-twice",
        "env:\n  A: x\n  A: y",
        "7: error: the key 'A' is given twice, first in line 6: keep one of them",
    ),
    block(
        "toml-env-list",
        '[tool.task-scheduler]\nenv = ["STAGE=test"]',
        '6: error: env must be names with their texts, not a list: write {STAGE = "test"}',
    ),
    block(
        "toml-env-number",
        "[tool.task-scheduler]\n[tool.task-scheduler.env]\nHOST = 'db'\nPORT = 5432",
        "8: error: env.PORT must be text, not the number 5432: put it in quotes",
    ),
    block(
        "toml-env-dotted",
        "[tool.task-scheduler]\nenv.DEBUG = true",
        "6: error: env.DEBUG must be text, not true: put it in quotes",
    ),
    block(
        "toml-umask",
        "[tool.task-scheduler]\numask = 0o027",
        '6: error: umask must be text, not the number 23: put it in quotes, such as "027"',
    ),
)

ROWS: tuple[Row, ...] = (*LIMITS, *RETRIES, *OVERLAPS, *SURROUNDINGS)
