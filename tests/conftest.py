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
    """Begin with what takes longest, so that no process works on it while the others are done: real package indexes."""
    items.sort(key=lambda item: item.get_closest_marker("network") is None)
    gc.collect()
    gc.freeze()  # ten thousand tests are no garbage, and are looked through at each collection
