"""docs/reference/commands.md, written from the parser of the command line."""

from __future__ import annotations

import argparse
import re
import textwrap
from collections.abc import Iterator

from task_scheduler.cli import arguments

_HEAD = """\
# Every option of every command

Written by `python -m tests.reference` from what `--help` is made of. [Commands](../commands.md) tells in a line what each is for;
[exit codes](exit-codes.md) have a page of their own. In a clone, `python3 main.py` stands for `task-scheduler`.

Every verb takes `--root DIR`, the project folder, `--config FILE`, the configuration file, and `--help`, before or after its name.

"""
_EVERYWHERE = frozenset({"--root", "--config", "--help"})
#: What a page shows of a line without scrolling.
_WIDEST = 76


def page() -> str:
    """Return the page."""
    parser = arguments._parser(arguments._INSTALLED)
    verbs = "\n".join(_verb(name, verb, level=2) for name, verb in _verbs(parser).items())
    return _HEAD + verbs


def _verb(name: str, parser: argparse.ArgumentParser, *, level: int) -> str:
    summary, _, more = (parser.description or "").partition("\n\n")
    parts = [f"{'#' * level} `{name}`", summary, f"```text\n{_usage(name, parser)}\n```", _paragraphs(more)]
    if rows := [*_rows(parser)]:
        parts.append("| argument | meaning |\n|---|---|\n" + "\n".join(rows))
    own = "\n\n".join(part for part in parts if part) + "\n"
    inner = (_verb(f"{name} {word}", verb, level=level + 1) for word, verb in _verbs(parser).items())
    return "\n".join([own, *inner])


def _verbs(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    return {name: verb for group in _groups(parser) for name, verb in group.choices.items()}


def _groups(parser: argparse.ArgumentParser) -> list[argparse._SubParsersAction[argparse.ArgumentParser]]:
    return [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]


def _own(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Return what a verb takes besides what every verb does."""
    groups = _groups(parser)
    return [
        action
        for action in parser._actions
        if action not in groups
        and action.help is not argparse.SUPPRESS
        and _EVERYWHERE.isdisjoint(action.option_strings)
    ]


def _usage(name: str, parser: argparse.ArgumentParser) -> str:
    own = _own(parser)
    words = [f"[{_spelled(action)}]" for action in own if action.option_strings and not action.required]
    words += [_spelled(action) for action in own if action.option_strings and action.required]
    words += [_positional(action) for action in own if not action.option_strings]
    words += ["…" for _ in _groups(parser)]
    # An option and its value stay on one line.
    text = " ".join(word.replace(" ", "\0") for word in words)
    first = f"task-scheduler {name} "
    lines = textwrap.wrap(
        text, _WIDEST, initial_indent=first, subsequent_indent=" " * len(first), break_on_hyphens=False
    )
    return "\n".join(lines).replace("\0", " ") or first.rstrip()


def _rows(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in sorted(_own(parser), key=lambda action: bool(action.option_strings)):
        names = action.option_strings or [_positional(action)]
        spelled = ", ".join(f"`{name}{_value(action)}`" for name in names) if action.option_strings else f"`{names[0]}`"
        yield f"| {_cell(spelled)} | {_cell(_expanded(parser, action))} |"


def _spelled(action: argparse.Action) -> str:
    return action.option_strings[-1] + _value(action)


def _value(action: argparse.Action) -> str:
    """Return ` VALUE` of an option that takes one."""
    if action.nargs == 0:
        return ""
    name = _name(action)
    return f" [{name}]" if action.nargs == "?" else f" {name}…" if action.nargs in {"*", "+"} else f" {name}"


def _positional(action: argparse.Action) -> str:
    name = _name(action)
    match action.nargs:
        case "?":
            return f"[{name}]"
        case "*":
            return f"[{name}…]"
        case "+":
            return f"{name}…"
        case _:
            return name


def _name(action: argparse.Action) -> str:
    if isinstance(action.metavar, str):
        return action.metavar
    if action.choices is not None:
        return "{" + ",".join(map(str, action.choices)) + "}"
    return action.dest.upper() if action.option_strings else action.dest


def _expanded(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    """Return the help of an argument, with what `%(default)s` and its like stand for."""
    return (action.help or "") % {**vars(action), "prog": parser.prog}


def _paragraphs(text: str) -> str:
    """Return what `--help` says, as Markdown: indented lines are shown as they stand."""
    paragraphs = []
    for paragraph in text.strip().split("\n\n"):
        if re.match("  ", paragraph):
            paragraphs.append(f"```text\n{paragraph}\n```")
        else:
            paragraphs.append(re.sub(r"([<*_])", r"\\\1", paragraph) if "`" not in paragraph else paragraph)
    return "\n\n".join(paragraphs)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
