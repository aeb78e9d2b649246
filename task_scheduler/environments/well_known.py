"""Which package a person means by a name that no index has, or that an index has for something else."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from types import MappingProxyType

from packaging.utils import canonicalize_name

from task_scheduler.core.known_modules import ALIKE, DIFFERING, package_for

#: Names people write, which are no module's name either, and the package they mean.
INSTEAD: Mapping[str, str] = MappingProxyType(
    {
        "beautifulsoup": "beautifulsoup4",
        "beautiful-soup": "beautifulsoup4",
        "beautiful-soup4": "beautifulsoup4",
        "opencv": "opencv-python",
        "open-cv": "opencv-python",
        "mysql": "mysqlclient",
        "postgres": "psycopg",
        "postgresql": "psycopg",
        "telegram-bot": "python-telegram-bot",
        "pytorch": "torch",
        "scikit": "scikit-learn",
        "python-requests": "requests",
        "py-yaml": "pyyaml",
        "python-dot-env": "python-dotenv",
        "dot-env": "python-dotenv",
        "google-sheets": "gspread",
        "sql-alchemy": "sqlalchemy",
        "tensor-flow": "tensorflow",
    }
)
#: Packages many people use: a near miss of one of these is most likely a slip.
KNOWN = frozenset(canonicalize_name(name) for names in (ALIKE, *DIFFERING.values()) for name in names)
#: How alike two names must be, 1 being equal.
ALIKE_ENOUGH = 0.84


def meant_by(name: str, *, near_misses: bool = True) -> str | None:
    """Return the package that is most likely meant by a name; None: no idea, or the name is right."""
    wanted = canonicalize_name(name)
    meant = INSTEAD.get(wanted) or next(iter(DIFFERING.get(name, ())), None) or package_for(name)
    if meant is not None and canonicalize_name(meant) != wanted:
        return meant
    if not near_misses or wanted in KNOWN:
        return None
    return next(iter(difflib.get_close_matches(wanted, KNOWN, n=1, cutoff=ALIKE_ENOUGH)), None)
