"""What may stand under `dependencies`."""

from __future__ import annotations

import pytest

from task_scheduler.watcher.requirements import requirement_fault

EXAMPLE = '"requests>=2.25"'


@pytest.mark.parametrize(
    "requirement",
    [
        "requests",
        "requests>=2.25.0",
        "beautifulsoup4==4.9.3",
        "pandas>=1.3.0,<2.0.0",
        "python-dateutil >= 2.8.0",
        "requests[socks]~=2.31",
        'tomli>=2; python_version < "3.11"',
        "zope.interface",
        "six===1.16.0",
        " six ",
    ],
)
def test_packages_with_versions_are_taken(requirement: str) -> None:
    assert requirement_fault(requirement) is None


@pytest.mark.parametrize(
    ("requirement", "sentence"),
    [
        ("", f"an item is empty: write a package such as {EXAMPLE}, or remove it"),
        (
            "-r other.txt",
            "'-r other.txt' is an option of an installer and not a package: write the packages themselves",
        ),
        (
            "--index-url=https://example.org",
            (
                "'--index-url=https://example.org' is an option of an installer and not a package: "
                "write the packages themselves"
            ),
        ),
        ("-e .", "'-e .' is an option of an installer and not a package: write the packages themselves"),
        (
            "six\n--pre",
            "'six\\n--pre' holds a line break or another control character: write one package in each item",
        ),
        (
            "pkg @ https://example.org/pkg.whl",
            (
                f"'pkg @ https://example.org/pkg.whl' is an address: only packages of the index can be installed, "
                f"such as {EXAMPLE}"
            ),
        ),
        (
            "git+https://example.org/pkg",
            f"'git+https://example.org/pkg' is an address: only packages of the index can be installed, such as {EXAMPLE}",
        ),
        ("./pkg", f"'./pkg' is a path: only packages of the index can be installed, such as {EXAMPLE}"),
        ("/srv/pkg", f"'/srv/pkg' is a path: only packages of the index can be installed, such as {EXAMPLE}"),
        ("dist/pkg.whl", f"'dist/pkg.whl' is a path: only packages of the index can be installed, such as {EXAMPLE}"),
        ("pkg-1.0.zip", f"'pkg-1.0.zip' is a path: only packages of the index can be installed, such as {EXAMPLE}"),
        ("C:\\pkg", f"'C:\\\\pkg' is an address: only packages of the index can be installed, such as {EXAMPLE}"),
        ("~/pkg", f"'~/pkg' is a path: only packages of the index can be installed, such as {EXAMPLE}"),
        ("six=1.16", "'six=1.16' has one = sign: write \"six==1.16\" for exactly that version"),
        ("six 1.16", f"'six 1.16' is not a package with versions: write it like {EXAMPLE}"),
        ("six>>1", f"'six>>1' is not a package with versions: write it like {EXAMPLE}"),
        ("paquet_é", f"'paquet_é' is not a package with versions: write it like {EXAMPLE}"),
        ("six; rm -rf x", f"'six; rm -rf x' is not a package with versions: write it like {EXAMPLE}"),
        ("x" * 501, "an item is longer than 500 characters"),
    ],
)
def test_anything_else_is_refused(requirement: str, sentence: str) -> None:
    assert requirement_fault(requirement) == sentence
