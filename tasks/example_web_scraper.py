"""
---
title: "Web Scraper Task"
description: "Reads the title, the headings and the links of a page, and keeps them as JSON"
dependencies:
  - "requests>=2.25.0"
  - "beautifulsoup4>=4.9.3"
enabled: true
timeout: 120
retry_count: 2
retry_delay: 60
---

The page is `url` in config/example_web_scraper.yaml, https://example.com/ where there is none. What it says is in
data/examples/, the newest 50 files of it.
"""

import json
import os
from datetime import datetime
from urllib.parse import urljoin

import requests
from bs4 import BeautifulSoup

from helpers import (
    artifact,
    get_config_value,
    get_project_root,
    log_error,
    log_execution_result,
    log_info,
    metric,
    progress,
    result,
)
from task_scheduler.decorators import every, repeat

CONFIG = "example_web_scraper.yaml"
KEPT_FILES = 50
#: Say who asks: whoever runs the page may want to know.
USER_AGENT = "task-scheduler example (web scraper)"
LARGEST_PAGE = 5_000_000


@repeat(every(30).minutes)
def start():
    """Fetch the page, take it apart, and write what was found."""
    url = get_config_value("url", CONFIG, default="https://example.com/")
    progress(0, 3, f"fetching {url}")
    try:
        html = fetch(url)
    except requests.RequestException as error:
        # One sentence says more than the traceback of each layer between here and the network.
        failure = RuntimeError(f"{url} could not be fetched: {first_cause(error)}")
        log_error("No page", exception=failure)
        # Raised: a failed attempt is retried, as the frontmatter says.
        raise failure from None
    progress(1, 3, "taking it apart")
    found = take_apart(html, url)
    progress(2, 3, "writing")
    path = write(found)
    progress(3, 3, "done")
    log_execution_result("Scraping", success=True, details={"url": url, "links": len(found["links"])})
    log_info(f"Wrote {path.relative_to(get_project_root())}")
    metric("links", len(found["links"]))
    artifact(path, "What the page says")
    result({"url": url, "title": found["title"], "headings": len(found["headings"]), "links": len(found["links"])})


def fetch(url):
    """Return the text of a page; raises requests.RequestException, also for one that is too large."""
    # Without a timeout of its own, a server that says nothing would cost the whole time limit of the task.
    with requests.get(url, headers={"User-Agent": USER_AGENT}, timeout=(10, 30), stream=True) as response:
        response.raise_for_status()
        page = b""
        for piece in response.iter_content(65_536):
            page += piece
            if len(page) > LARGEST_PAGE:
                raise requests.RequestException(f"{url} is larger than {LARGEST_PAGE:,} bytes")
        return page.decode(response.encoding or "utf-8", errors="replace")


def first_cause(error):
    """Return the error that an error comes from in the end, such as a refused connection."""
    while error.__context__ is not None:
        error = error.__context__
    return error


def take_apart(html, url):
    """Return what is told of a page: its title, headings and links."""
    page = BeautifulSoup(html, "html.parser")
    return {
        "url": url,
        "scraped_at": datetime.now().astimezone().isoformat(timespec="seconds"),
        "title": page.title.get_text(strip=True) if page.title else "",
        "headings": [heading.get_text(" ", strip=True) for heading in page.find_all(["h1", "h2", "h3"])],
        "links": sorted({urljoin(url, link["href"]) for link in page.find_all("a", href=True)}),
    }


def write(found):
    """Write a file of its own for this run, and delete the oldest ones; return its path."""
    folder = get_project_root() / "data" / "examples"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"scraped_data_{datetime.now():%Y%m%d_%H%M%S}.json"
    # Whoever reads it finds a whole file or none.
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(found, indent=2, ensure_ascii=False), encoding="utf-8")
    os.replace(partial, path)
    for old in sorted(folder.glob("scraped_data_*.json"))[:-KEPT_FILES]:
        old.unlink()
    return path
