"""Slots moved a little, so that what is due at one instant does not all begin at once."""

from __future__ import annotations

from hashlib import blake2b

from task_scheduler.core.triggers.slots import Slots


class Delayed:
    """All slots the same number of seconds later: the stable delay."""

    __slots__ = ("_delay", "_inner")

    def __init__(self, inner: Slots, delay: int) -> None:
        self._inner = inner
        self._delay = delay

    def first_from(self, instant: int) -> int | None:
        """Return the first slot that is `instant` or later; None: there is none."""
        found = self._inner.first_from(instant - self._delay)
        return None if found is None else found + self._delay

    def last_until(self, instant: int) -> int | None:
        """Return the last slot that is `instant` or earlier; None: there is none."""
        found = self._inner.last_until(instant - self._delay)
        return None if found is None else found + self._delay

    def count(self, begin: int, end: int) -> int:
        """Return how many slots are in [begin, end)."""
        return self._inner.count(begin - self._delay, end - self._delay)


class Jittered:
    """Each slot by a delay of its own, from 0 to `most` seconds: the fresh delay.

    The delay is a hash of the seed and the slot, so it is the same after a restart and on another machine. It
    is less than the distance to the next slot: no slot overtakes another, none is lost, no two are one.
    """

    __slots__ = ("_inner", "_most", "_seed")

    def __init__(self, inner: Slots, *, most: int, seed: str) -> None:
        self._inner = inner
        self._most = most
        self._seed = seed.encode()

    def first_from(self, instant: int) -> int | None:
        """Return the first slot that is `instant` or later; None: there is none."""
        before = self._inner.last_until(instant)
        if before is not None:
            moved = self._moved(before)
            if moved >= instant:
                return moved
        following = self._inner.first_from(instant if before is None else instant + 1)
        return None if following is None else self._moved(following)

    def last_until(self, instant: int) -> int | None:
        """Return the last slot that is `instant` or earlier; None: there is none."""
        before = self._inner.last_until(instant)
        if before is None:
            return None
        moved = self._moved(before)
        if moved <= instant:
            return moved
        earlier = self._inner.last_until(before - 1)
        return None if earlier is None else self._moved(earlier)

    def count(self, begin: int, end: int) -> int:
        """Return how many slots are in [begin, end)."""
        if begin >= end:
            return 0
        return self._inner.count(begin, end) + self._is_crossed(begin) - self._is_crossed(end)

    def _is_crossed(self, instant: int) -> bool:
        """Whether a slot before an instant is moved to it or past it; more than one cannot be."""
        before = self._inner.last_until(instant - 1)
        return before is not None and self._moved(before) >= instant

    def _moved(self, slot: int) -> int:
        following = self._inner.first_from(slot + 1)
        room = self._most + 1 if following is None else min(self._most + 1, following - slot)
        digest = blake2b(b"%d" % slot, digest_size=8, key=self._seed[:64], person=b"fresh delay").digest()
        return slot + int.from_bytes(digest) % room
