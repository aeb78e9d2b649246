"""Build the documentation of docs/ into site/: `python3 scripts/docs.py [--serve]`.

Needs what the tests need (.venv-tests/, made on the first run), and no network once that is there.
"""

import sys

if sys.version_info < (3, 11):
    sys.exit("error: this needs Python 3.11 or later; {} is {}.{}".format(sys.executable, *sys.version_info[:2]))
if sys.platform == "win32":
    sys.exit("error: this runs on Linux and macOS; on Windows run it inside WSL (wsl --install)")

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from task_scheduler.starting.development import build_docs

if __name__ == "__main__":
    sys.exit(build_docs(ROOT, sys.argv[1:]))
