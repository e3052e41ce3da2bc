"""What is done daily as a job: drafted, planned and started by the timetable, with a report as any job has.

A job of the last time that has not ended is gone on with, not joined by another: one that was planned
and never started (its worker died in between) is started now; one that is paused waits for a person.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.display import whole
from portal.s3 import session, uploads
from portal.s3.errors import S3Error, StorageUnavailable, Unsupported
from storage_admin.errors import StorageError
from storage_admin.jobs import photo_slices, running, services
from storage_admin.jobs.photo_slices import Rule
from storage_admin.models import ENDED, Bucket, Job, JobState
from storage_admin.schedules.act import RETRY_SECONDS, Act, Outcome, Went

STEP_SECONDS = 5
WAIT_SECONDS = 0.5
SOON_SECONDS = 60
# What is told of several buckets is told in this order.
_GRAVITY = (Outcome.FAILED, Outcome.WAITS, Outcome.BEGUN, Outcome.DONE, Outcome.NOTHING)


class JobAct(Act):
    """A line that makes jobs of one kind."""

    def under_way(self) -> str:
        at_work = self._open().exclude(state__in=(JobState.PLANNED, JobState.PAUSED)).first()
        return _("Job #%(number)s is under way.") % {"number": at_work.pk} if at_work else ""

    def where(self) -> str:
        newest = self.newest()
        return reverse("admin:storage_admin_job_change", args=[newest.pk]) if newest else ""

    def newest(self) -> Job | None:
        """Return the newest job that the timetable made of this kind."""
        return self._made().first()

    def _made(self) -> QuerySet[Job]:
        return Job.objects.filter(kind=self.kind, trigger=Job.Trigger.SCHEDULE)

    def _open(self) -> QuerySet[Job]:
        return self._made().exclude(state__in=ENDED)

    def carried(self, bucket: Bucket, until: float, draft: Callable[[], Job | None]) -> Went:
        """Have a job of the bucket planned and started: one that is open, or what `draft` makes."""
        job = self._open().filter(bucket=bucket).first() or draft()
        if job is None:
            return Went(Outcome.NOTHING, "")
        while job.state == JobState.DRAFT and time.monotonic() < until:
            # Beside the workers: whoever has the claim plans it.
            more = running.work(job.pk, seconds=STEP_SECONDS)
            job.refresh_from_db()
            if not more and job.state == JobState.DRAFT:
                if job.stopped_because:
                    return Went(Outcome.FAILED, _told(job, job.stopped_because), RETRY_SECONDS)
                time.sleep(WAIT_SECONDS)
        if job.state == JobState.DRAFT:
            return Went(Outcome.WAITS, _told(job, _("its plan takes long")), SOON_SECONDS)
        if job.state == JobState.PLANNED:
            return _started(job)
        if job.state in ENDED:
            return Went(Outcome.FAILED, _told(job, job.stopped_because))
        return Went(Outcome.WAITS, _told(job, f"{job.get_state_display()}. {job.stopped_because}".strip()))


class AbortUploads(JobAct):
    """Aborts uploads that were begun days ago and never ended."""

    name = "uploads"
    title = gettext_lazy("Incomplete uploads")
    explanation = gettext_lazy("Aborts uploads that were begun days ago and never ended; they are billed.")
    right = "storage_admin.destroy_version"
    kind = "abort-uploads"

    def run(self, began: datetime, until: float) -> Went:
        went = [self._of(place, until) for place in _places()]
        again = [one.again_seconds for one in went if one.again_seconds is not None]
        worst = min((one.outcome for one in went), key=_GRAVITY.index)
        return Went(worst, " ".join(one.words for one in went if one.words), min(again, default=None))

    def would(self) -> str:
        found = [str(bucket) for place in _places() if (bucket := _bucket(place)) and _has_old_ones(bucket)]
        words = _("Would abort uploads that are older than %(days)s days in: %(names)s.")
        return words % {"days": settings.ABORT_UPLOADS_DAYS, "names": ", ".join(found) or _("none")}

    def _of(self, place: tuple[str, str], until: float) -> Went:
        """Do it in one bucket; what is wrong with it keeps no other from its turn."""
        bucket = _bucket(place)
        if bucket is None:
            said = _("%(connection)s/%(name)s is not in the list of buckets.")
            return Went(Outcome.FAILED, said % dict(zip(("connection", "name"), place, strict=True)))

        def draft() -> Job | None:
            days = {"days": settings.ABORT_UPLOADS_DAYS}
            return _drafted(self.kind, bucket, parameters=days) if _has_old_ones(bucket) else None

        try:
            return self.carried(bucket, until, draft)
        except Unsupported as error:
            return Went(Outcome.NOTHING, f"{bucket}: {error}")
        except StorageUnavailable as error:
            return Went(Outcome.FAILED, f"{bucket}: {error} ({error.code})", RETRY_SECONDS)
        except (S3Error, StorageError) as error:
            return Went(Outcome.FAILED, f"{bucket}: {error}")


class VerifySlice(JobAct):
    """Verifies the originals after those of last time, so that in time it comes to all of them."""

    name = "verify"
    title = gettext_lazy("Verify a slice")
    explanation = gettext_lazy("Compares the next originals with their rows; in time all of them.")
    right = "photos.change_photo"
    kind = "verify"

    def run(self, began: datetime, until: float) -> Went:
        bucket = _bucket(_photo_place())
        if bucket is None:
            return Went(Outcome.NOTHING, _("No bucket in the list holds photos."))

        def draft() -> Job | None:
            chosen = self.next_slice(bucket)
            options: dict[str, Any] = {"selection": chosen, "parameters": {"read": False}}
            return _drafted(self.kind, bucket, **options) if chosen else None

        return self.carried(bucket, until, draft)

    def would(self) -> str:
        bucket = _bucket(_photo_place())
        if bucket is None or self.next_slice(bucket) is None:
            return _("There is nothing to verify.")
        there = photo_slices.stored(bucket.name, "").count()
        return _("Would verify %(count)s of %(all)s originals.") % {
            "count": whole(min(there, settings.VERIFY_PER_NIGHT)),
            "all": whole(there),
        }

    def next_slice(self, bucket: Bucket) -> Rule | None:
        """Return the originals after those that the last job came to; None where there are none at all."""
        slices = self._made().filter(bucket=bucket, selection__has_key="until")
        last = slices.first()
        place = photo_slices.reached(last) if last else photo_slices.BEGINNING
        return photo_slices.after(bucket.name, place, settings.VERIFY_PER_NIGHT)


def _drafted(kind: str, bucket: Bucket, **options: Any) -> Job:
    trigger = Job.Trigger.SCHEDULE
    return services.draft(actor=None, kind=kind, bucket=bucket, trigger=trigger, **options)


def _started(job: Job) -> Went:
    """Start what was planned; what needs a second person waits for one, planned."""
    if not job.total:
        services.cancel(actor=None, job=job)
        return Went(Outcome.NOTHING, "")
    try:
        services.start(actor=None, job=job)
    except StorageError as error:
        return Went(Outcome.WAITS, _told(job, str(error)))
    return Went(Outcome.BEGUN, _told(job, _("%(count)s to do.") % {"count": whole(job.total)}))


def _told(job: Job, words: str) -> str:
    return _("Job #%(number)s: %(words)s") % {"number": job.pk, "words": words}


def _photo_place() -> tuple[str, str]:
    return session.DEFAULT, settings.AWS_STORAGE_BUCKET_NAME


def _places() -> list[tuple[str, str]]:
    """Return the buckets of the setting as (connection, name); by default that of the photos."""
    named = [one.rpartition("/") for one in settings.ABORT_UPLOADS_BUCKETS]
    return [(connection or session.DEFAULT, name) for connection, _slash, name in named] or [_photo_place()]


def _bucket(place: tuple[str, str]) -> Bucket | None:
    connection, name = place
    found = Bucket.objects.filter(connection=connection, name=name, gone_since=None).first()
    return found if found is not None and found.is_connected else None


def _has_old_ones(bucket: Bucket) -> bool:
    """Ask the store whether there is anything to abort: no empty job is drafted each day."""
    limit = timezone.now() - timedelta(days=settings.ABORT_UPLOADS_DAYS)
    listed = uploads.every(bucket.name, alias=bucket.connection)
    return any(one.begun is None or one.begun <= limit for one in listed)
