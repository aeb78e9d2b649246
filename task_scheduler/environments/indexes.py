"""Where packages come from: pip's settings, said to uv.

uv keeps its own settings (`uv.toml` of the machine, the person and the project folder; `UV_…`
variables), and where these say anything about indexes nothing is added. Else what pip is told, by
`PIP_…` variables and `pip.conf`, holds with pip's meaning: all indexes count alike and the best
version wins, and places that do not exist are passed over.
"""

from __future__ import annotations

import configparser
import os
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

#: The settings of pip that are carried over, as `pip.conf` spells them.
CARRIED = ("index-url", "extra-index-url", "find-links", "no-index", "trusted-host", "cert", "proxy")
UV_VARIABLES = (
    "UV_INDEX", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_NO_INDEX",
)  # fmt: skip
UV_KEYS = frozenset({"index", "index-url", "extra-index-url", "find-links", "no-index"})


def uv_settings(variables: Mapping[str, str], *, root: Path) -> tuple[list[str], dict[str, str]]:
    """Return the arguments and variables that make uv use the places pip would, in the project folder `root`.

    Addresses go by variables: they may carry a password, and arguments are for all to see.
    """
    if any(variables.get(name) for name in UV_VARIABLES) or any(
        _names_an_index(path) for path in _uv_files(variables, root)
    ):
        return [], {}
    pip = _pip_settings(variables, _pip_files(variables))
    return _arguments(pip), _variables(pip, variables)


def _arguments(pip: Mapping[str, str]) -> list[str]:
    arguments = ["--no-index"] if pip.get("no-index", "").lower() in {"1", "true", "yes", "on"} else []
    for place in pip.get("find-links", "").split():
        if _exists(place):
            arguments += ["--find-links", place]
    return arguments


def _variables(pip: Mapping[str, str], variables: Mapping[str, str]) -> dict[str, str]:
    extra = " ".join(place for place in pip.get("extra-index-url", "").split() if _exists(place))
    wanted = {
        "UV_DEFAULT_INDEX": pip.get("index-url", "").strip(),
        "UV_INDEX": extra,
        "UV_INDEX_STRATEGY": "unsafe-best-match" if extra else "",
        "UV_INSECURE_HOST": " ".join(pip.get("trusted-host", "").split()),
        "SSL_CERT_FILE": pip.get("cert", "").strip(),
        "ALL_PROXY": pip.get("proxy", "").strip(),
    }
    return {name: value for name, value in wanted.items() if value and not variables.get(name)}


def _exists(place: str) -> bool:
    """Whether a place may be used: pip passes over folders that are missing, where uv would give up."""
    parts = urlsplit(place)
    if parts.scheme not in {"", "file"}:
        return True
    return Path(unquote(parts.path) if parts.scheme else place).expanduser().exists()


def _pip_settings(variables: Mapping[str, str], files: Sequence[Path]) -> dict[str, str]:
    """Merge pip's settings: later files win over earlier ones, variables over files."""
    settings: dict[str, str] = {}
    for path in files:
        parser = configparser.RawConfigParser()
        try:
            parser.read(path, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError, OSError):
            continue
        for section in ("global", "install"):
            if parser.has_section(section):
                settings |= {name: value for name, value in parser.items(section) if name in CARRIED}
    for name in CARRIED:
        if value := variables.get("PIP_" + name.upper().replace("-", "_")):
            settings[name] = value
    return settings


def _pip_files(variables: Mapping[str, str]) -> list[Path]:
    """Return pip's configuration files, weakest first; none when it is told to read none."""
    explicit = variables.get("PIP_CONFIG_FILE", "")
    if explicit == os.devnull:
        return []
    home = Path(variables.get("HOME") or "/")
    shared = [Path(folder) for folder in variables.get("XDG_CONFIG_DIRS", "/etc/xdg").split(os.pathsep) if folder]
    own = Path(variables.get("XDG_CONFIG_HOME") or home / ".config")
    return [
        *(folder / "pip" / "pip.conf" for folder in reversed(shared)),
        Path("/etc/pip.conf"),
        home / ".pip" / "pip.conf",
        own / "pip" / "pip.conf",
        Path(sys.prefix) / "pip.conf",
        *([Path(explicit)] if explicit else []),
    ]


def _uv_files(variables: Mapping[str, str], root: Path) -> list[Path]:
    if variables.get("UV_CONFIG_FILE"):
        return [Path(variables["UV_CONFIG_FILE"])]
    home = Path(variables.get("HOME") or "/")
    own = Path(variables.get("XDG_CONFIG_HOME") or home / ".config")
    return [root / "uv.toml", root / "pyproject.toml", own / "uv" / "uv.toml", Path("/etc/uv/uv.toml")]


def _names_an_index(path: Path) -> bool:
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    if path.name == "pyproject.toml":
        settings = settings.get("tool", {}).get("uv", {})
    return bool(UV_KEYS & settings.keys() or UV_KEYS & settings.get("pip", {}).keys())
