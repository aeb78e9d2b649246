"""What the executor reports about attempts, and what follows from it."""

from __future__ import annotations

from typing import assert_never

from task_scheduler.core.outcomes import Ended, Interrupted, judge_exit
from task_scheduler.core.requests import (
    Finished,
    Lost,
    NotStarted,
    PauseConfirmed,
    Report,
    Started,
    StillRunning,
    Told,
)
from task_scheduler.core.runs import AttemptExit
from task_scheduler.ports import Executor
from task_scheduler.services.active_run import ActiveRun, Phase
from task_scheduler.services.next_attempts import NextAttempts
from task_scheduler.services.recording import Recording
from task_scheduler.services.roster import Roster
from task_scheduler.services.run_events import run_adopted, run_started, run_told
from task_scheduler.services.run_record import RunRecord
from task_scheduler.services.service import Publish
from task_scheduler.services.side_work import SideWork
from task_scheduler.services.starter import Starter


class Follower:
    """Follows executions by the executor's reports; repeated and late ones change nothing."""

    def __init__(
        self,
        *,
        roster: Roster,
        record: RunRecord,
        recording: Recording,
        starter: Starter,
        next_attempts: NextAttempts,
        executor: Executor,
        side_work: SideWork,
        publish: Publish,
    ) -> None:
        self._roster = roster
        self._record = record
        self._recording = recording
        self._starter = starter
        self._next_attempts = next_attempts
        self._executor = executor
        self._side_work = side_work
        self._publish = publish
        self._is_settled = False

    def note_settled(self) -> None:
        """Take note that every run without an outcome was handed over.

        Before, a report about an attempt that is not known may be the truth about a run still to come.
        """
        self._is_settled = True

    def on_report(self, report: Report) -> None:
        """Take a report of the executor."""
        active = self._roster.runs.get(report.id.run_id)
        if active is None or active.attempt != report.id:
            if self._is_settled and isinstance(report, Finished | Lost | NotStarted):
                self._record.forget(report.id)
            return
        if active.phase is Phase.LAUNCHED:
            self._act_on(report, active)

    def _act_on(self, report: Report, active: ActiveRun) -> None:
        match report:
            case Started():
                self._note_start(active, report)
            case Finished():
                self._note_end(active, report.exit, _judged(active, report.exit))
            case Lost():
                self._note_end(active, AttemptExit(), Interrupted(report.reason))
            case NotStarted():
                active.phase = Phase.BEGINNING
                self._side_work.begin(self._starter.begin_anew(active, report.id, report.reason))
            case StillRunning():
                self._adopt(active, report)
            case Told():
                active.notes = report.notes
                self._publish(run_told(active.shown, report))
            case PauseConfirmed():
                active.is_paused = report.is_paused
                self._roster.note_change()
            case _:
                assert_never(report)

    def _note_start(self, active: ActiveRun, started: Started) -> None:
        if active.started is None:
            self._recording.note_start(active, started)
            self._publish(run_started(active.run))

    def _note_end(self, active: ActiveRun, exit_: AttemptExit, outcome: Ended) -> None:
        self._recording.note_end(active, self._next_attempts.end_of(active, exit_, outcome))

    def _adopt(self, active: ActiveRun, report: StillRunning) -> None:
        if active.started is None and not active.start_recorded and report.started_at is not None:
            started = Started(id=report.id, started_at=report.started_at, process=active.placement)
            self._recording.note_start(active, started)
        active.notes = report.notes
        active.is_paused = report.is_paused
        self._publish(run_adopted(active.run))
        # The record is what is wanted: a scheduler may have died between its commit and telling the host.
        if active.is_held_by_person and report.is_paused is not True:
            self._executor.pause(report.id)
        elif not active.is_held_by_person and report.is_paused:
            self._executor.resume(report.id)


def _judged(active: ActiveRun, exit_: AttemptExit) -> Ended:
    if active.admitted is None:
        return judge_exit(exit_)
    declared = active.admitted.version.declaration
    return judge_exit(exit_, timeout=declared.timeout, deadline=declared.deadline)
