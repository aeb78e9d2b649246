"""The asking end of the control socket: blocking, standard library only, quick to import."""

from __future__ import annotations

import os
import select
import socket
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from task_scheduler.control.address import open_folder, short_address, socket_path
from task_scheduler.control.errors import BadRequest, Forbidden, NoAnswer, rebuild
from task_scheduler.control.protocol import LONGEST_REQUEST, decode, encode
from task_scheduler.core.errors import NotRunning

#: Seconds a scheduler may take to answer.
PATIENCE = 10.0
_CHUNK = 1 << 18


def call(root: Path, command: str, /, **arguments: object) -> Any:  # noqa: ANN401 - a JSON value
    """Ask the scheduler of the project at `root` one command and return its result; see `ask`."""
    return ask(root, command, arguments)


def ask(root: Path, command: str, arguments: Mapping[str, object], *, patience: float = PATIENCE) -> Any:  # noqa: ANN401
    """Ask the scheduler of the project at `root` one command and return its result, a JSON value.

    An argument that is None is left out. Raises NotRunning when no scheduler is there, NoAnswer when it does not
    answer within `patience` seconds, and what the scheduler itself raised.
    """
    given = {name: value for name, value in arguments.items() if value is not None}
    request = encode({"id": 1, "command": command, "arguments": given})
    if len(request) > LONGEST_REQUEST:
        raise BadRequest(f"{command}: a request takes at most {LONGEST_REQUEST:,} bytes, this has {len(request):,}")
    deadline = time.monotonic() + patience
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(patience)
        try:
            _connect(connection, root)
            reply = _exchange(connection, request, deadline)
        except (TimeoutError, BlockingIOError):
            raise NoAnswer(f"the scheduler of {root} did not answer within {patience:g} s") from None
    return _result(root, reply)


@contextmanager
def watched(root: Path) -> Iterator[Callable[[], bool]]:
    """Give what tells whether the process that is the scheduler of `root` now has ended since; raises NotRunning."""
    descriptor = _process_behind(root)
    if descriptor is None:
        yield lambda: not _is_listening(root)
        return
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    try:
        yield lambda: bool(poll.poll(0))
    finally:
        os.close(descriptor)


def _process_behind(root: Path) -> int | None:
    """Return a descriptor of the process that listens; None: it cannot be seen from here, or not by this system.

    The kernel names it, in numbers of this container, where a number the process told would be one of its own.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(PATIENCE)
        try:
            _connect(connection, root)
        except (TimeoutError, BlockingIOError):
            raise NoAnswer(f"the scheduler of {root} did not answer within {PATIENCE:g} s") from None
        if not hasattr(socket, "SO_PEERCRED") or not hasattr(os, "pidfd_open"):
            return None
        credentials = struct.Struct("3i")
        told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, credentials.size)
        try:
            return os.pidfd_open(credentials.unpack(told)[0])
        except OSError:
            return None


def _is_listening(root: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(PATIENCE)
        try:
            _connect(connection, root)
        except (TimeoutError, BlockingIOError):
            return True
        except NotRunning:
            return False
    return True


def _connect(connection: socket.socket, root: Path) -> None:
    path = socket_path(root)
    try:
        with open_folder(path.parent) as folder:
            connection.connect(short_address(folder, path))
    except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError):
        raise NotRunning(str(root)) from None
    except PermissionError:
        raise Forbidden(f"the scheduler of {root} belongs to another user: ask as that user, or as root") from None


def _exchange(connection: socket.socket, request: bytes, deadline: float) -> bytes:
    # One that hung up on us may have said why before, which is still to be read.
    with suppress(ConnectionError):
        connection.sendall(request)
    reply = bytearray()
    while not reply.endswith(b"\n"):
        connection.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            chunk = connection.recv(_CHUNK)
        except ConnectionResetError:
            chunk = b""
        if not chunk:
            break
        reply += chunk
    return bytes(reply)


def _result(root: Path, reply: bytes) -> Any:  # noqa: ANN401 - a JSON value
    if not reply.endswith(b"\n"):
        raise NoAnswer(f"the scheduler of {root} hung up without an answer")
    document = decode(reply)
    if document.get("ok") is True:
        return document.get("result")
    error = document.get("error")
    told = error if isinstance(error, dict) else {}
    raise rebuild(told.get("kind"), told.get("message"))
