"""What the tests of execution share: a project folder, its executors, and how to wait for facts."""

from __future__ import annotations

import asyncio
import hashlib
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest

import task_scheduler
from task_scheduler.core.requests import (
    AttemptRequest,
    ExecutionProfile,
    Finished,
    Lost,
    NotStarted,
    OpenAttempt,
    Report,
)
from task_scheduler.core.runs import AttemptExit, AttemptId
from task_scheduler.core.tasks import StartMethod
from task_scheduler.execution import output_format, processes, settlement
from task_scheduler.execution.cards import HostCard
from task_scheduler.execution.executor import HostExecutor

#: For tests of what must hold whichever way the process of an attempt comes to be.
EITHER_START_METHOD = pytest.mark.parametrize("project", StartMethod, indirect=True)
PATIENCE = 20.0
PROFILE = ExecutionProfile(environment="plain")
Fact = TypeVar("Fact")


async def until(fact: Callable[[], Fact], what: str = "the expected fact") -> Fact:
    """Wait until a fact holds, and return it; fail when it does not come."""
    deadline = time.monotonic() + PATIENCE
    while not (found := fact()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        await asyncio.sleep(0.005)
    return found


def leaves_of(host: HostCard) -> list[Path]:
    """Return the control groups a host has made for its attempts that are there."""
    return [path for path in Path("/sys/fs/cgroup").rglob("task-scheduler-*") if host.host in path.name]


@dataclass
class Scheduler:
    """Stands for a scheduler: what it launched, and what its executor told it."""

    project: Project
    executor: HostExecutor
    reports: list[Report] = field(default_factory=list)
    placements: dict[AttemptId, str] = field(default_factory=dict)

    def launch(self, request: AttemptRequest) -> AttemptId:
        placement = self.executor.place(request.profile)
        self.placements[request.id] = placement
        self.executor.launch(request, placement)
        return request.id

    def host_of(self, attempt: AttemptId) -> HostCard:
        return HostCard.parse(self.placements[attempt])

    def open(self, *attempts: AttemptId) -> Sequence[OpenAttempt]:
        return [OpenAttempt(id=attempt, placement=self.placements[attempt]) for attempt in attempts]

    def of(self, attempt: AttemptId, kind: type[Fact]) -> list[Fact]:
        return [report for report in self.reports if report.id == attempt and isinstance(report, kind)]

    def ends(self, attempt: AttemptId) -> list[Report]:
        return [
            report
            for report in self.reports
            if report.id == attempt and isinstance(report, Finished | NotStarted | Lost)
        ]

    async def end_of(self, attempt: AttemptId) -> Report:
        await until(lambda: self.ends(attempt), f"the end of {attempt}")
        return self.ends(attempt)[0]

    async def exit_of(self, attempt: AttemptId) -> AttemptExit:
        end = await self.end_of(attempt)
        assert isinstance(end, Finished), end
        return end.exit

    async def run(self, source: str, **wanted: Any) -> AttemptExit:
        return await self.exit_of(self.launch(self.project.request(source, **wanted)))

    def mark_of(self, attempt: AttemptId) -> int:
        return settlement.mark_of(self.project.name, self.host_of(attempt).host, attempt)

    def living(self, attempt: AttemptId) -> dict[int, int]:
        """Return the living processes of an attempt, its main process and all it started."""
        return processes.marked({self.mark_of(attempt)})


class Project:
    """A project folder."""

    name = "the project of the tests"

    def __init__(self, root: Path, start_method: StartMethod = StartMethod.FORK) -> None:
        self.start_method = start_method  #: of the requests, unless they say otherwise
        self.root = root / "project"
        self.tasks = self.root / "tasks"
        self.sources = self.root / "data" / "sources"
        self.outputs = self.root / "logs" / "runs"
        self.run_folder = self.root / "data" / "run" / "hosts"
        self.lib = self.root / "data" / "lib"
        self.said: list[str] = []  #: notices for the person
        self.faults: list[Exception] = []  #: what the program raised and nobody else would hear of
        self.interpreter = Path(sys.executable)
        self._runs = 0
        for folder in (self.tasks, self.sources, self.lib):
            folder.mkdir(parents=True)
        (self.lib / "task_scheduler").symlink_to(Path(task_scheduler.__file__).parent)

    def request(
        self,
        source: str,
        *,
        task_id: str = "report",
        function: str | None = None,
        arguments: str = "((), {})",
        timeout: float | None = 30.0,
        kill_grace: float = 5.0,
        output_limit: int = 1_000_000,
        profile: ExecutionProfile = PROFILE,
        **further: Any,
    ) -> AttemptRequest:
        """Return a request for a further run of this source."""
        self._runs += 1
        content = source.encode()
        digest = hashlib.sha256(content).hexdigest()
        (self.sources / digest).write_bytes(content)
        return AttemptRequest(
            id=AttemptId(run_id=self._runs, number=1),
            task_id=task_id,
            title=task_id.title(),
            path=further.pop("path", f"tasks/{task_id}.py"),
            digest=digest,
            function=function,
            arguments=arguments,
            profile=profile,
            output=f"{task_id}/{self._runs}.1.log",
            timeout=timeout,
            kill_grace=kill_grace,
            output_limit=output_limit,
            start_method=further.pop("start_method", self.start_method),
            **further,
        )

    def executor(self, **wanted: Any) -> HostExecutor:
        return HostExecutor(
            root=self.root,
            run_folder=self.run_folder,
            outputs=self.outputs,
            lib=self.lib,
            interpreter_of=lambda _: self.interpreter,
            source_of=lambda digest: self.sources / digest,
            project=self.name,
            notice=self.said.append,
            on_fault=self.faults.append,
            **wanted,
        )

    @asynccontextmanager
    async def scheduler(self, **wanted: Any) -> AsyncIterator[Scheduler]:
        """A scheduler that comes, and goes without ending anything."""
        scheduler = Scheduler(self, self.executor(**wanted))
        await scheduler.executor.start(scheduler.reports.append)
        try:
            yield scheduler
        finally:
            await scheduler.executor.stop()

    def marker(self, scheduler: Scheduler, attempt: AttemptId) -> Path:
        return self.run_folder / scheduler.host_of(attempt).host / f"{attempt}.attempt"

    def output_file(self, attempt: AttemptId) -> Path:
        return next(iter(self.outputs.rglob(f"{attempt}.log")), self.outputs / "nothing was written")

    def lines(self, attempt: AttemptId) -> list[output_format.OutputLine]:
        file = self.output_file(attempt)
        return [output_format.parse(line) for line in _lines_of(file)]

    def texts(self, attempt: AttemptId, stream: str = "stdout") -> list[str]:
        return [line.text for line in self.lines(attempt) if line.stream == stream]


def _lines_of(file: Path) -> list[bytes]:
    """Return the complete lines of a kept output, which end at a newline and nowhere else."""
    return file.read_bytes().split(b"\n")[:-1] if file.exists() else []
