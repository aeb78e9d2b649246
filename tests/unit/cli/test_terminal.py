"""What a terminal shows is wrapped at words; what goes into a file or a pipe never is."""

from datetime import UTC, datetime
from io import StringIO

from task_scheduler.cli.terminal import Terminal

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SENTENCE = "a sentence that is longer than the line has room for"


def terminal(width: int | None) -> Terminal:
    return Terminal(
        out=StringIO(), err=StringIO(), now=lambda: NOW, pause=lambda _: None, width=width, err_width=width, zone=UTC
    )


def written(stream: object) -> list[str]:
    assert isinstance(stream, StringIO)
    return stream.getvalue().splitlines()


def test_data_notes_and_errors_are_wrapped_with_their_indentation() -> None:
    shown = terminal(40)

    shown.say(f"    {SENTENCE}")
    shown.fields({"why": SENTENCE})
    shown.note(SENTENCE)
    shown.error(SENTENCE, hint=SENTENCE)

    assert written(shown.out) == [
        "    a sentence that is longer than the",
        "    line has room for",
        "why  a sentence that is longer than the",
        "     line has room for",
    ]
    assert written(shown.err) == [
        "a sentence that is longer than the line",
        "has room for",
        "error: a sentence that is longer than",
        "       the line has room for",
        "",
        "hint: a sentence that is longer than the",
        "      line has room for",
    ]


def test_what_is_to_stay_whole_and_what_is_no_terminals_is_not_wrapped() -> None:
    narrow, piped = terminal(40), terminal(None)

    narrow.say(SENTENCE, whole=True)
    piped.say(SENTENCE)
    piped.note(SENTENCE)
    piped.error(SENTENCE)

    assert written(narrow.out) == written(piped.out) == [SENTENCE]
    assert written(piped.err) == [SENTENCE, f"error: {SENTENCE}"]
