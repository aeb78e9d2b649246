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
