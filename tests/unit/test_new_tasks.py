"""Names for new tasks, and what is made of them."""

from __future__ import annotations

import pytest

from task_scheduler.scaffolding.task_file import BadName, Dialect, NewTask, task_name

TASKS = ["tasks", "/srv/jobs/tasks"]


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("report", "report"),
        ("report.py", "report"),
        ("reports/daily", "reports/daily"),
        ("tasks/report.py", "report"),
        ("./tasks/reports/daily.py", "reports/daily"),
        ("/srv/jobs/tasks/report.py", "report"),
        ("größe", "größe"),
        ("gro\u0308ße", "größe"),
        ("_private", "_private"),
    ],
)
def test_a_task_is_named_by_its_id_or_the_path_of_its_file(typed: str, name: str) -> None:
    assert task_name(typed, tasks=TASKS) == name


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("daily-report", "'daily-report' is no name for a task: write letters, digits and _, with / between folders, "),
        ("daily-report", "such as daily_report"),
        ("reports/2026 sales", "such as reports/task_2026_sales"),
        ("class", "such as task_class"),
        ("report.txt", "such as report_txt"),
        ("report/", "such as report"),
        ("", "is no name for a task"),
        ("*", "such as task"),
        ("a\nb", "'a\\nb' is no name for a task"),
        ("../report", "'../report' leads out of the folder of tasks: give a name such as report, or reports/daily"),
        ("/etc/passwd", "leads out of the folder of tasks"),
        ("tasks/../../report", "leads out of the folder of tasks"),
    ],
)
def test_other_names_are_refused_with_one_that_will_do(typed: str, sentence: str) -> None:
    with pytest.raises(BadName) as caught:
        task_name(typed, tasks=TASKS)

    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("name", "title"), [("report", "Report"), ("reports/daily_sales", "Daily sales"), ("_", "_"), ("straße", "Straße")]
)
def test_a_title_is_made_from_the_name(name: str, title: str) -> None:
    assert NewTask.named(name, schedules=["daily"], packages=[], title=None).title == title


def test_the_text_is_short_and_plain() -> None:
    task = NewTask.named("report", schedules=["daily at 06:30"], packages=["requests>=2"], title=None)

    assert task.text(Dialect.DOCSTRING) == (
        '"""\n'
        "---\n"
        'title: "Report"\n'
        'description: "What it is for, in one sentence"\n'
        'dependencies: ["requests>=2"]\n'
        'schedule: "daily at 06:30"\n'
        "timeout: 300  # seconds; then the run is ended\n"
        "---\n"
        '"""\n'
        "\n"
        "from helpers import log_info\n"
        "\n"
        "\n"
        "def start():\n"
        '    log_info("Hello from report")\n'
    )
