"""Which host an execution profile means: one that has imported what matters, and no more hosts than that needs."""

from __future__ import annotations

import sys

from task_scheduler.core.requests import ExecutionProfile

#: What a host has loaded before it imports anything ahead, and modules that cost next to nothing.
_ALWAYS_THERE = frozenset(sys.builtin_module_names) | {
    "abc", "atexit", "codecs", "contextlib", "ctypes", "functools", "gc", "importlib", "io", "json", "keyword",
    "linecache", "math", "operator", "os", "re", "resource", "select", "signal", "site", "socket", "stat", "sys",
    "traceback", "types", "warnings",
}  # fmt: skip
#: What scripts use of the standard library. All of it or nothing is imported ahead: a host for each
#: combination would be one for nearly each script.
COMMON = (
    "argparse", "asyncio", "base64", "collections", "concurrent.futures", "csv", "dataclasses", "datetime", "decimal",
    "email.message", "enum", "glob", "gzip", "hashlib", "html", "http.client", "itertools", "json", "logging", "math",
    "pathlib", "queue", "random", "re", "shutil", "smtplib", "sqlite3", "ssl", "statistics", "string", "subprocess",
    "tempfile", "textwrap", "threading", "time", "typing", "urllib.parse", "urllib.request", "uuid",
    "xml.etree.ElementTree", "zipfile", "zoneinfo",
)  # fmt: skip


def host_profile(profile: ExecutionProfile) -> ExecutionProfile:
    """Return the profile of the host that serves `profile`; equal ones share a host.

    Packages decide; of the standard library either nothing is imported ahead, for tasks that need nothing,
    or what is common.
    """
    wanted = {module for module in profile.preload if module.partition(".")[0] not in _ALWAYS_THERE}
    packages = sorted(module for module in wanted if module.partition(".")[0] not in sys.stdlib_module_names)
    return ExecutionProfile(environment=profile.environment, preload=(*packages, *(COMMON if wanted else ())))
