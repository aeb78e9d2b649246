"""The record: tasks, versions, jobs, runs and attempts, in SQLite or in memory.

`sqlite.SqliteStore` and `memory.MemoryStore` implement the ports Ledger, Catalogue, History and StateStore
and pass the same contract suites (`task_scheduler.testing`). Nothing is imported here, so that whoever
needs only one of them does not pay for the other.
"""
