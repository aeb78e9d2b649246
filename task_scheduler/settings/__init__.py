"""Settings: what config/config.yaml may say, typed, checked all at once, each value knowing where it came from."""

from task_scheduler.settings.models import EnvironmentMode, LoggingSettings, OnInvalid, Rotation, Settings
from task_scheduler.settings.paths import Paths
from task_scheduler.settings.sources import flags_of, load_settings, usable_settings

__all__ = [
    "EnvironmentMode",
    "LoggingSettings",
    "OnInvalid",
    "Paths",
    "Rotation",
    "Settings",
    "flags_of",
    "load_settings",
    "usable_settings",
]
