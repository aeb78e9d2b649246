#!/usr/bin/env python3
"""Read spoiled and odd task files for a while, and keep each one whose reading breaks a promise.

    python3 scripts/fuzz.py --seconds 3600 --seed 1 --keep findings

What must hold is in tests/fuzz/properties.py. Files are read in a child, one process for at most 20 seconds: a crash
or a hang is a finding as well. Exits with 1 when there are findings. Needs what requirements-dev.txt lists.
"""

from __future__ import annotations

import argparse
import base64
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
#: Seconds one child works: what it leaks ends with it.
SHIFT = 20.0
#: Seconds one file may be judged, before its child counts as hanging; reading alone must be much faster.
PATIENCE = 30.0
#: How often a file that crashes its reader is tried smaller, each time in a child of its own.
TRIES = 60

_JUDGE_ONE = """
import sys
from pathlib import Path
from tests.fuzz.properties import faults
list(faults(Path(sys.argv[1]).read_bytes()))
"""


@dataclass
class Findings:
    """What was found, each kind once, saved as it comes."""

    folder: Path
    known: set[str] = field(default_factory=set)

    def add(self, signature: str, said: str, content: bytes) -> None:
        """Save a finding, unless one of its kind is there."""
        if signature in self.known:
            return
        self.known.add(signature)
        self.folder.mkdir(parents=True, exist_ok=True)
        name = f"{len(self.known):03}-{signature.partition(':')[0]}"
        (self.folder / f"{name}.py").write_bytes(content)
        (self.folder / f"{name}.txt").write_text(f"{signature}\n{said}\n", encoding="utf-8")
        print(f"{self.folder / name}.py: {ascii(said)[1:-1]}", flush=True)


def main() -> int:
    """Run until the time is over; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to search (60)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same files (1)")
    parser.add_argument(
        "--keep", type=Path, default=Path("fuzz-findings"), help="the folder for findings (fuzz-findings)"
    )
    options = parser.parse_args()
    findings = Findings(folder=options.keep.resolve())
    until = time.monotonic() + options.seconds
    judged = shift = 0
    while (left := until - time.monotonic()) > 0.5:
        judged += _work(min(SHIFT, left), options.seed * 1_000_000 + shift * 1_000, findings)
        shift += 1
    print(f"{judged:,} files read in {options.seconds:g} s, seed {options.seed}: {len(findings.known)} findings")
    return 1 if findings.known or not judged else 0


def _work(seconds: float, seed: int, findings: Findings) -> int:
    """Let one child work; return how many files it judged."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        current, told = Path(folder, "current.py"), Path(folder, "told")
        command = [
            sys.executable,
            "-m",
            "tests.fuzz.worker",
            f"--seconds={seconds}",
            f"--seed={seed}",
            f"--current={current}",
        ]
        with told.open("wb") as output:
            worker = subprocess.Popen(
                command, cwd=REPOSITORY, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.PIPE
            )
            end = _wait(worker, current, seconds)
        judged = 0
        for line in told.read_text(encoding="utf-8").splitlines(keepends=True):
            if not line.endswith("\n"):  # the child was ended while it wrote
                break
            document = json.loads(line)
            judged += document.get("judged", 0)
            if "kind" in document:
                findings.add(document["signature"], document["said"], base64.b64decode(document["content"]))
        if end is not None and not current.exists():
            sys.exit(f"no file could be read: {end}")
        if end is not None:
            findings.add(f"crash: {end.partition(chr(10))[0]}", end, _smaller(current.read_bytes(), current))
        return judged


def _wait(worker: subprocess.Popen[bytes], current: Path, seconds: float) -> str | None:
    """Wait for a child's end; return how it failed, None when it did not."""
    deadline = time.monotonic() + seconds + PATIENCE
    while True:
        try:
            _, errors = worker.communicate(timeout=1.0)
        except subprocess.TimeoutExpired:
            hangs = current.exists() and time.time() - current.stat().st_mtime > PATIENCE  # noqa: TID251 - a file's age
            if not hangs and time.monotonic() < deadline:
                continue
            worker.kill()
            worker.communicate()
            return f"hang: no answer within {PATIENCE:g} s"
        if worker.returncode == 0:
            return None
        return f"exit code {worker.returncode}\n{errors.decode(errors='replace')[-2_000:]}"


def _smaller(content: bytes, place: Path) -> bytes:
    """Return a smaller file that still breaks the reader, where a few tries find one."""
    tries = 0
    size = len(content) // 2
    while size and tries < TRIES:
        at = 0
        while at < len(content) and tries < TRIES:
            candidate = content[:at] + content[at + size :]
            tries += 1
            if _breaks(candidate, place):
                content = candidate
            else:
                at += size
        size //= 2
    return content


def _breaks(content: bytes, place: Path) -> bool:
    place.write_bytes(content)
    try:
        done = subprocess.run(
            [sys.executable, "-c", _JUDGE_ONE, place],
            cwd=REPOSITORY,
            capture_output=True,
            timeout=PATIENCE / 3,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return True
    return done.returncode != 0


if __name__ == "__main__":
    sys.exit(main())
