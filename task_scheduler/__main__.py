"""`python -m task_scheduler` is `task-scheduler`."""

import sys

from task_scheduler.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
