"""The original's chapters on helpers."""

from __future__ import annotations

import json

from tests.acceptance.parity.block import Block
from tests.acceptance.parity.reader import Reader

IMPORTS = """
from helpers import (
    load_config, get_config_value, save_config,
    log, log_info, log_error, log_warning,
    send_notification, send_and_log_notification,
    execute_python_script, execute_cli_command
)
print("all there")
"""
NOTIFICATIONS = """
from helpers import send_notification, send_and_log_notification

result = send_notification(
    title="Task Complete",
    message="Your task finished successfully!",
    timeout=5,
    urgency="normal"
)
print(result["success"], result["method"], result["error"])

result = send_and_log_notification(
    title="Status Update",
    message="System is running normally",
    log_dir="data"
)
print(result["success"], result["log_file"])
"""
EXECUTION = """
import json
from helpers import execute_python_script, execute_cli_command, process_execution_results

result1 = execute_python_script(
    script_path="{folder}/script.py",
    args=["arg1", "arg2"],
    cwd="{folder}",
    timeout=60
)
result2 = execute_cli_command(
    command="git status --porcelain",
    cwd="{folder}"
)
result3 = execute_cli_command(command="exit 3")
print(json.dumps([result1, result2, result3]))
summary = process_execution_results([result1, result2, result3])
print(json.dumps(summary))
"""
LOGGING = '''"""
---
title: Logging
description: What the text logs
---
"""
from task_scheduler.decorators import repeat, every
from helpers import log_info, log_error, log_task_start, log_task_complete

def process_data():
    return {"count": 3}

@repeat(every(5).minutes)
def start():
    log_task_start()  # Automatically detects task name

    log_info("Processing data...")

    try:
        # Your task logic here
        result = process_data()
        log_info(f"Processed {result['count']} items")

    except Exception as e:
        log_error("Failed to process data", exception=e)
        raise

    log_task_complete(duration=5.2)
'''
RESULT_KEYS = {"success", "return_code", "stdout", "stderr", "execution_time", "command", "error", "timestamp"}


def _imports(reader: Reader) -> None:
    assert reader.python(IMPORTS).strip() == "all there"


def _notifications(reader: Reader) -> None:
    told = reader.python(NOTIFICATIONS, variables=reader.at_a_desktop()).splitlines()

    assert told[0] == "True notify-send None"
    success, _, log_file = told[1].partition(" ")
    assert success == "True"
    assert "Your task finished successfully!" in reader.notified.read_text(encoding="utf-8")
    lines = (reader.root / log_file).read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[-1])["title"] == "Status Update"


def _execution(reader: Reader) -> None:
    folder = reader.root.parent / "repository"
    folder.mkdir(exist_ok=True)
    (folder / "script.py").write_text("import os, sys\nprint(sys.argv[1:], os.getcwd())\n", encoding="utf-8")
    reader.shell(f"git -C '{folder}' init -q")

    results, summary = reader.python(EXECUTION.format(folder=folder)).splitlines()

    script, git, failed = json.loads(results)
    assert all(set(result) >= RESULT_KEYS for result in (script, git, failed))
    assert (script["success"], script["stdout"].strip()) == (True, f"['arg1', 'arg2'] {folder}")
    assert (git["success"], git["stdout"].strip()) == (True, "?? script.py")
    assert (failed["success"], failed["return_code"]) == (False, 3)
    told = json.loads(summary)
    assert (told["total_executions"], told["successful"], told["failed"]) == (3, 2, 1)


def _logging(reader: Reader) -> None:
    reader.drop("logging_example", LOGGING)
    reader.run("logging_example")

    lines = [line for line in reader.read("logs/tasks.log").splitlines() if "[Logging]" in line]
    assert len(lines) == 4
    assert "Processing data..." in lines[1]
    assert "Processed 3 items" in lines[2]
    assert "5.2" in lines[3]


BLOCKS = (
    Block(line=340, language="python", says="import what one needs from helpers", carry_out=_imports),
    Block(
        line=700,
        language="python",
        says="notifications",
        adapted="a notify-send of ours: there is no desktop here",
        carry_out=_notifications,
    ),
    Block(
        line=724,
        language="python",
        says="run scripts and commands",
        adapted="a script and a repository made for it; a third result, which the text leaves out",
        carry_out=_execution,
    ),
    Block(
        line=751,
        language="python",
        says="log from a task",
        adapted="with the imports and the function the text leaves out",
        carry_out=_logging,
    ),
)
