"""The settings in force, and everything that follows when they change."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from task_scheduler.core.events import Event, Level
from task_scheduler.services.service import Publish
from task_scheduler.settings import Paths, Settings

#: Gives what one part of the scheduler needs of the settings, as the arguments it is configured by.
Choose = Callable[[Settings, Paths], Mapping[str, Any]]
#: Has that part work by these from now on.
Configure = Callable[..., Awaitable[object] | object]


#: Whether a part follows after the change between these two was told.
IsLast = Callable[[Settings, Settings], bool]


def _never(_before: Settings, _after: Settings) -> bool:
    return False


@dataclass(slots=True, eq=False)
class _Follower:
    choose: Choose
    configure: Configure
    follows: Mapping[str, Any]  #: what it works by now
    is_last: IsLast


class LiveSettings:
    """What is in force now. Each part that is made by settings says here how it follows them.

    They change within the event loop alone, one change after another.
    """

    def __init__(self, settings: Settings, paths: Paths, *, publish: Publish) -> None:
        """Begin with the settings that everything is made by."""
        self.settings = settings
        self.paths = paths
        self._publish = publish
        self._followers: list[_Follower] = []

    def follow(self, choose: Choose, configure: Configure, *, is_last: IsLast = _never) -> None:
        """Have `configure` called with what `choose` gives whenever that has changed.

        `is_last` is for what decides whether a change is told of: where it returns true, it follows once that is done.
        """
        self._followers.append(_Follower(choose, configure, choose(self.settings, self.paths), is_last))

    async def put_in_force(self, settings: Settings, paths: Paths, *, tell: Callable[[], None]) -> None:
        """Have everybody work by these; returns once they do. `tell` is called when all but the last follow them."""
        before, self.settings, self.paths = self.settings, settings, paths
        last = [follower for follower in self._followers if follower.is_last(before, settings)]
        for follower in self._followers:
            if follower not in last:
                await self._have_it_follow(follower)
        tell()
        for follower in last:
            await self._have_it_follow(follower)

    async def _have_it_follow(self, follower: _Follower) -> None:
        wanted = follower.choose(self.settings, self.paths)
        if wanted != follower.follows:
            follower.follows = wanted
            await self._configure(follower)

    async def _configure(self, follower: _Follower) -> None:
        try:
            following = follower.configure(**follower.follows)
            if isinstance(following, Awaitable):
                await following
        except Exception as error:  # noqa: BLE001 - a fault in one part must not keep the others from following
            message = f"a fault of the program: not everything follows the changed settings ({error!r}): restart it"
            self._publish(
                Event(name="settings.failed", message=message, level=Level.ERROR, fields={"exception": error})
            )
