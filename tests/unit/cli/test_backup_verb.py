"""`backup now`: what it says of the document it gets."""

from typing import Any

from tests.unit.cli.documents import FakeDoor, say


def written(**changes: Any) -> dict[str, Any]:
    """Return a backup as the scheduler tells of one it has written."""
    return {
        "name": "scheduler-20261122T140100Z.db",
        "taken_at": "2026-11-22T14:01:00+00:00",
        "bytes": 4_100_000,
        "why": "asked for",
        "asked_for": True,
        "runs": 9204,
        "newest_run": 9204,
        "newest_run_at": "2026-11-22T14:00:00+00:00",
        "restored_at": None,
        "verified": True,
        "problem": "",
        "removed": [],
        "trouble": "",
        **changes,
    }


def test_says_what_was_written() -> None:
    said = say("backup now", FakeDoor({"backup": written()}))

    assert said.lines == ["scheduler-20261122T140100Z.db: 4.1 MB, 9,204 runs, verified, in 0 ms"]
    assert said.err == ""


def test_names_every_backup_that_was_removed_and_what_kept_others() -> None:
    backup = written(removed=["a.db", "b.db"], trouble="c.db: Operation not permitted")

    said = say("backup now", FakeDoor({"backup": backup}))

    assert said.err.splitlines() == [
        "removed, as they are not kept any more (database.backup_keep): a.db, b.db",
        "not every backup that is not kept any more could be removed: c.db: Operation not permitted",
    ]


def test_a_scheduler_of_an_older_version_tells_less() -> None:
    backup = written()
    del backup["removed"], backup["trouble"]

    assert say("backup now", FakeDoor({"backup": backup})).code == 0
