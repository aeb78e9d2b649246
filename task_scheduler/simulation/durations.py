"""How long executions take: drawn from how long they took, the same for the same slot each time."""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from statistics import NormalDist, median
from typing import Self

#: Draws there are of one task: a power of two.
_DRAWS = 1_024
_NORMAL = NormalDist()
_QUANTILES = tuple(_NORMAL.inv_cdf((place + 0.5) / _DRAWS) for place in range(_DRAWS))
#: How many standard deviations from the middle of a normal distribution its 95th percentile is.
_AT_95 = _NORMAL.inv_cdf(0.95)
#: A median below this is taken for this, in seconds.
_SHORTEST = 0.001
#: What an execution takes of which none is on record, in seconds.
_UNKNOWN = 1.0
_64_BITS = (1 << 64) - 1


class Durations:
    """The log-normal distribution with a task's median and 95th percentile.

    So half of the draws are shorter than the median, and one in twenty is longer than the 95th percentile.
    """

    def __init__(self, *, median: float, p95: float, known: int, longest: float = math.inf, seed: str = "") -> None:
        """All in seconds; `known` is how many executions say so, and no draw is above `longest`."""
        self.median = median
        self.p95 = max(median, p95)
        self.known = known
        middle = max(_SHORTEST, median)
        spread = math.log(max(1.0, p95 / middle)) / _AT_95
        self._draws = tuple(min(longest, middle * math.exp(spread * quantile)) for quantile in _QUANTILES)
        self._seed = zlib.crc32(seed.encode("utf-8", "surrogatepass")) << 32

    @classmethod
    def of(cls, seconds: Sequence[float], *, longest: float = math.inf, seed: str = "") -> Self:
        """Return those of executions that took so long; of none: a second each."""
        if not seconds:
            return cls(median=_UNKNOWN, p95=_UNKNOWN, known=0, longest=longest, seed=seed)
        ordered = sorted(seconds)
        p95 = ordered[math.ceil(0.95 * len(ordered)) - 1]
        return cls(median=median(ordered), p95=p95, known=len(ordered), longest=longest, seed=seed)

    def draw(self, slot: int) -> float:
        """Return how many seconds the execution for a slot takes, which is given in seconds since 1970."""
        # The mixing step of SplitMix64: neighbouring slots get draws that have nothing to do with one another.
        mixed = ((slot ^ self._seed) * 0x9E3779B97F4A7C15) & _64_BITS
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _64_BITS
        return self._draws[(mixed >> 40) % _DRAWS]
