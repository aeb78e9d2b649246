"""Which values are kept as JSON, and what is said of the others."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from pathlib import PurePath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_scheduler.json_values import MOST_CHARACTERS, NotKept, encode

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


class Level(IntEnum):
    HIGH = 3


@dataclass
class Row:
    number: int


@given(VALUES)
def test_what_json_holds_comes_back(value: Any) -> None:
    text = encode(value)

    text.encode()
    assert json.loads(text) == value


def test_tuples_and_numbers_with_names_are_kept_as_what_they_are() -> None:
    assert encode({"level": Level.HIGH, 3: (1, 2)}) == '{"level": 3, "3": [1, 2]}'


def test_half_a_character_is_spelled_out() -> None:
    assert encode("\ud800é") == r'"\ud800\u00e9"'


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({1, 2}, "it is of type set, which JSON does not know; use sorted(…)"),
        (
            {"rows": [0, {"day": dt.date(2026, 1, 1)}]},
            "['rows'][1]['day'] is of type datetime.date, which JSON does not know; use .isoformat()",
        ),
        ([b"x"], "[0] is of type bytes, which JSON does not know; use .decode()"),
        (
            (1, Decimal(1)),
            "[1] is of type decimal.Decimal, which JSON does not know; make texts, numbers, lists or dicts of it",
        ),
        (PurePath("a"), "it is of type pathlib.PurePosixPath, which JSON does not know; make texts, numbers, …"),
        (Row(1), "it is of type tests.unit.test_json_values.Row, which JSON does not know; use dataclasses.asdict(…)"),
        ({"a": float("nan")}, "['a'] is nan, and JSON has no such number; return None in its place"),
        (float("-inf"), "it is -inf, and JSON has no such number; return None in its place"),
        ({(1, 2): 3}, "it has the key (1, 2), and keys of JSON are texts; use str(…)"),
        ("x" * MOST_CHARACTERS, "it takes 100,002 characters of JSON, and 100,000 are kept; write it to a file …"),
    ],
)
def test_what_json_does_not_hold_is_named(value: Any, sentence: str) -> None:
    with pytest.raises(NotKept) as caught:
        encode(value)

    said = str(caught.value)
    assert said.startswith(sentence[:-1]) if sentence.endswith("…") else said == sentence


def test_a_value_that_holds_itself_is_named() -> None:
    value: dict[str, Any] = {"rows": []}
    value["rows"].append(value)

    with pytest.raises(NotKept, match=r"\['rows'\]\[0\] holds itself"):
        encode(value)


def test_a_value_that_is_nested_too_deeply_is_refused() -> None:
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]

    with pytest.raises(NotKept, match="nested too deeply"):
        encode(value)


def test_a_number_too_long_for_text_is_refused() -> None:
    with pytest.raises(NotKept, match=r"^it is a whole number of more than 4,300 digits; use hex"):
        encode(10**5000)


def test_a_mapping_that_fails_when_it_is_read_is_refused() -> None:
    class Broken(dict[str, int]):
        def items(self) -> Any:
            raise RuntimeError("no items today")

    with pytest.raises(NotKept, match="JSON does not know it: no items today"):
        encode(Broken(a=1))
