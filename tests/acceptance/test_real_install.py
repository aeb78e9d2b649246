"""A real scraper, with real packages from the real index, reading pages over loopback."""

from __future__ import annotations

import csv
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from task_scheduler.testing.running import ledger_faults, running_project

pytestmark = [pytest.mark.slow, pytest.mark.network]

PAGES = {"/": ["first", "second"], "/2": ["third"]}

SCRAPER = """
import csv
import os
from pathlib import Path

import requests
from bs4 import BeautifulSoup


@repeat(every().day.at("06:00"), {address!r})
def start(address):
    rows = []
    for page in ("/", "/2"):
        soup = BeautifulSoup(requests.get(address + page, timeout=10).text, "html.parser")
        rows += [(page, heading.get_text()) for heading in soup.find_all("h2")]
    with open(Path(os.environ["TASK_SCHEDULER_ROOT"], "data", "headings.csv"), "w", newline="") as file:
        csv.writer(file).writerows(rows)
    print(len(rows), "headings")
"""


class _Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = "".join(f"<h2>{heading}</h2>" for heading in PAGES[self.path]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Pages) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_scraper_gets_its_packages_and_writes_what_it_read(address: str) -> None:
    with running_project() as project:
        project.start()
        project.write_task(
            "scraper",
            SCRAPER.replace("{address!r}", repr(address)),
            fields="dependencies: [requests, beautifulsoup4]\n",
        )
        task = project.wait_for(
            "the scraper to be prepared",
            lambda: found if (found := project.task("scraper")).get("status") in {"active", "invalid"} else None,
            180,
        )
        if task["status"] == "invalid" and "reach" in task["problems"][0]["text"]:
            pytest.skip(f"the package index is out of reach: {task['problems'][0]['text']}")

        done = project.command("start", "scraper", "--wait")

        assert done.returncode == 0, done.stderr
        with (project.root / "data" / "headings.csv").open(newline="") as file:
            assert list(csv.reader(file)) == [["/", "first"], ["/", "second"], ["/2", "third"]]
        assert project.output(project.runs("scraper")[0]["id"]) == "3 headings\n"
        lock = project.rows("SELECT text FROM locks WHERE text LIKE '%requests%'")[0]["text"]
        assert "beautifulsoup4==" in lock
        assert ledger_faults(project) == []
