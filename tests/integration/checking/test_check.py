"""`check` as a person, an editor and CI meet it: real files, a real process."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from task_scheduler.composition import task_reader
from task_scheduler.ports import SourceFile
from task_scheduler.project import Project
from task_scheduler.settings import load_settings
from task_scheduler.testing.fork_server import carry_out

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).resolve().parents[3]
GOOD = '"""\n---\ntitle: Report\ndescription: Counts\nschedule: daily at 10:30\n---\n"""\nprint()\n'
WARNED = '"""\n---\ntitle: Report\nschedule: hourly\n---\n"""\nprint()\n'
BAD = '"""\n---\ntitle: 5\ndescription: Counts\ntimeout: soon\n---\n"""\nprint()\n'


@pytest.fixture
def root() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="checking-") as folder:
        yield Path(folder).resolve()


def write(root: Path, **files: str) -> None:
    for name, text in files.items():
        path = root / "tasks" / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


def check(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return carry_out(
        "check", *arguments, cwd=cwd, variables={"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY), "TZ": "UTC"}
    )


def test_a_calendar_that_cannot_be_used_is_an_error_as_it_is_to_the_scheduler(root: Path) -> None:
    (root / "closed.txt").write_text("2027-01-01\n2027-02-31\n", encoding="utf-8")
    schedule = "schedule: daily at 10:30\n"
    for name, calendar in (("broken", "closed.txt"), ("fine", "DE-BY"), ("gone", "gone.ics"), ("nowhere", "DE-XX")):
        write(root, **{name: GOOD.replace(schedule, f"{schedule}calendar: {calendar}\n")})

    done = check(cwd=root)

    assert done.returncode == 1
    assert [line.partition(";")[0].partition(", 'BE'")[0] for line in done.stdout.splitlines()] == [
        "tasks/broken.py:6: error: closed.txt:2: there is no date 2027-02-31",
        "tasks/gone.py:6: error: calendar 'gone.ics' cannot be read: No such file or directory",
        "tasks/nowhere.py:6: error: no calendar 'DE-XX': the parts of 'DE' are 'BB'",
    ]


def test_what_this_machine_does_not_have_is_warned_of_since_runs_would_fail(root: Path) -> None:
    fields = "schedule: hourly\nuser: no-such-user\nworking_directory: nowhere\n"
    write(root, report=GOOD.replace("schedule: daily at 10:30\n", fields), fine=GOOD)

    done = check(cwd=root)

    assert done.stdout.splitlines()[:2] == [
        "tasks/report.py:6: warning: user: no-such-user is no user of this machine; each run of it would fail here",
        f"tasks/report.py:7: warning: working_directory: {root}/nowhere does not exist; each run of it would fail here",
    ]
    assert done.returncode == 0


def test_all_problems_of_all_files_come_as_lines_that_editors_read(root: Path) -> None:
    write(root, good=GOOD, warned=WARNED, bad=BAD)

    done = check(cwd=root)

    assert done.stdout.splitlines() == [
        "tasks/bad.py:3: error: title must be text, not the number 5: put it in quotes",
        "tasks/bad.py:5: error: timeout must be a whole number, not the text 'soon': write digits, such as 300",
        "tasks/warned.py:2: warning: description is missing: recommended, to tell others what the task is for",
    ]
    assert done.stderr == "3 files checked: 2 errors in 1 file, 1 warning\n"
    assert done.returncode == 1


def test_warnings_count_only_when_asked(root: Path) -> None:
    write(root, warned=WARNED)

    assert check(cwd=root).returncode == 0
    assert check("--strict", cwd=root).returncode == 1


def test_a_good_file_needs_no_project_and_nothing_is_made(root: Path) -> None:
    (root / "alone.py").write_text(GOOD, encoding="utf-8")

    done = check("alone.py", cwd=root)

    assert (done.stdout, done.stderr, done.returncode) == ("", "1 file checked: nothing to say\n", 0)
    assert [path.name for path in root.iterdir()] == ["alone.py"]


def test_nothing_of_a_file_is_run(root: Path) -> None:
    write(root, eager=GOOD + "from pathlib import Path\nPath('ran').touch()\n")

    done = check(cwd=root)

    assert done.returncode == 0
    assert not list(root.rglob("ran"))


def test_says_what_good_files_would_do_when_asked(root: Path) -> None:
    decorated = (
        '"""\n---\ntitle: x\ndescription: y\ntimezone: UTC\n---\n"""\n'
        "from task_scheduler.decorators import every, repeat\n"
        "@repeat(every(5).minutes)\n@repeat(every(N).hours)\ndef start(): pass\n"
    )
    off = GOOD.replace("schedule:", "enabled: false\nschedule:")
    by_hand = '"""\n---\ntitle: x\ndescription: y\n---\n"""\n'
    write(root, good=GOOD, decorated=decorated, off=off, by_hand=by_hand, module="X = 1\n", bad=BAD)

    said = check("--verbose", cwd=root).stdout

    assert "tasks/good.py: ok: every day at 10:30 runs the whole file\n" in said
    assert (
        "tasks/decorated.py: ok: every 5 minutes (UTC) runs start; "
        "schedules that only importing it in its environment can tell\n" in said
    )
    assert "tasks/off.py: ok: disabled\n" in said
    assert "tasks/by_hand.py: ok: only when started by hand\n" in said
    assert "tasks/module.py: ok: a module: " in said
    assert "tasks/bad.py: ok" not in said


def test_paths_are_told_as_the_person_sees_them(root: Path) -> None:
    write(root, bad=BAD)
    (root / "elsewhere").mkdir()
    project = f"--root={root}"

    inside = check(project, cwd=root / "tasks").stdout
    outside = check(project, cwd=root / "elsewhere").stdout
    named = check("../tasks/bad.py", project, cwd=root / "elsewhere").stdout

    assert inside.startswith("bad.py:3: error: ")
    assert outside.startswith(f"{root}/tasks/bad.py:3: error: ")
    assert named.startswith("../tasks/bad.py:3: error: ")


def test_folders_files_and_repetitions_may_be_mixed(root: Path) -> None:
    write(root, bad=BAD, example_one=WARNED)
    (root / "more" / "deep").mkdir(parents=True)
    (root / "more" / "deep" / "example_two.py").write_text(WARNED, encoding="utf-8")

    done = check("more", "tasks/bad.py", "tasks", "tasks/bad.py", cwd=root)

    assert [line.partition(":")[0] for line in done.stdout.splitlines()] == [
        "more/deep/example_two.py",
        "tasks/bad.py",
        "tasks/bad.py",
    ]
    assert done.stderr.startswith("2 files checked: ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["gone.py"], "error: there is no file gone.py\n"),
        (["-", "a"], "error: there is no file -\nerror: there is no file a\n"),
        ([], "error: there is no folder tasks\n\nhint: name the files to check, or the project: --root DIR\n"),
        (["--no-such-option"], "error: unrecognized arguments: --no-such-option\n"),
    ],
)
def test_what_cannot_be_checked_is_wrong_usage(root: Path, arguments: list[str], message: str) -> None:
    done = check(*arguments, cwd=root)

    assert done.stderr.startswith(message)
    assert (done.stdout, done.returncode) == ("", 2)


def test_tasks_that_run_after_none_or_in_a_circle_are_warned_of_once_with_their_line(root: Path) -> None:
    chained = {
        "alpha": "after beta",
        "beta": "after alpha on any",
        "gamma": "after alfa",
        "own": "after own",
        "tail": "after gamma",
        "util": "after module",
    }
    write(root, module="X = 1\n", **{name: GOOD.replace("daily at 10:30", told) for name, told in chained.items()})

    whole, one = check(cwd=root), check("beta", cwd=root)

    end = "each run would start the next one without end, so"
    none = "until there is, this starts nothing"
    assert whole.stdout.splitlines() == [
        f"tasks/alpha.py:5: warning: alpha after beta after alpha: {end} none of them is run after the one it names",
        f"tasks/gamma.py:5: warning: after alfa: there is no task 'alfa', did you mean 'alpha'?; {none}",
        f"tasks/own.py:5: warning: own after own: {end} it is not run after itself",
        f"tasks/util.py:5: warning: after module: there is no task 'module'; {none}",
    ]
    assert one.stdout.splitlines() == [
        f"tasks/beta.py:5: warning: beta after alpha after beta: {end} none of them is run after the one it names"
    ]
    assert (whole.returncode, check("--strict", "beta", cwd=root).returncode) == (0, 1)


def test_a_computed_schedule_is_noted_and_no_warning(root: Path) -> None:
    text = GOOD.replace("schedule: daily at 10:30\n", "") + (
        'from task_scheduler.decorators import cron, repeat\nHOUR = 9\n@repeat(cron(f"0 {HOUR} * * *"))\ndef start(): pass\n'
    )
    write(root, task=text)

    done, told = check("--strict", cwd=root), json.loads(check("--json", cwd=root).stdout)

    said = "its schedule is computed: known when the file is admitted, which imports it in its environment"
    assert (done.stdout, done.returncode) == (f"tasks/task.py:10: note: {said}\n", 0)
    assert done.stderr == "1 file checked: 1 note\n"
    assert told["problems"] == [{"path": "tasks/task.py", "line": 10, "severity": "note", "message": said}]


@pytest.mark.parametrize(
    ("text", "usual", "strict"), [(GOOD, 0, 0), (WARNED, 0, 1), (BAD, 1, 1)], ids=["good", "warned", "bad"]
)
def test_what_a_check_exits_with(root: Path, text: str, usual: int, strict: int) -> None:
    write(root, task=text)

    assert [check(*options, cwd=root).returncode for options in ([], ["--strict"])] == [usual, strict]


def test_an_empty_folder_of_tasks_is_fine(root: Path) -> None:
    (root / "tasks").mkdir()

    done = check(cwd=root)

    assert (done.stdout, done.stderr, done.returncode) == ("", "no task files to check\n", 0)


def test_other_files_are_no_tasks(root: Path) -> None:
    (root / "notes.md").write_text("words", encoding="utf-8")

    done = check("notes.md", cwd=root)

    assert done.stdout == "notes.md: error: only files whose names end in .py can be tasks: rename it\n"
    assert done.returncode == 1


def test_an_unusable_configuration_is_told_apart(root: Path) -> None:
    write(root, good=GOOD)
    (root / "config").mkdir()
    (root / "config" / "config.yaml").write_text("tasks:\n  file_pattern: 5\n", encoding="utf-8")

    done = check(cwd=root)

    assert done.returncode == 3
    assert "tasks.file_pattern" in done.stderr


def test_the_settings_decide_which_files_are_tasks(root: Path) -> None:
    write(root, job_one=BAD, other=BAD)
    (root / "config").mkdir()
    (root / "config" / "config.yaml").write_text("tasks:\n  file_pattern: job_*.py\n", encoding="utf-8")

    done = check(cwd=root)

    assert done.stderr.startswith("1 file checked: ")


def test_the_document_tells_files_and_problems(root: Path) -> None:
    write(root, good=GOOD, bad=BAD)

    done = check("--json", cwd=root)

    told = json.loads(done.stdout)
    assert told["files"] == [
        {"path": "tasks/bad.py", "kind": "task", "title": None, "enabled": None, "schedules": [], "computed": False},
        {
            "path": "tasks/good.py",
            "kind": "task",
            "title": "Report",
            "enabled": True,
            "schedules": [{"function": None, "trigger": "every day at 10:30", "timezone": None, "line": 5}],
            "computed": False,
        },
    ]
    assert [(problem["path"], problem["line"], problem["severity"]) for problem in told["problems"]] == [
        ("tasks/bad.py", 3, "error"),
        ("tasks/bad.py", 5, "error"),
    ]
    assert (done.stderr, done.returncode) == ("", 1)


def test_broken_helpers_are_told_of_where_they_are(root: Path) -> None:
    write(root, uses=GOOD + "from helpers.sums import add\n")
    (root / "helpers").mkdir()
    (root / "helpers" / "sums.py").write_text(
        '"""\n---\ndependencies: requests\n---\n"""\ndef add(): pass\n', encoding="utf-8"
    )

    done = check(cwd=root)

    assert done.stdout.startswith("helpers/sums.py:3: error: dependencies must be a list")
    assert done.returncode == 1


def test_a_helper_is_judged_as_what_it_is(root: Path) -> None:
    (root / "helpers" / "deep").mkdir(parents=True)
    (root / "helpers" / "good.py").write_text('"""\n---\ndependencies: [requests]\n---\n"""\n', encoding="utf-8")
    (root / "helpers" / "deep" / "bad.py").write_text('"""\n---\ntimeout: soon\n---\n"""\n', encoding="utf-8")

    good = check("--strict", "helpers/good.py", cwd=root)
    all_of_them = check("helpers", cwd=root)

    assert (good.stdout, good.returncode) == ("", 0)
    assert all_of_them.stdout == (
        "helpers/deep/bad.py:3: error: timeout must be a whole number, not the text 'soon': write digits, such as 300\n"
    )


def test_local_modules_and_declared_packages_are_provided(root: Path) -> None:
    (root / "library").mkdir()
    (root / "single.py").touch()
    needs = "dependencies: [PyYAML, 'requests[socks]>=2', google-cloud-storage]\n"
    imports = "import yaml, requests.adapters, library.x, single, beside, os.path, helpers, tasks.x\nfrom google.cloud import storage\n"
    write(root, good=GOOD.replace("schedule:", f"{needs}schedule:") + imports, beside="X = 1\n")

    done = check("--strict", cwd=root)

    assert (done.stdout, done.returncode) == ("", 0)


def test_undeclared_imports_are_warned_of_with_the_package_that_provides_them(root: Path) -> None:
    needs = GOOD.replace("schedule:", "dependencies: [requests]\nschedule:")
    write(root, bad=needs + "import yaml\nimport our_own\nif True:\n    import numpy\n")

    done = check(cwd=root)

    assert done.stdout.splitlines() == [
        "tasks/bad.py:10: warning: imports 'yaml', which none of its packages seems to provide: add \"PyYAML\" to 'dependencies'",
        "tasks/bad.py:11: warning: imports 'our_own', which none of its packages seems to provide: add the package to 'dependencies'",
    ]
    assert done.returncode == 0
    assert done.stderr == "1 file checked: 2 warnings\n"
    assert check("-v", cwd=root).stderr == (
        "1 file checked: 2 warnings\n"
        "packages are not looked up here: `python3 -m task_scheduler env build FILE` does that\n"
    )


def test_an_import_without_any_package_is_an_error_as_for_the_scheduler(root: Path) -> None:
    write(root, bad=GOOD + "import yaml\n", computed=GOOD + "def start():\n    import yaml\n")

    done = check(cwd=root)

    assert done.stdout == (
        "tasks/bad.py:9: error: imports 'yaml', which none of its packages provides: add \"PyYAML\" to 'dependencies'\n"
    )
    assert done.returncode == 1


def test_in_a_shared_environment_another_task_may_bring_the_package(root: Path) -> None:
    (root / "config").mkdir()
    (root / "config" / "config.yaml").write_text("virtual_env:\n  mode: shared\n", encoding="utf-8")
    write(root, bad=GOOD + "import yaml\n")

    done = check(cwd=root)

    assert "tasks/bad.py:9: warning: imports 'yaml'" in done.stdout
    assert done.returncode == 0


def test_a_nested_task_finds_the_modules_beside_it_in_the_folder_of_tasks_and_in_the_project(root: Path) -> None:
    (root / "tasks" / "sub").mkdir(parents=True)
    (root / "tasks" / "sub" / "beside.py").touch()
    (root / "tasks" / "shared_mod.py").touch()
    (root / "at_root.py").touch()
    uses = root / "tasks" / "sub" / "uses.py"
    uses.write_text(GOOD + "import beside, shared_mod, at_root\n", encoding="utf-8")

    done = check("--strict", cwd=root)

    assert (done.stdout, done.returncode) == ("", 0)


def test_a_helper_imported_by_its_bare_name_is_told_how_to(root: Path) -> None:
    (root / "helpers").mkdir()
    (root / "helpers" / "sizes.py").write_text("def human(): ...\n", encoding="utf-8")
    write(root, uses=GOOD + "import sizes\n")

    done = check(cwd=root)

    assert done.stdout == (
        "tasks/uses.py:9: error: imports 'sizes', which is a helper: write 'from helpers import sizes'\n"
    )


def test_a_python_that_is_not_on_this_machine_is_a_warning(root: Path) -> None:
    write(root, far=GOOD.replace("schedule:", 'python_version: "3.98"\nschedule:'))

    done = check(cwd=root)

    assert done.stdout.startswith("tasks/far.py: warning: no Python 3.98 or later is on this machine (found: ")
    assert done.returncode == 0


def test_modules_are_counted_by_themselves(root: Path) -> None:
    write(root, good=GOOD, one="X = 1\n")

    done = check(cwd=root)

    assert done.stderr == (
        "2 files checked (1 module among them, which never runs by itself; a schedule makes a task of "
        "one: `schedule: daily at 02:30`): nothing to say\n"
    )


def test_a_task_may_be_named_by_its_id(root: Path) -> None:
    write(root, bad=BAD, good=GOOD)

    done = check("bad", cwd=root)
    slip = check("bed", cwd=root)

    assert done.stderr == "1 file checked: 2 errors in 1 file\n"
    hint = "hint: `python3 -m task_scheduler list` shows every task\n"
    assert (slip.stderr, slip.returncode) == (f"error: there is no file bed, did you mean 'bad'?\n\n{hint}", 2)


def test_paths_that_lead_to_no_file_are_a_sentence(root: Path) -> None:
    write(root, good=GOOD)
    (root / "tasks/loop.py").symlink_to("loop.py")
    (root / "tasks/broken.py").symlink_to("nowhere")

    said = {name: check(name, cwd=root) for name in ("tasks/loop.py", "tasks/broken.py", "", "tasks/god.py")}

    assert {name: each.stderr.splitlines()[0] for name, each in said.items()} == {
        "tasks/loop.py": "error: 'tasks/loop.py' cannot be used: its symbolic links lead in a circle",
        "tasks/broken.py": "error: tasks/broken.py: it is a link that leads nowhere",
        "": "error: an empty path names nothing: was a variable empty?",
        "tasks/god.py": "error: there is no file tasks/god.py, did you mean 'good.py'?",
    }
    assert {each.returncode for each in said.values()} == {2}


def test_what_is_only_recommended_is_said_by_check_and_not_by_the_scheduler(root: Path) -> None:
    write(root, warned=WARNED)
    project = Project(root=root, config=root / "config" / "config.yaml", config_required=False)
    source = SourceFile(task_id="warned", path="tasks/warned.py", digest="", content=WARNED.encode())

    said = task_reader(*load_settings(project)).read(source).problems

    assert said == ()
    assert "description is missing" in check(cwd=root).stdout


def test_the_schema_is_written_for_editors(root: Path) -> None:
    published = json.loads((REPOSITORY / "docs" / "frontmatter.schema.json").read_text(encoding="utf-8"))

    done = check("--schema", cwd=root)

    assert json.loads(done.stdout) == published
    assert (done.stderr, done.returncode) == ("", 0)
