"""What a frontmatter says of further attempts: `retry_on`, and what the keys about retries mean together."""

from __future__ import annotations

import re
import signal as signals
from collections.abc import Mapping
from types import MappingProxyType

from task_scheduler.core.declaration.form import Form, shown
from task_scheduler.core.declaration.keys import DEFAULTS
from task_scheduler.core.errors import did_you_mean
from task_scheduler.core.excerpts import quoted
from task_scheduler.core.policies import RETRY_WORDS
from task_scheduler.core.tasks import TaskDeclaration

MOST_EXIT_CODE = 255

#: What people write in `retry_on` for one of its words.
_OTHER_WORDS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("timed out", "timeout", "time_limit", "timedout"), "timed_out"),
        **dict.fromkeys(("crash", "crashed", "interrupt", "lost"), "interrupted"),
        **dict.fromkeys(("mem_limit", "memory", "oom", "out_of_memory"), "memory_limit"),
        **dict.fromkeys(("cpu", "cpu_time"), "cpu_limit"),
        **dict.fromkeys(("processes", "process_limit"), "max_processes"),
    }
)
_EVERYTHING = frozenset({"all", "any", "always", "error", "errors", "failed", "failure", "exception"})

_ABOUT_RETRIES = ("retry_delay", "retry_backoff", "retry_max_delay", "retry_jitter", "retry_on")
_EXAMPLE = '["TimeoutError", 75, "timed_out"]'
_BETWEEN = re.compile(r"[,\s]+")
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,9}")
_SIGNAL = re.compile(r"SIG[A-Z0-9+-]+", re.IGNORECASE)


def retry_on(form: Form) -> tuple[str, ...]:
    """Return what is retried, each item as text; empty: any failure."""
    key = "retry_on"
    if form.is_empty_list(key):
        form.error(key, f"{key} is an empty list: name what is retried, or remove the line to retry every failure")
        return ()
    found: dict[str, str] = {}
    for name, item in form.items(key, _EXAMPLE, _BETWEEN):
        fault = _fault(item)
        if fault:
            form.error(name, f"{key}: {fault}")
        elif str(item) in found:
            form.error(name, f"{key}: {quoted(item)} stands there twice: keep one of them")
        else:
            found[str(item)] = name
    return tuple(found)


def judge_together(form: Form, declaration: TaskDeclaration) -> None:
    """Record where the keys about retries and limits do not go together."""
    if form.is_sound("retry_delay", "retry_max_delay") and declaration.retry_max_delay < declaration.retry_delay:
        form.error(
            "retry_max_delay",
            f"retry_max_delay must be at least retry_delay, which is {declaration.retry_delay}, "
            f"not {declaration.retry_max_delay}",
        )
    if form.is_sound(*_ABOUT_RETRIES, "retry_count") and declaration.retry_count == 0:
        _warn_of_no_retries(form, declaration)
    if form.is_sound("deadline", "timeout", "retry_count", "retry_delay") and declaration.deadline is not None:
        _warn_of_deadline(form, declaration, declaration.deadline)


def _warn_of_no_retries(form: Form, declaration: TaskDeclaration) -> None:
    # Those that say what holds anyway, as in a template that names every key, mislead nobody.
    idle = [key for key in _ABOUT_RETRIES if getattr(declaration, key) != getattr(DEFAULTS, key)]
    if idle:
        *most, last = idle
        names = f"{', '.join(most)} and {last} have" if most else f"{last} has"
        form.warning(idle[0], f"{names} no effect, since retry_count is 0: give it the number of further attempts")


def _warn_of_deadline(form: Form, declaration: TaskDeclaration, deadline: int) -> None:
    if form.has("timeout") and deadline < declaration.timeout:
        form.warning(
            "deadline",
            f"deadline is {deadline} and timeout {declaration.timeout}: the deadline ends every attempt first",
        )
    if declaration.retry_count and deadline <= declaration.retry_delay:
        form.warning(
            "deadline",
            f"deadline is {deadline} and retry_delay {declaration.retry_delay}: no retry can begin before the deadline",
        )


def _fault(item: object) -> str:
    """Say what is wrong with one item, empty: nothing."""
    if isinstance(item, str):
        return _fault_of_text(item)
    if isinstance(item, bool) or not isinstance(item, int):
        whole = f": write {int(item)}" if isinstance(item, float) and item.is_integer() else ""
        return f"{shown(item)} is no exception's name, exit code, signal or word{whole}"
    if item == 0:
        return "exit code 0 is success, which is never retried: remove it"
    if 1 <= item <= MOST_EXIT_CODE:
        return ""
    named = _signal_names().get(-item)
    way_out = f": a signal is named, write {named}" if named else ""
    return f"an exit code is from 1 to {MOST_EXIT_CODE}, not {item}{way_out}"


def _fault_of_text(text: str) -> str:
    if text in RETRY_WORDS:
        return ""
    if _WHOLE_NUMBER.fullmatch(text):
        return f"{quoted(text)} is an exit code in quotes: write {int(text)} without them"
    if _SIGNAL.fullmatch(text):
        known = set(_signal_names().values())
        if text in known:
            return ""
        upper = text.upper()
        hint = f", did you mean {upper!r}?" if upper in known else did_you_mean(upper, known)
        return f"no signal {quoted(text)}{hint or ': signals are named as in SIGKILL or SIGSEGV'}"
    if text.lower() in _EVERYTHING:
        return f"{quoted(text)} needs no retry_on: without the line, every failure is retried"
    parts = text.split(".")
    is_name = all(part.isidentifier() for part in parts)
    # `struct.error` is an exception; a small word alone is far more likely one that somebody remembers wrongly.
    if is_name and (len(parts) > 1 or not text[0].islower()):
        return ""
    words = ", ".join(RETRY_WORDS)
    plain = text.strip().lower().replace("-", "_")
    meant = _OTHER_WORDS.get(plain)
    hint = f", did you mean {meant!r}?" if meant else did_you_mean(plain, RETRY_WORDS)
    return (
        f"{quoted(text)} is no exception's name and none of {words}"
        f"{hint or ': an exception is written as in TimeoutError or requests.exceptions.Timeout'}"
    )


def _signal_names() -> Mapping[int, str]:
    return {each.value: each.name for each in signals.Signals}
