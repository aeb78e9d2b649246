"""The table of refusals: what a person may drop, and what they are told."""

from __future__ import annotations

from collections.abc import Mapping

from tests.refusals import files, inline_metadata, limits, requirements, schedules, timing, values, yaml_syntax
from tests.refusals.row import Row

#: Heading -> rows.
SECTIONS: Mapping[str, tuple[Row, ...]] = {
    "Keys and values": values.ROWS,
    "Limits, retries and surroundings": limits.ROWS,
    "Timing": timing.ROWS,
    "YAML": yaml_syntax.ROWS,
    "Inline metadata": inline_metadata.ROWS,
    "Packages and imports": requirements.ROWS,
    "Schedules": schedules.ROWS,
    "Where the frontmatter stands": files.PLACES,
    "Encodings and sizes": files.ENCODINGS,
    "Python": files.PYTHON,
}
ROWS: tuple[Row, ...] = tuple(row for rows in SECTIONS.values() for row in rows)
