"""What every test gets."""

from __future__ import annotations

import gc
import os
import signal
import time

import pytest
from hypothesis import HealthCheck, settings

from task_scheduler.testing.running import RunningProject

# A shared machine is slow at times; a law does not break because an example took long.
settings.register_profile("project", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("project")

RunningProject.forks = True


# What a shell starts in the background, or by nohup, may ignore these, and so would all that tests start in their turn.
# A handler of ours is not handed on.
for _number in (signal.SIGHUP, signal.SIGQUIT):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, lambda _number, _frame: None)
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True, scope="session")
def _no_settings_of_the_person() -> None:
    """Drop the settings a developer's shell may carry, the zone of the machine included."""
    os.environ["TZ"] = "UTC"
    time.tzset()
    # The tests start Python some thousand times: to compile the program anew at each start doubles what most of them cost.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    for name in [name for name in os.environ if name.startswith("TASK_SCHEDULER_")]:
        del os.environ[name]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have each of several processes begin with modules that take long, so that none works on while the others are done.

    Each gets a part of the list in one piece, and takes from the ends of others' parts later. A module stays together.
    """
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if processes == 1:
        return
    slow: dict[str, list[pytest.Item]] = {}
    quick: list[pytest.Item] = []
    for item in items:
        if item.nodeid.startswith(("tests/acceptance/", "tests/faults/", "tests/integration/")):
            slow.setdefault(item.nodeid.partition("::")[0], []).append(item)
        else:
            quick.append(item)
    parts: list[list[pytest.Item]] = [[] for _ in range(processes)]
    for number, module in enumerate(sorted(slow, key=lambda name: (_weight(slow[name]), name), reverse=True)):
        parts[number % processes].extend(slow[module])
    share = -(-len(items) // processes)
    for part in parts:
        missing = max(0, share - len(part))
        part.extend(quick[:missing])
        del quick[:missing]
    items[:] = [item for part in parts for item in part] + quick
    gc.collect()
    gc.freeze()  # ten thousand tests are no garbage, and are looked through at each collection


def _weight(tests: list[pytest.Item]) -> int:
    """Return how heavy a module is, roughly: tests of a real package index first, then by how many are slow."""
    is_slow = sum(item.get_closest_marker("slow") is not None for item in tests)
    return is_slow + 100 * any(item.get_closest_marker("network") is not None for item in tests)
