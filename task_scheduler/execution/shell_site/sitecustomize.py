# ruff: noqa: INP001 - found by its folder, which is no package
"""Python imports this while it starts on a person's terminal for `python TASK`: it makes it what it is in a run.

Its folder leads PYTHONPATH for that one start, and nothing of that is left for the person or for what they start.
Standard library only, Python 3.8 or later.
"""

from __future__ import annotations

import importlib
import json
import os
import sys

_ORDER = "TASK_SCHEDULER_SHELL"


def _make_way() -> dict[str, str] | None:
    """Remove the traces of how this module came to be imported; return the order, None when there is none."""
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [place for place in sys.path if os.path.abspath(place) != here]
    told = os.environ.pop(_ORDER, None)
    if told is None:
        return None
    order: dict[str, str] = json.loads(told)
    os.environ.pop("PYTHONSAFEPATH", None)
    os.environ["PYTHONPATH"] = order["python_path"]
    return order


def _let_the_environment_speak() -> None:
    """Import the `sitecustomize` that an environment may have of its own, in whose place this one was found."""
    ours = sys.modules.pop(__name__)
    try:
        importlib.import_module(__name__)
    except ModuleNotFoundError as error:
        if error.name != __name__:
            raise
    finally:
        sys.modules.setdefault(__name__, ours)


def _become(order: dict[str, str]) -> None:
    sys.path.insert(0, order["lib"])
    from task_scheduler.execution import as_a_run

    del sys.path[0]
    as_a_run.become(order)


_order = _make_way()
_let_the_environment_speak()
if _order is not None:
    _become(_order)
