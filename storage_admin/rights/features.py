"""What each feature asks of Amazon, on each side: a table, which a test compares with the source.

A new call of a seam is one more word here, and a line in portal.s3.actions or portal.aws.actions.
A word with a colon is a parameter that needs a right besides.
"""

from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings

Operations = frozenset[str]


class Side(StrEnum):
    """Whose keys they are: of gunicorn, of the Celery workers, of who runs a command once."""

    WEB = "web"
    WORKER = "worker"
    SETUP = "setup"


class Where(StrEnum):
    """In which part of S3."""

    PHOTOS = "photos"  # originals and renditions, in the photo bucket
    EXPORTS = "exports"  # ZIPs, in any bucket
    BUCKETS = "buckets"  # everything in the buckets of the connection
    # These are as the settings say, a prefix of a bucket each.
    ANALYTICS = "analytics"
    ARRIVALS = "arrivals"  # the folders that other programs fill, and the photos they become
    LISTS = "lists"  # what S3 Batch Operations reads and writes
    REPORTS = "reports"  # S3 Inventory's


def _words(*texts: str) -> Operations:
    return frozenset(word for text in texts for word in text.split())


@dataclass(frozen=True)
class Feature:
    """A part of the portal that can be allowed or left out. An empty side asks for nothing."""

    slug: str
    title: str
    where: Where
    web: Operations = frozenset()
    worker: Operations = frozenset()
    setup: Operations = frozenset()
    switch: str = ""  # the setting that switches it on; empty: it is always there
    of_services: bool = False  # with the keys of SERVICES_CONNECTION

    def operations(self, side: Side) -> Operations:
        """Return what it asks on one side."""
        asked: Operations = getattr(self, side.value)
        return asked

    def is_on(self) -> bool:
        """Whether the settings have it switched on."""
        return not self.switch or bool(getattr(settings, self.switch))


_READ_PHOTO = _words("HeadObject HeadObject:VersionId GetObject GetObject:VersionId")
# HEAD also tells the lock, to those who may see it; a refused HEAD is asked again as a GET.
_READ_OBJECT = _READ_PHOTO | _words("HeadObject:ObjectLockMode HeadObject:ObjectLockLegalHoldStatus")
_READ_TAGS = _words("GetObjectTagging GetObjectTagging:VersionId")
_READ_ACL = _words("GetBucketOwnershipControls GetObjectAcl GetObjectAcl:VersionId")
# Why a public ACL was refused: a switch of the bucket, or of the account.
_ASK_BLOCKS = _words("GetPublicAccessBlock Account.GetPublicAccessBlock GetCallerIdentity")
_WRITE_TAGS = _words(
    "PutObjectTagging PutObjectTagging:VersionId DeleteObjectTagging DeleteObjectTagging:VersionId"
)
_WRITE_ACL = _words("PutObjectAcl PutObjectAcl:VersionId")
_ABORT = _words("AbortMultipartUpload ListParts")
# A copy that loses nothing: class, metadata, tags, ACL, lock; above 5 GB in parts.
_COPY = (
    _READ_OBJECT | _READ_ACL | _WRITE_ACL | _ASK_BLOCKS | _ABORT
    | _words(
        "CopyObject CopyObject:TaggingDirective CopyObject:ObjectLockMode",
        "CopyObject:ObjectLockLegalHoldStatus",
        "GetObjectTagging GetObjectTagging:VersionId",
        "CreateMultipartUpload CreateMultipartUpload:Tagging CreateMultipartUpload:ObjectLockMode",
        "CreateMultipartUpload:ObjectLockLegalHoldStatus UploadPartCopy CompleteMultipartUpload",
    )
)  # fmt: skip
# Between two connections, whose stores cannot copy to each other.
_TRANSFER = _words(
    "PutObject PutObject:Tagging PutObject:ObjectLockMode PutObject:ObjectLockLegalHoldStatus UploadPart"
)
_HIDE = _words("HeadObject HeadObject:VersionId GetBucketVersioning DeleteObject DeleteObject:IfMatch")
_DESTROY = _words("ListObjectVersions DeleteObjects:VersionId DeleteObject:VersionId")
_BYPASS = _words("DeleteObjects:BypassGovernanceRetention DeleteObject:BypassGovernanceRetention")
_POSTURE = _ASK_BLOCKS | _words(
    "ListBuckets HeadBucket GetBucketVersioning GetBucketOwnershipControls GetBucketPolicy",
    "GetBucketPolicyStatus GetBucketAcl GetBucketEncryption GetBucketLifecycleConfiguration GetBucketCors",
)
_COUNT = _words("ListObjectVersions ListMultipartUploads ListParts")
_SETTINGS = _words(
    "GetBucketVersioning GetBucketEncryption GetBucketOwnershipControls GetBucketAcl GetBucketPolicy",
    "GetBucketPolicyStatus GetBucketLifecycleConfiguration GetObjectLockConfiguration GetBucketCors",
    "GetBucketTagging GetBucketAbac GetBucketNotificationConfiguration",
    "GetBucketInventoryConfiguration ListBucketInventoryConfigurations",
)
# A job that a lifecycle rule works off: a worker puts the rule, and takes it away.
_RULES = _words(
    "GetBucketVersioning GetBucketLifecycleConfiguration PutBucketLifecycleConfiguration",
    "DeleteBucketLifecycle",
)
_QUEUE = _words("GetQueueUrl GetQueueAttributes ReceiveMessage ChangeMessageVisibilityBatch")

FEATURES: tuple[Feature, ...] = (
    Feature(
        "photos",
        "taking photos in, showing them, making renditions; /health/ready",
        Where.PHOTOS,
        web=_READ_PHOTO | _words("PutObject GetBucketVersioning"),
        worker=_READ_PHOTO | _words("PutObject"),
        setup=_words(
            "HeadBucket CreateBucket PutPublicAccessBlock PutBucketOwnershipControls",
            "GetBucketVersioning PutBucketVersioning GetBucketCors PutBucketCors",
        ),
    ),
    Feature(
        "purge",
        "removing refused originals, expired trash and old renditions for good",
        Where.PHOTOS,
        worker=_DESTROY,
    ),
    Feature(
        "look",
        "the storage pages without their buttons: buckets, objects, settings, posture, usage, links",
        Where.BUCKETS,
        web=_POSTURE | _COUNT | _SETTINGS | _READ_OBJECT | _READ_TAGS | _READ_ACL | _words("ListObjectsV2"),
        worker=_POSTURE | _COUNT | _READ_PHOTO,
    ),
    Feature(
        "objects",
        "changing one object: upload, copy, move, class, metadata, tags, ACL, lock, restore from archive",
        Where.BUCKETS,
        web=_COPY | _TRANSFER | _HIDE | _WRITE_TAGS
        | _words(
            "RestoreObject UpdateObjectEncryption PutObjectLegalHold PutObjectRetention",
            "PutObjectRetention:BypassGovernanceRetention",
        ),
    ),
    Feature(
        "recover",
        "delete (hide), undelete, restore an old version, roll back",
        Where.BUCKETS,
        web=_COPY | _HIDE | _DESTROY,
        worker=_COPY | _DESTROY | _HIDE - {"GetBucketVersioning"},
    ),
    Feature(
        "destroy",
        "destroying versions, emptying buckets, aborting incomplete uploads",
        Where.BUCKETS,
        web=_READ_OBJECT | _HIDE | _DESTROY | _BYPASS,
        worker=_HIDE | _DESTROY | _BYPASS | _ABORT | _words("ListMultipartUploads DeleteBucket HeadBucket"),
    ),
    Feature(
        "settings",
        "creating and deleting buckets, changing their settings",
        Where.BUCKETS,
        web=_SETTINGS | _ASK_BLOCKS
        | _words(
            "HeadBucket CreateBucket CreateBucket:ObjectLockEnabledForBucket DeleteBucket",
            "ListObjectVersions ListMultipartUploads",
            "PutBucketVersioning PutBucketEncryption DeleteBucketEncryption PutPublicAccessBlock",
            "PutBucketOwnershipControls PutBucketAcl PutBucketPolicy DeleteBucketPolicy",
            "PutBucketLifecycleConfiguration DeleteBucketLifecycle PutObjectLockConfiguration",
            "PutBucketCors DeleteBucketCors PutBucketTagging DeleteBucketTagging",
            "Account.TagResource Account.UntagResource PutBucketNotificationConfiguration",
            "PutBucketInventoryConfiguration DeleteBucketInventoryConfiguration",
        ),
        worker=_RULES,
    ),
    Feature(
        "jobs",
        "doing to many objects what “objects” does to one",
        Where.BUCKETS,
        worker=_COPY | _TRANSFER | _HIDE | _WRITE_TAGS
        | _words(
            "RestoreObject ListObjectsV2 ListObjectVersions ListMultipartUploads",
            "GetObjectLockConfiguration PutObjectLegalHold PutObjectRetention",
        ),
    ),
    Feature(
        "zip",
        "downloads as ZIP: making them below exports/, and removing them when their days are over",
        Where.EXPORTS,
        worker=_READ_OBJECT | _ABORT | _DESTROY
        | _words("ListMultipartUploads CreateMultipartUpload UploadPart CompleteMultipartUpload"),
    ),
    Feature(
        "reconcile",
        "comparing photos with their bucket each night, and repairing what differs",
        Where.PHOTOS,
        worker=_READ_PHOTO | _READ_TAGS | _WRITE_TAGS | _READ_ACL | _WRITE_ACL | _ASK_BLOCKS
        | _words("GetBucketAcl ListObjectVersions"),
    ),
    Feature(
        "mirror",
        "the mobile app's tables in DynamoDB",
        Where.PHOTOS,
        web=_words("DescribeTable DescribeContinuousBackups"),
        worker=_words("PutItem BatchWriteItem Scan"),
        setup=_READ_PHOTO  # an import looks at the photos that it finds named
        | _words("CreateTable DescribeTable DescribeContinuousBackups UpdateContinuousBackups Scan"),
        switch="DYNAMODB_MIRROR",
        of_services=True,
    ),
    Feature(
        "events",
        "the store's events: a queue that a worker reads, its dead letters, the notifications of buckets",
        Where.ARRIVALS,
        web=_QUEUE | _words("DeleteMessage SendMessage"),
        worker=_QUEUE | _words("DeleteMessage"),
        setup=_words(
            "GetQueueUrl GetQueueAttributes CreateQueue SetQueueAttributes GetCallerIdentity",
            "GetBucketNotificationConfiguration PutBucketNotificationConfiguration",
        ),
        switch="S3_EVENTS",
        of_services=True,
    ),
    Feature(
        "arrivals",
        "photos from other programs: looking for them, taking them in, noticing what happens to originals",
        Where.ARRIVALS,
        worker=_READ_OBJECT | _words("ListObjectsV2 ListObjectVersions PutObject"),
        switch="ARRIVALS",
    ),
    Feature(
        "analytics",
        "the nightly export as Parquet",
        Where.ANALYTICS,
        worker=_DESTROY | _words("HeadObject HeadObject:VersionId PutObject"),
        switch="ANALYTICS_BUCKET",
    ),
    Feature(
        "glue",
        "starting, following and stopping Glue jobs",
        Where.ANALYTICS,
        worker=_words("StartJobRun GetJobRun GetJobRuns BatchStopJobRun"),
        setup=_words("GetJob"),
        switch="GLUE_JOBS",
        of_services=True,
    ),
    Feature(
        "batch",
        "handing large jobs over to S3 Batch Operations",
        Where.LISTS,
        web=_words(
            "Account.UpdateJobPriority GetCallerIdentity",
            "GetBucketOwnershipControls GetObjectLockConfiguration",
        ),
        worker=_READ_OBJECT | _ABORT
        | _words(
            "Account.CreateJob Account.DescribeJob Account.ListJobs Account.UpdateJobStatus",
            "GetCallerIdentity",
            "ListMultipartUploads CreateMultipartUpload UploadPart CompleteMultipartUpload",
        ),
        switch="BATCH_BUCKET",
    ),
    Feature(
        "inventory",
        "reading S3 Inventory's reports: search, comparison, counts",
        Where.REPORTS,
        web=_READ_PHOTO | _words("ListObjectsV2 GetBucketVersioning"),
        worker=_READ_PHOTO | _words("ListObjectsV2 GetBucketVersioning ListObjectVersions"),
        switch="INVENTORY_BUCKET",
    ),
)  # fmt: skip
