"""What an attempt writes, tells, raises and returns of a secret: on no byte of the disk, however it is started."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from pathlib import Path

import pytest

from task_scheduler import known_secrets
from task_scheduler.core.requests import PauseConfirmed
from task_scheduler.core.runs import AttemptExit, AttemptId
from task_scheduler.execution import words
from task_scheduler.scaffolding.shipped import PACKAGE
from tests.integration.execution.project import EITHER_START_METHOD, Project, Scheduler, until

SECRET = "hunter2-and-more"
NUMBER = "4815162342"

pytestmark = pytest.mark.slow

FAILING = f"""
import subprocess, sys
from helpers import log_error
from task_scheduler import this_run

secret = "-".join(["hunter2", "and", "more"])

def start():
    print("printed", secret, flush=True)
    sys.stderr.write("without an end " + secret)
    sys.stderr.flush()
    this_run.progress(1, 2, "at " + secret)
    this_run.metric("of " + secret, 7)
    this_run.artifact("/tmp/" + secret, "x" * 190 + secret)
    this_run.result({{"key": [secret, {NUMBER}]}})
    log_error("logged " + secret, key=secret)
    subprocess.run([sys.executable, "-c", "import sys; print('from below', sys.argv[1])", secret], check=True)
    subprocess.run(["sh", "-c", "echo from a shell $0", secret], check=True)
    subprocess.run(
        [sys.executable, "-c", "import sys; from helpers import log_info; log_info('by another ' + sys.argv[1])", secret],
        check=True,
    )
    raise ValueError("y" * 1995 + secret)
"""


def on_disk(project: Project) -> dict[str, bytes]:
    """Return what every file of the project holds, that of secrets, the task's source and the program's own left out."""
    return {
        str(path.relative_to(project.root)): path.read_bytes()
        for path in project.root.rglob("*")
        if path.is_file() and not path.is_relative_to(project.lib) and path.name != "secrets.yaml"
    }


def leaks(project: Project, *secrets: str) -> list[str]:
    return [
        f"{name}: {secret}"
        for name, content in on_disk(project).items()
        for secret in secrets
        if secret.encode() in content
    ]


@pytest.fixture(autouse=True)
def _helpers(project: Project) -> None:
    (project.root / "helpers").symlink_to(Path(__file__).resolve().parents[3] / "helpers")


def write_secrets(project: Project, *values: str) -> None:
    (project.root / "config").mkdir(exist_ok=True)
    text = "".join(f"key{number}: {json.dumps(value)}\n" for number, value in enumerate(values))
    (project.root / "config" / "secrets.yaml").write_text(text)


async def run(scheduler: Scheduler, source: str, **wanted: object) -> AttemptExit:
    scheduler.executor.hide([SECRET, NUMBER])
    return await scheduler.run(source, **wanted)


@EITHER_START_METHOD
def test_a_task_that_lets_it_out_in_every_way_leaves_nothing_of_it(project: Project) -> None:
    async def scenario() -> None:
        write_secrets(project, SECRET)
        async with project.scheduler() as scheduler:
            end = await run(scheduler, FAILING, function="start")
            texts = [path.read_text() for path in project.outputs.rglob("*.log")]

        assert end.exit_code == 1, texts
        assert leaks(project, SECRET) == []
        [output] = texts
        for said in ("printed ***", "without an end ***", "from below ***", "from a shell ***", "progress 1/2 at ***"):
            assert said in output
        assert end.error is not None
        assert end.error.message == "y" * 1995 + "***"
        assert end.notes.progress is not None
        assert end.notes.progress.text == "at ***"
        assert end.notes.result is not None
        assert json.loads(end.notes.result) == {"key": ["***", "***"]}
        assert end.notes.metrics == {"of ***": 7}
        assert [(each.path, each.title) for each in end.notes.artifacts] == [("/tmp/***", "x" * 190 + "***")]
        logged = (project.root / "logs" / "tasks.log").read_text()
        assert "logged *** |" in logged
        assert '"key": "***"' in logged
        assert "by another ***" in logged
        assert "ValueError" not in logged

    asyncio.run(scenario())


@EITHER_START_METHOD
@pytest.mark.parametrize(
    ("body", "left"),
    [
        (f"return {{'key': '{SECRET}', 'number': {NUMBER}}}", {"key": "***", "number": "***"}),
        (f"return '{SECRET}'", "***"),
        (f"return {NUMBER}", "***"),
    ],
    ids=["mapping", "text", "number"],
)
def test_a_result_stays_json_with_the_secret_hidden(project: Project, body: str, left: object) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            end = await run(scheduler, f"def start():\n    {body}\n", function="start")

        assert end.notes.result is not None
        assert json.loads(end.notes.result) == left

    asyncio.run(scenario())


@EITHER_START_METHOD
def test_what_ends_a_run_says_nothing_of_it(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            skipped = await run(
                scheduler,
                f"from task_scheduler.this_run import Skip\nraise Skip('no ' + '{SECRET[:3]}' + '{SECRET[3:]}')",
            )
            left = await run(scheduler, f"import sys\nsys.exit('{SECRET[:3]}' + '{SECRET[3:]}')")

        assert skipped.end_request is not None
        assert skipped.end_request.reason == "no ***"
        assert left.error is not None
        assert left.error.message == "***"

    asyncio.run(scenario())


def test_a_secret_that_comes_in_pieces_is_hidden(project: Project) -> None:
    async def scenario() -> None:
        source = f"""
import os, time
for piece in ("a {SECRET[:5]}", "{SECRET[5:9]}", "{SECRET[9:]} b\\n"):
    time.sleep(0.7)  # longer than a piece of a line is waited for
    os.write(1, piece.encode())
"""
        async with project.scheduler() as scheduler:
            request = project.request(source)
            scheduler.executor.hide([SECRET])
            await scheduler.exit_of(scheduler.launch(request))
            lines = project.lines(request.id)

        assert "".join(line.text for line in lines) == "a *** b"
        assert len(lines) > 1

    asyncio.run(scenario())


def test_a_secret_across_the_end_of_a_chunk_is_hidden_and_the_flood_goes_on(project: Project) -> None:
    async def scenario() -> None:
        source = f"""
import os
line = b"x" * 16370 + b"{SECRET}"
os.write(1, line * 40)
"""
        async with project.scheduler() as scheduler:
            request = project.request(source, output_limit=10_000_000)
            scheduler.executor.hide([SECRET])
            end = await scheduler.exit_of(scheduler.launch(request))

        assert "".join(project.texts(request.id)) == ("x" * 16370 + "***") * 40
        assert end.output_bytes == (16370 + len(SECRET)) * 40
        assert end.output_dropped == 0

    asyncio.run(scenario())


def test_a_secret_at_the_caps_of_an_output_is_hidden(project: Project) -> None:
    async def scenario() -> None:
        source = f"print(('x' * 61 + '{SECRET}') * 4000)\n"
        async with project.scheduler() as scheduler:
            request = project.request(source, output_limit=3000)
            scheduler.executor.hide([SECRET])
            end = await scheduler.exit_of(scheduler.launch(request))

        assert end.output_dropped > 0
        kept = "".join(project.texts(request.id))
        assert "hunter" not in kept
        assert "more" not in kept

    asyncio.run(scenario())


def test_secrets_that_come_while_a_task_runs_are_hidden_from_then_on(project: Project) -> None:
    async def scenario() -> None:
        source = f"""
import os, time
print("begun {SECRET}", flush=True)
while not os.path.exists("go"):
    time.sleep(0.01)
print("later {SECRET} {NUMBER}", flush=True)
"""
        async with project.scheduler() as scheduler:
            request = project.request(source, output_limit=100_000)
            attempt = scheduler.launch(request)
            await until(lambda: project.texts(attempt))
            scheduler.executor.hide([SECRET, NUMBER])
            await heard(scheduler, attempt)
            (project.root / "go").touch()
            await scheduler.exit_of(attempt)

        assert project.texts(attempt) == [f"begun {SECRET}", "later *** ***"]

    asyncio.run(scenario())


def test_hosts_of_a_scheduler_before_learn_what_is_to_be_hidden(project: Project) -> None:
    async def scenario() -> None:
        source = f"""
import os, time
while not os.path.exists("go"):
    time.sleep(0.01)
print("later {SECRET} {NUMBER}", flush=True)
"""
        async with project.scheduler() as before:
            before.executor.hide([NUMBER])
            attempt = before.launch(project.request(source))
            await until(lambda: project.marker(before, attempt).exists())
        async with project.scheduler() as scheduler:
            scheduler.executor.hide([SECRET])
            await scheduler.executor.settle(before.open(attempt))
            await heard(scheduler, attempt)
            (project.root / "go").touch()
            await scheduler.exit_of(attempt)

        assert project.texts(attempt) == [f"later *** {NUMBER}"]

    asyncio.run(scenario())


@pytest.mark.parametrize("is_older", [False, True], ids=["knows how", "does not"])
def test_a_host_of_another_program_is_told_only_where_it_knows_how(project: Project, is_older: bool) -> None:
    """One that does not would close the connection; what it says is looked through by the scheduler all the same."""
    (project.lib / "task_scheduler").unlink()
    shutil.copytree(PACKAGE, project.lib / "task_scheduler", ignore=shutil.ignore_patterns("__pycache__"))
    if is_older:
        for name, known in (("newcomers.py", '    "secrets": {"values": (list,)},\n'), ("serving.py", ', "secrets"')):
            file = project.lib / "task_scheduler" / "execution" / name
            assert known in file.read_text()
            file.write_text(file.read_text().replace(known, ""))
    source = f"""
import os, time
while not os.path.exists("go"):
    time.sleep(0.01)
print("{SECRET}", flush=True)
raise ValueError("{SECRET}")
"""

    async def scenario() -> None:
        async with project.scheduler() as before:
            attempt = before.launch(project.request(source))
            await until(lambda: project.marker(before, attempt).exists())
        card = project.marker(before, attempt).with_name("host.json")
        card.write_text(json.dumps({**json.loads(card.read_text()), "origin": "another"}))
        async with project.scheduler() as scheduler:
            scheduler.executor.hide([SECRET])
            await scheduler.executor.settle(before.open(attempt))
            await heard(scheduler, attempt)
            (project.root / "go").touch()
            end = await scheduler.exit_of(attempt)

        assert project.texts(attempt) == [SECRET if is_older else "***"]
        assert end.error is not None
        assert end.error.message == "***"
        assert project.said == []

    known_secrets.know([SECRET])
    try:
        asyncio.run(scenario())
    finally:
        known_secrets.know(())


def test_without_a_scheduler_all_goes_on_to_be_hidden(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            scheduler.executor.hide([SECRET])
            source = f"import time\ntime.sleep(0.3)\nprint('{SECRET[:3]}' + '{SECRET[3:]}')\nraise KeyError('{SECRET[:3]}' + '{SECRET[3:]}')"
            attempt = scheduler.launch(project.request(source))
            await until(lambda: project.marker(scheduler, attempt).exists())
        await until(lambda: project.texts(attempt))
        await until(lambda: b"exit_code" in project.marker(scheduler, attempt).read_bytes())

        assert project.texts(attempt)[0] == "***"
        assert leaks(project, SECRET) == []

    asyncio.run(scenario())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")
@pytest.mark.usefixtures("_open")
def test_a_task_with_a_user_of_its_own_has_no_secret_in_its_memory(project: Project) -> None:
    # What it looks for stands in it in another way.
    source = """
import ctypes, re
found = False
with open("/proc/self/maps") as maps:
    for line in maps.readlines():
        start, end, mode = re.match("([0-9a-f]+)-([0-9a-f]+) (..)", line).groups()
        if mode == "rw" and "[v" not in line:
            memory = ctypes.string_at(int(start, 16), int(end, 16) - int(start, 16))
            found |= re.search(b"hunter2[-]and[-]more", memory) is not None
print(found)
"""

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            scheduler.executor.hide([SECRET])
            own, others = project.request(source), project.request(source, user="nobody")
            for request in (own, others):
                await scheduler.exit_of(scheduler.launch(request))

        assert project.texts(others.id, "stderr") == []
        assert (project.texts(own.id), project.texts(others.id)) == (["True"], ["False"])

    asyncio.run(scenario())


async def heard(scheduler: Scheduler, attempt: AttemptId) -> None:
    """Wait until the host has heard what it was told before: it answers one word after the other."""
    scheduler.executor.pause(attempt)
    await until(lambda: scheduler.of(attempt, PauseConfirmed), "the pause")
    scheduler.executor.resume(attempt)


def test_what_an_attempt_leaves_for_its_host_is_on_disk_without_it(tmp_path: Path) -> None:
    known_secrets.know([SECRET, NUMBER])
    try:
        words.leave(
            str(tmp_path / "1.1.words"),
            {
                "error": {"kind": "ValueError", "message": SECRET, "place": "", "bases": []},
                "end_request": {"kind": "snooze", "reason": SECRET, "seconds": int(NUMBER)},
                "result": json.dumps({SECRET: [SECRET]}),
                "refused": [SECRET],
            },
        )
    finally:
        known_secrets.know(())

    left = (tmp_path / "1.1.words").read_text()
    assert SECRET not in left
    assert left.count("***") == 5
    assert f'"seconds": {NUMBER}' in left  # how long it wants to wait is no text
