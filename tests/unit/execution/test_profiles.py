"""Which tasks share a host."""

from __future__ import annotations

import pytest

from task_scheduler.core.requests import ExecutionProfile
from task_scheduler.execution.profiles import COMMON, host_profile


def _preloaded(*modules: str) -> tuple[str, ...]:
    return host_profile(ExecutionProfile(environment="env", preload=modules)).preload


def test_a_task_that_imports_next_to_nothing_gets_a_small_host() -> None:
    assert _preloaded("time", "os.path", "json", "sys") == ()


@pytest.mark.parametrize("modules", [("csv",), ("pathlib", "datetime"), ("tkinter",)])
def test_all_that_use_the_standard_library_alone_share_one_host(modules: tuple[str, ...]) -> None:
    assert _preloaded(*modules) == COMMON


def test_packages_decide_which_host_and_their_order_does_not() -> None:
    assert _preloaded("requests", "bs4", "csv") == _preloaded("bs4", "requests") == ("bs4", "requests", *COMMON)


def test_environments_never_share_a_host() -> None:
    assert host_profile(ExecutionProfile(environment="a")) != host_profile(ExecutionProfile(environment="b"))
