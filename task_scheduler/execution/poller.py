"""What a host waits for: descriptors, each with what to do when it is ready.

Runs in hosts: standard library only, Python 3.8 or later.
"""

from __future__ import annotations

import select

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Poller:
    """The one place where a host waits."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._on_ready: dict[int, Callable[[], None]] = {}

    def watch(self, descriptor: int, handler: Callable[[], None]) -> None:
        """Call the handler whenever there is something to read."""
        self._on_ready[descriptor] = handler
        self._epoll.register(descriptor, select.EPOLLIN)

    def hand_to(self, descriptor: int, handler: Callable[[], None]) -> None:
        """Let another handler have a descriptor that is watched."""
        self._on_ready[descriptor] = handler

    def also_when_writable(self, descriptor: int, *, wanted: bool) -> None:
        """Wake up, or no more, when a descriptor that is watched can be written to."""
        self._epoll.modify(descriptor, select.EPOLLIN | select.EPOLLOUT if wanted else select.EPOLLIN)

    def unwatch(self, descriptor: int) -> None:
        """Let go of a descriptor that is about to be closed."""
        del self._on_ready[descriptor]
        self._epoll.unregister(descriptor)

    def forget(self, descriptor: int) -> None:
        """Let go of a descriptor that has been closed, which epoll has noticed itself."""
        self._on_ready.pop(descriptor, None)

    def wait(self, seconds: float | None) -> list[int]:
        """Return the descriptors that are ready; none after so many seconds, or when a signal came."""
        return [descriptor for descriptor, _ in self._epoll.poll(seconds)]

    def handle(self, descriptor: int) -> None:
        """Do what is to be done for a ready descriptor, if it is still watched."""
        handler = self._on_ready.get(descriptor)
        if handler is not None:
            handler()
