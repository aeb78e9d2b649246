"""What a virtual environment of ours should be, and the stamp inside that tells whose it is and how far it got."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

STAMP = ".task-scheduler.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A virtual environment as it should be."""

    folder: Path
    requirements: tuple[Path, ...]
    python: str | None = None  #: name or path of the interpreter to make it from; None: the running one

    @property
    def interpreter(self) -> Path:
        """Its own interpreter."""
        return self.folder / "bin" / "python"

    @property
    def home(self) -> Path:
        """The folder of the program that needs it."""
        return self.requirements[0].parent

    @property
    def name(self) -> str:
        """What a person calls it: its name where that is enough to find it, else its path."""
        return f"{self.folder.name}/" if self.folder.parent == self.home else f"{self.folder}/"

    @property
    def is_entered(self) -> bool:
        """Whether this very process runs in it."""
        return Path(sys.prefix).resolve() == self.folder.resolve()

    def by_hand(self, python: str | Path) -> str:
        """Return the command by which a person gives an interpreter what is needed."""
        return " ".join([str(python), "-m pip install", *(f"-r {path}" for path in self.requirements)])


class State(StrEnum):
    """How far the making got."""

    UNFINISHED = "unfinished"
    COMPLETE = "complete"


@dataclass(frozen=True, slots=True)
class Stamp:
    """What is written inside a virtual environment of ours."""

    state: State
    requirements: str  #: digest of the files it was made from

    def write(self, folder: Path) -> None:
        """Replace the stamp, durably."""
        temporary = folder / f"{STAMP}.new"
        with temporary.open("w", encoding="utf-8") as file:
            json.dump({"state": self.state, "requirements": self.requirements}, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(folder / STAMP)

    @classmethod
    def read(cls, folder: Path) -> Stamp | None:
        """Return the stamp; None when there is none; one that cannot be read counts as unfinished."""
        try:
            text = (folder / STAMP).read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError):
            return None
        try:
            content = json.loads(text)
            return cls(State(content["state"]), str(content["requirements"]))
        except (ValueError, KeyError, TypeError):
            return cls(State.UNFINISHED, "")
