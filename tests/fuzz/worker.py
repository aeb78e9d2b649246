"""A child of scripts/fuzz.py: makes files, judges their reading, and reports what does not hold, one JSON line each.

The file that is being judged is on disk before the judging begins: should this process crash or hang, its parent has it.
"""

from __future__ import annotations

import argparse
import base64
import json
import resource
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.fuzz.corpus import corpus
from tests.fuzz.mutation import mutated
from tests.fuzz.properties import faults
from tests.fuzz.structured import files

_MOST_MEMORY = 2 << 30
_ROUND = 100
_SHRINKING_SECONDS = 5.0


class Worker:
    """Judges files until its time is over."""

    def __init__(self, *, current: Path, until: float) -> None:
        self._current = current
        self._until = until
        self._told: set[str] = set()
        self._judged = 0

    def mutate(self, number: int) -> None:
        """Judge one round of spoiled real files."""
        random = Random(number)  # noqa: S311 - reproducible, not secret
        sources = corpus()
        for _ in range(_ROUND * 4):
            if time.monotonic() < self._until:
                self._judge(mutated(random.choice(sources), sources, random))

    def compose(self, number: int) -> None:
        """Judge one round of files put together from their parts."""

        @seed(number)
        @settings(
            max_examples=_ROUND,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(files())
        def explore(content: bytes) -> None:
            if time.monotonic() < self._until:
                self._judge(content)

        explore()

    def close(self) -> None:
        """Say how many files were judged."""
        _say({"judged": self._judged})

    def _judge(self, content: bytes) -> None:
        self._current.write_bytes(content)
        self._judged += 1
        for kind, description in faults(content):
            signature = _signature(kind, description)
            if signature not in self._told:
                self._told.add(signature)
                small = self._shrunk(content, signature)
                _say(
                    {
                        "kind": kind,
                        "said": description,
                        "signature": signature,
                        "content": base64.b64encode(small).decode(),
                    }
                )

    def _shrunk(self, content: bytes, signature: str) -> bytes:
        def still(candidate: bytes) -> bool:
            self._current.write_bytes(candidate)
            return any(_signature(*fault) == signature for fault in faults(candidate))

        return shrunk(content, still, seconds=_SHRINKING_SECONDS)


def shrunk(content: bytes, still: Callable[[bytes], bool], *, seconds: float) -> bytes:
    """Return a smaller content of which `still` holds, found by leaving out ever smaller parts."""
    end = time.monotonic() + seconds
    size = len(content) // 2
    while size and time.monotonic() < end:
        place = 0
        while place < len(content) and time.monotonic() < end:
            candidate = content[:place] + content[place + size :]
            if still(candidate):
                content = candidate
            else:
                place += size
        size //= 2
    return content


def _signature(kind: str, description: str) -> str:
    """Return what tells one kind of finding from another: numbers and quoted text do not."""
    words = "".join("0" if letter.isdigit() else letter for letter in description.partition("'")[0])
    return f"{kind}: {words[:60]}"


def _say(document: object) -> None:
    print(json.dumps(document), flush=True)  # noqa: T201 - this is the report


def main() -> None:
    """Work until the time is over."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--current", type=Path, required=True)
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    until = time.monotonic() + options.seconds
    worker = Worker(current=options.current, until=until)
    number = options.seed
    while time.monotonic() < until:
        worker.mutate(number)
        worker.compose(number)
        number += 1
    worker.close()


if __name__ == "__main__":
    main()
