"""Which buckets are looked at, and which of them send events."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from portal.s3 import capabilities, session
from portal.s3.differences import Capability


@dataclass(frozen=True)
class Source:
    """A bucket of a connection."""

    connection: str
    bucket: str

    @property
    def holds_photos(self) -> bool:
        """Whether the photos themselves are in it: a file there is registered as it lies."""
        return self == photos()

    @property
    def sends_events(self) -> bool:
        """Whether nothing is known against it."""
        return Capability.EVENTS not in capabilities.known(capabilities.server(self.connection))

    def __str__(self) -> str:
        return f"{self.connection}/{self.bucket}"


def photos() -> Source:
    """Return the photos' own bucket."""
    return Source(session.DEFAULT, settings.AWS_STORAGE_BUCKET_NAME)


def of_arrivals() -> list[Source]:
    """Return the buckets whose upload prefix is looked at, as the settings have them."""
    return configured() if settings.ARRIVALS else []


def configured() -> list[Source]:
    """Return the same, also while arrivals are off."""
    named = [one.rpartition("/") for one in settings.ARRIVALS_SOURCES]
    chosen = [Source(connection or session.DEFAULT, name) for connection, _slash, name in named]
    return list(dict.fromkeys(chosen or [photos()]))


def with_events() -> list[Source]:
    """Return the buckets that tell what happens: the photos' own, and those of arrivals, if they can."""
    every = dict.fromkeys([photos(), *of_arrivals()])
    return [one for one in every if one.sends_events]


def of_event(bucket: str) -> Source | None:
    """Return the source that an event's bucket is: it names no connection, and no other sends any here."""
    return next((one for one in with_events() if one.bucket == bucket), None)
