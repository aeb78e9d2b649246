"""Whether a function can be called with what its schedule gives it, told from the syntax tree.

That holds for functions that are what their `def` says: whatever else decorates them, or is bound to their name, may
take other arguments.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping, Sequence

from task_scheduler.core.errors import did_you_mean
from task_scheduler.core.excerpts import quoted
from task_scheduler.watcher.imports import Function, may_bind_unwritten, names_bound_by
from task_scheduler.watcher.leaving import may_leave_before_calls

#: What a run gives to whoever names it as a parameter.
OFFERED = ("scheduled_time", "window_start", "window_end", "attempt", "changed", "reason")

#: What people call them; `changed` where an event has a file.
_OTHER_NAMES: Mapping[str, str] = {
    **dict.fromkeys(("changed_file", "changed_path", "file", "file_name", "file_path", "filename", "path"), "changed"),
    **dict.fromkeys(("due", "scheduled_at", "scheduled_for", "slot"), "scheduled_time"),
    **dict.fromkeys(("retry", "attempt_number", "try_number"), "attempt"),
}


def call_fault(function: Function, given: Sequence[object], named: Collection[str], *, on_change: bool = False) -> str:
    """Return why each call of a function would fail, as the end of a sentence about it; empty: none is known to.

    `given` and `named` are the arguments of its schedule; `on_change` says that a file's change starts it.
    """
    parameters = function.args
    by_place = [each.arg for each in (*parameters.posonlyargs, *parameters.args)]
    by_name = [each.arg for each in (*parameters.args, *parameters.kwonlyargs)]
    filled = set(by_place[: len(given)])
    if len(given) > len(by_place) and parameters.vararg is None:
        return f"takes {_count(len(by_place))} by position, and its schedule gives {len(given)}"
    for name in named:
        if name in filled and name in by_name:
            return f"is given {quoted(name)} twice by its schedule"
        if name not in by_name and parameters.kwarg is None:
            if name in by_place:
                return _by_position_alone(name, "its schedule")
            return f"takes no {quoted(name)}, which its schedule gives{did_you_mean(name, by_name)}"
    optional = {
        *by_place[len(by_place) - len(parameters.defaults) :],
        *(
            each.arg
            for each, default in zip(parameters.kwonlyargs, parameters.kw_defaults, strict=True)
            if default is not None
        ),
    }
    reachable = {*named, *OFFERED} & set(by_name)
    lacking = [name for name in (*by_place, *by_name) if name not in filled | optional | reachable]
    if not lacking:
        return ""
    if lacking[0] in OFFERED:  # it would be given, were it not for the /
        return _by_position_alone(lacking[0], "a run")
    return _about(lacking[0], on_change=on_change)


def is_plain(function: Function, nodes: Sequence[ast.AST]) -> bool:
    """Whether a function is called as its `def` has it, in a file of these nodes, of which the first is the file.

    That is not sure of one whose name is bound anywhere else, or used but to call it: whoever is given the function may
    give it other defaults. Nor of any in a file that may end its run before.
    """
    called = {node.func for node in nodes if isinstance(node, ast.Call)}
    for node in nodes:
        if node is function:
            continue
        if isinstance(node, ast.Name) and node.id == function.name and node not in called:
            return False
        names = set(names_bound_by(node))
        if function.name in names or ("*" in names and getattr(node, "lineno", 0) > function.lineno):
            return False
    file = nodes[0]
    return not (may_bind_unwritten(nodes) or (isinstance(file, ast.Module) and may_leave_before_calls(file)))


def _about(name: str, *, on_change: bool) -> str:
    """Return what to do about a parameter that nothing is given for."""
    meant = _OTHER_NAMES.get(name.lower(), "changed" if on_change else "")
    if meant == "changed" and not on_change:
        meant = ""
    hint = f", did you mean {meant!r}?" if meant else did_you_mean(name, OFFERED)
    offered = f"{', '.join(OFFERED[:-1])} and {OFFERED[-1]}"
    return (
        f"asks for {quoted(name)}, which nothing gives it{f' ({hint[2:]})' if hint else ''}: "
        f"a run offers {offered}, and other arguments stand in @repeat(…, name=value)"
    )


def _by_position_alone(name: str, giver: str) -> str:
    return f"takes {quoted(name)} by position alone, and {giver} gives it by name: leave out the / of its parameters"


def _count(number: int) -> str:
    return "no arguments" if number == 0 else "1 argument" if number == 1 else f"{number} arguments"
