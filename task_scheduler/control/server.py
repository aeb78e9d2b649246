"""The scheduler's end of the control socket."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import struct
import sys
from collections.abc import Callable, Coroutine, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Protocol, cast

from task_scheduler.control.address import open_folder, short_address
from task_scheduler.control.errors import BadRequest, CannotListen, CommandFailed, Forbidden
from task_scheduler.control.protocol import LONGEST_REQUEST, RequestId, failure, read_request, success
from task_scheduler.core.errors import AlreadyRunning, TaskSchedulerError
from task_scheduler.private_files import ALL_BUT_THE_WAY_THROUGH

#: Seconds a client may take for one request, and to read one reply.
PATIENCE = 60.0
#: Clients served at once; one more takes the place of the one that has been silent longest.
MOST_CLIENTS = 64
#: Seconds an answer that is on its way may take when the server stops: who asked for a shutdown is told.
_LAST_ANSWERS = 0.25
#: Seconds and bytes spent on reading the rest of a request that is too long, so that its sender hears why.
_DRAIN_SECONDS, _DRAIN_BYTES = 2.0, 64_000_000


class Answers(Protocol):
    """Who carries commands out; `control.answers.Control` does."""

    async def answer(self, command: object, arguments: Mapping[str, object]) -> object:
        """Return the result of one command; raises TaskSchedulerError."""
        ...


class ControlServer:
    """Listens for commands; `start` and `stop` may be called in any order and any number of times."""

    def __init__(
        self, *, path: Path, commands: Answers, notice: Callable[[str], None], patience: float = PATIENCE
    ) -> None:
        """`notice` takes a sentence for the log."""
        self._path = path
        self._commands = commands
        self._notice = notice
        self._patience = patience
        self._server: asyncio.Server | None = None
        self._is_ending = False
        self._held = ExitStack()
        self._identity: tuple[int, int] | None = None
        self._clients: set[asyncio.Task[None]] = set()
        # Clients that owe us a request, the one that has been silent longest first.
        self._silent: dict[asyncio.Task[None], None] = {}

    async def start(self) -> None:
        """Listen; raises AlreadyRunning when another scheduler answers there, CannotListen when it is not possible."""
        if self._server is not None:
            return
        self._is_ending = False
        try:
            listening = self._listen()
            self._server = await _serve(self._welcome, listening)
        except OSError as error:
            self._release()
            raise CannotListen(f"cannot open the control socket {self._path}: {error.strerror}") from error
        except BaseException:
            self._release()
            raise

    async def stop(self) -> None:
        """Give the answers that are on their way, hang up on every client and remove the socket.

        The socket of another scheduler that has put its own there is left alone.
        """
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        self._is_ending = True
        try:
            for client in list(self._silent):
                client.cancel()
            answering = self._clients.difference(self._silent)
            if answering:
                await asyncio.wait(answering, timeout=_LAST_ANSWERS)
        finally:
            clients = list(self._clients)
            for client in clients:
                client.cancel()
            await asyncio.gather(*clients, return_exceptions=True)
            self._release()

    # --- the socket ---------------------------------------------------------------------------------------

    def _listen(self) -> socket.socket:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = self._held.enter_context(open_folder(self._path.parent))
        # Others may pass through it to what is theirs to read, and neither list it nor put anything in.
        os.fchmod(folder, stat.S_IMODE(os.fstat(folder).st_mode) & ~ALL_BUT_THE_WAY_THROUGH)
        address = short_address(folder, self._path)
        self._clear(folder, address)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            # Linux gives the name in the folder this mode: it is at no time open to others.
            os.fchmod(listening.fileno(), 0o600)
            listening.bind(address)
            os.chmod(self._path.name, 0o600, dir_fd=folder)
            self._identity = _identity(folder, self._path.name)
            listening.settimeout(0)
        except BaseException:
            listening.close()
            raise
        return listening

    def _clear(self, folder: int, address: str) -> None:
        """Remove the socket a dead scheduler left."""
        try:
            found = os.stat(self._path.name, dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            return
        if not stat.S_ISSOCK(found.st_mode):
            raise CannotListen(f"{self._path} is in the way and is no socket: move it elsewhere")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(0)
            try:
                probe.connect(address)
            except ConnectionRefusedError:
                os.unlink(self._path.name, dir_fd=folder)
            except BlockingIOError:
                raise AlreadyRunning(str(self._path), "it is too busy to answer") from None
            else:
                raise AlreadyRunning(str(self._path), "it answers")

    def _release(self) -> None:
        held, self._held = self._held, ExitStack()
        identity, self._identity = self._identity, None
        with held:
            if identity is None:
                return
            # Through the folder's own name: what another scheduler put there meanwhile is not ours to remove.
            with suppress(OSError), open_folder(self._path.parent) as folder:
                if _identity(folder, self._path.name) == identity:
                    os.unlink(self._path.name, dir_fd=folder)

    # --- one client ---------------------------------------------------------------------------------------

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = cast("asyncio.Task[None]", asyncio.current_task())
        self._make_room()
        self._clients.add(client)
        try:
            await self._converse(client, reader, writer)
        except (TimeoutError, ConnectionError, asyncio.CancelledError):
            pass  # too slow, gone, or we stop: there is nobody to tell
        finally:
            self._clients.discard(client)
            self._silent.pop(client, None)
            writer.close()

    def _make_room(self) -> None:
        if len(self._clients) >= MOST_CLIENTS and self._silent:
            next(iter(self._silent)).cancel()

    async def _converse(
        self, client: asyncio.Task[None], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if not _is_ours(writer):
            await self._send(writer, failure(None, Forbidden("this scheduler belongs to another user")))
            return
        while not self._is_ending:
            self._silent[client] = None
            try:
                async with asyncio.timeout(self._patience):
                    line = await reader.readuntil(b"\n")
            except asyncio.IncompleteReadError:
                return
            except asyncio.LimitOverrunError:
                await _drain(reader)
                longest = f"a request takes at most {LONGEST_REQUEST:,} bytes"
                await self._send(writer, failure(None, BadRequest(longest)))
                return
            self._silent.pop(client, None)
            await self._send(writer, await self._reply(line))

    async def _reply(self, line: bytes) -> bytes:
        request_id: RequestId = None
        try:
            request = read_request(line)
            request_id = request.id
            result = await self._commands.answer(request.command, request.arguments)
            pieces = []
            for piece in success(request_id, result):
                pieces.append(piece)
                await asyncio.sleep(0)
            return b"".join(pieces)
        except TaskSchedulerError as error:
            return failure(request_id, error)
        except Exception as error:  # noqa: BLE001 - the loop boundary: a fault in one command must not end the server
            said = f"{type(error).__name__}: {error}"
            self._notice(f"the control server failed at {line[:200]!r}: {said}")
            return failure(request_id, CommandFailed(f"the scheduler failed at this command ({said}); see its log"))

    async def _send(self, writer: asyncio.StreamWriter, reply: bytes) -> None:
        writer.write(reply)
        async with asyncio.timeout(self._patience):
            await writer.drain()


async def _serve(
    welcome: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[None, None, None]],
    listening: socket.socket,
) -> asyncio.Server:
    if sys.version_info >= (3, 13):
        # We remove the socket ourselves, and only when it is ours.
        return await asyncio.start_unix_server(
            welcome, sock=listening, limit=LONGEST_REQUEST, backlog=128, cleanup_socket=False
        )
    return await asyncio.start_unix_server(welcome, sock=listening, limit=LONGEST_REQUEST, backlog=128)


async def _drain(reader: asyncio.StreamReader) -> None:
    """Take in what is left of a request that is too long: a sender who is still writing does not read."""
    taken = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(_DRAIN_SECONDS):
            while taken < _DRAIN_BYTES:
                chunk = await reader.read(1 << 16)
                taken += len(chunk)
                if not chunk or chunk.endswith(b"\n"):
                    return


def _is_ours(writer: asyncio.StreamWriter) -> bool:
    """Whether the client's user is ours, or root."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True  # the folder's mode alone keeps others out
    connection: socket.socket = writer.get_extra_info("socket")
    credentials = struct.Struct("3i")
    _, user, _ = credentials.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, credentials.size))
    return user in {os.geteuid(), 0}


def _identity(folder: int, name: str) -> tuple[int, int]:
    found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    return found.st_dev, found.st_ino
