"""
---
title: "System Monitor Task"
description: "Measures processor, memory and disk, keeps the numbers, and warns where little is left"
dependencies:
  - "psutil>=5.8.0"
enabled: true
timeout: 60
---

The numbers are in data/system_metrics_DATE.jsonl, one line of JSON for each run.
"""

import json
from datetime import datetime

import psutil

from helpers import get_project_root, log_info, log_structured_data, log_warning, metric, result
from task_scheduler.decorators import every, repeat

#: Percent above which there is a warning.
LIMITS = {"cpu": 80, "memory": 80, "disk": 90}


@repeat(every(10).minutes)
def start():
    """Measure once, write it down, and warn."""
    root = get_project_root()
    measured = measure(root)
    keep(measured, root)
    for name, percent in measured["percent"].items():
        metric(f"{name}_percent", percent)
    warnings = [
        f"{name} is at {measured['percent'][name]:.0f} %"
        for name, limit in LIMITS.items()
        if measured["percent"][name] > limit
    ]
    for warning in warnings:
        log_warning(warning)
    log_structured_data("system_metrics", measured)
    log_info(", ".join(f"{name} {percent:.0f} %" for name, percent in measured["percent"].items()))
    result({**measured["percent"], "warnings": warnings})


def measure(root):
    """Return the state of this machine as JSON values; the disk is the one of the project."""
    # Over a second: without an interval the first answer of a fresh process is always 0.
    cpu = psutil.cpu_percent(interval=1)
    memory, disk = psutil.virtual_memory(), psutil.disk_usage(str(root))
    return {
        "time": datetime.now().astimezone().isoformat(timespec="seconds"),
        "percent": {"cpu": cpu, "memory": memory.percent, "disk": disk.percent},
        "memory_available": memory.available,
        "disk_free": disk.free,
        "processes": len(psutil.pids()),
        "boot_time": psutil.boot_time(),
    }


def keep(measured, root):
    """Add a line to the file of today."""
    path = root / "data" / f"system_metrics_{datetime.now():%Y%m%d}.jsonl"
    path.parent.mkdir(exist_ok=True)
    # One write to a file opened for appending: a line is there as a whole or not at all.
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(measured) + "\n")
