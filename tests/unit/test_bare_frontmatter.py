"""The one rule for where bare frontmatter is, and what is left of a file without it."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_scheduler.bare_frontmatter import code_of, find, opening


@pytest.mark.parametrize(
    ("source", "block"),
    [
        (b"---\n---\n", b"---\n---"),
        (b"---\na: 1\n---", b"---\na: 1\n---"),
        (b"---  \r\na: 1\r\n---\t\r\nprint(1)\r\n", b"---  \r\na: 1\r\n---\t"),
        (b"---\ra: 1\r---\rprint(1)\r", b"---\ra: 1\r---"),
        (b"\xef\xbb\xbf#!/usr/bin/python\n# coding: utf-8\n\n \t\n---\na: 1\n---\n", b"---\na: 1\n---"),
        (b"---\na: |\n  ---\nb: ---\n----\n---\n---\n", b"---\na: |\n  ---\nb: ---\n----\n---"),
    ],
)
def test_a_block_between_two_lines_above_the_code_is_found(source: bytes, block: bytes) -> None:
    place = find(source)

    assert place is not None
    assert source[place[0] : place[1]] == block
    assert opening(source) == place[0]


@pytest.mark.parametrize(
    "source", [b"", b"import os\n---\n---\n", b" ---\n---\n", b'"""\n---\n---\n"""\n', b"--- a\n---\n", b"----\n---\n"]
)
def test_anything_else_is_none(source: bytes) -> None:
    assert (find(source), opening(source)) == (None, None)
    assert code_of(source) is source


@pytest.mark.parametrize("source", [b"---", b"# words\n---\n", b"---\na: 1\n", b"---\n ---\n"])
def test_a_block_that_is_never_closed_is_opened_and_not_found(source: bytes) -> None:
    assert find(source) is None
    assert opening(source) == source.index(b"---")


def test_what_is_run_has_every_line_in_its_place() -> None:
    source = b"#!/usr/bin/python\r\n---\r\ntitle: x\r\n---\r\nprint(1)\r\n"

    assert code_of(source) == b"#!/usr/bin/python\r\n\r\n\r\n\r\nprint(1)\r\n"
    assert ast.parse(code_of(source)).body[0].lineno == 5


@pytest.mark.parametrize("piece", [b"\r\n", b"\r", b"# x\r\n", b" ", b"---\r\n", b"---x\n"])
def test_a_large_file_is_searched_at_once(piece: bytes) -> None:
    source = piece * (900_000 // len(piece)) + b"x"

    # Each line break that could be read in two ways would double the time.
    assert len(code_of(source)) <= len(source)


LINES = st.lists(st.sampled_from([b"---", b"a: 1", b"# x", b"", b" ", b"--- ", b"x = 1"]), max_size=8)
BREAKS = st.sampled_from([b"\n", b"\r\n", b"\r"])


@given(lines=LINES, line_break=BREAKS)
def test_blanking_keeps_all_line_breaks_and_all_code(lines: list[bytes], line_break: bytes) -> None:
    source = line_break.join(lines)

    code = code_of(source)

    kept = code.split(line_break)
    assert len(kept) == len(source.split(line_break))
    assert all(new in {b"", old} for new, old in zip(kept, source.split(line_break), strict=True))
