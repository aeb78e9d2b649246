"""When jobs are due: schedules as people write them, and the instants they mean.

A canonical text is read once into a pattern of wall readings (`cron`, `every`), which a trigger follows
through the time changes of a zone (`stretches`): one rule for every notation.
"""

from task_scheduler.core.triggers.chains import ChainCall, read_chain, spell_chain
from task_scheduler.core.triggers.reading import parse_trigger, read_schedule
from task_scheduler.core.triggers.trigger import Trigger
from task_scheduler.core.triggers.zones import read_zone

__all__ = ["ChainCall", "Trigger", "parse_trigger", "read_chain", "read_schedule", "read_zone", "spell_chain"]
