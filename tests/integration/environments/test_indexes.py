"""Pip's settings, said to uv."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from task_scheduler.environments.indexes import uv_settings


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "wheels").mkdir()
    (tmp_path / "project").mkdir()
    return tmp_path


def settings(home: Path, **variables: str) -> tuple[list[str], dict[str, str]]:
    alone = {"HOME": str(home), "XDG_CONFIG_DIRS": str(home / "nothing")}
    return uv_settings({**alone, **variables}, root=home / "project")


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dedent(text))


def test_pip_variables_become_uv_variables(home: Path) -> None:
    arguments, variables = settings(
        home,
        PIP_INDEX_URL="https://one.example/simple",
        PIP_EXTRA_INDEX_URL="https://two.example/simple https://three.example/simple",
        PIP_FIND_LINKS=f"{home}/wheels {home}/missing",
        PIP_TRUSTED_HOST="one.example",
    )

    assert arguments == ["--find-links", f"{home}/wheels"]
    assert variables["UV_DEFAULT_INDEX"] == "https://one.example/simple"
    assert variables["UV_INDEX"] == "https://two.example/simple https://three.example/simple"
    assert variables["UV_INDEX_STRATEGY"] == "unsafe-best-match"
    assert variables["UV_INSECURE_HOST"] == "one.example"


def test_pips_files_count_and_variables_win_over_them(home: Path) -> None:
    write(
        home / ".config" / "pip" / "pip.conf", "[global]\nindex-url = https://file.example/simple\nproxy = http://p:1\n"
    )

    assert settings(home)[1]["UV_DEFAULT_INDEX"] == "https://file.example/simple"
    assert settings(home)[1]["ALL_PROXY"] == "http://p:1"
    told = settings(home, PIP_INDEX_URL="https://variable.example/simple")
    assert told[1]["UV_DEFAULT_INDEX"] == "https://variable.example/simple"


def test_pip_told_to_read_no_file_reads_none(home: Path) -> None:
    write(home / ".config" / "pip" / "pip.conf", "[global]\nindex-url = https://file.example/simple\n")

    assert settings(home, PIP_CONFIG_FILE="/dev/null") == ([], {})


def test_a_file_that_cannot_be_read_is_passed_over(home: Path) -> None:
    write(home / ".config" / "pip" / "pip.conf", "no section here\n")

    assert "UV_DEFAULT_INDEX" not in settings(home)[1]


def test_places_on_this_machine_that_do_not_exist_are_passed_over(home: Path) -> None:
    told = settings(
        home,
        PIP_CONFIG_FILE="/dev/null",
        PIP_EXTRA_INDEX_URL=f"file://{home}/missing",
        PIP_FIND_LINKS=f"{home}/missing",
    )

    assert told == ([], {})


@pytest.mark.parametrize("name", ["UV_INDEX", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_FIND_LINKS"])
def test_a_word_to_uv_itself_wins_over_all_of_pips(home: Path, name: str) -> None:
    assert settings(home, PIP_INDEX_URL="https://pip.example/simple", **{name: "https://uv.example/simple"}) == ([], {})


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (".config/uv/uv.toml", '[[index]]\nurl = "https://uv.example/simple"\n'),
        ("project/uv.toml", '[pip]\nfind-links = ["/wheels"]\n'),
        ("project/pyproject.toml", '[tool.uv]\nindex-url = "https://uv.example/simple"\n'),
    ],
)
def test_uvs_own_files_win_over_all_of_pips_where_they_name_an_index(home: Path, path: str, text: str) -> None:
    write(home / path, text)

    assert settings(home, PIP_INDEX_URL="https://pip.example/simple") == ([], {})


def test_uvs_own_files_without_an_index_change_nothing(home: Path) -> None:
    write(home / "project" / "uv.toml", 'link-mode = "copy"\n')
    write(home / "project" / "pyproject.toml", "[project]\nname = 'x'\n")

    assert (
        settings(home, PIP_INDEX_URL="https://pip.example/simple")[1]["UV_DEFAULT_INDEX"]
        == "https://pip.example/simple"
    )


def test_what_is_set_already_is_left_alone(home: Path) -> None:
    told = settings(
        home, PIP_CONFIG_FILE="/dev/null", PIP_CERT="/pip.pem", SSL_CERT_FILE="/mine.pem", PIP_PROXY="http://p:1"
    )

    assert told == ([], {"ALL_PROXY": "http://p:1"})


def test_the_indexes_of_pip_are_left_out_when_it_is_told_to_use_none(home: Path) -> None:
    told = settings(home, PIP_CONFIG_FILE="/dev/null", PIP_NO_INDEX="1", PIP_FIND_LINKS=f"{home}/wheels")

    assert told == (["--no-index", "--find-links", f"{home}/wheels"], {})
