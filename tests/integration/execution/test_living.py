"""Whether an attempt of an earlier scheduler is being executed now, by real processes and markers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from task_scheduler.core.runs import AttemptId
from task_scheduler.execution import markers, processes
from task_scheduler.execution.cards import HostCard
from task_scheduler.execution.living import is_executing
from task_scheduler.execution.settlement import mark_of

ATTEMPT = AttemptId(run_id=34, number=1)
PROJECT = "/srv/project"
END = b'{"exit_code": 0, "signal": null, "stopped_for": null, "error": null, "started_at": 0, "ended_at": 1, "duration": 1,'
END += b' "cpu_seconds": 0, "peak_memory": 0, "output_bytes": 0, "output_dropped": 0, "left_behind": 0}'


@pytest.fixture
def hosts(tmp_path: Path) -> Path:
    """The folder of the hosts' folders, with that of one host in it."""
    (tmp_path / "host").mkdir()
    return tmp_path


def living_host() -> HostCard:
    """The card of a host that lives: this very process."""
    pid = os.getpid()
    return HostCard(host="host", pid=pid, start=processes.start_time(pid), boot=processes.boot_id())


def dead_host() -> HostCard:
    """The card of a process that is no longer."""
    return HostCard(host="host", pid=os.getpid(), start=1, boot=processes.boot_id())


def executes(card: HostCard, hosts: Path) -> bool:
    return is_executing(ATTEMPT, card.text(), hosts=hosts, project=PROJECT)


def begin(hosts: Path) -> int:
    marker = markers.create(str(hosts / "host"), str(ATTEMPT))
    markers.write_begin(marker)
    return marker


def test_what_began_in_a_living_host_is_executing_until_its_end_is_written(hosts: Path) -> None:
    marker = begin(hosts)
    before = executes(living_host(), hosts)

    markers.write_end(marker, END)
    os.close(marker)

    assert before
    assert not executes(living_host(), hosts)


def test_what_has_not_begun_is_kept_from_beginning(hosts: Path) -> None:
    assert not executes(living_host(), hosts)
    with pytest.raises(FileExistsError):
        markers.create(str(hosts / "host"), str(ATTEMPT))


def test_without_its_folder_nothing_proves_that_a_living_host_is_done(hosts: Path) -> None:
    (hosts / "host").rmdir()

    assert executes(living_host(), hosts)


def test_of_a_dead_host_what_carries_the_mark_is_executing(hosts: Path) -> None:
    os.close(begin(hosts))
    mark = mark_of(PROJECT, "host", ATTEMPT)
    code = f"from task_scheduler.execution import processes; processes.stamp({mark}); print(flush=True); input()"

    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as survivor:
        assert survivor.stdout is not None
        survivor.stdout.readline()
        while_it_lives = executes(dead_host(), hosts)
        survivor.kill()

    assert while_it_lives
    assert not executes(dead_host(), hosts)


def test_nothing_of_another_boot_and_nothing_illegible_is_executing(hosts: Path) -> None:
    os.close(begin(hosts))
    card = living_host()
    before = HostCard(host=card.host, pid=card.pid, start=card.start, boot="another")

    assert not executes(before, hosts)
    assert not is_executing(ATTEMPT, "", hosts=hosts, project=PROJECT)
