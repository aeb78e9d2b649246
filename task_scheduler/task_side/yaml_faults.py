"""Where a person has to look in a file that is no YAML: what reads it knows only where it could not go on.

Runs in tasks' environments too, where PyYAML is handed in: Python 3.8 or later.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

#: What to say of such a line.
NEVER_CLOSED = "the quote that opens here is not closed"
QUOTES = "a value that begins with one of ! * & @ ` % | > must be in quotes"

#: The tags that YAML itself has; any other is more likely the beginning of a password.
_CORE_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}"
    for name in "binary bool float int map merge null omap pairs seq set str timestamp value".split()  # noqa: SIM905
)


def faulty_line(yaml: ModuleType, text: str, error: Any) -> tuple[int, bool]:  # noqa: ANN401 - its MarkedYAMLError
    """Return the line, from 1, in which `text` is at fault, and whether a quote opens there that is not closed.

    `yaml` is PyYAML, and `error` what it raised for the text.
    """
    if "unexpected end of stream" in (error.problem or "") and error.context_mark is not None:
        return error.context_mark.line + 1, True
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return 1, False
    # A quote that is not closed ends where the next one opens, lines below, and what comes there makes no sense.
    quoted = _last_in_quotes(yaml, text)
    if quoted is not None and quoted.start_mark.line < quoted.end_mark.line == mark.line:
        return quoted.start_mark.line + 1, True
    return mark.line + 1, False


def _last_in_quotes(yaml: ModuleType, text: str) -> Any:  # noqa: ANN401 - an event of PyYAML
    """Return the last event in the text, as far as it can be read, if that is a value in quotes; None: it is none."""
    last = None
    try:
        for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            last = event
    except yaml.YAMLError:
        pass
    return last if isinstance(last, yaml.ScalarEvent) and last.style in {"'", '"'} else None


def line_of_lost_beginning(yaml: ModuleType, text: str) -> int | None:
    """Return the first line, from 1, of a value whose beginning YAML keeps for itself; None: there is none.

    That is a tag which YAML does not have, and a name (`&name`) of a text that nothing refers to. `yaml` is PyYAML;
    raises its YAMLError where the text is none.
    """
    if "&" not in text and "!" not in text:
        return None
    lines = []
    named: dict[str, int] = {}
    for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        if isinstance(event, yaml.AliasEvent):
            named.pop(event.anchor, None)
        elif isinstance(event, yaml.NodeEvent):
            line = event.start_mark.line + 1
            if event.tag is not None and event.tag not in _CORE_TAGS:
                lines.append(line)
            if event.anchor is not None and isinstance(event, yaml.ScalarEvent):
                named[event.anchor] = line
    return min([*lines, *named.values()], default=None)
