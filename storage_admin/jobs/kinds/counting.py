"""Counting what lies somewhere, by class and folder. Changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.display import size, whole
from portal.s3.uploads import OpenUpload
from storage_admin.buckets import sums
from storage_admin.jobs.kind import Beat, Done, Kind, Outcome, Skip
from storage_admin.jobs.targets import Target
from storage_admin.models import Job, UsageSnapshot

GONE = Skip("gone", gettext_lazy("It is not there any more."))
_RESULT = "usage"


class CountObjects(Kind):
    """Adds up what the selection holds; of a whole bucket it becomes the bucket's newest snapshot."""

    slug = "count-objects"
    title = gettext_lazy("Count objects and bytes")
    explanation = gettext_lazy("Adds up what is current, older, hidden or open, by class. Changes nothing.")
    right = "storage_admin.count_usage"
    selections = ("everything", "keys", "originals")
    batch_size = 1_000

    def judge(self, job: Job, target: Target) -> Skip | None:
        return GONE if target.is_gone else None

    def act(self, job: Job, targets: Sequence[Target], beat: Beat) -> list[Outcome]:
        """Add the targets to the job's sums, which are committed with the batch: none counts twice."""
        counted = _counted(job)
        tallies = sums.tallies_of(counted)
        for target in targets:
            if target.upload_id:
                begun = target.modified or timezone.now()
                sums.add_upload(counted, tallies, OpenUpload(target.key, target.upload_id, begun))
                beat()
            elif target.is_marker:
                sums.add_marker(counted, tallies, target.key)
            else:
                sums.add_version(
                    counted, tallies, target.key, size=target.bytes,
                    storage_class=target.storage_class or "STANDARD", is_latest=target.is_latest,
                )  # fmt: skip
        sums.keep(counted, tallies)
        job.result = job.result | {_RESULT: {name: getattr(counted, name) for name in sums.COUNTED}}
        return [Done(target) for target in targets]

    def requests(self, targets: int) -> dict[str, int]:
        return {"ListObjectVersions": -(-targets // self.batch_size)}

    def finished(self, job: Job, beat: Beat) -> None:
        """Keep the count of a whole bucket as its newest snapshot, once: the job's number stands in it."""
        is_whole = job.selection["what"] == self.selections[0] and not job.selection["prefix"]
        place = {"job": job.pk}
        if not is_whole or job.failed or job.bucket.snapshots.filter(cursor=place).exists():
            return
        counted = _counted(job)
        sums.keep(counted, sums.tallies_of(counted), ended=True)
        counted.cursor, counted.ended_at = place, timezone.now()
        counted.save()

    def meaning(self, job: Job) -> list[str | Promise]:
        return [gettext_lazy("What is written meanwhile may be counted or not.")]

    def told(self, job: Job) -> list[tuple[str, str]]:
        """Return the sums in words, as far as it has come."""
        if _RESULT not in job.result:
            return []
        counted = _counted(job)
        lines = []
        for name, one in sorted(counted.counts.items()):
            words = _("%(objects)s (%(bytes)s), older %(older)s (%(older_bytes)s)")
            numbers = {"objects": whole(one["objects"]), "bytes": size(one["bytes"])}
            older = {"older": whole(one["older"]), "older_bytes": size(one["older_bytes"])}
            lines.append((name, words % (numbers | older)))
        uploads = f"{whole(counted.uploads)} ({size(counted.upload_bytes)})"
        if unknown := counted.uploads - counted.uploads_sized:
            uploads += _(", %(count)s of unknown size") % {"count": whole(unknown)}
        return [*lines, (_("Delete markers"), whole(counted.markers)), (_("Open uploads"), uploads)]


def _counted(job: Job) -> UsageSnapshot:
    """Return the job's sums as a snapshot that is not saved."""
    return UsageSnapshot(bucket=job.bucket, **deepcopy(job.result.get(_RESULT, {})))
