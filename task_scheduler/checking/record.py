"""What is in force and what was refused, as the record has it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from task_scheduler.core.errors import Problem, StoreError
from task_scheduler.core.tasks import (
    Job,
    JobDeclaration,
    TaskReading,
    TaskRecord,
    TaskStatus,
    TaskVersion,
    errors_of,
    identity_of,
)
from task_scheduler.ports import Catalogue, SourceFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is in force and what was refused; empty where there is no record, or none that can be read."""

    versions: Mapping[str, TaskVersion] = field(default_factory=dict)  #: by task
    jobs: Sequence[Job] = ()
    files: Mapping[str, TaskRecord] = field(default_factory=dict)  #: as they were last looked at, by task

    def refusal(self, source: SourceFile) -> tuple[Problem, ...]:
        """Return why a file was not admitted as it stands; empty: it was, or nobody has tried."""
        found = self.files.get(source.task_id)
        if found is None or found.status is not TaskStatus.INVALID or found.digest != source.digest:
            return ()
        return errors_of(found.problems)

    def computed_jobs(self, source: SourceFile, reading: TaskReading) -> tuple[JobDeclaration, ...] | None:
        """Return the jobs that importing a file told when it was admitted; None: it was not, as it stands."""
        version = self.versions.get(source.task_id)
        if version is None or version.digest != source.digest:
            return None
        written = {identity_of(job) for job in reading.jobs}
        return tuple(
            JobDeclaration(
                function=job.function,
                trigger=job.trigger,
                timezone=job.timezone,
                arguments=job.arguments,
                tags=job.tags,
                line=reading.computed_line,
            )
            for job in self.jobs
            if job.task_id == source.task_id and job.active and identity_of(job) not in written
        )


def read_record(database: Path) -> Record:
    """Return what is in force; opening a record is slow, so it is asked for only where something is in doubt."""
    if not database.is_file():
        return Record()
    from task_scheduler.store.sqlite import SqliteStore

    try:
        store = SqliteStore.open_reader(database)
    except StoreError:
        return Record()
    try:
        return asyncio.run(_in_force(store))
    finally:
        store.close()


async def _in_force(catalogue: Catalogue) -> Record:
    versions = {version.task_id: version for version in await catalogue.versions()}
    files = {record.task_id: record for record in await catalogue.tasks()}
    return Record(versions=versions, jobs=await catalogue.jobs(), files=files)
