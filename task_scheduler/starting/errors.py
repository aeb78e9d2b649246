"""The one error of starting."""

from __future__ import annotations


class CannotStart(Exception):
    """The program cannot start; the message says what is wrong and what to do about it."""
