"""Check style, types and layers, as CI does: `python3 scripts/check.py`."""

import sys

if sys.version_info < (3, 11):
    sys.exit("error: the checks need Python 3.11 or later; {} is {}.{}".format(sys.executable, *sys.version_info[:2]))
if sys.platform == "win32":
    sys.exit("error: the checks run on Linux and macOS; on Windows run them inside WSL (wsl --install)")

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from task_scheduler.starting.development import run_checks

if __name__ == "__main__":
    sys.exit(run_checks(ROOT))
