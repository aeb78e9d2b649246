"""Which helper files a task's imports reach, and the packages those declare."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from task_scheduler.ports import SourceFile
from task_scheduler.watcher.reader import TaskFileReader

LAZY = """
_EXPORTS = {"log": "logs", "send": ".mail", "fetch": ("web", "download"), "files": ["copy", "move"]}
def __getattr__(name): ...
"""


def helper(code: str = "", *packages: str) -> str:
    return f'"""\n---\ntitle: x\ndependencies: {list(packages)}\n---\n"""\n{code}\n'


@pytest.fixture
def helpers(tmp_path: Path) -> Path:
    folder = tmp_path / "helpers"
    (folder / "sub").mkdir(parents=True)
    (folder / "__init__.py").write_text(LAZY)
    (folder / "logs.py").write_text(helper("def log(): ..."))
    (folder / "mail.py").write_text(helper("from .smtp import connect\ndef send(): ...", "plyer>=2.1.0"))
    (folder / "smtp.py").write_text(helper("def connect(): ...", "aiosmtplib"))
    (folder / "web.py").write_text(helper("def download():\n    from helpers.sub.cookies import jar", "requests"))
    (folder / "files.py").write_text(helper("def copy(): ...\ndef move(): ...", "send2trash"))
    (folder / "sub" / "__init__.py").write_text("")
    (folder / "sub" / "cookies.py").write_text(helper("jar = {}", "browser-cookie3"))
    (folder / "unlisted.py").write_text(helper("def hidden(): ...\ndef both(): ...", "attrs"))
    (folder / "twin.py").write_text(helper("def both(): ...", "cattrs"))
    return folder


@pytest.fixture
def reader(tmp_path: Path, helpers: Path) -> TaskFileReader:
    return TaskFileReader(root=tmp_path, helpers=helpers)


@pytest.mark.parametrize(
    ("names", "packages"),
    [
        ([], ()),
        (["log"], ()),
        (["send"], ("aiosmtplib", "plyer>=2.1.0")),
        (["fetch"], ("browser-cookie3", "requests")),
        (["copy", "log"], ("send2trash",)),
        (["mail.send"], ("aiosmtplib", "plyer>=2.1.0")),
        (["mail"], ("aiosmtplib", "plyer>=2.1.0")),
        (["smtp.*"], ("aiosmtplib",)),
        (["sub.cookies.jar"], ("browser-cookie3",)),
        (["sub.cookies"], ("browser-cookie3",)),
        (["sub.*"], ("browser-cookie3",)),
        (["hidden"], ("attrs",)),
        (["both"], ("attrs", "cattrs")),
        (["unheard_of", "nowhere.thing"], ()),
        (
            ["*"],
            ("aiosmtplib", "attrs", "browser-cookie3", "cattrs", "plyer>=2.1.0", "requests", "send2trash"),
        ),
    ],
)
def test_packages_are_those_of_the_files_behind_the_names(
    reader: TaskFileReader, names: list[str], packages: tuple[str, ...]
) -> None:
    assert reader.helper_packages(names) == packages


def test_what_the_package_imports_at_once_is_needed_by_every_task(reader: TaskFileReader, helpers: Path) -> None:
    (helpers / "__init__.py").write_text("from .mail import send as post\nfrom .logs import log\n")

    assert reader.helper_packages(["log"]) == ("aiosmtplib", "plyer>=2.1.0")
    assert reader.helper_packages(["post"]) == ("aiosmtplib", "plyer>=2.1.0")


def test_helpers_that_import_each_other_are_read_once(reader: TaskFileReader, helpers: Path) -> None:
    (helpers / "smtp.py").write_text(helper("from helpers import send\ndef connect(): ...", "aiosmtplib"))

    assert reader.helper_packages(["send"]) == ("aiosmtplib", "plyer>=2.1.0")


def test_a_changed_helper_is_read_again(reader: TaskFileReader, helpers: Path) -> None:
    before = reader.helper_packages(["log"])
    (helpers / "logs.py").write_text(helper("def log(): ...", "structlog"))

    deadline = time.monotonic() + 10
    while reader.helper_packages(["log"]) == before and time.monotonic() < deadline:
        pass
    assert (before, reader.helper_packages(["log"])) == ((), ("structlog",))


def test_without_a_folder_of_helpers_there_are_no_packages(tmp_path: Path) -> None:
    reader = TaskFileReader(root=tmp_path, helpers=tmp_path / "helpers")

    assert reader.helper_packages(["log", "*"]) == ()


def problems_of(reader: TaskFileReader, code: str) -> list[str]:
    content = f'"""\n---\ntitle: x\ndescription: y\nschedule: daily\n---\n"""\n{code}\n'.encode()
    reading = reader.read(SourceFile(task_id="report", path="tasks/report.py", digest="", content=content))
    return [f"{problem.severity}: {problem}" for problem in reading.problems]


def test_a_name_that_no_helper_offers_is_said(reader: TaskFileReader) -> None:
    assert problems_of(reader, "from helpers import sned, log\nfrom helpers.male import send\n") == [
        "warning: tasks/report.py:8: no helper offers 'sned', did you mean 'send'?",
        "warning: tasks/report.py:9: no helper offers 'male.send', did you mean 'mail'?",
    ]


SPLIT = """
_MODULES = {"log": "logs"}

def __getattr__(name):
    if name not in _MODULES:
        raise AttributeError(name)
    globals()[name] = 1
    return 1
"""


@pytest.mark.parametrize(
    "init",
    [
        pytest.param("from .logs import log\n", id="plain"),
        pytest.param("", id="empty"),
        pytest.param(SPLIT, id="a __getattr__ that refuses what its table does not hold"),
    ],
)
def test_a_name_that_helpers_cannot_have_is_an_error(reader: TaskFileReader, helpers: Path, init: str) -> None:
    (helpers / "__init__.py").write_text(init)

    assert problems_of(reader, "from helpers import nothing_here, mail") == [
        "error: tasks/report.py:8: no helper offers 'nothing_here'"
    ]
    assert problems_of(reader, "from helpers.male import send\nfrom helpers.mail import sned") == [
        "error: tasks/report.py:8: no helper offers 'male.send', did you mean 'mail'?",
        "error: tasks/report.py:9: no helper offers 'mail.sned', did you mean 'send'?",
    ]


@pytest.mark.parametrize(
    "init",
    [
        "def __getattr__(name): return 1\n",
        "from json import *\n",
        "globals().update(nothing=1)\n",
        "import sys\nsys.modules['helpers.x'] = sys\n",
        "T = {'a': 'logs'}\ndef __getattr__(name):\n    if name not in T:\n        return 1\n    raise AttributeError\n",
        "T = dict(a=1)\ndef __getattr__(name):\n    if name not in T:\n        raise AttributeError\n    return 1\n",
        "for nothing_here in (): pass\n",
        "try:\n    import nothing_here\nexcept ImportError as nothing_here: pass\n",
        "def f():\n    global nothing_here\n    nothing_here = 1\nf()\n",
    ],
)
def test_a_name_that_helpers_may_compute_is_only_doubted(reader: TaskFileReader, helpers: Path, init: str) -> None:
    (helpers / "__init__.py").write_text(init)

    said = problems_of(reader, "from helpers import nothing_here")

    assert not [line for line in said if line.startswith("error")]


@pytest.mark.parametrize(
    "code",
    [
        "try:\n    from helpers import nothing_here\nexcept ImportError:\n    pass\n",
        "def start():\n    from helpers import nothing_here\n",
    ],
)
def test_an_import_that_may_never_happen_is_only_doubted(reader: TaskFileReader, helpers: Path, code: str) -> None:
    (helpers / "__init__.py").write_text("")

    assert [line.partition(":")[0] for line in problems_of(reader, code)] == ["warning"]


def test_a_compiled_helper_or_a_folder_of_them_is_there(reader: TaskFileReader, helpers: Path) -> None:
    (helpers / "__init__.py").write_text("")
    (helpers / "fast.cpython-311-x86_64-linux-gnu.so").write_text("")
    (helpers / "data").mkdir()

    said = problems_of(reader, "from helpers import fast, data\n")

    assert not [line for line in said if line.startswith("error")]


def test_a_helper_in_the_bare_dialect_is_refused_since_tasks_import_it(reader: TaskFileReader, helpers: Path) -> None:
    (helpers / "mail.py").write_text("# words\n---\ndependencies: [six]\n---\ndef send(): ...\n")

    assert problems_of(reader, "from helpers import mail\n") == [
        (
            "error: helpers/mail.py:2: a helper must be plain Python, since tasks import it: put its frontmatter into "
            "a docstring (`task-scheduler fmt FILE --to docstring` does)"
        )
    ]


def test_a_helper_may_declare_its_packages_as_a_script_block(reader: TaskFileReader, helpers: Path) -> None:
    (helpers / "mail.py").write_text("# /// script\n# dependencies = ['six']\n# ///\ndef send(): ...\n")

    assert reader.helper_packages(["mail"]) == ("six",)


def test_every_way_to_import_a_helper_is_known(reader: TaskFileReader) -> None:
    code = (
        "from helpers import log, send, fetch, copy, hidden, mail, sub\nfrom helpers.mail import connect\n"
        "from helpers.sub import cookies\nimport helpers, helpers.sub.cookies\n"
    )

    assert problems_of(reader, code) == []


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        ("def log(:\n", "error: helpers/logs.py:1: syntax error: invalid syntax: def log(:"),
        (
            helper("", "requests=2"),
            (
                "error: helpers/logs.py:4: dependencies: 'requests=2' has one = sign: "
                'write "requests==2" for exactly that version'
            ),
        ),
        (
            '"""\n---\ndependencies: [a\n---\n"""\n',
            "error: helpers/logs.py:3: the bracket opened in 'dependencies: [a' is never closed",
        ),
    ],
)
def test_a_broken_helper_keeps_the_tasks_that_use_it_from_being_admitted(
    reader: TaskFileReader, helpers: Path, broken: str, sentence: str
) -> None:
    (helpers / "logs.py").write_text(broken)

    assert problems_of(reader, "from helpers.logs import anything")[-1] == sentence
    assert problems_of(reader, "from helpers import send") == []


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that opens and cannot be read")
def test_a_helper_that_cannot_be_read_is_said(reader: TaskFileReader, helpers: Path) -> None:
    (helpers / "raw.py").symlink_to("/proc/self/mem")

    (sentence,) = problems_of(reader, "import helpers.raw")
    assert sentence.startswith("error: helpers/raw.py: it cannot be read (")


def test_the_project_s_own_helpers_are_understood() -> None:
    root = Path(__file__).parents[3]
    reader = TaskFileReader(root=root, helpers=root / "helpers")
    code = "from helpers import log, log_info, log_task_start, create_task_logger, task_error\n"

    assert problems_of(reader, code) == []
    assert reader.helper_packages(["log", "create_task_logger"]) == ()
