"""Hands every event to those who listen."""

from __future__ import annotations

from collections.abc import Callable

from task_scheduler.core.events import Event, Level

Listener = Callable[[Event], None]


class EventBus:
    """Publishes events to listeners, in the order of subscription, within the call."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with each event from now on; the returned function ends that."""
        self._listeners.append(listener)

        def end() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return end

    def publish(self, event: Event) -> None:
        """Hand `event` to every listener; one that fails harms neither the others nor the caller."""
        for listener in tuple(self._listeners):
            try:
                listener(event)
            except Exception as error:  # noqa: BLE001 - a full disk under a log must not stop a run from being recorded
                self._tell_failure(listener, event, error)

    def _tell_failure(self, failed: Listener, event: Event, error: Exception) -> None:
        failure = Event(
            name="listener.failed",
            message=f"a listener failed at {event.name}: {type(error).__name__}: {error}",
            level=Level.ERROR,
            fields={"event": event.name, "exception": error},
        )
        for listener in tuple(self._listeners):
            if listener != failed:
                try:
                    listener(failure)
                except Exception:  # noqa: BLE001, S112 - nobody is left who could be told
                    continue
