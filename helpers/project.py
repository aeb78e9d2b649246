"""
---
title: "Project"
description: "Where the project folder is"
dependencies: []
---
"""

from __future__ import annotations

from pathlib import Path

from task_scheduler.task_side.whereabouts import project_root


def get_project_root() -> Path:
    """Return the project folder: the one that holds tasks/, helpers/, config/ and data/."""
    return Path(project_root(__file__))
