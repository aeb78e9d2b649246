"""The scheduler's own process: how it is told to end, looks at everything anew, and gives way to a new program."""
