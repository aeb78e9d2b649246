"""From a file's frontmatter to its declaration, whatever the dialect."""

from __future__ import annotations

from collections.abc import Iterator

from task_scheduler.core.declaration import declare
from task_scheduler.core.errors import Problem, Severity
from task_scheduler.core.tasks import TaskDeclaration, errors_of
from task_scheduler.watcher.frontmatter import Dialect, Frontmatter
from task_scheduler.watcher.python_versions import python_fault
from task_scheduler.watcher.requirements import RequirementFault, contradictions


def declared(
    front: Frontmatter,
    *,
    path: str,
    default_title: str,
    requirement_fault: RequirementFault,
    recommends: bool = True,
) -> tuple[TaskDeclaration | None, tuple[Problem, ...]]:
    """Return what a frontmatter declares, None when it has an error, and all its problems.

    With `recommends`, keys that are missing and would do good are among them.
    """
    document = front.document
    faults = tuple(Problem(path=path, message=fault.message, line=fault.line) for fault in document.faults)
    remarks = (
        Problem(path=path, message=remark.message, line=remark.line, severity=Severity.WARNING)
        for remark in front.remarks
    )
    declaration, problems = declare(
        document.data,
        path=path,
        lines=document.lines,
        default_title=default_title,
        requirement_fault=requirement_fault,
        python_fault=python_fault,
        spelled=front.spelled,
        assigns=" = " if front.dialect is Dialect.PEP723 else ": ",
        recommends=recommends,
    )
    problems = (*problems, *_contradictions(front, path, requirement_fault))
    if faults and not document.data:
        # Nothing could be read at all: what seems to be missing is not.
        problems = ()
    return (None if faults or errors_of(problems) else declaration), (*faults, *remarks, *problems)


def _contradictions(front: Frontmatter, path: str, requirement_fault: RequirementFault) -> Iterator[Problem]:
    """Yield an error for each package of which no version can be meant; other mistakes of the file hide none."""
    lines, given = front.document.lines, front.document.data.get("dependencies")
    sound = {
        number: text.strip()
        for number, text in enumerate(given if isinstance(given, list) else ())
        if isinstance(text, str) and requirement_fault(text) is None
    }
    for place, sentence in contradictions(tuple(sound.values())):
        line = lines.get(f"dependencies[{tuple(sound)[place]}]", lines.get("dependencies"))
        yield Problem(path=path, message=f"dependencies: {sentence}", line=line)
