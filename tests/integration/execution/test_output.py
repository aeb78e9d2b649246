"""What is kept of what attempts write."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from task_scheduler.execution.outputs import OutputFolder
from tests.integration.execution.project import EITHER_START_METHOD, Project, until


@EITHER_START_METHOD
def test_lines_are_there_while_the_attempt_runs(project: Project) -> None:
    source = "import sys, time\nprint('first')\nsys.stderr.write('50 %\\r')\nsys.stderr.flush()\ntime.sleep(60)\n"

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request(source, kill_grace=0.1))
            await until(lambda: project.texts(attempt) == ["first"], "the line")
            await until(lambda: project.texts(attempt, "stderr") == ["50 %\r"], "a line that does not end")
            scheduler.executor.terminate(attempt, "seen")
            await scheduler.exit_of(attempt)

    asyncio.run(scenario())


@EITHER_START_METHOD
def test_every_byte_comes_back_in_order(project: Project) -> None:
    source = (
        "import os\n"
        "parts = [b'short\\n', b'\\n\\n', b'x' * 70000 + b'\\n', b'\\x00\\xff\\r tail', b'end']\n"
        "for part in parts:\n    os.write(1, part)\n"
    )

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request(source))
            exit_ = await scheduler.exit_of(attempt)
            raw = b""
            for line in project.output_file(attempt).read_bytes().split(b"\n")[:-1]:
                _, _, flag, text = line.split(b" ", 3)
                raw += text + (b"\n" if flag == b"F" else b"")

            assert raw == b"short\n\n\n" + b"x" * 70000 + b"\n\x00\xff\r tailend"
            assert exit_.output_bytes == len(raw)

    asyncio.run(scenario())


@pytest.mark.slow
def test_of_a_flood_head_and_tail_are_kept_and_a_neighbour_is_punctual(project: Project) -> None:
    flood = "import sys\nfor number in range(400_000):\n    sys.stdout.write(f'line {number}\\n')\n"

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request(flood, output_limit=20_000))
            neighbour = scheduler.launch(project.request("print('here')"))
            await scheduler.exit_of(neighbour)
            exit_ = await scheduler.exit_of(attempt)
            texts = project.texts(attempt)
            left_out = project.texts(attempt, "system")

            assert texts[0] == "line 0"
            assert texts[-1] == "line 399999"
            assert exit_.output_bytes == sum(len(f"line {number}\n") for number in range(400_000))
            assert exit_.output_dropped == exit_.output_bytes - sum(len(text) + 1 for text in texts)
            assert left_out == [f"[{exit_.output_dropped} bytes left out]"]
            assert project.output_file(attempt).stat().st_size < 20_200
            assert project.output_file(attempt).stat().st_size > 19_000

    asyncio.run(scenario())


@pytest.mark.slow
def test_one_endless_line_takes_no_more_memory_than_its_limit(project: Project) -> None:
    source = "import os\nblock = b'x' * 1_000_000\nfor _ in range(300):\n    os.write(1, block)\n"

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            await scheduler.run("pass")
            attempt = scheduler.launch(project.request(source, output_limit=1_000_000))
            exit_ = await scheduler.exit_of(attempt)
            host = scheduler.host_of(attempt).pid
            status = _status_of(host)
            peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))

            assert exit_.output_bytes == 300_000_000
            assert project.output_file(attempt).stat().st_size < 1_100_000
            assert peak < 40_000

    asyncio.run(scenario())


@pytest.mark.slow
def test_a_flood_is_ended_at_its_limit(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            began = time.monotonic()
            exit_ = await scheduler.run("while True: print('y' * 1000)", timeout=0.3, output_limit=10_000)

            assert exit_.stopped_for == "timeout"
            assert time.monotonic() - began < 10

    asyncio.run(scenario())


@EITHER_START_METHOD
def test_an_attempt_may_close_its_pipes_and_go_on(project: Project) -> None:
    source = "import os, time\nos.close(1); os.close(2)\ntime.sleep(0.1)\nopen('went-on.txt', 'w').close()\n"

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            exit_ = await scheduler.run(source)

            assert exit_.exit_code == 0
            assert (project.root / "went-on.txt").exists()

    asyncio.run(scenario())


def test_an_attempt_may_delete_its_own_output(project: Project) -> None:
    source = "import os, shutil\nprint('here')\nimport time; time.sleep(0.1)\nshutil.rmtree('logs')\nprint('gone')\n"

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            exit_ = await scheduler.run(source)

            assert exit_.exit_code == 0
            assert exit_.output_bytes == 10

    asyncio.run(scenario())


def test_a_quiet_attempt_makes_no_file_and_reads_as_empty(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            request = project.request("pass")
            await scheduler.exit_of(scheduler.launch(request))

            assert not (project.outputs / request.output).exists()
            assert OutputFolder(project.outputs).read(request.output, 0, 100) == (b"", 0)

    asyncio.run(scenario())


def test_outputs_are_read_in_pieces_and_deleted_with_their_empty_folders(project: Project) -> None:
    folder = OutputFolder(project.outputs)
    (project.outputs / "a" / "b").mkdir(parents=True)
    (project.outputs / "a" / "b" / "1.log").write_bytes(b"0123456789")
    (project.outputs / "a" / "2.log").write_bytes(b"x")

    assert folder.read("a/b/1.log", 0, 4) == (b"0123", 4)
    assert folder.read("a/b/1.log", 4, 100) == (b"456789", 10)
    assert folder.read("a/b/1.log", 10, 100) == (b"", 10)
    assert folder.delete(["a/b/1.log", "a/b/unknown.log"]) == 10
    assert [entry.name for entry in (project.outputs / "a").iterdir()] == ["2.log"]


@pytest.mark.parametrize("name", ["", "/etc/passwd", "../x", "a/../../x", "a\0b"])
def test_a_name_that_leads_out_of_the_folder_is_refused(project: Project, name: str) -> None:
    with pytest.raises(ValueError, match="not the name of an output"):
        OutputFolder(project.outputs).read(name, 0, 10)


def _status_of(pid: int | None) -> list[str]:
    return Path(f"/proc/{pid}/status").read_text().split("\n")
