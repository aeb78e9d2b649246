#!/usr/bin/env python3
"""Do a scheduler and its hosts every harm there is while it works, and let an independent checker judge the record.

    python3 scripts/faults.py --rounds 300 --seed 1
    python3 scripts/faults.py --injection

A round is one misfortune at a random moment: a death, a freeze, a second scheduler, a doctored file. `--injection` fails
system calls instead, each at its N-th call, which needs strace. Exits with 1 when a law is broken; with `--keep` the
project stays for whoever wants to look. What must hold is in tests/faults/checker.py. Needs what
requirements-dev.txt lists.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from task_scheduler.testing.running import RunningProject, running_project


def main() -> int:
    """Run what was asked for; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20, metavar="N", help="misfortunes (20)")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="the same seed makes the same ones (1)")
    parser.add_argument("--injection", action="store_true", help="fail system calls instead, with strace")
    parser.add_argument("--only", metavar="WORDS", help="of the actions, or injections, only those with these words")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="work in this folder, and leave it")
    parser.add_argument("--json", action="store_true", help="print the summary as JSON")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is ended in any case
    if options.injection:
        return _inject(options)
    from tests.faults.campaign import Campaign

    with _project(options.keep) as project:
        campaign = Campaign(project, seed=options.seed, rounds=options.rounds, only=options.only or "", say=_say)
        summary = campaign.run()
    print(json.dumps(summary.document(), indent=2) if options.json else summary.text())
    return 1 if summary.violations else 0


def _inject(options: argparse.Namespace) -> int:
    from tests.faults import injection

    if not injection.is_possible():
        print("error: strace cannot be used here; install it, and allow it to trace other processes", file=sys.stderr)
        return 2
    violations = 0
    for number, fault in enumerate(injection.sweep(), 1):
        if options.only and options.only not in str(fault):
            continue
        folder = None if options.keep is None else options.keep / f"{number:03}"
        with _project(folder) as project:
            found = injection.carry_out(project, fault)
            verdict = "every law holds" if injection.was_met(project) else "no such call was made"
        violations += len(found)
        _say(f"{fault}: {'; '.join(found) or verdict}")
    print(f"violations {violations}")
    return 1 if violations else 0


@contextmanager
def _project(keep: Path | None) -> Iterator[RunningProject]:
    if keep is None:
        with running_project() as project:
            yield project
        return
    keep.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="project-", dir=keep.resolve()))
    project = RunningProject(folder)
    try:
        yield project
    finally:
        project.close()
        print(f"kept: {folder}", file=sys.stderr)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
