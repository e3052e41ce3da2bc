"""Making renditions of photos: those that are missing, or all of them anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from photos import deriving, renditions
from photos.choices import PhotoStatus
from photos.errors import NotPossible
from photos.models import Photo
from portal.s3.errors import ObjectNotFound, VersionNotFound
from portal.s3.types import StorageClass
from storage_admin.jobs import costs
from storage_admin.jobs.kind import Beat, Done, Failed, Kind, Outcome, Skip, Skipped
from storage_admin.jobs.one_by_one import answer, raise_outage
from storage_admin.jobs.targets import Target
from storage_admin.models import Bucket, Job

MISSING, ALL = "missing", "all"

_NO_ROW = Skip("no-row", gettext_lazy("No photo's row names it any more."))
_COMPLETE = Skip("complete", gettext_lazy("It has all its renditions."))
_UNDER_WAY = Skip("under-way", gettext_lazy("The photo is under way: its own processing makes them."))
_FAILED = Skip("failed-photo", gettext_lazy("The photo has failed: look at its reason, and try it again."))
_TRASHED = Skip("trash", gettext_lazy("The photo is in the trash; it gets them when it is restored."))
_BY_STATUS = {
    PhotoStatus.STORED: _UNDER_WAY,
    PhotoStatus.PROCESSING: _UNDER_WAY,
    PhotoStatus.FAILED: _FAILED,
    PhotoStatus.TRASHED: _TRASHED,
}


class RenditionsForm(forms.Form):
    """Which are made."""

    which = forms.ChoiceField(
        label=gettext_lazy("Which"),
        choices=[
            (MISSING, gettext_lazy("what is missing, or was made for other settings, bytes or another turn")),
            (ALL, gettext_lazy("all of them anew")),
        ],
        widget=forms.RadioSelect,
        initial=MISSING,
    )


class MakeRenditions(Kind):
    """Derives from originals what their photos lack. A photo stays ready, and shows what it has meanwhile."""

    slug = "make-renditions"
    title = gettext_lazy("Make renditions")
    explanation = gettext_lazy("Makes smaller pictures from originals: what is missing, or all anew.")
    right = "photos.change_photo"
    selections = ("photos",)
    batch_size = 8  # a large picture takes a second of the processor
    form_class = RenditionsForm

    def refusal(self, bucket: Bucket) -> str:
        return "" if bucket.holds_photos else _("No photos live in this bucket.")

    def judge_all(self, job: Job, targets: Sequence[Target]) -> list[Skip | None]:
        rows = _rows(job, targets)
        return [_against(job, rows.get(target.key)) for target in targets]

    def act(self, job: Job, targets: Sequence[Target], beat: Beat) -> list[Outcome]:
        """Make them one after another: pictures take the processor, and rows are asked between them."""
        outcomes = []
        for target in targets:
            beat()
            outcomes.append(answer(self._make, job, target))
        raise_outage(outcomes)
        return outcomes

    def requests(self, targets: int) -> dict[str, int]:
        return {"GetObject": targets, "PutObject": targets * len(renditions.specs())}

    def price(self, job: Job, target: Target) -> costs.Price:
        """Of the requests, at most; what renditions weigh is known when they are made."""
        standard = costs.prices_of(job).classes[StorageClass.STANDARD]
        return {"requests": (standard.get + standard.put * len(renditions.specs())) / 1000}

    def meaning(self, job: Job) -> list[str | Promise]:
        count = len(renditions.specs())
        said: list[str | Promise] = [
            ngettext(
                "The settings want %(count)d rendition of each photo; as many are written at most.",
                "The settings want %(count)d renditions of each photo; as many are written at most.",
                count,
            )
            % {"count": count},
            gettext_lazy("Photos stay ready, and show the former renditions until the new ones are there."),
        ]
        if job.parameters.get("which") == ALL:
            said.append(gettext_lazy("Each original is read. What comes out as it was is not written again."))
        return said

    def _make(self, job: Job, target: Target) -> Outcome:
        photo = _rows(job, [target]).get(target.key)
        if photo is None:
            return Skipped(target, _NO_ROW)
        if photo.status in _BY_STATUS:
            return Skipped(target, _BY_STATUS[PhotoStatus(photo.status)])
        try:
            deriving.remake(photo, anew=job.parameters.get("which") == ALL)
        except NotPossible as error:
            return Failed(target, "NotPossible", str(error))
        except (ObjectNotFound, VersionNotFound) as error:
            return Failed(target, error.code or "NoSuchKey", _("The original is not in the bucket."))
        return Done(target)


def _against(job: Job, photo: Photo | None) -> Skip | None:
    if photo is None:
        return _NO_ROW
    if photo.status in _BY_STATUS:
        return _BY_STATUS[PhotoStatus(photo.status)]
    is_complete = job.parameters.get("which") != ALL and not renditions.missing(photo, photo.sha256)
    return _COMPLETE if is_complete else None


def _rows(job: Job, targets: Sequence[Target]) -> dict[str, Photo]:
    found: Any = Photo.objects.filter(bucket=job.bucket.name, key__in={target.key for target in targets})
    return {photo.key: photo for photo in found.prefetch_related("renditions")}
