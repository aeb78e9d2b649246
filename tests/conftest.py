"""What every test gets."""

from __future__ import annotations

import os
import signal
import time

import pytest
from hypothesis import HealthCheck, settings

# A shared machine is slow at times; a law does not break because an example took long.
settings.register_profile("project", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("project")


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
