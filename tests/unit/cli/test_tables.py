"""Tables are aligned, harmless, and fit the terminal."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_scheduler.cli.tables import Cell, Column, render
from task_scheduler.cli.text import width

COLUMNS = (Column(title="TASK", least=6), Column(title="N", right=True), Column(title="REASON", least=4))


def plain(text: str, style: str) -> str:
    return text


def rows(*contents: tuple[str, str, str]) -> list[list[Cell]]:
    return [[Cell(text) for text in content] for content in contents]


def lines_of(columns: Sequence[Column], table: list[list[Cell]], *, room: int | None) -> list[str]:
    header, shown = render(columns, table, room=room, paint=plain)
    return [*([] if header is None else [header]), *(line for lines in shown for line in lines)]


def test_aligns_by_columns_with_no_spaces_at_the_end() -> None:
    lines = lines_of(COLUMNS, rows(("日本", "7", "x"), ("report", "1234", "")), room=None)

    assert lines == ["TASK       N  REASON", "日本       7  x", "report  1234"]


def test_cuts_the_widest_column_first() -> None:
    lines = lines_of(COLUMNS, rows(("a-long-task-name", "7", "r" * 40)), room=32)

    assert max(map(width, lines)) <= 32
    assert "…" in lines[1]


def test_never_cuts_a_column_that_may_not_be_cut() -> None:
    lines = lines_of(COLUMNS, rows(("abc", "123456789", "why")), room=5)

    assert "123456789" in "".join(lines)


#: As of a list of runs.
RUNS = (
    Column(title="TASK"),
    Column(title="NEXT"),
    Column(title="LATE", drop=2),
    Column(title="CPU", drop=1),
    Column(title="REASON", below=True),
)
RUN = [Cell("reports/daily"), Cell("in 10 h, 06:00:00", short="in 10 h"), Cell("3 ms"), Cell("5 ms"), Cell("it was so")]


@pytest.mark.parametrize(
    ("room", "shown"),
    [
        (60, ["TASK           NEXT               LATE  CPU   REASON", "reports/daily  in 10 h, 06:00:00  3 ms  5 ms  it was so"]),
        (50, ["TASK           NEXT               LATE  CPU", "reports/daily  in 10 h, 06:00:00  3 ms  5 ms", "    it was so"]),
        (40, ["TASK           NEXT               LATE", "reports/daily  in 10 h, 06:00:00  3 ms", "    it was so"]),
        (34, ["TASK           NEXT", "reports/daily  in 10 h, 06:00:00", "    it was so"]),
        (24, ["TASK           NEXT", "reports/daily  in 10 h", "    it was so"]),
        (20, ["reports/daily", "    next: in 10 h, 06:00:00", "    late: 3 ms", "    cpu: 5 ms", "    reason: it was so"]),
    ],
)  # fmt: skip
def test_what_matters_less_gives_way_first_and_names_stay_whole(room: int, shown: list[str]) -> None:
    assert lines_of(RUNS, [RUN], room=room) == shown


def test_what_stands_below_a_row_is_wrapped_at_words() -> None:
    row = [*RUN[:4], Cell("a sentence of some length that tells why this run ended as it did")]

    lines = lines_of(RUNS, [row], room=50)

    assert lines[2:] == ["    a sentence of some length that tells why this", "    run ended as it did"]


#: As of a list of tasks.
TASKS = (Column(title="TASK"), Column(title="NEXT"), Column(title="SCHEDULE", least=20, wraps=True))
SCHEDULE = "every day at 09:00 on mon,tue,wed,thu,fri calendar DE skip"
TASK = [Cell("report"), Cell("in 10 h, 06:00:00", short="in 10 h"), Cell(SCHEDULE)]


@pytest.mark.parametrize(
    ("room", "shown"),
    [
        (90, [f"report  in 10 h, 06:00:00  {SCHEDULE}"]),
        (75, ["report  in 10 h, 06:00:00  every day at 09:00 on mon,tue,wed,thu,fri",
              "                           calendar DE skip"]),
        # It gets what another has left.
        (64, ["report  in 10 h  every day at 09:00 on mon,tue,wed,thu,fri",
              "                 calendar DE skip"]),
        (40, ["report  in 10 h  every day at 09:00 on",
              "                 mon,tue,wed,thu,fri",
              "                 calendar DE skip"]),
    ],
)  # fmt: skip
def test_a_sentence_is_broken_at_words_before_it_is_cut(room: int, shown: list[str]) -> None:
    assert lines_of(TASKS, [TASK], room=room)[1:] == shown


def test_a_word_too_long_for_its_column_is_cut() -> None:
    lines = lines_of(TASKS, [[*TASK[:2], Cell("on change of inbox/a-very-long-name-of-a-file.csv")]], room=38)

    assert lines[1:] == ["report  in 10 h  on change of", "                 inbox/a-very-long-na…"]


def test_a_column_keeps_the_width_it_is_given_for_rows_to_come() -> None:
    columns = (Column(title="WHEN", wide=8), Column(title="NOTE"))

    assert lines_of(columns, [[Cell("now"), Cell("x")]], room=None) == ["WHEN      NOTE", "now       x"]


def test_a_name_cannot_break_out_of_its_cell() -> None:
    lines = lines_of(COLUMNS, rows(("a\nb\x1b[2J", "1", "")), room=None)

    assert lines[1] == r"a\nb\x1b[2J  1"


def test_paint_covers_the_text_and_not_the_spaces() -> None:
    table = [[Cell("ab", "good"), Cell("1"), Cell("z")]]

    _, shown = render(COLUMNS, table, room=None, paint=lambda text, style: f"<{text}>" if style == "good" else text)

    assert shown == [["<ab>    1  z"]]


@given(st.lists(st.tuples(st.text(), st.text(max_size=5), st.text()), max_size=5), st.integers(40, 200))
def test_lines_fit_wherever_they_can(contents: list[tuple[str, str, str]], room: int) -> None:
    columns = (Column(title="TASK", least=6), Column(title="N", least=4, wraps=True), Column(title="REASON", least=4))

    assert all(width(line) <= room for line in lines_of(columns, rows(*contents), room=room))
