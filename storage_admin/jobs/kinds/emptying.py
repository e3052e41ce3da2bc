"""Emptying a bucket, and deleting it when it is empty."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from django import forms
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.s3 import buckets, objects
from portal.s3.errors import BucketNotFound
from storage_admin.jobs.kind import Beat, Kind, Outcome, Skip
from storage_admin.jobs.kinds.deleting import GONE, AbortUploads, destroy
from storage_admin.jobs.targets import Target
from storage_admin.models import Bucket, Job

ABORT = AbortUploads()


class EmptyForm(forms.Form):
    """How far it goes."""

    bypass = forms.BooleanField(
        label=gettext_lazy("Also what governance retention protects"), required=False,
        help_text=gettext_lazy("Needs a right of its own, and is kept in the audit."),
    )  # fmt: skip
    delete_bucket = forms.BooleanField(
        label=gettext_lazy("Then delete the bucket"), required=False,
        help_text=gettext_lazy("Anybody may take its name then."),
    )  # fmt: skip


class Empty(Kind):
    """Destroys everything in a bucket: versions, markers and open uploads, until a pass finds nothing."""

    slug = "empty"
    title = gettext_lazy("Empty the bucket")
    explanation = gettext_lazy("Removes every version, delete marker and open upload of the bucket.")
    right = "storage_admin.empty_bucket"
    destroys = True
    keeps_successes = True
    repeats = True
    takes_whole_bucket = True
    selections = ("everything",)
    batch_size = objects.DELETE_BATCH
    form_class = EmptyForm

    def refusal(self, bucket: Bucket) -> str:
        return _("Photos live in this bucket: the portal does not empty it.") if bucket.holds_photos else ""

    def judge(self, job: Job, target: Target) -> Skip | None:
        return GONE if target.is_gone else None

    def act(self, job: Job, targets: Sequence[Target], beat: Beat) -> list[Outcome]:
        versions = [target for target in targets if not target.upload_id]
        bypass = job.parameters.get("bypass", False)
        outcomes = destroy(job, versions, bypass=bypass) if versions else []
        beat()
        return outcomes + ABORT.act(job, [target for target in targets if target.upload_id], beat)

    def finished(self, job: Job, beat: Beat) -> None:
        """Delete the bucket if that was asked. BucketNotEmpty tells what is left: locked versions."""
        if not job.parameters.get("delete_bucket"):
            return
        with suppress(BucketNotFound):  # deleted by a worker before this one
            buckets.delete(job.bucket.name, alias=job.bucket.connection)
        Bucket.objects.filter(pk=job.bucket.pk).update(gone_since=timezone.now())

    def requests(self, targets: int) -> dict[str, int]:
        return {"DeleteObjects": -(-targets // objects.DELETE_BATCH)}

    def meaning(self, job: Job) -> list[str | Promise]:
        return [
            gettext_lazy("Nothing brings back what is destroyed."),
            gettext_lazy(
                "Objects that somebody writes meanwhile go, too: it repeats until it finds nothing."
            ),
        ]
