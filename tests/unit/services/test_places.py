"""Which paths lie in one of many folders."""

from __future__ import annotations

import pytest

from task_scheduler.services.places import Places


@pytest.mark.parametrize(
    ("places", "path", "is_in"),
    [
        (["in"], "in", True),
        (["in"], "in/a/b.csv", True),
        (["in/"], "in/a.csv", True),
        (["in/"], "in", False),
        (["in"], "inbox/a.csv", False),
        (["in/a.csv"], "in", False),
        (["in"], "in/deep/", True),
        ([""], "a.csv", True),
        (["/"], "/srv/a.csv", True),
        (["/"], "a.csv", False),
        (["/srv"], "/srv/a.csv", True),
        ([], "a.csv", False),
    ],
)
def test_a_path_is_in_a_place_that_it_is_or_lies_in(places: list[str], path: str, *, is_in: bool) -> None:
    assert (path in Places(["elsewhere", *places])) is is_in


class _Compared(str):
    """A path that counts with how many others it is compared."""

    __slots__ = ()
    times = 0

    def __eq__(self, other: object) -> bool:
        _Compared.times += 1
        return str.__eq__(self, other)

    __hash__ = str.__hash__


def test_a_path_is_not_compared_with_each_place() -> None:
    places = Places(_Compared(f"in/{number}.csv") for number in range(5_000))
    _Compared.times = 0
    assert all(f"in/{number}.csv" in places for number in range(0, 5_000, 50))
    assert "in/none.csv" not in places
    assert _Compared.times < 5_000
