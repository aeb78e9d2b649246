"""Drop a file, edit it, break it, mend it, disable it, delete it."""

from __future__ import annotations

import pytest

from task_scheduler.testing.running import RunningProject

pytestmark = pytest.mark.slow

SECONDLY = '@repeat(every().second)\ndef start():\n    print("{said}", flush=True)\n'


def test_a_dropped_file_runs_at_the_next_boundary_and_everything_about_it_is_on_record(
    project: RunningProject,
) -> None:
    project.start()
    project.write_task("hello", SECONDLY.format(said="hello"), title="Hello World Task")

    task = project.wait_for_task("hello", "active")
    run = project.wait_for_run("hello", "succeeded")[0]

    assert task["next_run"] is not None
    assert run["scheduled_for"].endswith(".000000Z")
    (attempt,) = project.rows("SELECT * FROM attempts WHERE run_id = ?", run["id"])
    assert attempt["exit_code"] == 0
    assert attempt["cpu_seconds"] > 0
    assert attempt["duration"] > 0
    assert attempt["peak_memory"] >= 0
    assert project.output(run["id"]) == "hello\n"
    assert project.rows("SELECT content FROM sources WHERE digest = ?", run["digest"])


def test_an_edit_is_in_force_within_a_second_and_never_two_versions_at_once(project: RunningProject) -> None:
    project.start()
    project.write_task("hello", SECONDLY.format(said="first"))
    project.wait_for_run("hello", "succeeded", count=2)

    project.write_task("hello", SECONDLY.format(said="second"))
    digest = project.wait_for("the edit in force", lambda: _version_after(project, "hello", 1), 5)
    before = len(project.runs("hello"))
    project.wait_for_run("hello", "succeeded", count=before + 2)

    runs = project.runs("hello")
    assert len({run["scheduled_for"] for run in runs}) == len(runs)
    assert runs[-1]["digest"] == digest
    assert project.output(runs[-1]["id"]) == "second\n"


def test_a_broken_edit_leaves_the_last_good_version_running_and_says_why_everywhere(project: RunningProject) -> None:
    project.start()
    project.write_task("report", SECONDLY.format(said="good"))
    good = project.wait_for_run("report", "succeeded")[0]["digest"]

    project.write_file("report", '"""\n---\ntitle: Report\ntimeout: soon\n---\n"""\ndef start():\n    pass\n')
    task = project.wait_for_task("report", "invalid", 5)
    before = len(project.runs("report"))
    project.wait_for_run("report", "succeeded", count=before + 2)

    sentence = "tasks/report.py:4"
    assert project.runs("report")[-1]["digest"] == good
    assert any(sentence in problem["text"] and "'soon'" in problem["text"] for problem in task["problems"])
    assert sentence in project.command("list").stdout
    assert sentence in project.log()

    project.write_task("report", SECONDLY.format(said="mended"))
    project.wait_for_task("report", "active", 5)
    project.wait_for(
        "the mended version runs",
        lambda: project.runs("report", "succeeded")[-1]["digest"] != good,
    )


def test_a_disabled_task_and_a_deleted_one_start_nothing_more(project: RunningProject) -> None:
    project.start()
    project.write_task("disabled", SECONDLY.format(said="x"))
    deleted = project.write_task("deleted", SECONDLY.format(said="x"))
    neighbour = project.write_task("neighbour", SECONDLY.format(said="x"))
    project.wait_for_run("disabled", "succeeded")
    project.wait_for_run("deleted", "succeeded")

    project.write_task("disabled", SECONDLY.format(said="x"), fields="enabled: false\n")
    deleted.unlink()
    project.wait_for_task("disabled", "disabled", 5)
    project.wait_for_task("deleted", "deleted", 5)
    seen = {name: len(project.runs(name)) for name in ("disabled", "deleted")}
    neighbour_seen = len(project.runs("neighbour"))
    project.wait_for_run("neighbour", "succeeded", count=neighbour_seen + 3)

    assert neighbour.exists()
    assert {name: len(project.runs(name)) for name in seen} == seen


def test_functions_decorators_arguments_and_coroutines_all_run(project: RunningProject) -> None:
    project.start()
    project.write_task(
        "many",
        "@repeat(every().second, 'a', n=1)\n@repeat(every().second, 'b', n=2)\n"
        "def first(name, n):\n    print('first', name, n)\n\n\n"
        "@repeat(every().second)\nasync def second():\n    print('second')\n",
    )

    project.wait_for(
        "all three jobs ran",
        lambda: len({run["job_id"] for run in project.runs("many", "succeeded")}) == 3,
    )

    said = {project.output(run["id"]) for run in project.runs("many", "succeeded")[:6]}
    assert {"first a 1\n", "first b 2\n", "second\n"} <= said


def test_a_computed_schedule_is_read_in_the_tasks_own_environment(project: RunningProject) -> None:
    project.start()
    project.write_task(
        "computed",
        "import colours\n\nstep = int(float(colours.VERSION))\n\n\n"
        "@repeat(every(step).seconds)\ndef start():\n    print(step)\n",
        fields="dependencies: ['colours==1.0']\n",
    )

    project.wait_for_run("computed", "succeeded")

    assert [job["trigger"] for job in project.task("computed")["jobs"]] == ["every second"]


def test_two_tasks_with_conflicting_versions_of_one_package_run_side_by_side(project: RunningProject) -> None:
    project.start()
    for version in ("1.0", "2.0"):
        project.write_task(
            f"wants{version[0]}",
            "import colours\n\n\n@repeat(every().second)\ndef start():\n    print(colours.VERSION)\n",
            fields=f"dependencies: ['colours=={version}']\n",
        )

    first = project.wait_for_run("wants1", "succeeded")[0]
    second = project.wait_for_run("wants2", "succeeded")[0]

    assert project.output(first["id"]) == "1.0\n"
    assert project.output(second["id"]) == "2.0\n"
    environments = {row["environment"] for row in project.rows("SELECT environment FROM attempts")}
    assert len(environments) == 2


def test_the_first_example_of_the_readme_logs_under_its_title(project: RunningProject) -> None:
    project.start()
    project.write_task(
        "hello",
        "from helpers import log_info, log_task_complete, log_task_start\n\n\n"
        "@repeat(every().second)\ndef start():\n    log_info('Hello from scheduled task!')\n",
        title="Hello World Task",
    )

    project.wait_for_run("hello", "succeeded")

    line = next(line for line in (project.root / "logs" / "tasks.log").read_text().splitlines())
    assert "[Hello World Task] Hello from scheduled task!" in line


def test_start_runs_a_task_now_and_a_repeated_request_does_not_double(project: RunningProject) -> None:
    project.start()
    project.write_task("backup", "@repeat(every().day.at('03:00'))\ndef start():\n    print('backed up')\n")
    project.wait_for_task("backup", "active")

    first = project.command("start", "backup", "--request-id", "mine", "--wait")
    again = project.command("start", "backup", "--request-id", "mine", "--wait")

    assert first.returncode == 0, first.stderr
    assert again.returncode == 0
    assert len(project.runs("backup")) == 1
    assert project.output(project.runs("backup")[0]["id"]) == "backed up\n"


def _version_after(project: RunningProject, task_id: str, count: int) -> str | None:
    versions = project.rows("SELECT digest FROM versions WHERE task_id = ? ORDER BY id", task_id)
    return str(versions[-1]["digest"]) if len(versions) > count else None
