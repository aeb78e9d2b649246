"""What a task declares, in the words of `show`: limits, retries and surroundings, where they differ from what holds anyway."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from task_scheduler.cli import times
from task_scheduler.cli.phrases import Document
from task_scheduler.core.environments import is_minimum
from task_scheduler.core.quantities import spell_size, unit_of
from task_scheduler.core.tasks import Overlap, TaskDeclaration

#: How limits are called, and the unit of each.
_LIMITS: Mapping[str, tuple[str, str]] = {
    "timeout": ("time limit", "seconds"),
    "deadline": ("deadline", "seconds"),
    "kill_grace": ("grace", "seconds"),
    "memory_limit": ("memory", "bytes"),
    "cpu_limit": ("processor time", "seconds"),
    "max_processes": ("processes", ""),
    "output_limit": ("output", "bytes"),
    "nice": ("nice", ""),
    "user": ("user", ""),
    "umask": ("umask", "octal"),
    "working_directory": ("folder", ""),
}
#: Those that have a line of their own.
_APART = frozenset({"timeout", "deadline"})
_USUAL_MAX_DELAY = TaskDeclaration(title="").retry_max_delay


def declared_fields(declared: Document) -> dict[str, str]:
    """Return what a declaration says by the names people know; empty where nothing is worth a line."""
    version = declared["python_version"]
    deadline, overlap = declared.get("deadline"), declared.get("overlap", Overlap.SKIP)
    given = {name: value for name in _LIMITS if name not in _APART and (value := declared.get(name)) is not None}
    return {
        "time limit": f"{declared['timeout']} s",
        "deadline": "" if deadline is None else f"{deadline} s for a run with its retries",
        "retries": _retries(declared),
        "overlap": "" if overlap == Overlap.SKIP else str(overlap),
        "limits": "; ".join(limits_in_words(given)),
        # Their texts may be secrets.
        "variables": ", ".join(declared.get("env", ())),
        "python": f"{version} or later" if is_minimum(version) else version,
        "declares": ", ".join(declared["dependencies"]) or "no packages",
        "time zone": declared["timezone"] or "",
    }


def limits_in_words(limits: Mapping[str, object], *, time_used: float | None = None) -> Iterator[str]:
    """Yield each limit with its unit, such as `memory 512 MB`; `time_used` is in seconds, None: not known."""
    for key, value in limits.items():
        name, unit = _LIMITS.get(key, (key, ""))
        match unit, value:
            case "seconds", int() | float():
                used = f" ({times.duration(time_used)} used)" if key == "timeout" and time_used is not None else ""
                yield f"{name} {value:g} s{used}"
            case "bytes", int():
                yield f"{name} {spell_size(value, unit_of(value))}"
            case "octal", int():
                yield f"{name} {value:03o}"
            case _:
                yield f"{name} {value}"


def _retries(declared: Document) -> str:
    count, delay = declared["retry_count"], declared["retry_delay"]
    if not count:
        return "none"
    backoff, jitter, on = (declared.get(key) for key in ("retry_backoff", "retry_jitter", "retry_on"))
    said = f"{count}, {delay} s apart"
    if backoff is not None and backoff > 1:
        said += f", each time {backoff:g} times that{_at_most(declared['retry_max_delay'])}"
    if jitter:
        said += f", up to {jitter:.0%} longer"
    return f"{said}; after {', '.join(on)}" if on else said


def _at_most(seconds: int) -> str:
    return f", at most {seconds} s" if seconds != _USUAL_MAX_DELAY else ""
