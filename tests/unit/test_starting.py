"""What starting makes of requirement lines and command lines."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version as Reference

from task_scheduler.cli.arguments import read
from task_scheduler.starting.options import option
from task_scheduler.starting.program import command
from task_scheduler.starting.requirements import RequirementFiles, Version, parse_requirement


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
        (["--config=c.yaml", "--status"], ["--root", "/srv/jobs", "--config=c.yaml", "--status"]),
        (["list", "--json"], ["--root", "/srv/jobs", "list", "--json"]),
        (["start", "report", "--", "--root"], ["--root", "/srv/jobs", "start", "report", "--", "--root"]),
        (["--help"], ["--root", "/srv/jobs", "--help"]),
        (["--version"], ["--root", "/srv/jobs", "--version"]),
    ],
)
def test_main_py_is_about_its_own_folder_unless_told(arguments: list[str], expected: list[str]) -> None:
    assert command(arguments, Path("/srv/jobs")) == expected


def test_a_configuration_of_another_project_takes_main_py_there(tmp_path: Path) -> None:
    (tmp_path / "tasks").mkdir()
    (tmp_path / "config").mkdir()

    assert command(["--config", f"{tmp_path}/config/c.yaml"], Path("/srv/jobs")) == [
        "--config",
        f"{tmp_path}/config/c.yaml",
    ]


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
        ("--config c.yaml status", "status", "/srv/jobs", "c.yaml"),
        ("--config c.yaml --status", "status", "/srv/jobs", "c.yaml"),
    ],
)
def test_main_py_takes_options_before_the_verb(line: str, verb: str, root: str | None, config: str | None) -> None:
    options = read(command(line.split(), Path("/srv/jobs")))

    assert (options.verb, options.root, options.config) == (verb, root, config)


def test_the_last_of_two_equal_options_counts() -> None:
    assert option(["--root", "a", "--root=b"], "--root") == "b"


@pytest.mark.parametrize(
    ("folders", "lacking"),
    [
        ({"a_Package-1.5.dist-info": "1.5"}, []),
        ({"a_package-0.9.dist-info": "0.9"}, ["a-package>=1,<2 (found 0.9)"]),
        # What the file says counts wherever the folder's name leaves a doubt.
        ({"a_package-0.9.dist-info": "1.5"}, []),
        ({"a_package.egg-info": "1.5"}, []),
        # Which of the two is found, the folders' names do not tell.
        ({"a_package-1.5.dist-info": "1.5", "a-package-0.9-py3.11.egg-info": "0.9"}, None),
        ({"a_package-1.5.dist-info": ""}, ["a-package>=1,<2 (not installed)"]),
        ({}, ["a-package>=1,<2 (not installed)"]),
    ],
)
def test_what_an_interpreter_lacks(
    folders: dict[str, str], lacking: list[str] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "requirements.txt").write_text("a-package>=1,<2\n")
    for name, version in folders.items():
        (tmp_path / name).mkdir()
        if version:
            file = "PKG-INFO" if name.endswith(".egg-info") else "METADATA"
            (tmp_path / name / file).write_text(f"Metadata-Version: 2.1\nName: a-package\nVersion: {version}\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])

    found = metadata.version("a-package") if lacking is None else ""
    expected = lacking if lacking is not None else [] if found == "1.5" else [f"a-package>=1,<2 (found {found})"]
    assert RequirementFiles.read([tmp_path / "requirements.txt"]).lacking() == expected


def test_of_two_versions_in_one_interpreter_the_one_that_is_found_first_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "requirements.txt").write_text("a-package>=1,<2\n")
    for version in ("0.9", "1.5"):
        left = tmp_path / version / f"a_package-{version}.dist-info"
        left.mkdir(parents=True)
        (left / "METADATA").write_text(f"Metadata-Version: 2.1\nName: a-package\nVersion: {version}\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "0.9"), str(tmp_path / "1.5"), *sys.path])

    assert RequirementFiles.read([tmp_path / "requirements.txt"]).lacking() == ["a-package>=1,<2 (found 0.9)"]
