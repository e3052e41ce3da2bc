"""Who may read many objects, by their ACLs."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.s3 import acl, ownership
from portal.s3.acl import Acl, Canned
from portal.s3.errors import Unsupported
from storage_admin.jobs.kind import Done, Failed, Outcome, Skip, Skipped
from storage_admin.jobs.one_by_one import OneByOne
from storage_admin.jobs.rewriting import ALREADY
from storage_admin.jobs.targets import Target
from storage_admin.models import Bucket, Job

NOT_PUBLIC = "not-public"
_GONE = Skip("gone", gettext_lazy("It is not there any more."))


class AclForm(forms.Form):
    """Shut for the world, or a canned ACL in place of what there is."""

    acl = forms.ChoiceField(
        label=gettext_lazy("ACL"),
        widget=forms.RadioSelect,
        initial=NOT_PUBLIC,
        choices=[
            (NOT_PUBLIC, gettext_lazy("take the grants to the world away; those to single accounts stay")),
            (Canned.PRIVATE.value, gettext_lazy("private: the owner alone")),
            (Canned.PUBLIC_READ.value, gettext_lazy("public-read: everybody in the world may read")),
            (
                Canned.AUTHENTICATED_READ.value,
                gettext_lazy("authenticated-read: any Amazon account may read"),
            ),
            (
                Canned.BUCKET_OWNER_READ.value,
                gettext_lazy("bucket-owner-read: the bucket's owner may read, too"),
            ),
            (
                Canned.BUCKET_OWNER_FULL_CONTROL.value,
                gettext_lazy("bucket-owner-full-control: the bucket's owner may all"),
            ),
        ],
    )


class SetAcl(OneByOne):
    """Replaces the ACLs of current versions, or takes from them what the world may."""

    slug = "set-acl"
    title = gettext_lazy("Make private, or set the ACL")
    explanation = gettext_lazy("Changes who may read objects, by their ACLs. Older versions keep theirs.")
    right = "storage_admin.change_object_acl"
    keeps_successes = True
    form_class = AclForm

    def rights(self, bucket: Bucket, parameters: dict[str, Any]) -> tuple[str, ...]:
        """Opening to the world takes the bytes out of the house: it needs the rights to both."""
        if not _opens(parameters):
            return (self.right,)
        originals = ("photos.download_original",) if bucket.holds_photos else ()
        return (self.right, "storage_admin.make_public", "storage_admin.download_object", *originals)

    def obstacle(self, job: Job) -> str:
        try:
            has_acls = ownership.read(job.bucket.name, alias=job.bucket.connection).has_acls
        except Unsupported:
            return ""
        return "" if has_acls else _("The bucket's owner owns every object: ACLs are switched off there.")

    def judge(self, job: Job, target: Target) -> Skip | None:
        return _GONE if target.is_gone else None

    def act_on(self, job: Job, target: Target) -> Outcome:
        name, alias, wanted = job.bucket.name, job.bucket.connection, job.parameters["acl"]
        now = acl.of_object(name, target.key, alias=alias)
        if wanted == NOT_PUBLIC and not now.public_grants:
            return Skipped(target, ALREADY)
        if wanted == NOT_PUBLIC:
            left = Acl(now.owner, tuple(one for one in now.grants if not one.is_public), now.owner_name)
            # Stores that keep no single grants know the name.
            sent: dict[str, Any] = {"canned": Canned.PRIVATE} if left.is_private else {"acl": left}
        else:
            sent = {"canned": Canned(wanted)}
        acl.write_object(name, target.key, alias=alias, **sent)
        after = acl.of_object(name, target.key, alias=alias)
        if bool(after.public_grants) != _opens(job.parameters):
            return Failed(target, "NotKept", _("The store took the ACL without an error, but has another."))
        return Done(target)

    def requests(self, targets: int) -> dict[str, int]:
        return {"GetObjectAcl": 2 * targets, "PutObjectAcl": targets}

    def meaning(self, job: Job) -> list[str | Promise]:
        if _opens(job.parameters):
            return [
                gettext_lazy("Who knows a key can then read the object, its headers and its metadata."),
                gettext_lazy("What somebody has read or kept meanwhile, nothing takes back."),
            ]
        return [
            gettext_lazy("A bucket policy may still let the world read; see who can on the bucket's page.")
        ]


def _opens(parameters: dict[str, Any]) -> bool:
    wanted = parameters.get("acl", NOT_PUBLIC)
    return bool(wanted != NOT_PUBLIC and Canned(wanted).is_public)
