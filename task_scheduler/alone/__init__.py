"""One task file without a scheduler, under the project's lock: a composition root of its own.

Nothing is scheduled, nothing that is owed is started, and runs that an earlier scheduler left open stay for the next
one to settle. Only this file is brought into force, and what is run is run and recorded as ever.
"""

from task_scheduler.alone.answering import Alone

__all__ = ["Alone"]
