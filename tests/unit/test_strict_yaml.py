"""YAML without its traps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_scheduler.strict_yaml import LONGEST, load


def faults(text: str) -> list[tuple[int, str]]:
    return [(fault.line, fault.message) for fault in load(text).faults]


def test_plain_values_are_what_they_look_like() -> None:
    document = load(
        "text: some words\nnumber: 42\nnegative: -1\nfraction: 1.5\nyes_please: true\nno_thanks: False\n"
        'nothing:\nnull_too: null\nquoted: "60"\nlist: [a, 2]\nmapping: {a: 1}\nblock: |\n  one\n  two\n'
    )

    assert document.faults == ()
    assert document.data == {
        "text": "some words",
        "number": 42,
        "negative": -1,
        "fraction": 1.5,
        "yes_please": True,
        "no_thanks": False,
        "nothing": None,
        "null_too": None,
        "quoted": "60",
        "list": ["a", 2],
        "mapping": {"a": 1},
        "block": "one\ntwo\n",
    }


@pytest.mark.parametrize(
    "surprise",
    [
        "yes",
        "no",
        "on",
        "off",
        "Y",
        "NO",
        "1:30",
        "0100",
        "0x1f",
        "0b1",
        "1_000",
        "1e3",
        ".inf",
        ".nan",
        "2024-01-01",
        "2024-01-01T10:00:00",
        "12345678901234567890123",
        "=",
        "1.",
        "+.5",
        "tRUE",
    ],
)
def test_what_yaml_1_1_would_convert_stays_text(surprise: str) -> None:
    assert load(f"key: {surprise}").data == {"key": surprise}


def test_a_version_in_quotes_stays_whole() -> None:
    assert load('python_version: "3.10"').data == {"python_version": "3.10"}


def test_lines_are_given_for_keys_and_items() -> None:
    document = load("title: x\ndependencies:\n  - a\n  - b\nnested:\n  key: 1\n", first_line=3)

    assert document.lines == {
        "": 3,
        "title": 3,
        "dependencies": 4,
        "dependencies[0]": 5,
        "dependencies[1]": 6,
        "nested": 7,
        "nested.key": 8,
    }


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n"])
def test_nothing_means_no_keys(text: str) -> None:
    document = load(text)

    assert (document.data, document.faults) == ({}, ())


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "the key 'a' is given twice, first in line 1: keep one of them"),
        ("a: !!python/object:os.system x\n", 1, "the tag !!python/object:os.system is not allowed: remove it"),
        ("a: !custom [1]\n", 1, "the tag !custom is not allowed: remove it"),
        ("a: 1\nb: &x 1\n", 2, "the anchor &x is not allowed: remove it, or put the value in quotes"),
        ("a: *x\n", 1, "the alias *x is not allowed: write the value out, or put it in quotes"),
        ("a: 1\n<<: {b: 2}\n", 2, "the merge key << is not allowed: write the keys out"),
        ("schedule: */5 * * * *\n", 1, "a value that begins with * must be in quotes: schedule: */5 * * * *"),
        ("schedule: * * * * *\n", 1, "a value that begins with * must be in quotes: schedule: * * * * *"),
        ("a: & b\n", 1, "a value that begins with & must be in quotes: a: & b"),
        ("schedule: @daily\n", 1, "a value that begins with @ must be in quotes: schedule: @daily"),
        ("a: %x\n", 1, "a value that begins with % must be in quotes: a: %x"),
        ("list:\n\t- a\n", 2, "a tab stands where only spaces may: replace it with spaces"),
        (
            "title: Report: daily\n",
            1,
            "put a value that holds ': ' in quotes, and begin every key in the same column: title: Report: daily",
        ),
        (
            "title: a\n  enabled: true\n",
            2,
            "put a value that holds ': ' in quotes, and begin every key in the same column: enabled: true",
        ),
        ('title: "abc\nenabled: true\n', 1, 'the quote opened here is never closed: title: "abc'),
        (
            'path: "C:\\data"\n',
            1,
            'a backslash between double quotes has a meaning of its own, use single quotes: path: "C:\\data"',
        ),
        ("list: [a, b\nother: 1\n", 1, "the bracket opened in 'list: [a, b' is never closed"),
        ("title\n", 1, "the frontmatter must be lines of 'key: value'"),
        ("- a\n- b\n", 1, "the frontmatter must be lines of 'key: value'"),
        ("? [a]\n: 1\n", 1, "a key must be a plain word"),
        ('"": 1\n', 1, "a key is missing before the colon"),
        ("a: 1\n...\n---\nb: 1\n", 3, "only one block of YAML is allowed here"),
        ("a: \x07\n", 1, "the character U+0007 is not allowed here: remove it"),
        ("a: 1\nb: x\u2028y\n", 2, "the character U+2028 is not allowed here: remove it"),
        ("a: [[[[[[[[1]]]]]]]]\n", 1, "nested more than 8 levels deep: write it flatter"),
    ],
)
def test_a_trap_is_refused_with_its_line(text: str, line: int, sentence: str) -> None:
    assert faults(text) == [(line, sentence)]


def test_other_errors_keep_the_parser_s_words() -> None:
    ((line, sentence),) = faults("a: 1\n-b: 2\n- c\n")

    assert line == 3
    assert sentence.startswith("this is not YAML (")
    assert sentence.endswith("): - c")


def test_several_faults_come_at_once_and_the_rest_is_read() -> None:
    document = load("a: 1\na: 2\nb: !x 3\nc: 4\n")

    assert [fault.line for fault in document.faults] == [2, 3]
    assert document.data == {"a": 1, "c": 4}
    assert "b" in document.lines


def test_a_name_with_a_dot_is_no_nested_key() -> None:
    assert load("a:\n  b: 1\na.b: 2\n").faults == ()


def test_what_is_too_long_is_not_parsed() -> None:
    assert faults("a: " + "x" * LONGEST) == [(1, "the frontmatter is longer than 65,536 characters: shorten it")]


def test_a_bomb_of_aliases_is_refused_at_its_first_anchor() -> None:
    bomb = "a: &a [x,x]\n" + "".join(f"{n}: &{n} [*{p},*{p}]\n" for p, n in zip("abcdefgh", "bcdefghi", strict=True))

    document = load(bomb)

    assert document.faults[0].message == "the anchor &a is not allowed: remove it, or put the value in quotes"


@given(st.text(alphabet=st.sampled_from("ab:- \n\t[]{}&*!|>'\"%@#?,.<0\\~"), max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    document = load(text, first_line=10)

    assert all(10 <= fault.line <= 10 + text.count("\n") for fault in document.faults)


def test_a_key_without_a_space_after_its_colon_is_said_where_it_stands() -> None:
    document = load("title: a\nschedule:every 10 seconds\n", first_line=3)

    assert [(fault.line, fault.message) for fault in document.faults] == [
        (4, "put a space after the colon: schedule: every 10 seconds")
    ]


@pytest.mark.parametrize(
    "text", ["9" * 1000 + ":5\n", "a: !" + "x" * 500 + "!b 1\n", "!yes" + "yes" * 900 + "! x: 1\n"]
)
def test_a_sentence_about_a_long_text_stays_short(text: str) -> None:
    assert all(len(fault.message) < 250 for fault in load(text).faults)
