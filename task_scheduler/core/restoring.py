"""What a record that was restored tells of that, until it is settled and while people should know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

#: Facts of a restored record: what happened, and the same until it is settled.
RESTORED, UNSETTLED = "record.restored", "record.unsettled"
#: How the reason begins of what ended as it did because the record was restored.
LOST = "the record of this time was lost:"
#: How long `status` tells of it.
TOLD_FOR = timedelta(days=1)
#: Why a backup took the record's place where somebody wanted it so.
BY_HAND = "the record was replaced, as a person asked"
COPIED_BY_HAND = "a backup was copied by hand to where the record is"
_LINE = "\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """A backup took the place of the record."""

    at: datetime  #: when; what was on record between this and `taken_at` is lost
    taken_at: datetime  #: when the backup was taken
    backup: str  #: its name
    because: str  #: `the record was damaged: …`, or that somebody asked
    aside: str  #: where the record before is kept; empty: it is not known
    outputs: int = 0  #: outputs that are kept, of attempts that are not on record any more

    def text(self) -> str:
        """Return it as text, one part a line."""
        return _LINE.join(
            [
                self.at.isoformat(),
                self.taken_at.isoformat(),
                self.backup,
                self.because.replace(_LINE, " "),
                self.aside,
                str(self.outputs),
            ]
        )

    @classmethod
    def parse(cls, text: str) -> Restored:
        """Read what `text` wrote; raises ValueError for anything else."""
        at, taken_at, backup, because, aside, outputs = text.split(_LINE)
        return cls(
            at=datetime.fromisoformat(at),
            taken_at=datetime.fromisoformat(taken_at),
            backup=backup,
            because=because,
            aside=aside,
            outputs=int(outputs),
        )

    def sentence(self, zone: tzinfo) -> str:
        """Return it as a sentence for people, with times of a zone."""
        taken, at = (f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}" for moment in (self.taken_at, self.at))
        remain = (
            f"; {self.outputs:,} of its outputs remain{'s' if self.outputs == 1 else ''} in logs/runs"
            if self.outputs
            else ""
        )
        kept = f"; the record before is kept in {self.aside}" if self.aside else ""
        return (
            f"{self.because}; restored from the backup of {taken} ({self.backup}): what ran between then and {at} is "
            f"not on record{remain}{kept}"
        )

    def is_news(self, now: datetime) -> bool:
        """Whether people should still be told."""
        return abs(now - self.at) < TOLD_FOR

    @property
    def reason(self) -> str:
        """Why something of the lost time ended as it did, as the record tells of it."""
        return f"{LOST} restored from the backup of {self.taken_at:%Y-%m-%d %H:%M:%S} UTC"


def news_of(text: str | None, *, now: datetime, zone: tzinfo) -> dict[str, str | None]:
    """Return what people should be told of the fact of a restore, as fields of a JSON document.

    `restored` is all of it in a sentence, `restored_at` when it was, `restored_to` when the backup was taken; None each
    where there is nothing to tell.
    """
    try:
        restored = Restored.parse(text) if text else None
    except ValueError:
        restored = None
    if restored is None or not restored.is_news(now):
        return {"restored": None, "restored_at": None, "restored_to": None}
    return {
        "restored": restored.sentence(zone),
        "restored_at": restored.at.isoformat(),
        "restored_to": restored.taken_at.isoformat(),
    }
