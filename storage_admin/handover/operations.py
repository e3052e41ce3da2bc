"""What a job is to S3 Batch Operations, or why it is not: only what comes out as our workers would do it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from photos import keys
from portal.display import whole
from portal.s3 import batch_operations, object_lock, ownership, session
from portal.s3.archive import Tier
from portal.s3.errors import Unsupported
from portal.s3.types import Algorithm, StorageClass
from storage_admin.errors import NotPossible
from storage_admin.jobs import kinds
from storage_admin.jobs.kinds import locking
from storage_admin.jobs.kinds.access import NOT_PUBLIC
from storage_admin.jobs.kinds.describing import pairs
from storage_admin.models import Bucket, Job

Operation = dict[str, Any]  # as CreateJob takes it: one operation's name, and its parameters

_COPIES = {"copy", "change-class"}
# Their targets are versions that the selection names; all others mean what is current.
_BY_VERSION = {"originals", "photos", "exact"}
_COPIES_TAKE: tuple[str | Promise, ...] = (
    gettext_lazy("Copies are encrypted as the bucket that they go to says, whatever the originals are."),
    gettext_lazy("Amazon's workers do not look whether an object was changed after the plan."),
)


def is_set_up() -> bool:
    """Whether the settings name what Batch needs."""
    return bool(settings.BATCH_BUCKET and settings.BATCH_ROLE_ARN)


def names_versions(job: Job) -> bool:
    """Whether the list of objects names versions: of all its rows, or of none."""
    return job.selection["what"] in _BY_VERSION


def of(job: Job) -> Operation:
    """Return the operation. NotPossible says why Batch does not do this job as the portal's workers do."""
    translate = _OPERATIONS.get(job.kind)
    if translate is None:
        raise NotPossible(_("S3 Batch Operations have nothing that does this."))
    if job.kind in _COPIES:
        _check_sizes(job)
    return translate(job)


def refusal(job: Job) -> str:
    """Return why the job cannot be handed over, by rows and settings alone; empty where it can."""
    bucket = job.bucket
    if against := batch_operations.refusal(bucket.connection):
        return against
    if not is_set_up():
        return _("Its settings are empty: BATCH_BUCKET and BATCH_ROLE_ARN.")
    if bucket.connection != settings.SERVICES_CONNECTION:
        return _("The list and the role are of another connection: %(name)s (SERVICES_CONNECTION).") % {
            "name": settings.SERVICES_CONNECTION
        }
    if bucket.region and bucket.region != session.region(bucket.connection):
        return _("The bucket is in %(region)s; such a job runs in the connection's own region.") % {
            "region": bucket.region
        }
    try:
        of(job)
    except NotPossible as error:
        return str(error)
    return ""


def obstacle(job: Job) -> str:
    """Return what stands against it now, asked of the store; empty where nothing does."""
    if said := kinds.of(job).obstacle(job):
        return said
    if job.kind not in _COPIES:
        return ""
    name, alias = _landing(job), job.bucket.connection
    try:
        if ownership.read(name, alias=alias).has_acls:
            return _("%(bucket)s has ACLs, and Batch copies carry none along.") % {"bucket": name}
        if object_lock.of_bucket(name, alias=alias).is_enabled:
            return _("%(bucket)s has object lock, and Batch copies carry no locks along.") % {"bucket": name}
    except Unsupported:
        return ""
    return ""


def meaning(job: Job) -> list[str | Promise]:
    """Return sentences about what is different from the portal's own workers."""
    said: list[str | Promise] = []
    if not names_versions(job):
        said.append(gettext_lazy("It meets what is current when Amazon comes to it, not what was planned."))
    if job.kind in _COPIES:
        said += _COPIES_TAKE
    if job.kind == "encrypt":
        said.append(
            gettext_lazy(
                "Objects get the key where they lie: no version is added. Amazon fails those that are "
                "locked, not encrypted at all, or encrypted with their writer's own key."
            )
        )
    if job.kind == "lock":
        said.append(gettext_lazy("Amazon fails, and does not shorten, what is locked for longer already."))
    if job.kind == "restore":
        said.append(gettext_lazy("Done means asked for."))
    return said


def _check_sizes(job: Job) -> None:
    if count := job.plan.get("too_large", 0):
        words = ngettext(
            "%(count)s object is larger than 5 GB: Batch copies none of that size.",
            "%(count)s objects are larger than 5 GB: Batch copies none of that size.",
            count,
        )
        raise NotPossible(words % {"count": whole(count)})


def _copy(job: Job) -> Operation:
    said = job.parameters
    alias, _slash, name = str(said["to"]).partition("/")
    if alias != job.bucket.connection:
        raise NotPossible(_("Batch copies within one connection: this goes to another store or account."))
    if said.get("to_prefix", "") != job.prefix:
        raise NotPossible(_("Batch keeps the keys as they are: it cannot give copies other beginnings."))
    if not said.get("overwrite"):
        raise NotPossible(_("Batch writes over what is there; this job is to leave it."))
    there = Bucket.objects.filter(connection=alias, name=name).first()
    if there is not None and there.region and there.region != session.region(alias):
        raise NotPossible(_("Batch makes copies in the region where the job runs; that bucket is elsewhere."))
    return {"S3PutObjectCopy": {"TargetResource": _arn(name), "StorageClass": _one_class(job)}}


def _one_class(job: Job) -> str:
    """Return the class that all copies get, which is that of all originals: Batch knows but one."""
    classes = list(job.plan.get("by_class", {}))
    if len(classes) > 1:
        raise NotPossible(
            _("The objects are of several classes (%(names)s), and Batch gives all copies the same.")
            % {"names": ", ".join(sorted(classes))}
        )
    return classes[0] if classes else StorageClass.STANDARD.value


def _change_class(job: Job) -> Operation:
    if holds_originals(job):
        raise NotPossible(
            _("Photos' originals lie there: each copy is a new version, which the photo's row must follow.")
        )
    wanted = {"TargetResource": _arn(job.bucket.name), "StorageClass": job.parameters["storage_class"]}
    return {"S3PutObjectCopy": wanted}


def _tags(job: Job) -> Operation:
    if not job.parameters.get("replace"):
        raise NotPossible(
            _("Batch replaces all tags of an object: it cannot set or take away single ones. Plan it so.")
        )
    wanted = pairs(job.parameters.get("add", ""))
    if not wanted:
        return {"S3DeleteObjectTagging": {}}
    return {"S3PutObjectTagging": {"TagSet": [{"Key": name, "Value": wanted[name]} for name in wanted]}}


def _acl(job: Job) -> Operation:
    wanted = job.parameters["acl"]
    if wanted == NOT_PUBLIC:
        raise NotPossible(_("Batch replaces whole ACLs: it cannot take single grants away."))
    return {"S3PutObjectAcl": {"AccessControlPolicy": {"CannedAccessControlList": wanted}}}


def _restore(job: Job) -> Operation:
    tier = Tier(job.parameters["tier"])
    if tier is Tier.EXPEDITED:
        raise NotPossible(_("Batch restores in bulk or at the standard pace, not expedited."))
    names = {Tier.BULK: "BULK", Tier.STANDARD: "STANDARD"}
    wanted = {"ExpirationInDays": job.parameters["days"], "GlacierJobTier": names[tier]}
    return {"S3InitiateRestoreObject": wanted}


def _encrypt(job: Job) -> Operation:
    if job.parameters["algorithm"] != Algorithm.SSE_KMS:
        raise NotPossible(_("Batch encrypts in place with KMS keys alone, never back to the store's own."))
    key = {
        "KMSKeyArn": job.parameters["kms_key"],
        "BucketKeyEnabled": bool(job.parameters.get("bucket_key")),
    }
    return {"S3UpdateObjectEncryption": {"ObjectEncryption": {"SSEKMS": key}}}


def _lock(job: Job) -> Operation:
    if wanted := locking.retention(job.parameters):
        until = wanted.until.isoformat()
        return {"S3PutObjectRetention": {"Retention": {"Mode": "GOVERNANCE", "RetainUntilDate": until}}}
    status = "ON" if job.parameters["lock"] == locking.HOLD else "OFF"
    return {"S3PutObjectLegalHold": {"LegalHold": {"Status": status}}}


def _nothing_of_metadata(_job: Job) -> Operation:
    raise NotPossible(_("Batch replaces all metadata of an object: it cannot keep what is not named."))


def _nothing_hides(_job: Job) -> Operation:
    raise NotPossible(_("S3 Batch Operations have no delete."))


_OPERATIONS: Mapping[str, Callable[[Job], Operation]] = {
    "copy": _copy,
    "change-class": _change_class,
    "edit-tags": _tags,
    "edit-metadata": _nothing_of_metadata,
    "set-acl": _acl,
    "restore": _restore,
    "encrypt": _encrypt,
    "lock": _lock,
    "move": _nothing_hides,
    "hide": _nothing_hides,
    "destroy": _nothing_hides,
    "empty": _nothing_hides,
}


def holds_originals(job: Job) -> bool:
    """Whether photos' originals lie, or may come to lie, where the job works."""
    prefix = job.prefix
    overlaps = prefix.startswith(keys.ORIGINALS) or keys.ORIGINALS.startswith(prefix)
    return job.bucket.holds_photos and overlaps


def _landing(job: Job) -> str:
    return str(job.parameters["to"]).partition("/")[2] if job.kind == "copy" else job.bucket.name


def _arn(bucket: str) -> str:
    partition = settings.BATCH_ROLE_ARN.split(":")[1]
    return f"arn:{partition}:s3:::{bucket}"
