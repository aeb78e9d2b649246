"""What the same work costs without a scheduler: `python task.py`, and a bare loop that forks."""

from __future__ import annotations

import multiprocessing
import os
import resource
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Seconds for one execution."""

    cpu: float
    wall: float


def python_process(python: Path, script: Path, rounds: int) -> Cost:
    """Run `python script` so many times, one after another."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.perf_counter()
    for _ in range(rounds):
        subprocess.run([str(python), str(script)], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    wall = time.perf_counter() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(cpu=cpu / rounds, wall=wall / rounds)


_LOOP = """
import os, sys
script, log, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
for number in range(rounds):
    pid = os.fork()
    if pid == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        with open(script, encoding="utf-8") as file:
            code = compile(file.read(), script, "exec")
        names = {"__name__": "task"}
        exec(code, names)
        names["start"]()
        sys.stdout.flush()
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    with open(log, "a", encoding="utf-8") as file:
        file.write(f"{number} {status}\\n")
"""


def bare_fork_loop(python: Path, script: Path, log: Path, rounds: int) -> float:
    """Return executions per second of fork, import, call, wait and one line in a log, on all cores."""
    workers = multiprocessing.cpu_count()
    begun = time.perf_counter()
    processes = [
        subprocess.Popen([str(python), "-c", _LOOP, str(script), f"{log}.{worker}", str(rounds // workers)])
        for worker in range(workers)
    ]
    for process in processes:
        process.wait()
    return rounds // workers * workers / (time.perf_counter() - begun)


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))
