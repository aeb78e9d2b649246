"""What may stand under `dependencies`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement

from task_scheduler.watcher.requirements import requirement_fault

EXAMPLE = '"requests>=2.25"'
ONLY_INDEX = (
    f"only packages of the index can be installed, such as {EXAMPLE}; "
    "or set environments.allow_direct_references to true in config/config.yaml if you trust such places"
)


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
        "six==1!1.16.*",
        "six!=1.16,>=1.10",
        "six (>=1.16)",
        "My_Package.Name[first,second]>=1; sys_platform == 'linux' and python_version >= '3.9'",
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
            f"'pkg @ https://example.org/pkg.whl' is an address: {ONLY_INDEX}",
        ),
        (
            "git+https://example.org/pkg",
            f"'git+https://example.org/pkg' is an address: {ONLY_INDEX}",
        ),
        ("./pkg", f"'./pkg' is a path: {ONLY_INDEX}"),
        ("/srv/pkg", f"'/srv/pkg' is a path: {ONLY_INDEX}"),
        ("dist/pkg.whl", f"'dist/pkg.whl' is a path: {ONLY_INDEX}"),
        ("pkg-1.0.zip", f"'pkg-1.0.zip' is a path: {ONLY_INDEX}"),
        ("C:\\pkg", f"'C:\\\\pkg' is an address: {ONLY_INDEX}"),
        ("~/pkg", f"'~/pkg' is a path: {ONLY_INDEX}"),
        ("six=1.16", "'six=1.16' has one = sign: write \"six==1.16\" for exactly that version"),
        ("six 1.16", '\'six 1.16\' has no sign before the version: write "six==1.16" or "six>=1.16"'),
        ("six=>1.16", "'six=>1.16' has its sign turned round: write \"six>=1.16\""),
        ("six =< 1.16", "'six =< 1.16' has its sign turned round: write \"six<=1.16\""),
        (
            "six^1.16",
            "'six^1.16': ^ is no sign of Python's: write \"six>=1.16,<…\" with the first version that is too new",
        ),
        (
            "six~1.16",
            "'six~1.16': ~ is no sign of Python's: write \"six>=1.16,<…\" with the first version that is too new",
        ),
        ("six~=2", "'six~=2': ~= needs a version of two numbers or more, such as ~=2.0"),
        ("six>=1.*", "'six>=1.*': a version that ends with .* goes with == and != only"),
        ("requests six", "'requests six' names 2 packages: write each as an item of its own"),
        ("requests>=2, six<2", "'requests>=2, six<2' names 2 packages: write each as an item of its own"),
        ("requests >= 2 six == 1", "'requests >= 2 six == 1' names 2 packages: write each as an item of its own"),
        (
            "six # for old files",
            "'six # for old files' holds a comment: put it after the quotes, or on a line of its own",
        ),
        ("Python>=3.9", "'Python>=3.9' is no package: say which Python the file needs with the key python_version"),
        ("git+ssh://git@example.org/pkg", f"'git+ssh://git@example.org/pkg' is an address: {ONLY_INDEX}"),
        ("six>>1", f"'six>>1' is not a package with versions: write it like {EXAMPLE}"),
        ("paquet_é", f"'paquet_é' is not a package with versions: write it like {EXAMPLE}"),
        ("six; rm -rf x", f"'six; rm -rf x' is not a package with versions: write it like {EXAMPLE}"),
        ("x" * 501, "an item is longer than 500 characters"),
    ],
)
def test_anything_else_is_refused(requirement: str, sentence: str) -> None:
    assert requirement_fault(requirement) == sentence


@pytest.mark.parametrize(
    "requirement",
    [
        "six",
        "six>=1.16",
        "pkg @ https://example.org/pkg-1.0.tar.gz",
        "pkg@https://example.org/pkg-1.0-py3-none-any.whl",
        "pkg[extra] @ https://example.org/pkg-1.0.zip#sha256=ab ; python_version < '3.12'",
        "pkg @ file:///srv/wheels/pkg-1.0-py3-none-any.whl",
        "pkg @ git+https://example.org/pkg.git@v1.0",
        "pkg @ git+ssh://git@example.org/pkg.git",
    ],
)
def test_addresses_with_a_name_are_taken_where_settings_allow_them(requirement: str) -> None:
    assert requirement_fault(requirement, allow_direct_references=True) is None


NAMELESS = 'write it like "NAME @ https://…/NAME-1.0.tar.gz" or "NAME @ file:///…"'


@pytest.mark.parametrize(
    ("requirement", "sentence"),
    [
        ("-e .", "'-e .' is an option of an installer and not a package: write the packages themselves"),
        ("https://example.org/a.whl", f"'https://example.org/a.whl' is an address without a name: {NAMELESS}"),
        ("./a.whl", f"'./a.whl' is a path without a name: {NAMELESS}"),
        (
            "a @ ./a.whl",
            "'a @ ./a.whl' has a path that depends on the folder it is read in: write the whole path, file:///…",
        ),
        (
            "a @ file:a.whl",
            "'a @ file:a.whl' has a path that depends on the folder it is read in: write the whole path, file:///…",
        ),
        (
            "a @ file:///srv/a",
            (
                "'a @ file:///srv/a' leads to no archive: give the address of a file that ends with "
                ".whl, .tar.gz, .tgz, .zip"
            ),
        ),
        (
            "a @ ftp://h/a.whl",
            "'a @ ftp://h/a.whl' begins with 'ftp': use one of file, git+https, git+ssh, http, https",
        ),
        (
            "a @ https://me:secret@h/a.whl",
            "a password or token stands in the address of 'a': put it into ~/.netrc instead",
        ),
        (
            "a @ git+https://token@h/a.git",
            "a password or token stands in the address of 'a': put it into ~/.netrc instead",
        ),
        (
            "a @ https://h/${HOME}/a.whl",
            "'a @ https://h/${HOME}/a.whl' holds a variable, and none is filled in: write the address in full",
        ),
        (
            "a @ https://h/a.whl, b",
            "'a @ https://h/a.whl, b' cannot be read: write it like \"NAME @ https://…/NAME-1.0.tar.gz\", a marker after ' ; '",
        ),
    ],
)
def test_other_addresses_are_refused_even_then(requirement: str, sentence: str) -> None:
    assert requirement_fault(requirement, allow_direct_references=True) == sentence


@given(st.text(max_size=40), st.booleans())
def test_nothing_that_is_taken_can_be_an_option_or_more_than_one_line(text: str, allowed: bool) -> None:
    if requirement_fault(text, allow_direct_references=allowed) is None:
        taken = text.strip(" ")
        assert taken[0].isalnum()
        assert taken.isprintable()
        assert Requirement(taken).url is None or allowed
