"""What tests of this project, and of adapters others write for it, are made with.

`clock.FakeClock`, builders of domain objects with sensible defaults, and contract suites: classes of tests
that every implementation of a port passes. The suites need pytest, which is not installed with the program.
"""
