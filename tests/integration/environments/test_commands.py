"""Commands on a leash: whatever happens, nothing of their tree is left."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from task_scheduler.environments.commands import CommandEnd, run, seconds_from_now
from tests.integration.environments.facts import end, is_alive, pid_in, until, wait_until

#: Starts a grandchild that leaves its session and its parent behind, then waits for ever.
ESCAPING = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        with open(sys.argv[1], "w") as file:
            print(os.getpid(), file=file)
        time.sleep(600)
    os._exit(0)
os.wait()
while not os.path.exists(sys.argv[1]):
    time.sleep(0.01)
"""
WAITING = "time.sleep(600)\n"


async def python(
    code: str, *arguments: str | Path, seconds: float = 20.0, folder: Path, given: bytes = b""
) -> CommandEnd:
    return await run(
        [sys.executable, "-c", code, *arguments],
        deadline=seconds_from_now(seconds),
        folder=folder,
        variables=dict(os.environ),
        given=given,
    )


def test_tells_how_it_ended_and_what_it_wrote(tmp_path: Path) -> None:
    code = "import os, sys; print(os.getcwd()); print(sys.stdin.read().upper(), file=sys.stderr); sys.exit(3)"

    told = asyncio.run(python(code, folder=tmp_path, given=b"hello"))

    assert told == CommandEnd(code=3, timed_out=False, output=f"{tmp_path}\n".encode(), errors="HELLO\n")


def test_tells_a_signal_as_a_negative_code(tmp_path: Path) -> None:
    told = asyncio.run(python("import os; os.kill(os.getpid(), 11)", folder=tmp_path))

    assert told.code == -11


def test_a_command_that_is_not_there_has_a_code_and_a_line(tmp_path: Path) -> None:
    async def scenario() -> CommandEnd:
        return await run(["/nosuch/tool"], deadline=seconds_from_now(10), folder=tmp_path, variables={})

    told = asyncio.run(scenario())

    assert told.code == 127
    assert told.errors == "/nosuch/tool: No such file or directory\n"


def test_a_folder_that_is_not_there_is_told_and_not_raised(tmp_path: Path) -> None:
    told = asyncio.run(python("", folder=tmp_path / "gone"))

    assert told.code is None
    assert "No such file or directory" in told.errors


def test_floods_are_read_to_their_end_and_kept_in_part(tmp_path: Path) -> None:
    async def scenario() -> CommandEnd:
        return await run(
            [
                sys.executable,
                "-c",
                "import sys; print('o' * 3_000_000); print('e' * 3_000_000, 'last', file=sys.stderr)",
            ],
            deadline=seconds_from_now(20),
            folder=tmp_path,
            variables=dict(os.environ),
            most_output=1000,
        )

    told = asyncio.run(scenario())

    assert told.code == 0
    assert told.output == b"o" * 1000
    assert len(told.errors) == 65_536
    assert told.errors.endswith("e last\n")


def test_input_that_nobody_reads_does_not_block(tmp_path: Path) -> None:
    told = asyncio.run(python("", folder=tmp_path, given=b"x" * 3_000_000))

    assert told.code == 0


def test_the_command_gets_no_descriptor_but_its_streams_and_what_it_is_to_hold(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as lock:

        async def scenario() -> CommandEnd:
            return await run(
                ["/bin/ls", "/proc/self/fd"],
                deadline=seconds_from_now(10),
                folder=tmp_path,
                variables={},
                hold=(lock.fileno(),),
            )

        told = asyncio.run(scenario())

        # One more is the folder that ls itself is reading.
        descriptors = {int(name) for name in told.output.split()}
        assert {0, 1, 2, lock.fileno()} < descriptors
        assert len(descriptors) == 5


def test_what_a_command_leaves_behind_is_ended_with_it(tmp_path: Path) -> None:
    told = asyncio.run(python(ESCAPING, tmp_path / "pid", folder=tmp_path))

    assert told.code == 0
    assert not is_alive(pid_in(tmp_path / "pid"))


def test_at_the_deadline_the_whole_tree_is_ended(tmp_path: Path) -> None:
    said = "print('so far', file=sys.stderr, flush=True)\n"

    told = asyncio.run(python(ESCAPING + said + WAITING, tmp_path / "pid", folder=tmp_path, seconds=0.4))

    assert told.timed_out
    assert told.code is None
    assert told.errors == "so far\n"
    assert not is_alive(pid_in(tmp_path / "pid"))


def test_a_cancelled_call_returns_when_the_whole_tree_has_ended(tmp_path: Path) -> None:
    async def scenario() -> None:
        call = asyncio.create_task(python(ESCAPING + WAITING, tmp_path / "pid", folder=tmp_path))
        await until((tmp_path / "pid").exists)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    asyncio.run(scenario())

    assert not is_alive(pid_in(tmp_path / "pid"))


def test_a_scheduler_killed_in_the_middle_takes_the_tree_with_it(tmp_path: Path) -> None:
    caller = f"""
import asyncio, sys
from pathlib import Path
from task_scheduler.environments.commands import run, seconds_from_now
async def main():
    await run([sys.executable, "-c", {ESCAPING + WAITING!r}, {str(tmp_path / "pid")!r}],
              deadline=seconds_from_now(600), folder=Path("/"), variables={{}})
asyncio.run(main())
"""
    process = subprocess.Popen([sys.executable, "-c", caller])
    try:
        escaped = pid_in(tmp_path / "pid")
        process.kill()
        process.wait()

        wait_until(lambda: not is_alive(escaped))
    finally:
        end(process.pid)


def test_a_command_that_kills_its_leash_is_ended_all_the_same(tmp_path: Path) -> None:
    code = "import os, sys, time; open(sys.argv[1], 'w').write(f'{os.getpid()}\\n'); os.kill(os.getppid(), 9)\n"

    told = asyncio.run(python(code + WAITING, tmp_path / "pid", folder=tmp_path))

    assert told.code is None
    assert not told.timed_out
    # Orphaned, it is reaped by another process, some time after its pipes are closed.
    wait_until(lambda: not is_alive(pid_in(tmp_path / "pid")))
