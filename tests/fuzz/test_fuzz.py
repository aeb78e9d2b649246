"""A few seconds of fuzzing, and that it would notice."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from random import Random

import pytest

from tests.fuzz.corpus import corpus
from tests.fuzz.good import GOOD
from tests.fuzz.mutation import mutated
from tests.fuzz.properties import faults
from tests.fuzz.worker import shrunk

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_a_short_search_finds_nothing() -> None:
    with tempfile.TemporaryDirectory(prefix="findings-") as folder:
        done = subprocess.run(
            [sys.executable, "scripts/fuzz.py", "--seconds=6", "--seed=20", f"--keep={folder}"],
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 findings" in done.stdout


@pytest.mark.parametrize("content", GOOD, ids=range(len(GOOD)))
def test_good_files_keep_every_promise(content: bytes) -> None:
    assert list(faults(content)) == []


def test_the_same_seed_spoils_the_same_way() -> None:
    sources = corpus()

    first, second = ([mutated(sources[0], sources, Random(seed)) for seed in range(50)] for _ in range(2))  # noqa: S311

    assert first == second
    assert len(set(first)) > 25


def test_a_finding_is_made_small() -> None:
    found = shrunk(b"x" * 500 + b"needle" + b"y" * 500, lambda content: b"needle" in content, seconds=5)

    assert found == b"needle"


def test_what_was_found_once_stays_mended() -> None:
    for content in (
        b"---\r---\n",
        b"---\n%YAML " + b"9" * 5_000 + b".1\n---\n",
        b'"""\n---\n' + b"*a, " * 5_000 + b'\n---\n"""\n',
        b'"""\n---\n' + b"a\xe2\x80\x8b" * 40 + b': 1\n---\n"""\n',
        b"# coding: cp" + b"9" * 5_000 + b"\n",
        b"x = 1\x7f\n",
        b"from task_scheduler.decorators import *\n@repeat(every().day.at('" + b"9" * 5_000 + b"'))\ndef f(): 0\n",
        b'"""\n---\ndependencies: [requests^2' + b".b" * 200 + b']\n---\n"""\n',
    ):
        assert list(faults(content)) == [], content[:60]
