"""Declared Pythons, and what a lock holds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from task_scheduler.core.environments import locked_packages, python_range, python_together

VERSIONS = st.integers(0, 20).map(lambda minor: f"3.{minor}")
SPECIFIERS = st.builds(lambda low, high: f">={low},<{high}", VERSIONS, VERSIONS)


@pytest.mark.parametrize(
    ("versions", "together"),
    [
        ([], "3.8"),
        (["3.9"], "3.9"),
        (["3.9", "3.10", "3.8"], "3.10"),
        ([">=3.9,<3.13"], ">=3.9,<3.13"),
        (["3.10", ">=3.9,<3.13", "3.11"], ">=3.11,>=3.9,<3.13"),
        (["!=3.12.*", ">=3.9", "!=3.12.*"], "!=3.12.*,>=3.9"),
    ],
)
def test_one_python_for_several_wishes(versions: list[str], together: str) -> None:
    assert python_together(versions) == together


@given(st.lists(VERSIONS | SPECIFIERS, min_size=1, max_size=5), VERSIONS)
def test_what_suits_the_sum_suits_every_wish(versions: list[str], python: str) -> None:
    together = SpecifierSet(python_range(python_together(versions)))

    assert together.contains(python) == all(SpecifierSet(python_range(wish)).contains(python) for wish in versions)


@pytest.mark.parametrize(
    ("text", "packages"),
    [
        ("", ()),
        ("six==1.17.0\n", ("six==1.17.0",)),
        ("six==1.17.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\nidna==3\n", ("six==1.17.0", "idna==3")),
        ("six==1.17.0 --hash=sha256:aa\n# via nothing\n", ("six==1.17.0",)),
        ("pkg @ https://h/pkg.whl \\\n    --hash=sha256:aa\n", ("pkg @ https://h/pkg.whl",)),
        ("tomli==2.0 ; python_version < '3.11' \\\n    --hash=sha256:aa\n", ("tomli==2.0 ; python_version < '3.11'",)),
    ],
)
def test_the_packages_of_a_lock(text: str, packages: tuple[str, ...]) -> None:
    assert locked_packages(text) == packages
