"""What is on record, as plain rows, read by the sqlite3 module alone."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Row = dict[str, Any]

FINAL = frozenset({"succeeded", "failed", "timed_out", "cancelled", "interrupted", "skipped", "missed"})
OPEN_ATTEMPT = frozenset({"claimed", "running"})
#: States of attempts whose code may have run.
BEGAN = frozenset({"running", "succeeded", "failed", "timed_out", "cancelled", "interrupted", "skipped", "snoozed"})


@dataclass(frozen=True)
class Record:
    """The tables the laws are about, as plain rows."""

    runs: Mapping[int, Row]
    attempts: Mapping[str, Row]  #: by name, such as `42.1`
    jobs: Sequence[Row]
    versions: Sequence[Row]

    @classmethod
    def read(cls, root: Path) -> Record:
        """Read one consistent state of the database."""
        with closing(connect(root)) as database:
            database.execute("BEGIN")
            runs = {row["id"]: row for row in _rows(database, "SELECT * FROM runs ORDER BY id")}
            attempts = {
                f"{row['run_id']}.{row['number']}": row
                for row in _rows(database, "SELECT * FROM attempts ORDER BY run_id, number")
            }
            jobs = _rows(database, "SELECT * FROM jobs ORDER BY id")
            versions = _rows(database, "SELECT * FROM versions ORDER BY id")
        return cls(runs=runs, attempts=attempts, jobs=jobs, versions=versions)

    def counts(self) -> dict[str, int]:
        """Return how many runs there are, all told and by state, and attempts."""
        states = Counter(run["state"] for run in self.runs.values())
        return {"runs": len(self.runs), **dict(sorted(states.items())), "attempts": len(self.attempts)}

    def attempts_of(self) -> Mapping[int, list[Row]]:
        """Return the attempts of each run, first one first."""
        found: dict[int, list[Row]] = defaultdict(list)
        for attempt in self.attempts.values():
            found[attempt["run_id"]].append(attempt)
        return found

    def overlap_of(self, task: str) -> str:
        """Return what a task's newest version says of overlapping runs."""
        declared = [json.loads(row["declaration"]) for row in self.versions if row["task_id"] == task]
        return str(declared[-1].get("overlap", "skip")) if declared else "skip"


def connect(root: Path) -> sqlite3.Connection:
    """Open the database of a project for reading."""
    database = sqlite3.connect(f"file:{root}/data/scheduler.db?mode=ro", uri=True, timeout=10, isolation_level=None)
    database.row_factory = sqlite3.Row
    return database


def _rows(database: sqlite3.Connection, statement: str) -> list[Row]:
    return [dict(row) for row in database.execute(statement)]


def seconds_of(moment: str) -> float:
    """Return a moment of the record in Unix seconds."""
    return datetime.fromisoformat(moment).timestamp()


def text_of(seconds: float) -> str:
    """Return a moment as the record writes it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def name_of(attempt: Row) -> str:
    """Return what an attempt is called in a sentence."""
    return f"attempt {attempt['run_id']}.{attempt['number']}"
