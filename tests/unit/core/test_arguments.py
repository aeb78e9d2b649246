"""The spelling of arguments: one for equal ones, and always readable."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_scheduler.core.arguments import write_arguments
from task_scheduler.core.tasks import NO_ARGUMENTS

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.binary()
)
HASHABLE = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=5)
LITERALS = st.recursive(
    SCALARS | st.sets(HASHABLE, min_size=1, max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(HASHABLE, inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(["alpha", "beta", "gamma"])


@given(st.lists(LITERALS, max_size=3), st.dictionaries(NAMES, LITERALS))
def test_reads_back_as_what_was_written(args: list[object], kwargs: dict[str, object]) -> None:
    assert ast.literal_eval(write_arguments(args, kwargs)) == (tuple(args), kwargs)


def test_nothing_is_spelled_like_the_default() -> None:
    assert write_arguments((), {}) == NO_ARGUMENTS


def test_the_order_of_keywords_does_not_matter() -> None:
    assert write_arguments((), {"b": 1, "a": 2}) == write_arguments((), {"a": 2, "b": 1}) == "((), {'a': 2, 'b': 1})"


def test_the_order_of_a_set_does_not_matter() -> None:
    assert write_arguments(({"b", "a", "c"},), {}) == "(({'a', 'b', 'c'},), {})"


def test_the_order_of_a_mapping_is_kept() -> None:
    assert write_arguments(({"b": 1, "a": 2},), {}) == "(({'b': 1, 'a': 2},), {})"


@pytest.mark.parametrize("value", [float("inf"), float("nan"), set(), object(), len])
def test_what_no_literal_can_say_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="cannot be written as a literal"):
        write_arguments((value,), {})


def test_endless_nesting_is_refused() -> None:
    endless: list[object] = []
    endless.append(endless)

    with pytest.raises(ValueError, match="nested more than 50 levels deep"):
        write_arguments((endless,), {})


@pytest.mark.parametrize("value", [1j, 2 + 3j, -0.5j])
def test_complex_numbers_read_back(value: complex) -> None:
    assert ast.literal_eval(write_arguments((value,), {})) == ((value,), {})


def test_every_kind_of_literal_is_written() -> None:
    args = (None, True, 1, 1.5, 1 + 2j, "text", b"bytes", ("one",), ("one", "two"), [1], {"key": {2}})

    assert write_arguments(args, {}) == (
        "((None, True, 1, 1.5, (1+2j), 'text', b'bytes', ('one',), ('one', 'two'), [1], {'key': {2}}), {})"
    )
