"""The command line: one module a verb, tables for people, `--json` for programs.

Data goes to standard output, everything said about it to standard error; `exit_codes` tells what the exit code means.
"""
