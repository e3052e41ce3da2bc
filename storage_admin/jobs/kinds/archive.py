"""Bringing many archived objects back for a while."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.s3 import archive, attributes, capabilities
from portal.s3.archive import Tier
from portal.s3.differences import Capability
from portal.s3.errors import RestoreInProgress
from portal.s3.types import StorageClass
from storage_admin.jobs import costs
from storage_admin.jobs.kind import Done, Outcome, Skip, Skipped
from storage_admin.jobs.one_by_one import OneByOne
from storage_admin.jobs.targets import Target
from storage_admin.models import Bucket, Job

_GONE = Skip("gone", gettext_lazy("It is not there any more."))
_NOT_ARCHIVED = Skip("not-archived", gettext_lazy("It is not archived."))
_NO_SUCH_TIER = Skip("tier", gettext_lazy("DEEP_ARCHIVE has no expedited restore."))
_ON_ITS_WAY = Skip("on-its-way", gettext_lazy("It is being restored already."))


class RestoreForm(forms.Form):
    """How fast, and for how long."""

    tier = forms.ChoiceField(
        label=gettext_lazy("How fast"),
        widget=forms.RadioSelect,
        initial=Tier.BULK.value,
        choices=[
            (Tier.BULK.value, gettext_lazy("Bulk: up to 12 hours, of DEEP_ARCHIVE 48; the cheapest")),
            (Tier.STANDARD.value, gettext_lazy("Standard: up to 5 hours, of DEEP_ARCHIVE 12")),
            (Tier.EXPEDITED.value, gettext_lazy("Expedited: minutes; the dearest, not of DEEP_ARCHIVE")),
        ],
    )
    days = forms.IntegerField(
        label=gettext_lazy("Keep the copies for (days)"), min_value=1, max_value=365, initial=7,
        help_text=gettext_lazy("They are billed beside the archived objects."),
    )  # fmt: skip


class Restore(OneByOne):
    """Asks for temporary copies of archived current versions."""

    slug = "restore"
    title = gettext_lazy("Restore from the archive")
    explanation = gettext_lazy("Asks for readable copies of archived objects, for some days.")
    right = "storage_admin.change_object_class"
    form_class = RestoreForm

    def refusal(self, bucket: Bucket) -> str:
        return capabilities.known(capabilities.server(bucket.connection)).get(Capability.RESTORE, "")

    def judge(self, job: Job, target: Target) -> Skip | None:
        if target.is_gone:
            return _GONE
        if target.storage_class not in attributes.ARCHIVED:
            return _NOT_ARCHIVED
        is_deep = target.storage_class == StorageClass.DEEP_ARCHIVE
        return _NO_SUCH_TIER if is_deep and job.parameters["tier"] == Tier.EXPEDITED else None

    def act_on(self, job: Job, target: Target) -> Outcome:
        chosen: dict[str, Any] = {"tier": Tier(job.parameters["tier"]), "days": job.parameters["days"]}
        try:
            archive.restore(job.bucket.name, target.key, alias=job.bucket.connection, **chosen)
        except RestoreInProgress:
            return Skipped(target, _ON_ITS_WAY)  # perhaps a worker before this one asked, and died
        return Done(target)

    def requests(self, targets: int) -> dict[str, int]:
        return {"HeadObject": targets, "RestoreObject": targets}

    def price(self, job: Job, target: Target) -> costs.Price:
        there = costs.prices_of(job)
        return costs.of_restore(there, target, Tier(job.parameters["tier"]), job.parameters["days"])

    def meaning(self, job: Job) -> list[str | Promise]:
        return [
            _("Done means asked for: the copies come later, and go after %(days)s days.")
            % {"days": job.parameters["days"]},
            gettext_lazy("What was asked for cannot be called back, and is billed."),
        ]
