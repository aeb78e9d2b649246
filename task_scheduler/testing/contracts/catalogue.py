"""What every Catalogue keeps: one version in force, and jobs that stay themselves across edits."""

# ruff: noqa: D102, S101  # tests: their names are behaviours, asserting is the point

from __future__ import annotations

from dataclasses import asdict, replace

import pytest

from task_scheduler.core.errors import Problem, Severity, TaskSchedulerError
from task_scheduler.core.tasks import Jitter, Missed, OnHoliday, Overlap, StartMethod, TaskStatus
from task_scheduler.testing.builders import (
    SOURCE,
    a_declaration,
    a_job_declaration,
    a_lock,
    a_request,
    a_slot,
    a_task,
    a_version,
    admit_task,
    after,
    an_admission,
    an_attempt_claim,
    digest_of,
)
from task_scheduler.testing.clock import NOON
from task_scheduler.testing.contracts.ports import Store
from task_scheduler.testing.loops import in_event_loop

NEWER = b"def start():\n    print('newer')\n"

FULL_DECLARATION = a_declaration(
    description="Ä report",
    dependencies=("requests>=2", "rich"),
    python_version="3.11",
    enabled=False,
    timeout=7,
    retry_count=2,
    retry_delay=3,
    schedule=("every 5 minutes",),
    timezone="Europe/Berlin",
    arguments=("--verbose", ""),
    preload=False,
    start_method=StartMethod.SPAWN,
    deadline=60,
    kill_grace=5,
    retry_backoff=1.5,
    retry_max_delay=30,
    retry_jitter=0.25,
    retry_on=("TimeoutError", "3", "timed_out"),
    overlap=Overlap.QUEUE_ONE,
    jitter=Jitter(up_to=60, fresh=True),
    missed=Missed.ALL,
    missed_window=129_600,
    starts="2027-01-01",
    ends="2027-12-31 18:00",
    calendar="DE-BY",
    on_holiday=OnHoliday.NEXT_WORKDAY,
    memory_limit=512 * 1024 * 1024,
    cpu_limit=30,
    max_processes=4,
    output_limit=0,
    nice=-5,
    user="nobody",
    umask=0o027,
    working_directory="data",
    env={"LANG": "C.UTF-8", "EMPTY": ""},
)


class CatalogueContract:
    """Tests of a Catalogue."""

    @in_event_loop
    async def test_a_task_is_recorded_with_all_that_is_said_of_it(self, store: Store) -> None:
        task = a_task(
            status=TaskStatus.INVALID,
            version=None,
            problems=(
                Problem(path="tasks/report.py", message="unknown key 'evry'", line=4),
                Problem(path="tasks/report.py", message="no title", severity=Severity.WARNING),
            ),
            detail="pip said no",
        )

        await store.put_tasks([task])

        assert await store.tasks() == [task]

    @in_event_loop
    async def test_what_is_put_again_replaces_what_was_there(self, store: Store) -> None:
        await store.put_tasks([a_task("b", title="old")])
        await store.put_tasks([a_task("a")])
        await store.put_tasks([a_task("b", title="new")])

        assert [(task.task_id, task.title) for task in await store.tasks()] == [("a", "Report"), ("b", "new")]

    @in_event_loop
    async def test_an_admitted_version_is_in_force_with_every_field(self, store: Store) -> None:
        version = a_version(
            declaration=FULL_DECLARATION,
            preload=("requests", "rich.table"),
            local_digest="abc",
            functions=("start", None),
        )

        await store.admit([an_admission(version=version)])

        assert await store.versions() == [version]
        assert await store.version("report", version.digest) == version
        assert await store.lock("env-a") == a_lock()

    def test_the_declaration_of_that_version_leaves_no_field_as_it_is_by_itself(self) -> None:
        plain = a_declaration(title="")

        same = [name for name in asdict(plain) if getattr(plain, name) == getattr(FULL_DECLARATION, name)]

        assert same == []

    @in_event_loop
    async def test_a_newer_version_takes_the_place_of_the_older_which_stays_known(self, store: Store) -> None:
        await admit_task(store)
        await admit_task(store, source=NEWER, environment="env-b")

        (in_force,) = await store.versions()
        older = await store.version("report", digest_of(SOURCE))
        assert (in_force.digest, in_force.environment) == (digest_of(NEWER), "env-b")
        assert older == a_version()

    @in_event_loop
    async def test_the_same_source_admitted_with_other_packages_is_the_newest_with_its_digest(
        self, store: Store
    ) -> None:
        for environment in ("env-a", "env-b", "env-a"):
            await admit_task(store, environment=environment)

            found = await store.version("report", digest_of(SOURCE))
            assert found == a_version(environment=environment)
            assert await store.versions() == [found]

    @in_event_loop
    async def test_a_task_without_a_version_in_force_has_none(self, store: Store) -> None:
        await admit_task(store)
        await store.put_tasks([a_task(status=TaskStatus.INVALID, version=None)])
        await store.put_tasks([a_task("never admitted")])

        assert await store.versions() == []
        assert await store.version("report", "0" * 64) is None
        assert await store.lock("unknown") is None

    @in_event_loop
    async def test_an_edit_that_is_being_prepared_leaves_the_version_in_force(self, store: Store) -> None:
        await admit_task(store)

        await store.put_tasks([a_task(status=TaskStatus.PREPARING, digest=digest_of(NEWER))])

        assert await store.versions() == [a_version()]

    @in_event_loop
    async def test_parts_that_do_not_belong_together_are_not_admitted(self, store: Store) -> None:
        wrong = [
            (a_task("other"), a_version(), SOURCE, a_lock()),
            (a_task(), a_version(), b"altered", a_lock()),
            (a_task(), a_version(), SOURCE, a_lock("env-b")),
        ]

        for task, version, source, lock in wrong:
            with pytest.raises(TaskSchedulerError):
                await store.admit([an_admission(task=task, version=version, source=source, lock=lock)])

        assert await store.tasks() == []

    @in_event_loop
    async def test_several_are_admitted_together_each_with_its_own_jobs(self, store: Store) -> None:
        await admit_task(store, "b", jobs=(a_job_declaration(trigger="every 1 minutes"),))
        admissions = [
            an_admission(
                task=a_task(name),
                version=a_version(name),
                jobs=[a_job_declaration(trigger=trigger)],
                next_runs=[after(60)],
            )
            for name, trigger in (("c", "every 3 minutes"), ("a", "every 1 minutes"), ("b", "every 2 minutes"))
        ]

        active = await store.admit(admissions)

        assert [[(job.task_id, job.trigger) for job in jobs] for jobs in active] == [
            [("c", "every 3 minutes")],
            [("a", "every 1 minutes")],
            [("b", "every 2 minutes")],
        ]
        assert [version.task_id for version in await store.versions()] == ["a", "b", "c"]
        assert len(await store.jobs()) == 3

    @in_event_loop
    async def test_one_that_cannot_be_admitted_keeps_back_all_that_were_to_share_its_commit(self, store: Store) -> None:
        good = an_admission(task=a_task("good"), version=a_version("good"))
        bad = an_admission(task=a_task("bad"), version=a_version("bad"), source=b"altered")

        for together in ([good, bad], [good, good]):
            with pytest.raises(TaskSchedulerError):
                await store.admit(together)

        assert (await store.tasks(), await store.jobs()) == ([], [])

    @in_event_loop
    async def test_more_are_retired_together_than_one_statement_takes(self, store: Store) -> None:
        names = [f"t{number:04}" for number in range(1_100)]
        await store.admit(
            [
                an_admission(
                    task=a_task(name), version=a_version(name), jobs=[a_job_declaration()], next_runs=[after(60)]
                )
                for name in names
            ]
        )
        before = len(await store.jobs())

        await store.retire([a_task(name, status=TaskStatus.DELETED, version=None) for name in names])

        assert (before, await store.jobs(), await store.versions()) == (1_100, [], [])

    @in_event_loop
    async def test_a_stamp_is_set_where_the_digest_is_the_one_it_belongs_to(self, store: Store) -> None:
        await store.put_tasks([a_task("a"), a_task("b", digest=digest_of(NEWER), stamp="of newer")])

        await store.put_stamps({name: (digest_of(SOURCE), "of source") for name in ("a", "b", "unknown")})
        await store.put_stamps({})

        assert [task.stamp for task in await store.tasks()] == ["of source", "of newer"]

    # --- jobs ---------------------------------------------------------------------------------------------

    @in_event_loop
    async def test_a_job_keeps_its_id_and_what_it_owes_across_an_edit(self, store: Store) -> None:
        (job,) = await admit_task(store, next_run=NOON)

        (same,) = await admit_task(store, source=NEWER, next_run=after(300))

        assert same == job
        assert await store.jobs() == [job]

    @in_event_loop
    async def test_identity_is_what_a_job_is_never_where_it_stands(self, store: Store) -> None:
        first, second = await admit_task(
            store, jobs=(a_job_declaration(function="a", line=3), a_job_declaration(function="b", line=9))
        )

        found = await admit_task(
            store, source=NEWER, jobs=(a_job_declaration(function="b", line=1), a_job_declaration(function="a"))
        )

        assert found == [first, second]

    @in_event_loop
    async def test_jobs_that_differ_in_any_part_of_their_identity_are_different(self, store: Store) -> None:
        declared = (
            a_job_declaration(),
            a_job_declaration(function=None),
            a_job_declaration(function="other"),
            a_job_declaration(trigger="0 9 * * 1-5"),
            a_job_declaration(timezone="UTC"),
            a_job_declaration(arguments="((1,), {})"),
        )

        jobs = await admit_task(store, jobs=declared)

        assert len({job.id for job in jobs}) == len(declared)
        assert await admit_task(store, jobs=declared) == jobs
        assert [(job.function, job.trigger, job.timezone, job.arguments) for job in jobs] == [
            (job.function, job.trigger, job.timezone, job.arguments) for job in declared
        ]

    @in_event_loop
    async def test_a_job_declared_twice_is_one_job(self, store: Store) -> None:
        jobs = await admit_task(store, jobs=(a_job_declaration(line=3), a_job_declaration(line=8)))

        assert len(jobs) == 1

    @in_event_loop
    async def test_tags_are_kept_with_a_job_in_their_order(self, store: Store) -> None:
        jobs = await admit_task(
            store, jobs=(a_job_declaration(tags=("nightly", "a mail")), a_job_declaration(function="other"))
        )

        assert [job.tags for job in jobs] == [("nightly", "a mail"), ()]
        assert await store.jobs() == jobs

    @in_event_loop
    async def test_other_tags_change_nothing_else_of_a_job(self, store: Store) -> None:
        (job,) = await admit_task(store, jobs=(a_job_declaration(tags=("old",)),), next_run=NOON)

        for tags in (("new", "newer"), ()):
            admitted = await admit_task(store, source=NEWER, jobs=(a_job_declaration(tags=tags),), next_run=after(300))

            assert admitted == [replace(job, tags=tags)]
            assert await store.jobs() == admitted

    @in_event_loop
    async def test_a_job_that_comes_back_has_the_tags_it_has_now(self, store: Store) -> None:
        (job,) = await admit_task(store, jobs=(a_job_declaration(tags=("old",)),))
        await admit_task(store, source=NEWER, jobs=(a_job_declaration(function="other"),))

        back = await admit_task(store, jobs=(a_job_declaration(tags=("new",)),), next_run=after(300))

        assert back == [replace(job, tags=("new",), next_run=after(300))]

    @in_event_loop
    async def test_a_job_no_longer_declared_ends_and_comes_back_with_its_id(self, store: Store) -> None:
        (job,) = await admit_task(store)
        (other,) = await admit_task(store, source=NEWER, jobs=(a_job_declaration(function="other"),))
        assert await store.all_jobs("report") == [other, replace(job, active=False, next_run=None)]

        (back,) = await admit_task(store, next_run=after(300))

        assert back == replace(job, next_run=after(300))

    @in_event_loop
    async def test_a_job_that_never_runs_again_stays_so_across_an_edit(self, store: Store) -> None:
        (job,) = await admit_task(store)
        await store.reschedule({job.id: None})

        (same,) = await admit_task(store, source=NEWER, next_run=after(300))

        assert same.next_run is None

    @in_event_loop
    async def test_equal_jobs_of_two_tasks_are_two(self, store: Store) -> None:
        (one,) = await admit_task(store, "one")
        (two,) = await admit_task(store, "two")

        assert one.id != two.id
        assert await store.jobs() == [one, two]

    @in_event_loop
    async def test_a_retired_task_has_no_active_jobs(self, store: Store) -> None:
        (job,) = await admit_task(store)
        gone = a_task(status=TaskStatus.DELETED, version=None, updated_at=after(60))

        await store.retire([gone])

        assert await store.tasks() == [gone]
        assert await store.jobs() == []
        assert await store.versions() == []
        assert await store.all_jobs("report") == [replace(job, active=False, next_run=None)]

    @in_event_loop
    async def test_rescheduling_sets_active_jobs_only(self, store: Store) -> None:
        (gone,) = await admit_task(store, "gone")
        await store.retire([a_task("gone", status=TaskStatus.DELETED, version=None)])
        (job,) = await admit_task(store)

        await store.reschedule({job.id: after(1), gone.id: after(2), 999: after(3)})

        assert await store.jobs() == [replace(job, next_run=after(1))]
        assert [found.next_run for found in await store.all_jobs("gone")] == [None]

    # --- environments -------------------------------------------------------------------------------------

    @in_event_loop
    async def test_environments_of_versions_in_force_and_of_unfinished_work_are_kept(self, store: Store) -> None:
        (job,) = await admit_task(store, "open", environment="env-open")
        (run,) = await store.claim([a_slot(job, scheduled_for=after(1))], {})
        await store.begin([(run.id, an_attempt_claim(environment="env-attempt"))])
        await admit_task(store, "open", source=NEWER, environment="env-new")
        await admit_task(store, "waits", environment="env-waits")
        await store.request(a_request("w", task_id="waits"))
        await admit_task(store, "waits", source=NEWER, environment="env-new")
        await admit_task(store, "left", environment="env-left")
        await store.retire([a_task("left", status=TaskStatus.DELETED, version=None)])

        assert set(await store.kept_environments()) == {"env-open", "env-attempt", "env-new", "env-waits"}
