"""Start the scheduler: `python3 main.py`.

On a fresh machine this makes venv/ from requirements.txt first and continues inside it. Without arguments it is
`task-scheduler run` for the folder this file is in; `--status` is `task-scheduler status`; a verb and its options
are passed on as they are.

Down to the check below this file is plain enough for any old Python to read, so that it can say what it needs.
"""

import sys

if sys.version_info < (3, 11):
    sys.exit(
        "error: Task Scheduler needs Python 3.11 or later; {} is {}.{}".format(sys.executable, *sys.version_info[:2])
    )
if sys.platform == "win32":
    sys.exit("error: Task Scheduler runs on Linux and macOS; on Windows start it inside WSL (wsl --install)")

if __name__ == "__main__":
    # Ctrl-C ends it in silence, also while the program is still being loaded.
    try:
        from pathlib import Path

        from task_scheduler.starting.program import prepare

        command = prepare(Path(__file__).resolve().parent, sys.argv[1:])

        from task_scheduler.cli.main import main

        sys.exit(main(command))
    except KeyboardInterrupt:
        sys.exit(130)
