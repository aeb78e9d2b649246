"""What a scheduler costs while nothing is due."""

from __future__ import annotations

import time

from bench_project import bench, proportional_memory
from many_files import SLEEPING
from table import Row, within


def idle(seconds: int) -> list[Row]:
    """Measure processor time and memory with 100 and with 10,000 jobs, none of them due."""
    # 10,000 files are looked at about once a minute: that look is to be counted.
    return [*_idle(100, max(seconds, 30)), *_idle(10_000, max(seconds, 61))]


def _idle(count: int, seconds: int) -> list[Row]:
    with bench() as measured:
        project = measured.project
        # Half a day away, whatever the time is.
        hour = (time.gmtime().tm_hour + 12) % 24
        for number in range(count):
            project.write_task(f"bench{number}", SLEEPING.format(hour=hour))
        measured.start()
        measured.wait_admitted(count, 300)
        # A host is there as well, as in a project that does some work.
        project.command("start", "bench0")
        measured.wait_finished(1)
        project.wait_for(
            "the files known by their looks",
            lambda: measured.one("SELECT count(*) AS n FROM tasks WHERE stamp IS NULL") == 0,
            120,
        )
        project.stop()
        project.start()
        time.sleep(5)
        before = measured.cpu()
        began = time.monotonic()
        time.sleep(seconds)
        spent = measured.cpu() - before
        share = spent.total / (time.monotonic() - began)
        scheduler = proportional_memory(project.pid)
        hosts = sum(proportional_memory(pid) for pid in project.host_pids())
    jobs = f"{count:,} jobs, none due"
    load = f"{share:.2%} of a core over {seconds} s"
    memory = f"{(scheduler + hosts) / 1e6:.0f} MB (scheduler {scheduler / 1e6:.0f}, hosts {hosts / 1e6:.0f})"
    if count < 10_000:
        return [
            Row(what=f"CPU with {jobs}", seen=load, figure=share),
            Row(what=f"memory (PSS) with {jobs}", seen=memory, figure=scheduler + hosts),
        ]
    return [
        Row(what=f"CPU with {jobs}", seen=load, budget="0.2 %", reached=share <= 0.002, figure=share),
        within(f"memory (PSS) with {jobs}", memory, figure=(scheduler + hosts) / 1e6, budget=120, unit="MB"),
    ]
