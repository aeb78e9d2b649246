"""Sizes and durations as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_scheduler.core.quantities import (
    parse_duration,
    parse_size,
    spell_duration,
    spell_exact_size,
    spell_size,
    unit_of,
)


@pytest.mark.parametrize(
    ("value", "size"),
    [("10 MB", 10_000_000), ("10MB", 10_000_000), ("1.5 KiB", 1_536), ("1 gb", 10**9), (12, 12), ("3 B", 3)],
)
def test_sizes(value: object, size: int) -> None:
    assert parse_size(value) == size


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7 days", 604_800),
        ("1 week", 604_800),
        ("90s", 90),
        ("2 minutes", 120),
        ("1.5 h", 5_400),
        (0.5, 0.5),
        ("1 min", 60),
    ],
)
def test_durations(value: object, seconds: float) -> None:
    assert parse_duration(value) == seconds


@given(st.one_of(st.text(), st.none(), st.booleans(), st.lists(st.integers()), st.integers(max_value=-1)))
def test_anything_else_is_no_quantity(value: object) -> None:
    for parse in (parse_size, parse_duration):
        try:
            result = parse(value)
        except ValueError:
            continue
        assert isinstance(value, str)
        assert value[0].isdigit() or value[0].isspace()
        assert result >= 0


@pytest.mark.parametrize("text", ["5 XB", "5 ", "MB", "5 M", "5,5 MB", "-5 MB", "5 MB more"])
def test_what_has_no_unit_that_is_known_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a number with a unit|unknown unit"):
        parse_size(text)


@pytest.mark.parametrize(
    "text",
    [
        "512 MB",
        "100 MiB",
        "125 MiB",
        "1000 MiB",
        "128 MB",
        "1 kB",
        "1.5 GB",
        "2 TB",
        "512 MiB",
        "1.5 GiB",
        "64 KiB",
        "1 TiB",
        "250 kB",
        "16 MB",
        "0.5 kB",
    ],
)
def test_a_size_is_told_as_it_was_written(text: str) -> None:
    size = parse_size(text)

    assert spell_size(size, unit_of(size)) == ("500 B" if text == "0.5 kB" else text)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (123_456_789, "123 MB"),
        (12_345_678, "12.3 MB"),
        (1_000_000_001, "1 GB"),
        (5 * 10**15, "5000 TB"),
    ],
)
def test_a_measured_size_is_told_shortly(size: int, text: str) -> None:
    assert spell_size(size, unit_of(size)) == text


@given(st.integers(0, 10**16))
def test_any_size_is_told_to_within_a_hundredth(size: int) -> None:
    told = parse_size(spell_size(size, unit_of(size)))

    assert abs(told - size) <= size / 100 + 1


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (500_000_000, "500 MB"),
        (1_610_612_736, "1.5 GiB"),
        (1_234_567, "1234567 B"),
        (1_250, "1.25 kB"),
        (1_001, "1001 B"),
        (0, "0 B"),
    ],
)
def test_an_exact_size_loses_nothing(size: int, text: str) -> None:
    assert spell_exact_size(size) == text


@given(st.integers(0, 10**15 - 1))
def test_any_exact_size_is_read_back(size: int) -> None:
    assert parse_size(spell_exact_size(size)) == size


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.25, "0.25 s"),
        (0.000001, "0.000001 s"),
        (1, "1 s"),
        (10.0, "10 s"),
        (60, "1 minute"),
        (90, "90 s"),
        (90.5, "90.5 s"),
        (300, "5 minutes"),
        (3_600, "1 hour"),
        (5_400, "90 minutes"),
        (86_400, "1 day"),
        (604_800, "7 days"),
    ],
)
def test_a_duration_is_told_in_the_largest_unit_that_loses_nothing(seconds: float, text: str) -> None:
    assert spell_duration(seconds) == text


@given(st.integers(0, 10**15).map(lambda microseconds: microseconds / 1_000_000))
def test_any_duration_in_microseconds_is_read_back(seconds: float) -> None:
    assert parse_duration(spell_duration(seconds)) == seconds
