"""Keeps what is hidden in step with the file of secrets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection

from task_scheduler.core.events import Event, Level
from task_scheduler.core.secrets import Secrets
from task_scheduler.known_secrets import SECRETS_FILE
from task_scheduler.masking import LEAST
from task_scheduler.ports import Clock
from task_scheduler.services.service import Publish, Service

#: Seconds between two looks at the file.
INTERVAL = 2.0


class SecretKeeper(Service):
    """Looks at the file now and then, and tells what is to be hidden when that has changed.

    What was a secret once stays hidden as long as this lives: runs that began with it may still write it.
    """

    name = "secret keeper"

    def __init__(
        self,
        *,
        first: Secrets,
        read: Callable[[], Secrets],
        hide: Callable[[Collection[str]], None],
        clock: Clock,
        publish: Publish,
    ) -> None:
        """`first` is what is hidden already; `hide` takes all that is to be hidden from now on."""
        super().__init__(publish=publish)
        self._read = read
        self._hide = hide
        self._clock = clock
        self._newest = first
        self._hidden = first.values
        self._told: set[str] = set()  #: sentences about the file as it is
        self._fault = first.fault  #: the last that was told; empty: it can be read

    def trouble(self) -> dict[str, object] | None:
        """Return what is wrong with the file, as JSON: `fault` (None: it can be read) and `warnings`; None: nothing is."""
        if not self._fault and not self._newest.warnings:
            return None
        return {"fault": self._fault or None, "warnings": list(self._newest.warnings)}

    async def look(self) -> None:
        """Look at the file now."""
        found = await asyncio.to_thread(self._read)
        # A fault counts once the file stands still: somebody may be writing it.
        is_settled, before = found == self._newest, self._newest
        self._newest = found
        if not found.values <= self._hidden:
            self._hidden |= found.values
            self._hide(self._hidden)
        if found.fault and is_settled:
            self._tell_fault(found.fault)
        if not found.fault and (self._fault or found.values != before.values or found.short != before.short):
            self._fault = ""
            self._publish(
                Event(name="secrets.changed", message=f"{SECRETS_FILE} has changed: {self._what_is_hidden()}")
            )
        self._tell_warnings()

    async def _set_up(self) -> None:
        if self._fault:
            self._publish_fault()
        elif self._hidden:
            self._publish(Event(name="secrets.known", message=f"{SECRETS_FILE}: {self._what_is_hidden()}"))
        self._tell_warnings()

    async def _run(self) -> None:
        while True:
            await self._clock.sleep(INTERVAL)
            await self.look()

    def _tell_fault(self, fault: str) -> None:
        if fault != self._fault:
            self._fault = fault
            self._publish_fault()

    def _publish_fault(self) -> None:
        message = f"{self._fault}; what looks like a value in it is hidden, and what was known before"
        self._publish(Event(name="secrets.invalid", message=message, level=Level.ERROR))

    def _tell_warnings(self) -> None:
        for warning in self._newest.warnings:
            if warning not in self._told:
                self._publish(Event(name="secrets.exposed", message=warning, level=Level.WARNING))
        self._told = set(self._newest.warnings)

    def _what_is_hidden(self) -> str:
        newest = self._newest
        count = len(newest.values)
        said = f"{count} value{'' if count == 1 else 's'} of it {_are(count)} hidden in what runs and scheduler write"
        if newest.short:
            said += f", {newest.short} shorter than {LEAST} characters {_are(newest.short)} not"
        if gone := len(self._hidden - newest.values):
            said += f", and {gone} that {_are(gone)} gone from it until the next start"
        return said


def _are(number: int) -> str:
    return "is" if number == 1 else "are"
