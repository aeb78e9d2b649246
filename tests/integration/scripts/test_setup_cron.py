"""`setup_cron.sh`: what it writes, and that a crontab keeps every byte that is not its own."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.scripts.conftest import CRONS_VARIABLES, SCRIPTS, WatchedProject, needs, needs_root, privately

#: Gives a program another clock.
FAKE_TIME = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
#: Stands in for the crontab of the person who runs the tests.
_CRONTAB = """#!/bin/sh
file=$(dirname "$0")/crontab.text
case $1 in
-l) if [ -e "$file" ]; then cat "$file"; else echo "no crontab for me" >&2; exit 1; fi ;;
-r) rm "$file" ;;
*) cat "$1" > "$file" ;;
esac
"""
OTHERS = b'# mine \xff\nMAILTO=""\n\n5 4 * * * echo "100\\%" $HOME \\\\n\n\n'


class Crontab:
    """A crontab, and setup_cron.sh told of it."""

    def __init__(self, folder: Path, project: Path) -> None:
        self.file = folder / "crontab.text"
        self.project = project
        self._variables = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}
        (folder / "crontab").write_text(_CRONTAB)
        (folder / "crontab").chmod(0o755)

    @property
    def marks(self) -> tuple[str, str]:
        """The lines before and after the entries."""
        return f"# >>> task-scheduler {self.project} >>>", f"# <<< task-scheduler {self.project} <<<"

    def set_up(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [
            "sh",
            str(SCRIPTS / "setup_cron.sh"),
            "--root",
            str(self.project),
            "--python",
            sys.executable,
            *arguments,
        ]
        return subprocess.run(
            command,
            env=self._variables,
            capture_output=True,
            text=True,
            errors="surrogateescape",
            timeout=60,
            check=False,
            cwd="/",
        )


@pytest.fixture
def crontab(tmp_path: Path) -> Crontab:
    project = tmp_path / "it's 50% a\\project"
    project.mkdir()
    (tmp_path / "bin").mkdir()
    return Crontab(tmp_path / "bin", project)


@pytest.mark.slow
def test_entries_come_and_go_and_all_else_stays_byte_for_byte(crontab: Crontab) -> None:
    crontab.file.write_bytes(OTHERS)

    first = crontab.set_up("--install")
    with_entries = crontab.file.read_bytes()
    # What a person writes behind them later stays behind them.
    crontab.file.write_bytes(with_entries.replace(b" --restart\n", b"\n") + OTHERS)
    again = crontab.set_up("--install")

    assert first.returncode == again.returncode == 0, first.stderr + again.stderr
    assert with_entries.startswith(OTHERS)
    assert crontab.file.read_bytes() == with_entries + OTHERS
    assert "has these entries already" in crontab.set_up("--install", "--dry-run").stdout
    assert [line[:11] for line in with_entries[len(OTHERS) :].decode().splitlines()[1:-1]] == [
        "@reboot '/t",
        "*/5 * * * *",
        "0 2 * * * '",
        "0 3 * * * '",
    ]
    removed = crontab.set_up("--remove")
    assert removed.returncode == 0
    assert crontab.file.read_bytes() == OTHERS * 2
    assert "has no such entries" in crontab.set_up("--remove").stdout


@pytest.mark.slow
def test_without_a_crontab_there_is_none_again_in_the_end(crontab: Crontab) -> None:
    assert crontab.set_up("--install").returncode == 0
    assert crontab.file.exists()

    assert crontab.set_up("--remove").returncode == 0
    assert not crontab.file.exists()


def test_a_rehearsal_and_a_look_write_nothing_into_the_crontab(crontab: Crontab) -> None:
    told = crontab.set_up("--install", "--dry-run")

    assert told.returncode == 0
    assert "would write" in told.stdout
    assert "*/5 * * * *" in told.stdout
    assert not any((crontab.file.parent.parent / "it's 50% a\\project").iterdir())

    shown = crontab.set_up("--dry-run")

    assert "0 3 * * *" in shown.stdout
    assert not crontab.file.exists()


@pytest.mark.parametrize("action", ["--remove", "--install"])
@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("{end}\n{others}{begin}\n{others}", "comes before the line"),
        ("{begin}\n{others}", "and no line '# <<< "),
        ("{others}{end}\n", "and no line '# >>> "),
        ("{begin}\n{end}\n{begin}\n{others}{end}\n", "' is in your crontab more than once"),
        ("{begin}\n{end}\n{others}{end}\n", "<<<' is in your crontab more than once"),
        ("{end}\r\n{others}{begin}\r\n", "comes before the line"),
    ],
    ids=["the last first", "never closed", "never opened", "two blocks", "closed twice", "the last first, for Windows"],
)
def test_a_damaged_block_is_told_and_nothing_is_changed(crontab: Crontab, lines: str, says: str, action: str) -> None:
    begin, end = crontab.marks
    damaged = lines.format(begin=begin, end=end, others="5 * * * * mine\n").encode()
    crontab.file.write_bytes(damaged)

    refused = crontab.set_up(action)

    assert (refused.returncode, refused.stdout) == (1, "")
    assert says in refused.stderr
    assert "mend that first: crontab -e" in refused.stderr
    assert crontab.file.read_bytes() == damaged
    assert not any(crontab.project.iterdir())


def test_a_block_with_the_line_ends_of_windows_is_known_and_all_else_keeps_its_own(crontab: Crontab) -> None:
    begin, end = crontab.marks
    block = f"{begin}\r\n0 3 * * * old\r\n{end} \r\n".encode()
    crontab.file.write_bytes(b"1 * * * * mine\r\n" + block + OTHERS)

    rehearsed = crontab.set_up("--install", "--dry-run").stdout
    removed = crontab.set_up("--remove")

    assert rehearsed.count(begin) == 1
    assert "old" not in rehearsed
    assert removed.returncode == 0, removed.stderr
    assert crontab.file.read_bytes() == b"1 * * * * mine\r\n" + OTHERS


def test_a_last_line_without_a_newline_gets_one_only_where_something_is_written(crontab: Crontab) -> None:
    begin, end = crontab.marks
    crontab.file.write_bytes(OTHERS + b"1 * * * * mine")

    assert "has no such entries" in crontab.set_up("--remove").stdout
    assert crontab.file.read_bytes() == OTHERS + b"1 * * * * mine"
    assert f"1 * * * * mine\n{begin}\n" in crontab.set_up("--install", "--dry-run").stdout

    crontab.file.write_bytes(f"{begin}\n{end}\n".encode() + OTHERS + b"1 * * * * mine")
    assert crontab.set_up("--remove").returncode == 0
    assert crontab.file.read_bytes() == OTHERS + b"1 * * * * mine\n"


def test_a_crontab_is_changed_only_once_a_copy_of_it_is_kept(crontab: Crontab) -> None:
    begin, end = crontab.marks
    before = OTHERS + f"{begin}\n0 3 * * * old\n{end}\n".encode()
    crontab.file.write_bytes(before)
    data = crontab.project / "data"
    data.touch()

    refused = crontab.set_up("--remove")

    assert refused.returncode == 1
    assert "no copy of your crontab could be put into" in refused.stderr
    assert crontab.file.read_bytes() == before

    data.unlink()
    removed = crontab.set_up("--remove")

    (copy,) = data.iterdir()
    assert copy.read_bytes() == before
    assert copy.stat().st_mode & 0o777 == 0o600
    assert f"your crontab as it was before: {copy}" in removed.stdout
    assert crontab.file.read_bytes() == OTHERS


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--instal"], 2, "unknown argument '--instal'"),
        (["--install", "--remove"], 2, "exclude each other"),
        (["--root"], 2, "--root needs a value"),
        (["--root", "/no/such/folder"], 2, "there is no folder"),
        (["--python", "/bin/false"], 2, "no Python 3.11 or later"),
    ],
)
def test_what_cannot_be_followed_is_told_in_a_sentence(arguments: list[str], code: int, says: str) -> None:
    done = subprocess.run(
        ["sh", SCRIPTS / "setup_cron.sh", "--dry-run", *arguments], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith("error: ")
    assert says in done.stderr


@pytest.mark.slow
def test_output_of_the_background_that_grew_large_is_put_aside_and_goes_on(watched: WatchedProject) -> None:
    logs = watched.root / "logs"
    logs.mkdir(exist_ok=True)
    with (logs / "scheduler.out").open("ab") as held:
        held.write(b"line\n" * 2_000_001)
        held.flush()

        done = subprocess.run(
            [watched.scripts / "rotate_logs.sh"], env=CRONS_VARIABLES, capture_output=True, text=True, check=False
        )
        held.write(b"later\n")

    assert (done.returncode, done.stderr) == (0, "")
    assert (logs / "scheduler.out").read_bytes() == b"later\n"
    (aside,) = logs.glob("scheduler.????-??-??_??-??-??.out.gz")
    assert len(gzip.decompress(aside.read_bytes())) == 10_000_005


@needs("cron", "crontab", "unshare")
@needs_root()
@pytest.mark.skipif(FAKE_TIME is None, reason="not on this machine: libfaketime")
@pytest.mark.slow
@pytest.mark.parametrize("is_boot", [True, False], ids=["when the machine starts", "every five minutes"])
def test_crons_own_daemon_has_the_scheduler_work(watched: WatchedProject, is_boot: bool) -> None:
    """Debian's cron with a crontab, a spool and a clock of its own."""
    spool = "/var/spool/cron/crontabs"
    before = f'mount --bind /dev/null /etc/crontab && mkdir {spool} && chmod 1730 {spool} && crontab "$FIRST"'
    before += f' && sh {SCRIPTS}/setup_cron.sh --root "$ROOT" --python "$PYTHON" --install >&2'
    if not is_boot:
        # Debian's cron starts what is due @reboot where this file is missing.
        before += " && touch /run/crond.reboot"
    first = watched.root.parent / "first"
    first.write_text('MAILTO=""\n')
    variables = {"ROOT": str(watched.root), "PYTHON": sys.executable, "FIRST": str(first), "PATH": os.environ["PATH"]}
    # Far from any entry, or three seconds before one. It is cron's clock alone: what it starts does not get these.
    clock = f"@2026-06-01 {'04:56:00' if is_boot else '04:59:57'}"
    daemon = ["env", f"LD_PRELOAD={FAKE_TIME}", f"FAKETIME={clock}", "/usr/sbin/cron", "-f"]

    cron = subprocess.Popen(
        privately(["/var/spool/cron", "/etc/cron.d", "/run"], daemon, before=before),
        env=variables,
        stdin=subprocess.DEVNULL,
    )
    try:
        watched.facts.wait_for("cron has the scheduler work", lambda: watched.facts.ask("status")["running"])
        if not is_boot:
            watched.facts.wait_for("the monitor has looked", lambda: "alive:" in watched.log)
    finally:
        cron.terminate()
        cron.wait(10)

    assert ("no scheduler is running: it is started" in watched.log) is not is_boot
    assert watched.pid is not None
