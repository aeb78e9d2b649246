"""A record that is damaged, gone or replaced: what a person sees, and that nothing runs twice or is lost in silence."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from task_scheduler.testing.running import RunningProject

pytestmark = pytest.mark.slow

HEADER = """
import os
import time
from pathlib import Path


def tell(word):
    with open(Path(os.environ["TASK_SCHEDULER_ROOT"]) / "effects", "a") as file:
        file.write(f"{os.environ['TASK_SCHEDULER_TASK']} {os.environ['TASK_SCHEDULER_SCHEDULED_FOR']} {word}\\n")

"""
TICK = HEADER + "\n@repeat(every().second)\ndef start():\n    tell('tick')\n"
#: Goes on until the file `go` is there.
WORK = (
    HEADER
    + """
@repeat(every().day.at("00:00"))
def start():
    tell("begin")
    print("at work", flush=True)
    while not (Path(os.environ["TASK_SCHEDULER_ROOT"]) / "go").exists():
        time.sleep(0.02)
    tell("end")
"""
)
REASON = "the record of this time was lost: restored from the backup of"


def effects(project: RunningProject, task: str) -> list[str]:
    """Return what a task told, oldest first: `2026-03-01T12:00:00+00:00 tick`."""
    path = project.root / "effects"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [line.partition(" ")[2] for line in lines if line.startswith(f"{task} ")]


def database(project: RunningProject) -> Path:
    return project.root / "data" / "scheduler.db"


def damage(project: RunningProject) -> None:
    """Overwrite the middle of the record, which nobody uses now."""
    path = database(project)
    content = bytearray(path.read_bytes())
    content[100 : len(content) // 2] = b"\xa5" * (len(content) // 2 - 100)
    path.write_bytes(content)
    path.with_name("scheduler.db-wal").unlink(missing_ok=True)


def backed_up_and_gone_on(project: RunningProject) -> None:
    """Take a backup while a job of each second runs, begin longer work after it, and kill the scheduler."""
    project.configure("scheduler:\n  missed: all\n")
    project.start()
    project.write_task("tick", TICK)
    project.write_task("work", WORK)
    project.wait_for_task("work", "active")
    project.wait_for_run("tick", "succeeded", count=2)
    project.ask("backup")
    begun = len(effects(project, "tick"))
    project.ask("start", task="work")
    project.wait_for("the work begins", lambda: effects(project, "work"))
    project.wait_for("slots run after the backup", lambda: len(effects(project, "tick")) > begun + 1)
    project.kill()


def check_restored(project: RunningProject) -> None:
    """See that no slot ran twice, each is on record, what goes on is taken over, and the loss is said."""
    project.wait_for("slots run again", lambda: project.rows("SELECT 1 FROM runs WHERE reason LIKE ?", f"{REASON}%"))
    newest = project.rows("SELECT max(id) AS id FROM runs")[0]["id"]
    project.wait_for(
        "and go on", lambda: project.rows("SELECT 1 FROM runs WHERE id > ? AND state = 'succeeded'", newest)
    )
    (work,) = project.wait_for_run("work", "running")
    assert work["kind"] == "recovered"
    (project.root / "go").touch()
    project.wait_for_run("work", "succeeded")

    ticks = effects(project, "tick")
    assert len(ticks) == len(set(ticks)), "a slot ran twice"
    assert [word.split()[-1] for word in effects(project, "work")] == ["begin", "end"]
    assert project.output(work["id"]) == "at work\n"
    numbers = [row["id"] for row in project.rows("SELECT id FROM runs ORDER BY id")]
    assert numbers[-1] > 1_000, "numbers of lost runs are given again"
    said = project.ask("status")["scheduler"]["restored"]
    assert "restored from the backup of" in said
    assert " in logs/runs" in said
    assert said in project.log()


def _restored_line(project: RunningProject) -> str:
    """Return the line of `status` that tells of a restore."""
    (line,) = [line for line in project.command("status").stdout.splitlines() if line.startswith("restored ")]
    return line


def test_a_damaged_record_is_restored_at_the_start(project: RunningProject) -> None:
    backed_up_and_gone_on(project)
    damage(project)

    project.start()
    check_restored(project)

    assert "is damaged" in project.ask("status")["scheduler"]["restored"]
    assert " ago to the backup of " in _restored_line(project)
    (aside,) = (project.root / "data" / "damaged").iterdir()
    assert (aside / "scheduler.db").stat().st_size > 0
    assert project.stop() == 0
    assert " ago to the backup of " in _restored_line(project)
    listed = project.command("backup", "list").stdout
    assert listed.count("asked for by a person; restored ") == 1


def test_a_record_that_is_gone_is_restored_at_the_start_after_a_death_in_the_middle_of_that(
    project: RunningProject,
) -> None:
    backed_up_and_gone_on(project)
    for path in (project.root / "data").glob("scheduler.db*"):
        path.unlink()

    project.set_variable("TASK_SCHEDULER_FAULT", "restore-old-aside:KILL")
    project.take_over(project.launch())
    assert project.wait_until_ended() == -signal.SIGKILL
    project.set_variable("TASK_SCHEDULER_FAULT", None)
    project.start()

    check_restored(project)


def test_what_was_open_in_the_backup_and_ended_since_is_not_run_again(project: RunningProject) -> None:
    project.start()
    project.write_task("work", WORK, fields="retry_count: 3\nretry_delay: 1\n")
    project.wait_for_task("work", "active")
    project.ask("start", task="work")
    project.wait_for_run("work", "running")
    project.wait_for("the work begins", lambda: effects(project, "work"))
    project.ask("backup")
    (project.root / "go").touch()
    project.wait_for_run("work", "succeeded")
    project.stop()

    said = project.command("backup", "restore", "latest", "--yes")
    project.start()
    (run,) = project.wait_for_run("work", "interrupted")

    assert said.returncode == 0, said.stderr
    assert "no run would be lost" in said.stderr
    assert REASON in run["reason"]
    assert len(effects(project, "work")) == 2
    assert project.stop() == 0


def test_what_was_at_work_in_the_backup_and_still_is_goes_on(project: RunningProject) -> None:
    project.start()
    project.write_task("work", WORK)
    project.wait_for_task("work", "active")
    project.ask("start", task="work")
    project.wait_for_run("work", "running")
    project.wait_for("the work begins", lambda: effects(project, "work"))
    project.ask("backup")
    project.stop()

    assert project.command("backup", "restore", "latest", "--yes").returncode == 0
    project.start()
    project.wait_for_run("work", "running")
    (project.root / "go").touch()

    (run,) = project.wait_for_run("work", "succeeded")
    assert run["kind"] == "manual"
    assert len(effects(project, "work")) == 2


def test_without_a_backup_the_start_is_refused_until_a_person_decides(project: RunningProject) -> None:
    project.start()
    project.write_task("tick", TICK)
    project.wait_for_run("tick", "succeeded", count=2)
    project.stop()
    damage(project)
    before = database(project).read_bytes()

    refused = project.command("run")
    listed = project.command("list")
    assert refused.returncode == 8
    assert "scheduler.db is damaged" in refused.stderr
    assert "there is no backup in" in refused.stderr
    assert "run --new-record` puts what is left aside" in refused.stderr
    assert listed.returncode == 8
    assert database(project).read_bytes() == before

    project.start("--new-record")
    project.wait_for("the clock goes on", lambda: project.rows("SELECT 1 FROM runs WHERE state = 'succeeded'"))
    (aside,) = (project.root / "data" / "damaged").iterdir()
    assert (aside / "scheduler.db").exists()


def test_damage_that_is_met_while_it_runs_ends_the_scheduler_and_the_next_start_restores(
    project: RunningProject,
) -> None:
    project.configure("scheduler:\n  loop_interval: 0.5\n")
    project.start()
    project.write_task("work", WORK)
    project.wait_for_task("work", "active")
    project.ask("backup")
    project.ask("start", task="work")
    project.wait_for("the work begins", lambda: effects(project, "work"))
    with closing(sqlite3.connect(database(project))) as shell:
        shell.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    path = database(project)
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (size - 4096))

    for _ in range(3):
        subprocess.run(project.command_line("history"), capture_output=True, check=False, timeout=60)
    code = project.wait_until_ended()

    assert code == 1
    assert "the record is damaged" in project.log()
    assert "the scheduler stops, runs under way go on" in project.log()
    project.start()
    (run,) = project.wait_for_run("work", "running")
    (project.root / "go").touch()
    project.wait_for_run("work", "succeeded")
    assert run["kind"] == "recovered"
    assert len(effects(project, "work")) == 2


# --- the verb ---------------------------------------------------------------------------------------------


def test_backups_by_hand_with_and_without_a_scheduler(project: RunningProject) -> None:
    no_record = project.command("backup", "now")
    project.start()
    project.write_task("tick", TICK)
    project.wait_for_run("tick", "succeeded")
    through_it = project.command("backup", "now")
    refused = project.command("backup", "restore", "latest", "--yes")
    wrong_beside_it = project.command("backup", "restore", "yesterday", "--yes")
    project.stop()
    alone = project.command("backup", "now")
    listed = project.command("backup", "list", "--verify")
    nobody_to_ask = project.command("backup", "restore", "latest")
    unknown = project.command("backup", "restore", "yesterday", "--yes")

    assert (no_record.returncode, "there is no record yet" in no_record.stderr) == (1, True)
    for written in (through_it, alone):
        assert written.returncode == 0, written.stderr
        assert written.stdout.startswith("scheduler-")
        assert "verified, in " in written.stdout
    assert refused.returncode == 5
    assert "shutdown` first" in refused.stderr
    assert listed.stdout.count("asked for by a person") == 2
    assert "together" in listed.stdout
    assert (nobody_to_ask.returncode, "nobody can be asked here" in nobody_to_ask.stderr) == (1, True)
    for wrong in (unknown, wrong_beside_it):
        assert (wrong.returncode, "backup list` shows every backup" in wrong.stderr) == (6, True)
        assert "no backup 'yesterday'" in wrong.stderr
        assert through_it.stdout.partition(":")[0] in wrong.stderr


def test_a_spoiled_backup_is_told_and_passed_over(project: RunningProject) -> None:
    project.start()
    project.write_task("tick", TICK)
    project.wait_for_run("tick", "succeeded")
    good = project.ask("backup")["name"]
    project.stop()
    newest = project.root / "data" / "backups" / "scheduler-20990101T000000Z.db"
    newest.write_bytes(b"\xa5" * 9_000)
    damage(project)

    listed = project.command("backup", "list")
    refused = project.command("backup", "restore", "latest", "--yes")
    project.start()

    assert (listed.returncode, "file is not a database" in listed.stdout) == (8, True)
    assert (refused.returncode, "cannot be restored" in refused.stderr) == (8, True)
    assert good in project.ask("status")["scheduler"]["restored"]
