"""The original's chapters on the command line, the scheduler's process and its monitoring."""

from __future__ import annotations

from tests.acceptance.parity.block import Block
from tests.acceptance.parity.reader import Reader


def _command_line(reader: Reader) -> None:
    assert str(reader.pid()) in reader.shell("python main.py --status")
    other = reader.root.parent / "other"
    reader.shell(f"python main.py init '{other}'")
    # The file named is the one that is used, wherever it is: nobody runs for that project.
    assert str(other) in reader.shell(f"python main.py --config '{other}/config/config.yaml' --status", code=4)

    first = reader.pid()
    reader.shut_down()
    reader.shell("python main.py --daemon")
    assert reader.pid() != first
    reader.shut_down()
    assert reader.shell("python main.py --status", code=4)
    reader.start_in_foreground("python main.py")


def _restart(reader: Reader) -> None:
    pid = reader.pid()
    assert str(pid) in reader.shell("python scripts/restart_scheduler.py --dry-run")
    assert reader.pid() == pid

    for options in ("", "--timeout 15", "--force", "--daemon"):
        reader.shell(f"python scripts/restart_scheduler.py {options}")
        last, pid = pid, reader.pid()
        assert pid != last, options


def _identification(reader: Reader) -> None:
    pid = str(reader.pid())

    assert pid in reader.shell("ps aux | grep task-scheduler")
    assert pid in reader.shell("pgrep -f task-scheduler").split()
    assert pid in reader.shell("python scripts/restart_scheduler.py --dry-run")


def _monitor(reader: Reader) -> None:
    quiet = reader.shell("bash scripts/monitor_scheduler.sh")
    pid = reader.pid()
    reader.kill()
    reader.shell("bash scripts/monitor_scheduler.sh")

    assert quiet == ""
    assert reader.wait_until_started() != pid
    assert reader.read("logs/monitor.log")


BLOCKS = (
    Block(line=385, language="bash", says="the options of main.py", carry_out=_command_line),
    Block(line=405, language="bash", says="the options of restart_scheduler.py", carry_out=_restart),
    Block(
        line=434,
        language="bash",
        says="find the process by its name",
        adapted="the name is this project's",
        carry_out=_identification,
    ),
    Block(
        line=447,
        language="bash",
        says="the commands of systemd",
        adapted="the unit and what it does with each of them",
        elsewhere="tests/integration/scripts/test_install.py",
    ),
    Block(
        line=473,
        language="bash",
        says="monitoring by cron",
        adapted="killed first, to be found dead",
        carry_out=_monitor,
    ),
)
