"""Writing frontmatter in another dialect: nothing is lost, or nothing is done."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from task_scheduler.core.tasks import TaskReading
from task_scheduler.ports import SourceFile
from task_scheduler.watcher.conversion.converting import Conversion, convert
from task_scheduler.watcher.frontmatter import Dialect
from task_scheduler.watcher.reader import TaskFileReader
from tests.unit.watcher.dialects import DECLARATIONS, LINES, TEXTS, Values, in_dialect

READER = TaskFileReader(root=Path("nowhere"), helpers=Path("nowhere/helpers"))
CODE = 'import os  # the "system"\n\n\ndef start():\n\tprint("a\\n", os.name)  \n'

DOCSTRING = '''\
#!/usr/bin/env python3
# -*- coding: utf-8 -*-

r"""
---
# About the report.
title: "Report"   # its name
description: |  # at length
  Counts \\ things.

  More.

# Packages
dependencies:
  # the web
  - requests>=2.25  # pinned "low"
  - 'six'
  # that is all
python_version: "3.11"
timeout: 60
schedule: [every 5 minutes, '0 9 * * 1-5']  # often
# the end
---

The rest of "the" docstring.
"""
# code
import os
'''

BARE = '''\
#!/usr/bin/env python3
# -*- coding: utf-8 -*-

---
# About the report.
title: "Report"   # its name
description: |  # at length
  Counts \\ things.

  More.

# Packages
dependencies:
  # the web
  - requests>=2.25  # pinned "low"
  - 'six'
  # that is all
python_version: "3.11"
timeout: 60
schedule: [every 5 minutes, '0 9 * * 1-5']  # often
# the end
---
r"""
The rest of "the" docstring.
"""
# code
import os
'''

PEP723 = '''\
#!/usr/bin/env python3
# -*- coding: utf-8 -*-

# /// script
# # Packages
# dependencies = [
#     # the web
#     "requests>=2.25",  # pinned "low"
#     'six',
# ]
# # that is all
# requires-python = ">=3.11"
#
# [tool.task-scheduler]
# # About the report.
# title = "Report"  # its name
# description = """
# Counts \\\\ things.
#
# More.
# """  # at length
# timeout = 60
# schedule = ["every 5 minutes", '0 9 * * 1-5']  # often
# # the end
# ///
r"""
The rest of "the" docstring.
"""
# code
import os
'''

DOCSTRING_AGAIN = '''\
#!/usr/bin/env python3
# -*- coding: utf-8 -*-

r"""
---
# Packages
dependencies:
  # the web
  - "requests>=2.25"  # pinned "low"
  - 'six'
# that is all
python_version: "3.11"

# About the report.
title: "Report"  # its name
description: |  # at length
  Counts \\ things.

  More.
timeout: 60
schedule: ["every 5 minutes", '0 9 * * 1-5']  # often
# the end
---

The rest of "the" docstring.
"""
# code
import os
'''


def read(content: bytes) -> TaskReading:
    return READER.read(SourceFile(task_id="report", path="tasks/report.py", digest="", content=content))


def converted(text: str | bytes, to: Dialect) -> Conversion:
    content = text if isinstance(text, bytes) else text.encode()
    return convert(content, to=to, path="tasks/report.py", read=read)


def text_of(conversion: Conversion) -> str:
    assert conversion.problems == ()
    assert conversion.content is not None
    return conversion.content.decode()


def meaning(reading: TaskReading) -> tuple[object, ...]:
    assert reading.errors == ()
    return reading.declaration, tuple(replace(job, line=None) for job in reading.jobs), reading.imports


@pytest.mark.parametrize(
    ("text", "to", "wanted"),
    [
        (DOCSTRING, Dialect.BARE, BARE),
        (DOCSTRING, Dialect.PEP723, PEP723),
        (BARE, Dialect.DOCSTRING, DOCSTRING),
        (BARE, Dialect.PEP723, PEP723),
        (PEP723, Dialect.DOCSTRING, DOCSTRING_AGAIN),
        (DOCSTRING_AGAIN, Dialect.PEP723, PEP723),
    ],
)
def test_comments_order_quotes_and_the_docstring_s_text_are_kept(text: str, to: Dialect, wanted: str) -> None:
    assert text_of(converted(text, to)) == wanted


@pytest.mark.parametrize("dialect", Dialect)
def test_a_file_in_the_dialect_already_stays_as_it_is(dialect: Dialect) -> None:
    conversion = converted(in_dialect({"title": "x"}, dialect), dialect)

    assert conversion == Conversion(before=dialect)


@pytest.mark.parametrize(
    ("text", "to", "wanted"),
    [
        pytest.param(
            '"""\r\n---\r\ntitle: x\r\n---\r\n"""\r\nprint(1)',
            Dialect.BARE,
            "---\r\ntitle: x\r\n---\r\nprint(1)",
            id="line endings, and none at the end",
        ),
        pytest.param(
            "\ufeff---\ntitle: x\n---\nprint(1)\n",
            Dialect.PEP723,
            '\ufeff# /// script\n# [tool.task-scheduler]\n# title = "x"\n# ///\nprint(1)\n',
            id="a byte order mark",
        ),
        pytest.param(
            '---\ntitle: x\n---\n"""Words."""  # noqa: D400\n',
            Dialect.DOCSTRING,
            '"""\n---\ntitle: x\n---\nWords."""  # noqa: D400\n',
            id="into the docstring there is",
        ),
        pytest.param(
            "---\ntitle: x\n---\n# first\n'Words.'; import os\n",
            Dialect.DOCSTRING,
            '# first\n"""\n---\ntitle: x\n---\nWords."""; import os\n',
            id="a docstring of one line becomes a long one",
        ),
        pytest.param(
            '---\ntitle: "a\\\\b"\n---\n"""A \\t tab."""\n',
            Dialect.DOCSTRING,
            '"""\n---\ntitle: "a\\\\\\\\b"\n---\nA \\t tab."""\n',
            id="backslashes beside the escapes of a docstring",
        ),
        pytest.param(
            '---\ntitle: "a\\\\b"\n---\nimport os\n',
            Dialect.DOCSTRING,
            'r"""\n---\ntitle: "a\\\\b"\n---\n"""\nimport os\n',
            id="backslashes make a raw docstring",
        ),
        pytest.param(
            '---\ntitle: \'"""\'\n---\nimport os\n',
            Dialect.DOCSTRING,
            "'''\n---\ntitle: '\"\"\"'\n---\n'''\nimport os\n",
            id="three quotes make the docstring use the others",
        ),
        pytest.param(
            '"""---\ntitle: x\n---"""; import os\n',
            Dialect.BARE,
            "---\ntitle: x\n---\nimport os\n",
            id="a statement behind the docstring",
        ),
        pytest.param(
            '"""---\ntitle: x\n---"""  # words\nimport os\n',
            Dialect.BARE,
            "---\ntitle: x\n---\n# words\nimport os\n",
            id="a comment behind the docstring",
        ),
        pytest.param(
            '    \n"""\n    ---\n    title: x\n    ---\n    More.\n    """\n'.lstrip(),
            Dialect.BARE,
            '---\ntitle: x\n---\n"""    More.\n    """\n',
            id="indentation",
        ),
        pytest.param(
            '#!/usr/bin/python\n# words\n\nimport os\n# /// script\n# dependencies = ["six"]\n# ///\nos.getpid()\n',
            Dialect.BARE,
            '#!/usr/bin/python\n# words\n---\ndependencies: ["six"]\n---\n\nimport os\nos.getpid()\n',
            id="a block in the midst of the code",
        ),
        pytest.param(
            "---\ntitle: x\n---\n# a comment\n# ///\nimport os\n",
            Dialect.PEP723,
            '# /// script\n# [tool.task-scheduler]\n# title = "x"\n# ///\n\n# a comment\n# ///\nimport os\n',
            id="comments below that would belong to the block",
        ),
        pytest.param(
            "---\ndescription: |\n  /// script\n  ///\n---\n",
            Dialect.PEP723,
            (
                '# /// script\n# [tool.task-scheduler]\n# description = """\n# \\u002f// script\n# \\u002f//\n# """\n'
                "# ///\n"
            ),
            id="a value that looks like the end of the block",
        ),
    ],
)
def test_everything_around_the_frontmatter_keeps_its_bytes(text: str, to: Dialect, wanted: str) -> None:
    assert text_of(converted(text, to)) == wanted


VARIABLES = """\
---
# About variables
env:  # of the process
  # the stage
  STAGE: test  # for now
  NAME: 'a "b"'

  PORT: "5432"
timeout: 60
---
"""

VARIABLES_IN_TOML = """\
# /// script
# [tool.task-scheduler]
# # About variables
# # of the process
# # the stage
# env.STAGE = "test"  # for now
# env.NAME = 'a "b"'
#
# env.PORT = "5432"
# timeout = 60
# ///
"""

A_TABLE_OF_VARIABLES = """\
# /// script
# [tool.task-scheduler]
# timeout = 60
#
# # About variables
# [tool.task-scheduler.env]  # of the process
# # the stage
# STAGE = "test"  # for now
# NAME = 'a "b"'
#
# PORT = "5432"
# ///
"""

THE_TABLE_IN_YAML = """\
---
timeout: 60

# About variables
env:  # of the process
  # the stage
  STAGE: "test"  # for now
  NAME: 'a "b"'

  PORT: "5432"
---
"""


@pytest.mark.parametrize(
    ("text", "to", "wanted"),
    [
        pytest.param(VARIABLES, Dialect.PEP723, VARIABLES_IN_TOML, id="lines of YAML become dotted keys"),
        pytest.param(A_TABLE_OF_VARIABLES, Dialect.BARE, THE_TABLE_IN_YAML, id="a table becomes lines of YAML"),
        pytest.param(
            "---\nenv: {A: x, B: 'y'}  # two\n---\n",
            Dialect.PEP723,
            "# /// script\n# [tool.task-scheduler]\n# env = {A = \"x\", B = 'y'}  # two\n# ///\n",
            id="variables in a line",
        ),
        pytest.param(
            "---\nenv: {A: x,  # one\n  B: y}\n---\n",
            Dialect.PEP723,
            '# /// script\n# [tool.task-scheduler]\n# env.A = "x"  # one\n# env.B = "y"\n# ///\n',
            id="variables in brackets and several lines",
        ),
        pytest.param(
            "---\nenv: {}\n---\n",
            Dialect.PEP723,
            "# /// script\n# [tool.task-scheduler]\n# env = {}\n# ///\n",
            id="no variables",
        ),
        pytest.param(
            "# /// script\n# [tool.task-scheduler.env]\n# ///\n",
            Dialect.BARE,
            "---\nenv: {}\n---\n",
            id="a table without any",
        ),
        pytest.param(
            '# /// script\n# [tool.task-scheduler]\n# # one\n# env.A = "x"\n# # other\n# timeout = 5\n# # two\n'
            '# env.B = "y"\n# ///\n',
            Dialect.BARE,
            '---\n# one\nenv:\n  A: "x"\n  # other\n  # two\n  B: "y"\ntimeout: 5\n---\n',
            id="variables with another key between them",
        ),
        pytest.param(
            "---\nretry_count: 1\nretry_on: [75, TimeoutError]\nretry_jitter: 0.00001\n---\n",
            Dialect.PEP723,
            '# /// script\n# [tool.task-scheduler]\n# retry_count = 1\n# retry_on = [75, "TimeoutError"]\n'
            "# retry_jitter = 0.00001\n# ///\n",
            id="numbers stay numbers",
        ),
        pytest.param(
            "# /// script\n# [tool.task-scheduler]\n# retry_count = 1\n# retry_on = [\n#   75,  # busy\n# ]\n"
            "# retry_jitter = 1e-5\n# ///\n",
            Dialect.BARE,
            "---\nretry_count: 1\nretry_on:\n  - 75  # busy\nretry_jitter: 0.00001\n---\n",
            id="a number with an exponent, which YAML has not",
        ),
    ],
)
def test_variables_and_numbers_are_written_as_each_dialect_has_them(text: str, to: Dialect, wanted: str) -> None:
    converted_text = text_of(converted(text + "import os\n", to))

    assert converted_text == wanted + "import os\n"
    assert meaning(read(converted_text.encode())) == meaning(read((text + "import os\n").encode()))


@pytest.mark.parametrize(
    ("text", "to", "sentence"),
    [
        (
            "import os\n",
            Dialect.BARE,
            (
                "tasks/report.py: it has no frontmatter to convert: give it one, such as `schedule: daily` between two lines "
                "--- in its docstring, or begin with a file that `new` makes"
            ),
        ),
        (
            "---\ntimeout: no\n---\n",
            Dialect.DOCSTRING,
            "tasks/report.py:2: timeout must be a whole number, not the text 'no': write digits, such as 300",
        ),
        (
            "# words\n# /// script\n# dependencies = []\n# [tool.uv]\n# exclude-newer = 2024-01-01T00:00:00Z\n# ///\n",
            Dialect.BARE,
            "tasks/report.py:2: the block holds [tool.uv], which only a block # /// script can: remove it first",
        ),
        (
            '"---\\ntitle: x\\n" "---\\n"\n',
            Dialect.BARE,
            "tasks/report.py:1: its docstring is put together of several parts: write it as one text",
        ),
        (
            '"""\n---\ntitle: x\n---\n---\nmore"""\n',
            Dialect.BARE,
            "tasks/report.py:2: as bare it would mean something else",
        ),
        (
            '("""---\ntitle: x\n---\n""")\n',
            Dialect.BARE,
            "tasks/report.py:1: its docstring is put together of several parts: write it as one text",
        ),
    ],
)
def test_what_cannot_be_converted_is_refused_with_the_reason(text: str, to: Dialect, sentence: str) -> None:
    conversion = converted(text, to)

    assert [str(problem) for problem in conversion.problems if problem.severity == "error"] == [sentence]
    assert conversion.content is None


COMMENTS = LINES.map(lambda text: f"# {text}".rstrip())
BREAKS = st.sampled_from(["\n", "\r\n"])


@st.composite
def commented_files(draw: st.DrawFn) -> tuple[str, list[str], str]:
    """Draw a file in the docstring dialect, the comments in its frontmatter, and the rest of its docstring."""
    values = draw(DECLARATIONS)
    comments = []
    lines = []
    for line in in_dialect(values, Dialect.BARE).split("\n")[1:-2]:
        for comment in draw(st.lists(COMMENTS | st.just(""), max_size=2)):
            lines.append(comment)
            comments.append(comment)
        beside = draw(COMMENTS | st.just(""))
        comments.append(beside)
        lines.append(f"{line}  {beside}" if beside else line)
    # A rest that looks like frontmatter would be frontmatter, once it is alone: such a file is refused.
    rest = draw((TEXTS | st.just("")).filter(lambda text: not text.lstrip().startswith("---")))
    text = "\n---\n" + "".join(f"{line}\n" for line in lines) + "---\n" + rest
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    header = draw(st.sampled_from(["", "#!/usr/bin/python\n", "# words\n\n"]))
    return f'{header}"""{escaped}"""\n{CODE}', [comment for comment in comments if comment], rest


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(file=commented_files(), line_break=BREAKS)
def test_a_file_goes_through_all_dialects_and_keeps_everything(
    file: tuple[str, list[str], str], line_break: str
) -> None:
    text, comments, rest = file
    content = text.replace("\n", line_break).encode()
    wanted = meaning(read(content))

    for dialect in (Dialect.BARE, Dialect.PEP723, Dialect.DOCSTRING):
        conversion = converted(content, dialect)
        content = text_of(conversion).encode()
        assert meaning(read(content)) == wanted
        assert content.endswith(CODE.replace("\n", line_break).encode())
        assert line_break == "\n" or content.count(b"\n") == content.count(b"\r\n")
        if dialect is not Dialect.DOCSTRING:
            shown = content.decode().replace("\r\n", "\n")
            assert all(comment in shown for comment in comments)

    said = ast.get_docstring(ast.parse(content), clean=False) or ""
    assert all(comment in said for comment in comments)
    assert said.endswith("---\n" + (rest if rest.strip() else ""))


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@example(values={"title": "a"}, start=Dialect.PEP723)
@given(values=DECLARATIONS, start=st.sampled_from(Dialect))
def test_any_dialect_becomes_any_other(values: Values, start: Dialect) -> None:
    content = in_dialect(values, start, CODE).encode()
    wanted = meaning(read(content))

    for dialect in set(Dialect) - {start}:
        assert meaning(read(text_of(converted(content, dialect)).encode())) == wanted
