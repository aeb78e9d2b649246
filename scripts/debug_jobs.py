"""List every registered job, and why one is not scheduled: `python3 scripts/debug_jobs.py [TASK]`.

It is the verb `jobs` of main.py, and takes the same options; `--help` tells them.
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
    sys.exit(run_script(ROOT, "jobs", sys.argv[1:]))
