"""The pure part: what tasks, triggers, runs and outcomes are, and how to decide about them.

Nothing here reads a clock, a file, an environment variable or a logger; `now` is an argument.
"""
