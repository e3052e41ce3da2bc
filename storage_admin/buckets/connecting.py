"""Connecting a bucket by its name: one that the keys may use, but that no list of theirs names."""

import re

from django.utils.translation import gettext as _

from portal.access import Actor
from portal.s3 import buckets, session
from portal.s3.errors import AccessRefused
from storage_admin.buckets import looking
from storage_admin.errors import NotPossible
from storage_admin.models import Bucket
from storage_admin.traces import traced

RIGHT = "storage_admin.add_bucket"
# As wide as S3 ever was (before 2018, in us-east-1); botocore would take an ARN for a name, too.
_NAME = re.compile(r"[A-Za-z0-9._-]{3,255}")


def look_at(connection: str, name: str) -> Bucket:
    """Return the bucket as a row that is not saved. NotPossible, in words, when it cannot be connected.

    S3Error when the store does not answer.
    """
    if not _NAME.fullmatch(name):
        raise NotPossible(_("No bucket is called that: names have 3 to 255 letters, digits, “.”, “-”, “_”."))
    if Bucket.objects.filter(connection=connection, name=name, gone_since=None).exists():
        raise NotPossible(_("“%(name)s” is in the list already.") % {"name": name})
    try:
        is_there = buckets.exists(name, alias=connection)
    except AccessRefused as error:
        raise NotPossible(_refused(connection, name, error)) from error
    if not is_there:
        raise NotPossible(_("There is no bucket “%(name)s” at this store.") % {"name": name})
    return Bucket(connection=connection, name=name)


def connect(*, actor: Actor, connection: str, name: str) -> Bucket:
    """Add the bucket to the list, after another look at it. Errors as `look_at`."""
    with traced("bucket.connected", actor, Bucket(connection=connection, name=name), RIGHT) as trace:
        bucket = look_at(connection, name)
        looking.note_made(bucket)
        trace.after = {"connection": connection, "row": bucket.pk}
        return bucket


def _refused(connection: str, name: str, error: AccessRefused) -> str:
    """Return what a refusal may mean: S3 tells strangers not why (HEAD has no body)."""
    owner = session.connection(connection).expected_owner
    values = {"name": name, "owner": owner, "code": error.code}
    if owner:
        return (
            _(
                "There is a bucket “%(name)s”, but the store refuses it (%(code)s): it does not belong to "
                "the account %(owner)s, which this connection expects, or the keys may not use it."
            )
            % values
        )
    return (
        _(
            "There is a bucket “%(name)s”, but the store refuses it (%(code)s): it is somebody else's, or "
            "the keys may not use it."
        )
        % values
    )
