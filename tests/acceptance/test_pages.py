"""Every code block of the README and the pages does what it says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from task_scheduler.testing.running import REPOSITORY
from task_scheduler.testing.wheels import build_wheel, build_yaml_wheel
from tests.acceptance.pages import LANGUAGES, Session, blocks, commands, ways

PAGES = sorted(
    [*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md"), REPOSITORY / "benchmarks" / "README.md"]
)


def _name(page: Path) -> str:
    return page.relative_to(REPOSITORY).as_posix()


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """A clone whose packages come from an index of our own, with what the pages name."""
    wheels = tmp_path / "wheels"
    version = 'VERSION = __version__ = "2.33.0"\n'
    build_wheel(wheels, "requests", "2.33.0", requires=["urllib3"], modules={"requests.py": version})
    build_wheel(wheels, "urllib3", "2.6.0")
    build_wheel(wheels, "plyer", "2.1.0")
    build_yaml_wheel(wheels)
    build_wheel(
        wheels, "humanize", "4.15.0", modules={"humanize.py": "def naturalsize(value): return f'{value} Bytes'\n"}
    )
    variables = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), "PIP_CONFIG_FILE": "/dev/null"}
    made = Session(tmp_path / "clone", variables)
    yield made
    made.close()


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_block_says_what_it_is(page: Path) -> None:
    unnamed = [str(block) for block in blocks(page) if block.language not in LANGUAGES]

    assert unnamed == []


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if list(blocks(page))], ids=_name)
def test_every_block_of_a_page_does_what_it_says(page: Path, session: Session) -> None:
    for block in blocks(page):
        session.carry_out(block)
    session.check_what_was_said()


def test_a_key_that_is_given_again_is_another_way() -> None:
    assert ways("timeout: 5\nschedule: daily\nschedule:\n  - daily\n  - hourly\n") == [
        "timeout: 5\nschedule: daily\n",
        "schedule:\n  - daily\n  - hourly\n",
    ]


def test_remarks_are_no_commands() -> None:
    assert commands("# all\nls \\\n  -l  # long\n") == ["ls   -l"]
