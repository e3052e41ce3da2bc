"""A bucket's versioning: three states, and no way back to the first."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from portal.s3 import session
from portal.s3.errors import S3Error, translated
from portal.s3.types import VersioningState


@dataclass(frozen=True)
class Versioning:
    """What the bucket says of its versions. With MFA delete only the root account destroys any."""

    state: VersioningState
    mfa_delete: bool = False

    @property
    def keeps_versions(self) -> bool:
        """Whether older versions may exist: also in a suspended bucket."""
        return self.state is not VersioningState.NEVER_SET

    @property
    def plain_delete_destroys(self) -> bool:
        """Whether a delete without a version id destroys bytes.

        In a suspended bucket it does: the marker takes the place of the version `null`
        (UG:DeletingObjectsfromVersioningSuspendedBuckets).
        """
        return self.state is not VersioningState.ENABLED


def read(bucket: str, *, alias: str = session.DEFAULT) -> Versioning:
    """Return the bucket's versioning; a bucket that never had any answers without a status."""
    with translated("GetBucketVersioning"):
        answer = session.client(alias).get_bucket_versioning(Bucket=bucket)
    return Versioning(
        state=_state(answer.get("Status", VersioningState.NEVER_SET)),
        mfa_delete=answer.get("MFADelete") == "Enabled",
    )


def _state(said: str) -> VersioningState:
    """Return the state. S3Error for one that S3 does not have: nobody knows what a delete does there."""
    try:
        return VersioningState(said)
    except ValueError as error:
        words = _("The store calls the bucket's versioning “%(said)s”, which the portal does not know.")
        raise S3Error(
            words % {"said": said}, operation="GetBucketVersioning", code="UnknownStatus"
        ) from error


def enable(bucket: str, *, alias: str = session.DEFAULT) -> None:
    """Keep every version from now on. For minutes, writes may answer 404 (API:PutBucketVersioning)."""
    _write(bucket, VersioningState.ENABLED, alias)


def suspend(bucket: str, *, alias: str = session.DEFAULT) -> None:
    """Keep what there is; from now on each key has one more version, `null`, that writes replace.

    MfaRequired where the bucket has MFA delete, BadRequest where it has object lock.
    """
    _write(bucket, VersioningState.SUSPENDED, alias)


def _write(bucket: str, state: VersioningState, alias: str) -> None:
    wanted: Any = {"Status": state.value}
    with translated("PutBucketVersioning"):
        session.client(alias).put_bucket_versioning(Bucket=bucket, VersioningConfiguration=wanted)
