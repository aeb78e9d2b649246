"""What an installer's complaint means, in one sentence with the way out."""

from __future__ import annotations

import re
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from task_scheduler.core.errors import EnvironmentFailed
from task_scheduler.environments.commands import CommandEnd
from task_scheduler.environments.well_known import meant_by


class IndexUnreachable(EnvironmentFailed):
    """The package index gave no usable answer; what the installer's cache holds may still do."""


class TookTooLong(EnvironmentFailed):
    """An installer was ended at the time limit; `doing` says at what."""

    def __init__(self, doing: str, *, detail: str) -> None:
        super().__init__(f"{doing} took longer than allowed and was ended", detail=detail, temporary=True)
        self.doing = doing


@dataclass(frozen=True, slots=True)
class Rule:
    """A complaint to be recognised, and what to say of it."""

    #: Searched in the text with every run of white space made one space. It is compiled, and kept by `re`, when an
    #: installer first fails, which most starts of the scheduler never see.
    pattern: str
    say: Callable[[re.Match[str]], str]
    temporary: bool = False
    unreachable: bool = False


def _rule(pattern: str, sentence: str, *, temporary: bool = False) -> Rule:
    """Make a rule whose sentence is filled from the named groups of its pattern."""
    unreachable = sentence == UNREACHABLE
    return Rule(pattern, lambda match: sentence.format_map(match.groupdict("")), temporary, unreachable)


def _no_package(match: re.Match[str]) -> str:
    name = match["name"]
    if name.replace("-", "_") in sys.stdlib_module_names:
        return f"no package {name!r} on the index, for it is a part of Python: remove it from dependencies"
    meant = meant_by(name)
    return f"no package {name!r} on the index" + (f", did you mean {meant!r}?" if meant else CHECK_SPELLING)


def _not_building(match: re.Match[str]) -> str:
    """Say what does not build, and why as far as its output tells."""
    what = match.groupdict().get("what") or "a package"
    meant = meant_by(re.split(r"[=<> @]|-(?=\d)", what)[0], near_misses=False)
    if meant:
        return f"{what} does not build on this machine, did you mean {meant!r}?"
    for pattern, reason in REASONS.items():
        if found := re.search(pattern, match.string):
            return f"{what} does not build on this machine, {reason.format_map(found.groupdict(''))}"
    return NOT_BUILDING.format(what=what)


CHECK_SPELLING = ": check its spelling in dependencies"
#: What a scheduler does about an index out of reach; nobody does it where none is running.
TRIED_AGAIN = ": this is tried again, and what is built keeps running"
UNREACHABLE = "the package index cannot be reached ({why})" + TRIED_AGAIN
NO_VERSION = "no version of {name} satisfies {wanted}: ask for one that exists"
NOT_BUILDING = "{what} does not build on this machine: choose a version that has a wheel, or install what it misses"
NO_WHEEL = "{what} has no file for this Python and platform: choose another version, or another python_version"
OTHER_FILE = "the index has another file for {what} now than when it was locked: save the task file to lock it again"
TAKEN_BACK = "{what} was taken back by its authors ({why}): ask for another version"
REFUSED = "the package index refuses access ({why}) at {url}: check its address and credentials"

_TOOL = r"(?P<tool>(?:[\w.-]*-)?(?:gcc|g\+\+|cc|c\+\+|clang|gfortran|rustc|cargo|cmake|make|ninja|meson|swig|pkg-config|go|node|nvcc))"
#: Why a package did not build, by what its build printed, and the end of the sentence.
REASONS: Mapping[str, str] = MappingProxyType(
    {
        rf"No such file or directory: '(?:[^']*/)?{_TOOL}'": "for {tool} is missing: install it, or choose a version that has a wheel",
        rf"(?:command|unable to execute) '(?:[^']*/)?{_TOOL}'(?: failed)?: No such": (
            "for {tool} is missing: install it, or choose a version that has a wheel"
        ),
        rf"(?:^| |/){_TOOL}: (?:command )?not found": "for {tool} is missing: install it, or choose a version that has a wheel",
        r"can't find Rust compiler|Rust toolchain .{0,40}not (?:found|installed)": (
            "for the Rust compiler is missing: install it, or choose a version that has a wheel"
        ),
        r"fatal error: Python\.h: No such file": "for Python's headers are missing: install python3-dev",
        r"fatal error: (?P<header>\S+\.h[p]{0,2}): No such file": (
            "for the header {header} is missing: install the library it belongs to"
        ),
        r"\bMemoryError\b|out of memory|Cannot allocate memory|Killed signal terminated|signal: 9|exit code: -9": (
            "for memory ran out: choose a version that has a wheel, or build it where there is more"
        ),
    }
)

#: The first that is found decides, so causes stand before their consequences.
RULES = (
    # The machine.
    _rule(r"No space left on device", "the disk is full: free some space", temporary=True),
    _rule(r"Disk quota exceeded", "the disk quota is used up: free some space", temporary=True),
    _rule(
        r"Read-only file system|Permission denied \(os error 13\)|\[Errno 13\] Permission denied",
        "the installer may not write where it must",
    ),
    # The network, uv.
    _rule(
        r"HTTP status client error \((?P<why>40[13] \w+)\) for url \((?P<url>[^)]*)\)",
        REFUSED,
    ),
    _rule(
        r"index(?: URL)? \((?P<url>[^)]*)\) (?:could not be queried|returned a )[^(]*?(?:\(|)(?P<why>40[13] \w+)",
        REFUSED,
    ),
    _rule(r"HTTP status (?:server|client) error \((?P<why>(?:5\d\d|408|429)[^)]*)\)", UNREACHABLE, temporary=True),
    _rule(r"(?P<why>invalid peer certificate)", UNREACHABLE, temporary=True),
    _rule(
        r"(?:error sending request|Failed to fetch).*cause: (?P<why>.+?)(?: \(os error \d+\))?(?: hint:.*)?$",
        UNREACHABLE,
        temporary=True,
    ),
    _rule(r"(?P<why>operation timed out|network was disabled)", UNREACHABLE, temporary=True),
    _rule(
        r"Failed to read `--find-links` directory: (?P<path>\S+)",
        "the folder of packages {path} does not exist: mend the setting that names it (find-links)",
    ),
    # The network, pip.
    _rule(r"Could not fetch URL (?P<url>\S+): (?P<why>40[13]) Client Error", REFUSED),
    _rule(r"(?P<why>Cannot connect to proxy)", UNREACHABLE, temporary=True),
    _rule(r"too many (?P<why>5\d\d error responses)", UNREACHABLE, temporary=True),
    _rule(
        r"Could not fetch URL \S+: (?P<why>(?:5\d\d|408|429) \w+ Error: [\w ]+?) for url", UNREACHABLE, temporary=True
    ),
    _rule(
        r"(?:connection broken by|Max retries exceeded).*?(?P<why>Connection refused|Name or service not known|"
        r"Temporary failure in name resolution|Network is unreachable|timed out|certificate verify failed)",
        UNREACHABLE,
        temporary=True,
    ),
    _rule(r"ReadTimeoutError.*(?P<why>Read timed out)", UNREACHABLE, temporary=True),
    # A package that does not build; before conflicts, since building a package resolves its tools.
    Rule(r"Failed to (?:download and )?build `(?P<what>[^`]+)`", _not_building),
    Rule(r"Failed to build installable wheels for .*?\((?P<what>[^)]+)\)", _not_building),
    Rule(
        r"while building (?P<what>\S+?)(?:\.tar\.\w+|\.tgz|\.zip)?: ",
        _not_building,
    ),
    Rule(r"subprocess-exited-with-error|metadata-generation-failed", _not_building),
    _rule(r"Hash mismatch for `(?P<what>[^`]+)`", OTHER_FILE),
    _rule(r"THESE PACKAGES DO NOT MATCH THE HASHES.*?tampered with them\. (?P<what>\S+)", OTHER_FILE),
    # What was asked for, uv.
    Rule(
        r"(?:Because|and) (?P<name>\S+) was not found in the (?:package registry|provided package locations|cache)",
        _no_package,
    ),
    _rule(
        r"current Python version \((?P<python>[^)]*)\) does not satisfy Python(?P<needs>\S+) and (?P<what>\S+) depends",
        "{what} needs Python {needs} and would get {python}: raise python_version, or choose another version of it",
    ),
    _rule(
        r"(?:Because|and) (?P<what>\S+) requires Python (?P<needs>[^\s,]+)",
        "{what} needs Python {needs}: raise python_version, or choose another version of it",
    ),
    _rule(r"(?P<what>\S+) was yanked(?: \(reason: (?P<why>[^)]*)\))?", TAKEN_BACK),
    _rule(
        r"(?P<what>\S+) has no (?:wheels|usable wheels|source distribution)[^(,]*(?:\([^)]*\))?",
        NO_WHEEL,
    ),
    _rule(
        r"Because (?:all versions of )?(?P<one>\S+) depends? on (?P<first>\S+) and (?:all versions of )?(?P<other>\S+) "
        r"depends? on (?P<second>\S+), we can conclude that [^.]* are incompatible",
        "{one} needs {first} and {other} needs {second}, which exclude each other: choose other versions of them",
    ),
    _rule(
        r"Because you require (?P<one>\S+) and (?P<other>[^\s,]+)(?:,[^ ]+)?, we can conclude",
        "{one} and {other} exclude each other: choose one of them",
    ),
    _rule(
        r"only (?P<name>[\w.-]+?(?=[=<>!~,\s]))\S* (?:is|are) available and "
        r"(?:all versions of )?(?P<by>\S+) depends? on (?P<wanted>[^\s,]+(?:,[<>=!~][^\s,]+)*)",
        "{by} needs {wanted}, and no version of {name} satisfies that: choose another version of {by}",
    ),
    _rule(
        r"there (?:is no version|are no versions) of (?P<wanted>(?P<name>[\w.-]+?(?=[=<>!~,\s\[]))[^\s,]*)", NO_VERSION
    ),
    _rule(
        r"only (?P<name>[\w.-]+?(?=[=<>!~,\s]))\S* (?:is|are) available and you require (?P<wanted>[^\s,]+(?:,[<>=!~][^\s,]+)*)",
        NO_VERSION,
    ),
    _rule(r"(?P<why>Because .*? unsatisfiable)", "these packages cannot be installed together: {why}"),
    # What was asked for, pip.
    _rule(
        r"Package '(?P<what>[^']+)' requires a different Python: (?P<python>\S+) not in '(?P<needs>[^']+)'",
        "{what} needs Python {needs} and would get {python}: raise python_version, or choose another version of it",
    ),
    _rule(
        r"none of the wheel's tags \([^)]*\) are compatible.*?/(?P<what>[^/#\s]+?)-[^-/#\s]+-[^-/#\s]+-[^-/#\s]+\.whl",
        NO_WHEEL,
    ),
    _rule(
        r"satisfies the requirement (?P<what>\S+) .*Ignored the following yanked versions: (?P<why>[^\s]+)",
        "{what} is satisfied only by versions that were taken back by their authors ({why}): ask for another version",
    ),
    _rule(
        r"satisfies the requirement (?P<wanted>(?P<name>[\w.-]+?(?=[=<>!~\s\[]))\S*) \(from (?P<by>[^)]+)\) \(from versions: [^n]",
        "{by} needs {wanted}, and no version of {name} satisfies that: choose another version of {by}",
    ),
    Rule(
        r"satisfies the requirement (?P<name>[\w.-]+)\S* (?:\(from [^)]+\) )?\(from versions: none\)",
        _no_package,
    ),
    _rule(r"satisfies the requirement (?P<wanted>(?P<name>[\w.-]+)\S*) \(from versions:", NO_VERSION),
    _rule(
        r"(?P<one>[\w.-]+ [\w.!+-]+) depends on (?P<first>\S+) (?P<other>[\w.-]+ [\w.!+-]+) depends on (?P<second>\S+) "
        r".*conflicting dependencies",
        "{one} needs {first} and {other} needs {second}, which exclude each other: choose other versions of them",
    ),
    _rule(
        r"Cannot install (?P<why>.*?) because these package versions have conflicting dependencies",
        "these packages cannot be installed together: {why}",
    ),
)


def failure(end: CommandEnd, *, doing: str) -> EnvironmentFailed:
    """Make the error of an installer that failed or was ended while `doing` something."""
    if end.timed_out:
        return TookTooLong(doing, detail=end.last_lines)
    text = " ".join(end.errors.split())
    for rule in RULES:
        if match := re.search(rule.pattern, text):
            kind = IndexUnreachable if rule.unreachable else EnvironmentFailed
            return kind(rule.say(match), detail=end.last_lines, temporary=rule.temporary)
    if end.code is not None and end.code < 0:
        return EnvironmentFailed(f"{doing} {_killed(-end.code)}", detail=end.last_lines, temporary=True)
    how = "did not come to an end" if end.code is None else f"failed with exit code {end.code}"
    last = end.last_lines.rpartition("\n")[2].strip()
    return EnvironmentFailed(
        f"{doing} {how}: {last}" if last else f"{doing} {how}", detail=end.last_lines, temporary=end.code is None
    )


def _killed(number: int) -> str:
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    memory = ": the machine may have run out of memory" if number == signal.SIGKILL else ""
    return f"was ended by {name}{memory}"
