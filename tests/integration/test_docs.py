"""What the pages say is what the program does."""

from __future__ import annotations

import re
from pathlib import Path

from task_scheduler.cli.arguments import VERBS
from task_scheduler.cli.exit_codes import ExitCode
from task_scheduler.core.declaration import KEYS
from task_scheduler.core.runs import ACTIVE, TRANSITIONS
from task_scheduler.core.triggers import read_schedule

ROOT = Path(__file__).resolve().parents[2]


def test_the_table_of_transitions_is_the_one_in_force() -> None:
    rows = _rows(_page("docs/design.md").partition("<!-- transitions -->")[2].partition("\n\n")[0])

    told = {row[0]: set(row[1].split(", ")) for row in rows}

    assert told == {state.value: {to.value for to in TRANSITIONS[state]} for state in ACTIVE}


def test_every_verb_and_exit_code_is_on_the_page_of_commands() -> None:
    page = _page("docs/commands.md")

    for verb in VERBS:
        assert f"| `{verb}" in page
    told = {int(code) for row in _rows(page) for code in re.findall(r"\b\d+\b", row[0])}
    assert told == {int(code) for code in ExitCode}


def test_every_key_of_the_frontmatter_is_on_the_page_of_task_files() -> None:
    # What a function may ask for stands in a table of its own, and is no key.
    keys = re.sub(r"^\| parameter \|.*\n(\|.*\n)*", "", _page("docs/task-files.md"), flags=re.MULTILINE)
    told = set(re.findall(r"^\| `(\w+)` \|", keys, re.MULTILINE))

    assert told == set(KEYS)


def test_every_schedule_in_words_that_a_page_shows_can_be_read() -> None:
    page = _page("docs/schedules.md")
    shown = [row[1].strip("`") for row in _rows(page) if row[0].startswith(("`every", "`cron"))]
    clauses = [words for row in _rows(page) for words in re.findall(r"`… ([^`]+)`", row[1])]
    events = [
        words
        for row in _rows(page)
        if row[0].startswith(("`once", "`at_", "`after", "`on_"))
        for words in row[1].strip("`").split("`, `")
    ]
    assert len(clauses) > 10 < len(events) + 5
    shown += [f"every 5 minutes {words}" for words in clauses] + events
    shown += re.findall(r"^  - ([^\n]+)", page, re.MULTILINE)
    shown += re.findall(r"^schedule: \"?([^\"\n]+)", _page("docs/task-files.md"), re.MULTILINE)

    assert len(shown) > 10
    for words in shown:
        assert read_schedule(words)


def test_every_event_is_on_the_page_of_events() -> None:
    page = _page("docs/design.md")
    told = set()
    for group in re.findall(r"^\| (`[a-z]+\.[a-z]+`.*?) \|", page, re.MULTILINE):
        family = ""
        for name in re.findall(r"`([a-z_.]+)`", group):
            family = name.partition(".")[0] or family
            told.add(name if not name.startswith(".") else family + name)

    used = set()
    for file in (ROOT / "task_scheduler").rglob("*.py"):
        used |= set(re.findall(r"(?:name=|teller\(events, |_tell\(\s*)\"([a-z]+\.[a-z_]+)\"", file.read_text("utf-8")))

    assert used - told == set()


def _page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def _rows(text: str) -> list[list[str]]:
    """Return the cells of every table row, headings and rules left out."""
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in text.splitlines() if line[:2] == "| "]
    return (
        [[cell.strip("| ") for cell in row] for row in rows if not set("".join(row)) <= set("-| ")][1:] if rows else []
    )
