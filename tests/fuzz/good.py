"""Good task files in every dialect, with what makes reading and converting them hard."""

from __future__ import annotations

_CODE = (
    "import json\nfrom task_scheduler.decorators import cron, every, repeat\n\n\n"
    "@repeat(every(5).minutes)\n@repeat(cron('0 9 * * 1-5'), 1, name='a')\ndef start(count=0, *, name='x'):\n"
    '    """Count."""\n    print(json.dumps([count, name]))\n'
)
_YAML = (
    "# The report of the night.\n"
    "title: 'Report: the #1'  # shown in lists\n"
    'description: "It\'s \\"quoted\\", C:\\\\data, \\u00e9"\n'
    "dependencies:\n  - requests>=2.25,<3  # the old one breaks\n  - 'tzdata; sys_platform == \"win32\"'\n\n"
    'python_version: ">=3.9,<3.14"\n'
    "enabled: true\ntimeout: 60\nretry_count: 2\nretry_delay: 5\n"
    "schedule: [daily at 10:30, '*/20 * * * *']\ntimezone: Europe/Berlin\npreload: false\nstart_method: spawn\n"
)
_SHORT = "title: Report\ndescription: >-\n  Counts what\n  there is\n"
_TOML = (
    "# /// script\n# # What it needs.\n# requires-python = '>=3.9'\n# dependencies = [\n#   \"requests>=2\",  # old\n#   'rich',\n# ]\n#\n"
    "# [tool.task-scheduler]\n# title = \"Report: the \\\"first\\\"\"\n# description = '''two\n# lines'''\n"
    "# schedule = [\"hourly\", '0 9 * * *'] # twice\n# timeout = 60\n# enabled = false\n# ///\n"
)

GOOD: tuple[bytes, ...] = tuple(
    text.encode()
    for text in (
        f'r"""\n---\n{_YAML}---\n\nMore words, with a \\ and ---.\n"""\n{_CODE}',
        f'#!/usr/bin/env python3\n# -*- coding: utf-8 -*-\n\n---\n{_YAML}---\n"""Words."""\n{_CODE}',
        f"#!/usr/bin/env -S uv run\n{_TOML}\n'''Words.'''\nprint('ran')\n",
        f'"""\n    ---\n    {_SHORT.replace(chr(10), chr(10) + "    ")}---\n    """\nif __name__ == "__main__":\n    print()\n',
        f"---\n{_SHORT}---\n{_CODE}",
        f"'''---\n{_SHORT}---'''; import os\n{_CODE}".replace("\n", "\r\n"),
        f"\ufeff{_TOML}{_CODE}",
    )
)
