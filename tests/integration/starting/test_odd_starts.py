"""`main.py` where a machine, a person or another program has left things odd."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.integration.starting.clones import PROJECT, Clone, without_packages

pytestmark = pytest.mark.slow

SYSTEM_PYTHON = Path("/usr/bin/python3")
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


def in_shell(first: str) -> list[str]:
    """Return what runs a command in a shell that did something before."""
    return ["/bin/sh", "-c", f'{first}; exec "$@"', "sh"]


def plain_user() -> list[str]:
    """Return what runs a command as somebody who is not root."""
    if os.geteuid() != 0:
        return []
    if shutil.which(NOBODY[0]) is None:
        pytest.skip("no setpriv here to become a plain user")
    return [*NOBODY]


def interpreters() -> dict[tuple[int, int], Path]:
    """Return the path of each Python of this machine by its version, one of each.

    Their names tell it: none is started, since each process that collects tests asks.
    """
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    found = {}
    for path in sorted(root.glob("versions/*.*/bin/python")):
        major, minor = path.parent.parent.name.split(".")[:2]
        if (major + minor).isdecimal():
            found[int(major), int(minor)] = path
    for version in ((2, 7), *((3, minor) for minor in range(4, 20))):
        place = shutil.which("python{}.{}".format(*version))
        # What pyenv has put there is a script that may lead to no interpreter.
        if place is not None and root not in Path(place).parents:
            found.setdefault(version, Path(place))
    return found


PYTHONS = interpreters()
OLD = {version: path for version, path in PYTHONS.items() if version < (3, 11)}
FIT = {version: path for version, path in PYTHONS.items() if version >= (3, 11)}


@pytest.mark.parametrize("python", OLD.values(), ids=lambda path: str(path.parent.parent.name))
def test_an_old_python_gets_one_sentence(clone: Clone, python: Path) -> None:
    ending = clone.start(python=python)

    assert ending.code == 1
    assert ending.errors.startswith("error: Task Scheduler needs Python 3.11 or later; ")
    assert ending.errors.count("\n") == 1


@pytest.mark.parametrize("python", FIT.values(), ids=lambda path: str(path.parent.parent.name))
def test_every_python_from_3_11_on_serves(clone: Clone, python: Path) -> None:
    if not without_packages(python):
        pytest.skip("needs a Python with venv that every user may run")
    clone.offer_uv()

    assert clone.start(python=python).seen["version"] == "1.5"


@pytest.mark.parametrize(
    ("name", "locale"),
    [
        ("-dash", "C.UTF-8"),
        ("--root", "C.UTF-8"),
        ('it\'s "quoted" $HOME `id`', "C.UTF-8"),
        ("#1 100% ~ [a] {b}", "C.UTF-8"),
        ("new\nline", "C.UTF-8"),
        ("e\u0301", "C.UTF-8"),
        ("日本語 größer", "C"),
        ("日本語 größer", "POSIX"),
    ],
)
def test_a_folder_may_have_any_name(tmp_path: Path, wheels: Path, name: str, locale: str) -> None:
    clone = Clone(tmp_path / name, wheels, path=tmp_path / "bin")
    clone.offer_uv()

    seen = clone.start(variables={**clone.variables, "LC_ALL": locale}).seen

    assert seen["prefix"] == str(clone.venv)
    assert seen["arguments"] == ["--root", str(clone.folder)]


def test_a_folder_name_that_is_not_unicode_is_a_sentence(tmp_path: Path, wheels: Path) -> None:
    clone = Clone(tmp_path / os.fsdecode(b"caf\xe9"), wheels, path=tmp_path / "bin")

    ending = clone.start()

    assert ending.code == 1
    assert "caf\\udce9/venv has a name that is not UTF-8" in ending.errors
    assert not clone.venv.joinpath("bin").exists()


def test_a_link_to_main_py_means_the_clone_it_leads_to(clone: Clone, tmp_path: Path) -> None:
    clone.offer_uv()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/scheduler").symlink_to(clone.folder / "main.py")

    seen = clone.start(main="scheduler", cwd=tmp_path / "elsewhere").seen

    assert seen["prefix"] == str(clone.venv)
    assert seen["arguments"] == ["--root", str(clone.folder)]


def test_the_current_folder_and_its_settings_do_not_matter(clone: Clone, tmp_path: Path) -> None:
    clone.offer_uv()
    other = tmp_path / "another project"
    other.mkdir()
    (other / "uv.toml").write_text("this is no TOML\n")
    (other / "pyproject.toml").write_text("neither is this\n")

    assert clone.start(main=clone.folder / "main.py", cwd=other).seen["prefix"] == str(clone.venv)


def test_the_current_folder_may_be_gone(clone: Clone, tmp_path: Path) -> None:
    clone.offer_uv()
    (tmp_path / "gone").mkdir()
    leave = in_shell("rmdir ../gone")

    ending = clone.start(main=clone.folder / "main.py", cwd=tmp_path / "gone", before=leave)

    assert ending.seen["prefix"] == str(clone.venv)


def test_a_path_from_a_folder_that_is_gone_is_a_sentence(clone: Clone, tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()

    ending = clone.start(
        "--root", "x", main=clone.folder / "main.py", cwd=tmp_path / "gone", before=in_shell("rmdir ../gone")
    )

    assert (ending.code, ending.errors) == (
        1,
        "error: the current folder is gone: go to one that is there, or give whole paths\n",
    )


@pytest.mark.parametrize("with_uv", [True, False])
def test_another_projects_venv_is_left_alone(clone: Clone, tmp_path: Path, *, with_uv: bool) -> None:
    if with_uv:
        clone.offer_uv()
    other = tmp_path / "other"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", other], check=True)
    before = sorted(str(path) for path in other.rglob("*"))
    modules = tmp_path / "modules"
    (modules / "needed_by_main-2.9.dist-info").mkdir(parents=True)
    (modules / "needed_by_main-2.9.dist-info/METADATA").write_text("Name: needed-by-main\nVersion: 2.9\n")
    variables = {
        **clone.variables,
        "PATH": f"{other}/bin:{clone.variables['PATH']}",
        "VIRTUAL_ENV": str(other),
        "CONDA_PREFIX": str(other),
        "UV_PYTHON": str(other / "bin/python"),
        "UV_SYSTEM_PYTHON": "1",
        "PIP_TARGET": str(tmp_path / "target"),
        "PIP_USER": "1",
        "PYTHONPATH": str(modules),
        "PYTHONNOUSERSITE": "1",
    }

    seen = clone.start(python=other / "bin/python", variables=variables).seen

    assert seen == {"prefix": str(clone.venv), "arguments": ["--root", str(clone.folder)], "version": "1.5"}
    assert sorted(str(path) for path in other.rglob("*")) == before
    assert not (tmp_path / "target").exists()
    assert str(other) not in (clone.venv / "pyvenv.cfg").read_text()


def test_the_home_of_another_python_is_not_taken_into_the_venv(clone: Clone) -> None:
    clone.offer_uv()

    seen = clone.start(variables={**clone.variables, "PYTHONHOME": sys.base_prefix}).seen

    assert seen["prefix"] == str(clone.venv)


def test_uv_takes_packages_from_where_pip_is_told_to(clone: Clone) -> None:
    clone.offer_uv()
    variables = {name: value for name, value in clone.variables.items() if name not in {"UV_OFFLINE", "UV_FIND_LINKS"}}

    assert clone.start(variables=variables).seen["version"] == "1.5"


def test_what_cron_gives_is_enough(clone: Clone) -> None:
    clone.offer_uv()
    (clone.folder / "uv.toml").write_text(f'offline = true\nno-cache = true\nfind-links = ["{clone.wheels}"]\n')

    first = clone.start(
        main=clone.folder / "main.py",
        cwd=Path("/"),
        variables={"PATH": f"{clone.path}:/usr/bin:/bin", "HOME": "/nonexistent", "SHELL": "/bin/sh", "LOGNAME": "x"},
    )
    second = clone.start(main=clone.folder / "main.py", cwd=Path("/"), variables={})

    assert first.seen["prefix"] == second.seen["prefix"] == str(clone.venv)


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash to start a program under another name")
def test_an_interpreter_that_does_not_know_its_own_path_serves(clone: Clone) -> None:
    nameless = ["bash", "-c", 'python=$1; shift; unset PATH; exec -a python3 "$python" "$@"', "bash"]

    assert clone.start(before=nameless).seen["version"] == "1.5"


@pytest.mark.parametrize("home", [None, "/nonexistent", "/proc/1"])
def test_a_person_without_a_home_is_served_by_uv(clone: Clone, home: str | None) -> None:
    clone.offer_uv()
    variables = {name: value for name, value in clone.variables.items() if name not in {"HOME", "UV_NO_CACHE"}}

    seen = clone.start(variables=variables if home is None else {**variables, "HOME": home}).seen

    assert seen["version"] == "1.5"


@pytest.mark.parametrize("mask", ["000", "077"])
def test_any_umask_serves(clone: Clone, mask: str) -> None:
    clone.offer_uv()

    assert clone.start(before=in_shell(f"umask {mask}")).seen["version"] == "1.5"


def test_few_descriptors_are_enough(clone: Clone) -> None:
    clone.offer_uv()

    assert clone.start(before=in_shell("ulimit -n 64")).seen["version"] == "1.5"


@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"])
def test_closed_streams_harm_nothing(clone: Clone, closed: str) -> None:
    """A file that is opened next gets the number of a closed stream, and what is printed is written into it."""
    clone.offer_uv()
    report = clone.folder / "report"
    (clone.folder / "task_scheduler/cli/main.py").write_text(
        "import os, sys\n\n"
        "def main(argv):\n"
        f"    with open({str(report)!r}, 'w') as file:\n"
        "        print('to nowhere')\n"
        "        print('to nowhere', file=sys.stderr)\n"
        "        file.write(f'{file.fileno() > 2} {sys.prefix}')\n"
        "    return 7\n"
    )

    ending = clone.start(before=["/bin/sh", "-c", f'exec "$@" {closed}', "sh"])

    assert ending.code == 7, ending.errors
    assert report.read_text() == f"True {clone.venv}"


@pytest.mark.parametrize("question", [["--help"], ["list", "--help"], ["--version"], ["init", "x"]])
def test_a_question_that_needs_no_package_installs_none(clone: Clone, question: Sequence[str]) -> None:
    ending = clone.start(*question)

    assert ending.seen["version"] is None
    assert not clone.venv.exists()


def test_a_preparation_that_was_killed_is_made_anew(clone: Clone, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    clone.offer_uv(f'#!/bin/sh\n[ "$1" = venv ] || exit 0\necho "Installing forever"\nexec cat "{pipe}"\n')
    start = clone.begin()
    try:
        assert start.stderr is not None
        assert "making venv/" in start.stderr.readline()
        assert "Installing forever" in start.stderr.readline()
    finally:
        start.send_signal(signal.SIGKILL)
        start.wait()
    pipe.open("w").close()
    start.communicate()
    (clone.path / "uv").unlink()
    clone.offer_uv()

    ending = clone.start()

    assert "left unfinished: making it anew" in ending.errors
    assert ending.seen["version"] == "1.5"


@contextmanager
def index(folder: Path) -> Iterator[str]:
    """Serve the wheels of a folder as a package index does."""
    place = folder / "simple/needed-by-main"
    place.mkdir(parents=True)
    links = "".join(f'<a href="/{wheel.name}">{wheel.name}</a>\n' for wheel in folder.glob("*.whl"))
    (place / "index.html").write_text(f"<!DOCTYPE html><html><body>{links}</body></html>")

    class Handler(SimpleHTTPRequestHandler):
        def end_headers(self) -> None:
            self.send_header("Cache-Control", "no-cache")
            super().end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/simple"
        finally:
            server.shutdown()
            thread.join()


def test_without_an_index_uv_gives_what_it_has_kept(tmp_path: Path, wheels: Path) -> None:
    first = Clone(tmp_path / "first", wheels, path=tmp_path / "bin")
    first.offer_uv()
    second = Clone(tmp_path / "second", wheels, path=tmp_path / "bin")
    served = tmp_path / "served"
    shutil.copytree(wheels, served)
    variables = {"PATH": first.variables["PATH"], "HOME": str(tmp_path / "home"), "UV_HTTP_RETRIES": "0"}
    with index(served) as address:
        variables["UV_DEFAULT_INDEX"] = address
        assert first.start(variables=variables).seen["version"] == "1.5"

    warm = second.start(variables=variables)
    shutil.rmtree(second.venv)
    cold = second.start(variables={**variables, "HOME": str(tmp_path / "another home")})

    assert warm.seen["version"] == "1.5"
    assert "these are the packages uv had kept" in warm.errors
    assert cold.code == 1
    assert "uv could not prepare venv/" in cold.errors
    assert "hint: is a package index in reach" in cold.errors


@pytest.fixture
def shared(wheels: Path) -> Iterator[Clone]:
    """A clone that a plain user may read and not write, with wheels they can reach."""
    if not without_packages(SYSTEM_PYTHON):
        pytest.skip("needs a Python with venv that every user may run")
    with tempfile.TemporaryDirectory(prefix="task-scheduler-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        shutil.copytree(wheels, folder / "wheels")
        clone = Clone(folder / "clone", folder / "wheels", path=folder / "bin")
        for path in (folder / "wheels", clone.folder):
            for inside in (path, *path.rglob("*")):
                inside.chmod(0o555 if inside.is_dir() else 0o444)
        (folder / "project").mkdir()
        (folder / "project").chmod(0o777)
        yield clone
        for inside in (clone.folder, *clone.folder.rglob("*")):
            if inside.is_dir():
                inside.chmod(0o755)


class TestReadOnlyClone:
    """The program's folder belongs to somebody else."""

    def test_its_venv_goes_into_the_project(self, shared: Clone) -> None:
        project = shared.folder.parent / "project"
        variables = {name: value for name, value in shared.variables.items() if name != "HOME"}

        ending = shared.start(
            "--root", str(project), python=SYSTEM_PYTHON, before=plain_user(), variables=variables, cwd=Path("/"),
            main=shared.folder / "main.py",
        )  # fmt: skip

        assert ending.seen["prefix"] == str(project / "venv")
        assert f"making {project}/venv/ with" in ending.errors
        assert not shared.venv.exists()

    def test_without_a_project_it_says_what_to_do(self, shared: Clone) -> None:
        ending = shared.start(python=SYSTEM_PYTHON, before=plain_user())

        assert ending.code == 1
        assert f"{shared.folder} cannot be written, so no venv/ can be made there" in ending.errors
        assert f"`python3 {shared.folder}/main.py init DIR`, and name it with --root DIR" in ending.errors

    def test_no_project_is_made_by_a_slip(self, shared: Clone) -> None:
        missing = shared.folder.parent / "project/mistyped"

        ending = shared.start("--root", str(missing), python=SYSTEM_PYTHON, before=plain_user())

        assert (ending.code, missing.exists()) == (1, False)
        assert (
            f"error: no folder {missing}: make it by `python3 {shared.folder}/main.py init {missing}`" in ending.errors
        )


@pytest.fixture
def noexec(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "noexec"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "noexec,size=1m", "none", folder], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("no right to mount a file system here")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_file_system_that_runs_nothing_is_a_sentence(clone: Clone, noexec: Path) -> None:
    clone.configure(f"virtual_env:\n  path: {noexec}/venv\n")

    ending = clone.start()

    assert ending.code == 1
    assert f"error: {noexec}/venv is on a file system mounted noexec" in ending.errors
    assert "set virtual_env.path to a folder elsewhere" in ending.errors


def test_a_start_from_a_read_only_copy_of_the_repository_writes_nothing_into_it(tmp_path: Path) -> None:
    """The check of the version and the questions that need no package leave no trace."""
    before = {path for path in PROJECT.iterdir() if path.name != "__pycache__"}

    asked = subprocess.run(
        [sys.executable, "-B", PROJECT / "main.py", "--version"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert asked.stdout.startswith("task-scheduler ")
    assert {path for path in PROJECT.iterdir() if path.name != "__pycache__"} == before
