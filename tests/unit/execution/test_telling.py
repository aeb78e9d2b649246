"""What an attempt tells by lines of its output, and what is said of lines that tell nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_scheduler.execution import telling
from task_scheduler.execution.telling import Telling, unfinished


def _notes(*said: str, telling: Telling | None = None) -> dict[str, Any]:
    heard = telling or Telling()
    for line in said:
        heard.hear(f"::task-scheduler:: {line}".encode(), 0.0)
    return heard.notes()


@pytest.mark.parametrize(
    ("said", "progress"),
    [
        ("3/10 reading the rest", {"done": 3, "total": 10, "text": "reading the rest"}),
        ("40% of it", {"done": 40, "total": 100, "text": "of it"}),
        ("7 files", {"done": 7, "total": None, "text": "files"}),
        ("0/0.5", {"done": 0, "total": 0.5, "text": ""}),
        ("12/10", {"done": 12, "total": 10, "text": ""}),
        ("1e3/1E4", {"done": 1000, "total": 10000, "text": ""}),
        ("1/2 " + "x" * 300, {"done": 1, "total": 2, "text": "x" * 199 + "…"}),
    ],
)
def test_progress_is_told_in_parts_percent_or_a_count(said: str, progress: dict[str, Any]) -> None:
    assert _notes(f"progress {said}") == {"progress": progress}


ABSURD = ["1e300/1e-300", "1e300", "1/1e300", "1/1e-300"]


@pytest.mark.parametrize(
    "said",
    [
        "",
        "x",
        "3/",
        "/3",
        "3/x",
        "3 /",
        "nan",
        "inf",
        "1_000",
        "0x3",
        "٣",
        "50%%",
        "-1",
        "1/-1",
        "1/0",
        "1e999",
        *ABSURD,
    ],
)
def test_what_is_no_progress_is_refused_in_a_sentence(said: str) -> None:
    notes = _notes(f"progress {said}")

    if said == "3 /":
        assert notes == {"progress": {"done": 3, "total": None, "text": "/"}}
    else:
        [sentence] = notes["refused"]
        assert sentence.startswith(f"`progress {said}".strip() + "` is not kept: ")
        assert notes.keys() == {"refused"}


def test_metrics_have_names_and_finite_numbers_and_the_newest_counts() -> None:
    notes = _notes("metric rows 1", 'metric "rows per second" -2.5', "metric rows 1200")

    assert notes == {"metrics": {"rows": 1200, "rows per second": -2.5}}


@pytest.mark.parametrize("said", ["", "rows", "rows many", "rows NaN", "rows 1e999", '"" 3', "x" * 101 + " 1"])
def test_what_is_no_metric_is_refused(said: str) -> None:
    assert _notes(f"metric {said}").keys() == {"refused"}


def test_artifacts_are_paths_and_titles() -> None:
    notes = _notes(
        "artifact out/report.pdf The title",
        r'artifact "out/a \"b\" c.txt"',
        "artifact https://example.org/?a=1 A page",
        "artifact out/report.pdf The newest title",
    )

    assert notes["artifacts"] == [
        {"path": "out/report.pdf", "title": "The newest title"},
        {"path": 'out/a "b" c.txt', "title": ""},
        {"path": "https://example.org/?a=1", "title": "A page"},
    ]


def test_a_result_is_any_json() -> None:
    assert _notes('result {"rows": [1, null], "é": true}')["result"] == '{"rows": [1, null], "é": true}'


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("", "it is no JSON"),
        ("{'rows': 1}", "it is no JSON"),
        ("NaN", "JSON has no NaN"),
        ("[-Infinity]", "JSON has no -Infinity"),
        ("[" * 50_000, "it is nested too deeply for JSON"),
        ("1e999", "`result 1e999` is not kept: the number 1e999 in it is more than a number can be"),
        ('{"rows": [-1e999]}', "the number -1e999 in it is more than a number can be"),
        ("9" * 5000, "a number in it has 5,000 digits, and 1,000 are kept; write it as text"),
        ('"' + "x" * 100_000 + '"', "it has 100,002 characters, and 100,000 are kept"),
    ],
)
def test_what_is_no_json_is_refused(said: str, why: str) -> None:
    notes = _notes(f"result {said}")

    assert notes.keys() == {"refused"}
    assert why in notes["refused"][0]


def test_an_unknown_word_is_answered_with_those_there_are() -> None:
    assert _notes("progess 3/10")["refused"] == [
        "`progess 3/10` is not kept: a line tells `progress`, `metric`, `artifact` or `result`"
    ]


def test_names_are_bounded_and_so_are_the_sentences_about_them() -> None:
    notes = _notes(*(f"metric m{number} 1" for number in range(150)), *(f"artifact a{n}" for n in range(120)))

    assert len(notes["metrics"]) == len(notes["artifacts"]) == telling.MOST_NAMES
    assert len(notes["refused"]) == telling.MOST_REFUSED + 1
    assert notes["refused"][-1] == "and 50 more"


def test_the_same_sentence_is_said_once() -> None:
    assert len(_notes(*["metric x y"] * 50)["refused"]) == 1


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (b"::task-scheduler:: progress 1/2", True),
        (b"before\n::task-scheduler:: progress 1/2\r\nafter", True),
        (b"an unfinished line\x1e::task-scheduler:: progress 1/2", True),
        (b"\x1e::task-scheduler:: progress 1/2\x1e::task-scheduler:: metric a 1", True),
        (b" ::task-scheduler:: progress 1/2", False),
        (b"write ::task-scheduler:: progress 1/2", False),
        (b"::task-scheduler::progress 1/2", False),
    ],
)
def test_only_the_beginning_of_a_line_tells(lines: bytes, told: bool) -> None:
    heard = Telling()
    heard.hear(lines, 0.0)

    assert heard.notes().get("progress") == ({"done": 1, "total": 2, "text": ""} if told else None)


def test_text_that_is_no_utf_8_is_shown_somehow() -> None:
    heard = Telling()
    heard.hear(b"::task-scheduler:: progress 1/2 \xff\xfe", 0.0)

    assert heard.notes()["progress"]["text"] == "\ufffd\ufffd"


def test_of_a_flood_the_newest_of_each_kind_is_kept_and_it_is_said() -> None:
    heard = Telling()
    for number in range(20):
        lines = [b"::task-scheduler:: progress %d" % (number * 1000 + line) for line in range(1000)]
        lines.insert(500, b'::task-scheduler:: result "%d"' % number)
        heard.hear(b"\n".join(lines), number / 100)

    notes = heard.notes()

    assert notes["progress"]["done"] == 19_999
    assert json.loads(notes["result"]) == "19"
    assert "more was told at once than is read" in notes["refused"][0]


@pytest.mark.parametrize(
    ("good", "bad", "kept"),
    [
        (b"progress %d%%", b"progress abc", {"progress": {"done": 99, "total": 100, "text": ""}}),
        (b"metric rows %d", b"metric rows many", {"metrics": {"rows": 99}}),
        (b"artifact out/%d", b"artifact " + b"x" * 501, {"artifacts": [{"path": "out/99", "title": ""}]}),
        (b"result %d", b"result {", {"result": "99"}),
    ],
)
@pytest.mark.parametrize("in_one_piece", [True, False])
def test_after_a_flood_the_newest_line_that_is_right_counts(
    good: bytes, bad: bytes, kept: dict[str, Any], in_one_piece: bool
) -> None:
    begins = b"::task-scheduler:: "
    flood = b"\n".join(begins + good % number for number in range(100) for _ in range(30))
    wrong = b"\n".join([b"\x1e" + begins + bad] * 2)
    heard = Telling()
    for lines in [flood + b"\n" + wrong] if in_one_piece else [flood, wrong]:
        heard.hear(lines, 0.0)

    notes = heard.notes()

    assert {kind: notes[kind] for kind in kept} == kept
    assert any("is not kept" in sentence for sentence in notes["refused"])


def test_after_a_flood_all_is_read_again() -> None:
    heard = Telling()
    for _ in range(3):
        heard.hear(b"\n".join([b"::task-scheduler:: progress 1"] * 2000), 0.0)
    heard.hear(b"::task-scheduler:: metric a 1\n::task-scheduler:: metric b 2", 1.5)

    notes = heard.notes()

    assert notes["metrics"] == {"a": 1, "b": 2}
    assert notes["progress"]["done"] == 1


@given(st.binary(max_size=60).map(lambda text: text.replace(b"\n", b" ")), st.integers(0, 60))
def test_a_line_that_goes_on_is_recognised_wherever_it_is_cut(text: bytes, cut: int) -> None:
    line = text + b"\x1e::task-scheduler:: metric a 1"
    first, rest = line[:cut], line[cut:]
    whole, pieces = Telling(), Telling()

    whole.hear(line, 0.0)
    before = unfinished(first, begins_line=True) or b" "
    pieces.hear((before if first else b"") + rest, 0.0)

    assert pieces.notes().get("metrics") == whole.notes().get("metrics") == {"a": 1}


@given(st.binary(max_size=200))
def test_nothing_that_is_told_is_a_fault(body: bytes) -> None:
    heard = Telling()
    heard.hear(b"::task-scheduler:: " + body, 0.0)

    json.dumps(heard.notes(), allow_nan=False)
