"""
---
title: "Config Usage Task"
description: "Reads the project's settings and a file of its own, and makes that file when it is not there"
dependencies: []
enabled: true
timeout: 60
---

Its own file is config/example_config_usage.yaml; edit it, and the next run goes by it.
"""

from helpers import (
    get_config_value,
    list_config_files,
    load_config,
    log_info,
    log_warning,
    recall,
    remember,
    result,
    save_config,
)
from task_scheduler.decorators import every, repeat

CONFIG = "example_config_usage.yaml"
DEFAULTS = {"greeting": "Hello", "limits": {"items": 3}}


@repeat(every(30).minutes)
def start():
    """Work by what the files in config/ say."""
    # Settings are for people, so they are in config/. What a task notes for itself is for `remember`.
    if CONFIG not in list_config_files() and save_config(DEFAULTS, CONFIG):
        log_info(f"Made config/{CONFIG} with its defaults")
    files = list_config_files()
    own = {**DEFAULTS, **(load_config(CONFIG) if CONFIG in files else {})}
    items = get_config_value("limits.items", CONFIG, default=DEFAULTS["limits"]["items"])
    level = get_config_value("logging.level", default="INFO")

    # A secret is never logged, printed or put into a result: only whether it is there.
    has_key = get_config_value("api_keys.example", "secrets.yaml", default=None) is not None
    if not has_key:
        log_info("No api_keys.example in config/secrets.yaml: going on without it")

    before = recall("greeting")
    if before not in {None, own["greeting"]}:
        log_warning(f"The greeting changed from {before!r} to {own['greeting']!r}")
    remember("greeting", own["greeting"])
    for number in range(1, items + 1):
        log_info(f"{own['greeting']}, item {number}", log_level=level)
    result({"greeting": own["greeting"], "items": items, "files": files, "has_key": has_key})
