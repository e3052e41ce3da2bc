"""The trace of what people do to buckets and objects: every try is kept, also a refused or failed one."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _

from portal import audit
from portal.access import Actor, require
from portal.audit import AuditEvent
from portal.s3.errors import Conflict, S3Error
from storage_admin.errors import ChangedMeanwhile, StorageError
from storage_admin.models import Bucket

_KEY_CHARACTERS = 1024
_NAME_CHARACTERS = 255


def as_kept(key: str) -> str:
    """Return the key as the audit keeps it: PostgreSQL takes no text with a NUL in it."""
    return key.replace("\0", "\\x00")[:_KEY_CHARACTERS]


@dataclass
class Trace:
    """What the audit is told beside who, what and where; an action fills in what it learns.

    `reason` is what a person gave as one.
    """

    version_id: str = ""
    reason: str = ""
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)


@contextmanager
def traced(
    action: str, actor: Actor, bucket: Bucket, right: str, *, key: str = "", version_id: str = ""
) -> Iterator[Trace]:
    """Ask for the right, and write what became of the block; without a key it was done to the bucket.

    A Conflict about an object is raised again as ChangedMeanwhile.
    """
    trace = Trace(version_id)

    def write(outcome: AuditEvent.Outcome, message: str = "") -> None:
        audit.record(
            # A bucket that was not made has no row to point at, but a name.
            action, actor=actor, target=bucket if bucket.pk else None, bucket=bucket.name[:_NAME_CHARACTERS],
            key=as_kept(key), version_id=trace.version_id,
            before=trace.before or None, after=trace.after or None, outcome=outcome, message=message,
        )  # fmt: skip

    try:
        require(actor, right)
        yield trace
    except (PermissionDenied, StorageError) as error:
        # Half done is not refused: `after` says how far it came.
        write(AuditEvent.Outcome.FAILED if trace.after else AuditEvent.Outcome.REFUSED, str(error))
        error.add_note(audit.RECORDED)
        raise
    except Conflict as error:
        write(AuditEvent.Outcome.REFUSED, str(error))
        if not key:
            raise
        raise ChangedMeanwhile(
            _("The object was changed meanwhile. Nothing was done; look at it again first.")
        ) from error
    except S3Error as error:
        write(AuditEvent.Outcome.FAILED, f"{error} ({error.code})")
        raise
    else:
        write(AuditEvent.Outcome.DONE, trace.reason)
