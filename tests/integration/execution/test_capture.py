"""The laws of what is kept of an output, over any text, in any pieces, under any limit."""

from __future__ import annotations

import math
import os
import tempfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from task_scheduler import known_secrets
from task_scheduler.execution import trees
from task_scheduler.execution.capture import Capture
from task_scheduler.masking import Mask

PIECES = st.lists(
    st.tuples(st.booleans(), st.binary(max_size=60) | st.sampled_from([b"\n" * 40, b"x" * 20_000, b"a\nb\nc\n" * 30])),
    max_size=12,
)
PREFIX = len(b"2026-11-22T14:00:00.123456Z stdout F ")


def _captured(
    folder: Path, pieces: list[tuple[bool, bytes]], limit: int, *, impatient: bool = False
) -> tuple[Capture, dict[str, bytes]]:
    """Write pieces to the two pipes as an attempt would; return the capture and what its file says of each stream.

    `impatient` has each piece of a line written at once.
    """
    path = folder / "output.log"
    reading, writing = zip(*(os.pipe() for _ in range(2)), strict=True)
    for descriptor in reading:
        os.set_blocking(descriptor, False)
    capture = Capture(str(path), limit, *reading)
    for to_stderr, piece in pieces:
        os.write(writing[to_stderr], piece)
        if piece:
            assert capture.read(reading[to_stderr])
        if impatient:
            capture.flush_pending(math.inf)
        capture.flush()
    for descriptor in writing:
        os.close(descriptor)
    capture.finish()
    kept = {"stdout": b"", "stderr": b"", "system": b""}
    for line in path.read_bytes().split(b"\n")[:-1] if path.exists() else []:
        _, stream, flag, text = line.split(b" ", 3)
        kept[stream.decode()] += text + (b"\n" if flag == b"F" else b"")
    return capture, kept


@settings(max_examples=60)
@given(PIECES)
def test_within_the_limit_every_byte_comes_back(pieces: list[tuple[bool, bytes]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        capture, kept = _captured(Path(folder), pieces, 10_000_000)

        assert kept["stdout"] == b"".join(piece for to_stderr, piece in pieces if not to_stderr)
        assert kept["stderr"] == b"".join(piece for to_stderr, piece in pieces if to_stderr)
        assert capture.dropped == 0


@pytest.mark.slow
@settings(max_examples=120)
@given(PIECES, st.integers(0, 6000))
def test_beyond_it_what_is_kept_and_what_is_left_out_make_the_whole(
    pieces: list[tuple[bool, bytes]], limit: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        capture, kept = _captured(Path(folder), pieces, limit)
        file = Path(folder) / "output.log"

        assert capture.written == sum(len(piece) for _, piece in pieces)
        assert len(kept["stdout"]) + len(kept["stderr"]) + capture.dropped == capture.written
        assert kept["system"] == (b"[%d bytes left out]\n" % capture.dropped if capture.dropped else b"")
        assert not file.exists() or file.stat().st_size <= limit + PREFIX + len(kept["system"])


def test_a_tail_of_short_lines_takes_little_more_memory_than_its_size() -> None:
    with tempfile.TemporaryDirectory() as folder:
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        capture = Capture(str(Path(folder) / "output.log"), 400_000, reading, os.dup(reading))
        tracemalloc.start()
        try:
            for _ in range(10_000):
                os.write(writing, b"x\n")
                capture.read(reading)
                capture.flush()
            taken, held = tracemalloc.get_traced_memory()[0], capture.held
        finally:
            tracemalloc.stop()
            os.close(writing)
            capture.finish()

        assert 190_000 < held < 270_000
        assert taken < held * 1.3


def test_what_is_kept_is_not_in_forks_and_is_given_back() -> None:
    with tempfile.TemporaryDirectory() as folder:
        reading, writing = os.pipe()
        capture = Capture(str(Path(folder) / "output.log"), 40_000_000, reading, os.dup(reading))
        os.set_blocking(reading, False)
        before = trees.own_anonymous()
        while capture.held < 16_000_000:
            os.write(writing, b"x" * 99 + b"\n")
            os.write(writing, (b"y" * 99 + b"\n") * 600)
            assert capture.read(reading)
            capture.flush()
        while_held, in_a_fork = trees.own_anonymous() - before, _in_a_fork(trees.own_anonymous) - before
        os.close(writing)
        capture.finish()

        assert while_held > 15_000_000
        assert in_a_fork < 6_000_000
        assert trees.own_anonymous() - before < 6_000_000


def _in_a_fork(function: Callable[[], int]) -> int:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(writing, b"%d" % function())
        os._exit(0)
    os.waitpid(pid, 0)
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        return int(file.read())


def test_a_full_disk_ends_nothing_and_counts_as_left_out() -> None:
    capture, _ = _captured(Path("/proc/nowhere"), [(False, b"one\n"), (True, b"two\n")], 1000)

    assert (capture.written, capture.dropped) == (8, 8)


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.booleans(), st.sampled_from(["aba", "abab", "b", "a", "\n", "ab\n", "xyxyxyx", "x" * 20_000, "y"])
        ),
        max_size=20,
    ),
    st.booleans(),
)
def test_secrets_are_hidden_in_whatever_pieces_they_come(parts: list[tuple[bool, str]], impatient: bool) -> None:
    pieces = [(to_stderr, part.encode()) for to_stderr, part in parts]
    secrets = ["ababab", "xyxyxyxy", "bababax"]
    known_secrets.know(secrets)
    try:
        with tempfile.TemporaryDirectory() as folder:
            capture, kept = _captured(Path(folder), pieces, 10_000_000, impatient=impatient)
    finally:
        known_secrets.know(())

    for name, is_stderr in (("stdout", False), ("stderr", True)):
        assert kept[name] == Mask(secrets).hide(
            b"".join(piece for to_stderr, piece in pieces if to_stderr is is_stderr)
        )
    assert capture.written == sum(len(piece) for _, piece in pieces)


def test_a_prompt_is_shown_but_for_what_may_become_a_secret() -> None:
    known_secrets.know(["word-of-honour"])
    try:
        with tempfile.TemporaryDirectory() as folder:
            _, kept = _captured(
                Path(folder), [(False, b"Name? "), (False, b"w"), (False, b"ill\n")], 1000, impatient=True
            )
            lines = (Path(folder) / "output.log").read_bytes().split(b"\n")[:-1]
    finally:
        known_secrets.know(())

    assert kept["stdout"] == b"Name? will\n"
    assert [line.split(b" ", 2)[2] for line in lines] == [b"P Name? ", b"F will"]
