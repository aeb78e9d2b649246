"""docs/settings.md, written from the models of the settings."""

from __future__ import annotations

from collections.abc import Iterator

from task_scheduler.settings import Settings
from task_scheduler.settings.account import account
from task_scheduler.settings.models import known_keys
from task_scheduler.settings.reload import Effect

_HEAD = """\
# Settings

Written by `python -m tests.settings` from the program itself. `config/config.yaml` holds them; each has a default, so the
file may say as little as you like, or be missing. `config show` tells every value and where it came from, `config check`
what is wrong with the file: `python3 main.py config check` in a clone, else `task-scheduler config check`.

## Who says what

A later source wins over an earlier one:

1. the default;
2. the file: `config/config.yaml`, or the one that `--config FILE` names, which has to be there;
3. an environment variable: `TASK_SCHEDULER_`, the section, two underscores, the key, such as
   `TASK_SCHEDULER_SCHEDULER__LOOP_INTERVAL=5`;
4. the command line of the scheduler: `run --set scheduler.loop_interval=5`, which may be repeated, and outlasts `restart`.

Durations are seconds (`90`) or a number with a unit: `10 s`, `5 minutes`, `24 hours`, `7 days`. Sizes are bytes or a number with a
unit: `10 MB` (million bytes), `10 MiB`; of `max_memory_usage` a bare number counts megabytes. Relative paths start at the
project folder. The file is strict YAML: an unknown key, a value of the wrong type, a key given twice or a tab is an error
with its line, and all errors are said at once.

A file of `--config` in the `config/` of a project means that project, unless `--root` names another. One that lies anywhere
else says the settings alone: the project is the one it would be without it, and relative paths start there.

No scheduler starts by a file that cannot be used, and none restarts; nor does `run-file` or anything else that would work
without a scheduler, or builds. What a running scheduler is asked for (`start`, `pause`, `stop`, `shutdown`, `backup now`) it
does by the settings it has, and `alive` looks at no file. Verbs that read (`list`, `status`, `history`, `show`, `logs`,
`overdue`, `jobs`) work as well: with a running scheduler `status` alone says what is wrong with the file; without one they
all leave that out, and say in a line what it is and which record they read.

A `tasks.directory` that is not there keeps a scheduler from starting where `tasks/` still holds task files: it is more often
mistyped than meant. A first start makes the folder, and any start the usual `tasks/`.

## Changes while the scheduler works

The file is looked at every few seconds, by its content: it does not matter how it is saved. A change takes effect within
five seconds; HUP, or `systemctl reload`, has it looked at now. The log names each key with the value before and after, and
says either `in force` or `takes effect at the next start`, with the command that restarts this scheduler. What is under way
goes on as it began: a run keeps the grace and the output limit that it was started with, and with a lower `max_concurrent`
nothing new is started until fewer execute.

A change is taken as a whole or not at all. A file that cannot be used, has vanished or was emptied changes nothing: the
settings in force stay, the log says why, once, a record for each error, and `status` shows it, with the time since when,
until the file is mended. A file that somebody is still writing is left until it is closed.

An empty file means all defaults to a start. A scheduler at work keeps what it has where the file says nothing any more: more
often than by a wish, a file is emptied by a full disk or by an editor that was interrupted. `config check` warns of it; a
comment in the file is enough to mean the defaults.

With another `tasks.directory` the tasks of the new folder come into force, and those of the old one end as if their files
had been deleted; their history stays. Where the new folder is not there, nothing of either is started until it is.

"""


def page() -> str:
    """Return the page."""
    return _HEAD + "\n".join(_section(section) for section in known_keys())


def _section(section: str) -> str:
    rows = "".join(f"{row}\n" for row in _rows(section))
    return f"## `{section}`\n\n| key, and the variable | what it is | must be | default | a change takes effect |\n|---|---|---|---|---|\n{rows}"


def _rows(section: str) -> Iterator[str]:
    for told in account(Settings(), Settings()):
        of, _, name = told["key"].partition(".")
        if of == section:
            effect = "at once" if told["takes_effect"] == Effect.LIVE else "**at the next start**"
            key = f"`{name}`<br>`{told['variable']}`"
            cells = (key, _plain(told["meaning"]), _plain(told["must_be"]), f"`{told['default']}`", effect)
            yield f"| {' | '.join(cells)} |"


def _plain(text: str) -> str:
    """Return a text such that nothing in it is read as markup."""
    return text.replace("|", "\\|").replace("*", "\\*")
