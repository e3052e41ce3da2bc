"""What the store says of one object now, for its page and for the forms that change it.

Up to seven calls: the bucket's versioning, the key's versions, HEAD, tags, ownership, ACL, object
lock. Only the first and HEAD must succeed: of the others a page can say why they are missing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from portal.s3 import acl, attributes, capabilities, listing, object_lock, ownership, tags, versioning
from portal.s3.acl import Acl
from portal.s3.attributes import Attributes
from portal.s3.differences import Capability, Server
from portal.s3.errors import (
    AccessRefused,
    DeleteMarkerFound,
    NotConfigured,
    ObjectNotFound,
    S3Error,
    StorageUnavailable,
    Unsupported,
)
from portal.s3.listing import ListedVersion, Mark
from portal.s3.object_lock import LockDefault
from portal.s3.ownership import Ownership
from portal.s3.types import VersioningState
from storage_admin.models import Bucket

T = TypeVar("T")

VERSIONS_A_PAGE = 25


@dataclass
class Gathered:
    """The store's answers about one object. `facts` is None where the version shown is a delete marker.

    `tags`, `acl` and `ownership` are of the version shown and its bucket; where one could not be
    read, its `..._error` says why. `lacks` is what the store is known not to do.
    """

    bucket: Bucket
    key: str
    version_id: str  # as asked for; empty means the newest
    versioning: VersioningState
    newest_id: str
    timeline: list[ListedVersion] = field(default_factory=list)
    next_mark: Mark | None = None
    timeline_error: str = ""
    facts: Attributes | None = None
    tags: dict[str, str] = field(default_factory=dict)
    tags_error: str = ""
    ownership: Ownership | None = None
    acl: Acl | None = None
    acl_error: str = ""
    lock: LockDefault | None = None  # the bucket's; not asked for where versioning is not on
    lock_error: str = ""
    server: Server = Server.OTHER
    lacks: dict[Capability, str] = field(default_factory=dict)

    @property
    def is_newest(self) -> bool:
        """Whether the version shown is the one that a plain read gives."""
        return not self.version_id or self.version_id == self.newest_id

    @property
    def shown_id(self) -> str:
        """The id of the version shown, for addresses; empty where the versions could not be listed."""
        return self.version_id or self.newest_id

    @property
    def marker(self) -> ListedVersion | None:
        """The delete marker that is shown; None where it is a version, or lies deeper than the list goes."""
        if self.facts is not None:
            return None
        shown = (one for one in self.timeline if one.version_id == self.shown_id)
        return next((one for one in shown if one.is_delete_marker), None)

    @property
    def has_any_version(self) -> bool:
        """Whether the key has more than delete markers, as far as the list goes."""
        return self.next_mark is not None or any(not one.is_delete_marker for one in self.timeline)

    @property
    def bills_as_amazon(self) -> bool:
        """Whether Amazon's prices are the store's, or what it simulates; others have their own."""
        return capabilities.bills_as_amazon(self.server)

    @property
    def ignores_acls(self) -> bool:
        """Whether the bucket's owner owns every object, so that ACLs neither count nor can be set."""
        return self.ownership is Ownership.ENFORCED


def gather(
    bucket: Bucket, key: str, version_id: str, *, mark: Mark | None = None, newest_id: str = ""
) -> Gathered:
    """Ask the store. ObjectNotFound when the key has no entry at all.

    `mark` is where the timeline goes on, and `newest_id` what its first page called the newest.
    """
    name, alias = bucket.name, bucket.connection
    found = Gathered(bucket, key, version_id, versioning.read(name, alias=alias).state, newest_id)
    found.server = capabilities.server(alias)
    found.lacks = capabilities.known(found.server)
    try:
        page = listing.key_versions(name, key, mark=mark, size=VERSIONS_A_PAGE, alias=alias)
    except (Unsupported, AccessRefused) as error:
        found.timeline_error = f"{error} ({error.code})"
    else:
        found.timeline, found.next_mark = page.versions, page.next_mark
        if mark is None and page.versions:
            found.newest_id = page.versions[0].version_id
    shown = version_id or found.newest_id
    if any(one.is_delete_marker for one in found.timeline if one.version_id == shown):
        return found
    try:
        found.facts = attributes.read(name, key, version_id=version_id, alias=alias)
    except DeleteMarkerFound:
        return found
    except ObjectNotFound:
        if version_id or not found.newest_id:
            raise
        return found  # a store that does not say of a deleted object that it is
    tags_now, found.tags_error = _part(lambda: tags.of_object(name, key, version_id=version_id, alias=alias))
    found.tags = tags_now or {}
    _gather_access(found)
    if found.versioning is VersioningState.ENABLED:  # nothing can be locked elsewhere
        found.lock, found.lock_error = _part(lambda: object_lock.of_bucket(name, alias=alias))
    return found


def _gather_access(found: Gathered) -> None:
    name, alias = found.bucket.name, found.bucket.connection
    try:
        found.ownership = ownership.read(name, alias=alias)
    except Unsupported:
        found.ownership = Ownership.OBJECT_WRITER  # no such setting: ACLs, if the store has any, count
    except AccessRefused:
        found.ownership = None  # then the ACL is asked for all the same
    if not found.ignores_acls:
        found.acl, found.acl_error = _part(
            lambda: acl.of_object(name, found.key, version_id=found.version_id, alias=alias)
        )


def _part(ask: Callable[[], T]) -> tuple[T | None, str]:
    """Return a part, or why there is none: reading it is a right of its own, and not all stores can."""
    try:
        return ask(), ""
    except NotConfigured:  # how some stores say "none"
        return None, ""
    except StorageUnavailable:
        raise
    except S3Error as error:
        return None, f"{error} ({error.code})"
