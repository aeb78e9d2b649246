"""What scripts/run_tests.py, check.py and docs.py do, each in .venv-tests/ or an interpreter that has what they need."""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from task_scheduler.starting.errors import CannotStart
from task_scheduler.starting.recipe import Recipe
from task_scheduler.starting.venv import enter

#: What a person would type, and how this interpreter runs it: its scripts need not be on PATH.
CHECKS: Mapping[str, tuple[str, ...]] = {
    "ruff check": ("-m", "ruff", "check"),
    "ruff format --check": ("-m", "ruff", "format", "--check"),
    "mypy": ("-m", "mypy"),
    "lint-imports": ("-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"),
    "mkdocs build": ("-m", "mkdocs", "build"),
}
#: Tests share nothing, and half of their time they wait for processes they started: four work at once, on two cores too.
AT_ONCE = ("-n", "4", "--dist", "worksteal")
#: The part of which every line and branch runs in its own tests, and what of these tells so: what was drawn at random may
#: be another thing next time.
CORE = "task_scheduler/core"
TESTS_OF_CORE = ("tests/unit/core", "-m", "not slow and not hypothesis")
#: So many failures may be those of a busy machine; of more, none is run again.
RERUN_AT_MOST = 5
#: Options of pytest by which it ends before all tests have run, `x` also among other letters.
_STOPS_EARLY = re.compile(r"-[hlqs]*x[hlqsx]*|--(exitfirst|maxfail|stepwise|sw)([=-].*)?")


def run_tests(root: Path, arguments: Sequence[str]) -> int:
    """Run pytest as the arguments ask and return its exit code, that of the second run where there was one.

    With `--coverage`, report afterwards. With `--core`, return another code than 0 also when its tests leave out a line or
    a branch of it.
    """
    parser = argparse.ArgumentParser(
        prog="run_tests.py", description="Run the tests.", epilog="Other options go to pytest as they are."
    )
    parser.add_argument("--fast", action="store_true", help="leave out the tests marked slow")
    parser.add_argument("--coverage", action="store_true", help="measure which lines and branches run")
    parser.add_argument(
        "--core",
        action="store_true",
        help=f"run the tests of {CORE} alone, and fail unless they run all of its lines and branches",
    )
    parser.add_argument("--verbose", "-v", action="store_true", help="name every test")
    parser.add_argument(
        "--rerun-failed",
        action="store_true",
        help=f"run what failed once more, one test at a time, when it is {RERUN_AT_MOST} tests at most; "
        "those that pass then are named as FLAKY and do not fail the run",
    )
    options, passed_on = parser.parse_known_args(arguments)
    stops = next(filter(_STOPS_EARLY.fullmatch, [*passed_on, *os.environ.get("PYTEST_ADDOPTS", "").split()]), None)
    if options.rerun_failed and stops is not None:
        parser.error(
            f"--rerun-failed and {stops} do not go together: what failed may pass the second time, and the tests after it "
            "would never have run"
        )
    if options.core and len(arguments) > 1:
        parser.error("--core goes with nothing else: what is measured is one set of tests")
    _enter(root)
    if options.core:
        return _measure_core(root)
    pytest = [sys.executable, "-m", *(("coverage", "run", "-m") if options.coverage else ()), "pytest"]
    if options.verbose:
        pytest += ["--verbose"]
    which = [*(("-m", "not slow") if options.fast else ()), *passed_on]
    if not options.coverage and not passed_on:
        which = [*AT_ONCE, *which]
    code = _run_twice(pytest, which, root) if options.rerun_failed else _run([*pytest, *which], root)
    if options.coverage:
        _run([sys.executable, "-m", "coverage", "combine", "--quiet"], root)
        _run([sys.executable, "-m", "coverage", "report"], root)
    return code


def run_checks(root: Path) -> int:
    """Run every check, each even when one before it fails; return 0 when all passed."""
    _enter(root)
    failed = []
    for name, arguments in CHECKS.items():
        print(f"$ {name}", flush=True)
        if _run([sys.executable, *arguments], root) != 0:
            failed.append(name)
    if failed:
        print(f"error: failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def build_docs(root: Path, arguments: Sequence[str]) -> int:
    """Build the pages of docs/ into site/, or with `--serve` show them until Ctrl-C; return the exit code."""
    parser = argparse.ArgumentParser(prog="docs.py", description="Build the documentation into site/.")
    parser.add_argument("--serve", action="store_true", help="show it on this machine, and again after each edit")
    parser.add_argument("--address", default="127.0.0.1:8000", help="where --serve shows it (%(default)s)")
    options = parser.parse_args(arguments)
    _enter(root)
    if options.serve:
        return _run([sys.executable, "-m", "mkdocs", "serve", "--dev-addr", options.address], root)
    code = _run([sys.executable, *CHECKS["mkdocs build"]], root)
    if code == 0:
        print(f"open {root / 'site' / 'index.html'}, or show it by `python3 scripts/docs.py --serve`")
    return code


def _measure_core(root: Path) -> int:
    """Run the tests of the core, tell what they leave out of it, and return 0 when they pass and leave out nothing."""
    with tempfile.TemporaryDirectory(prefix="task-scheduler-coverage-") as folder:
        coverage, data = (sys.executable, "-m", "coverage"), f"--data-file={folder}/coverage"
        # A cache would name what fails here to `--last-failed` of other runs.
        tests = ("-m", "pytest", "-p", "no:cacheprovider", *TESTS_OF_CORE)
        code = _run([*coverage, "run", "--branch", data, f"--source={root / CORE}", *tests], root)
        _run([*coverage, "combine", "--quiet", data], root)
        return code or _run([*coverage, "report", data, "--show-missing", "--fail-under=100"], root)


def _run_twice(pytest: Sequence[str], which: Sequence[str], root: Path) -> int:
    """Run the tests, and the few that failed once more, alone; return the exit code of the last run."""
    with tempfile.TemporaryDirectory(prefix="task-scheduler-tests-") as cache:
        command = [*pytest, "-o", f"cache_dir={cache}"]
        code = _run([*command, *which], root)
        failed = _failed(Path(cache))
        # Any other code tells of something else than failed tests: an interruption, an error of pytest, wrong arguments.
        if code != 1 or not 0 < len(failed) <= RERUN_AT_MOST:
            return code
        print("\nonce more, alone:", *failed, sep="\n  ", flush=True)
        code = _run([*command, *failed], root)
        if code in {0, 1}:
            still = _failed(Path(cache))
            for test in failed:
                if test not in still:
                    print(f"FLAKY (failed once, passed alone): {test}", flush=True)
        return code


def _failed(cache: Path) -> list[str]:
    """Return the ids of the tests that failed when they ran last, as pytest's own `--last-failed` knows them."""
    try:
        return list(json.loads((cache / "v/cache/lastfailed").read_text(encoding="utf-8")))
    except FileNotFoundError:
        return []


def _enter(root: Path) -> None:
    """Go on where the development requirements are; raises SystemExit after saying why that is not possible."""
    try:
        enter(
            Recipe(folder=root / ".venv-tests", requirements=(root / "requirements.txt", root / "requirements-dev.txt"))
        )
    except CannotStart as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        print("error: interrupted; the next run finishes the preparation", file=sys.stderr)
        raise SystemExit(130) from None


def _run(command: Sequence[str], root: Path) -> int:
    # The theme tells of its successor on every build.
    variables = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    # To compile all tests anew doubles what each process pays for finding them.
    variables.pop("PYTHONDONTWRITEBYTECODE", None)
    with subprocess.Popen(command, cwd=root, env=variables) as process:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                # The child has it as well, and ends what it started before it goes.
                continue
