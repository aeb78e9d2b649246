"""scripts/run_tests.py and scripts/check.py, on a small project of their own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
TESTS = """
import pytest

def test_quick():
    assert "quick" in "quick"

@pytest.mark.slow
def test_slow():
    assert 1 == 2
"""
SETTINGS = """
[tool.pytest]
strict = true
testpaths = ["tests"]
markers = ["slow"]
[tool.coverage.run]
parallel = true
source = ["covered"]
"""

pytestmark = pytest.mark.slow


@pytest.fixture
def project(tmp_path: Path) -> Path:
    names = [
        "task_scheduler/__init__.py",
        "task_scheduler/project.py",
        "task_scheduler/typed_paths.py",
        "scripts/run_tests.py",
        "scripts/check.py",
    ]
    names += [f"task_scheduler/environments/{name}.py" for name in ("__init__", "caches", "indexes")]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROJECT / name, tmp_path / name)
    shutil.copytree(PROJECT / "task_scheduler/starting", tmp_path / "task_scheduler/starting")
    (tmp_path / "requirements.txt").write_text("pytest>=1\npytest-xdist>=1\n")
    (tmp_path / "requirements-dev.txt").write_text("coverage>=1\nhypothesis>=6\n")
    (tmp_path / "pyproject.toml").write_text(SETTINGS)
    (tmp_path / "covered.py").write_text("x = 1\n")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_it.py").write_text(TESTS)
    return tmp_path


def run(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=project, capture_output=True, text=True, timeout=100, check=False
    )


def test_the_exit_code_is_that_of_pytest(project: Path) -> None:
    everything = run(project, "scripts/run_tests.py")
    fast = run(project, "scripts/run_tests.py", "--fast", "--verbose", "tests/test_it.py")
    nothing = run(project, "scripts/run_tests.py", "tests/no_such_file.py")

    assert (everything.returncode, fast.returncode, nothing.returncode) == (1, 0, 4)
    assert "1 failed, 1 passed" in everything.stdout
    assert "test_quick PASSED" in fast.stdout
    assert "1 deselected" in fast.stdout
    assert not (project / ".venv-tests").exists()


FLAKY_AND_WRONG = """
from pathlib import Path

import pytest

def test_once_in_two_runs():
    been_here = Path("been here")
    if not been_here.exists():
        been_here.touch()
        assert 1 == 2

def test_wrong_in_parts(subtests):
    for number in range(2):
        with subtests.test(number=number):
            assert number == {expected}

@pytest.mark.parametrize("number", range({many}))
def test_of_many(number):
    assert number < 0
"""


def test_few_failed_tests_are_run_once_more_where_that_is_asked_for(project: Path) -> None:
    (project / "tests/test_it.py").write_text(FLAKY_AND_WRONG.format(expected="number", many=0))

    strict = run(project, "scripts/run_tests.py", "tests")
    (project / "been here").unlink()
    lenient = run(project, "scripts/run_tests.py", "--rerun-failed")

    assert (strict.returncode, lenient.returncode) == (1, 0)
    assert lenient.stdout.splitlines()[-1] == (
        "FLAKY (failed once, passed alone): tests/test_it.py::test_once_in_two_runs"
    )
    assert "FLAKY" not in strict.stdout


@pytest.mark.parametrize("option", ["-x", "-qx", "--maxfail=1", "--maxfail", "--exitfirst", "--sw"])
def test_what_ends_the_first_run_early_is_refused_with_a_second_one(project: Path, option: str) -> None:
    refused = run(project, "scripts/run_tests.py", "--rerun-failed", option, "1")

    assert refused.returncode == 2
    assert f"--rerun-failed and {option} do not go together" in refused.stderr
    assert refused.stdout == ""


def test_what_fails_again_or_is_too_much_fails_the_run(project: Path) -> None:
    (project / "tests/test_it.py").write_text(FLAKY_AND_WRONG.format(expected="0", many=0))
    partly = run(project, "scripts/run_tests.py", "--rerun-failed", "tests")
    (project / "tests/test_it.py").write_text(FLAKY_AND_WRONG.format(expected="number", many=6))
    many = run(project, "scripts/run_tests.py", "--rerun-failed", "tests")

    assert (partly.returncode, many.returncode) == (1, 1)
    assert "FLAKY (failed once, passed alone): tests/test_it.py::test_once_in_two_runs" in partly.stdout
    assert "passed alone): tests/test_it.py::test_wrong_in_parts" not in partly.stdout
    assert "6 failed" in many.stdout
    assert "once more" not in many.stdout


def test_coverage_is_reported_and_keeps_the_exit_code(project: Path) -> None:
    (project / "tests/test_it.py").write_text(
        "import sys; sys.path.insert(0, '.')\nimport covered\ndef test_x(): assert covered.x == 2"
    )

    ending = run(project, "scripts/run_tests.py", "--coverage")

    assert ending.returncode == 1
    assert "covered.py" in ending.stdout
    assert "100%" in ending.stdout


CORE = """
def sign(number):
    if number < 0:
        number = -1
    return max(number, -1)
"""
TESTS_OF_CORE = """
import pytest
from hypothesis import given, strategies as st
from task_scheduler.core.signs import sign

def test_below():
    assert sign({number}) == -1

@pytest.mark.slow
def test_slow():
    assert sign(1) == 2

@given(st.integers(0, 9))
def test_drawn(number):
    assert sign(number) == 10
"""


def test_the_core_has_to_be_run_whole_by_those_of_its_tests_that_always_run_the_same(project: Path) -> None:
    for name, text in (("task_scheduler/core/signs.py", CORE), ("tests/unit/core/test_signs.py", "")):
        (project / name).parent.mkdir(parents=True)
        (project / name).write_text(text)
    tests = project / "tests/unit/core/test_signs.py"

    tests.write_text(TESTS_OF_CORE.format(number="-5"))
    partly = run(project, "scripts/run_tests.py", "--core")
    tests.write_text(TESTS_OF_CORE.format(number="-5") + "\ndef test_above():\n    assert sign(1) == 1\n")
    whole = run(project, "scripts/run_tests.py", "--core")
    tests.write_text(TESTS_OF_CORE.format(number="5"))
    failed = run(project, "scripts/run_tests.py", "--core")

    # The branch past the `if` is what no test takes.
    assert "3->5" in partly.stdout
    assert [ending.returncode for ending in (partly, whole, failed)] == [2, 0, 1]
    assert sorted(path.name for path in project.glob(".coverage*")) == []


def test_the_core_is_measured_alone(project: Path) -> None:
    refused = run(project, "scripts/run_tests.py", "--core", "--fast")

    assert refused.returncode == 2
    assert "--core goes with nothing else" in refused.stderr


def test_every_check_runs_and_the_failed_ones_are_named(project: Path) -> None:
    (project / "covered.py").write_text("import os\n")

    ending = run(project, "scripts/check.py")

    assert ending.returncode == 1
    names = ("ruff check", "ruff format --check", "mypy", "lint-imports", "mkdocs build")
    assert all(f"$ {name}" in ending.stdout for name in names)
    assert "error: failed: ruff check" in ending.stderr
