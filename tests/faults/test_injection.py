"""System calls that fail or come late: around the commit, the fork, the wait and the markers."""

from __future__ import annotations

import pytest

from task_scheduler.testing.running import RunningProject
from tests.faults import injection
from tests.faults.injection import HOST, SCHEDULER, Injection

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not injection.is_possible(), reason="strace is not here, or may not trace other processes"),
]


@pytest.mark.parametrize(
    "fault",
    [
        Injection(who=SCHEDULER, call="fdatasync", instead="error=EIO", when="2..3"),
        Injection(who=SCHEDULER, call="pwrite64", instead="error=ENOSPC", when="4"),
        Injection(who=HOST, call="clone,fork,vfork,clone3", instead="error=EAGAIN", when="1"),
        Injection(who=HOST, call="openat", instead="error=ENOSPC", when="1..2"),
    ],
    ids=str,
)
def test_a_call_that_fails_costs_no_law(project: RunningProject, fault: Injection) -> None:
    violations = injection.carry_out(project, fault)

    assert violations == []
    assert injection.was_met(project)
