"""Which package is meant by a name."""

from __future__ import annotations

import pytest

from task_scheduler.environments.well_known import meant_by


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("beautifulsoup", "beautifulsoup4"),
        ("bs4", "beautifulsoup4"),
        ("sklearn", "scikit-learn"),
        ("opencv", "opencv-python"),
        ("cv2", "opencv-python"),
        ("PIL", "pillow"),
        ("yaml", "PyYAML"),
        ("reqeusts", "requests"),
        ("pytorch", "torch"),
    ],
)
def test_what_people_write_leads_to_what_they_mean(name: str, meant: str) -> None:
    found = meant_by(name)

    assert found is not None
    assert found.lower() == meant.lower()


@pytest.mark.parametrize("name", ["requests", "Pillow", "nosuch", "our-own-package", "x"])
def test_right_and_unknown_names_lead_nowhere(name: str) -> None:
    assert meant_by(name) is None


def test_a_near_miss_counts_only_where_asked_for() -> None:
    assert meant_by("reqeusts", near_misses=False) is None
    assert meant_by("beautifulsoup", near_misses=False) == "beautifulsoup4"
