"""What is drawn for a job and stays so: the same numbers in every process, on every machine, for ever.

Never change a function here: its results are parts of canonical texts, and so of jobs on record.
"""

from __future__ import annotations

from hashlib import sha256


def seed_of(task_id: str, function: str | None, arguments: str) -> str:
    """Return the text that names a job and not its place; `function` None: the whole file."""
    return f"{task_id} {function or ''} {arguments}"


def seed_digits(seed: str) -> str:
    """Return the eight hexadecimal digits that stand for a seed in a canonical text."""
    return sha256(seed.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def stable_delay(seed: str, most: int) -> int:
    """Return the whole seconds, 0 to `most`, by which each slot of a job is later."""
    digest = sha256(f"delay {seed}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") % (most + 1)
