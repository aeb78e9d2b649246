"""Measure what runs cost, how late they are, and how quickly files come into force: `python benchmarks/run.py`.

Everything is counted together: scheduler, hosts, attempts and commits. Figures are ratios from one run, since
machines differ; the budgets beside them are those of docs/design.md.
"""

from __future__ import annotations

import argparse
import platform
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from baselines import bare_fork_loop, cores, python_process
from bench_project import Bench, bench
from idling import idle
from many_files import change, drop, restart, scan
from simulation import simulation
from table import Row, keep_figures, kept_figures, print_table
from triggers import triggers

from task_scheduler.testing.running import HEAD, IMPORTS


def main() -> int:
    """Run the chosen parts and print the table."""
    parts: dict[str, Callable[[int], list[Row]]] = {
        "cost": cost,
        "imports": imports,
        "throughput": throughput,
        "boundary": boundary,
        "lateness": lateness,
        "scan": scan,
        "restart": restart,
        "change": change,
        "drop": drop,
        "idle": idle,
        "triggers": triggers,
        "simulation": simulation,
    }
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", default=list(parts), help=", ".join(parts))
    parser.add_argument("--seconds", type=int, default=20, help="how long each steady measurement takes")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the figures in a file")
    parser.add_argument("--against", type=Path, metavar="FILE", help="show ratios to figures kept earlier")
    options = parser.parse_args()
    unknown = [name for name in options.parts if name not in parts]
    if unknown:
        parser.error(f"no part {unknown[0]!r}: there are {', '.join(parts)}")
    try:
        earlier = {} if options.against is None else kept_figures(options.against)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    print(f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, {cores()} cores", flush=True)
    rows: list[Row] = []
    for name in options.parts:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        rows += parts[name](options.seconds)
    print_table(rows, earlier)
    if options.json is not None:
        keep_figures(rows, options.json)
    return 0


def cost(seconds: int) -> list[Row]:
    """Measure trivial jobs due each second, ten of them and one alone, against `python task.py`."""
    function = 'def start():\n    print("done")\n'
    alone = _cost("trivial, one a second", "", function, seconds, most=1 / 3, jobs=1)
    # Alone, a run pays for waking everything up; it has no budget of its own.
    alone = [replace(row, budget="", reached=None) for row in alone]
    return [*_cost("trivial, ten a second", "", function, seconds, most=1 / 3), *alone]


def imports(seconds: int) -> list[Row]:
    """Measure jobs that import well-known packages."""
    rows: list[Row] = []
    for package, most in (("requests", 1 / 15), ("pandas", 1 / 25)):
        body = f"def start():\n    print({package}.__version__)\n"
        rows += _cost(f"importing {package}", package, body, seconds, most=most)
    return rows


def _cost(what: str, package: str, function: str, seconds: int, *, most: float, jobs: int = 10) -> list[Row]:
    head = f"import {package}\n\n\n" if package else ""
    with bench() as measured:
        fields = f"dependencies: [{package}]\n" if package else ""
        for number in range(jobs):
            measured.project.write_task(f"bench{number}", f"{head}@repeat(every().second)\n{function}", fields=fields)
        measured.start()
        measured.wait_admitted(jobs, 600)
        measured.wait_finished(3 * jobs)
        plain = measured.project.root / "plain.py"
        plain.write_text(f"{head}{function}\n\nstart()\n", encoding="utf-8")
        baseline = python_process(measured.environment_python("bench0"), plain, 20)
        runs_before, cpu_before = measured.finished(), measured.cpu()
        time.sleep(seconds)
        runs, cpu = measured.finished() - runs_before, measured.cpu() - cpu_before
        wall = measured.one("SELECT avg(duration) FROM attempts WHERE state = 'succeeded'")
    one = cpu.total / runs
    parts = ", ".join(
        f"{name} {value / runs * 1e3:.2f}"
        for name, value in (("scheduler", cpu.scheduler), ("host", cpu.hosts), ("attempt", cpu.attempts))
    )
    ratio = one / baseline.cpu
    return [
        Row(
            what=f"CPU of a recorded run, {what}",
            seen=f"{one * 1e3:.2f} ms of {baseline.cpu * 1e3:.1f} ms = 1/{1 / ratio:.1f} ({parts})",
            budget=f"at most 1/{1 / most:.0f}",
            reached=ratio <= most,
            figure=ratio,
        ),
        Row(
            what=f"wall time of a run, {what}",
            seen=f"{wall * 1e3:.2f} ms of {baseline.wall * 1e3:.1f} ms = 1/{baseline.wall / wall:.1f}",
            figure=wall / baseline.wall,
        ),
    ]


def throughput(_seconds: int, count: int = 1000) -> list[Row]:
    """Measure many jobs due at one instant, against a bare loop that forks on all cores."""
    with bench() as measured:
        _fill(measured, '@repeat(every(20).seconds)\ndef start():\n    print("done")\n', count)
        plain = measured.project.root / "plain.py"
        plain.write_text('def start():\n    print("done")\n', encoding="utf-8")
        rates = []
        for slot in _full_slots(measured, count, 2):
            ended = measured.project.rows("SELECT max(ended_at) AS at FROM runs WHERE scheduled_for = ?", slot)
            rates.append(count / (_moment(ended[0]["at"]) - _moment(slot)))
        python = measured.environment_python("bench0")
        measured.project.stop()
        bare = bare_fork_loop(python, plain, measured.project.root / "bare.log", count)
    rate = max(rates)
    return [
        Row(
            what=f"isolated recorded runs a second, {count} due at once",
            seen=f"{rate:.0f} of {bare:.0f} of a bare fork loop = {rate / bare:.0%}",
            budget="at least 60 %",
            reached=rate / bare >= 0.6,
            figure=rate / bare,
        )
    ]


def boundary(_seconds: int, count: int = 1000) -> list[Row]:
    """Measure when the last of many jobs due at one instant has begun, and how late others are meanwhile."""
    with bench() as measured:
        for number in range(_UNRELATED):
            source = HEAD.format(title="Unrelated", fields="") + LINE + IMPORTS + EACH_SECOND
            measured.project.write_file(f"unrelated{number}", source)
        _fill(measured, '@repeat(every(20).seconds)\ndef start():\n    print("done")\n', count, others=_UNRELATED)
        plain = measured.project.root / "plain.py"
        plain.write_text('def start():\n    print("done")\n', encoding="utf-8")
        begun, orders = [], []
        slots = _full_slots(measured, count, 3, task="bench%")
        for slot in slots[1:]:  # at the first, the host is only being started
            runs = measured.project.rows(
                "SELECT started_at AS at FROM runs WHERE scheduled_for = ? AND task_id LIKE 'bench%' ORDER BY id", slot
            )
            moments = [_moment(run["at"]) - _moment(slot) for run in runs]
            begun.append(max(moments))
            orders.append(_most_overtaken(moments))
        late = sorted(_late(measured, task="unrelated%", since=slots[1]))
        python = measured.environment_python("bench0")
        measured.project.stop()
        bare = count / bare_fork_loop(python, plain, measured.project.root / "bare.log", count)
    seen = min(begun)
    return [
        Row(
            what=f"{count} jobs at one instant: all have begun",
            seen=f"after {seen:.2f} s, a bare fork loop needs {bare:.2f} s = {seen / bare:.2f} of it",
            budget="at most 4/3",
            reached=seen / bare <= 4 / 3,
            figure=seen / bare,
        ),
        Row(
            what=f"jobs due each second beside {count} at one instant",
            seen=f"p50 {_percentile(late, 50):.0f} ms, p99 {_percentile(late, 99):.0f} ms late ({len(late)} runs)",
            budget="p99 1 s",
            reached=_percentile(late, 99) <= 1000,
            figure=_percentile(late, 99),
        ),
        Row(
            what=f"order in which {count} jobs of one instant begin",
            seen=f"at most {max(orders)} begin before one that was due no later and stood before them",
            budget="",
            reached=None,
            figure=max(orders),
        ),
    ]


#: Jobs due each second beside the many.
_UNRELATED = 3


def _most_overtaken(moments: Sequence[float]) -> int:
    """Return by how many places the run that waited longest beyond its turn was overtaken."""
    order = sorted(range(len(moments)), key=moments.__getitem__)
    return max((place - turn for place, turn in enumerate(order)), default=0)


EACH_SECOND = "@repeat(every().second)\ndef start():\n    print(BORN)\n"
#: The time is taken before anything else of the file runs.
LINE = "import time\n\nBORN = time.time()\n\n\n"
PRINT = "def start():\n    print(BORN)\n"


def lateness(seconds: int) -> list[Row]:
    """Measure the first line of the task against its instant: one job alone, and a hundred at once."""
    with bench() as measured:
        measured.project.write_file("bench", HEAD.format(title="Bench", fields="") + LINE + IMPORTS + EACH_SECOND)
        measured.start()
        measured.wait_admitted(1)
        measured.wait_finished(seconds + 5, seconds + 60)
        # The first runs wait for their host to start.
        alone = sorted(_late(measured)[3:])
    with bench() as measured:
        _fill(measured, LINE + "@repeat(every(10).seconds)\n" + PRINT, 100)
        together = sorted(_late(measured, set(_full_slots(measured, 100, 4)[1:])))
    return [
        Row(
            what="lateness of the first line, one job due",
            seen=f"p50 {_percentile(alone, 50):.1f} ms, p99 {_percentile(alone, 99):.1f} ms ({len(alone)} runs)",
            budget="p99 5 ms",
            reached=_percentile(alone, 99) <= 5,
            figure=_percentile(alone, 99),
        ),
        Row(
            what="lateness of the first line, 100 jobs due at once",
            seen=f"p50 {_percentile(together, 50):.0f} ms, p99 {_percentile(together, 99):.0f} ms",
            budget="p99 250 ms",
            reached=_percentile(together, 99) <= 250,
            figure=_percentile(together, 99),
        ),
    ]


def _fill(measured: Bench, body: str, count: int, others: int = 0) -> None:
    for number in range(count):
        measured.project.write_task(f"bench{number}", body)
    measured.start()
    measured.wait_admitted(count + others, 300)


def _full_slots(measured: Bench, count: int, wanted: int, task: str = "%") -> list[str]:
    """Wait for `wanted` instants at which every job ran and ended, and return them."""
    statement = (
        "SELECT scheduled_for AS slot FROM runs WHERE state = 'succeeded' AND task_id LIKE ? "
        "GROUP BY scheduled_for HAVING count(*) = ? ORDER BY 1"
    )
    project = measured.project
    project.wait_for("full instants", lambda: len(project.rows(statement, task, count)) >= wanted, 240)
    return [str(row["slot"]) for row in project.rows(statement, task, count)]


def _late(measured: Bench, slots: set[str] | None = None, *, task: str = "%", since: str = "") -> list[float]:
    """Return milliseconds from each run's instant to the first line of its task, as the task itself printed it."""
    late = []
    statement = "SELECT * FROM runs WHERE state = 'succeeded' AND task_id LIKE ? AND scheduled_for >= ? ORDER BY id"
    for run in measured.project.rows(statement, task, since):
        slot = str(run["scheduled_for"])
        if slots is not None and slot not in slots:
            continue
        output = measured.project.root / "logs" / "runs" / str(run["task_id"]) / f"{run['id']}.1.log"
        printed = output.read_text(encoding="utf-8").split(" ", 3)[3]
        late.append((float(printed) - _moment(slot)) * 1e3)
    return late


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _percentile(values: Sequence[float], percent: int) -> float:
    return values[min(len(values) - 1, len(values) * percent // 100)]


if __name__ == "__main__":
    sys.exit(main())
