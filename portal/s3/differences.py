"""The table of what each store is known to do otherwise than Amazon: by name, and why that matters.

`portal.s3.capabilities` reads it, and asks for what can be asked. The contract suite (tests/contract) holds
it: an undeclared difference fails there, and so does a declared one that is none any more.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from django.utils.translation import gettext_lazy


class Server(StrEnum):
    """Which software a connection talks to: as set, else Amazon's where there is no endpoint."""

    AMAZON = "amazon"
    SEAWEEDFS = "seaweedfs"
    CEPH = "ceph"
    MINISTACK = "ministack"
    MOTO = "moto"
    LOCALSTACK = "localstack"
    RCLONE = "rclone"
    OTHER = "other"


class Capability(StrEnum):
    """Something that S3 does and a store may not."""

    ACLS = "ACLs are kept and given back as they were written"
    ACLS_BELOW_MARKERS = "versions below a delete marker tell their ACL"
    ACLS_BY_VERSION = "every version has an ACL of its own"
    ACLS_IN_THE_WAY = "public grants of a bucket stand against enforcing ownership"
    ACLS_REFUSED = "ACLs are refused where ownership is enforced"
    ACLS_ENFORCED = "a public-read ACL lets strangers read, and nothing else does"
    ANY_CHARACTERS = "keys hold characters that no XML can"
    ACCOUNTS = "an account's own public access block"
    BUCKET_KEY = "objects say whether a bucket key encrypts them"
    BATCH_LIMIT = "DeleteObjects refuses more than 1,000 keys"
    CLASSES = "storage classes"
    ARCHIVES = "archived objects must be restored before they are read"
    RESTORE = "archived objects can be restored"
    SLOW_RESTORE = "a restore takes its time, and a second one is refused meanwhile"
    CONDITIONAL_COPY = "a copy heeds If-Match and If-None-Match of its target"
    CONDITIONAL_PUT = "a put heeds If-None-Match, also in a bucket that keeps versions"
    CONDITIONAL_SOURCE = "a copy heeds CopySourceIfMatch"
    CONDITIONAL_DELETE = "a delete heeds If-Match"
    BESIDE_FOLDERS = "pages of a listing keep the key a.jpg beside keys below a.jpg/"
    BESIDE_FOLDERS_BY_VERSION = "pages of versions keep the key a.jpg beside keys below a.jpg/"
    CARRIAGE_RETURNS = "keys hold carriage returns"
    DEFAULT_ENCRYPTION = "a bucket's default encryption"
    EMPTY_SEGMENTS = "keys hold empty segments, a leading / and dots as they are"
    ENCODED_VERSIONS = "version listings heed EncodingType, which any key needs to be spelled right"
    ENCRYPTION_IN_PLACE = "objects are encrypted with another key in place"
    EXPIRES_ON_COPY = "a copy keeps the header Expires"
    EVENT_BRIDGE = "events go to EventBridge"
    EVENTS = "event notifications"
    GRANTS = "ACLs of single grants are kept as they were written"
    INVENTORY = "inventories: reports of all objects, daily or weekly"
    KMS = "encryption with KMS keys"
    LIFECYCLE = "lifecycle rules"
    LIFECYCLE_EVERY_FIELD = "lifecycle rules are given back with every field"
    MARKER_BY_HEAD = "HEAD and GET tell that a version is a delete marker"
    LIFTED_LOCK = "governance can be lifted, not only shortened"
    LINE_FEEDS = "keys hold line feeds"
    LOCK_ON_COPY = "a copy takes retention and legal hold"
    MULTIPART_TAGS = "objects made of parts have the tags that were sent"
    NULL_MARKERS = "the delete marker of a suspended bucket can be removed"
    NOT_EMPTY = "a bucket that holds versions or markers cannot be deleted"
    OBJECT_LOCK = "retention and legal hold"
    OWNER_CHECK = "ExpectedBucketOwner is heeded"
    OWNERSHIP = "object ownership"
    PAGED_BUCKETS = "ListBuckets is paged"
    POLICY = "bucket policies"
    POLICY_STATUS = "the store judges whether a policy is public"
    POLICY_STATUS_OF_NONE = "a bucket without a policy has none that is public"
    PUBLIC_ACCESS_BLOCK = "Block Public Access"
    PUBLIC_ACCESS_BLOCK_ENFORCED = "Block Public Access refuses public ACLs"
    SELF_COPY_REFUSED = "a copy onto itself that changes nothing is refused"
    STACKED_MARKERS = "a delete of what is hidden already adds one more marker"
    SMALLEST_MOVED = "the smallest size that transitions move is kept"
    STRANGERS_REFUSED = "who has no keys and no grant reads nothing"
    SUSPENDED_VERSIONS = "suspended buckets keep their versions, and deletes there leave a marker"
    TAGS_OF_BUCKET = "tags of buckets"
    UPLOADS_UNDER_BLOCK = "uploads are taken where public ACLs are blocked"


_NO_ACCOUNTS = gettext_lazy("It has no accounts with settings of their own.")
_NOT_IN_PLACE = gettext_lazy(
    "Encrypting without a copy is asked of Amazon alone: another store might write over the object."
)
_NO_EVENTS = gettext_lazy("It sends no events to Amazon's queues.")
_LOSES_BESIDE_FOLDERS = gettext_lazy(
    "Where a page of a listing ends between a key and others that begin with it and a /, it loses the key."
)
_NAMES_OF_CLASSES = gettext_lazy("Archive classes are names to it: the objects stay readable.")
_NOT_LIFTED = gettext_lazy("It shortens a lock, and lifts none: let it end soon instead.")
_ONE_PAGE = gettext_lazy("Its first page of buckets is its last.")
_COPIES_OVER = gettext_lazy("It copies whatever is at the target.")
_COPIES_WHAT_IS = gettext_lazy("It copies whatever the source has become.")
_FORGETS_HOW_MANY = gettext_lazy("It forgets how many older versions a rule keeps.")
_FORGETS_SMALLEST = gettext_lazy("It forgets the smallest size that transitions move.")
_SILENT_MARKERS = gettext_lazy("It answers 404 for a hidden object as for one that never was.")
_NO_ENCODING = gettext_lazy("It ignores EncodingType in version listings: control characters come as U+FFFD.")
_NO_INVENTORY = gettext_lazy(
    "Inventories are set up at Amazon alone: another store takes their removal for the bucket's."
)
_NO_OWNERS = gettext_lazy("It does not look at the account that a bucket is expected to belong to.")

KNOWN: dict[Server, dict[Capability, Any]] = {
    Server.AMAZON: {},
    Server.OTHER: {
        Capability.ENCRYPTION_IN_PLACE: _NOT_IN_PLACE,
        Capability.INVENTORY: _NO_INVENTORY,
    },
    Server.SEAWEEDFS: {
        Capability.ACCOUNTS: _NO_ACCOUNTS,
        Capability.ACLS_ENFORCED: gettext_lazy(
            "It keeps ACLs, but strangers read nothing whatever they say."
        ),
        Capability.ACLS_IN_THE_WAY: gettext_lazy("It enforces ownership over grants that are left."),
        Capability.ACLS_REFUSED: gettext_lazy("It takes ACLs also where ownership is enforced."),
        Capability.ANY_CHARACTERS: gettext_lazy("It loses keys with such characters from its listings."),
        Capability.ARCHIVES: _NAMES_OF_CLASSES,
        Capability.BESIDE_FOLDERS: _LOSES_BESIDE_FOLDERS,
        Capability.BESIDE_FOLDERS_BY_VERSION: _LOSES_BESIDE_FOLDERS,
        Capability.EMPTY_SEGMENTS: gettext_lazy("It stores a//b as a/b, and refuses ./ and ../."),
        Capability.ENCODED_VERSIONS: _NO_ENCODING,
        Capability.ENCRYPTION_IN_PLACE: _NOT_IN_PLACE,
        Capability.EVENT_BRIDGE: _NO_EVENTS,
        Capability.EVENTS: _NO_EVENTS,
        Capability.INVENTORY: _NO_INVENTORY,
        Capability.KMS: gettext_lazy("This SeaweedFS has no KMS: writing with a KMS key fails."),
        Capability.LIFECYCLE_EVERY_FIELD: gettext_lazy(
            "It refuses rules that move objects to another class."
        ),
        Capability.LIFTED_LOCK: _NOT_LIFTED,
        Capability.MARKER_BY_HEAD: _SILENT_MARKERS,
        Capability.NOT_EMPTY: gettext_lazy("It deletes a bucket together with older versions and markers."),
        Capability.NULL_MARKERS: gettext_lazy(
            "It keeps the marker “null” and says that it is gone. Restore an older version instead."
        ),
        Capability.OWNER_CHECK: _NO_OWNERS,
        Capability.PUBLIC_ACCESS_BLOCK: gettext_lazy("It has no Block Public Access (501)."),
        Capability.PUBLIC_ACCESS_BLOCK_ENFORCED: gettext_lazy("It has no Block Public Access (501)."),
        Capability.RESTORE: gettext_lazy("Nothing is archived, so nothing is restored (405)."),
        Capability.SLOW_RESTORE: gettext_lazy("Nothing is archived, so nothing is restored (405)."),
    },
    # As Ceph 16.2 with the object gateway does it; later releases may do more.
    Server.CEPH: {
        Capability.ACCOUNTS: _NO_ACCOUNTS,
        Capability.ANY_CHARACTERS: gettext_lazy("Its lists of versions fail where such a key is."),
        Capability.ARCHIVES: _NAMES_OF_CLASSES,
        Capability.CONDITIONAL_COPY: _COPIES_OVER,
        Capability.CONDITIONAL_DELETE: gettext_lazy("It deletes whatever the object has become."),
        Capability.CONDITIONAL_PUT: gettext_lazy("It writes one more version over whatever there is."),
        Capability.CONDITIONAL_SOURCE: _COPIES_WHAT_IS,
        Capability.ENCRYPTION_IN_PLACE: _NOT_IN_PLACE,
        Capability.EVENT_BRIDGE: gettext_lazy("It sends events to its own topics alone."),
        Capability.INVENTORY: _NO_INVENTORY,
        Capability.KMS: gettext_lazy("Without TLS and a KMS beside it, it refuses to write with a KMS key."),
        Capability.LIFECYCLE_EVERY_FIELD: _FORGETS_HOW_MANY,
        Capability.LIFTED_LOCK: _NOT_LIFTED,
        Capability.MARKER_BY_HEAD: _SILENT_MARKERS,
        Capability.OWNER_CHECK: _NO_OWNERS,
        Capability.PAGED_BUCKETS: _ONE_PAGE,
        Capability.SMALLEST_MOVED: _FORGETS_SMALLEST,
        Capability.STACKED_MARKERS: gettext_lazy("What is hidden keeps one marker, deleted again or not."),
        Capability.UPLOADS_UNDER_BLOCK: gettext_lazy(
            "Where it blocks public ACLs, it refuses every upload, also private ones."
        ),
    },
    Server.MINISTACK: {
        Capability.ACLS_BELOW_MARKERS: gettext_lazy("It knows no ACL of an object that is hidden."),
        Capability.ACLS_ENFORCED: gettext_lazy("It asks nobody for keys, whatever an ACL says."),
        Capability.ACCOUNTS: _NO_ACCOUNTS,
        Capability.ANY_CHARACTERS: gettext_lazy("Its listings give such keys back as other ones."),
        Capability.BATCH_LIMIT: gettext_lazy("It takes any number of keys."),
        Capability.BESIDE_FOLDERS_BY_VERSION: gettext_lazy("It shows a folder again on every page."),
        Capability.BUCKET_KEY: gettext_lazy("It forgets the bucket key of an object."),
        Capability.CONDITIONAL_COPY: _COPIES_OVER,
        Capability.CARRIAGE_RETURNS: gettext_lazy("Its listings give such keys back as other ones."),
        Capability.ENCODED_VERSIONS: _NO_ENCODING,
        Capability.ENCRYPTION_IN_PLACE: _NOT_IN_PLACE,
        Capability.INVENTORY: _NO_INVENTORY,
        Capability.LIFTED_LOCK: _NOT_LIFTED,
        Capability.MULTIPART_TAGS: gettext_lazy("It drops tags that a multipart upload begins with."),
        Capability.OWNER_CHECK: _NO_OWNERS,
        Capability.POLICY_STATUS: gettext_lazy("It answers without a judgement."),
        Capability.POLICY_STATUS_OF_NONE: gettext_lazy("It answers without a judgement."),
        Capability.SELF_COPY_REFUSED: gettext_lazy("It copies an object onto itself without any change."),
        Capability.SMALLEST_MOVED: _FORGETS_SMALLEST,
        Capability.STRANGERS_REFUSED: gettext_lazy("It asks nobody for keys."),
    },
    # As LocalStack 4.3 does it.
    Server.LOCALSTACK: {
        Capability.ACCOUNTS: _NO_ACCOUNTS,
        Capability.ACLS_ENFORCED: gettext_lazy("It asks nobody for keys, whatever an ACL says."),
        Capability.ACLS_IN_THE_WAY: gettext_lazy("It enforces ownership over grants that are left."),
        Capability.ACLS_REFUSED: gettext_lazy("It takes ACLs also where ownership is enforced."),
        Capability.BATCH_LIMIT: gettext_lazy("It takes any number of keys."),
        Capability.CARRIAGE_RETURNS: gettext_lazy("It takes a carriage return for a line feed."),
        Capability.CONDITIONAL_COPY: _COPIES_OVER,
        Capability.CONDITIONAL_DELETE: gettext_lazy("It deletes whatever the object has become."),
        Capability.ENCRYPTION_IN_PLACE: _NOT_IN_PLACE,
        Capability.EXPIRES_ON_COPY: gettext_lazy("It drops the header Expires from copies."),
        Capability.INVENTORY: _NO_INVENTORY,
        Capability.OWNER_CHECK: _NO_OWNERS,
        Capability.PAGED_BUCKETS: _ONE_PAGE,
        Capability.PUBLIC_ACCESS_BLOCK_ENFORCED: gettext_lazy(
            "It takes public ACLs also where they are blocked."
        ),
        Capability.SLOW_RESTORE: gettext_lazy("It restores in an instant."),
        Capability.STRANGERS_REFUSED: gettext_lazy("It asks nobody for keys."),
    },
    # As `rclone serve s3` 1.75 does it: objects by name, and hardly a setting.
    Server.RCLONE: {
        Capability.ACCOUNTS: _NO_ACCOUNTS,
        Capability.ARCHIVES: _NAMES_OF_CLASSES,
        Capability.CLASSES: gettext_lazy("It has one class."),
        Capability.CONDITIONAL_COPY: _COPIES_OVER,
        Capability.CONDITIONAL_DELETE: gettext_lazy("It deletes whatever the object has become."),
        Capability.CONDITIONAL_PUT: gettext_lazy("It writes over whatever there is."),
        Capability.CONDITIONAL_SOURCE: _COPIES_WHAT_IS,
        Capability.ENCRYPTION_IN_PLACE: _NOT_IN_PLACE,
        Capability.EXPIRES_ON_COPY: gettext_lazy("It drops the header Expires from copies."),
        Capability.INVENTORY: _NO_INVENTORY,
        Capability.OWNER_CHECK: _NO_OWNERS,
        Capability.PUBLIC_ACCESS_BLOCK: gettext_lazy("It has no Block Public Access."),
        Capability.PUBLIC_ACCESS_BLOCK_ENFORCED: gettext_lazy("It has no Block Public Access."),
        Capability.SELF_COPY_REFUSED: gettext_lazy("It copies an object onto itself without any change."),
        Capability.STRANGERS_REFUSED: gettext_lazy("It answers strangers in a way of its own (400)."),
    },
    Server.MOTO: {
        Capability.ACLS_BY_VERSION: gettext_lazy("It has one ACL for all versions of a key."),
        Capability.ACLS_IN_THE_WAY: gettext_lazy("It enforces ownership over grants that are left."),
        Capability.ACLS_REFUSED: gettext_lazy("It takes ACLs also where ownership is enforced."),
        Capability.ANY_CHARACTERS: gettext_lazy("Its listings give such keys back as other ones."),
        Capability.BATCH_LIMIT: gettext_lazy("It takes any number of keys."),
        Capability.CONDITIONAL_COPY: _COPIES_OVER,
        Capability.CONDITIONAL_SOURCE: _COPIES_WHAT_IS,
        Capability.CARRIAGE_RETURNS: gettext_lazy("Its listings give such keys back as other ones."),
        Capability.ENCODED_VERSIONS: _NO_ENCODING,
        Capability.ENCRYPTION_IN_PLACE: _NOT_IN_PLACE,
        Capability.EVENT_BRIDGE: gettext_lazy("It forgets that events go to EventBridge."),
        Capability.GRANTS: gettext_lazy("It keeps the owner's grant alone."),
        Capability.INVENTORY: _NO_INVENTORY,
        Capability.LIFECYCLE_EVERY_FIELD: _FORGETS_HOW_MANY,
        Capability.LOCK_ON_COPY: gettext_lazy("It wants a checksum header that CopyObject does not have."),
        Capability.NOT_EMPTY: gettext_lazy("It deletes a bucket that holds delete markers."),
        Capability.NULL_MARKERS: gettext_lazy("It makes none: it loses the versions of a suspended bucket."),
        Capability.OWNER_CHECK: _NO_OWNERS,
        Capability.PAGED_BUCKETS: _ONE_PAGE,
        Capability.PUBLIC_ACCESS_BLOCK_ENFORCED: gettext_lazy(
            "It takes public ACLs also where they are blocked."
        ),
        Capability.SLOW_RESTORE: gettext_lazy("It restores in an instant."),
        Capability.SMALLEST_MOVED: _FORGETS_SMALLEST,
        Capability.SUSPENDED_VERSIONS: gettext_lazy("It loses the versions of a suspended bucket."),
    },
}
