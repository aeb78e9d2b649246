"""Say which top-level modules an environment does not have, without importing any of them.

Run by path with the environment's own interpreter: `python -I modules_probe.py NAME...`. Every line of the
answer begins with a tab, since a `.pth` file of some package may print lines of its own.
"""

from __future__ import annotations

import importlib.util
import sys


def is_there(name: str) -> bool:
    """Whether an import of this name would find something."""
    if name in sys.builtin_module_names:
        return True
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return name in sys.modules


def main() -> None:
    """Answer for every name, then say that the answer is complete."""
    for name in sys.argv[1:]:
        if not is_there(name):
            print("\tmissing " + name)  # noqa: T201 - the answer
    print("\tdone")  # noqa: T201


if __name__ == "__main__":
    main()
