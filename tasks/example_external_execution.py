"""
---
title: "External Execution Task"
description: "Runs commands and a Python script, with time limits, and keeps how each went"
dependencies: []
enabled: true
timeout: 120
---

How they went is in data/external_executions_DATE.jsonl, one line of JSON for each.
"""

import json
import os
import tempfile
from datetime import datetime

from helpers import (
    execute_cli_command,
    execute_python_script,
    execute_script_with_retry,
    get_project_root,
    log_execution_result,
    log_info,
    process_execution_results,
    progress,
    result,
)
from task_scheduler.decorators import every, repeat

SCRIPT = """\
import platform, sys
print("Python", platform.python_version(), "was given", *sys.argv[1:])
"""


@repeat(every(15).minutes)
def start():
    """Run everything, one after the other, and sum up; raises RuntimeError when one of them failed."""
    results = []
    for number, (name, run) in enumerate(EXECUTIONS.items()):
        progress(number, len(EXECUTIONS), name)
        done = run()
        log_execution_result(name, done["success"], details={"seconds": round(done["execution_time"], 3)})
        results.append({"name": name, **done})
    progress(len(EXECUTIONS), len(EXECUTIONS), "done")
    keep(results)
    summary = process_execution_results(results)
    log_info(f"{summary['successful']} of {summary['total_executions']} succeeded")
    result(summary)
    if summary["failed"]:
        raise RuntimeError(f"{summary['failed']} of {summary['total_executions']} failed: {summary['errors']}")


def in_a_shell():
    """Run a text in a shell: pipes and wildcards work, so never put what others wrote into it."""
    return execute_cli_command("uname -s -r | tr a-z A-Z", timeout=10)


def without_a_shell():
    """Run a list as it is: the way for file names and other text from outside."""
    return execute_cli_command(["ls", "-d", str(get_project_root())], timeout=10)


def a_script():
    """Run a Python script, by this task's own Python."""
    return with_script(lambda path: execute_python_script(path, args=["one", "two words"], timeout=30))


def a_script_until_it_succeeds():
    """Run one that may fail again and again."""
    done = with_script(lambda path: execute_script_with_retry(path, max_retries=2, retry_delay=1, timeout=30))
    return {name: value for name, value in done.items() if name != "all_attempts"}


def with_script(run):
    """Return what `run` returns of the path of a script that is there meanwhile."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "script.py")
        with open(path, "w", encoding="utf-8") as file:
            file.write(SCRIPT)
        return run(path)


EXECUTIONS = {
    "A command in a shell": in_a_shell,
    "A command without one": without_a_shell,
    "A Python script": a_script,
    "A script with retries": a_script_until_it_succeeds,
}


def keep(results):
    """Add a line for each result to the file of today."""
    path = get_project_root() / "data" / f"external_executions_{datetime.now():%Y%m%d}.jsonl"
    path.parent.mkdir(exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write("".join(json.dumps(done) + "\n" for done in results))
