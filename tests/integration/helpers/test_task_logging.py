"""Whatever a task logs is one line that a program can read back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import log, log_structured_data

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The log that is written to here."""
    root = tmp_path_factory.mktemp("project")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TASK_SCHEDULER_ROOT", str(root))
        patch.setenv("TASK_SCHEDULER_TITLE", "T")
        yield root / "logs" / "tasks.log"


@settings(max_examples=50)
@given(
    message=st.text(max_size=50).map(lambda text: text.replace("|", "")),
    fields=st.dictionaries(st.text(min_size=1, max_size=8), VALUES, min_size=1, max_size=3),
)
def test_one_call_is_one_line_with_its_fields(lines: Path, message: str, fields: dict[str, Any]) -> None:
    log(message, extra_data=fields)

    [line] = lines.read_bytes().splitlines()
    lines.unlink()
    assert json.loads(line.decode().split(" | ", 3)[3]) == fields


def test_an_event_is_read_back_with_its_data(lines: Path) -> None:
    log_structured_data("metric_collected", {"cpu": 80.5, "tags": ["a | b", "c\nd"]}, level="WARNING")

    [line] = lines.read_text().splitlines()
    _, level, text, fields = line.split(" | ", 3)
    assert (level.strip(), text) == ("WARNING", "[T] metric_collected")
    assert json.loads(fields) == {
        "event_type": "metric_collected",
        "data": {"cpu": 80.5, "tags": ["a | b", "c\nd"]},
    }
