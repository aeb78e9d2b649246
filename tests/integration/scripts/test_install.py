"""`install.sh`: a service with a user of its own, from a clone of the program, again and away again.

Everything is real but the program's command line, which notes what it is asked: root, users, venvs, systemd's own check.
"""

from __future__ import annotations

import grp
import json
import os
import pwd
import secrets
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
import uv

from task_scheduler.testing.running import REPOSITORY, RunningProject
from task_scheduler.testing.wheels import build_wheel
from tests.acceptance.fresh_clone import make_clone
from tests.integration.scripts.conftest import needs, needs_root, privately
from tests.integration.starting.clones import Clone, without_packages

PYTHON = Path("/usr/bin/python3")
#: Notes what it is asked and by whom; refuses where the project has a file `refuse`.
_COMMAND_LINE = """
import json, os
from pathlib import Path


def main(argv):
    root = Path(argv[argv.index("--root") + 1])
    if (root / "data").is_dir():
        with open(root / "data" / "asked", "a") as file:
            file.write(json.dumps([os.getuid(), argv[argv.index("--root") + 2 :]]) + "\\n")
    if (root / "refuse").exists():
        print("error: this does not suit me")
        return 3
    return 0
"""

pytestmark = [
    needs_root(),
    needs("useradd", "runuser", "flock"),
    pytest.mark.skipif(not without_packages(PYTHON), reason=f"no {PYTHON} that makes virtual environments"),
    pytest.mark.skipif(not os.access(PYTHON, os.X_OK), reason=f"no {PYTHON}, which users of their own may run"),
]


class Machine:
    """A clone to install from, and where it goes; no part of the machine outside is touched but its list of users."""

    def __init__(self, folder: Path, wheels: Path) -> None:
        self.folder = folder
        self.clone = Clone(folder / "a clone", wheels, path=folder / "bin")
        self.clone.offer_uv()
        self.source = self.clone.folder
        self.prefix = folder / "a prefix 5%"
        self.units = folder / "units"
        self.user = f"ts-{secrets.token_hex(4)}"
        self._complete_the_clone()

    def _complete_the_clone(self) -> None:
        shutil.copytree(REPOSITORY / "scripts", self.source / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(REPOSITORY / "task_scheduler/__init__.py", self.source / "task_scheduler/__init__.py")
        (self.source / "task_scheduler/cli/main.py").write_text(_COMMAND_LINE)
        for name in ("README.md", "CHANGELOG.md", "LICENSE", "docs/services.md"):
            (self.source / name).parent.mkdir(exist_ok=True)
            (self.source / name).write_text("words\n")
        self.write("helpers/__init__.py", "VERSION = 1\n")
        self.write("helpers/other.py", "VERSION = 1\n")
        self.write("tasks/mine.py", "print('mine')\n")
        self.write("config/config.yaml", "# as it comes\n")
        self.write("config/secrets.yaml", "key: of mine\n").chmod(0o600)
        self.write("config/secrets.yaml.example", "key: text\n")

    def write(self, name: str, text: str) -> Path:
        path = self.source / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    def install(
        self,
        *arguments: str,
        units: Path | None = None,
        variables: Mapping[str, str] | None = None,
        within: Sequence[str] = (),
    ) -> subprocess.CompletedProcess[str]:
        """Run install.sh for this prefix, folder of units and user."""
        command = [str(self.source / "scripts" / "install.sh"), "--prefix", str(self.prefix)]
        if "--uninstall" not in arguments:
            command += ["--user", self.user, "--python", str(PYTHON)]
        if not within:
            command += ["--unit-dir", str(units or self.units)]
        return subprocess.run(
            [*within, *command, *arguments],
            env=self.variables if variables is None else variables,
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    @property
    def variables(self) -> dict[str, str]:
        return {**self.clone.variables, "PATH": f"{self.clone.path}:/usr/sbin:/usr/bin:/sbin:/bin"}

    @property
    def asked(self) -> list[tuple[int, list[str]]]:
        """Who asked the program for what."""
        lines = (self.prefix / "data" / "asked").read_text().splitlines()
        return [(uid, words) for uid, words in map(json.loads, lines)]

    @property
    def release(self) -> str:
        return (self.prefix / "current").readlink().name

    def may(self, flag: str, path: Path) -> bool:
        """Whether the service's user may `-r`ead, `-w`rite or e`-x`ecute something."""
        return subprocess.run(["runuser", "-u", self.user, "--", "test", flag, path], check=False).returncode == 0

    def close(self) -> None:
        """Remove the user."""
        with suppress(KeyError):
            pwd.getpwnam(self.user)
            subprocess.run(["userdel", self.user], check=True)


@pytest.fixture
def machine() -> Iterator[Machine]:
    # Not in pytest's folder, which is closed to the service's user.
    folder = Path(tempfile.mkdtemp(prefix="task-scheduler-"))
    folder.chmod(0o755)
    build_wheel(folder / "wheels", "needed-by-main", "1.0")
    build_wheel(folder / "wheels", "needed-by-main", "1.5")
    made = Machine(folder, folder / "wheels")
    try:
        yield made
    finally:
        made.close()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.slow
def test_a_life_of_an_installation(machine: Machine) -> None:
    done = machine.install()

    assert done.returncode == 0, done.stderr
    prefix, account = machine.prefix, pwd.getpwnam(machine.user)
    assert (account.pw_dir, account.pw_shell) == (str(prefix / "data/home"), "/usr/sbin/nologin")
    assert machine.asked == [(account.pw_uid, ["run", "--check"])]
    _assert_closed_where_it_should_be(machine)
    first = machine.release

    again = machine.install()

    assert f"release {first} is there" in again.stdout
    assert machine.release == first

    # An upgrade, after a person has worked with what was installed.
    (prefix / "config/config.yaml").write_text("# as I like it\n")
    (prefix / "tasks/mine.py").write_text("print('changed')\n")
    (prefix / "helpers/other.py").write_text("VERSION = 'mine'\n")
    (prefix / "data/record").write_text("all there is")
    machine.write("config/config.yaml", "# with a new setting\n")
    machine.write("helpers/__init__.py", "VERSION = 2\n")
    machine.write("helpers/other.py", "VERSION = 2\n")
    machine.write("helpers/new.py", "VERSION = 2\n")
    machine.clone.require("needed-by-main>=1.5")
    upgraded = machine.install()

    assert upgraded.returncode == 0, upgraded.stderr
    assert machine.release != first
    assert sorted(path.name for path in (prefix / "releases").iterdir()) == sorted([first, machine.release])
    assert "needed-by-main>=1.5" in (prefix / "requirements.txt").read_text()
    assert {name: (prefix / name).read_text() for name in ("config/config.yaml", "tasks/mine.py", "data/record")} == {
        "config/config.yaml": "# as I like it\n",
        "tasks/mine.py": "print('changed')\n",
        "data/record": "all there is",
    }
    assert (prefix / "config/config.yaml.new").read_text() == "# with a new setting\n"
    helpers = {path.name: path.read_text() for path in (prefix / "helpers").iterdir() if path.is_file()}
    assert helpers == {
        "__init__.py": "VERSION = 2\n",
        "other.py": "VERSION = 'mine'\n",
        "other.py.new": "VERSION = 2\n",
        "new.py": "VERSION = 2\n",
    }

    removed = machine.install("--uninstall")

    assert removed.returncode == 0, removed.stderr
    assert machine.asked[-1] == (account.pw_uid, ["shutdown", "--kill"])
    assert list(machine.units.iterdir()) == []
    assert sorted(path.name for path in prefix.iterdir() if path.name[0] != ".") == [
        "config", "data", "helpers", "logs", "tasks",
    ]  # fmt: skip
    assert pwd.getpwnam(machine.user)

    purged = machine.install("--uninstall", "--purge")

    assert purged.returncode == 0, purged.stderr
    assert not prefix.exists()
    with pytest.raises(KeyError):
        pwd.getpwnam(machine.user)
    nothing = machine.install("--uninstall")
    assert (nothing.returncode, nothing.stdout) == (0, f"nothing is installed at {prefix}\n")


def _assert_closed_where_it_should_be(machine: Machine) -> None:
    prefix = machine.prefix
    for name in (".", "main.py", "task_scheduler", "venv", "helpers", "tasks", "config/config.yaml", "tasks/mine.py"):
        assert machine.may("-r", prefix / name), name
        assert not machine.may("-w", prefix / name), name
    for name in ("data", "logs", "config", "data/home"):
        assert machine.may("-w", prefix / name), name
    secret = (prefix / "config/secrets.yaml").stat()
    assert (secret.st_uid, grp.getgrgid(secret.st_gid).gr_name, oct(secret.st_mode)) == (0, machine.user, "0o100640")
    # A task keeps files of its own there (save_config), and can replace none of root's.
    as_service = ["runuser", "-u", machine.user, "--", "sh", "-c"]
    line = f'cd "{prefix}/config" && touch own.yaml && ! mv -f own.yaml config.yaml && ! rm -f secrets.yaml'
    assert subprocess.run([*as_service, line], stderr=subprocess.DEVNULL, check=False).returncode == 0
    for name in ("config", "tasks", "logs", "data"):
        assert (prefix / name).stat().st_mode & 0o006 == 0, f"others may read {name}"


@pytest.mark.slow
def test_root_follows_no_link_of_the_service_and_gives_it_no_file_of_its_own(machine: Machine) -> None:
    assert machine.install().returncode == 0
    config, elsewhere = machine.prefix / "config", machine.folder / "of root"
    elsewhere.mkdir()
    private = elsewhere / "private"
    private.write_text("of root alone\n")
    private.chmod(0o600)
    (config / "config.yaml.new").symlink_to(elsewhere)
    (config / "secrets.yaml.example").unlink()
    (config / "secrets.yaml.example").symlink_to(private)
    (config / "secrets.yaml.example.replacing").symlink_to(elsewhere / "made")
    machine.write("config/config.yaml", "# with a new setting\n")

    upgraded = machine.install()

    assert upgraded.returncode == 0, upgraded.stderr
    assert [path.name for path in elsewhere.iterdir()] == ["private"]
    for name, text in (("config.yaml.new", "# with a new setting\n"), ("secrets.yaml.example", "key: text\n")):
        assert not (config / name).is_symlink()
        assert (config / name).read_text() == text
    secret = config / "secrets.yaml"
    for lead, says in ((Path.symlink_to, "symbolic link"), (Path.hardlink_to, "hard link")):
        secret.unlink()
        lead(secret, private)
        refused = machine.install()
        assert refused.returncode == 1
        assert "secrets.yaml is left alone" in refused.stderr
        assert says in refused.stderr
        found = private.stat()
        assert (found.st_uid, found.st_gid, oct(found.st_mode)) == (0, 0, "0o100600")
    assert private.read_text() == "of root alone\n"

    # Root has left it in a folder of the service, whose user may move it from there, and give it its own group before.
    secret.unlink()
    data = machine.prefix / "data"
    data.chmod(0o2711)
    left = data / "left by root"
    left.write_text("of root alone\n")
    left.chmod(0o600)
    subprocess.run(["runuser", "-u", machine.user, "--", "mv", left, secret], check=True)
    refused = machine.install()
    assert (refused.returncode, oct(secret.stat().st_mode)) == (1, "0o100600")
    assert f"it is root's, and {machine.user} may not read it; if it is meant for the service: chgrp" in refused.stderr
    secret.chmod(0o644)
    assert machine.install().returncode == 0
    assert (secret.stat().st_uid, oct(secret.stat().st_mode)) == (0, "0o100640")


@pytest.mark.slow
def test_a_folder_in_the_place_of_a_file_is_told_before_anything_is_put_in_force(machine: Machine) -> None:
    assert machine.install().returncode == 0
    first = machine.release
    machine.write("task_scheduler/new.py", "")
    (machine.prefix / "main.py").unlink()
    for name in ("config/config.yaml.new", "helpers/other.py.new", "main.py"):
        (machine.prefix / name).mkdir()
        refused = machine.install()
        assert (refused.returncode, machine.release) == (1, first)
        assert f"{Path(name).name} is a folder, where a file of the program belongs" in refused.stderr
        (machine.prefix / name).rmdir()

    assert machine.install().returncode == 0
    assert machine.release != first


@pytest.mark.slow
def test_another_user_takes_over_after_an_uninstall_alone(machine: Machine) -> None:
    assert machine.install().returncode == 0
    prefix, first = machine.prefix, pwd.getpwnam(machine.user)
    before = {path: path.lstat().st_uid for path in prefix.rglob("*")}

    refused = machine.install("--user", "nobody")

    assert refused.returncode == 2
    assert f"is installed for the user {machine.user}, and not for nobody" in refused.stderr
    assert "--uninstall first" in refused.stderr
    assert {path: path.lstat().st_uid for path in prefix.rglob("*")} == before

    assert machine.install("--uninstall").returncode == 0
    private = machine.folder / "private"
    private.write_text("of root alone\n")
    (prefix / "data/soft").symlink_to(private)
    (prefix / "data/hard").hardlink_to(private)
    own = prefix / "config/own.yaml"
    for path in (prefix / "data/record", own):
        path.write_text("of the service\n")
        os.chown(path, first.pw_uid, first.pw_gid)
    # Of the former user, and of somebody else's folder, too.
    twice = machine.folder / "twice"
    twice.write_text("of the former user\n")
    os.chown(twice, first.pw_uid, first.pw_gid)
    (prefix / "data/twice").hardlink_to(twice)
    (prefix / "logs/of root").write_text("stays\n")
    nobody = pwd.getpwnam("nobody")
    changed = machine.install("--user", "nobody")

    assert changed.returncode == 0, changed.stderr
    for name in ("data", "data/home", "data/record", "logs"):
        assert _ids(prefix / name) == (nobody.pw_uid, nobody.pw_gid), name
    for name in ("tasks", "config", "config/config.yaml", "config/secrets.yaml"):
        assert _ids(prefix / name) == (0, nobody.pw_gid), name
    assert own.stat().st_uid == nobody.pw_uid
    assert [path.stat().st_uid for path in (private, prefix / "logs/of root", twice)] == [0, 0, first.pw_uid]
    assert machine.asked[-1] == (nobody.pw_uid, ["run", "--check"])
    assert oct((prefix / "config").stat().st_mode) == "0o43770"


def _ids(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_uid, found.st_gid


@pytest.mark.slow
def test_helpers_that_an_upgrade_did_not_get_to_are_brought_by_the_next_call(machine: Machine) -> None:
    assert machine.install().returncode == 0
    first, helper = machine.release, machine.prefix / "helpers/other.py"
    machine.write("helpers/other.py", "VERSION = 2\n")
    obstacle = machine.prefix / ".replacing"
    obstacle.mkdir()

    cut_short = machine.install()

    assert cut_short.returncode == 1
    assert "could not put release" in cut_short.stderr
    assert machine.release != first, "put in force first"
    assert helper.read_text() == "VERSION = 1\n"
    obstacle.rmdir()
    assert machine.install().returncode == 0
    assert helper.read_text() == "VERSION = 2\n"
    assert not helper.with_name("other.py.new").exists()


@needs("script")
@pytest.mark.slow
def test_the_command_has_the_environment_of_a_service_and_a_terminal_of_its_own(machine: Machine) -> None:
    machine.write(
        "task_scheduler/cli/main.py",
        "import json, os\n\n\ndef main(argv):\n"
        "    if 'list' in argv:\n"
        "        terminal = os.ttyname(1) if os.isatty(1) else ''\n"
        "        print(json.dumps([dict(os.environ), argv[-1], terminal]))\n"
        "    return 0\n",
    )
    assert machine.install().returncode == 0
    command = [str(machine.prefix / "task-scheduler"), "list", "a  word"]
    variables = {**os.environ, "AWS_SECRET_ACCESS_KEY": "of root", "LANG": "C.UTF-8"}

    said = subprocess.run(command, env=variables, capture_output=True, text=True, check=True, cwd="/").stdout

    environment, word, terminal = json.loads(said)
    assert (word, terminal) == ("a  word", "")
    assert "AWS_SECRET_ACCESS_KEY" not in environment
    assert environment["HOME"] == str(machine.prefix / "data/home")
    assert (environment["LANG"], environment["USER"]) == ("C.UTF-8", machine.user)

    if "--pty" not in subprocess.run(["runuser", "--help"], capture_output=True, text=True, check=True).stdout:
        return
    line = f"tty; {shlex.join(command)}"
    shown = subprocess.run(
        ["script", "-qec", line, "/dev/null"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True, timeout=30,
    ).stdout  # fmt: skip
    outer, answer = shown.replace("\r", "").splitlines()[:2]
    assert json.loads(answer[answer.index("[") :])[2] not in ("", outer)


@needs("systemd-analyze")
@pytest.mark.slow
def test_systemd_finds_no_fault_with_the_unit(machine: Machine) -> None:
    assert machine.install("--strict").returncode == 0
    unit = machine.units / "task-scheduler.service"

    judged = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)

    assert (judged.returncode, judged.stdout, judged.stderr) == (0, "", "")
    settings = [line for line in unit.read_text().splitlines() if "=" in line and line[0] != "#"]
    percent_free = str(machine.prefix).replace("%", "%%")
    for line in (
        "Type=notify",
        "NotifyAccess=main",
        "KillMode=process",
        "OOMPolicy=continue",
        "Restart=on-failure",
        "Delegate=yes",
        "ExecReload=/bin/kill -HUP $MAINPID",
        f"User={machine.user}",
        f"WorkingDirectory={percent_free}",
        f'ExecStart="{percent_free}/venv/bin/python" "{percent_free}/main.py" run',
    ):
        assert line in settings
    strict = machine.units / "task-scheduler.service.d" / "strict.conf"
    assert "NoNewPrivileges=yes" in strict.read_text()
    security = ["systemd-analyze", "security", "--offline=true", "--threshold=40", str(unit)]
    judged = subprocess.run(security, capture_output=True, text=True, check=False)
    assert judged.returncode == 0, judged.stdout[-300:]


@needs("unshare")
@pytest.mark.slow
def test_systemd_is_told_of_the_unit_where_it_runs_and_nothing_is_started(machine: Machine) -> None:
    noted = machine.folder / "systemctl.calls"
    systemctl = machine.clone.path / "systemctl"
    systemctl.write_text(
        f"#!/bin/sh\necho \"$*\" >> '{noted}'\ncase $1 in\nis-system-running) echo running ;;\n"
        "--version) echo 'systemd 254 (254.1)' ;;\n--quiet) [ $2 != is-active ] ;;\nesac\n"
    )
    systemctl.chmod(0o755)
    # With units and wants of its own: what /etc/systemd/system of this machine holds is not touched.
    script = 'set -e; "$@"; cat /etc/systemd/system/task-scheduler.service; "$@" --uninstall --purge >&2'
    within = privately(["/etc/systemd/system"], ["sh", "-c", script, "sh"])

    done = machine.install(within=within)

    assert done.returncode == 0, done.stderr
    assert "DelegateSubgroup=scheduler" in done.stdout
    assert "sudo systemctl start task-scheduler" in done.stdout
    told = [line for line in noted.read_text().splitlines() if not line.startswith(("is-", "--version", "--quiet is-"))]
    assert told == [
        "daemon-reload",
        "--quiet enable task-scheduler.service",
        "--quiet disable --now task-scheduler.service",
        "daemon-reload",
    ]


@pytest.mark.slow
def test_what_fails_or_is_cut_short_leaves_the_release_in_force(machine: Machine) -> None:
    assert machine.install().returncode == 0
    first = machine.release

    machine.clone.require("needed-by-main>=7")
    no_package = machine.install()

    assert no_package.returncode == 1
    assert "the packages of the program could not be installed" in no_package.stderr
    machine.clone.require("needed-by-main>=1.5")
    (machine.prefix / "refuse").touch()
    refused = machine.install()
    (machine.prefix / "refuse").unlink()

    assert refused.returncode == 1
    assert "this does not suit me" in refused.stderr
    assert machine.release == first

    # As a power cut would: nothing of it is there to tidy up. The program named uv stands for a download that lasts.
    machine.write("task_scheduler/new.py", "")
    lasting = machine.clone.path / "uv"
    lasting.unlink()
    machine.clone.offer_uv('#!/bin/sh\n[ "$1" = --version ] || exec sleep 60\n')
    command = [str(machine.source / "scripts/install.sh"), "--prefix", str(machine.prefix)]
    command += ["--unit-dir", str(machine.units), "--python", str(PYTHON)]
    process = subprocess.Popen(command, env=machine.variables, stderr=subprocess.DEVNULL, start_new_session=True)
    waiter = RunningProject(machine.folder / "nothing")
    releases = machine.prefix / "releases"
    waiter.wait_for("the venv is begun", lambda: any(releases.glob("*/venv/.task-scheduler.json")) and not all(
        (path / ".complete").exists() for path in releases.iterdir()
    ))  # fmt: skip
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()

    assert machine.release == first
    assert (machine.prefix / "venv/bin/python").exists()
    lasting.unlink()
    lasting.symlink_to(uv.find_uv_bin())
    mended = machine.install()

    assert mended.returncode == 0, mended.stderr
    assert machine.release != first
    assert all((path / ".complete").exists() for path in releases.iterdir())


def test_a_rehearsal_changes_nothing_and_needs_no_root(machine: Machine) -> None:
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    command = [*nobody, str(machine.source / "scripts/install.sh"), "--dry-run", "--prefix", str(machine.prefix)]
    command += ["--unit-dir", str(machine.units), "--user", machine.user]

    told = subprocess.run(command, env=machine.variables, capture_output=True, text=True, check=False)

    assert told.returncode == 0, told.stderr
    for words in ("would make the user", "would copy the program", "would write", "Nothing was changed."):
        assert words in told.stdout
    assert [line for line in told.stdout.split("\n\n")[0].splitlines() if not line.startswith("would ")] == []
    assert not machine.prefix.exists()
    assert not machine.units.exists()
    without = subprocess.run(
        [part for part in command if part != "--dry-run"], capture_output=True, text=True, check=False
    )
    assert (without.returncode, without.stdout) == (3, "")
    assert "this needs root" in without.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--prefix", "/"], "is a folder of the system"),
        (["--prefix", "/usr"], "is a folder of the system"),
        (["--prefix", "/etc/scheduler"], "belongs to the system"),
        (["--prefix", "//opt/../usr/lib/x"], "belongs to the system"),
        (["--prefix", str(Path.home())], "is the home of"),
        (["--prefix", "opt/scheduler"], "is relative"),
        (["--prefix", "/opt/a\nb"], "control character"),
        (["--prefix", '/opt/"quoted"'], "systemd takes in no program's path"),
        (["--prefix", str(REPOSITORY)], "holds the folder this is installed from"),
        (["--prefix", str(REPOSITORY / "here")], "is inside the folder"),
        (["--prefix", "/var/lib"], "is not empty, and was not made by this script"),
        (["--prefix"], "--prefix needs a value"),
        (["--user", "a b"], "is no name for a user"),
        (["--unit-dir", "units"], "is not the whole path of a folder"),
        (["--purge"], "goes with --uninstall alone"),
        (["--prefx", "/opt/x"], "unknown argument --prefx"),
    ],
)
def test_what_cannot_be_followed_is_told_in_a_sentence(arguments: list[str], says: str, tmp_path: Path) -> None:
    given = arguments if "--unit-dir" in arguments else ["--unit-dir", str(tmp_path), *arguments]
    command = [str(REPOSITORY / "scripts/install.sh"), "--dry-run", *given]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")
    assert says in done.stderr


@pytest.mark.network
@pytest.mark.slow
def test_the_program_itself_works_as_its_own_user(machine: Machine) -> None:
    """From this repository, with its packages from the index: a scheduler, a task, an end without remains."""
    shutil.rmtree(machine.source)
    make_clone(machine.source)
    kept = ("PIP_", "UV_", "SSL_", "HTTP", "http", "HOME")
    variables = {name: value for name, value in os.environ.items() if name.startswith(kept)}
    variables["PATH"] = machine.variables["PATH"]

    done = machine.install(variables=variables)

    assert done.returncode == 0, done.stderr
    command = str(machine.prefix / "task-scheduler")
    facts = RunningProject(machine.prefix)
    try:
        started = subprocess.run([command, "run", "--daemon"], capture_output=True, text=True, cwd="/", check=False)
        assert started.returncode == 0, started.stderr
        facts.write_task(
            "who", "import os\n\n@repeat(every().day.at('00:00'))\ndef start():\n    print('uid', os.getuid())\n"
        )
        facts.wait_for("the task is in force", lambda: facts.task("who").get("status") == "active")
        asked = subprocess.run(
            [command, "run-file", machine.prefix / "tasks/who.py"], capture_output=True, text=True, check=False
        )
        assert f"uid {pwd.getpwnam(machine.user).pw_uid}" in asked.stdout, asked.stderr
    finally:
        purged = machine.install("--uninstall", "--purge")
    assert purged.returncode == 0, purged.stderr
    left = subprocess.run(["pgrep", "-u", machine.user], capture_output=True, text=True, check=False).stdout
    assert left == ""
