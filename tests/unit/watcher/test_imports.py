"""What a file imports, told from its tree."""

from __future__ import annotations

import ast
import textwrap

from task_scheduler.watcher.imports import all_nodes, defined_names, helper_lines, import_lines


def tree(text: str) -> ast.Module:
    return ast.parse(textwrap.dedent(text))


def test_only_unconditional_imports_at_the_top_level_count() -> None:
    found = import_lines(
        tree(
            """
            from __future__ import annotations
            import requests, os.path as path
            from bs4.element import Tag
            from task_scheduler.decorators import repeat
            from . import sibling
            with suppress():
                import inside_with
                with other():
                    import deeper
            import after
            if TYPE_CHECKING:
                import only_typing
            try:
                import optional
            except ImportError:
                optional = None
            def start():
                import late
            class Thing:
                import in_class
            """
        )
    )

    assert found == {"requests": 3, "os.path": 3, "bs4.element": 4, "inside_with": 8, "deeper": 10, "after": 11}
    assert list(found) == ["requests", "os.path", "bs4.element", "inside_with", "deeper", "after"]


def test_a_module_imported_twice_has_its_first_line() -> None:
    assert import_lines(tree("import a\nimport b, a\nfrom a import c")) == {"a": 1, "b": 2}


def test_helper_names_say_where_each_name_comes_from() -> None:
    found = helper_lines(
        all_nodes(
            tree(
                """
                from helpers import log_info, log_error as oops
                from helpers.mail import send
                from helpers.sub.deep import thing
                import helpers.files as files
                def start():
                    from helpers import late
                import helpersomething
                """
            )
        )
    )

    assert set(found) == {"log_info", "log_error", "mail.send", "sub.deep.thing", "files.*", "late"}


def test_the_whole_package_is_a_star() -> None:
    assert helper_lines(all_nodes(tree("import helpers"))) == {"*": 1}
    assert helper_lines(all_nodes(tree("from helpers import *"))) == {"*": 1}


def test_relative_imports_count_inside_helpers_alone() -> None:
    nodes = all_nodes(tree("from . import a\nfrom .x import b\nfrom ..y import c\nfrom ...z import d"))

    assert helper_lines(nodes) == {}
    assert helper_lines(nodes, package=()) == {"a": 1, "x.b": 2}
    assert helper_lines(nodes, package=("sub",)) == {"sub.a": 1, "sub.x.b": 2, "y.c": 3}


def test_defined_names_are_those_bound_at_the_top_level() -> None:
    found = defined_names(
        tree(
            """
            import os
            def function(): inner = 1
            class Class: attribute = 1
            a, (b, *_) = 1, (2, 3)
            c: int = 1
            if c:
                d = 1
            else:
                e = 1
            try:
                f = 1
            except OSError:
                g = 1
            """
        )
    )

    assert found == {"function", "Class", "a", "b", "c", "d", "e", "f", "g"}


def test_every_node_is_found() -> None:
    module = tree(
        "def f(a, *, b=[1, {2: 3}]):\n    return [x async for x in a if x][0]\nmatch f:\n    case {'a': 1}: pass\n"
    )

    walked = [node for node in ast.walk(module) if not isinstance(node, ast.expr_context)]
    assert sorted(map(id, all_nodes(module))) == sorted(map(id, walked))
