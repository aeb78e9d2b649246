#!/usr/bin/env python3
"""End the scheduler if it runs, and start it in the background: `python3 scripts/restart_scheduler.py`.

It is `main.py restart --daemon`, and takes the same options, --timeout, --force and --dry-run among them; `--help`
tells them. Works from any folder and in cron's empty environment.
"""

import sys

if sys.version_info < (3, 11):
    sys.exit(
        "error: Task Scheduler needs Python 3.11 or later; {} is {}.{}".format(sys.executable, *sys.version_info[:2])
    )
if sys.platform == "win32":
    sys.exit("error: Task Scheduler runs on Linux and macOS; on Windows run this inside WSL (wsl --install)")

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from task_scheduler.cli.script import run_script

if __name__ == "__main__":
    sys.exit(run_script(ROOT, "restart", ["--daemon", *sys.argv[1:]]))
