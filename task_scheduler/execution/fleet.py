"""Which hosts there are: one for each profile in use, prepared, renewed, retired and bounded in number."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from task_scheduler.core.requests import ExecutionProfile
from task_scheduler.execution import markers, preload, processes, spawning
from task_scheduler.execution.cards import HostCard
from task_scheduler.execution.hosts import Host
from task_scheduler.execution.profiles import host_profile
from task_scheduler.execution.unsafe import UnsafeModules

#: What is remembered of modules that are not imported ahead, beside the folder of the hosts' folders.
UNSAFE = "not-imported-ahead.json"
#: Seconds one module may take to be imported ahead.
IMPORT_PATIENCE = 20.0
#: Seconds between two looks at the hosts; the first while one of them is still importing.
_LOOK_SOON = 1.0
_LOOK = 10.0
#: Seconds an attempt waits to be reported as not started when hosts keep failing: doubled with each, up to the most.
_FIRST_BACKOFF = 0.05
_MOST_BACKOFF = 30.0


class Fleet:
    """The hosts of one executor, living and dead."""

    def __init__(
        self,
        *,
        root: Path,
        run_folder: Path,
        lib: Path,
        interpreter_of: Callable[[str], Path],
        notice: Callable[[str], None],
        idle_after: float,
        renew_after: float,
        most_hosts: int,
        reserved: float,
        on_message: Callable[[Host, Mapping[str, Any]], None],
        on_gone: Callable[[Host], None],
    ) -> None:
        self._root = root
        self._run_folder = run_folder
        self._lib = lib
        self._interpreter_of = interpreter_of
        self._notice = notice
        self._idle_after = idle_after
        self._renew_after = renew_after
        self._most_hosts = most_hosts
        self._reserved = reserved
        self._on_message = on_message
        self._on_gone = on_gone
        self._hosts: dict[str, Host] = {}
        self._current: dict[ExecutionProfile, Host] = {}
        self._unsafe = UnsafeModules(run_folder.with_name(UNSAFE))
        self._importing: dict[str, tuple[str, float]] = {}  #: by host: what it imports, and when that was first seen
        self._failures = 0  #: hosts in a row that ended before they could serve
        self._failed_at = 0.0  #: when the last of these did, seconds of the loop's clock
        self._next_look: asyncio.TimerHandle | None = None
        self._secrets: Collection[str] = ()

    def start(self) -> None:
        """Begin to look after the hosts."""
        self._run_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._look_later(_LOOK)

    def stop(self) -> None:
        """Let go of all hosts; they live on."""
        if self._next_look is not None:
            self._next_look.cancel()
            self._next_look = None
        for host in self._hosts.values():
            host.close()
        self._hosts.clear()
        self._current.clear()
        self._importing.clear()

    def hide(self, secrets: Collection[str]) -> None:
        """Have all hosts hide these and no others in what attempts write, those that are still to come too."""
        self._secrets = secrets
        for host in self._hosts.values():
            if host.is_alive:
                host.tell_secrets(secrets)

    # --- finding ------------------------------------------------------------------------------------------

    def get(self, host: str) -> Host | None:
        """Return a host by its id."""
        return self._hosts.get(host)

    def host_for(self, profile: ExecutionProfile) -> Host:
        """Return the host for a profile, started if need be; one that could not be started says why."""
        profile = host_profile(profile)
        host = self._current.get(profile)
        if host is not None and host.takes_attempts and self.is_homeless(host):
            self.retire(host)
        if host is None or not host.takes_attempts:
            self._keep_within(self._most_hosts - 1)
            host = self._spawn(profile)
        host.last_used = asyncio.get_running_loop().time()
        return host

    def prepare(self, profile: ExecutionProfile) -> None:
        """Have a host ready soon; while hosts keep failing this starts one no sooner than the backoff allows."""
        host = self._current.get(host_profile(profile))
        is_ready = host is not None and host.takes_attempts
        if is_ready or asyncio.get_running_loop().time() >= self._failed_at + self.backoff(None):
            self.host_for(profile)

    def is_homeless(self, host: Host) -> bool:
        """Whether a host's folder is gone, so that it can begin nothing any more."""
        return not os.path.isdir(host.folder)

    def replace(self, host: Host) -> None:
        """Let another host take the place of one."""
        self.retire(host)
        if host.profile is not None:
            self.prepare(host.profile)

    def backoff(self, host: Host | None) -> float:
        """Return how many seconds the bad news of an attempt for this host should wait."""
        if host is not None and not host.failure and host.is_greeted:
            return 0.0
        return min(_FIRST_BACKOFF * 2**self._failures, _MOST_BACKOFF) if self._failures else 0.0

    # --- adopting -----------------------------------------------------------------------------------------

    def cards_on_disk(self) -> dict[str, HostCard]:
        """Return who the hosts are whose folders exist, by id."""
        cards = {}
        for folder in self._run_folder.iterdir() if self._run_folder.is_dir() else ():
            told = _read_card(folder)
            if folder.name not in self._hosts and told is not None:
                cards[folder.name] = HostCard.parse(json.dumps(told))
            elif folder.name not in self._hosts:
                cards[folder.name] = HostCard(host=folder.name, pid=None, start=None, boot=processes.boot_id())
        return cards

    def adopt(self, card: HostCard) -> Host:
        """Take in the host of a former scheduler, living or dead."""
        known = self._hosts.get(card.host)
        if known is not None:
            return known
        folder = self._run_folder / card.host
        told = _read_card(folder) or {}
        now = asyncio.get_running_loop().time()
        host = Host(card=card, folder=folder, profile=_profile(told), now=now)
        host.is_alive = card.is_alive()
        host.is_leaving = host.profile is None or told.get("origin") != spawning.origin()
        self._hosts[card.host] = host
        host.hides_secrets = told.get("origin") == spawning.origin()
        host.tell_secrets(self._secrets)  # also where there are none: it may have been told of others
        if host.takes_attempts and host.profile is not None and host.profile not in self._current:
            self._current[host.profile] = host
        else:
            host.is_leaving = True
        return host

    def watch(self, host: Host) -> bool:
        """Connect to a host; False: its process has just ended."""
        try:
            host.watch(self._on_message, self._gone)
        except OSError:
            host.is_alive = False
        return host.is_alive

    def clear_leftover_markers(self, host: Host) -> None:
        """Remove the markers of attempts that are neither open nor to be forgotten: their ends were committed."""
        wanted = {str(attempt) for attempt in host.open | host.kept}
        try:
            stale = [name for name in markers.names(str(host.folder)) if name not in wanted]
        except OSError:  # it is gone, or cannot be read now: they are met again when attempts are settled next
            return
        for name in stale:
            try:
                marker = markers.read(str(host.folder), name)
            except OSError:  # it cannot be read, and nobody needs it
                marker = None
            if not host.is_alive or (marker is not None and marker.end is not None):
                markers.remove(str(host.folder), name)
        if stale and host.is_alive:
            host.send({"do": "forget", "attempts": stale})

    # --- letting go ---------------------------------------------------------------------------------------

    def greeted(self, host: Host) -> None:
        """Take note that a host serves."""
        host.is_greeted = True
        self._failures = 0
        self._importing.pop(host.id, None)
        self.release(host)

    def release(self, host: Host) -> None:
        """Let a host go that is to leave, once it has no attempt."""
        if host.is_leaving and host.is_alive and not host.open:
            self.send_away(host)

    def send_away(self, host: Host) -> None:
        """Have a host end as soon as it has no attempt, whatever it may have been sent that it has not received."""
        host.is_leaving = host.is_retired = True
        host.send({"do": "retire"})

    def told_to_end(self, host: Host, attempts: int) -> None:
        """Take note that somebody has sent a host TERM: it ends its attempts and goes."""
        host.is_leaving = host.is_retired = True
        if attempts:
            self._notice(f"a host was told to end by somebody else, and with it {_counted(attempts)}")

    def drop_if_empty(self, host: Host) -> None:
        """Remove the folder of a dead host with nothing left to tell or forget."""
        if not host.is_alive and not host.open and not host.kept:
            self._hosts.pop(host.id, None)
            host.remove_folder()

    def _gone(self, host: Host) -> None:
        self._importing.pop(host.id, None)
        if host.profile is not None and self._current.get(host.profile) is host:
            del self._current[host.profile]
        told = preload.read_progress(str(host.folder))
        if not host.is_greeted and "ready" not in told:
            self._blame(host, told)
        elif not host.is_retired and host.open:
            self._say_ended(host)
        self._on_gone(host)

    def _say_ended(self, host: Host) -> None:
        words = host.last_words()
        lost = _counted(len(host.open))
        self._notice(f"a host ended unexpectedly, and with it {lost}" + (f": {words}" if words else ""))

    def _blame(self, host: Host, told: Mapping[str, str]) -> None:
        """A host ended before it could serve: leave out the module it imported just then, or say what it said."""
        culprit = told.get("unsafe") or told.get("importing")
        if culprit is None or host.profile is None:
            self._note_failure()
            words = host.last_words()
            self._notice("a host ended before it could serve" + (f": {words}" if words else ""))
            return
        reason = told.get("reason") or host.failure or "it ended the process"
        if self._unsafe.add(host.profile.environment, culprit):
            self._notice(f"{culprit} is not imported ahead any more: {reason}; tasks that use it import it themselves")
        self.host_for(host.profile)

    # --- starting -----------------------------------------------------------------------------------------

    def _spawn(self, profile: ExecutionProfile) -> Host:
        host_id = spawning.new_host_id()
        folder = self._run_folder / host_id
        now = asyncio.get_running_loop().time()
        unsafe = self._unsafe.of(profile.environment)
        try:
            card = spawning.spawn(
                host=host_id,
                folder=folder,
                interpreter=self._interpreter_of(profile.environment),
                root=self._root,
                lib=self._lib,
                profile=profile,
                preload=[module for module in profile.preload if module not in unsafe],
                idle_after=self._idle_after,
            )
        except OSError as error:
            return self._stillborn(profile, host_id, folder, f"its host could not be started: {error}")
        host = Host(card=card, folder=folder, profile=profile, now=now)
        host.hides_secrets = True
        if self._secrets:
            host.tell_secrets(self._secrets)
        self._hosts[host_id] = host
        self._current[profile] = host
        if not self.watch(host):  # it ended before it could be watched
            host.reap()
            self._gone(host)
        self._look_later(_LOOK_SOON)
        return host

    def _note_failure(self) -> None:
        self._failures += 1
        self._failed_at = asyncio.get_running_loop().time()

    def _stillborn(self, profile: ExecutionProfile, host_id: str, folder: Path, failure: str) -> Host:
        self._note_failure()
        card = HostCard(host=host_id, pid=None, start=None, boot=processes.boot_id())
        host = Host(card=card, folder=folder, profile=profile, now=asyncio.get_running_loop().time())
        host.failure = failure
        self._hosts[host_id] = host
        return host

    def _keep_within(self, bound: int) -> None:
        """Retire the hosts that were used longest ago, while there are more than `bound`.

        One that was asked for just now has attempts on record that are still to be launched: the bound gives way.
        """
        serving = [host for host in self._hosts.values() if host.takes_attempts]
        asked_before = asyncio.get_running_loop().time() - self._reserved
        idle = [host for host in serving if not host.open and host.last_used <= asked_before]
        idle.sort(key=lambda host: host.last_used)
        for host in idle[: max(0, len(serving) - bound)]:
            self.retire(host)

    def retire(self, host: Host) -> None:
        """Give a host no new attempts, and let it go once it has none."""
        host.is_leaving = True
        self.release(host)

    # --- looking after ------------------------------------------------------------------------------------

    def _look_later(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        if self._next_look is not None:
            if self._next_look.when() <= loop.time() + seconds:
                return
            self._next_look.cancel()
        self._next_look = loop.call_later(seconds, self._look)

    def _look(self) -> None:
        self._next_look = None
        now = asyncio.get_running_loop().time()
        for host in list(self._hosts.values()):
            if host.failure and not host.is_alive and now - host.born > _MOST_BACKOFF:
                self.drop_if_empty(host)
            elif host.is_alive and not host.is_greeted:
                self._check_import(host, now)
            elif host.takes_attempts and self._is_to_leave(host, now):
                self.retire(host)
        self._keep_within(self._most_hosts)
        is_importing = any(host.is_alive and not host.is_greeted for host in self._hosts.values())
        self._look_later(_LOOK_SOON if is_importing else min(_LOOK, self._idle_after / 4, self._renew_after / 4))

    def _is_to_leave(self, host: Host, now: float) -> bool:
        is_idle = not host.open and now - host.last_used > self._idle_after
        return is_idle or now - host.born > self._renew_after

    def _check_import(self, host: Host, now: float) -> None:
        """End a host that does not get on with what it imports; its end names the module."""
        module = preload.read_progress(str(host.folder)).get("importing")
        if module is None or host.card.pid is None:
            return
        seen, since = self._importing.get(host.id, ("", now))
        if seen != module:
            self._importing[host.id] = (module, now)
        elif now - since > IMPORT_PATIENCE and host.card.is_alive():
            host.failure = f"importing it takes more than {IMPORT_PATIENCE:g} s"
            os.kill(host.card.pid, signal.SIGKILL)


def _counted(attempts: int) -> str:
    return f"{attempts} attempt" + ("" if attempts == 1 else "s")


def _read_card(folder: Path) -> dict[str, Any] | None:
    try:
        told = json.loads((folder / "host.json").read_bytes())
    except (OSError, ValueError):
        return None
    return told if isinstance(told, dict) else None


def _profile(told: Mapping[str, Any]) -> ExecutionProfile | None:
    profile = told.get("profile")
    if not isinstance(profile, dict):
        return None
    return ExecutionProfile(environment=profile["environment"], preload=tuple(profile["preload"]))
