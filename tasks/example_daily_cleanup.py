"""
---
title: "Daily Cleanup Task"
description: "Deletes old reports, old rotated logs and what was left in temp/, and says what it deleted"
dependencies: []
enabled: true
timeout: 600
---

It deletes, and nothing else: files data/*.json older than 30 days, log files in logs/ that were put aside more than 7 days
ago, and what lies in temp/ unchanged for a day. Links are neither followed nor deleted. What it would delete, without
deleting: `run-file tasks/example_daily_cleanup.py --dry-run`.
"""

import json
import os
import re
import stat
import sys
import time
from datetime import datetime

from helpers import artifact, get_project_root, log_info, log_warning, metric
from task_scheduler.decorators import every, repeat

DAY = 86_400
#: Such as tasks.2026-11-22_00-00-00.log.gz.
PUT_ASIDE = re.compile(r"\w+\.\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d(_\d+)?\.log(\.gz)?")


@repeat(every().day.at("02:00"))
def start():
    """Clean up, and write data/cleanup_report_DATE.json; return the report."""
    dry_run = "--dry-run" in sys.argv[1:]
    root = get_project_root()
    now = time.time()
    deleted = {
        "data": clean(root / "data", is_report, now - 30 * DAY, dry_run=dry_run),
        "logs": clean(root / "logs", PUT_ASIDE.fullmatch, now - 7 * DAY, dry_run=dry_run),
        "temp": clean(root / "temp", None, now - DAY, dry_run=dry_run),
    }
    freed = sum(size for files in deleted.values() for size in files.values())
    report = {
        "time": datetime.now().astimezone().isoformat(timespec="seconds"),
        "dry_run": dry_run,
        "files": sum(map(len, deleted.values())),
        "bytes": freed,
        "deleted": deleted,
    }
    log_info(f"{'Would delete' if dry_run else 'Deleted'} {report['files']} files, {freed:,} bytes")
    if not dry_run:
        path = root / "data" / f"cleanup_report_{datetime.now():%Y%m%d}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(report, indent=2), encoding="utf-8")
        artifact(path, "What was deleted")
    metric("bytes_freed", freed)
    return report  # which is the result of the run


def is_report(name):
    """Whether a file of this name in data/ is one of those that are deleted with time."""
    return name.endswith(".json")


def clean(folder, is_meant, before, dry_run):
    """Delete old files that are meant, None: all, and in folders below too; return their sizes by name."""
    if not folder.is_dir():
        return {}
    if folder.is_symlink():
        log_warning(f"{folder} is a link and is left alone: name its target if you want that cleaned up")
        return {}
    deleted = {}
    # Bottom up, and by descriptors of the folders: a folder that is swapped for a link meanwhile leads nowhere.
    for path, folders, files, descriptor in os.fwalk(folder, topdown=is_meant is not None, follow_symlinks=False):
        if is_meant is not None:
            folders.clear()
        for name in files:
            if is_meant is None or is_meant(name):
                size = delete_old(name, descriptor, before, dry_run)
                if size is not None:
                    deleted[os.path.relpath(os.path.join(path, name), folder)] = size
        if is_meant is None and not dry_run:
            remove_empty(folders, descriptor, before)
    return deleted


def delete_old(name, folder, before, dry_run):
    """Delete a plain file that was not changed since; return its size, None: it stays."""
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if not stat.S_ISREG(found.st_mode) or found.st_mtime >= before:
            return None
        if not dry_run:
            os.unlink(name, dir_fd=folder)
    except FileNotFoundError:
        return None  # somebody else was quicker
    except OSError as error:
        log_warning(f"{name} stays: {error.strerror}")
        return None
    return found.st_size


def remove_empty(names, folder, before):
    """Remove folders that are empty and old."""
    for name in names:
        try:
            found = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if stat.S_ISDIR(found.st_mode) and found.st_mtime < before:
                os.rmdir(name, dir_fd=folder)
        except OSError:
            continue  # it is not empty, or gone
