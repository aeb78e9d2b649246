"""The original's chapters on task files, schedules, and its template."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.acceptance.parity.block import Block
from tests.acceptance.parity.reader import Reader

FRONTMATTER = """\
---
title: "Hello World Task"
description: "A simple example task"
dependencies:
  - "requests>=2.25.0"
  - "beautifulsoup4==4.9.3"
enabled: true
timeout: 300
---
"""
CODE = '''
from task_scheduler.decorators import repeat, every
import requests

@repeat(every(10).minutes)
def start():
    """This function will be called every 10 minutes at clock boundaries"""
    print("Hello from scheduled task!")

    # Your task logic here
    response = requests.get("{address}/json")
    print(f"Response status: {{response.status_code}}")
'''
DEPENDENCIES = """\
dependencies:
  - "requests>=2.25.0"           # Minimum version
  - "beautifulsoup4==4.9.3"      # Exact version
  - "pandas>=1.3.0,<2.0.0"       # Version range
  - "python-dateutil>=2.8.0"     # Package with hyphens
  - "plyer>=2.1.0"               # Cross-platform notifications
"""
TEMPLATE = '''"""
---
title: "My Task"
description: "Description of what this task does"
dependencies:
  - "requests>=2.25.0"
enabled: true
timeout: 300
---
"""

from task_scheduler.decorators import repeat, every
from datetime import datetime

@repeat(every(5).minutes)  # Runs at :00, :05, :10, :15, etc.
def start():
    """Main task function - called by scheduler"""
    print(f"Task executed at {datetime.now()}")
    # Your task logic here
'''
#: Each decorator, the hours and the minutes it may be due at, and its weekday.
CLOCK = (
    ("every(5).minutes", range(24), range(0, 60, 5)),
    ("every(10).minutes", range(24), range(0, 60, 10)),
    ("every(30).minutes", range(24), (0, 30)),
    ("every(2).hours", range(0, 24, 2), (0,)),
    ("every(6).hours", (0, 6, 12, 18), (0,)),
    ("every(1).day", (0,), (0,)),
)
AT = (
    ('every().day.at("10:30")', (10,), (30,)),
    ('every().monday.at("09:00")', (9,), (0,)),
    ('every().hour.at(":15")', range(24), (15,)),
)
COMMON = (
    ("every(1).minutes", range(24), range(60)),
    ("every(5).minutes", range(24), range(0, 60, 5)),
    ("every(30).minutes", range(24), (0, 30)),
    ("every(1).hours", range(24), (0,)),
    ("every(1).day", (0,), (0,)),
)
Pattern = tuple[str, "range | tuple[int, ...]", "range | tuple[int, ...]"]


def _docstring(reader: Reader) -> None:
    reader.drop("in_a_docstring", f'"""\n{FRONTMATTER}"""\n' + CODE.format(address=reader.address))

    assert reader.run("in_a_docstring") == "Hello from scheduled task!\nResponse status: 200\n"
    # The form is recommended because any tool can read the file.
    reader.shell("python -m py_compile tasks/in_a_docstring.py")


def _bare(reader: Reader) -> None:
    reader.drop("bare", FRONTMATTER + CODE.format(address=reader.address))

    assert reader.run("bare") == "Hello from scheduled task!\nResponse status: 200\n"
    packages = reader.shell("python main.py show bare --lock")
    assert "beautifulsoup4==4.9.3" in packages


def _dependencies(reader: Reader) -> None:
    reader.write(
        "elsewhere.py", f'"""\n---\ntitle: Many\ndescription: Packages\n{DEPENDENCIES}schedule: daily\n---\n"""\n'
    )

    assert "error" not in reader.shell("python main.py check elsewhere.py")


def _template(reader: Reader) -> None:
    reader.drop("template", TEMPLATE)

    assert reader.run("template").startswith("Task executed at 2")
    assert reader.next_instants("template")["start"][15:] in {"0:00Z", "5:00Z"}


def _patterns(name: str, patterns: tuple[Pattern, ...], reader: Reader) -> None:
    functions = "".join(f"@repeat({text})\ndef function_{n}(): ...\n\n" for n, (text, *_) in enumerate(patterns))
    reader.drop(name, f"from task_scheduler.decorators import repeat, every\n\n{functions}")

    due = reader.next_instants(name)
    for number, (text, hours, minutes) in enumerate(patterns):
        moment = datetime.fromisoformat(due[f"function_{number}"]).astimezone(UTC)
        assert (moment.hour in hours, moment.minute in minutes, moment.second) == (True, True, 0), f"{text}: {moment}"
        assert "monday" not in text or moment.weekday() == 0


def _clock(reader: Reader) -> None:
    _patterns("clock", CLOCK, reader)


def _at(reader: Reader) -> None:
    _patterns("at", AT, reader)


def _common(reader: Reader) -> None:
    _patterns("common", COMMON, reader)


ADDRESS = "the page it fetches is a server's on this machine"
FUNCTIONS = "each decorator stands on a function of its own, which the text leaves out"
BLOCKS = (
    Block(
        line=147,
        language="python",
        says="frontmatter in the docstring, with packages",
        adapted=ADDRESS,
        carry_out=_docstring,
    ),
    Block(line=174, language="python", says="frontmatter bare before the code", adapted=ADDRESS, carry_out=_bare),
    Block(
        line=220,
        language="yaml",
        says="packages as pip writes them",
        adapted="read and accepted; two of them are installed by the blocks above",
        carry_out=_dependencies,
    ),
    Block(line=513, language="python", says="decorators on clock boundaries", adapted=FUNCTIONS, carry_out=_clock),
    Block(line=535, language="python", says="decorators of the schedule library", adapted=FUNCTIONS, carry_out=_at),
    Block(line=794, language="python", says="the template of a task", carry_out=_template),
    Block(line=818, language="python", says="common schedules", adapted=FUNCTIONS, carry_out=_common),
)
