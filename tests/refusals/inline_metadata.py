"""Inline metadata, `# /// script`, as PEP 723 has it."""

from __future__ import annotations

from tests.refusals.row import CODE, Row, block, file

_OPEN = "# /// script\n# dependencies = []\n"
_TOOL = "[tool.task-scheduler]\n"

ROWS: tuple[Row, ...] = (
    file(
        "block-unclosed",
        f"{_OPEN}print()\n",
        "1: error: the block opened here ends at a line that is no comment (line 3): close it with a line `# ///`",
        wrote=f"{_OPEN}print()",
    ),
    file(
        "block-unclosed-at-end",
        _OPEN,
        "1: error: the block opened here is never closed: end it with a line `# ///`",
        did="a block `# /// script` that ends with the file",
    ),
    file(
        "block-closed-badly",
        f"{_OPEN}#///\nprint()\n",
        "1: error: the block opened here is not closed by line 3: write exactly `# ///` there",
        wrote=f"{_OPEN}#///",
    ),
    file(
        "block-closed-with-space",
        f"{_OPEN}# /// \nprint()\n",
        "1: error: the block opened here is not closed by line 3: write exactly `# ///` there",
        did="a block closed by `# ///` with a space after it",
    ),
    file(
        "block-no-space",
        "# /// script\n#dependencies = []\n# ///\n",
        "1: error: the block opened here ends at a line that does not begin with `# ` (line 2): close it with a line `# ///`",
        wrote="# /// script\n#dependencies = []\n# ///",
    ),
    file(
        "block-line-between",
        "# /// script\n# dependencies = [\n\n# ]\n# ///\n",
        "1: error: the block opened here ends at a line that is no comment (line 3): close it with a line `# ///`",
        wrote="# /// script\n# dependencies = [\n\n# ]\n# ///",
    ),
    file(
        "block-empty",
        "# /// script\n# ///\nprint()\n",
        "1: error: the block opened here is empty: write a line such as # dependencies = [] between its ends",
        wrote="# /// script\n# ///",
    ),
    file(
        "block-twice",
        f"{_OPEN}# ///\n\n{_OPEN}# ///\n",
        "5: error: a second block # /// script: a file has one, so move its lines to the first, in line 1",
        wrote=f"{_OPEN}# ///\n\n{_OPEN}# ///",
    ),
    file(
        "block-capital",
        "# /// Script\n# dependencies = []\n# ///\n",
        "1: error: a block of metadata is opened by exactly `# /// script`",
        wrote="# /// Script\n# dependencies = []\n# ///",
    ),
    file(
        "block-two-slashes",
        "# // script\n# dependencies = []\n# //\n",
        "1: error: a block of metadata is opened by exactly `# /// script`",
        wrote="# // script\n# dependencies = []\n# //",
    ),
    file(
        "block-indented",
        f"if True:\n    {_OPEN.replace(chr(10) + '#', chr(10) + '    #')}    # ///\n    pass\n",
        "2: error: a block of metadata is opened by exactly `# /// script`",
        wrote="if True:\n    # /// script\n    # dependencies = []\n    # ///",
    ),
    block(
        "toml-syntax",
        "dependencies = [",
        "3: error: a value that is no number, true, false or list must be in quotes: [tool.task-scheduler]",
    ),
    block("toml-colon", "dependencies: []", "2: error: write = instead of the colon: dependencies: []"),
    block(
        "toml-no-quotes",
        "requires-python = >=3.11",
        "2: error: a value that is no number, true, false or list must be in quotes: requires-python = >=3.11",
    ),
    block(
        "toml-word",
        f"{_TOOL}timezone = UTC",
        "6: error: a value that is no number, true, false or list must be in quotes: timezone = UTC",
    ),
    block(
        "toml-yaml-list",
        "dependencies =\n  - requests",
        "2: error: a value that is no number, true, false or list must be in quotes: dependencies =",
    ),
    block(
        "toml-open-quote", 'requires-python = ">=3.11', '2: error: a quote is never closed: requires-python = ">=3.11'
    ),
    block(
        "toml-backslash",
        f'{_TOOL}timezone = "C:\\zones"',
        '6: error: a backslash between double quotes has a meaning of its own, use single quotes: timezone = "C:\\zones"',
    ),
    block(
        "toml-duplicate-key",
        f"{_TOOL}timeout = 60\ntimeout = 90",
        "7: error: a key is given twice, keep one of them: timeout = 90",
    ),
    block(
        "toml-duplicate-table",
        f"{_TOOL}timeout = 60\n{_TOOL}retry_count = 1",
        "7: error: a table is given twice, put its keys together: [tool.task-scheduler]",
    ),
    block(
        "toml-leading-zero",
        f"{_TOOL}timeout = 060",
        "6: error: this is not TOML (expected newline or end of document after a statement): timeout = 060",
    ),
    block(
        "toml-capital-true",
        f"{_TOOL}enabled = True",
        "6: error: a value that is no number, true, false or list must be in quotes: enabled = True",
    ),
    block(
        "toml-yes",
        f"{_TOOL}enabled = yes",
        "6: error: a value that is no number, true, false or list must be in quotes: enabled = yes",
    ),
    block(
        "toml-null",
        f"{_TOOL}timezone = null",
        "6: error: a value that is no number, true, false or list must be in quotes: timezone = null",
    ),
    block(
        "toml-deep",
        f"dependencies = {'[' * 3_000}",
        "2: error: nested more than 8 levels deep: write it flatter",
        did="`dependencies =` and 3,000 brackets",
    ),
    block(
        "block-unknown-key",
        "owner = 'Ada'",
        "2: error: unknown key 'owner': at the top of the block stand dependencies and requires-python, everything else in [tool.task-scheduler]",
    ),
    block(
        "block-own-key-above",
        "timeout = 60",
        "2: error: unknown key 'timeout' at the top of the block: it belongs into [tool.task-scheduler]",
    ),
    block(
        "block-title-above",
        "title = 'Report'",
        "2: error: unknown key 'title' at the top of the block: it belongs into [tool.task-scheduler]",
    ),
    block(
        "block-python-version",
        'python_version = "3.11"',
        "2: error: unknown key 'python_version', did you mean 'requires-python'?",
    ),
    block(
        "block-python-inside",
        f'{_TOOL}python_version = "3.11"',
        "6: error: unknown key 'python_version' in [tool.task-scheduler]: requires-python stands at the top of the block, above [tool.task-scheduler]",
    ),
    block(
        "block-python-inside-pep",
        f'{_TOOL}requires-python = ">=3.11"',
        "6: error: unknown key 'requires-python' in [tool.task-scheduler]: requires-python stands at the top of the block, above [tool.task-scheduler]",
    ),
    block(
        "block-dependencies-inside",
        f'{_TOOL}dependencies = ["requests"]',
        "6: error: unknown key 'dependencies' in [tool.task-scheduler]: dependencies stands at the top of the block, above [tool.task-scheduler]",
    ),
    block(
        "block-dependencies-twice",
        f'dependencies = ["requests"]\n{_TOOL}dependencies = ["pandas"]',
        "7: error: unknown key 'dependencies' in [tool.task-scheduler]: dependencies stands at the top of the block, above [tool.task-scheduler]",
    ),
    block(
        "block-unknown-inside",
        f"{_TOOL}timeot = 60",
        "6: error: unknown key 'timeot' in [tool.task-scheduler], did you mean 'timeout'?",
    ),
    block(
        "block-tool-slip",
        "[tool.taskscheduler]\ntimeout = 60",
        "2: error: unknown table 'tool.taskscheduler', did you mean [tool.task-scheduler]?",
    ),
    block(
        "block-tool-underscore",
        "[tool.task_scheduler]\ntimeout = 60",
        "2: error: unknown table 'tool.task_scheduler', did you mean [tool.task-scheduler]?",
    ),
    block(
        "block-array-of-tables",
        "[[tool.task-scheduler.jobs]]\nname = 'a'",
        "2: error: unknown key 'jobs' in [tool.task-scheduler]: remove it; docs/task-files.md lists the keys",
    ),
    block(
        "block-nested-table",
        "[tool.task-scheduler.retry]\ncount = 2",
        "2: error: unknown key 'retry' in [tool.task-scheduler], did you mean 'retry_count'?",
    ),
    block(
        "block-dependencies-text",
        'dependencies = "requests"',
        "2: error: dependencies must be a list, not the text 'requests': write [\"requests\"]",
    ),
    block(
        "block-dependencies-table",
        "dependencies = { requests = '>=2' }",
        '2: error: dependencies must be a list, not a mapping: write ["requests>=2.25"]',
    ),
    block(
        "block-dependencies-option",
        'dependencies = ["--pre"]',
        "2: error: dependencies: '--pre' is an option of an installer and not a package: write the packages themselves",
    ),
    block(
        "block-python-number",
        "requires-python = 3.11",
        '2: error: requires-python must be text, not the number 3.11: put it in quotes, such as "3.11"',
    ),
    block(
        "block-python-bad",
        'requires-python = "3.11+"',
        '2: error: requires-python must be the lowest version the task runs with, such as "3.11", or a range such as ">=3.9,<3.13", not the text \'3.11+\'',
    ),
    block(
        "block-python-two",
        'requires-python = ">=2.7,<3"',
        "2: error: requires-python allows no version of Python 3: '>=2.7,<3' excludes them all",
    ),
    block(
        "block-timeout-text",
        f'{_TOOL}timeout = "60"',
        "6: error: timeout must be a whole number, not the text '60': write 60 without quotes",
    ),
    block(
        "block-timeout-fraction",
        f"{_TOOL}timeout = 60.5",
        "6: error: timeout must be a whole number, not the number 60.5: write digits, such as 300",
    ),
    block(
        "block-timeout-infinite",
        f"{_TOOL}timeout = inf",
        "6: error: timeout must be a whole number, not the number inf: write digits, such as 300",
    ),
    block(
        "block-timeout-enormous",
        f"{_TOOL}timeout = {'9' * 30}",
        "6: error: timeout holds a number too large or lists too deep to be meant",
    ),
    block(
        "block-date",
        f"{_TOOL}timezone = 2026-11-22",
        "6: error: timezone must be text, not the date 2026-11-22: put it in quotes",
    ),
    block(
        "block-time",
        f"{_TOOL}timeout = 01:30:00",
        "6: error: timeout must be a whole number, not the time 01:30:00: write digits, such as 300",
    ),
    block(
        "block-moment",
        f"{_TOOL}timeout = 2026-11-22T10:30:00Z",
        "6: error: timeout must be a whole number, not the date 2026-11-22T10:30:00+00:00: write digits, such as 300",
    ),
    block(
        "block-uv-sources",
        '[tool.uv]\nindex-url = "x"',
        "3: warning: [tool.uv] index-url is not read: packages come from the index the scheduler is set to",
    ),
    block(
        "block-uv-named-source",
        '[tool.uv.sources]\nrequests = { path = "x" }',
        "2: warning: [tool.uv] sources is not read: packages come from the index the scheduler is set to",
    ),
    file(
        "block-tool-no-table",
        f"# /// script\n# tool = 5\n# ///\n{CODE}",
        "2: error: tool must be a table: write [tool.task-scheduler]",
        wrote="# /// script\n# tool = 5\n# ///",
    ),
)
