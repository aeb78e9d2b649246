"""Whether uv can keep what it downloads where it usually does."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def has_cache(variables: Mapping[str, str]) -> bool:
    """Whether uv's usual cache can be made and written; without one, uv gives up instead of going on."""
    if variables.get("UV_NO_CACHE"):
        return True
    try:
        folder = _usual_cache(variables)
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):
        return False
    return os.access(folder, os.W_OK | os.X_OK)


def _usual_cache(variables: Mapping[str, str]) -> Path:
    """Return where uv puts it; raises RuntimeError for a person without a home."""
    if named := variables.get("UV_CACHE_DIR"):
        return Path(named)
    shared = variables.get("XDG_CACHE_HOME", "")
    if shared.startswith("/"):
        return Path(shared, "uv")
    # Path.home() asks the system about the person where there is no variable.
    return Path(variables.get("HOME") or Path.home(), ".cache", "uv")
