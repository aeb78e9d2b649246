"""The examples that come with the program: each is really run, and does what its page says and nothing else."""

from __future__ import annotations

import http.server
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from task_scheduler.testing.running import REPOSITORY, RunningProject, running_project

EXAMPLES = sorted(path.stem for path in (REPOSITORY / "tasks").glob("example_*.py"))
#: Those that need no package, so that any Python runs them.
PLAIN = [
    "example_daily_cleanup",
    "example_external_execution",
    "example_hello_world",
    "example_system_notification",
]
PAGE = b"""<html><head><title>A page</title></head><body><h1>One</h1><h2>Two <b>words</b></h2>
<a href="/there">there</a><a href="https://example.org/">elsewhere</a></body></html>"""
DAY = 86_400


def by_hand(
    name: str, root: Path, *, call: str = "task.start()", python: str = sys.executable
) -> subprocess.CompletedProcess[str]:
    """Import an example in a Python of its own, from the project root, as the original's documentation has it."""
    code = f"import sys; sys.path.append('.'); import tasks.{name} as task; {call}"
    return subprocess.run(
        [python, "-B", "-c", code],
        cwd=REPOSITORY,
        env={**_plain_environment(), "TASK_SCHEDULER_ROOT": str(root)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _plain_environment() -> dict[str, str]:
    unwanted = ("DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR")
    return {name: value for name, value in os.environ.items() if name not in unwanted}


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_there_are_the_eight_the_documentation_names() -> None:
    assert EXAMPLES == [
        "example_config_usage",
        "example_daily_cleanup",
        "example_external_execution",
        "example_hello_world",
        "example_helper_showcase",
        "example_system_monitor",
        "example_system_notification",
        "example_web_scraper",
    ]


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_is_valid_python(name: str, tmp_path: Path) -> None:
    source = tmp_path / f"{name}.py"
    shutil.copy(REPOSITORY / "tasks" / source.name, source)

    compiled = subprocess.run([sys.executable, "-m", "py_compile", str(source)], check=False, capture_output=True)

    assert compiled.returncode == 0, compiled.stderr


@pytest.mark.slow
@pytest.mark.parametrize("name", PLAIN)
def test_importing_one_runs_nothing_and_start_works_by_hand(name: str, tmp_path: Path) -> None:
    imported = by_hand(name, tmp_path, call="pass")
    left = list(tmp_path.iterdir())
    started = by_hand(name, tmp_path)

    assert (imported.returncode, imported.stdout, imported.stderr, left) == (0, "", "", [])
    assert started.returncode == 0, started.stderr
    assert (tmp_path / "logs/tasks.log").exists()


# --- the daily cleanup ------------------------------------------------------------------------------------


def put(path: Path, age: float, text: str = "x" * 100) -> Path:
    """Make a file that was changed last so many seconds ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    import time

    moment = time.time() - age  # noqa: TID251 - the age of a real file
    os.utime(path, (moment, moment))
    return path


@pytest.fixture
def bait(tmp_path: Path) -> Path:
    """A project folder with what is to go, and what looks like it."""
    root, outside = tmp_path / "project", tmp_path / "outside"
    for name in ("data/old.json", "logs/tasks.2026-01-01_00-00-00.log.gz", "logs/scheduler.2026-01-01_00-00-00_2.log"):
        put(root / name, 31 * DAY)
    put(root / "temp/old.txt", 2 * DAY)
    put(root / "temp/below/deep/old.txt", 2 * DAY)
    put(root / "temp/young.txt", 60)
    for name in (
        "data/scheduler.db",
        "data/metrics.jsonl",
        "data/state/task.json",
        "data/examples/old.json",
        "logs/tasks.log",
        "logs/my.log.gz",
        "logs/runs/report/1.1.log",
        "tasks/old.json",
    ):
        put(root / name, 400 * DAY)
    put(root / "data/young.json", 29 * DAY)
    put(root / "logs/errors.2026-11-20_00-00-00.log.gz", 6 * DAY)
    put(outside / "precious.json", 400 * DAY)
    put(outside / "folder/precious.txt", 400 * DAY)
    (root / "data/link.json").symlink_to(outside / "precious.json")
    (root / "temp/link").symlink_to(outside / "folder")
    (root / "temp/link.txt").symlink_to(outside / "precious.json")
    for link in ("data/link.json", "temp/link", "temp/link.txt"):
        os.utime(root / link, (0, 0), follow_symlinks=False)
    for folder in ("temp/below/deep", "temp/below"):
        os.utime(root / folder, (0, 0))
    return root


def every_file(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir() or path.is_symlink()}


def test_the_cleanup_deletes_what_it_says_and_follows_no_link(bait: Path) -> None:
    before, outside = every_file(bait), every_file(bait.parent / "outside")

    said = by_hand("example_daily_cleanup", bait)

    assert said.returncode == 0, said.stderr
    [report] = (bait / "data").glob("cleanup_report_*.json")
    assert before - every_file(bait) == {
        "data/old.json",
        "logs/tasks.2026-01-01_00-00-00.log.gz",
        "logs/scheduler.2026-01-01_00-00-00_2.log",
        "temp/old.txt",
        "temp/below/deep/old.txt",
    }
    assert every_file(bait.parent / "outside") == outside
    told = json.loads(report.read_text())
    assert (told["files"], told["bytes"]) == (5, 500)
    assert told["deleted"]["temp"] == {"old.txt": 100, "below/deep/old.txt": 100}


def test_the_cleanup_only_tells_when_it_is_run_dry(bait: Path) -> None:
    before = every_file(bait)

    said = by_hand("example_daily_cleanup", bait, call="sys.argv.append('--dry-run'); print(task.start()['files'])")

    assert said.stdout.splitlines()[-1] == "5"
    assert every_file(bait) - {"logs/tasks.log"} == before - {"logs/tasks.log"}


@pytest.mark.parametrize("name", ["data", "logs", "temp"])
def test_the_cleanup_leaves_a_folder_alone_that_is_a_link(tmp_path: Path, name: str) -> None:
    elsewhere, root = tmp_path / "elsewhere", tmp_path / "project"
    put(elsewhere / "old.json", 400 * DAY)
    put(elsewhere / "tasks.2026-01-01_00-00-00.log", 400 * DAY)
    root.mkdir()
    (root / name).symlink_to(elsewhere)

    said = by_hand("example_daily_cleanup", root)

    assert "is a link and is left alone" in said.stdout + said.stderr
    assert {"old.json", "tasks.2026-01-01_00-00-00.log"} <= every_file(elsewhere)


# --- in a real project ------------------------------------------------------------------------------------


class _Pages(http.server.BaseHTTPRequestHandler):
    asked: list[str | None]

    def do_GET(self) -> None:
        type(self).asked.append(self.headers["User-Agent"])
        self.send_response(200 if self.path == "/page" else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    _Pages.asked = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Pages) as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{listening.server_address[1]}"
        listening.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def project(server: str) -> Iterator[RunningProject]:
    """A project with all examples turned on, in one environment."""
    if importlib.util.find_spec("uv") is None:
        pytest.skip("uv is not installed")
    with running_project(variables=_plain_environment()) as running:
        running.configure("tasks:\n  include_example_tasks: true\nvirtual_env:\n  mode: shared\n")
        config = running.root / "config"
        (config / "example_web_scraper.yaml").write_text(f"url: {server}/page\n")
        (config / "example_helper_showcase.yaml").write_text("notifications: {enabled: true}\n")
        for name in EXAMPLES:
            running.write_file(name, (REPOSITORY / "tasks" / f"{name}.py").read_text())
        running.start()
        yield running


def result_of(project: RunningProject, name: str) -> Any:
    """Run an example as a person does, and return its result."""
    if "could not be" in (detail := project.task(name).get("detail", "")):
        pytest.skip(f"the package index is out of reach: {detail[-200:]}")
    project.wait_for_task(name, "active", seconds=120)
    started = project.command("start", name, "--wait", "--json")
    assert started.returncode == 0, started.stdout + started.stderr + project.command("logs", name).stdout
    # By its number: the clock may start another one meanwhile.
    run = json.loads(started.stdout)["id"]
    return json.loads(project.command("show", str(run), "--json").stdout)["result"]


@pytest.mark.slow
@pytest.mark.network
def test_each_really_runs_and_writes_what_it_says(project: RunningProject, server: str) -> None:
    """One test, since they share an environment that takes its time."""
    data = project.root / "data"

    assert result_of(project, "example_hello_world")["greetings"] >= 1
    assert "[Hello World Task] Hello from scheduled task!" in (project.root / "logs/tasks.log").read_text()

    scraped = result_of(project, "example_web_scraper")
    assert scraped == {"url": f"{server}/page", "title": "A page", "headings": 2, "links": 2}
    [page] = (data / "examples").glob("scraped_data_*.json")
    assert json.loads(page.read_text())["links"] == [f"{server}/there", "https://example.org/"]
    assert _Pages.asked == ["task-scheduler example (web scraper)"]

    put(data / "old.json", 31 * DAY)
    assert result_of(project, "example_daily_cleanup")["deleted"]["data"] == {"old.json": 100}
    assert not (data / "old.json").exists()

    percents = result_of(project, "example_system_monitor")
    assert all(0 <= percents[name] <= 100 for name in ("cpu", "memory", "disk"))
    [metrics] = data.glob("system_metrics_*.jsonl")
    assert lines(metrics)[-1]["percent"]["disk"] == percents["disk"]

    assert result_of(project, "example_external_execution")["successful"] == 4
    [executions] = data.glob("external_executions_*.jsonl")
    assert [line["success"] for line in lines(executions)][:4] == [True] * 4

    sent = result_of(project, "example_system_notification")
    assert sent["success"] is False
    assert sent["error"]
    [notifications] = data.glob("notifications_*.jsonl")
    assert lines(notifications)

    used = result_of(project, "example_config_usage")
    assert (used["greeting"], used["items"], used["has_key"]) == ("Hello", 3, False)
    assert (project.root / "config/example_config_usage.yaml").exists()

    showed = result_of(project, "example_helper_showcase")
    assert (showed["remember_something"], showed["run_commands"]) == (1, 2)
    assert showed["notify"] != "not wished"

    # As docs/examples.md has it.
    assert project.command("run-file", "tasks/example_hello_world.py").returncode == 0
    dry = project.command("run-file", "tasks/example_daily_cleanup.py", "--dry-run")
    assert (dry.returncode, "Would delete 0 files" in dry.stdout) == (0, True)
    assert project.command("check", "--strict", *(f"tasks/{name}.py" for name in EXAMPLES)).returncode == 0


@pytest.mark.slow
@pytest.mark.network
def test_a_page_that_is_not_there_fails_the_attempt_which_is_tried_again(project: RunningProject, server: str) -> None:
    project.wait_for_task("example_web_scraper", "active", seconds=120)
    config = project.root / "config/example_web_scraper.yaml"
    try:
        for url, reason in ((f"{server}/gone", "404"), ("http://127.0.0.1:1/", "Connection refused")):
            config.write_text(f"url: {url}\n")
            run = json.loads(project.command("start", "example_web_scraper", "--json").stdout)["id"]

            def retried(run: int = run) -> Any:
                told = project.ask("run", run=run)
                return told if told["state"] == "retrying" else None

            told = project.wait_for("it is to be retried", retried)
            written = project.command("logs", str(run)).stderr

            assert f"RuntimeError: {url} could not be fetched: " in told["attempts"][0]["reason"]
            assert reason in told["attempts"][0]["reason"]
            assert told["retry_count"] == 2
            # One traceback, without those of the layers beneath.
            assert written.count("Traceback") == 1
            assert "urllib3" not in written
            project.command("stop", str(run))
    finally:
        config.write_text(f"url: {server}/page\n")
