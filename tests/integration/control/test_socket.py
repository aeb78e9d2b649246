"""The control socket with both its real ends: the server in this process's loop, clients as others have them."""

import asyncio
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from task_scheduler.control import client
from task_scheduler.control.address import open_folder, short_address, socket_path
from task_scheduler.control.client import call
from task_scheduler.control.errors import BadRequest, CannotListen, CommandFailed, NoAnswer
from task_scheduler.control.protocol import LONGEST_REQUEST
from task_scheduler.control.server import MOST_CLIENTS, ControlServer
from task_scheduler.core.errors import AlreadyRunning, NotRunning, UnknownTask

DEADLINE = 10.0


class Echo:
    """Answers with what it was asked; a few commands do worse."""

    def __init__(self) -> None:
        self.waiting = asyncio.Event()
        self.release = asyncio.Event()

    async def answer(self, command: object, arguments: Mapping[str, object]) -> object:
        match command:
            case "show":
                raise UnknownTask("reprot", ["report"])
            case "crash":
                raise ZeroDivisionError("division by zero")
            case "unwritable":
                return {"value": object()}
            case "wait":
                self.waiting.set()
                await self.release.wait()
            case "big":
                return "x" * 8_000_000
        return {"command": command, "arguments": dict(arguments)}


@pytest.fixture
def root() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@asynccontextmanager
async def serving(root: Path, commands: Any = None, **options: Any) -> AsyncIterator[list[str]]:
    notices: list[str] = []
    server = ControlServer(path=socket_path(root), commands=commands or Echo(), notice=notices.append, **options)
    await server.start()
    try:
        yield notices
    finally:
        await server.stop()


async def ask(root: Path, command: str, **arguments: Any) -> Any:
    async with asyncio.timeout(DEADLINE):
        return await asyncio.to_thread(call, root, command, **arguments)


@asynccontextmanager
async def connected(root: Path) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    path = socket_path(root)
    with open_folder(path.parent) as folder:
        reader, writer = await asyncio.open_unix_connection(short_address(folder, path))
    try:
        yield reader, writer
    finally:
        writer.close()


async def reply(reader: asyncio.StreamReader) -> Any:
    async with asyncio.timeout(DEADLINE):
        return json.loads(await reader.readline())


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def in_loop(test: Callable[[], Any]) -> None:
    asyncio.run(test())


def test_answers_a_command(root: Path) -> None:
    async def scenario() -> None:
        async with serving(root):
            assert await ask(root, "history", task="report", states=None) == {
                "command": "history",
                "arguments": {"task": "report"},
            }

    in_loop(scenario)


def test_carries_an_answer_of_many_megabytes(root: Path) -> None:
    async def scenario() -> None:
        async with serving(root):
            assert len(await ask(root, "big")) == 8_000_000

    in_loop(scenario)


def test_carries_errors_by_kind_and_message(root: Path) -> None:
    async def scenario() -> None:
        async with serving(root):
            with pytest.raises(UnknownTask) as caught:
                await ask(root, "show", task="reprot")
        assert str(caught.value) == "no task 'reprot', did you mean 'report'?"

    in_loop(scenario)


@pytest.mark.parametrize("command", ["crash", "unwritable"])
def test_a_fault_in_a_command_is_an_error_reply_and_a_notice(root: Path, command: str) -> None:
    async def scenario() -> None:
        async with serving(root) as notices:
            with pytest.raises(CommandFailed, match="the scheduler failed at this command"):
                await ask(root, command)
            assert await ask(root, "list")
        assert len(notices) == 1
        assert command in notices[0]

    in_loop(scenario)


def test_a_bad_line_is_an_error_reply_and_the_connection_goes_on(root: Path) -> None:
    async def scenario() -> None:
        async with serving(root), connected(root) as (reader, writer):
            writer.write(b'nonsense\n{"id":2,"command":"list"}\n')
            first, second = await reply(reader), await reply(reader)
        assert first["ok"] is False
        assert first["error"]["kind"] == "BadRequest"
        assert second == {"id": 2, "ok": True, "result": {"command": "list", "arguments": {}}}

    in_loop(scenario)


@pytest.mark.parametrize("ending", [b"", b"\n"], ids=["endless", "ended"])
def test_a_request_that_is_too_long_is_refused_to_a_client_that_still_writes(root: Path, ending: bytes) -> None:
    async def scenario() -> None:
        async with serving(root), connected(root) as (reader, writer):
            writer.write(b"x" * (4 * LONGEST_REQUEST) + ending)
            if not ending:
                writer.write_eof()
            told = await reply(reader)
            assert await reader.read() == b""
        assert told["error"] == {"kind": "BadRequest", "message": "a request takes at most 1,000,000 bytes"}

    in_loop(scenario)


def test_the_client_refuses_a_request_that_is_too_long(root: Path) -> None:
    with pytest.raises(BadRequest, match=r"show: a request takes at most 1,000,000 bytes, this has 2,000,"):
        call(root, "show", task="x" * 2_000_000)


def test_silent_half_open_and_busy_clients_hold_nobody(root: Path) -> None:
    async def scenario() -> None:
        echo = Echo()
        async with (
            serving(root, echo),
            connected(root),
            connected(root) as (_, half),
            connected(root) as (busy, asking),
        ):
            half.write(b'{"command": "li')
            asking.write(b'{"id":1,"command":"wait"}\n')
            async with asyncio.timeout(DEADLINE):
                await echo.waiting.wait()
            assert await ask(root, "list")
            echo.release.set()
            assert (await reply(busy))["ok"]

    in_loop(scenario)


def test_hangs_up_on_a_client_that_says_nothing(root: Path) -> None:
    async def scenario() -> None:
        async with serving(root, patience=0.05), connected(root) as (reader, _):
            async with asyncio.timeout(DEADLINE):
                assert await reader.read() == b""

    in_loop(scenario)


def test_a_client_that_never_reads_its_answer_holds_nobody(root: Path) -> None:
    async def scenario() -> None:
        async with serving(root, patience=0.2), connected(root) as (_, writer):
            writer.write(b'{"command":"big"}\n' * 4)
            assert await ask(root, "list")

    in_loop(scenario)


@pytest.mark.slow
def test_makes_room_by_hanging_up_on_the_client_that_was_silent_longest(root: Path) -> None:
    async def scenario() -> None:
        async with serving(root):
            held = [connected(root) for _ in range(MOST_CLIENTS)]
            ends = [await one.__aenter__() for one in held]
            try:
                for reader, writer in ends:  # each is being served once it was answered
                    writer.write(b'{"command":"list"}\n')
                    await reply(reader)
                assert await ask(root, "list")
                async with asyncio.timeout(DEADLINE):
                    assert await ends[0][0].read() == b""
                ends[1][1].write(b'{"command":"list"}\n')
                assert (await reply(ends[1][0]))["ok"]
            finally:
                for one in held:
                    await one.__aexit__(None, None, None)

    in_loop(scenario)


def test_only_the_owner_reaches_the_socket_or_looks_into_its_folder(root: Path) -> None:
    async def scenario() -> None:
        socket_path(root).parent.mkdir(parents=True, mode=0o755)
        async with serving(root):
            path = socket_path(root)
            assert stat.S_IMODE(path.parent.stat().st_mode) == 0o711
            assert stat.S_IMODE(path.stat().st_mode) == 0o600

    in_loop(scenario)


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can ask as another user")
def test_another_user_is_refused_even_where_the_modes_let_it_in(root: Path) -> None:
    asking = textwrap.dedent("""
        import os, sys
        from pathlib import Path
        from task_scheduler.control.client import call
        os.setuid(65534)
        try:
            call(Path(sys.argv[1]), "list")
        except Exception as error:
            print(type(error).__name__, error)
    """)

    async def scenario() -> None:
        async with serving(root):
            path = socket_path(root)
            for opened, mode in ((root, 0o755), (root / "data", 0o755), (path.parent, 0o755), (path, 0o666)):
                opened.chmod(mode)
            child = await asyncio.create_subprocess_exec(
                sys.executable, "-c", asking, str(root), stdout=asyncio.subprocess.PIPE
            )
            told, _ = await asyncio.wait_for(child.communicate(), DEADLINE)
        assert told == b"Forbidden this scheduler belongs to another user\n"

    in_loop(scenario)


def test_reaches_a_folder_deeper_than_a_socket_address_is_long(root: Path) -> None:
    deep = root / "/".join(["a-folder-with-a-long-name"] * 12)

    async def scenario() -> None:
        async with serving(deep):
            assert len(str(socket_path(deep))) > 300
            assert await ask(deep, "list")

    in_loop(scenario)


def test_start_and_stop_may_be_called_in_any_order(root: Path) -> None:
    async def scenario() -> None:
        server = ControlServer(path=socket_path(root), commands=Echo(), notice=print)
        await server.stop()
        await server.start()
        await server.start()
        assert await ask(root, "list")
        await server.stop()
        await server.stop()
        assert not socket_path(root).exists()
        await server.start()
        assert await ask(root, "list")
        await server.stop()

    in_loop(scenario)


def test_stop_ends_commands_under_way_and_leaves_no_descriptor(root: Path) -> None:
    async def scenario() -> None:
        async with serving(root):
            await ask(root, "list")  # threads and the like exist from here on
        before = descriptors()
        echo = Echo()
        async with serving(root, echo), connected(root) as (_, writer):
            writer.write(b'{"command":"wait"}\n')
            async with asyncio.timeout(DEADLINE):
                await echo.waiting.wait()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert descriptors() == before

    in_loop(scenario)


def test_replaces_the_socket_of_a_scheduler_that_was_killed(root: Path) -> None:
    killed = textwrap.dedent("""
        import asyncio, os, signal, sys
        from pathlib import Path
        from task_scheduler.control.server import ControlServer
        async def serve():
            await ControlServer(path=Path(sys.argv[1]), commands=None, notice=print).start()
            os.kill(os.getpid(), signal.SIGKILL)
        asyncio.run(serve())
    """)
    done = subprocess.run([sys.executable, "-c", killed, str(socket_path(root))], check=False, timeout=DEADLINE)
    assert done.returncode == -signal.SIGKILL
    assert socket_path(root).exists()
    with pytest.raises(NotRunning):
        call(root, "list")

    async def scenario() -> None:
        async with serving(root):
            assert await ask(root, "list")

    in_loop(scenario)


def test_refuses_to_take_the_place_of_a_scheduler_that_answers(root: Path) -> None:
    async def scenario() -> None:
        async with serving(root):
            second = ControlServer(path=socket_path(root), commands=Echo(), notice=print)
            with pytest.raises(AlreadyRunning):
                await second.start()
            await second.stop()
            assert await ask(root, "list")

    in_loop(scenario)


def test_leaves_alone_what_is_no_socket(root: Path) -> None:
    path = socket_path(root)
    path.parent.mkdir(parents=True)
    path.write_text("notes")

    async def scenario() -> None:
        with pytest.raises(CannotListen, match="is in the way and is no socket: move it elsewhere"):
            await ControlServer(path=path, commands=Echo(), notice=print).start()

    in_loop(scenario)
    assert path.read_text() == "notes"


def test_stop_leaves_the_socket_another_one_has_put_there(root: Path) -> None:
    async def scenario() -> None:
        async with serving(root):
            socket_path(root).rename(root / "moved")
            socket_path(root).touch()
        assert socket_path(root).exists()

    in_loop(scenario)


@pytest.mark.parametrize("made", ["nothing", "folder", "file"])
def test_says_that_no_scheduler_is_running(root: Path, made: str) -> None:
    if made == "folder":
        socket_path(root).parent.mkdir(parents=True)
    if made == "file":
        (root / "data").touch()

    with pytest.raises(NotRunning) as caught:
        call(root, "list")

    assert str(caught.value) == f"no scheduler is running for {root}"


@pytest.mark.parametrize("behaviour", ["frozen", "hangs up"])
def test_says_that_a_scheduler_does_not_answer(root: Path, behaviour: str) -> None:
    path = socket_path(root)
    path.parent.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as listening, open_folder(path.parent) as folder:
        listening.bind(short_address(folder, path))
        listening.listen()
        if behaviour == "frozen":
            sentence = "did not answer within 0.2 s"
        else:
            listening.settimeout(DEADLINE)
            sentence = "hung up without an answer"

        async def scenario() -> None:
            asking = asyncio.to_thread(
                client.ask, root, "list", {}, patience=0.2 if behaviour == "frozen" else DEADLINE
            )
            if behaviour == "frozen":
                await asking
            else:
                waiting = asyncio.ensure_future(asking)
                connection, _ = await asyncio.to_thread(listening.accept)
                connection.close()
                await waiting

        with pytest.raises(NoAnswer, match=sentence):
            asyncio.run(scenario())


async def _is_listening(root: Path) -> bool:
    try:
        async with connected(root):
            return True
    except OSError:
        return False


def test_who_asks_for_the_end_is_answered_before_the_end_comes(root: Path) -> None:
    class Ending:
        """Finds its words when the server is ending already."""

        def __init__(self) -> None:
            self.told = asyncio.Event()
            self.may_answer = asyncio.Event()

        async def answer(self, command: object, arguments: Mapping[str, object]) -> object:
            self.told.set()
            await self.may_answer.wait()
            return "it ends"

    async def live() -> tuple[object, bool]:
        commands = Ending()
        server = ControlServer(path=socket_path(root), commands=commands, notice=print)
        await server.start()
        asking = asyncio.create_task(ask(root, "shutdown"))
        await commands.told.wait()
        ending = asyncio.create_task(server.stop())
        while await _is_listening(root):
            pass
        commands.may_answer.set()
        await ending
        return await asking, socket_path(root).exists()

    assert asyncio.run(live()) == ("it ends", False)


def test_a_watched_scheduler_is_gone_when_its_process_is_and_not_before(root: Path) -> None:
    program = f"""
        import asyncio, sys
        from pathlib import Path
        from task_scheduler.control.server import ControlServer
        async def live():
            server = ControlServer(path=Path({str(socket_path(root))!r}), commands=None, notice=print)
            await server.start()
            print("ready", flush=True)
            await asyncio.to_thread(sys.stdin.readline)
            await server.stop()
            print("deaf", flush=True)
            await asyncio.to_thread(sys.stdin.readline)
        asyncio.run(live())
    """
    with pytest.raises(NotRunning), client.watched(root):
        pass
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        with client.watched(root) as is_gone:
            print(file=process.stdin, flush=True)
            assert process.stdout.readline() == "deaf\n"
            assert not is_gone(), "its socket is closed and its process lives"
            print(file=process.stdin, flush=True)
            process.wait(DEADLINE)
            assert is_gone()
