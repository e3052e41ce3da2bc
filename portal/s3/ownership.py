"""Who owns the objects of a bucket, and so whether ACLs count there (UG:about-object-ownership)."""

from portal.s3 import session
from portal.s3.errors import NotConfigured, translated
from portal.s3.types import StoreWord


class Ownership(StoreWord):
    """OBJECT_WRITER is also how a bucket without any setting behaves: those made before April 2023."""

    ENFORCED = "BucketOwnerEnforced"
    PREFERRED = "BucketOwnerPreferred"
    OBJECT_WRITER = "ObjectWriter"

    @property
    def has_acls(self) -> bool:
        """Whether ACLs are looked at, and may be sent at all."""
        return self is not Ownership.ENFORCED


def read(bucket: str, *, alias: str = session.DEFAULT) -> Ownership:
    """Return the bucket's ownership setting."""
    try:
        with translated("GetBucketOwnershipControls"):
            answer = session.client(alias).get_bucket_ownership_controls(Bucket=bucket)
    except NotConfigured:
        return Ownership.OBJECT_WRITER
    rules = answer["OwnershipControls"].get("Rules", [])
    return Ownership.told(rules[0]["ObjectOwnership"]) if rules else Ownership.OBJECT_WRITER


def write(bucket: str, ownership: Ownership, *, alias: str = session.DEFAULT) -> None:
    """Set it. AclInTheWay when ENFORCED meets a bucket ACL that grants others something."""
    with translated("PutBucketOwnershipControls"):
        session.client(alias).put_bucket_ownership_controls(
            Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": ownership.value}]}
        )
