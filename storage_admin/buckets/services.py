"""Making buckets and deleting them: permission, state, the store's answer, and the trace of it."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace

from django.utils.translation import gettext as _

from portal.access import Actor, require
from portal.s3 import buckets, encryption, object_lock, ownership, public_access_block, versioning
from portal.s3.buckets import Birth, Contents
from portal.s3.errors import PartlyDone, S3Error, StorageUnavailable, Unsupported
from portal.s3.types import VersioningState
from storage_admin.buckets import looking
from storage_admin.errors import NotPossible
from storage_admin.models import Bucket
from storage_admin.traces import traced


@dataclass(frozen=True)
class Made:
    """A bucket that is there now, and what it did not get: sentences, and names of the seam's modules."""

    bucket: Bucket
    lacking: list[str] = field(default_factory=list)  # the store has no such thing
    unseen: list[str] = field(default_factory=list)  # the store does not say (yet) that it has it
    missing: tuple[str, ...] = ()  # it was refused
    failure: str = ""  # why


def create(*, actor: Actor, connection: str, name: str, birth: Birth) -> Made:
    """Make a bucket and its row. BadRequest, BucketNameTaken, StorageUnavailable: then there is none.

    A bucket that could not be given all of its settings stays, and says so in `missing`. Without a
    complete public access block it takes the right over what the world can see, too.
    """
    bucket = Bucket.objects.filter(connection=connection, name=name).first()
    bucket = bucket or Bucket(connection=connection, name=name)
    try:
        with traced("bucket.created", actor, bucket, "storage_admin.add_bucket") as trace:
            if not birth.public_access_block.is_complete:
                require(actor, "storage_admin.make_public")
            trace.before = {"connection": connection}
            try:
                lacking = buckets.create(name, birth, alias=connection)
            except PartlyDone as error:
                looking.note_made(bucket)
                trace.after = {"wanted": asdict(birth), "missing": list(error.missing)}
                raise
            looking.note_made(bucket)
            made = Made(bucket, lacking=lacking, unseen=_unseen(bucket, birth))
            trace.after = {"wanted": asdict(birth), "lacking": lacking, "unseen": made.unseen}
            return made
    except PartlyDone as error:
        return Made(bucket, missing=error.missing, failure=str(error))


def contents(bucket: Bucket) -> Contents:
    """Count what is in the bucket; up to 1,000 of each kind."""
    return buckets.contents(bucket.name, alias=bucket.connection)


def why_not_deleted(bucket: Bucket) -> str:
    """Return why this bucket is never deleted here, whatever is in it; empty where it may be."""
    if bucket.holds_photos:
        return _("The portal's photos live in this bucket: the portal does not delete it.")
    return ""


def delete(*, actor: Actor, bucket: Bucket, typed_name: str) -> None:
    """Delete the bucket, if it is empty now; its row stays and says since when it is gone.

    NotPossible for a wrong name or the photo bucket; BucketNotEmpty; PartlyDone when the store
    agreed but still shows it.
    """
    with traced("bucket.deleted", actor, bucket, "storage_admin.delete_bucket") as trace:
        trace.before = {"region": bucket.region, "versioning": bucket.versioning}
        if reason := why_not_deleted(bucket):
            raise NotPossible(reason)
        if typed_name != bucket.name:
            raise NotPossible(_("That is not the bucket's name. Nothing was deleted."))
        buckets.delete(bucket.name, alias=bucket.connection)
        looking.note_gone(bucket)


def _unseen(bucket: Bucket, birth: Birth) -> list[str]:
    """Return which settings the store does not give back as they were wanted; what it lacks is none of them.

    Settings of buckets are eventually consistent: that may only take a moment.
    """
    unseen = []
    checks = _checks(bucket, birth)
    for number, (title, is_so) in enumerate(checks):
        try:
            if not is_so():
                unseen.append(title)
        except Unsupported:
            continue
        except StorageUnavailable:  # each further question would wait for it, too
            return [*unseen, *(title for title, _is_so in checks[number:])]
        except S3Error:
            unseen.append(title)
    return unseen


def _checks(bucket: Bucket, birth: Birth) -> list[tuple[str, Callable[[], bool]]]:
    name, alias = bucket.name, bucket.connection
    block, owner, wanted = birth.public_access_block, birth.ownership, birth.encryption
    checks: list[tuple[str, Callable[[], bool]]] = [
        (_("public access block"), lambda: public_access_block.read(name, alias=alias) == block),
        (_("object ownership"), lambda: ownership.read(name, alias=alias) is owner),
        (_("versioning"), lambda: _is_versioned(bucket) is (birth.versioned or birth.object_lock)),
    ]
    if wanted is not None:
        # Without the bucket key: some stores keep it and do not give it back.
        checks.append(
            (
                _("default encryption"),
                lambda: replace(encryption.read(name, alias=alias), bucket_key=wanted.bucket_key) == wanted,
            )
        )
    if birth.object_lock:
        checks.append((_("object lock"), lambda: object_lock.of_bucket(name, alias=alias).is_enabled))
    return checks


def _is_versioned(bucket: Bucket) -> bool:
    state = versioning.read(bucket.name, alias=bucket.connection).state
    looking.note_versioning(bucket, state)
    return state is VersioningState.ENABLED
