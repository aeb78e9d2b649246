"""PEP 723 blocks: where one begins and ends, and a sentence with a line for whatever is wrong in it."""

from __future__ import annotations

import ast
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_scheduler.strict_yaml import LONGEST
from task_scheduler.watcher.script_block import ScriptBlock, find, read

OPENED = "# /// script\n"
CLOSED = "# ///\n"


def block(toml: str, *, above: str = "") -> ScriptBlock:
    lines = "".join(f"# {line}\n" if line else "#\n" for line in toml.split("\n"))
    found = read_code(f"{above}{OPENED}{lines}{CLOSED}")
    assert found is not None
    return found


def read_code(code: str) -> ScriptBlock | None:
    return read(code, ast.parse(code))


def faults(found: ScriptBlock | None) -> list[tuple[int, str]]:
    assert found is not None
    return [(fault.line, fault.message) for fault in found.document.faults]


def test_keys_of_the_pep_and_of_our_table_become_one_form_with_the_file_s_lines() -> None:
    found = block(
        'requires-python = ">=3.11"\n'
        "dependencies = [ # why\n"
        "\n"
        "  # ]\n"
        '  "a[b]", "c",\n'
        "  'd # = [',\n"
        "]\n"
        "[tool.task-scheduler]\n"
        'description = """\n'
        'title = "no key" """\n'
        "timeout = 60\n"
        "schedule = 'daily'\n",
        above="import os\n",
    )

    assert found.document.data == {
        "python_version": ">=3.11",
        "dependencies": ["a[b]", "c", "d # = ["],
        "description": 'title = "no key" ',
        "timeout": 60,
        "schedule": "daily",
    }
    assert found.document.lines == {
        "": 2,
        "python_version": 3,
        "dependencies": 4,
        "dependencies[0]": 7,
        "dependencies[1]": 7,
        "dependencies[2]": 8,
        "description": 11,
        "timeout": 13,
        "schedule": 14,
    }
    assert (found.document.faults, found.remarks) == ((), ())


@pytest.mark.parametrize(
    ("toml", "lines"),
    [
        ("tool.task-scheduler.timeout = 5", {"timeout": 3}),
        ("tool = {task-scheduler = {timeout = 5}}", {"timeout": 3}),
        ('["tool".\'task-scheduler\']\n"time\\u006fut" = 5', {"timeout": 4}),
        ("[tool]\ntask-scheduler.timeout = 5", {"timeout": 4}),
        ("[ tool . task-scheduler ]\n\ttimeout\t=\t5", {"timeout": 4}),
        ("[[tool.x]]\na = 1\n[[tool.x]]\na = 1979-05-27 07:32:00\n[tool.task-scheduler]\ntimeout = 5", {"timeout": 8}),
        ("[tool.x]\ntimeout = 1\n[tool.task-scheduler]\ntimeout = 5\n[tool.y]\ntimeout=2", {"timeout": 6}),
        (
            "[tool.task-scheduler]\ntitle = '''\n]'''\"\"\"\ntimeout = 5".replace("'''\"\"\"", "'''"),
            {"title": 4, "timeout": 6},
        ),
    ],
)
def test_a_key_is_found_however_toml_lets_it_be_written(toml: str, lines: dict[str, int]) -> None:
    found = block(toml, above="\n")

    assert found.document.faults == ()
    assert found.document.data["timeout"] == 5
    assert found.document.lines == {"": 2, **lines}


@pytest.mark.parametrize(
    "code",
    [
        "import os\n",
        "x = 4 // 2\n",
        "# /// pyproject\n# a = 1\n# ///\n",
        "# see https://example.org/script\n",
        'TEMPLATE = """\n# /// script\n# dependencies = []\n# ///\n"""\n',
        '"""\n# /// script\n# dependencies = [\n"""\n',
        'TEMPLATE = f"""\n# /// script\n# dependencies = [{1}]\n# ///\n"""\n',
    ],
)
def test_anything_else_is_no_block(code: str) -> None:
    assert read_code(code) is None


def test_the_block_ends_with_the_last_mark_of_its_comments_as_the_pep_says() -> None:
    found = read_code(
        OPENED + "# dependencies = ['six']\n# [tool.task-scheduler]\n# description = '''\n# ///\n# '''\n# ///\n# x\n"
    )

    assert found is not None
    assert found.document.data == {"dependencies": ["six"], "description": "///\n"}


@pytest.mark.parametrize(
    ("code", "line", "sentence"),
    [
        ("#/// script\n# ///\n", 1, "a block of metadata is opened by exactly `# /// script`"),
        ("# /// Script\n# ///\n", 1, "a block of metadata is opened by exactly `# /// script`"),
        ("# /// script \n# dependencies = []\n# ///\n", 1, "a block of metadata is opened by exactly `# /// script`"),
        ("x = 1\n# // script\n", 2, "a block of metadata is opened by exactly `# /// script`"),
        ("# /// script\n", 1, "the block opened here is never closed: end it with a line `# ///`"),
        (
            "# /// script\n# dependencies = []\n",
            1,
            "the block opened here is never closed: end it with a line `# ///`",
        ),
        (
            "# /// script\n# dependencies = []\nimport os\n",
            1,
            "the block opened here ends at a line that is no comment (line 3): close it with a line `# ///`",
        ),
        (
            "# /// script\n#dependencies = []\n# ///\n",
            1,
            "the block opened here ends at a line that does not begin with `# ` (line 2): close it with a line `# ///`",
        ),
        (
            "# /// script\n# dependencies = []\n# /// \n",
            1,
            "the block opened here is not closed by line 3: write exactly `# ///` there",
        ),
        (
            "# /// script\n# dependencies = []\n#///\n",
            1,
            "the block opened here is not closed by line 3: write exactly `# ///` there",
        ),
        (
            "# /// script\n# ///\n",
            1,
            "the block opened here is empty: write a line such as # dependencies = [] between its ends",
        ),
        (
            "# /// script\n# dependencies = []\n# ///\n\n# /// script\n# dependencies = []\n# ///\n",
            5,
            "a second block # /// script: a file has one, so move its lines to the first, in line 1",
        ),
        (
            "# /// script\n# dependencies = []\n# ///\n\n# /// script\n# dependencies = []\n",
            5,
            "a second block # /// script: a file has one, so move its lines to the first, in line 1",
        ),
    ],
)
def test_a_block_without_a_beginning_or_an_end_is_told_what_is_missing(code: str, line: int, sentence: str) -> None:
    assert faults(read_code(code)) == [(line, sentence)]


TABLE = "[tool.task-scheduler]\n"


@pytest.mark.parametrize(
    ("toml", "line", "sentence"),
    [
        ("dependencies = [", 2, "a value, or the end of a list, is missing: dependencies = ["),
        ("dependencies = [\n'a'\nx = 1", 4, "the list is never closed, end it with ]: x = 1"),
        ("dependencies: ['a']", 2, "write = instead of the colon: dependencies: ['a']"),
        ("dependencies", 2, "write lines of key = value: dependencies"),
        ("- six", 2, "write lines of key = value: - six"),
        ("= 5", 2, "write lines of key = value: = 5"),
        (
            f"{TABLE}schedule = daily",
            3,
            "a value that is no number, true, false or list must be in quotes: schedule = daily",
        ),
        (f"{TABLE}enabled = yes", 3, "a value that is no number, true, false or list must be in quotes: enabled = yes"),
        (f"{TABLE}timeout = 1\ntimeout = 2", 4, "a key is given twice, keep one of them: timeout = 2"),
        ("tool.a.b = 1\n[tool.a]", 3, "a table is given twice, put its keys together: [tool.a]"),
        (f"{TABLE}{TABLE}", 3, "a table is given twice, put its keys together: [tool.task-scheduler]"),
        (f"{TABLE}title = 'a", 3, "a quote is never closed: title = 'a"),
        (f'{TABLE}title = "a', 3, 'a quote is never closed: title = "a'),
        (f'{TABLE}title = """a', 3, 'a quote is never closed: title = """a'),
        (
            f'{TABLE}title = "C:\\data"',
            3,
            'a backslash between double quotes has a meaning of its own, use single quotes: title = "C:\\data"',
        ),
        ("a = 1 b = 2", 2, "this is not TOML (expected newline or end of document after a statement): a = 1 b = 2"),
        ("a" + ".a" * 30_000 + " = 1", 2, "a line with more than 300 dots: shorten it"),
        (f"a = {'[' * 20_000}", 2, "nested more than 8 levels deep: write it flatter"),
        (f"a = '{'x' * LONGEST}'", 2, "the block is longer than 65,536 characters: shorten it"),
        ("a = " + "1" * 5_000, 2, "a number has too many digits to be meant: write a smaller one"),
        (f"{TABLE}timeout = 0x{'f' * 5_000}", 3, "timeout holds a number too large or lists too deep to be meant"),
        (
            f"dependencies = {'[' * 9}{']' * 9}",
            2,
            "dependencies holds a number too large or lists too deep to be meant",
        ),
        (
            "title = 'x'",
            2,
            "unknown key 'title' at the top of the block: it belongs into [tool.task-scheduler]",
        ),
        ("python_version = '3.11'", 2, "unknown key 'python_version', did you mean 'requires-python'?"),
        ("requires_python = '>=3.11'", 2, "unknown key 'requires_python', did you mean 'requires-python'?"),
        ("deps = ['a']", 2, "unknown key 'deps', did you mean 'dependencies'?"),
        (
            "colour = 1",
            2,
            (
                "unknown key 'colour': at the top of the block stand dependencies and requires-python, "
                "everything else in [tool.task-scheduler]"
            ),
        ),
        (
            f"dependencies = []\n{TABLE}dependencies = []",
            4,
            (
                "unknown key 'dependencies' in [tool.task-scheduler]: "
                "dependencies stands at the top of the block, above [tool.task-scheduler]"
            ),
        ),
        (
            f"requires-python = '>=3.9'\n{TABLE}python_version = '3.9'",
            4,
            (
                "unknown key 'python_version' in [tool.task-scheduler]: "
                "requires-python stands at the top of the block, above [tool.task-scheduler]"
            ),
        ),
        (f"{TABLE}titel = 'x'", 3, "unknown key 'titel' in [tool.task-scheduler], did you mean 'title'?"),
        (f"{TABLE}cron = 'x'", 3, "unknown key 'cron' in [tool.task-scheduler], did you mean 'schedule'?"),
        (
            f"{TABLE}colour = 1",
            3,
            "unknown key 'colour' in [tool.task-scheduler]: remove it; docs/task-files.md lists the keys",
        ),
        (
            "[tool.task_scheduler]\ntitle = 'x'",
            2,
            "unknown table 'tool.task_scheduler', did you mean [tool.task-scheduler]?",
        ),
        ("tool = 5", 2, "tool must be a table: write [tool.task-scheduler]"),
        (
            "[tool]\ntask-scheduler = 5",
            3,
            "tool.task-scheduler must be a table: write [tool.task-scheduler] and its keys below",
        ),
        (
            "[[tool.task-scheduler]]\na = 1",
            2,
            "tool.task-scheduler must be a table: write [tool.task-scheduler] and its keys below",
        ),
    ],
)
def test_a_mistake_in_a_block_has_its_line_and_the_way_out(toml: str, line: int, sentence: str) -> None:
    assert faults(block(toml)) == [(line, sentence)]


def test_several_faults_of_a_block_come_at_once() -> None:
    found = block(f"name = 'x'\n{TABLE}titel = 'x'\ntimeout = 5\nretry = 1")

    assert [fault.line for fault in found.document.faults] == [2, 4, 6]
    assert found.document.data == {"timeout": 5}


def test_where_uv_takes_packages_from_is_not_read_and_said() -> None:
    found = block(
        'dependencies = []\n[tool.uv]\nexclude-newer = "2024-01-01T00:00:00Z"\n[tool.uv.sources]\nsix = {git = "x"}'
    )

    assert found.document.faults == ()
    assert [(remark.line, remark.message) for remark in found.remarks] == [
        (5, "[tool.uv] sources is not read: packages come from the index the scheduler is set to")
    ]


def test_tables_of_others_are_their_business() -> None:
    found = block("[tool.ruff]\nline-length = 100\n[tool.uv]\nexclude-newer = 2024-01-01T00:00:00Z")

    assert (found.document.data, found.document.faults, found.remarks) == ({}, (), ())


PIECES = st.sampled_from(
    [
        "a",
        "tool.task-scheduler",
        "[",
        "]",
        "[[",
        "]]",
        "=",
        "'",
        '"',
        '"""',
        "'''",
        "\n",
        "\\",
        "#",
        ",",
        "{",
        "}",
        ".",
        "1",
        " ",
    ]
)


@given(st.lists(PIECES, max_size=30).map("".join))
def test_any_block_is_read_or_refused(toml: str) -> None:
    found = block(toml)

    last = toml.count("\n") + 2
    assert all(1 <= fault.line <= last for fault in found.document.faults)
    assert all(1 <= line <= last for line in found.document.lines.values())


def pep_s_pattern(code: str) -> list[tuple[int, int]]:
    """Return the lines of the blocks as the reference implementation of PEP 723 finds them."""
    pattern = re.compile(r"(?m)^# /// (?P<type>[a-zA-Z0-9-]+)$\s(?P<content>(^#(| .*)$\s)+)^# ///$")
    return [
        (code.count("\n", 0, found.start()) + 1, code.count("\n", 0, found.end()) + 1)
        for found in pattern.finditer(code)
        if found["type"] == "script"
    ]


LINES = st.sampled_from(["# /// script", "# ///", "# /// test", "#", "# a", "#a", "", "x", "# /// ", "# /// a b"])


@given(st.lists(LINES, max_size=12), st.sampled_from(["", "\n"]))
def test_blocks_are_found_where_the_pep_s_pattern_finds_them(lines: list[str], end: str) -> None:
    code = "\n".join(lines) + end

    assert [(block.line, block.last_line) for block in find(code.split("\n"))] == pep_s_pattern(code)


@pytest.mark.parametrize("line", ["# /// script\n", "# /// a\n", "#\n", "# ///\n", "#/// script\n"])
def test_a_large_file_of_marks_is_read_at_once(line: str) -> None:
    code = line * (900_000 // len(line))

    found = read(code, None)

    assert found is None or found.document.faults
