"""From the mapping in a task file's frontmatter to a checked declaration, or to every problem it has."""

from task_scheduler.core.declaration.declaring import declare
from task_scheduler.core.declaration.keys import DEFAULTS, KEYS, REMOVE_IT, meant_key, shown_key

__all__ = ["DEFAULTS", "KEYS", "REMOVE_IT", "declare", "meant_key", "shown_key"]
