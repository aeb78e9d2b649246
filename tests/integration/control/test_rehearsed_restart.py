"""`restart --dry-run`: it tries out what the restart would try."""

from __future__ import annotations

from pathlib import Path

import pytest

from task_scheduler.cli import restart_anew
from task_scheduler.process.heartbeat import Phase
from task_scheduler.process.liveness import Health, Standing
from task_scheduler.project import locate_project
from tests.unit.cli.documents import FakeDoor, say


@pytest.mark.parametrize("how", ["", "--daemon"])
def test_a_program_that_could_not_start_is_told_with_its_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.yaml").write_text("scheduler:\n  missed: nonsense\n")
    well = Standing(health=Health.WELL, phase=Phase.WORKING, who="pid 7", age=1.0)
    monkeypatch.setattr(restart_anew, "standing", lambda *_, **__: well)
    monkeypatch.setattr(restart_anew, "keeps_silent", lambda _: False)
    project = locate_project(config=None, root=tmp_path, default_root=tmp_path)

    told = say(f"restart --dry-run {how}", FakeDoor({"status": {"at_work": []}}, project))

    assert told.code == 3
    assert "would leave it as it is: another could not start\n" in told.out
    assert "scheduler.missed must be" in told.err
