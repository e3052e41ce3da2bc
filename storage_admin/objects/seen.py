"""What a form showed of an object, and whether that is still so when it is sent."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from portal.s3 import attributes
from portal.s3.attributes import Attributes
from portal.s3.errors import DeleteMarkerFound, ObjectNotFound, VersionNotFound
from storage_admin.errors import ChangedMeanwhile
from storage_admin.models import Bucket

_UNVERSIONED = {"", "null"}  # what stores call the one version of an object that has none


@dataclass(frozen=True)
class Seen:
    """A version as a form showed it.

    The ETag alone tells too little: new metadata, or the same bytes written again, do not change it.
    `changed_at` is its time of writing, ISO 8601, whole seconds.
    """

    version_id: str
    etag: str
    changed_at: str

    @classmethod
    def of(cls, facts: Attributes) -> Seen:
        return cls(facts.version_id, facts.etag, facts.last_modified.isoformat())

    def is_still(self, facts: Attributes) -> bool:
        """Whether that is the same version, with the same bytes, written at the same moment."""
        same_version = (
            self.version_id == facts.version_id or {self.version_id, facts.version_id} <= _UNVERSIONED
        )
        return same_version and (self.etag, self.changed_at) == (facts.etag, facts.last_modified.isoformat())


def unchanged_newest(bucket: Bucket, key: str, seen: Seen) -> Attributes:
    """Return the object as it is now; ChangedMeanwhile unless its newest version is the one seen."""
    return _unchanged(bucket, key, "", seen)


def unchanged_version(bucket: Bucket, key: str, seen: Seen) -> Attributes:
    """Return the version that was seen as it is now; ChangedMeanwhile when it is gone or overwritten."""
    return _unchanged(bucket, key, seen.version_id, seen)


def changed_meanwhile() -> ChangedMeanwhile:
    return ChangedMeanwhile(_("The object was changed meanwhile. Nothing was done; look at it again first."))


def _unchanged(bucket: Bucket, key: str, version_id: str, seen: Seen) -> Attributes:
    try:
        found = attributes.read(bucket.name, key, version_id=version_id, alias=bucket.connection)
    except (DeleteMarkerFound, ObjectNotFound, VersionNotFound) as error:
        raise changed_meanwhile() from error
    if not seen.is_still(found):
        raise changed_meanwhile()
    return found
