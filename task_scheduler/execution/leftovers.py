"""What the hosts on this machine know of attempts, asked without a record that tells of them.

A record that was restored from a backup knows nothing of what began since. The hosts do: those that live are asked,
of those that are dead their markers tell.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from task_scheduler.core.runs import AttemptId, output_name
from task_scheduler.execution import markers, processes, reports, spawning
from task_scheduler.execution.cards import HostCard
from task_scheduler.ports import FoundAttempt

#: Seconds a living host has to say what it knows.
_PATIENCE = 2.0
_READ = 262_144
_SUFFIX = ".log"


def found_attempts(hosts: Path, outputs: Path) -> list[FoundAttempt]:
    """Return the attempts that execute, or whose end is written down, by the folders of hosts and of outputs.

    Blocking. A scheduler that is connected to a host loses that connection.
    """
    by_attempt = {path.name[: -len(_SUFFIX)]: path for path in outputs_of(outputs)}
    found: list[FoundAttempt] = []
    for folder in sorted(hosts.iterdir()) if hosts.is_dir() else ():
        told = _card(folder)
        if told is not None:
            found += _of_host(folder, told, by_attempt, outputs)
    return found


def highest_number(hosts: Path, outputs: Path) -> int:
    """Return the highest number of a run that an output or a marker names; 0: none does."""
    names = [path.name[: -len(_SUFFIX)] for path in outputs_of(outputs)]
    for folder in hosts.iterdir() if hosts.is_dir() else ():
        with suppress(OSError):
            names += markers.names(str(folder))
    return max((attempt.run_id for name in names if (attempt := _attempt(name)) is not None), default=0)


def outputs_of(outputs: Path) -> Iterator[Path]:
    """Yield the outputs that are kept."""
    for path in outputs.rglob(f"*{_SUFFIX}"):
        if _attempt(path.name[: -len(_SUFFIX)]) is not None:
            yield path


def outputs_after(outputs: Path, run_id: int) -> int:
    """Return how many outputs are kept of runs with a higher number."""
    attempts = (_attempt(path.name[: -len(_SUFFIX)]) for path in outputs_of(outputs))
    return sum(1 for attempt in attempts if attempt is not None and attempt.run_id > run_id)


def _of_host(
    folder: Path, told: Mapping[str, Any], by_attempt: Mapping[str, Path], outputs: Path
) -> Iterator[FoundAttempt]:
    card = HostCard.parse(json.dumps(told))
    profile = told.get("profile")
    environment = str(profile.get("environment", "")) if isinstance(profile, dict) else ""
    known = _ask(folder) if card.is_alive() else {}
    with suppress(OSError):
        for name in markers.names(str(folder)):
            attempt = _attempt(name)
            marker = markers.read(str(folder), name) if attempt is not None else None
            if attempt is None or marker is None or marker.void is not None:
                continue
            executes = marker.pid is not None and marker.start is not None and card.boot == processes.boot_id()
            lives = executes and processes.is_alive(marker.pid or 0, marker.start or 0)
            if marker.end is None and name not in known and not lives:
                continue
            facts = known.get(name) or marker.end or {}
            output = _output(facts.get("output"), by_attempt.get(name), outputs)
            yield FoundAttempt(
                id=attempt,
                task_id=None if output is None else output.rpartition("/")[0],
                placement=card.text(),
                environment=environment,
                output=output or output_name("unknown", attempt),
                started_at=reports.moment(facts["started_at"]) if facts.get("started_at") else None,
            )


def _output(told: object, found: Path | None, outputs: Path) -> str | None:
    """Return the name of an output, which tells whose it is; None: nobody knows."""
    path = Path(told) if isinstance(told, str) else found
    if path is None or not path.is_relative_to(outputs):
        return None
    name = path.relative_to(outputs).as_posix()
    return name if "/" in name else None


def _ask(folder: Path) -> dict[str, Mapping[str, Any]]:
    """Return what a living host says of the attempts it executes, by name; nothing when it does not answer."""
    try:
        with spawning.connect(folder) as connection:
            connection.settimeout(_PATIENCE)
            connection.sendall(b'{"do": "hello"}\n')
            greeting = _line(connection)
    except OSError:
        return {}
    return {str(each["attempt"]): each for each in greeting.get("running", ())}


def _line(connection: socket.socket) -> Mapping[str, Any]:
    received = b""
    while b"\n" not in received:
        piece = connection.recv(_READ)
        if not piece:
            return {}
        received += piece
    try:
        said = json.loads(received.partition(b"\n")[0])
    except ValueError:
        return {}
    return said if isinstance(said, dict) and said.get("is") == "hello" else {}


def _card(folder: Path) -> dict[str, Any] | None:
    try:
        told = json.loads((folder / "host.json").read_bytes())
        HostCard.parse(json.dumps(told))
    except (OSError, ValueError):
        return None
    return dict(told)


def _attempt(name: str) -> AttemptId | None:
    try:
        return AttemptId.parse(name)
    except ValueError:
        return None
