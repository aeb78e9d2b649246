"""What is said of a program that could not start."""

import pytest

from task_scheduler.process.replacement import telling_lines

TRACEBACK = """\
Traceback (most recent call last):
  File "<frozen runpy>", line 198, in _run_module_as_main
  File "/srv/jobs/task_scheduler/cli/main.py", line 12, in <module>
    from task_scheduler.cli.arguments import VERBS
  File "/srv/jobs/task_scheduler/services/timetable.py", line 90, in <module>
    import a_module_that_was_forgotten
ModuleNotFoundError: No module named 'a_module_that_was_forgotten'
"""


def test_of_a_traceback_the_last_frame_and_the_error_are_told() -> None:
    assert telling_lines(TRACEBACK) == [
        '  File "/srv/jobs/task_scheduler/services/timetable.py", line 90, in <module>',
        "    import a_module_that_was_forgotten",
        "ModuleNotFoundError: No module named 'a_module_that_was_forgotten'",
    ]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("error: no folder /srv/jobs\n", ["error: no folder /srv/jobs"]),
        ("\n".join(map(str, range(40))), [str(number) for number in range(28, 40)]),
        (
            "Traceback (most recent call last):\nKeyboardInterrupt",
            ["Traceback (most recent call last):", "KeyboardInterrupt"],
        ),
        ("", []),
    ],
)
def test_of_anything_else_the_last_lines_are(said: str, told: list[str]) -> None:
    assert telling_lines(said) == told
