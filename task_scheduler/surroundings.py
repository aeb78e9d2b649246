"""What a process finds around it, as facts to compare: the same questions, asked in a shell and where tasks run.

Run by path, `python surroundings.py`, it answers for the interpreter that runs it, as one line of JSON.
Standard library only, Python 3.8 or later: the interpreter of an environment may be asked, and any of the machine.
"""

from __future__ import annotations

import json
import locale
import os
import sys
import time

#: Limits that every attempt is given a value of its own of.
_MARKS = frozenset({"RLIMIT_LOCKS"})


def gather() -> dict[str, object]:
    """Return what is found: `facts` and `limits` by name as text, `variables`, `packages`, and `path`, where modules are."""
    return {
        "facts": _facts(),
        "limits": _limits(),
        "variables": dict(os.environ),
        "path": list(sys.path),
        "packages": _packages(),
    }


def stream(descriptor: int) -> str:
    """Return what a standard stream leads to, such as `a terminal` or `/dev/null`."""
    if os.isatty(descriptor):
        return "a terminal"
    try:
        target = os.readlink(f"/proc/self/fd/{descriptor}")
    except OSError:
        return "unknown"
    kind = target.partition(":")[0]
    return {"pipe": "a pipe", "socket": "a socket"}.get(kind, target)


def _facts() -> dict[str, str]:
    inside = sys.prefix != getattr(sys, "base_prefix", sys.prefix)
    return {
        "python": "{}.{}.{}".format(*sys.version_info[:3]),
        "interpreter": sys.executable or "",
        "virtual environment": sys.prefix if inside else "",
        "working folder": os.getcwd(),
        "user": _user(),
        "groups": ", ".join(sorted({_group(number) for number in [os.getegid(), *os.getgroups()]})),
        "home folder": _home(),
        "umask": umask(),
        "nice level": str(os.getpriority(os.PRIO_PROCESS, 0)),
        "locale": locale.setlocale(locale.LC_CTYPE, None),
        "text encoding": locale.getpreferredencoding(do_setlocale=False),
        "file name encoding": sys.getfilesystemencoding(),
        "output encoding": str(getattr(sys.stdout, "encoding", "")),
        "time zone": _zone(),
        "control group": _control_group(),
        "standard input": stream(0),
        "standard output": stream(1),
        "standard error": stream(2),
    }


def _user() -> str:
    import pwd

    number = os.geteuid()
    try:
        return f"{pwd.getpwuid(number).pw_name} ({number})"
    except KeyError:
        return str(number)


def _group(number: int) -> str:
    import grp

    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def _home() -> str:
    return os.path.expanduser("~")


def umask() -> str:
    """Return what is taken away from the permissions of new files, in octal."""
    for line in _lines("/proc/self/status"):
        if line.startswith("Umask:"):
            return line.split()[1]
    mask = os.umask(0o077)  # elsewhere there is no way to ask without setting it
    os.umask(mask)
    return f"{mask:04o}"


def _zone() -> str:
    names = "/".join(dict.fromkeys(time.tzname))
    named = os.environ.get("TZ") or os.path.realpath("/etc/localtime").partition("zoneinfo/")[2]
    return f"{named} ({names})" if named else names


def _control_group() -> str:
    """Return the group of the unified hierarchy, empty where there is none."""
    groups = [line.rstrip("\n").partition("::")[2] for line in _lines("/proc/self/cgroup") if line.startswith("0::")]
    return groups[0] if groups else ""


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.readlines()
    except OSError:
        return []


def _limits() -> dict[str, str]:
    import resource

    names = [name for name in sorted(dir(resource)) if name.startswith("RLIMIT_") and name not in _MARKS]
    return {name[len("RLIMIT_") :].lower(): _limit(resource.getrlimit(getattr(resource, name))) for name in names}


def _limit(limit: tuple[int, int]) -> str:
    soft, hard = ("unlimited" if value < 0 else str(value) for value in limit)
    return soft if soft == hard else f"{soft}, at most {hard}"


def _packages() -> dict[str, str]:
    """Return the version of each installed package, by name."""
    from importlib.metadata import distributions

    found: dict[str, str] = {}
    for each in distributions():
        name = each.metadata["Name"]
        if name:
            found.setdefault(str(name).lower().replace("_", "-"), each.version)
    return dict(sorted(found.items()))


def main() -> None:
    """Answer, on standard output as it is, whatever the interpreter has made of it."""
    answer = json.dumps(gather()).encode()
    while answer:
        answer = answer[os.write(1, answer) :]


if __name__ == "__main__":
    main()
