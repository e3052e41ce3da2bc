"""Changing the storage class of many objects."""

from __future__ import annotations

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from portal.s3 import copying
from portal.s3.attributes import Attributes
from portal.s3.copying import Copied
from portal.s3.types import StorageClass
from storage_admin.jobs import costs
from storage_admin.jobs.kind import Skip
from storage_admin.jobs.rewriting import Rewrite
from storage_admin.jobs.targets import Target
from storage_admin.models import Job

_GONE = Skip("gone", gettext_lazy("It is not there any more."))
_ALREADY = Skip("already", gettext_lazy("It has this class already."))
_ARCHIVED = Skip("archived", gettext_lazy("It is archived; it must be restored first."))
_ARCHIVES = {StorageClass.GLACIER, StorageClass.DEEP_ARCHIVE}


class ClassForm(forms.Form):
    """The class that objects get."""

    storage_class = forms.ChoiceField(
        label=gettext_lazy("Storage class"),
        choices=[
            (one.value, one.value) for one in StorageClass if one is not StorageClass.REDUCED_REDUNDANCY
        ],
    )


class ChangeClass(Rewrite):
    """Moves current versions into another class, by a copy of each onto itself."""

    slug = "change-class"
    title = gettext_lazy("Change storage class")
    explanation = gettext_lazy("Moves objects into another class. Metadata, tags, ACL and locks stay.")
    right = "storage_admin.change_object_class"
    form_class = ClassForm

    def judge(self, job: Job, target: Target) -> Skip | None:
        if target.is_gone:
            return _GONE
        # What failed before may have been copied all the same: it is looked at, for a photo's row to follow.
        is_retried = job.selection["what"] == "items"
        if (target.storage_class or StorageClass.STANDARD) == job.parameters[
            "storage_class"
        ] and not is_retried:
            return _ALREADY
        return _ARCHIVED if target.storage_class in _ARCHIVES else None

    def rewrite(self, job: Job, target: Target) -> Copied:
        return copying.change_class(
            job.bucket.name, target.key, job.parameters["storage_class"], if_etag=target.etag,
            alias=job.bucket.connection,
        )  # fmt: skip

    def is_done(self, job: Job, found: Attributes) -> bool:
        return bool(found.storage_class == job.parameters["storage_class"])

    def price(self, job: Job, target: Target) -> costs.Price:
        return costs.of_change(costs.prices_of(job), target, job.parameters["storage_class"])

    def meaning(self, job: Job) -> list[str | Promise]:
        return [
            gettext_lazy(
                "In a versioned bucket each change adds a version; the old one stays, billed, as it is."
            )
        ]
