"""Reading Python's syntax, one text at a time.

CPython 3.11 counts the depth of the tree it builds in a place all threads share: two texts read at once can end
in `SystemError: AST constructor recursion depth mismatch` (tests/unit/test_syntax.py reads many at once).
"""

from __future__ import annotations

import ast
import threading

_ONE_AT_A_TIME = threading.Lock()


def parse(text: str, *, filename: str = "<task>") -> ast.Module:
    """Return the tree of a text; raises what `ast.parse` raises."""
    with _ONE_AT_A_TIME:
        return ast.parse(text, filename=filename)


def check(tree: ast.Module, *, filename: str = "<task>") -> None:
    """Raise what Python says of a tree only once it compiles it, such as of a `return` outside of a function."""
    with _ONE_AT_A_TIME:
        compile(tree, filename, "exec", dont_inherit=True)


def literal(text: str) -> object:
    """Return the value a Python literal says; raises what `ast.literal_eval` raises."""
    with _ONE_AT_A_TIME:
        return ast.literal_eval(text)
