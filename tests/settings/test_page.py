"""The page made from the settings, and the comments of the file, say what the program does."""

from __future__ import annotations

import re
from pathlib import Path

from task_scheduler.settings.models import known_keys, section_model
from task_scheduler.settings.reload import EFFECTS, Effect
from tests.settings.__main__ import PAGE
from tests.settings.page import page

FILE = Path(__file__).resolve().parents[2] / "config" / "config.yaml"
HOW = "run `python -m tests.settings`"


def test_the_page_of_settings_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), HOW


def test_the_page_has_a_row_for_each_setting() -> None:
    rows = [line for line in page().splitlines() if line.startswith("| `")]

    assert len(rows) == len(EFFECTS)
    assert all(line.replace("\\|", "").count("|") == 6 for line in rows)


def test_each_line_of_the_shipped_file_says_what_the_setting_is_and_whether_it_needs_a_restart() -> None:
    told: dict[str, str] = {}
    section = ""
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if found := re.fullmatch(r"(\w+):", line):
            section = found[1]
        elif found := re.fullmatch(r"  (\w+): .*?  # (.*)", line):
            told[f"{section}.{found[1]}"] = found[2]

    wanted = {
        f"{section}.{key}": section_model(section).model_fields[key].title
        for section, keys in known_keys().items()
        for key in keys
    }
    restart = {key for key, effect in EFFECTS.items() if effect is Effect.RESTART}
    assert told == {key: f"{title} (restart)" if key in restart else title for key, title in wanted.items()}
