"""What a daily line of the timetable must say of itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from django.utils.functional import Promise

from storage_admin.models import Schedule

# An outage is no reason to wait for tomorrow.
RETRY_SECONDS = 900

Outcome = Schedule.Outcome


@dataclass(frozen=True)
class Went:
    """What came of a run, with a sentence. `again_seconds`: run again so soon, not at the next time."""

    outcome: Schedule.Outcome
    words: str
    again_seconds: int | None = None


class Act(ABC):
    """One line. Its instances hold no state: everything is in rows."""

    name: ClassVar[str]  # as in SCHEDULES
    title: ClassVar[str | Promise]
    explanation: ClassVar[str | Promise]
    right: ClassVar[str]  # app.codename, asked of whoever presses "Run now": that of the same thing by hand
    kind: ClassVar[str] = ""  # of the jobs that it makes

    def is_offered(self) -> bool:
        """Whether the page shows the line: what settings switch off altogether is not."""
        return True

    @abstractmethod
    def run(self, began: datetime, until: float) -> Went:
        """Do it, at most until the given `time.monotonic()`. Safe to repeat, also after half of it.

        StorageUnavailable is tried again soon; any other S3Error or StorageError is its failure.
        """

    @abstractmethod
    def would(self) -> str:
        """Return what a run would do now, in a sentence; changes nothing."""

    def under_way(self) -> str:
        """Return why it is not to be begun again now: the last run's work goes on. Empty when it may be.

        Asks the store nothing: pages show it.
        """
        return ""

    def where(self) -> str:
        """Return the address of the page that tells more; empty when there is none."""
        return ""
