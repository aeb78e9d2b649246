"""Texts are read right, however many threads read at once."""

from __future__ import annotations

import ast
from concurrent.futures import ThreadPoolExecutor

import pytest

from task_scheduler.syntax import literal, parse

TEXT = "\n".join(
    f"def f{n}(a, b={{'x': [1, 2, (3, {n})]}}):\n    return [a for a in (b, (a, b)) if a]" for n in range(60)
)


@pytest.mark.slow
def test_many_threads_read_at_once() -> None:
    with ThreadPoolExecutor(8) as pool:
        trees = list(pool.map(lambda _: parse(TEXT), range(200)))
        values = list(pool.map(literal, ["[1, {'a': (2, 3)}]"] * 200))

    assert {len(tree.body) for tree in trees} == {60}
    assert values == [[1, {"a": (2, 3)}]] * 200


@pytest.mark.slow
def test_only_one_text_is_read_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    inside: list[int] = []
    most: list[int] = []
    real = ast.parse

    def watched(*args: object, **options: object) -> object:
        inside.append(1)
        most.append(len(inside))
        try:
            return real(*args, **options)  # type: ignore[call-overload]
        finally:
            inside.pop()

    monkeypatch.setattr(ast, "parse", watched)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: parse(TEXT), range(100)))

    assert max(most) == 1
