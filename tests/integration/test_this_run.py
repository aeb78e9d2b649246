"""`task_scheduler.this_run` as a task file uses it, with and without a run around it, with nothing but the standard library."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from task_scheduler import this_run

PROJECT = Path(__file__).resolve().parents[2]
INSIDE = {
    "TASK_SCHEDULER_RUN": "12",
    "TASK_SCHEDULER_ATTEMPT": "2",
    "TASK_SCHEDULER_TASK": "reports/daily",
    "TASK_SCHEDULER_SCHEDULED_FOR": "2026-11-22T14:00:00+00:00",
}
IMPORT = "from task_scheduler.this_run import *\n"


def run(code: str, *, inside: bool = False, exit_code: int = 0, **variables: str) -> tuple[str, str]:
    # -S leaves site-packages out: the module must not need any.
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        env={
            "PYTHONPATH": str(PROJECT),
            "PYTHONUTF8": "1",
            "PATH": os.defpath,
            **(INSIDE if inside else {}),
            **variables,
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == exit_code, done.stderr
    return done.stdout, done.stderr


@pytest.mark.parametrize(
    ("call", "line"),
    [
        ("progress(3, 10, 'reading')", "progress 3/10 reading"),
        ("progress(1200)", "progress 1200"),
        ("progress(0.5, 1.5, 'two\\nlines\\x1e')", "progress 0.5/1.5 two lines"),
        ("progress('three')", "progress three"),
        ("progress(1, text='x' * 9000)", "progress 1 " + "x" * 200),
        ("metric('rows', 1200)", "metric rows 1200"),
        ("metric('rows per second', 2.5)", 'metric "rows per second" 2.5'),
        ("metric('on', True)", "metric on 1"),
        ("import decimal; metric('sum', decimal.Decimal('1.10'))", "metric sum 1.1"),
        ("artifact(5)", "refused artifact(5) is not kept: give the path of a file, or an address"),
        ("artifact('out/report.pdf', 'The title')", "artifact out/report.pdf The title"),
        ("import pathlib; artifact(pathlib.Path('a \"b\".txt'))", r'artifact "a \"b\".txt"'),
        ("result({'rows': 12, 'é': None})", 'result {"rows": 12, "é": null}'),
        (
            "result({1, 2})",
            "refused the result is not kept: it is of type set, which JSON does not know; use sorted(…)",
        ),
    ],
)
def test_what_is_told_is_a_line_of_the_output(call: str, line: str) -> None:
    outside, _ = run(IMPORT + call)
    inside, errors = run(IMPORT + call, inside=True)

    assert outside == f"{line}\n"
    assert inside == f"\x1e::task-scheduler:: {line}\n"
    assert errors == ""


def test_a_line_longer_than_a_pipe_takes_at_once_is_not_torn() -> None:
    output, _ = run(IMPORT + "metric('x' * 9000, 1); result('x' * 90_000)", inside=True)

    refused, result, end = output.split("\n")
    assert refused.endswith("… is not kept: it is longer than a line may be")
    assert (len(result), end) == (len("\x1e::task-scheduler:: result ") + 90_002, "")


def test_it_is_in_order_with_prints_and_not_where_they_are_redirected_to() -> None:
    code = (
        "import contextlib, io\nprint('before', end='')\n"
        "with contextlib.redirect_stdout(io.StringIO()) as prints:\n    print('row'); progress(1)\n"
        "print('after', repr(prints.getvalue()))"
    )

    output, _ = run(IMPORT + code, inside=True)

    assert output == "before\x1e::task-scheduler:: progress 1\nafter 'row\\n'\n"


def test_an_output_that_is_closed_is_said_once_and_ends_nothing() -> None:
    _, errors = run(IMPORT + "import os, sys; os.close(1); sys.stdout = None; progress(1); progress(2)", inside=True)

    assert errors.count("cannot be told: [Errno 9] Bad file descriptor") == 1


def test_the_facts_are_those_of_the_run() -> None:
    code = "print(run_id(), attempt(), task_id(), scheduled_for(), repr(stop_reason()))"

    assert run(IMPORT + code, inside=True)[0] == "12 2 reports/daily 2026-11-22 14:00:00+00:00 ''\n"
    assert run(IMPORT + code)[0] == "None None None None ''\n"


def test_the_reason_of_a_stop_is_read_when_it_is_asked_for(tmp_path: Path) -> None:
    note = tmp_path / "note"
    code = f"print(repr(stop_reason())); open({str(note)!r}, 'w').write('replaced by run 9'); print(stop_reason())"

    output, _ = run(IMPORT + code, TASK_SCHEDULER_STOP_NOTE=str(note))

    assert output == "''\nreplaced by run 9\n"


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        ("Snooze('5 minutes')", "TypeError: Snooze('5 minutes'): the seconds must be a number"),
        ("Snooze(True)", "TypeError: Snooze(True): the seconds must be a number"),
        (
            "import datetime; Snooze(datetime.timedelta(hours=1))",
            "TypeError: Snooze(datetime.timedelta(seconds=3600)): the seconds must be a number; give its .total_seconds()",
        ),
        ("Snooze(0.5)", "ValueError: Snooze(0.5): the seconds must be from 1 to 604,800, which is 7 days"),
        ("Snooze(604801)", "ValueError: Snooze(604801): the seconds must be from 1 to 604,800, which is 7 days"),
        ("Snooze(float('nan'))", "ValueError: Snooze(nan): the seconds must be from 1 to 604,800, which is 7 days"),
        ("Skip(3)", "TypeError: Skip: the reason must be text, not 3"),
        ("Cancel(None)", "TypeError: Cancel: the reason must be text, not None"),
    ],
)
def test_a_wrong_end_says_what_is_wrong(call: str, sentence: str) -> None:
    _, errors = run(IMPORT + call, exit_code=1)

    assert errors.splitlines()[-1] == sentence


def test_helpers_offer_the_same() -> None:
    code = (
        "import helpers, task_scheduler.this_run as this_run\n"
        "print([name for name in this_run.__all__ if getattr(helpers, name) is not getattr(this_run, name)])"
    )

    assert run(code)[0] == "[]\n"


def test_importing_it_imports_nothing_else() -> None:
    code = "import __future__, os, sys; before = set(sys.modules); import task_scheduler.this_run\nprint(sorted(set(sys.modules) - before))"

    names = ("", ".known_secrets", ".masking", ".this_run")
    assert run(code)[0] == f"{[f'task_scheduler{name}' for name in names]}\n"


def test_a_descriptor_that_leads_elsewhere_by_now_tells_no_reason(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    note = tmp_path / "note"
    note.write_text("time to go")
    with note.open() as file:
        facts = os.fstat(file.fileno())
        monkeypatch.setenv(this_run.STOP_NOTE, f"/proc/self/fd/{file.fileno()}")
        monkeypatch.setenv(this_run.STOP_NOTE_IS, f"{facts.st_dev}:{facts.st_ino}")
        assert this_run.stop_reason() == "time to go"

        kept = os.dup(file.fileno())
        reading, writing = os.pipe()
        os.dup2(reading, file.fileno())
        assert this_run.stop_reason() == ""  # and it does not wait for what the pipe may bring
        for descriptor in (kept, reading, writing):
            os.close(descriptor)
