"""Outputs whose attempts were deleted before their run: noted in the record until their files are deleted."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert as upsert

from task_scheduler.store.tables import state

#: The fact that holds their names, one a line.
UNUSED_OUTPUTS = "outputs.unused"

_insert = upsert(state)
_ADD = _insert.on_conflict_do_update(
    index_elements=[state.c.name], set_={"value": state.c.value + "\n" + _insert.excluded.value}
)
_ASK = select(state.c.value).where(state.c.name == UNUSED_OUTPUTS)
_REMOVE = delete(state).where(state.c.name == UNUSED_OUTPUTS)


def add_unused_outputs(connection: Connection, names: Iterable[str]) -> None:
    """Note outputs that no attempt refers to any more."""
    connection.execute(_ADD, {"name": UNUSED_OUTPUTS, "value": "\n".join(names)})


def has_unused_outputs(connection: Connection) -> bool:
    """Whether any are noted."""
    return connection.scalar(_ASK) is not None


def take_unused_outputs(connection: Connection) -> list[str]:
    """Return those that are noted, and forget them."""
    noted = connection.scalar(_ASK)
    connection.execute(_REMOVE)
    return [] if noted is None else str(noted).split("\n")
