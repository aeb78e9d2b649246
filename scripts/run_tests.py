"""Run the tests: `python3 scripts/run_tests.py [--fast] [--coverage | --core] [--verbose] [--rerun-failed] [files…]`.

What they need is installed into .venv-tests/ on the first run: venv/ belongs to the scheduler alone.
"""

import sys

if sys.version_info < (3, 11):
    sys.exit("error: the tests need Python 3.11 or later; {} is {}.{}".format(sys.executable, *sys.version_info[:2]))
if sys.platform == "win32":
    sys.exit("error: the tests run on Linux and macOS; on Windows run them inside WSL (wsl --install)")

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from task_scheduler.starting.development import run_tests

if __name__ == "__main__":
    sys.exit(run_tests(ROOT, sys.argv[1:]))
