"""`logs` on real output files, as hosts write them, whole and still growing."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from task_scheduler import known_secrets
from task_scheduler.core.errors import UnknownRun
from task_scheduler.project import locate_project
from tests.unit.cli.documents import FakeDoor, Spoken, Turns, run, say

STAMP = "2026-11-22T14:00:00.123456Z"


@pytest.fixture
def root() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "logs" / "runs").mkdir(parents=True)
        yield Path(folder)


def write(root: Path, name: str, *lines: str) -> None:
    with (root / "logs" / "runs" / name).open("ab") as file:
        for line in lines:
            file.write(f"{STAMP} {line}".encode() + b"\n")


def attempt(number: int = 1, **changes: object) -> dict[str, Any]:
    return {"number": number, "state": "succeeded", "output": f"7.{number}", "output_bytes": 10, **changes}


def logs(root: Path, arguments: str = "", *answers: object, meanwhile: Any = None) -> Spoken:
    told = answers or (run(attempts=[attempt()]),)
    project = locate_project(config=None, root=root, default_root=root)
    return say(f"logs 7 {arguments}", FakeDoor({"run": Turns(*told)}, project), meanwhile=meanwhile)


def test_sends_each_line_to_the_stream_it_was_written_to(root: Path) -> None:
    write(root, "7.1", "stdout F one", "stderr F two", "stdout F  three ", "system F [9 bytes left out]", "stdout F ")

    said = logs(root)

    assert said.out == "one\n three \n\n"
    assert said.err == "two\n[9 bytes left out]\n"
    assert said.code == 0


def test_a_secret_whose_halves_meet_when_what_was_told_between_them_goes_is_hidden(root: Path) -> None:
    (root / "config").mkdir()
    (root / "config" / "secrets.yaml").write_text("password: hunter2secret\n")
    halves = ("stdout P A hunter2", "stdout F \x1e::task-scheduler:: progress 50", "stdout F secret END")
    write(root, "7.1", *halves, "stderr F A hunter2", *halves, "stdout P hunter2")

    with nothing_known():
        said = logs(root)

    assert said.out == "A *** END\nA *** END\nhunter2"
    assert said.err == "A hunter2\n"


@contextmanager
def nothing_known() -> Iterator[None]:
    """Have this process look for secrets anew, as one that has just started."""
    before = known_secrets._mask, known_secrets._is_told
    known_secrets._mask, known_secrets._is_told = None, False
    try:
        yield
    finally:
        known_secrets._mask, known_secrets._is_told = before


def test_joins_the_pieces_of_a_line_and_invents_no_newline(root: Path) -> None:
    write(root, "7.1", "stdout P long ", "stderr F between", "stdout P line", "stdout F ", "stdout P no newline")

    assert logs(root).out == "long line\nno newline"


@pytest.mark.parametrize(
    ("arguments", "out", "err"),
    [
        ("--stdout", "one\n", "[cut]\n"),
        ("--stderr", "", "two\n[cut]\n"),
        ("--timestamps", f"{STAMP} one\n", f"{STAMP} two\n{STAMP} [cut]\n"),
    ],
)
def test_chooses_streams_and_stamps(root: Path, arguments: str, out: str, err: str) -> None:
    write(root, "7.1", "stdout P o", "stdout F ne", "stderr F two", "system F [cut]")

    said = logs(root, arguments)

    assert (said.out, said.err) == (out, err)


def test_spells_out_what_acts_on_a_terminal_unless_asked(root: Path) -> None:
    write(root, "7.1", "stdout F \x1b[31mred\x1b[0m\ttab\rback")

    assert logs(root).out == "\\x1b[31mred\\x1b[0m\ttab\\rback\n"
    assert logs(root, "--raw").out == "\x1b[31mred\x1b[0m\ttab\rback\n"


def test_leaves_out_what_was_told_and_joins_the_line_it_broke_into(root: Path) -> None:
    write(
        root,
        "7.1",
        "stdout F ::task-scheduler:: metric rows 12",
        "stdout F at work\x1e::task-scheduler:: progress 3/10",
        "stderr F ::task-scheduler:: is no telling here",
        "stdout F , done",
        "stdout F   ::task-scheduler:: nor here",
    )

    assert logs(root).out == "at work, done\n  ::task-scheduler:: nor here\n"
    assert logs(root).err == "::task-scheduler:: is no telling here\n"
    assert "at work\x1e::task-scheduler:: progress 3/10\n" in logs(root, "--raw").out


def test_says_that_a_run_wrote_nothing_but_what_it_told(root: Path) -> None:
    write(root, "7.1", "stdout F ::task-scheduler:: progress 1/2", "stdout F \x1e::task-scheduler:: progress 2/2")

    said = logs(root)

    assert said.out == ""
    assert re.fullmatch(r"2 progress lines hidden; `.* logs 7 --raw` shows them\n", said.err)


@pytest.mark.parametrize("cut", range(1, 28))
def test_knows_what_was_told_wherever_it_was_cut(root: Path, cut: int) -> None:
    line = "\x1e::task-scheduler:: metric a 1"
    write(root, "7.1", "stdout F one", f"stdout P {line[:cut]}", f"stdout F {line[cut:]}", "stdout F ::task-sch")

    assert logs(root).out == "one\n::task-sch\n"


def test_shows_at_the_end_what_might_have_become_a_telling(root: Path) -> None:
    write(root, "7.1", "stdout F one", "stdout P ::task-s")

    assert logs(root).out == "one\n::task-s"


def test_tells_several_attempts_apart_beside_the_output(root: Path) -> None:
    write(root, "7.1", "stdout F first")
    write(root, "7.3", "stdout F third")
    attempts = [attempt(1, state="failed"), attempt(2, state="void", output_bytes=0), attempt(3)]

    said = logs(root, "", run(attempts=attempts))

    assert said.out == "first\nthird\n"
    assert said.err == "--- attempt 1 ---\n--- attempt 3 ---\n"


def test_one_attempt_needs_no_header_whatever_its_number(root: Path) -> None:
    write(root, "7.2", "stdout F alone")

    said = logs(root, "", run(attempts=[attempt(1, state="void", output_bytes=0), attempt(2)]))

    assert (said.out, said.err) == ("alone\n", "")


def test_prints_one_attempt_alone(root: Path) -> None:
    write(root, "7.1", "stdout F first")
    write(root, "7.2", "stdout F second")
    told = run(attempts=[attempt(1, state="failed"), attempt(2)])

    assert (logs(root, "--attempt 2", told).out, logs(root, "--attempt 2", told).err) == ("second\n", "")
    missing = logs(root, "--attempt 3", told)
    assert missing.err == "error: run 7 has no attempt 3\n\nhint: it has 2, numbered from 1\n"
    assert missing.code == 6


def test_follows_a_growing_output_through_retries_to_the_end(root: Path) -> None:
    first = attempt(1, state="running", output_bytes=0)
    write(root, "7.1", "stdout F early")

    def grow() -> Iterator[None]:
        with (root / "logs/runs/7.1").open("ab") as file:
            file.write(f"{STAMP} stdout F half".encode())
        yield
        with (root / "logs/runs/7.1").open("ab") as file:
            file.write(b" a line\n")
        yield
        write(root, "7.2", "stdout F again", "stdout F last words")
        yield

    growing = grow()
    said = logs(
        root,
        "--follow",
        run(state="running", final=False, attempts=[first]),
        run(state="running", final=False, attempts=[first]),
        run(state="retrying", final=False, attempts=[attempt(1, state="failed")]),
        run(attempts=[attempt(1, state="failed"), attempt(2)]),
        meanwhile=lambda: next(growing),
    )

    assert said.out == "early\nhalf a line\nagain\nlast words\n"
    assert said.err == "--- attempt 2 ---\n"
    assert len(said.pauses) == 3


def test_follows_one_attempt_to_its_own_end(root: Path) -> None:
    write(root, "7.1", "stdout F first")

    said = logs(
        root,
        "--follow --attempt 1",
        run(state="running", final=False, attempts=[attempt(1, state="running")]),
        run(state="retrying", final=False, attempts=[attempt(1, state="failed")]),
    )

    assert said.out == "first\n"
    assert len(said.pauses) == 1


def test_without_follow_prints_what_there_is(root: Path) -> None:
    write(root, "7.1", "stdout F so far")

    said = logs(root, "", run(state="running", final=False, attempts=[attempt(state="running")]))

    assert (said.out, said.pauses) == ("so far\n", [])


@pytest.mark.parametrize(
    ("told", "note"),
    [
        (run(attempts=[attempt(output_bytes=0)]), "run 7 has written nothing"),
        (
            run(state="running", final=False, attempts=[attempt(state="running", output_bytes=0)]),
            "run 7 has written nothing yet: add --follow to wait for it",
        ),
        (
            run(state="queued", final=False, attempts=[]),
            "run 7 is queued and has not begun: add --follow to wait for it",
        ),
        (
            run(state="skipped", reason="the run before it is still going on", attempts=[]),
            "run 7 wrote nothing: it is skipped (the run before it is still going on)",
        ),
        (run(attempts=[attempt()]), "what attempt 1 wrote is no longer kept"),
    ],
)
def test_says_why_there_is_nothing_to_print(root: Path, told: dict[str, Any], note: str) -> None:
    said = logs(root, "", told)

    assert (said.out, said.err, said.code) == ("", f"{note}\n", 0)


@pytest.mark.parametrize("name", ["../../secret", "/etc/hostname", ""])
def test_reads_nothing_outside_of_the_folder_of_outputs(root: Path, name: str) -> None:
    (root / "secret").write_text(f"{STAMP} stdout F secret\n")

    said = logs(root, "", run(attempts=[attempt(output=name)]))

    assert said.out == ""
    assert said.err == "what attempt 1 wrote is no longer kept\n"


def test_shows_a_damaged_line_as_it_is(root: Path) -> None:
    (root / "logs/runs/7.1").write_bytes(b"\x00\x00torn\n")
    write(root, "7.1", "stdout F whole")

    said = logs(root)

    assert (said.out, said.err) == ("whole\n", r"\x00\x00torn" + "\n")


def test_an_unknown_run_is_left_to_the_entry(root: Path) -> None:
    with pytest.raises(UnknownRun):
        logs(root, "", UnknownRun("7"))


def test_is_quick_with_long_outputs(root: Path) -> None:
    with (root / "logs/runs/7.1").open("w") as file:
        file.writelines(f"{STAMP} stdout F line {number}\n" for number in range(50_000))

    assert logs(root).out.count("\n") == 50_000
