"""Where attempts execute: hosts that fork one child per attempt, and the executor that talks to them.

The scheduler's side: `executor` (the port), `fleet` (which hosts there are), `hosts`, `spawning`, `cards`, `orders`,
`reports`, `settlement` (what became of a dead host's attempts), `outputs`, `output_format`.

A host's side, standard library only and Python 3.8 or later: `host` (the program), `preload`, `local_imports`,
`serving` (its loop), `hosted` (one attempt in it), `capture`, `programs`; after the fork `child`; `spawned`; `faults`.

Both sides: `markers` (who decides whether an attempt began), `processes`, `parentage`.
"""
