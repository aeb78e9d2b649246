"""The executor: places attempts on hosts, hears what becomes of them, and settles what a former scheduler left."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from task_scheduler.core.errors import StoreError
from task_scheduler.core.requests import (
    AttemptRequest,
    ExecutionProfile,
    Finished,
    Lost,
    NotStarted,
    OpenAttempt,
    PauseConfirmed,
    Report,
    StillRunning,
    Told,
)
from task_scheduler.core.runs import AttemptId
from task_scheduler.execution import markers, reports, settlement
from task_scheduler.execution.cards import HostCard
from task_scheduler.execution.fleet import Fleet
from task_scheduler.execution.hosts import Host
from task_scheduler.execution.orders import start_order

#: Seconds a living host has to answer when attempts are settled; one that is frozen is then judged from outside.
GREETING_PATIENCE = 5.0
UNKNOWN_PLACEMENT = "the record of where it was sent cannot be read"
SETTLED_FIRST = "the scheduler that asked for it ended before its host had begun it"
NEVER_RECEIVED = "the connection to its host was lost before the host had received it"


@dataclass(frozen=True, slots=True)
class _End:
    """That an attempt is to be ended: why, and seconds between TERM and KILL; None: those of its request."""

    reason: str
    grace: float | None = None

    def within(self, grace: float | None) -> _End:
        """Return it with a grace that may be shorter, never longer."""
        if grace is None or (self.grace is not None and self.grace <= grace):
            return self
        return replace(self, grace=grace)


class HostExecutor:
    """Executes attempts in hosts, one host for each profile."""

    def __init__(
        self,
        *,
        root: Path,
        run_folder: Path,
        outputs: Path,
        lib: Path,
        interpreter_of: Callable[[str], Path],
        source_of: Callable[[str], Path],
        project: str,
        notice: Callable[[str], None],
        on_fault: Callable[[Exception], None],
        idle_after: float = 600.0,
        renew_after: float = 86_400.0,
        most_hosts: int = 8,
        reserved: float = 60.0,
    ) -> None:
        """Take what to execute with.

        `root` is the project folder; `run_folder` holds a folder for each host; `outputs` what attempts write; `lib`
        what tasks may import beside their packages, `task_scheduler` at least. `interpreter_of` an environment's key
        and `source_of` a digest give paths. `project` names this project for good. `notice` takes a sentence for the
        person; `on_fault` what the program raised where nobody else would hear of it. Hosts leave after `idle_after` seconds without work and are renewed after `renew_after`. Above
        `most_hosts` they leave as soon as nobody has asked for them for `reserved` seconds.
        """
        self._root = root.absolute()
        self._outputs = outputs.absolute()
        self._source_of = source_of
        self._project = project
        self._notice = notice
        self._on_fault = on_fault
        self._fleet = Fleet(
            root=self._root,
            run_folder=run_folder.absolute(),
            lib=lib.absolute(),
            interpreter_of=interpreter_of,
            notice=notice,
            idle_after=idle_after,
            renew_after=renew_after,
            most_hosts=most_hosts,
            reserved=reserved,
            on_message=lambda host, message: self._guarded(self._hear, host, message),
            on_gone=lambda host: self._guarded(self._bury, host),
        )
        self._listener: Callable[[Report], None] | None = None
        self._open: dict[AttemptId, Host] = {}
        self._kept: dict[AttemptId, Host] = {}
        self._ending: dict[AttemptId, _End] = {}  #: of the open ones: those that are to be ended
        self._pausing: dict[AttemptId, bool] = {}  #: of the open ones: those to stand still, or to go on again
        self._settling: dict[AttemptId, Report | None] = {}
        self._burials: set[asyncio.Task[None]] = set()

    # --- the port -----------------------------------------------------------------------------------------

    async def start(self, listener: Callable[[Report], None]) -> None:
        """Begin to report."""
        if self._listener is None:
            self._listener = listener
            self._fleet.start()

    async def stop(self) -> None:
        """Report no more; running attempts live on."""
        self._listener = None
        self._fleet.stop()
        burials = list(self._burials)
        for burial in burials:
            burial.cancel()
        await asyncio.gather(*burials, return_exceptions=True)
        self._open.clear()
        self._ending.clear()
        self._pausing.clear()
        self._kept.clear()

    def hide(self, secrets: Collection[str]) -> None:
        """Have these hidden, and no others, in what attempts write from now on; at any time, also before the start."""
        self._fleet.hide(secrets)

    def prepare(self, profile: ExecutionProfile) -> None:
        """Have a host ready soon; returns at once."""
        self._fleet.prepare(profile)

    def place(self, profile: ExecutionProfile) -> str:
        """Choose a host for an attempt that is about to be claimed; return who it is, for the record."""
        return self._fleet.host_for(profile).card.text()

    def launch(self, request: AttemptRequest, placement: str) -> None:
        """Start a claimed attempt. What becomes of it arrives as reports, at most one execution ever."""
        if request.id in self._open or request.id in self._kept:
            return
        card = HostCard.parse(placement)
        try:
            source = self._source_of(request.digest)
        except (StoreError, OSError) as error:
            reason = f"its source cannot be made ready: {error}"
            report = NotStarted(id=request.id, reason=reason)
            asyncio.get_running_loop().call_soon(self._guarded, self._report, report)
            return
        order = start_order(
            request,
            root=self._root,
            outputs=self._outputs,
            source=source,
            mark=settlement.mark_of(self._project, card.host, request.id),
        )
        host = self._fleet.get(card.host)
        if host is None or not host.is_alive:
            self._refuse(request.id, host)
            return
        self._take_on(request.id, host)
        host.send(order)

    def terminate(self, attempt: AttemptId, reason: str, *, grace: float | None = None) -> None:
        """End an attempt with its whole tree; its Finished report carries the reason, the first one that was given.

        `grace` is seconds between TERM and KILL; None: those of its request. Asked again, it can only be shortened.
        """
        host = self._open.get(attempt)
        if host is None:
            return
        self._ending[attempt] = self._ending.get(attempt, _End(reason)).within(grace)
        self._send_wishes(host, attempt)

    def can_pause(self, attempt: AttemptId) -> bool:
        """Whether an attempt can be made to stand still: its host may be of a program that did not know how."""
        host = self._open.get(attempt)
        return host is None or not host.cannot_pause

    def pause(self, attempt: AttemptId) -> None:
        """Have an attempt's whole tree stand still; its clocks stop too. PauseConfirmed follows, unless it ends first."""
        self._send_pause(attempt, wanted=True)

    def resume(self, attempt: AttemptId) -> None:
        """Have a paused attempt go on. PauseConfirmed follows, unless it ends first."""
        self._send_pause(attempt, wanted=False)

    async def settle(self, attempts: Sequence[OpenAttempt]) -> Sequence[Report]:
        """Say of each attempt a former scheduler left what became of it; the living are adopted."""
        self._settling = {attempt.id: None for attempt in attempts}
        by_host: dict[str, list[AttemptId]] = defaultdict(list)
        cards = self._fleet.cards_on_disk()
        for attempt in attempts:
            try:
                card = HostCard.parse(attempt.placement)
            except ValueError:
                self._settling[attempt.id] = Lost(id=attempt.id, reason=UNKNOWN_PLACEMENT)
                continue
            by_host[card.host].append(attempt.id)
            if card.pid is not None or card.host not in cards:
                cards[card.host] = card
        await asyncio.gather(*(self._settle_host(card, by_host[card.host]) for card in cards.values()))
        settled, self._settling = self._settling, {}
        return [report for report in settled.values() if report is not None]

    def forget(self, attempts: Sequence[AttemptId]) -> None:
        """Drop what was kept about attempts whose end is committed."""
        by_host: dict[Host, list[str]] = defaultdict(list)
        for attempt in attempts:
            host = self._kept.pop(attempt, None)
            if host is not None:
                host.kept.discard(attempt)
                by_host[host].append(str(attempt))
        for host, names in by_host.items():
            for name in names:
                if name not in host.voided:
                    markers.remove(str(host.folder), name)
            if host.is_alive:
                host.send({"do": "forget", "attempts": names})
            else:
                self._fleet.drop_if_empty(host)

    # --- reporting ----------------------------------------------------------------------------------------

    def _take_on(self, attempt: AttemptId, host: Host) -> None:
        self._open[attempt] = host
        host.open.add(attempt)

    def _send_pause(self, attempt: AttemptId, *, wanted: bool) -> None:
        host = self._open.get(attempt)
        if host is None:
            return
        self._pausing[attempt] = wanted
        if host.cannot_pause:
            self._notice(f"attempt {attempt} cannot be paused: its host is of an older version of this program")
        else:
            host.send({"do": "pause" if wanted else "resume", "attempt": str(attempt)})

    def _send_wishes(self, host: Host, attempt: AttemptId, *, is_paused: bool | None = None) -> None:
        """Send what is wanted of an attempt, or send it again; `is_paused` is what its host says; None: it did not."""
        end, pause = self._ending.get(attempt), self._pausing.get(attempt)
        if end is not None:
            host.send({"do": "terminate", "attempt": str(attempt), "reason": end.reason, "grace": end.grace})
        elif pause is not None and is_paused is not None:
            if pause != is_paused:
                self._send_pause(attempt, wanted=pause)
            elif not is_paused:  # of one that is paused its host tells when it has come to a stand
                self._report(PauseConfirmed(id=attempt, is_paused=False))

    def _refuse(self, attempt: AttemptId, host: Host | None) -> None:
        """Report an attempt whose host is gone: nothing was sent to anybody."""
        reason = (host.failure if host is not None else "") or settlement.NEVER_BEGAN
        loop = asyncio.get_running_loop()
        loop.call_later(self._fleet.backoff(host), self._guarded, self._report, NotStarted(id=attempt, reason=reason))

    def _guarded(self, work: Callable[..., None], *arguments: object) -> None:
        """Do what the event loop has called for: what is raised here, the loop would only log, and runs stay at work."""
        try:
            work(*arguments)
        except Exception as error:  # noqa: BLE001 - the boundary between the event loop and whoever hears reports
            self._on_fault(error)

    def _report(self, report: Report) -> None:
        if report.id in self._settling:
            self._settling[report.id] = report
        elif self._listener is not None:
            self._listener(report)

    def _conclude(self, report: Finished | NotStarted | Lost) -> None:
        """Report how an attempt ended, once; its marker stays until the end is committed."""
        host = self._open.pop(report.id, None)
        if host is None:
            return
        host.open.discard(report.id)
        host.doubtful.discard(report.id)
        self._ending.pop(report.id, None)
        self._pausing.pop(report.id, None)
        host.kept.add(report.id)
        if isinstance(report, NotStarted):
            host.voided.add(str(report.id))
        self._kept[report.id] = host
        self._report(report)
        self._fleet.release(host)

    # --- what hosts say -----------------------------------------------------------------------------------

    def _hear(self, host: Host, message: Mapping[str, Any]) -> None:
        match message["is"]:
            case "hello":
                self._greet(host, message)
            case "started":
                self._begun(host, message)
            case "ended":
                self._conclude(reports.finished(AttemptId.parse(message["attempt"]), message["exit"]))
            case "refused":
                if not host.is_leaving and self._fleet.is_homeless(host):
                    self._fleet.replace(host)
                self._conclude(NotStarted(id=AttemptId.parse(message["attempt"]), reason=message["reason"]))
            case "told":
                self._relay(reports.told(AttemptId.parse(message["attempt"]), message))
            case "paused":
                attempt = AttemptId.parse(message["attempt"])
                self._relay(PauseConfirmed(id=attempt, is_paused=message["paused"]))
            case "told to end":
                self._fleet.told_to_end(host, message["attempts"])

    def _begun(self, host: Host, message: Mapping[str, Any]) -> None:
        attempt = AttemptId.parse(message["attempt"])
        if attempt in self._open:
            self._report(reports.started(attempt, message, host.id, host.card.boot))

    def _relay(self, report: Told | PauseConfirmed) -> None:
        """Report what a host says of a running attempt; one that is being settled is reported by what it is then."""
        if report.id in self._open and report.id not in self._settling:
            self._report(report)

    def _greet(self, host: Host, message: Mapping[str, Any]) -> None:
        """Take what a host knows of the attempts it was given before this connection."""
        is_again = host.is_greeted
        host.cannot_pause = "pause" not in message.get("does", ())
        if "secrets" in message.get("does", ()) and not host.hides_secrets:
            host.hides_secrets = True
            host.tell_secrets_again()
        self._fleet.greeted(host)
        if not host.greeting.done():
            host.greeting.set_result(message)
        for ended in message["ended"]:
            self._conclude(reports.finished(AttemptId.parse(ended["attempt"]), ended["exit"]))
        if is_again:
            self._note_reconnected(host)
            dropped = [
                ended["attempt"] for ended in message["ended"] if AttemptId.parse(ended["attempt"]) not in host.kept
            ]
            host.send({"do": "forget", "attempts": dropped})
        running = {AttemptId.parse(told["attempt"]): told for told in message["running"]}
        doubtful = {attempt for attempt in host.open if attempt in host.doubtful or attempt in self._settling}
        host.doubtful.clear()
        for attempt in sorted(doubtful, key=str):
            if attempt not in running:
                self._void(host, attempt)
            elif attempt in self._settling:
                self._settling[attempt] = reports.still_running(attempt, running[attempt])
            else:
                self._begun(host, running[attempt])
                self._send_wishes(host, attempt, is_paused=running[attempt].get("paused"))

    def _note_reconnected(self, host: Host) -> None:
        """Say it, once for each host."""
        if not host.was_lost:
            host.was_lost = True
            self._notice(
                "the connection to a host was lost, as when somebody else connects to it, and has been restored"
            )

    def _void(self, host: Host, attempt: AttemptId) -> None:
        """Decide that an attempt its living host does not know never begins, unless it was decided otherwise."""
        reason = SETTLED_FIRST if attempt in self._settling else NEVER_RECEIVED
        try:
            if markers.create_void(str(host.folder), str(attempt), reason):
                self._conclude(NotStarted(id=attempt, reason=reason))
                return
            marker = markers.read(str(host.folder), str(attempt))
        except OSError:  # a full disk, or the folder is gone: its host's death will decide
            if host.is_greeted:
                self._fleet.send_away(host)
            marker = None
        if marker is not None and marker.end is not None:
            self._conclude(reports.finished(attempt, marker.end))
        elif marker is not None and marker.void is not None:
            self._conclude(NotStarted(id=attempt, reason=marker.void))
        elif marker is not None and marker.is_damaged:
            self._conclude(Lost(id=attempt, reason=settlement.MARKER_DAMAGED))
        elif marker is not None and marker.pid is None and host.is_greeted:  # decided, and the disk took no reason
            self._conclude(NotStarted(id=attempt, reason=reason))
        else:
            host.doubtful.add(attempt)
            if attempt in self._settling:
                self._settling[attempt] = StillRunning(id=attempt, started_at=None)

    # --- settling -----------------------------------------------------------------------------------------

    async def _settle_host(self, card: HostCard, attempts: Sequence[AttemptId]) -> None:
        host = self._fleet.adopt(card)
        host.is_settling = True
        for attempt in attempts:
            self._take_on(attempt, host)
        if host.is_alive and self._fleet.watch(host):
            await asyncio.wait([host.greeting], timeout=GREETING_PATIENCE)
            if not host.is_greeted:
                self._judge_frozen(host)
        host.is_settling = False
        if not host.is_alive:
            await self._judge_dead(host)
        self._fleet.clear_leftover_markers(host)
        self._fleet.drop_if_empty(host)

    def _judge_frozen(self, host: Host) -> None:
        """Tell what can be told without the host, which lives and does not answer; it will tell the rest itself."""
        if not host.is_alive:
            return
        host.is_leaving = True
        self._notice(f"a host does not answer (process {host.card.pid}): from now on another one takes its place")
        for attempt in sorted(host.open, key=str):
            self._void(host, attempt)

    async def _judge_later(self, host: Host) -> None:
        await asyncio.sleep(self._fleet.backoff(host))
        await self._judge_dead(host)

    async def _judge_dead(self, host: Host) -> None:
        if not host.open:
            return
        attempts = sorted(host.open, key=str)
        for report in await settlement.of_dead_host(host.card, host.folder, attempts, self._project):
            self._conclude(report)

    def _bury(self, host: Host) -> None:
        """A host's process is gone: settle what it had, in the background."""
        if host.is_settling:
            return
        if host.open:
            burial = asyncio.get_running_loop().create_task(self._judge_later(host))
            self._burials.add(burial)
            burial.add_done_callback(self._buried)
        else:
            self._fleet.drop_if_empty(host)

    def _buried(self, burial: asyncio.Task[None]) -> None:
        self._burials.discard(burial)
        error = None if burial.cancelled() else burial.exception()
        if isinstance(error, Exception):
            self._on_fault(error)
