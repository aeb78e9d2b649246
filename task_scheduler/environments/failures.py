"""What an installer's complaint means, in one sentence with the way out."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from task_scheduler.core.errors import EnvironmentFailed
from task_scheduler.environments.commands import CommandEnd


@dataclass(frozen=True, slots=True)
class Rule:
    """A complaint to be recognised, and what to say of it."""

    pattern: re.Pattern[str]  #: searched in the text with every run of white space made one space
    say: Callable[[re.Match[str]], str]
    temporary: bool = False


def _rule(pattern: str, sentence: str, *, temporary: bool = False) -> Rule:
    """Make a rule whose sentence is filled from the named groups of its pattern."""
    return Rule(re.compile(pattern), lambda match: sentence.format_map(match.groupdict("")), temporary=temporary)


UNREACHABLE = "the package index cannot be reached ({why}): this is tried again, and what is built keeps running"
NO_PACKAGE = "no package {name!r} on the index: check its spelling in dependencies"
NO_VERSION = "no version of {name} satisfies {wanted}: ask for one that exists"
NOT_BUILDING = "{what} does not build on this machine: choose a version that has a wheel, or install what it misses"
OTHER_FILE = "the index has another file for {what} now than when it was locked: save the task file to lock it again"

#: The first that is found decides, so causes stand before their consequences.
RULES = (
    # The machine.
    _rule(r"No space left on device", "the disk is full: free some space", temporary=True),
    _rule(r"Read-only file system|Permission denied \(os error 13\)", "the installer may not write where it must"),
    # The network, uv.
    _rule(
        r"HTTP status client error \((?P<why>40[13] \w+)\) for url \((?P<url>[^)]*)\)",
        "the package index refuses access ({why}) at {url}: check its address and credentials",
    ),
    _rule(r"HTTP status server error \((?P<why>[^)]*)\)", UNREACHABLE, temporary=True),
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
    _rule(
        r"(?:connection broken by|Max retries exceeded).*?(?P<why>Connection refused|Name or service not known|"
        r"Temporary failure in name resolution|Network is unreachable|timed out|certificate verify failed)",
        UNREACHABLE,
        temporary=True,
    ),
    # A package that does not build; before conflicts, since building a package resolves its tools.
    _rule(r"Failed to (?:download and )?build `(?P<what>[^`]+)`", NOT_BUILDING),
    _rule(r"Failed to build installable wheels for .*?\((?P<what>[^)]+)\)", NOT_BUILDING),
    _rule(r"subprocess-exited-with-error|metadata-generation-failed", NOT_BUILDING.replace("{what}", "a package")),
    _rule(r"Hash mismatch for `(?P<what>[^`]+)`", OTHER_FILE),
    _rule(r"THESE PACKAGES DO NOT MATCH THE HASHES.*?tampered with them\. (?P<what>\S+)", OTHER_FILE),
    # What was asked for, uv.
    _rule(
        r"(?:Because|and) (?P<name>\S+) was not found in the (?:package registry|provided package locations)",
        NO_PACKAGE,
    ),
    _rule(
        r"current Python version \((?P<python>[^)]*)\) does not satisfy Python(?P<needs>\S+) and (?P<what>\S+) depends",
        "{what} needs Python {needs} and would get {python}: raise python_version, or choose another version of it",
    ),
    _rule(
        r"(?P<what>\S+) has no (?:wheels|usable wheels|source distribution)[^(,]*(?:\([^)]*\))?",
        "{what} has no file for this Python and platform: choose another version, or another python_version",
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
    _rule(r"satisfies the requirement (?P<name>[\w.-]+)\S* \(from versions: none\)", NO_PACKAGE),
    _rule(r"satisfies the requirement (?P<wanted>(?P<name>[\w.-]+)\S*) \(from versions:", NO_VERSION),
    _rule(
        r"Cannot install (?P<why>.*?) because these package versions have conflicting dependencies",
        "these packages cannot be installed together: {why}",
    ),
)


def failure(end: CommandEnd, *, doing: str) -> EnvironmentFailed:
    """Make the error of an installer that failed or was ended while `doing` something."""
    if end.timed_out:
        return EnvironmentFailed(
            f"{doing} took longer than allowed and was ended: raise environments.build_timeout if it needs more",
            detail=end.last_lines,
            temporary=True,
        )
    text = " ".join(end.errors.split())
    for rule in RULES:
        if match := rule.pattern.search(text):
            return EnvironmentFailed(rule.say(match), detail=end.last_lines, temporary=rule.temporary)
    how = "did not come to an end" if end.code is None else f"failed with exit code {end.code}"
    last = end.last_lines.rpartition("\n")[2].strip()
    return EnvironmentFailed(
        f"{doing} {how}: {last}" if last else f"{doing} {how}", detail=end.last_lines, temporary=end.code is None
    )
