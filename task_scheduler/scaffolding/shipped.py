"""Files that come with the program: in its package where it was installed, in its repository where it is a clone."""

from __future__ import annotations

from pathlib import Path

#: The folder of the program's package.
PACKAGE = Path(__file__).resolve().parent.parent


def shipped(*path: str) -> Path | None:
    """Return a file or folder that comes with the program, None where it was left out."""
    places = (PACKAGE / "shipped", PACKAGE.parent)
    return next((place.joinpath(*path) for place in places if place.joinpath(*path).exists()), None)
