"""Tables are aligned, harmless, and fit the terminal."""

from hypothesis import given
from hypothesis import strategies as st

from task_scheduler.cli.tables import Cell, Column, render
from task_scheduler.cli.text import width

COLUMNS = (Column(title="TASK", least=6), Column(title="N", right=True), Column(title="REASON", least=4))


def plain(text: str, style: str) -> str:
    return text


def rows(*contents: tuple[str, str, str]) -> list[list[Cell]]:
    return [[Cell(text) for text in content] for content in contents]


def test_aligns_by_columns_with_no_spaces_at_the_end() -> None:
    lines = render(COLUMNS, rows(("日本", "7", "x"), ("report", "1234", "")), room=None, paint=plain)

    assert lines == ["TASK       N  REASON", "日本       7  x", "report  1234"]


def test_cuts_the_widest_column_first() -> None:
    lines = render(COLUMNS, rows(("a-long-task-name", "7", "r" * 40)), room=32, paint=plain)

    assert max(map(width, lines)) <= 32
    assert "…" in lines[1]


def test_never_cuts_a_column_that_may_not_be_cut() -> None:
    lines = render(COLUMNS, rows(("abc", "123456789", "why")), room=5, paint=plain)

    assert "123456789" in lines[1]


def test_a_name_cannot_break_out_of_its_cell() -> None:
    lines = render(COLUMNS, rows(("a\nb\x1b[2J", "1", "")), room=None, paint=plain)

    assert lines[1] == r"a\nb\x1b[2J  1"


def test_paint_covers_the_text_and_not_the_spaces() -> None:
    table = [[Cell("ab", "good"), Cell("1"), Cell("z")]]

    lines = render(COLUMNS, table, room=None, paint=lambda text, style: f"<{text}>" if style == "good" else text)

    assert lines[1] == "<ab>    1  z"


@given(st.lists(st.tuples(st.text(), st.text(max_size=5), st.text()), max_size=5), st.integers(40, 200))
def test_lines_fit_wherever_they_can(contents: list[tuple[str, str, str]], room: int) -> None:
    columns = (Column(title="TASK", least=6), Column(title="N", least=4), Column(title="REASON", least=4))

    lines = render(columns, rows(*contents), room=room, paint=plain)

    assert all(width(line) <= room for line in lines)
