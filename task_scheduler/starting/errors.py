"""The errors of starting."""

from __future__ import annotations


class CannotStart(Exception):
    """The program cannot start; the message says what is wrong and what to do about it."""

    code = 1  #: what the process exits with


class UnusableConfiguration(CannotStart):
    """The configuration file says nothing that can be used."""

    code = 3
