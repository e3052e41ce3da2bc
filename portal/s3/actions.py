"""Which rights (IAM actions) Amazon asks for each operation that the seam calls. Pure tables.

A line for each operation, and one for each parameter, or part of an answer, that needs more:
"CopyObject:Tagging..." is what a copy with that parameter needs besides. Sources: the Service
Authorization Reference for Amazon S3, and the API's page on each operation.
"""

GIVES_ROLE = "iam:PassRole"
_LOCK = {"ObjectLockMode": "s3:PutObjectRetention", "ObjectLockLegalHoldStatus": "s3:PutObjectLegalHold"}

ACTIONS: dict[str, tuple[str, ...]] = {
    "AbortMultipartUpload": ("s3:AbortMultipartUpload",),
    "CompleteMultipartUpload": ("s3:PutObject",),
    "CopyObject": ("s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"),
    # COPY, the default, reads the tags of the source and writes them.
    "CopyObject:TaggingDirective": (
        "s3:GetObjectTagging",
        "s3:GetObjectVersionTagging",
        "s3:PutObjectTagging",
    ),
    "CreateBucket": ("s3:CreateBucket",),
    "CreateBucket:ObjectLockEnabledForBucket": (
        "s3:PutBucketVersioning",
        "s3:PutBucketObjectLockConfiguration",
    ),
    "CreateMultipartUpload": ("s3:PutObject",),
    "CreateMultipartUpload:Tagging": ("s3:PutObjectTagging",),
    "DeleteBucket": ("s3:DeleteBucket",),
    "DeleteBucketCors": ("s3:PutBucketCORS",),
    "DeleteBucketEncryption": ("s3:PutEncryptionConfiguration",),
    "DeleteBucketInventoryConfiguration": ("s3:PutInventoryConfiguration",),
    "DeleteBucketLifecycle": ("s3:PutLifecycleConfiguration",),
    "DeleteBucketPolicy": ("s3:DeleteBucketPolicy",),
    "DeleteBucketTagging": ("s3:PutBucketTagging",),
    "DeleteObject": ("s3:DeleteObject",),
    "DeleteObject:IfMatch": ("s3:GetObject",),
    "DeleteObject:VersionId": ("s3:DeleteObjectVersion",),
    "DeleteObject:BypassGovernanceRetention": ("s3:BypassGovernanceRetention",),
    "DeleteObjectTagging": ("s3:DeleteObjectTagging",),
    "DeleteObjectTagging:VersionId": ("s3:DeleteObjectVersionTagging",),
    "DeleteObjects": ("s3:DeleteObject",),
    "DeleteObjects:VersionId": ("s3:DeleteObjectVersion",),
    "DeleteObjects:BypassGovernanceRetention": ("s3:BypassGovernanceRetention",),
    "GetBucketAbac": ("s3:GetBucketAbac",),
    "GetBucketAcl": ("s3:GetBucketAcl",),
    "GetBucketCors": ("s3:GetBucketCORS",),
    "GetBucketEncryption": ("s3:GetEncryptionConfiguration",),
    "GetBucketInventoryConfiguration": ("s3:GetInventoryConfiguration",),
    "GetBucketLifecycleConfiguration": ("s3:GetLifecycleConfiguration",),
    "GetBucketNotificationConfiguration": ("s3:GetBucketNotification",),
    "GetBucketOwnershipControls": ("s3:GetBucketOwnershipControls",),
    "GetBucketPolicy": ("s3:GetBucketPolicy",),
    "GetBucketPolicyStatus": ("s3:GetBucketPolicyStatus",),
    "GetBucketTagging": ("s3:GetBucketTagging",),
    "GetBucketVersioning": ("s3:GetBucketVersioning",),
    "GetObject": ("s3:GetObject",),
    "GetObject:VersionId": ("s3:GetObjectVersion",),
    "GetObjectAcl": ("s3:GetObjectAcl",),
    "GetObjectAcl:VersionId": ("s3:GetObjectVersionAcl",),
    "GetObjectLockConfiguration": ("s3:GetBucketObjectLockConfiguration",),
    "GetObjectTagging": ("s3:GetObjectTagging",),
    "GetObjectTagging:VersionId": ("s3:GetObjectVersionTagging",),
    "GetPublicAccessBlock": ("s3:GetBucketPublicAccessBlock",),
    "HeadBucket": ("s3:ListBucket",),
    # Who may not list is answered 403, not 404, where there is no such key.
    "HeadObject": ("s3:GetObject", "s3:ListBucket"),
    "HeadObject:VersionId": ("s3:GetObjectVersion",),
    # Without these the lock is left out of the answer, and nobody says so.
    "HeadObject:ObjectLockMode": ("s3:GetObjectRetention",),
    "HeadObject:ObjectLockLegalHoldStatus": ("s3:GetObjectLegalHold",),
    "ListBucketInventoryConfigurations": ("s3:GetInventoryConfiguration",),
    "ListBuckets": ("s3:ListAllMyBuckets",),
    "ListMultipartUploads": ("s3:ListBucketMultipartUploads",),
    "ListObjectVersions": ("s3:ListBucketVersions",),
    "ListObjectsV2": ("s3:ListBucket",),
    "ListParts": ("s3:ListMultipartUploadParts",),
    "PutBucketAcl": ("s3:PutBucketAcl",),
    "PutBucketCors": ("s3:PutBucketCORS",),
    "PutBucketEncryption": ("s3:PutEncryptionConfiguration",),
    "PutBucketInventoryConfiguration": ("s3:PutInventoryConfiguration",),
    "PutBucketLifecycleConfiguration": ("s3:PutLifecycleConfiguration",),
    "PutBucketNotificationConfiguration": ("s3:PutBucketNotification",),
    "PutBucketOwnershipControls": ("s3:PutBucketOwnershipControls",),
    "PutBucketPolicy": ("s3:PutBucketPolicy",),
    "PutBucketTagging": ("s3:PutBucketTagging",),
    "PutBucketVersioning": ("s3:PutBucketVersioning",),
    "PutObject": ("s3:PutObject",),
    "PutObject:Tagging": ("s3:PutObjectTagging",),
    "PutObjectAcl": ("s3:PutObjectAcl",),
    "PutObjectAcl:VersionId": ("s3:PutObjectVersionAcl",),
    "PutObjectLegalHold": ("s3:PutObjectLegalHold",),
    "PutObjectLockConfiguration": ("s3:PutBucketObjectLockConfiguration",),
    "PutObjectRetention": ("s3:PutObjectRetention",),
    "PutObjectRetention:BypassGovernanceRetention": ("s3:BypassGovernanceRetention",),
    "PutObjectTagging": ("s3:PutObjectTagging",),
    "PutObjectTagging:VersionId": ("s3:PutObjectVersionTagging",),
    "PutPublicAccessBlock": ("s3:PutBucketPublicAccessBlock",),
    "RestoreObject": ("s3:RestoreObject",),
    "UpdateObjectEncryption": ("s3:UpdateObjectEncryption",),
    "UploadPart": ("s3:PutObject",),
    "UploadPartCopy": ("s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"),
    # Of the account: s3control has operations of the same names as S3.
    # The role that Batch Operations work with is handed over to them.
    "Account.CreateJob": ("s3:CreateJob", GIVES_ROLE),
    "Account.DescribeJob": ("s3:DescribeJob",),
    "Account.ListJobs": ("s3:ListJobs",),
    "Account.UpdateJobPriority": ("s3:UpdateJobPriority",),
    "Account.UpdateJobStatus": ("s3:UpdateJobStatus",),
    "Account.GetPublicAccessBlock": ("s3:GetAccountPublicAccessBlock",),
    "Account.PutPublicAccessBlock": ("s3:PutAccountPublicAccessBlock",),
    "Account.TagResource": ("s3:TagResource",),
    "Account.UntagResource": ("s3:UntagResource",),
    "AssumeRole": ("sts:AssumeRole",),
    "GetCallerIdentity": (),  # nobody can be refused it
    **{
        f"{operation}:{parameter}": (action,)
        for operation in ("CopyObject", "CreateMultipartUpload", "PutObject")
        for parameter, action in _LOCK.items()
    },
}

# What an action is about decides which ARN its statement names; the rest is about a bucket.
OF_OBJECTS = frozenset(
    {
        "s3:AbortMultipartUpload",
        "s3:BypassGovernanceRetention",
        "s3:DeleteObject",
        "s3:DeleteObjectTagging",
        "s3:DeleteObjectVersion",
        "s3:DeleteObjectVersionTagging",
        "s3:GetObject",
        "s3:GetObjectAcl",
        "s3:GetObjectLegalHold",
        "s3:GetObjectRetention",
        "s3:GetObjectTagging",
        "s3:GetObjectVersion",
        "s3:GetObjectVersionAcl",
        "s3:GetObjectVersionTagging",
        "s3:ListMultipartUploadParts",
        "s3:PutObject",
        "s3:PutObjectAcl",
        "s3:PutObjectLegalHold",
        "s3:PutObjectRetention",
        "s3:PutObjectTagging",
        "s3:PutObjectVersionAcl",
        "s3:PutObjectVersionTagging",
        "s3:RestoreObject",
        "s3:UpdateObjectEncryption",
    }
)
# About one job of Batch Operations.
OF_BATCH_JOBS = frozenset({"s3:DescribeJob", "s3:UpdateJobPriority", "s3:UpdateJobStatus"})
# These take no resource but "*".
OF_ACCOUNT = frozenset(
    {
        "s3:CreateJob",
        "s3:GetAccountPublicAccessBlock",
        "s3:ListAllMyBuckets",
        "s3:ListJobs",
        "s3:PutAccountPublicAccessBlock",
    }
)


def missing(operation: str, said: str = "") -> tuple[str, ...]:
    """Return the action to grant where the operation was refused; none where that is not known.

    Amazon's own word counts most: "... is not authorized to perform: s3:PutObject on resource ...".
    Else it is the first of the operation's line, and a second one where a version may have been named.
    """
    if named := said_by_store(said):
        return (named,)
    return (*ACTIONS.get(operation, ())[:1], *ACTIONS.get(f"{operation}:VersionId", ()))


def said_by_store(said: str) -> str:
    """Return the action that a refusal's message names, or nothing."""
    _before, found, after = said.partition("to perform: ")
    word = after.split(maxsplit=1)[0].rstrip(".,") if found and after.strip() else ""
    service, colon, action = word.partition(":")
    return word if colon and service.isascii() and action.isalnum() else ""
