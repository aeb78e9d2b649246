"""docs/reference/exit-codes.md, written from the codes and the remarks beside them."""

from __future__ import annotations

import inspect
import re

from task_scheduler.cli import exit_codes
from task_scheduler.cli.exit_codes import ExitCode

_MEMBER = re.compile(r"^    (?P<name>[A-Z_]+) = (?P<code>\d+)  # (?P<meaning>.+)$", re.MULTILINE)
_HEAD = """\
# Exit codes

Written by `python -m tests.reference`. Every command ends with one of these, and says on standard error why. They are kept
stable: scripts and service managers may rely on them. [Commands](../commands.md) tells what they mean for each verb.

| code | name | meaning |
|---|---|---|
"""
_TAIL = """
`run-file` ends as its run did: with the code of the task itself, 124 at its time limit, 128 and the signal's number when a signal
ended it. `python TASK` ends as the interpreter it opened.
"""


def page() -> str:
    """Return the page; raises AssertionError for a code without a remark."""
    told = {row["name"]: row for row in _MEMBER.finditer(inspect.getsource(exit_codes))}
    assert set(told) == set(ExitCode.__members__), "each code has a remark beside it"
    rows = [f"| {row['code']} | {name} | {_sentence(row['meaning'])} |\n" for name, row in told.items()]
    return _HEAD + "".join(rows) + _TAIL


def _sentence(remark: str) -> str:
    return remark[0].upper() + remark[1:].replace("|", "\\|")
