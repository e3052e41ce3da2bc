"""What kinds share that copy an object onto itself: class, metadata, encryption.

Such a copy has the same bytes under a new version id, and stores answer a second one with "nothing
to do". So a worker that repeats the batch of a dead one must find out what that one has made.
"""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Iterable, Sequence

from django.utils.translation import gettext_lazy

from portal.s3 import attributes, copying, listing, objects
from portal.s3.attributes import Attributes
from portal.s3.copying import Copied
from portal.s3.errors import Conflict, PartlyDone
from storage_admin.jobs import costs
from storage_admin.jobs.kind import Beat, Done, Failed, Outcome, Skip, Skipped, Successor, not_known
from storage_admin.jobs.one_by_one import OneByOne, in_threads
from storage_admin.jobs.targets import Target
from storage_admin.models import Job

CHUNK_BYTES = 1024**2
ALREADY = Skip("already", gettext_lazy("It is so already."))


class Rewrite(OneByOne):
    """A kind that copies the current version onto itself. Successes are kept: they name both versions."""

    keeps_successes = True

    @abstractmethod
    def rewrite(self, job: Job, target: Target) -> Copied:
        """Copy if the object is still the target; `is_new` False where it is as wanted."""

    @abstractmethod
    def is_done(self, job: Job, found: Attributes) -> bool:
        """Whether the version is as the job wants it."""

    def act_on(self, job: Job, target: Target) -> Outcome:
        try:
            copied = self.rewrite(job, target)
        except PartlyDone as error:
            # The copy is on top, and what it lacks is told: a photo's row must not stay below it.
            return Failed(target, error.code or "PartlyDone", str(error), successor=_made(job, target))
        except Conflict:
            # Some copies have another ETag: perhaps a worker before this one made it and died.
            made = _made(job, target)
            if made is None or not self._is_done_now(job, target, made):
                raise
            return Done(target, made=made.version_id, successor=made)
        if copied.is_new:
            made = Successor(copied.of_version, copied.version_id, copied.etag)
            return Done(target, made=copied.version_id, successor=made)
        return self._as_it_is(job, target)

    def settle(self, job: Job, targets: Sequence[Target], beat: Beat) -> list[Outcome]:
        """Look for the copies: a photo's row must not stay behind the one that was made of its bytes."""
        return in_threads(self._found_made, job, targets, beat)

    def _found_made(self, job: Job, target: Target) -> Outcome:
        made = _made(job, target)
        if made is None or not self._is_done_now(job, target, made):
            return not_known(target, successor=made)
        return Done(target, made=made.version_id, successor=made)

    def _as_it_is(self, job: Job, target: Target) -> Outcome:
        """Tell what there was nothing to do about: a copy newer than the target is a dead worker's.

        Times have whole seconds: of a batch that was begun before, a copy of the same second is, too.
        """
        name, alias = job.bucket.name, job.bucket.connection
        made = _made(job, target)
        if made is None:
            return Skipped(target, ALREADY)
        now = attributes.read(name, target.key, version_id=made.version_id, alias=alias)
        is_again = bool(job.batch and job.batch.get("again"))
        is_newer = target.modified is not None and now.last_modified > target.modified
        if is_newer or (is_again and now.last_modified == target.modified):
            return Done(target, made=made.version_id, successor=made)
        return Skipped(target, ALREADY, successor=made)

    def price(self, job: Job, target: Target) -> costs.Price:
        there = costs.prices_of(job)
        if costs.keeps_versions(job.bucket):
            return costs.of_twin(there, target)
        return costs.of_copy(there, target, target.storage_class)

    def requests(self, targets: int) -> dict[str, int]:
        return {"HeadObject": targets, "GetObjectAcl": targets, "CopyObject": targets}

    def _is_done_now(self, job: Job, target: Target, made: Successor) -> bool:
        name, alias = job.bucket.name, job.bucket.connection
        found = attributes.read(name, target.key, version_id=made.version_id, alias=alias)
        return self.is_done(job, found)


def _made(job: Job, target: Target) -> Successor | None:
    """Return the newest version if it is a copy of the target, which lies directly below it; else None."""
    name, alias = job.bucket.name, job.bucket.connection
    newest = listing.key_versions(name, target.key, size=2, alias=alias).versions[:2]
    if len(newest) < 2 or any(one.is_delete_marker for one in newest):
        return None
    now, former = newest
    was_target = (former.etag, former.bytes) == (target.etag, target.bytes)
    if not was_target or now.bytes != former.bytes:
        return None
    if now.etag != former.etag and not _same_bytes(job, target.key, now.version_id, former.version_id):
        return None
    return Successor(former.version_id, now.version_id, now.etag)


def _same_bytes(job: Job, key: str, one: str, other: str) -> bool:
    """Compare two versions by their checksums, or where a store keeps none of a kind, by reading both."""
    name, alias = job.bucket.name, job.bucket.connection
    first, second = (attributes.read(name, key, version_id=each, alias=alias) for each in (one, other))
    kinds = {found.checksum.partition(" ")[0] for found in (first, second)}
    is_whole = "-" not in first.checksum.partition(" ")[2] + second.checksum.partition(" ")[2]
    if kinds == {"SHA256"} and is_whole:
        return copying.same_checksum(first, second)
    digests = {
        _sha256(objects.stream(name, key, version_id=each, chunk_bytes=CHUNK_BYTES, alias=alias))
        for each in (one, other)
    }
    return len(digests) == 1


def _sha256(chunks: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()
