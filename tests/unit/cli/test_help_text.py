"""`--help` at the width of a small terminal."""

from __future__ import annotations

import argparse

import pytest

from task_scheduler.cli.arguments import VERBS, read
from task_scheduler.cli.help_text import HelpText


@pytest.mark.parametrize("verb", ["", *VERBS])
@pytest.mark.parametrize("columns", [80, 60])
def test_no_line_is_wider_than_the_terminal(
    verb: str, columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))

    with pytest.raises(SystemExit):
        read([*verb.split(), "--help"])

    said = capsys.readouterr().out
    assert [line for line in said.splitlines() if len(line) > columns] == []
    assert said.startswith("usage: task-scheduler")


def test_the_options_that_stand_without_a_verb_are_listed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    with pytest.raises(SystemExit):
        read(["--help"])

    said = capsys.readouterr().out
    assert (
        "  --set SECTION.KEY=VALUE  a setting for this scheduler, whatever the file\n                           says\n"
    ) in said
    assert "\n  --daemon  " in said
    assert "\n  --status  " in said


def test_paragraphs_are_filled_and_lists_kept() -> None:
    text = (
        "A sentence that was written over the whole width of a line of a hundred and some more columns, and\n"
        "goes on.\n\nshort: an entry of a list\nother: one more\n\n  --name  what it is, which goes on and on and on"
    )
    formatter = HelpText("x", width=42)
    formatter.add_text(text)

    assert formatter.format_help() == (
        "A sentence that was written over the whole\nwidth of a line of a hundred and some more\ncolumns, and goes on.\n"
        "\nshort: an entry of a list\nother: one more\n\n  --name  what it is, which goes on and on\n"
        "          and on\n"
    )


def test_options_that_exclude_each_other_are_broken_between_two_of_them() -> None:
    parser = argparse.ArgumentParser("a-long-name", formatter_class=lambda prog: HelpText(prog, width=40))
    group = parser.add_mutually_exclusive_group()
    for name in ("--scheduler", "--errors", "--monitor"):
        group.add_argument(name, action="store_true")

    usage, *_ = parser.format_help().partition("\n\n")
    assert "--errors |\n" in usage
    assert [line for line in usage.splitlines() if len(line) > 40] == []
