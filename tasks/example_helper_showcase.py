"""
---
title: "Helper Showcase Task"
description: "Uses every kind of helper once: settings, memory, logging, commands, notifications, telling of its work"
dependencies: []
enabled: true
timeout: 120
---

A notification is shown where config/example_helper_showcase.yaml says `notifications: {enabled: true}`.
"""

import time

from helpers import (
    create_task_logger,
    execute_cli_command,
    get_config_value,
    get_project_root,
    log_debug,
    log_execution_result,
    log_info,
    log_structured_data,
    log_task_complete,
    log_task_error,
    log_task_start,
    metric,
    process_execution_results,
    progress,
    recall,
    remember,
    result,
    send_and_log_notification,
)
from task_scheduler.decorators import every, repeat

CONFIG = "example_helper_showcase.yaml"


@repeat(every(1).hours)
def start():
    """Show each helper, step by step, and how long that took."""
    log_task_start(project=get_project_root().name)
    begun = time.monotonic()
    told = {}
    try:
        for number, step in enumerate(STEPS):
            progress(number, len(STEPS), step.__name__.replace("_", " "))
            told[step.__name__] = step()
    except Exception as error:
        # Logged with its traceback, and raised: only what is raised makes the run fail.
        log_task_error("a step failed", exception=error)
        raise
    took = time.monotonic() - begun
    progress(len(STEPS), len(STEPS), "done")
    metric("seconds", took)
    log_task_complete(duration=took, steps=len(STEPS))
    result(told)


def remember_something():
    """Keep a small value from run to run."""
    times = recall("times", default=0) + 1
    remember("times", times)
    return times


def log_in_many_ways():
    """Write lines of several kinds, all under the task's title."""
    log_debug("Only seen where logging.level is DEBUG")
    log_info("A line with fields", answer=42, unit="none")
    log_structured_data("showcase", {"step": "logging", "lines": 4})
    create_task_logger("Helper Showcase Task").info("A line by a logger")
    return 4


def run_commands():
    """Run commands, and sum up how they went."""
    results = [execute_cli_command("date", timeout=10), execute_cli_command(["echo", "two words"], timeout=10)]
    summary = process_execution_results(results)
    log_execution_result("Commands", summary["failed"] == 0, details={"run": summary["total_executions"]})
    return summary["successful"]


def notify():
    """Show a notification, where that is wished."""
    if not get_config_value("notifications.enabled", CONFIG, default=False):
        return "not wished"
    sent = send_and_log_notification("Helper showcase", "Every helper was used", urgency="low")
    return sent["method"] if sent["success"] else sent["error"]


STEPS = (remember_something, log_in_many_ways, run_commands, notify)
