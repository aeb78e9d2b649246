"""From a file's frontmatter to its declaration, whatever the dialect."""

from __future__ import annotations

from task_scheduler.core.declaration import declare
from task_scheduler.core.errors import Problem, Severity
from task_scheduler.core.tasks import TaskDeclaration
from task_scheduler.watcher.frontmatter import Frontmatter
from task_scheduler.watcher.python_versions import python_fault
from task_scheduler.watcher.requirements import RequirementFault


def declared(
    front: Frontmatter, *, path: str, default_title: str, requirement_fault: RequirementFault
) -> tuple[TaskDeclaration | None, tuple[Problem, ...]]:
    """Return what a frontmatter declares, None when it has an error, and all its problems."""
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
    )
    if faults and not document.data:
        # Nothing could be read at all: what seems to be missing is not.
        problems = ()
    return (None if faults else declaration), (*faults, *remarks, *problems)
