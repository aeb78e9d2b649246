"""`python -m task_scheduler` is `task-scheduler`."""

import sys


def main() -> int:
    """Carry out the command line of this process; Ctrl-C ends it in silence, also while it is still being loaded."""
    try:
        from task_scheduler.cli.main import main as carry_out

        return carry_out()
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
