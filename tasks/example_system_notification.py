"""
---
title: "System Notification Task"
description: "Shows a notification on the desktop, and keeps how that went"
dependencies: []
enabled: true
timeout: 60
---

How it went is in data/notifications_DATE.jsonl. On a machine without a desktop the task succeeds all the same, and its
result says why nothing was shown.
"""

from datetime import datetime

from helpers import log_info, log_warning, result, send_and_log_notification, send_notification
from task_scheduler.decorators import every, repeat

__all__ = ["send_notification", "start"]


@repeat(every(5).minutes)
def start():
    """Show what time it is."""
    sent = send_and_log_notification(
        title="Task Scheduler",
        message=f"It is {datetime.now():%H:%M}, and all is well.",
        timeout=5,
        urgency="low",
    )
    if sent["success"]:
        log_info(f"Shown by {sent['method']}")
    else:
        # Nobody is there to see it: no reason to fail each five minutes.
        log_warning(f"Not shown: {sent['error']}")
    result({name: sent[name] for name in ("success", "method", "error")})
