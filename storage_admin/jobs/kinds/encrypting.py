"""Encrypting many objects otherwise."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.s3 import capabilities, copying
from portal.s3.attributes import Attributes
from portal.s3.copying import Copied
from portal.s3.differences import Capability
from portal.s3.encryption import check_key
from portal.s3.errors import BadRequest
from portal.s3.types import Algorithm
from storage_admin.jobs.kind import Skip
from storage_admin.jobs.kinds.describing import GONE, against_archived
from storage_admin.jobs.rewriting import Rewrite
from storage_admin.jobs.targets import Target
from storage_admin.models import Job


class EncryptionForm(forms.Form):
    """The store's own keys, or a KMS key."""

    algorithm = forms.ChoiceField(
        label=gettext_lazy("Encrypt with"),
        initial=Algorithm.SSE_S3.value,
        choices=[
            (Algorithm.SSE_S3.value, gettext_lazy("the store's own keys (SSE-S3)")),
            (Algorithm.SSE_KMS.value, gettext_lazy("a KMS key (SSE-KMS)")),
        ],
    )
    kms_key = forms.CharField(
        label=gettext_lazy("KMS key"), required=False, max_length=2048,
        help_text=gettext_lazy("Its full ARN, arn:aws:kms:…:key/…; an alias may mean another key elsewhere."),
    )  # fmt: skip
    bucket_key = forms.BooleanField(
        label=gettext_lazy("Use a bucket key"), required=False,
        help_text=gettext_lazy("Saves most of the calls to KMS, and their price."),
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("algorithm") != Algorithm.SSE_KMS:
            return cleaned | {"kms_key": "", "bucket_key": False}
        try:
            check_key(cleaned.get("kms_key", ""))
        except BadRequest as error:
            self.add_error("kms_key", str(error))
        return cleaned


class Encrypt(Rewrite):
    """Encrypts current versions otherwise, by a copy of each onto itself."""

    slug = "encrypt"
    title = gettext_lazy("Encrypt otherwise")
    explanation = gettext_lazy("Encrypts objects with other keys. Metadata, tags, ACL, class and locks stay.")
    right = "storage_admin.encrypt_object"
    form_class = EncryptionForm

    def judge(self, job: Job, target: Target) -> Skip | None:
        return GONE if target.is_gone else against_archived(target)

    def obstacle(self, job: Job) -> str:
        if job.parameters["algorithm"] != Algorithm.SSE_KMS:
            return ""
        return capabilities.known(capabilities.server(job.bucket.connection)).get(Capability.KMS, "")

    def rewrite(self, job: Job, target: Target) -> Copied:
        said = job.parameters
        return copying.encrypt(
            job.bucket.name, target.key, Algorithm(said["algorithm"]), kms_key=said.get("kms_key", ""),
            bucket_key=said.get("bucket_key", False), if_etag=target.etag, alias=job.bucket.connection,
        )  # fmt: skip

    def is_done(self, job: Job, found: Attributes) -> bool:
        said = job.parameters
        return (found.encryption, found.kms_key) == (said["algorithm"], said.get("kms_key", ""))

    def meaning(self, job: Job) -> list[str | Promise]:
        said: list[str | Promise] = [
            gettext_lazy(
                "In a versioned bucket each change adds a version; the old one stays as it was encrypted."
            ),
        ]
        if job.parameters["algorithm"] == Algorithm.SSE_KMS:
            said.append(
                _("Whoever reads them then needs the right to use the key; without the key they are lost.")
            )
        return said
