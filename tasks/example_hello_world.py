"""
---
title: "Hello World Task"
description: "The smallest useful task: it logs one line each minute and counts its greetings"
dependencies: []
enabled: true
timeout: 30
---
"""

from helpers import log_info, log_task_complete, log_task_start, recall, remember, result
from task_scheduler.decorators import every, repeat


@repeat(every(1).minutes)
def start():
    """Greet, and remember for the next run how often that was done."""
    log_task_start()
    greetings = recall("greetings", default=0) + 1
    remember("greetings", greetings)
    log_info("Hello from scheduled task!", greetings=greetings)
    log_task_complete()
    result({"greetings": greetings})
