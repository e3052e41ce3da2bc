"""Changing the tags of one version."""

from collections.abc import Mapping

from portal.access import Actor
from portal.s3 import tags
from storage_admin.models import Bucket
from storage_admin.objects.seen import Seen, unchanged_version
from storage_admin.traces import traced


def edit(
    *,
    actor: Actor,
    bucket: Bucket,
    key: str,
    seen: Seen,
    seen_tags: Mapping[str, str],
    wanted: Mapping[str, str],
) -> None:
    """Make the version's tags what is wanted; ChangedMeanwhile unless they are what was seen.

    S3 knows only the whole set and has no condition for it: this reads, compares and writes at once,
    which narrows the race with other writers and does not close it.
    """
    with traced(
        "object.tags_edited", actor, bucket, "storage_admin.edit_object", key=key, version_id=seen.version_id
    ) as trace:
        unchanged_version(bucket, key, seen)
        trace.before = {"tags": dict(seen_tags)}
        now = tags.edit_object(
            bucket.name, key, add=wanted, remove=tuple(name for name in seen_tags if name not in wanted),
            if_unchanged=seen_tags, version_id=seen.version_id, alias=bucket.connection,
        )  # fmt: skip
        trace.after = {"tags": now}
