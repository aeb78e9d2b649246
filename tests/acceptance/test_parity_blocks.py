"""Every code block of the original's documentation works here: a reader carries them out, one after the other.

The table of blocks tells, for each, the line where it begins there, what it is about in our words, how it is adapted, and
what has to come of it. The original's own text is not kept here.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from task_scheduler.testing.running import REPOSITORY, ledger_faults
from tests.acceptance.fresh_clone import make_clone
from tests.acceptance.parity import beginning, configuring, helpers, operating, tasks, tools
from tests.acceptance.parity.block import Block
from tests.acceptance.parity.reader import Reader

#: In the order in which a reader meets them, but for the first example, which needs a scheduler to be seen.
FIRST_CHAPTERS = (beginning, tasks, configuring, helpers)
LATER_CHAPTERS = (operating, tools)
BLOCKS = tuple(block for chapter in (*FIRST_CHAPTERS, *LATER_CHAPTERS) for block in chapter.BLOCKS)
#: Where the fenced blocks of the original begin, each with its language.
ORIGINAL = {
    7: "python", 47: "", 85: "bash", 91: "bash", 96: "bash", 104: "bash", 113: "bash", 127: "bash", 134: "bash",
    147: "python", 174: "python", 220: "yaml", 241: "yaml", 297: "python", 329: "python", 340: "python", 385: "bash",
    405: "bash", 434: "bash", 447: "bash", 473: "bash", 513: "python", 535: "python", 556: "bash", 582: "bash",
    646: "yaml", 655: "bash", 700: "python", 724: "python", 751: "python", 794: "python", 818: "python", 837: "bash",
    873: "bash",
}  # fmt: skip


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """Somebody with a fresh clone; what was started is ended."""
    folder = tmp_path_factory.mktemp("reader")
    commands = folder / "commands"
    commands.mkdir()
    _skip_without_an_index(folder)
    make_clone(folder / "task-scheduler")
    with ThreadingHTTPServer(("127.0.0.1", 0), _Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        made = Reader(folder / "task-scheduler", commands, f"http://127.0.0.1:{server.server_port}")
        yield made
        made.close()
        server.shutdown()
        thread.join()


def test_every_block_of_the_original_is_in_the_table_once() -> None:
    assert sorted((block.line, block.language) for block in BLOCKS) == sorted(ORIGINAL.items())
    for block in BLOCKS:
        assert (block.carry_out is None) == bool(block.elsewhere), block
        assert not block.elsewhere or (REPOSITORY / block.elsewhere).is_file(), block


@pytest.mark.slow
@pytest.mark.network
def test_a_reader_of_the_first_chapters_finds_every_block_working(reader: Reader, subtests: pytest.Subtests) -> None:
    for chapter in FIRST_CHAPTERS:
        _carry_out(chapter.BLOCKS, reader, subtests)

    assert ledger_faults(reader.project) == []


@pytest.mark.slow
@pytest.mark.network
def test_a_reader_of_the_later_chapters_finds_every_block_working(reader: Reader, subtests: pytest.Subtests) -> None:
    beginning.make_ready(reader)
    for chapter in LATER_CHAPTERS:
        _carry_out(chapter.BLOCKS, reader, subtests)

    assert ledger_faults(reader.project) == []


def _skip_without_an_index(folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), "six==1.16.0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0:
        pytest.skip(f"the package index is not within reach: {done.stderr.strip()[-300:]}")


def _carry_out(blocks: tuple[Block, ...], reader: Reader, subtests: pytest.Subtests) -> None:
    for block in blocks:
        if block.carry_out is not None:
            with subtests.test(str(block)):
                block.carry_out(reader)
