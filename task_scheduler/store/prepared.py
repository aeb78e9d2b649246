"""Statements that are compiled once, for the few that every run needs.

SQLAlchemy spends some ten times as long on a statement as SQLite does on executing it; here it writes the
text and knows how values are stored, and the driver does the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Insert, Update
from sqlalchemy.dialects import sqlite

_DIALECT = sqlite.dialect(paramstyle="named")

_Store = Callable[[Any], Any]


class Prepared:
    """An INSERT or UPDATE with named parameters, all of which are given at each execution."""

    def __init__(self, statement: Insert | Update) -> None:
        compiled = statement.compile(dialect=_DIALECT)
        self._text = str(compiled)
        by_name = {
            name: bind.type.dialect_impl(_DIALECT).bind_processor(_DIALECT) for name, bind in compiled.binds.items()
        }
        self._stored_otherwise: Mapping[str, _Store] = {
            name: store for name, store in by_name.items() if store is not None
        }

    def execute(self, connection: Connection, rows: Iterable[dict[str, Any]]) -> int:
        """Execute once for each of `rows`, whose values are replaced by what is stored; return the rows changed.

        Raises the driver's own errors.
        """
        parameters: Sequence[dict[str, Any]] = list(rows)
        if not parameters:
            return 0
        for row in parameters:
            for name, store in self._stored_otherwise.items():
                row[name] = store(row[name])
        cursor = connection.connection.cursor()
        try:
            cursor.executemany(self._text, parameters)
            return int(cursor.rowcount)
        finally:
            cursor.close()
