"""Where attempts execute: hosts that fork one child per attempt, and the executor that talks to them.

The scheduler's side: `executor` (the port), `fleet` (which hosts there are), `hosts`, `spawning`, `cards`, `orders`,
`reports`, `settlement` (what became of a dead host's attempts), `unsafe` (what is not imported ahead), `outputs`,
`output_format`.

A host's side, standard library only and Python 3.8 or later: `host` (the program), `preload`, `interpreter`, `programs`;
`serving` (its loop) with `poller`, `conversation`, `newcomers`, `beginning`, `endings`, `complaints`; `hosted` (one
attempt in it) with `limits`, `pauses`, `trees`; `capture` and `telling`; after the fork `child` with `confinement`,
`stopping`, `raised`, `winding_up`, or `fresh` for an interpreter of the attempt's own; for processes of multiprocessing
`spawned` and `spawned_file`; `faults`.

Both sides: `markers` (who decides whether an attempt began), `words`, `cgroups`, `processes`, `parentage`.
"""
