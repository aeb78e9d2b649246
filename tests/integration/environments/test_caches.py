"""Where uv keeps what it downloads, for people without a place of their own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from task_scheduler.environments.caches import has_cache
from task_scheduler.environments.uv import UvInstaller


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"HOME": "/proc/1"}, False),
        ({"HOME": "/dev/null"}, False),
        ({"HOME": "{folder}"}, True),
        ({"HOME": "/proc/1", "XDG_CACHE_HOME": "{folder}"}, True),
        ({"HOME": "/proc/1", "XDG_CACHE_HOME": "relative"}, False),
        ({"HOME": "{folder}", "UV_CACHE_DIR": "/proc/1/cache"}, False),
        ({"HOME": "/proc/1", "UV_CACHE_DIR": "{folder}/kept"}, True),
        ({"HOME": "/proc/1", "UV_NO_CACHE": "1"}, True),
    ],
)
def test_tells_whether_uv_can_keep_anything(tmp_path: Path, variables: Mapping[str, str], *, expected: bool) -> None:
    given = {name: value.format(folder=tmp_path) for name, value in variables.items()}

    assert has_cache(given) is expected


@pytest.mark.parametrize(("home", "placed"), [("/proc/1", True), ("{root}", False)])
def test_the_project_keeps_it_where_the_person_cannot(tmp_path: Path, home: str, *, placed: bool) -> None:
    installer = UvInstaller(
        uv=Path("uv"), root=tmp_path, variables={"HOME": home.format(root=tmp_path)}, notice=lambda message: None
    )

    cache = installer._variables.get("UV_CACHE_DIR")
    assert cache == (str(tmp_path / "data/cache/uv") if placed else None)
