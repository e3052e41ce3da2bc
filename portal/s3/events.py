"""Event notifications as S3 sends them: at least once, in no order, with keys as in a form.

Pure: whoever reads a queue hands the message's text in. What S3 promises, and what it does not:
UG:EventNotifications, UG:notification-content-structure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_plus

from django.utils.translation import gettext as _

from portal.s3.errors import BadRequest

ORDER_LENGTH = 64  # sequencers have some 18 digits today
# What nobody did: rules, tiering and the end of a restore's days.
_BY_THE_STORE = ("LifecycleExpiration:", "LifecycleTransition", "IntelligentTiering", "ObjectRestore:Delete")


@dataclass(frozen=True)
class ObjectEvent:
    """One thing that happened to one object. `name` is without "s3:"; what the store left out is empty."""

    name: str
    at: datetime
    bucket: str
    key: str
    version_id: str
    sequencer: str
    who: str

    @property
    def is_by_the_store(self) -> bool:
        """Whether the store itself did it. Its own name then stands where a person's would."""
        return self.name.startswith(_BY_THE_STORE)

    @property
    def order(self) -> str:
        """The sequencer as text that sorts as the events of one key happened; empty where it has none.

        S3 numbers what makes and deletes objects; restores and transitions come without.
        """
        if not re.fullmatch(f"[0-9A-Fa-f]{{1,{ORDER_LENGTH}}}", self.sequencer):
            return ""
        return self.sequencer.upper().ljust(ORDER_LENGTH, "0")

    def is_after(self, other: ObjectEvent) -> bool:
        """Whether it happened after another event of the same key; sequencers of two keys tell nothing.

        They are hexadecimal, of any length, and the shorter one is filled up with zeros on its right.
        """
        if (self.bucket, self.key) != (other.bucket, other.key):
            raise ValueError("Events of different keys have no order.")
        length = max(len(self.sequencer), len(other.sequencer))
        return self.sequencer.upper().ljust(length, "0") > other.sequencer.upper().ljust(length, "0")


def decoded(message: str | bytes) -> list[ObjectEvent]:
    """Return the events of a message; none in the test that S3 sends when notifications are set up.

    BadRequest for what is no message of S3's.
    """
    try:
        found = json.loads(message)
        if found.get("Type") == "Notification":  # by way of an SNS topic
            found = json.loads(found["Message"])
        if found.get("Event") == "s3:TestEvent":
            return []
        return [_event(record) for record in found["Records"]]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadRequest(_("That is no event notification of S3: %(reason)s") % {"reason": error}) from error


def newest(events: Iterable[ObjectEvent]) -> dict[tuple[str, str], ObjectEvent]:
    """Return the last event of each (bucket, key), in whatever order, and how often, they came."""
    found: dict[tuple[str, str], ObjectEvent] = {}
    for event in events:
        before = found.get((event.bucket, event.key))
        if before is None or event.is_after(before):
            found[event.bucket, event.key] = event
    return found


def _event(record: dict[str, Any]) -> ObjectEvent:
    about = record["s3"]
    at = datetime.fromisoformat(record["eventTime"])
    return ObjectEvent(
        name=str(record["eventName"]).removeprefix("s3:"),
        at=at if at.tzinfo else at.replace(tzinfo=UTC),
        bucket=str(about["bucket"]["name"]),
        key=unquote_plus(about["object"]["key"]),
        version_id=str(about["object"].get("versionId") or ""),
        sequencer=str(about["object"].get("sequencer") or ""),
        who=str(record.get("userIdentity", {}).get("principalId") or ""),
    )
