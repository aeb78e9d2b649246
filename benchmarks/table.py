"""The table a benchmark prints, and the figures it keeps to be compared with."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the report."""

    what: str
    seen: str
    budget: str = ""
    reached: bool | None = None  #: None: a figure without a budget
    figure: float | None = None  #: for comparing runs; None: nothing to compare


def within(what: str, seen: str, *, figure: float, budget: float, unit: str) -> Row:
    """Return the line of a figure that should not be above its budget."""
    return Row(what=what, seen=seen, budget=f"{budget:g} {unit}", reached=figure <= budget, figure=figure)


def print_table(rows: Sequence[Row], earlier: Mapping[str, float]) -> None:
    """Print what was seen beside what was promised, and beside `earlier` figures by their lines."""
    widths = [max(len(row.what) for row in rows), max(len(row.seen) for row in rows)]
    for row in rows:
        mark = {True: "reached", False: "MISSED", None: ""}[row.reached]
        before = earlier.get(row.what)
        ratio = f"x {row.figure / before:.2f} of before" if row.figure is not None and before else ""
        line = f"{row.what:<{widths[0]}}  {row.seen:<{widths[1]}}  {row.budget}  {mark}  {ratio}"
        print(line.rstrip())


def keep_figures(rows: Sequence[Row], path: Path) -> None:
    """Write the figures down, for `--against`."""
    figures = {row.what: row.figure for row in rows if row.figure is not None}
    document = {"python": platform.python_version(), "machine": platform.machine(), "figures": figures}
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def kept_figures(path: Path) -> dict[str, float]:
    """Read figures that were written down; raises OSError, or ValueError when it is another file."""
    document = json.loads(path.read_text(encoding="utf-8"))
    try:
        return {str(what): float(figure) for what, figure in document["figures"].items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} holds no figures: write it with --json") from error
