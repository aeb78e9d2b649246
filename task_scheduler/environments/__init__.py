"""Environments: locking, building and removing the interpreters and packages that tasks run with.

`provider.environments` makes the provider; uv does the work, pip where uv is absent. An environment
is built in its final place under a file lock, and complete once its marker, written last, exists.
`leash`, `modules_probe` and `inspection_probe` are scripts for other interpreters: standard library alone.
"""
