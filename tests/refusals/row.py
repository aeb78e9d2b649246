"""One row of the table of refusals, and short ways to write files for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

#: Lines of frontmatter that go without saying.
_USUAL = ("title: Report", "description: Counts")
#: Code that has a schedule.
CODE = "from task_scheduler.decorators import cron, every, repeat\n\n\n@repeat(every().hour)\ndef start():\n    pass\n"
IMPORT = "from task_scheduler.decorators import after, at_startup, cron, every, on_change, once, repeat\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A file somebody drops, and all that is said of it."""

    id: str  #: also the file's name, without `.py`
    wrote: str = ""  #: what matters of the text
    did: str = ""  #: what a person did, in words, where the text does not show it
    content: bytes
    said: tuple[str, ...]  #: `5: error: sentence`, or without a line; every problem, in order
    only_by_check: bool = False  #: told from other files beside it, which the reader alone does not see


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Something that is put into the folder of tasks, and all that is said of it."""

    id: str
    did: str
    name: str  #: in the folder
    make: Callable[[Path], object]  #: makes it, given its path
    said: tuple[str, ...]  #: as in `Row`
    needs_plain_user: bool = False  #: root is let in everywhere


def key(row_id: str, wrote: str, *said: str, did: str = "") -> Row:
    """A docstring frontmatter with some lines, the first of which is line 5; 4 where it is a usual one itself."""
    usual = [line for line in _USUAL if not wrote.startswith(line.partition(":")[0])]
    lines = "\n".join([*usual, wrote])
    text = f'r"""\n---\n{lines}\n---\n"""\n{CODE}'
    return Row(id=row_id, wrote=wrote, did=did, content=text.encode(), said=said)


def code(row_id: str, wrote: str, *said: str, did: str = "") -> Row:
    """A good frontmatter above some code, which begins in line 8."""
    text = f'"""\n---\n{_USUAL[0]}\n{_USUAL[1]}\n---\n"""\n{IMPORT}{wrote}\n'
    return Row(id=row_id, wrote=wrote, did=did, content=text.encode(), said=said)


def block(row_id: str, wrote: str, *said: str, did: str = "") -> Row:
    """Inline metadata: lines of TOML, the first of which is line 5."""
    usual = '[tool.task-scheduler]\ntitle = "Report"\ndescription = "Counts"\nschedule = "hourly"'
    above, _, below = wrote.partition("[tool.task-scheduler]\n")
    lines = "\n".join([*above.splitlines(), *usual.splitlines(), *below.splitlines()])
    text = "# /// script\n" + "".join(f"# {line}".rstrip() + "\n" for line in lines.splitlines()) + "# ///\nprint()\n"
    return Row(id=row_id, wrote=wrote, did=did, content=text.encode(), said=said)


def file(row_id: str, content: str | bytes, *said: str, did: str = "", wrote: str = "", by_check: bool = False) -> Row:
    """A whole file."""
    data = content if isinstance(content, bytes) else content.encode()
    shown = wrote or ("" if did or isinstance(content, bytes) else content)
    return Row(id=row_id, wrote=shown, did=did, content=data, said=said, only_by_check=by_check)
