"""What tests put into a store before they act, by boto3 itself: the verbs are what is tested."""

from datetime import UTC, datetime
from typing import Any

from portal.s3 import session
from portal.s3.attributes import Headers

BODY = b"a picture, say"
HEADERS = Headers(
    content_type="image/jpeg",
    cache_control="private, max-age=60",
    content_disposition='attachment; filename="a.jpg"',
    content_encoding="identity",
    content_language="de",
    expires="Wed, 01 Jan 2031 00:00:00 GMT",
)
METADATA = {"pet": "rex", "note": "left ear"}
TAGS = {"kind": "photo", "vet": "Dr. A+B"}
# As PutObject and CreateMultipartUpload take the same.
RICH: dict[str, Any] = {
    "ContentType": HEADERS.content_type,
    "CacheControl": HEADERS.cache_control,
    "ContentDisposition": HEADERS.content_disposition,
    "ContentEncoding": HEADERS.content_encoding,
    "ContentLanguage": HEADERS.content_language,
    "Expires": datetime(2031, 1, 1, tzinfo=UTC),
    "Metadata": METADATA,
    "Tagging": "kind=photo&vet=Dr.%20A%2BB",
}


def put(bucket: str, key: str, body: bytes = BODY, **options: Any) -> str:
    """Store the object; return its version id, empty where the bucket has none."""
    answer = session.client().put_object(Bucket=bucket, Key=key, Body=body, **options)
    return str(answer.get("VersionId", ""))


def read(bucket: str, key: str, version_id: str = "") -> bytes:
    extra: dict[str, Any] = {"VersionId": version_id} if version_id else {}
    return session.client().get_object(Bucket=bucket, Key=key, **extra)["Body"].read()


def entries(bucket: str, prefix: str = "") -> list[tuple[str, str, bool, str]]:
    """Return what is in the bucket: (key, version id, latest, "version" or "marker")."""
    answer = session.client().list_object_versions(Bucket=bucket, Prefix=prefix)
    found = [(one["Key"], one["VersionId"], one["IsLatest"], "version") for one in answer.get("Versions", [])]
    found += [
        (one["Key"], one["VersionId"], one["IsLatest"], "marker") for one in answer.get("DeleteMarkers", [])
    ]
    return found
