"""The original's chapters on tests, schedules on record, trying a task by hand, and its list of commands."""

from __future__ import annotations

import sys

from tests.acceptance.parity.block import Block
from tests.acceptance.parity.reader import Reader

#: Collected alone where the text would run all tests.
COLLECTED = "--collect-only -q tests/test_installation.py"


def _tests(reader: Reader) -> None:
    # An interpreter that has what the tests need is used as it is; the venv of the text has only what the scheduler needs.
    def run(arguments: str) -> str:
        return reader.shell(f"'{sys.executable}' {arguments}", activated=False, seconds=120)

    assert " passed" in run("scripts/run_tests.py tests/test_installation.py")
    assert "test_" in run(f"scripts/run_tests.py --fast --verbose {COLLECTED}")
    assert "PASSED" in run('-m pytest -v -m "not slow" tests/test_installation.py')


def _reset(reader: Reader) -> None:
    for name in ("task1", "task2"):
        reader.drop(name, '"""\n---\nschedule: daily\n---\n"""\n')
    before = reader.next_instants("task1")

    assert "task1" in reader.shell("python scripts/reset_schedules.py --dry-run")
    reader.shell("python scripts/reset_schedules.py --future-only")
    reader.shell("python scripts/reset_schedules.py --task hello_world")
    told = reader.shell("python scripts/reset_schedules.py --task task1 --task task2")
    reader.shell("python scripts/reset_schedules.py --all")

    assert "hello_world" not in told
    # The instants come from the clock, so that what was not overdue is due when it was.
    assert reader.next_instants("task1") == before
    reader.shell("python scripts/reset_schedules.py --task task3", code=6)


def _by_hand(reader: Reader) -> None:
    reader.write(
        "tasks/your_task_file.py", '"""\n---\ntitle: Yours\n---\n"""\n\n\ndef start():\n    print("it works")\n'
    )

    assert "it works" in reader.shell(
        "python -c \"\nimport sys\nsys.path.append('.')\nimport tasks.your_task_file as task\ntask.start()\n\""
    )
    told = reader.shell(
        "python -c \"\nimport sys\nsys.path.append('.')\n"
        "from tasks.example_system_notification import send_notification\n"
        "result = send_notification('Test', 'Hello from manual test!')\n"
        "print(f'Notification result: {result}')\n\"",
        variables=reader.at_a_desktop(),
    )
    assert "Notification result: {" in told
    assert "'success': True" in told
    reader.shell("python -m py_compile tasks/your_task_file.py")


def _utilities(reader: Reader) -> None:
    assert "hello_world" in reader.shell("python scripts/check_overdue.py")
    assert "hello_world" in reader.shell("python scripts/debug_jobs.py")
    for log in ("logs/scheduler.log", "logs/tasks.log"):
        assert reader.shell(f"timeout 0.3 tail -f {log}", code=124)

    reader.shut_down()
    # Both are true without a scheduler as well.
    assert "hello_world" in reader.shell("python scripts/check_overdue.py")
    assert "hello_world" in reader.shell("python scripts/debug_jobs.py")
    reader.start_in_foreground("sh scripts/run_scheduler.sh")
    reader.shut_down()
    assert "hello_world" in reader.shell("python scripts/restart_scheduler.py --dry-run\npython main.py list")


def _development(reader: Reader) -> None:
    reader.shell("pip install -q -r requirements.txt")

    pid = reader.start_in_foreground("python main.py --config config/config.yaml")

    assert reader.project.pid == pid


BLOCKS = (
    Block(
        line=556,
        language="bash",
        says="run the tests",
        adapted="--fast and --verbose, and -v and -m, at once; all tests, and --coverage, on a small project, in integration/test_development_scripts.py",
        carry_out=_tests,
    ),
    Block(
        line=582,
        language="bash",
        says="reset schedules",
        adapted="the example's name is the first task's; task1 and task2 are made",
        carry_out=_reset,
    ),
    Block(
        line=655,
        language="bash",
        says="try a task by hand",
        adapted="the tests it ends with are those of the block on tests",
        carry_out=_by_hand,
    ),
    Block(
        line=837,
        language="bash",
        says="all commands in a list",
        adapted="those not told above; --follow for a moment",
        carry_out=_utilities,
    ),
    Block(
        line=873,
        language="bash",
        says="set up for development",
        adapted="in the clone that is there",
        carry_out=_development,
    ),
)
