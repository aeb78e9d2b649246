"""What installers complain of, verbatim, and what a person is told."""

from __future__ import annotations

import re

import pytest

from task_scheduler.environments.commands import CommandEnd
from task_scheduler.environments.failures import REASONS, RULES, failure

UV_HEAD = "error: No solution found when resolving dependencies\n  cause: "

SENTENCES = {
    "uv: no such package": (
        UV_HEAD + "Because reqests was not found in the package registry and you require reqests, we can conclude that "
        "your requirements are unsatisfiable.",
        "no package 'reqests' on the index, did you mean 'requests'?",
        False,
    ),
    "uv: no such package, asked for by another": (
        UV_HEAD + "Because beta was not found in the provided package locations and alpha==1.0 depends on beta, we can "
        "conclude that alpha==1.0 cannot be used.",
        "no package 'beta' on the index: check its spelling in dependencies",
        False,
    ),
    "uv: no such version": (
        UV_HEAD + "Because there is no version of six==99.1 and you require six==99.1, we can conclude that your "
        "requirements are unsatisfiable.",
        "no version of six satisfies six==99.1: ask for one that exists",
        False,
    ),
    "uv: only older versions": (
        UV_HEAD + "Because only six<=1.17.0 is available and you require six>=99,<100, we can conclude that your "
        "requirements are unsatisfiable.",
        "no version of six satisfies six>=99,<100: ask for one that exists",
        False,
    ),
    "uv: conflict": (
        UV_HEAD + "Because requests==2.31.0 depends on urllib3>=1.21.1,<3 and you require requests==2.31.0, we can "
        "conclude that you require urllib3>=1.21.1,<3.\n         And because you require urllib3<1.2, we can conclude "
        "that your requirements are unsatisfiable.",
        (
            "these packages cannot be installed together: Because requests==2.31.0 depends on urllib3>=1.21.1,<3 and you "
            "require requests==2.31.0, we can conclude that you require urllib3>=1.21.1,<3. And because you require "
            "urllib3<1.2, we can conclude that your requirements are unsatisfiable"
        ),
        False,
    ),
    "uv: newer Python needed": (
        UV_HEAD
        + "Because the current Python version (3.9.18) does not satisfy Python>=3.11 and numpy==2.3.0 depends on "
        "Python>=3.11, we can conclude that numpy==2.3.0 cannot be used.",
        "numpy==2.3.0 needs Python >=3.11 and would get 3.9.18: raise python_version, or choose another version of it",
        False,
    ),
    "uv: no wheel for this Python": (
        UV_HEAD
        + "Because torch==2.13.0+cpu has no wheels with a matching Python implementation tag (e.g., `cp310`) and "
        "there is no version of torch==2.13.0, we can conclude that your requirements are unsatisfiable.",
        "torch==2.13.0+cpu has no file for this Python and platform: choose another version, or another python_version",
        False,
    ),
    "uv: connection refused": (
        (
            "error: Request failed after 3 retries in 6.5s\n  cause: Failed to fetch: http://127.0.0.1:9/simple/six/\n"
            "  cause: error sending request for url (http://127.0.0.1:9/simple/six/)\n  cause: client error (Connect)\n"
            "  cause: tcp connect error\n  cause: Connection refused (os error 111)"
        ),
        "the package index cannot be reached (Connection refused): this is tried again, and what is built keeps running",
        True,
    ),
    "uv: no such host": (
        (
            "error: Request failed after 3 retries in 8.9s\n  cause: Failed to fetch: http://nosuch.invalid/simple/six/\n"
            "  cause: error sending request for url (http://nosuch.invalid/simple/six/)\n  cause: client error (Connect)\n"
            "  cause: dns error\n  cause: error resolving DNS\n"
            "  cause: failed to lookup address information: Name or service not known"
        ),
        (
            "the package index cannot be reached (failed to lookup address information: Name or service not known): this is tried "
            "again, and what is built keeps running"
        ),
        True,
    ),
    "uv: does not build": (
        (
            "error: Failed to build `bro==1.0`\n  cause: The build backend returned an error\n  cause: Call to "
            "`backend.build_wheel` failed (exit status: 1)\n\n         [stderr]\n         RuntimeError: compiler missing"
        ),
        "bro==1.0 does not build on this machine: choose a version that has a wheel, or install what it misses",
        False,
    ),
    "uv: does not build, for want of a build tool": (
        (
            "error: Failed to download and build `bad==1.0`\n  cause: Failed to resolve requirements from `setup.py` build\n"
            "  cause: No solution found when resolving: `setuptools>=40.8.0`\n  cause: Because setuptools was not found in "
            "the provided package locations and you require setuptools>=40.8.0, we can conclude that your requirements are "
            "unsatisfiable."
        ),
        "bad==1.0 does not build on this machine: choose a version that has a wheel, or install what it misses",
        False,
    ),
    "uv: another file": (
        "error: Failed to download `six==1.17.0`\n  cause: Hash mismatch for `six==1.17.0`\n\n         Expected:",
        "the index has another file for six==1.17.0 now than when it was locked: save the task file to lock it again",
        False,
    ),
    "uv: full disk": (
        "error: Failed to install: six-1.17.0\n  cause: No space left on device (os error 28)",
        "the disk is full: free some space",
        True,
    ),
    "uv: missing folder of packages": (
        "error: Failed to read `--find-links` directory: /nosuch/wheels\n  cause: No such file or directory (os error 2)",
        "the folder of packages /nosuch/wheels does not exist: mend the setting that names it (find-links)",
        False,
    ),
    "pip: no such package": (
        (
            "ERROR: Could not find a version that satisfies the requirement reqests (from versions: none)\n"
            "ERROR: No matching distribution found for reqests"
        ),
        "no package 'reqests' on the index, did you mean 'requests'?",
        False,
    ),
    "pip: no such version": (
        (
            "ERROR: Could not find a version that satisfies the requirement six==99.1 (from versions: 0.9.0, 1.17.0)\n"
            "ERROR: No matching distribution found for six==99.1"
        ),
        "no version of six satisfies six==99.1: ask for one that exists",
        False,
    ),
    "pip: connection refused": (
        (
            "WARNING: Retrying (Retry(total=4, connect=None)) after connection broken by 'NewConnectionError('<object>: Failed "
            "to establish a new connection: [Errno 111] Connection refused')': /simple/six/\n"
            "ERROR: Could not find a version that satisfies the requirement six (from versions: none)"
        ),
        "the package index cannot be reached (Connection refused): this is tried again, and what is built keeps running",
        True,
    ),
    "pip: another file": (
        (
            "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If you have updated the package "
            "versions, please update the hashes. Otherwise, examine the package contents carefully; someone may have tampered "
            "with them.\n    six==1.17.0 from file:///wheels/six.whl (from -r /dev/stdin (line 1)):\n        Expected sha256"
        ),
        "the index has another file for six==1.17.0 now than when it was locked: save the task file to lock it again",
        False,
    ),
    "pip: conflict": (
        (
            "ERROR: Cannot install alpha and beta because these package versions have conflicting dependencies.\n"
            "ERROR: ResolutionImpossible: for help visit the documentation"
        ),
        "these packages cannot be installed together: alpha and beta",
        False,
    ),
    "pip: builds the wrong package": (
        "while building BeautifulSoup-3.2.2.tar.gz:\n  SyntaxError: Missing parentheses\nerror: metadata-generation-failed",
        "BeautifulSoup-3.2.2 does not build on this machine, did you mean 'beautifulsoup4'?",
        False,
    ),
    "uv: a part of Python": (
        (
            "error: No solution found when resolving dependencies\n  cause: Because sqlite3 was not found in the package "
            "registry and you require sqlite3, we can conclude that your requirements are unsatisfiable."
        ),
        "no package 'sqlite3' on the index, for it is a part of Python: remove it from dependencies",
        False,
    ),
    "uv: needs a header": (
        (
            "error: Failed to build `thing==2.9`\n  cause: The build backend returned an error\n  ./thing.c:35:10: "
            "fatal error: Python.h: No such file or directory"
        ),
        "thing==2.9 does not build on this machine, for Python's headers are missing: install python3-dev",
        False,
    ),
    "uv: runs a shell's complaint": (
        "error: Failed to build `x==1`\n  cause: …\n  /bin/sh: 1: cmake: not found",
        "x==1 does not build on this machine, for cmake is missing: install it, or choose a version that has a wheel",
        False,
    ),
    "something new": (
        "warning: hm\nerror: the moon is full",
        "resolving the packages failed with exit code 2: error: the moon is full",
        False,
    ),
}


@pytest.mark.parametrize(("said", "sentence", "temporary"), SENTENCES.values(), ids=SENTENCES.keys())
def test_a_complaint_becomes_a_sentence_with_the_way_out(said: str, sentence: str, *, temporary: bool) -> None:
    end = CommandEnd(code=2, timed_out=False, output=b"", errors=said)

    error = failure(end, doing="resolving the packages")

    assert str(error) == sentence
    assert error.temporary is temporary
    assert error.detail == said


def test_an_installer_ended_at_the_limit_is_worth_another_try() -> None:
    end = CommandEnd(code=None, timed_out=True, output=b"", errors="compiling a very large file\n")

    error = failure(end, doing="installing the packages")

    assert str(error) == ("installing the packages took longer than allowed and was ended")
    assert error.temporary
    assert error.detail == "compiling a very large file"


def test_an_installer_that_was_killed_is_worth_another_try() -> None:
    error = failure(CommandEnd(code=None, timed_out=False, output=b"", errors=""), doing="installing the packages")

    assert str(error) == "installing the packages did not come to an end"
    assert error.temporary


def test_an_installer_killed_from_outside_is_told_by_the_signal() -> None:
    error = failure(CommandEnd(code=-9, timed_out=False, output=b"", errors=""), doing="resolving the packages")

    assert str(error) == "resolving the packages was ended by SIGKILL: the machine may have run out of memory"
    assert error.temporary


def test_the_detail_holds_the_last_forty_lines() -> None:
    said = "\n".join(f"line {number}" for number in range(100))

    error = failure(CommandEnd(code=1, timed_out=False, output=b"", errors=said), doing="installing the packages")

    assert error.detail.splitlines() == [f"line {number}" for number in range(60, 100)]


def test_no_pattern_is_compiled_before_an_installer_fails_and_each_can_be() -> None:
    for pattern in (*REASONS, *(rule.pattern for rule in RULES)):
        assert isinstance(pattern, str)
        re.compile(pattern)
