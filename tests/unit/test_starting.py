"""What starting makes of requirement lines and command lines."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version as Reference

from task_scheduler.cli.arguments import read
from task_scheduler.starting.options import option
from task_scheduler.starting.program import command
from task_scheduler.starting.requirements import Version, parse_requirement


@pytest.mark.parametrize(
    ("line", "version", "accepted"),
    [
        ("loguru", "0.1", True),
        ("loguru>=0.7.3,<1", "0.7.3", True),
        ("loguru >= 0.7.3, < 1", "0.7.10", True),
        ("loguru>=0.7.3,<1", "0.7.2", False),
        ("loguru>=0.7.3,<1", "1.0.0", False),
        ("loguru<2", "2.0rc1", False),
        ("loguru>=2", "2.0rc1", False),
        ("loguru==1.0", "1", True),
        ("loguru!=1.0", "1.0.0", False),
        ("loguru>1.0", "1.0.post1", True),
        ("types-PyYAML>=6.0.12", "6.0.12.20261113", True),
    ],
)
def test_bounds_accept_what_an_installer_would_take(line: str, version: str, accepted: bool) -> None:
    requirement = parse_requirement(line)

    assert requirement.accepts(Version.parse(version)) is accepted


@pytest.mark.parametrize(
    "line",
    ["-r other.txt", "a; python_version<'3'", "a[b]>=1", "a~=1.0", "a==1.*", "a @ https://x", "./a", "a>=", "a 1"],
)
def test_a_line_that_is_not_plain_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        parse_requirement(line)


_versions = st.builds(
    lambda release, suffix: ".".join(map(str, release)) + suffix,
    st.lists(st.integers(0, 30), min_size=1, max_size=4),
    st.sampled_from(["", "", "a1", "b2", "rc1", "rc2", ".post1", ".dev3"]),
)


@given(_versions, _versions)
def test_versions_are_ordered_as_packaging_orders_them(first: str, second: str) -> None:
    ours = (Version.parse(first) < Version.parse(second), Version.parse(first) == Version.parse(second))

    reference = (Reference(first) < Reference(second), Reference(first) == Reference(second))
    assert ours == reference


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], ["--root", "/srv/jobs"]),
        (["--status"], ["--root", "/srv/jobs", "--status"]),
        (["--status", "--json"], ["--root", "/srv/jobs", "--status", "--json"]),
        (["--root", "/x"], ["--root", "/x"]),
        (["--config=c.yaml", "--status"], ["--config=c.yaml", "--status"]),
        (["list", "--json"], ["--root", "/srv/jobs", "list", "--json"]),
        (["start", "report", "--", "--root"], ["--root", "/srv/jobs", "start", "report", "--", "--root"]),
        (["--help"], ["--root", "/srv/jobs", "--help"]),
        (["--version"], ["--root", "/srv/jobs", "--version"]),
    ],
)
def test_main_py_is_about_its_own_folder_unless_told(arguments: list[str], expected: list[str]) -> None:
    assert command(arguments, Path("/srv/jobs")) == expected


@pytest.mark.parametrize(
    ("line", "verb", "root", "config"),
    [
        ("", "run", "/srv/jobs", None),
        ("--status", "status", "/srv/jobs", None),
        ("list --json", "list", "/srv/jobs", None),
        ("--root /x", "run", "/x", None),
        ("--root /x list", "list", "/x", None),
        ("--root list", "run", "list", None),
        ("--root list list", "list", "list", None),
        ("--root=/x history --task run", "history", "/x", None),
        ("--config c.yaml status", "status", None, "c.yaml"),
        ("--config c.yaml --status", "status", None, "c.yaml"),
    ],
)
def test_main_py_takes_options_before_the_verb(line: str, verb: str, root: str | None, config: str | None) -> None:
    options = read(command(line.split(), Path("/srv/jobs")))

    assert (options.verb, options.root, options.config) == (verb, root, config)


def test_the_last_of_two_equal_options_counts() -> None:
    assert option(["--root", "a", "--root=b"], "--root") == "b"
